//! Files that nobody holds whole: streamed in, kept in pieces, read in pieces.

use bank_formats::mt940;
use base64::{Engine, prelude::BASE64_STANDARD};
use g2p_crypto::{canonical_json, sha256, sign_detached};
use reqwest::Method;
use serde_json::{Value, json};
use storage::sql;
use testkit::{Reply, unique, wait_for};
use uuid::Uuid;

use crate::{
    statements::paying,
    world::{ACCOUNT, LIMIT, World, now, statement},
};

const TYPE: &str = "multipart/form-data; boundary=b";

fn form(text: &str) -> Vec<u8> {
    let head = "--b\r\nContent-Disposition: form-data; name=\"statement_file\"; filename=\"s\"\r\n\r\n";
    format!("{head}{text}\r\n--b--\r\n").into_bytes()
}

/// Uploads `sent` under a head that is signed for `body`.
async fn upload(world: &World, body: &[u8], sent: &[u8]) -> Reply {
    let digest = format!("sha-256=:{}:", BASE64_STANDARD.encode(sha256(body)));
    let (key, at, partner) = (unique("k"), now(), &world.bank_partner);
    let head = canonical_json(&json!({
        "audience": "g2p-bridge", "content_digest": digest, "content_encoding": "", "content_type": TYPE,
        "idempotency_key": key, "message_ts": at, "operation": "upload_mt940", "sender_id": partner.id(),
    }));
    let signature = sign_detached(partner.key(), &head).unwrap();
    let build = |request: reqwest::RequestBuilder| {
        request
            .header("Content-Type", TYPE)
            .header("X-Sender-Id", partner.id())
            .header("X-Message-Ts", &at)
            .header("Idempotency-Key", &key)
            .header("Content-Digest", &digest)
            .header("Signature", &signature)
            .body(sent.to_vec())
    };
    world.bridge.anonymous().send("/upload_mt940", Method::POST, build).await
}

async fn count(world: &World, query: &str) -> i64 {
    sql::scalar(world.db().conn(), query, []).await.unwrap().unwrap()
}

/// A statement with these debits between many credits that are none of ours; the credits come in twos that are alike.
fn large(debits: &[&str], credits: usize) -> String {
    let first = debits.iter().map(|id| ("D", *id, "10.00"));
    let names: Vec<String> = (0..credits).map(|n| format!("C{}", n / 2)).collect();
    let lines: Vec<(&str, &str, &str)> =
        first.chain(names.iter().map(|name| ("C", name.as_str(), "1.00"))).collect();
    statement(&unique("large"), &lines)
}

#[tokio::test]
async fn a_large_file_is_signed_by_its_digest_and_kept_in_pieces() {
    let world = World::start_with(|loaded| loaded.service.statement_chunk = 2000).await;
    let id = paying(&world, "A", 2).await;
    let text = large(&["A0000000", "A0000001"], 8_000);
    assert!(text.len() > 2 * 256 * 1024, "{}", text.len());
    let body = form(&text);
    let refused = upload(&world, &body, &form(&text.replace("A0000001", "A0000009"))).await;
    assert_eq!(refused.status, 401, "{}", refused.text);
    assert_eq!(count(&world, "SELECT count(*) FROM statement_chunks").await, 0);
    let answer = upload(&world, &body, &body).await.expect_status(200).json();
    assert_eq!(answer["header"]["status"], "succ", "{answer}");
    let again = upload(&world, &body, &body).await.expect_status(200).json();
    assert_eq!(answer["message"], again["message"]);
    world.wait_state(&id, "FINISHED").await;
    world.bridge_statements_done().await;
    assert!(count(&world, "SELECT count(*) FROM statement_chunks").await > 2);
    assert_eq!(count(&world, "SELECT count(*) FROM statement_uploads").await, 0);
    assert_eq!(
        count(&world, "SELECT count(*) FROM statement_lines").await,
        8_002,
        "lines that are alike are two"
    );
    // The same lines in another statement are the same lines.
    let overlapping = text.replace(":20:", ":20:X");
    world.upload(&overlapping).await;
    world.bridge_statements_done().await;
    assert_eq!(count(&world, "SELECT count(*) FROM statement_lines").await, 8_002);
    assert!(world.problems().await.is_empty(), "{:?}", world.problems().await);
    world.check().await;
}

#[tokio::test]
async fn a_file_that_a_process_died_in_is_worked_off_and_nothing_counts_twice() {
    let world = World::start_with(|loaded| loaded.service.statement_chunk = 5).await;
    let id = paying(&world, "K", 2).await;
    let text = large(&["K0000000", "K0000001"], 4_000);
    world.upload(&text).await;
    wait_for("some lines are there", LIMIT, || async {
        (count(&world, "SELECT count(*) FROM statement_lines").await > 50).then_some(())
    })
    .await;
    // The job is left as a SIGKILL leaves it: held by a process that is no more.
    let world = world
        .restart(
            |db| async move {
                sql::execute(
                    db.conn(),
                    "UPDATE jobs SET state = 'running', lease_until = now(), worker = 'gone', fence = fence + 1
                      WHERE kind = 'bridge.statements' AND state = 'pending'",
                    [],
                )
                .await
                .unwrap();
            },
            |loaded| loaded.service.statement_chunk = 1000,
        )
        .await;
    world.bridge_statements_done().await;
    world.wait_state(&id, "FINISHED").await;
    assert_eq!(count(&world, "SELECT count(*) FROM statement_lines").await, 4_002);
    let seen = "SELECT new_lines FROM statements WHERE state = 'PROCESSED'";
    assert_eq!(count(&world, seen).await, 4_002);
    world.check().await;
}

#[tokio::test]
async fn files_of_an_earlier_version_are_worked_off() {
    let world = World::start().await;
    let id = paying(&world, "E", 2).await;
    let text = statement("OLD", &[("D", "E0000000", "10.00"), ("D", "E0000001", "10.00")]);
    let file = Uuid::new_v4();
    sql::execute(
        world.db().conn(),
        "INSERT INTO statement_files (content_sha256, file_id, content, uploaded_by, uploaded_at)
         VALUES ('x', $1, $2, 'partner:B', now())",
        [file.into(), text.into_bytes().into()],
    )
    .await
    .unwrap();
    let job = jobs::NewJob::new("bridge.statement", &json!({"file_id": file}));
    jobs::enqueue(world.db().conn(), job).await.unwrap();
    world.wait_state(&id, "FINISHED").await;
    world.check().await;
}

/// What the balances say is known at the end of a file only, and still nothing of a wrong one is booked.
#[tokio::test]
async fn a_large_file_that_does_not_add_up_books_nothing() {
    let world = World::start_with(|loaded| loaded.service.statement_chunk = 500).await;
    let id = paying(&world, "W", 2).await;
    let text = large(&["W0000000", "W0000001"], 3_000);
    let total =
        mt940::parse(text.as_bytes())[0].closing.unwrap().amount.to_decimal_string().replace('.', ",");
    let wrong = text.replace(&format!("KES{total}"), "KES1,00");
    assert_ne!(wrong, text);
    world.upload(&wrong).await;
    world.bridge_statements_done().await;
    assert!(world.states(&id).await.iter().all(|s| s.1 == "ACCEPTED"));
    assert_eq!(count(&world, "SELECT count(*) FROM statement_lines").await, 1);
    let problems: Vec<Value> = world.problems().await.into_iter().map(|(_, code)| json!(code)).collect();
    assert_eq!(problems, [json!("STATEMENT_BALANCES_DIFFER")]);
    assert_eq!(ACCOUNT, "SPONSOR-1");
}

/// By hand: `cargo nextest run -p g2p-bridge --run-ignored only a_million_lines --no-capture`, with `LINES` and `CAMT=1`.
#[tokio::test]
#[ignore = "takes minutes; for measuring memory"]
#[allow(clippy::print_stdout, reason = "its figures are what it is for")]
async fn a_million_lines() {
    use std::{fs::File, io::Write};
    let lines: usize = std::env::var("LINES").ok().and_then(|n| n.parse().ok()).unwrap_or(1_000_000);
    let bank = crate::files::FileBank::new("KCB");
    let world = World::start_with(|loaded| {
        crate::connectors::Sponsor::configure(&bank, &mut loaded.service);
        loaded.service.statement_chunk = 2000;
    })
    .await;
    world
        .program("FILES", &json!({"sponsor_bank_code": "KCB", "sponsor_bank_account_number": "KCB-1"}))
        .await;
    testkit::wait_until("the folder is there", LIMIT, || bank.at("in/bad").exists()).await;
    let memory = |what: &str| -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find(|line| line.starts_with(what)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
    };
    let path = bank.at("in/million.part");
    let mut file = std::io::BufWriter::new(File::create(&path).unwrap());
    let camt = std::env::var("CAMT").is_ok();
    if camt {
        write!(
            file,
            "<Document><BkToCstmrStmt><Stmt><Id>L</Id><ElctrncSeqNb>1</ElctrncSeqNb><Acct><Id><Othr><Id>KCB-1</Id></Othr></Id>\
             </Acct><Bal><Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp><Amt Ccy='KES'>0.00</Amt><CdtDbtInd>CRDT</CdtDbtInd>\
             <Dt><Dt>2026-01-01</Dt></Dt></Bal><Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy='KES'>{lines}.00</Amt>\
             <CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-01-01</Dt></Dt></Bal>"
        )
        .unwrap();
        for n in 0..lines {
            write!(
                file,
                "<Ntry><Amt Ccy='KES'>1.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><ValDt><Dt>2026-01-01</Dt></ValDt>\
                 <NtryDtls><TxDtls><Refs><EndToEndId>C{n}</EndToEndId></Refs></TxDtls></NtryDtls></Ntry>"
            )
            .unwrap();
        }
        write!(file, "</Stmt></BkToCstmrStmt></Document>").unwrap();
    } else {
        write!(file, ":20:LARGE\r\n:25:KCB-1\r\n:28C:1/1\r\n:60F:C260101KES0,00\r\n").unwrap();
        for n in 0..lines {
            write!(
                file,
                ":61:2601010101C1,00NTRFC{n}//BANK{n}\r\n:86:Food\r\nProgramme\r\ncycle\r\nJo\r\nC{n}\r\nsomething the bank says besides\r\n"
            )
            .unwrap();
        }
        write!(file, ":62F:C260101KES{lines},00\r\n").unwrap();
    }
    file.into_inner().unwrap().sync_all().unwrap();
    let bytes = std::fs::metadata(&path).unwrap().len();
    let (before, began) = (memory("VmRSS"), std::time::Instant::now());
    std::fs::rename(&path, bank.at("in/million.sta")).unwrap();
    let (mut highest, mut done) = (before, 0);
    while done != i64::try_from(lines).unwrap() {
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        highest = highest.max(memory("VmRSS"));
        done = count(
            &world,
            "SELECT COALESCE(sum(new_lines), 0)::bigint FROM statements WHERE state = 'PROCESSED'",
        )
        .await;
    }
    let took = began.elapsed().as_secs();
    println!("{lines} lines, {bytes} bytes: {took} s; memory {before} MB before, at most {highest} MB");
}
