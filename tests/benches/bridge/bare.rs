//! The same rows in plain SQL: what Postgres needs at least for each stage, without services, checks or history.

use std::time::{Duration, Instant};

use storage::{Db, sql};

/// Seconds of each stage.
pub struct Bare {
    pub receive: Duration,
    pub resolve: Duration,
    pub pay: Duration,
    pub reconcile: Duration,
}

/// Writes and changes `rows` rows in transactions of as many as the bridge takes at a time.
pub async fn run(db: &Db, rows: u64) -> Bare {
    exec(
        db,
        "CREATE TABLE bare_payments (id text PRIMARY KEY, seq bigint NOT NULL UNIQUE, payee text NOT NULL,
                account text, minor bigint NOT NULL, state text NOT NULL) WITH (fillfactor = 50)",
    )
    .await;
    exec(db, "CREATE TABLE bare_attempts (id text PRIMARY KEY, minor bigint NOT NULL, state text NOT NULL)")
        .await;
    exec(db, "CREATE TABLE bare_lines (key text PRIMARY KEY, id text NOT NULL, minor bigint NOT NULL)").await;
    let receive = in_chunks(db, rows, 10_000, "INSERT INTO bare_payments
        SELECT 'B' || lpad(n::text, 15, '0'), n, 'payee-' || n, NULL, 1000, 'RECEIVED' FROM generate_series($1, $2) AS n").await;
    let resolve = in_chunks(
        db,
        rows,
        500,
        "UPDATE bare_payments AS p SET account = m.fa_value, state = 'RESOLVED'
        FROM spar_mapper.id_fa_mappings AS m
        WHERE p.seq BETWEEN $1 AND $2 AND m.tenant_id = 'default' AND m.id_value = p.payee COLLATE \"C\"",
    )
    .await;
    let pay = in_chunks(
        db,
        rows,
        500,
        "WITH sent AS (
            UPDATE bare_payments SET state = 'ACCEPTED' WHERE seq BETWEEN $1 AND $2 RETURNING id, minor)
        INSERT INTO bare_attempts SELECT id, minor, 'ACCEPTED' FROM sent",
    )
    .await;
    let reconcile = in_chunks(
        db,
        rows,
        2_000,
        "WITH paid AS (
            UPDATE bare_payments SET state = 'PAID' WHERE seq BETWEEN $1 AND $2 RETURNING id, minor)
        INSERT INTO bare_lines SELECT md5(id), id, minor FROM paid",
    )
    .await;
    exec(db, "DROP TABLE bare_payments, bare_attempts, bare_lines").await;
    Bare { receive, resolve, pay, reconcile }
}

async fn exec(db: &Db, statement: &str) {
    sql::execute(db.conn(), statement, []).await.unwrap_or_else(|e| panic!("{statement}: {e}"));
}

async fn in_chunks(db: &Db, rows: u64, chunk: u64, statement: &str) -> Duration {
    let began = Instant::now();
    let mut first = 1;
    while first <= rows {
        let last = rows.min(first + chunk - 1);
        let range = [i64::try_from(first).unwrap().into(), i64::try_from(last).unwrap().into()];
        sql::execute(db.conn(), statement, range).await.unwrap_or_else(|e| panic!("{statement}: {e}"));
        first = last + 1;
    }
    began.elapsed()
}
