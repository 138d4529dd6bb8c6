//! A file of links, from its first byte to the last row, and what Postgres gives to the same rows without a service.

use std::{fmt::Write as _, time::Instant};

use platform::{Mode, Policy, partners};
use serde_json::{Value, json};
use storage::{
    Db,
    copy::{CopyBuffer, copy_in},
    sql,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Duration, sleep},
};

use crate::world::{self, World};

/// Rows of a statement, as a lane of the service has them.
const PART: u64 = 5_000;
/// Rows of the limits: enough to see the rate.
const LIMIT_ROWS: u64 = 500_000;

/// Prints rows a second of the service and of both limits.
pub async fn measure(world: &World, seed: u64, rows: u64, report: &mut Vec<Value>) {
    let db = world.db().await;
    let policy = Policy { permissions: ["mapper:call".to_owned()].into(), ..Policy::default() };
    partners::put(&db, "BENCH", Mode::Compat, &json!({"keys": []}), &policy).await.unwrap();
    let limit_rows = rows.min(LIMIT_ROWS);
    let plain = plain_sql(&db, seed, limit_rows).await;
    let copied = copied(&db, seed, limit_rows).await;

    let (cpu, began) = (world.cpu_ms(), Instant::now());
    let job = upload(world.address(), seed, rows).await;
    let uploaded = began.elapsed().as_secs_f64();
    let counts = finished(&db, &job).await;
    let elapsed = began.elapsed().as_secs_f64();
    assert_eq!(counts, (rows, 0), "all rows are linked");
    let (total, work) = (per_second(rows, elapsed), per_second(rows, elapsed - uploaded));
    let cpu = (world.cpu_ms() - cpu) / f64_of(rows) * 1_000.0;
    println!(
        "bulk link of {rows} rows\n  {total:>9.0} rows/s from the first byte to the last row ({uploaded:.1} s of {elapsed:.1} s are the upload; the work alone {work:.0}/s) · {cpu:.2} CPU-ms per 1,000 rows in the mapper\n  limits of {limit_rows} rows: the same statement and triggers by plain SQL, one connection {plain:.0} rows/s, ours is {:.0} %; COPY into a bare table {copied:.0} rows/s",
        total / plain * 100.0
    );
    report.push(json!({"name": "bulk link", "rows": rows, "rows_per_second": total.round(), "work_rows_per_second": work.round(),
        "upload_seconds": uploaded, "seconds": elapsed, "plain_sql_rows_per_second": plain.round(), "copy_rows_per_second": copied.round()}));
}

fn f64_of(n: u64) -> f64 {
    f64::from(u32::try_from(n).unwrap())
}

fn per_second(rows: u64, seconds: f64) -> f64 {
    f64_of(rows) / seconds
}

/// Spread over the whole of the index, as real ids are.
fn id(kind: &str, seed: u64, n: u64) -> String {
    let spread = (n ^ seed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    format!("token:{spread:016x}-{kind}-{n}@nationalId")
}

/// The statement as a script would write it: one INSERT … SELECT FROM UNNEST a part, with the triggers of the table.
async fn plain_sql(db: &Db, seed: u64, rows: u64) -> f64 {
    let began = Instant::now();
    for first in (0..rows).step_by(usize::try_from(PART).unwrap()) {
        let numbers = || first..rows.min(first + PART);
        let ids: Vec<String> = numbers().map(|n| id("plain", seed, n)).collect();
        let fas: Vec<String> = numbers().map(world::address).collect();
        let names: Vec<String> = numbers().map(|n| format!("Person {n}")).collect();
        sql::execute(
            db.conn(),
            "INSERT INTO id_fa_mappings (id_value, fa_value, name)
             SELECT * FROM UNNEST($1::text[], $2::text[], $3::text[]) AS t (id_value, fa_value, name) ORDER BY id_value",
            [ids.into(), fas.into(), names.into()],
        )
        .await
        .unwrap();
    }
    per_second(rows, began.elapsed().as_secs_f64())
}

async fn copied(db: &Db, seed: u64, rows: u64) -> f64 {
    sql::execute(db.conn(), "CREATE TABLE bare (id_value text, fa_value text, name text)", []).await.unwrap();
    let began = Instant::now();
    let mut buffer = CopyBuffer::new();
    for n in 0..rows {
        let name = format!("Person {n}");
        buffer
            .field(Some(&id("copied", seed, n)))
            .field(Some(&world::address(n)))
            .field(Some(&name))
            .end_row();
        if buffer.rows() == PART || n + 1 == rows {
            copy_in(db, "bare (id_value, fa_value, name)", &buffer).await.unwrap();
            buffer.clear();
        }
    }
    let rate = per_second(rows, began.elapsed().as_secs_f64());
    sql::execute(db.conn(), "DROP TABLE bare", []).await.unwrap();
    rate
}

/// Sends the file as it is made, in chunks, and returns the job's id.
async fn upload(address: String, seed: u64, rows: u64) -> String {
    let mut stream = TcpStream::connect(&address).await.unwrap();
    stream
        .write_all(b"POST /mapper/bulk HTTP/1.1\r\nHost: mapper\r\nContent-Type: text/csv\r\nX-Sender-Id: BENCH\r\nTransfer-Encoding: chunked\r\n\r\n")
        .await
        .unwrap();
    let mut text = "id,fa,name\n".to_owned();
    for n in 0..rows {
        writeln!(text, "{},{},Person {n}", id("bulk", seed, n), world::address(n)).unwrap();
        if text.len() > 256 * 1024 || n + 1 == rows {
            stream.write_all(format!("{:x}\r\n{text}\r\n", text.len()).as_bytes()).await.unwrap();
            text.clear();
        }
    }
    stream.write_all(b"0\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    loop {
        let read = stream.read_buf(&mut answer).await.unwrap();
        let said = String::from_utf8_lossy(&answer);
        assert!(read > 0, "no job: {said}");
        let body = said.split_once("\r\n\r\n").and_then(|(_, body)| serde_json::from_str::<Value>(body).ok());
        if let Some(body) = body {
            return body["job_id"].as_str().unwrap_or_else(|| panic!("no job: {said}")).to_owned();
        }
    }
}

async fn finished(db: &Db, job: &str) -> (u64, u64) {
    loop {
        sleep(Duration::from_millis(100)).await;
        let states: Vec<String> = sql::scalars(
            db.conn(),
            "SELECT state || ' ' || coalesce(error, '') FROM bulk_jobs WHERE job_id = $1::uuid",
            [job.into()],
        )
        .await
        .unwrap();
        assert!(!states.iter().any(|state| state.starts_with("failed")), "{states:?}");
        if states.iter().any(|state| state.starts_with("done")) {
            break;
        }
    }
    let sum = async |column: &str| {
        let query =
            format!("SELECT coalesce(sum({column}), 0)::bigint FROM bulk_lanes WHERE job_id = $1::uuid");
        let sum: Option<i64> = sql::scalar(db.conn(), &query, [job.into()]).await.unwrap();
        u64::try_from(sum.unwrap()).unwrap()
    };
    (sum("changed").await, sum("rejected").await)
}
