//! The mapper's own program under what may happen to it: killed in the middle, twice at once on one database, without its
//! database for a while. Nothing is lost, nothing is done twice, and it recovers by itself.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout
)]

mod mapper_site;

use std::{
    fmt::Write as _,
    time::{Duration, Instant},
};

use mapper_site::{Site, post};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use storage::{Db, sql};
use testkit::wait_for;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinHandle,
};

/// Killed so many times in one run.
const KILLS: usize = 6;
/// Messages, and items of each.
const MESSAGES: usize = 24;
const ITEMS: usize = 200;
/// Rows of the file; some of them say what an earlier row says.
const ROWS: usize = 20_000;
const REPEATED: usize = 200;

fn message(action: &str, items: &[Value]) -> String {
    let list = format!("{action}_request");
    json!({
        "header": {"version": "1.0.0", "message_id": "string", "message_ts": "string", "action": action,
            "sender_id": "BANK", "total_count": items.len()},
        "message": {"transaction_id": "t", list: items},
    })
    .to_string()
}

fn batch(n: usize) -> String {
    let item = |i: usize| {
        json!({"reference_id": format!("r-{i}"), "timestamp": "2026-01-01T00:00:00Z",
            "id": format!("token:m{n}-{i}@nationalId"), "fa": format!("account:{i}@b.k.bank_acc")})
    };
    message("link", &(0..ITEMS).map(item).collect::<Vec<_>>())
}

fn file() -> String {
    let mut text = "id,fa\n".to_owned();
    for n in 0..ROWS {
        // The last rows have ids of the first ones.
        let person = if n < ROWS - REPEATED { n } else { n + REPEATED - ROWS };
        writeln!(text, "token:f{person}@nationalId,account:{n}@b.k.bank_acc").unwrap();
    }
    text
}

/// The id that a message or a file was acknowledged with.
async fn send_all(site: &Site) -> (Vec<String>, String) {
    let mut ids = Vec::new();
    let form = format!(
        "--b\r\nContent-Disposition: form-data; name=\"action\"\r\n\r\nlink\r\n--b\r\nContent-Disposition: form-data; name=\"fileFormat\"\r\n\r\ncsv\r\n--b\r\nContent-Disposition: form-data; name=\"fileName\"\r\n\r\n{}\r\n--b--\r\n",
        file()
    );
    let kind = "multipart/form-data; boundary=b";
    let id = |answer: Option<(u16, String, Value)>| {
        let (status, _, body) = answer.expect("an answer");
        assert_eq!((status, &body["message"]["ack_status"]), (200, &json!("ACK")), "{body}");
        body["message"]["correlation_id"].as_str().unwrap().to_owned()
    };
    let job = id(post(site.port(), "/mapper/link", kind, &form).await);
    for n in 0..MESSAGES {
        ids.push(id(post(site.port(), "/mapper/link", "application/json", &batch(n)).await));
    }
    (ids, job)
}

async fn count(db: &Db, query: &str) -> i64 {
    sql::scalar(db.conn(), query, []).await.unwrap().unwrap()
}

/// All that was acknowledged is done once, and told.
async fn everything_is_done_once(site: &Site, db: &Db, ids: &[String], job: &str) {
    let open = "SELECT count(*) FROM jobs WHERE state IN ('pending', 'running')";
    wait_for("all jobs to be done", Duration::from_secs(120), || async {
        let open: Option<i64> = sql::scalar(db.conn(), open, []).await.ok().flatten();
        (open == Some(0)).then_some(())
    })
    .await;
    assert_eq!(count(db, "SELECT count(*) FROM jobs WHERE state = 'dead'").await, 0);
    let linked = i64::try_from(MESSAGES * ITEMS + ROWS - REPEATED).unwrap();
    assert_eq!(count(db, "SELECT count(*) FROM id_fa_mappings").await, linked, "none is lost");
    assert_eq!(count(db, "SELECT count(*) FROM mapping_history").await, linked, "none is done twice");
    let told = "SELECT sum(jsonb_array_length(payload->'items'))::bigint FROM outbox WHERE topic LIKE 'spar-mapper.mappings%'";
    assert_eq!(count(db, told).await, linked, "each is announced once");
    // The first row of an id is the one that holds.
    let first = "SELECT count(*) FROM id_fa_mappings WHERE id_value LIKE 'token:f%'
                    AND fa_value = 'account:' || substring(id_value FROM 'f([0-9]+)@') || '@b.k.bank_acc'";
    assert_eq!(count(db, first).await, i64::try_from(ROWS - REPEATED).unwrap());
    let rejects =
        "SELECT count(*) FROM bulk_rejects WHERE code = 'rjct.reference_id.duplicate' AND row_no > ";
    let last = format!("{rejects} {}", ROWS - REPEATED);
    assert_eq!(count(db, &last).await, i64::try_from(REPEATED).unwrap(), "the repeated rows are refused");
    assert_eq!(
        count(db, "SELECT count(*) FROM bulk_rejects").await,
        i64::try_from(REPEATED).unwrap(),
        "and no other"
    );
    for id in ids {
        let got = site.receiver.of(id);
        assert!(!got.is_empty(), "no callback for {id}");
        let same = |body: &&Value| body["header"]["message_id"] == got[0]["header"]["message_id"];
        assert!(got.iter().all(|body| same(&body)), "a callback that is sent again has the same message id");
        let items = got[0]["message"]["link_response"].as_array().unwrap();
        assert_eq!(items.len(), ITEMS);
        assert!(items.iter().all(|item| item["status"] == "succ"), "no false refusal: {id}");
    }
    let told = site.receiver.of(job);
    assert_eq!(told[0]["header"]["total_count"], ROWS, "{}", told[0]["header"]);
    assert_eq!(told[0]["message"]["link_response"].as_array().unwrap().len(), REPEATED);
}

#[tokio::test]
async fn killed_in_the_middle_of_messages_and_a_file_nothing_is_lost_or_done_twice() {
    let mut site = Site::new().await;
    site.start().await;
    let db = site.db().await;
    let mut dice = ChaCha8Rng::seed_from_u64(8);
    let (ids, job) = send_all(&site).await;
    let mut hits = 0;
    for n in 0..KILLS {
        let (changed, jobs) = progress(&db).await;
        wait_for("the work to go on", Duration::from_secs(60), || async {
            let (now, open) = progress(&db).await;
            (now > changed || open == 0 || jobs == 0).then_some(())
        })
        .await;
        tokio::time::sleep(Duration::from_millis(dice.random_range(0..300))).await;
        site.kill();
        let (changed, open) = progress(&db).await;
        println!("kill {n}: {changed} linked, {open} jobs open");
        hits += usize::from(open > 0);
        expire_leases(&db).await;
        site.start().await;
    }
    assert!(hits >= 3, "only {hits} of {KILLS} kills came while there was work");
    everything_is_done_once(&site, &db, &ids, &job).await;
}

/// Ids linked so far, and jobs that are not done.
async fn progress(db: &Db) -> (i64, i64) {
    let linked = count(db, "SELECT count(*) FROM mapping_history").await;
    (linked, count(db, "SELECT count(*) FROM jobs WHERE state IN ('pending', 'running')").await)
}

/// Nobody renews the leases of a process that was killed; the test does not wait for their half minute.
async fn expire_leases(db: &Db) {
    sql::execute(db.conn(), "UPDATE jobs SET lease_until = now() WHERE state = 'running'", []).await.unwrap();
}

#[tokio::test]
async fn two_at_once_on_one_database_share_the_work() {
    let mut site = Site::new().await;
    site.start().await;
    site.start().await;
    let db = site.db().await;
    let (ids, job) = send_all(&site).await;
    everything_is_done_once(&site, &db, &ids, &job).await;
    for mapper in &site.mappers {
        let done = jobs_done(mapper.port).await;
        assert!(done > 0, "one of the two did nothing");
        println!("one of the two did {done} jobs");
    }
}

/// Jobs that a mapper finished, as its metrics tell.
async fn jobs_done(port: u16) -> u64 {
    let mut stream = TcpStream::connect(("127.0.0.1", port + 1_000)).await.unwrap();
    stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: mapper\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    let done =
        text.lines().filter(|line| line.starts_with("jobs_finished_total") && line.contains("\"done\""));
    done.map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap()).sum()
}

#[tokio::test]
async fn without_its_database_it_says_so_and_comes_back_by_itself() {
    let mut site = Site::new().await;
    site.start().await;
    let port = site.port();
    let resolve = message(
        "resolve",
        &[json!({"reference_id": "r", "timestamp": "2026-01-01T00:00:00Z", "id": "token:m0-0@nationalId"})],
    );
    let (status, ..) = post(port, "/sync/link", "application/json", &batch(0)).await.unwrap();
    assert_eq!(status, 200);
    let (status, _, taken) = post(port, "/mapper/bulk", "text/csv", &file()).await.unwrap();
    assert_eq!(status, 202, "{taken}");
    let stop = Instant::now() + Duration::from_secs(9);
    // Resolve and link go on all the time; the second batch links the same ids again.
    let load: Vec<JoinHandle<(usize, Vec<String>)>> =
        [("/sync/resolve", resolve.clone()), ("/sync/link", batch(0))]
            .into_iter()
            .map(|(path, body)| {
                tokio::spawn(async move {
                    let (mut away, mut wrong) = (0, Vec::new());
                    while Instant::now() < stop {
                        match post(port, path, "application/json", &body).await {
                            Some((200, ..)) => {}
                            Some((503, head, _)) if head.to_lowercase().contains("retry-after:") => away += 1,
                            other => wrong.push(format!("{path}: {other:?}")),
                        }
                    }
                    (away, wrong)
                })
            })
            .collect();
    tokio::time::sleep(Duration::from_millis(500)).await;
    site = tokio::task::spawn_blocking(move || {
        site.server.stop();
        // Longer than a request waits for a connection.
        std::thread::sleep(Duration::from_secs(6));
        site.server.restart();
        site
    })
    .await
    .unwrap();
    for task in load {
        let (away, wrong) = task.await.unwrap();
        assert_eq!(
            wrong,
            Vec::<String>::new(),
            "an error while the database is away is a 503 with Retry-After"
        );
        assert!(away > 0, "the load met the time without a database");
    }
    wait_for("an answer again", Duration::from_secs(30), || async {
        let (status, _, body) = post(port, "/sync/resolve", "application/json", &resolve).await?;
        (status == 200 && body["message"]["resolve_response"][0]["status"] == "succ").then_some(())
    })
    .await;
    let db = site.db().await;
    wait_for("the file to be done", Duration::from_secs(90), || async {
        let state: Option<String> = sql::scalar(db.conn(), "SELECT state FROM bulk_jobs", []).await.unwrap();
        (state.as_deref() == Some("done")).then_some(())
    })
    .await;
    let linked = count(&db, "SELECT count(*) FROM mapping_history").await;
    let once = i64::try_from(ITEMS + ROWS - REPEATED).unwrap();
    assert_eq!(linked, once, "the batch that came again and again is linked once, and so is the file");
}
