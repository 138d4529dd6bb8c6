//! Signed statements over all entries of the history.

use sea_orm::{ConnectionTrait, FromQueryResult};
use storage::{StoreResult, sql};
use time::OffsetDateTime;

use super::history::{PREVIOUS, fits};

/// Entries that one step of a root covers. Part of how roots are made: never changed.
const STEP: i64 = 10_000;

/// A checkpoint.
#[derive(Debug, Clone, FromQueryResult)]
pub(crate) struct Checkpoint {
    pub(crate) no: i64,
    pub(crate) at: OffsetDateTime,
    /// It covers the entries with a `seq` above this …
    pub(crate) after_seq: i64,
    /// … up to this.
    pub(crate) last_seq: i64,
    pub(crate) entries: i64,
    pub(crate) root: Vec<u8>,
    pub(crate) signature: String,
}

const CHECKPOINT: &str =
    "SELECT no, at, after_seq, last_seq, entries, root, signature FROM mapping_checkpoints";

/// Checkpoints after the `after`th, oldest first.
pub(crate) async fn list(
    conn: &impl ConnectionTrait,
    after: i64,
    limit: i64,
) -> StoreResult<Vec<Checkpoint>> {
    let statement = format!("{CHECKPOINT} WHERE no > $1 ORDER BY no LIMIT $2");
    sql::fetch_all(conn, &statement, [after.into(), limit.into()]).await
}

/// The checkpoint of this number.
pub(crate) async fn get(conn: &impl ConnectionTrait, no: i64) -> StoreResult<Option<Checkpoint>> {
    sql::fetch_optional(conn, &format!("{CHECKPOINT} WHERE no = $1"), [no.into()]).await
}

/// The newest checkpoint.
pub(crate) async fn newest(conn: &impl ConnectionTrait) -> StoreResult<Option<Checkpoint>> {
    sql::fetch_optional(conn, &format!("{CHECKPOINT} ORDER BY no DESC LIMIT 1"), []).await
}

/// Whether this transaction is the one that makes checkpoints now.
pub(crate) async fn lock(tx: &impl ConnectionTrait) -> StoreResult<bool> {
    let statement =
        "SELECT pg_try_advisory_xact_lock(hashtextextended('spar_mapper.mapping_checkpoints', 0))";
    Ok(sql::scalar(tx, statement, []).await? == Some(true))
}

/// Keeps a checkpoint.
pub(crate) async fn insert(tx: &impl ConnectionTrait, checkpoint: &Checkpoint) -> StoreResult<()> {
    sql::execute(
        tx,
        "INSERT INTO mapping_checkpoints (no, at, after_seq, last_seq, entries, root, signature)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        [
            checkpoint.no.into(),
            checkpoint.at.into(),
            checkpoint.after_seq.into(),
            checkpoint.last_seq.into(),
            checkpoint.entries.into(),
            checkpoint.root.clone().into(),
            checkpoint.signature.clone().into(),
        ],
    )
    .await?;
    Ok(())
}

/// The last `seq` given to an entry so far; 0 when there is none.
pub(crate) async fn last_seq(conn: &impl ConnectionTrait) -> StoreResult<i64> {
    let statement = "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM mapping_entries";
    Ok(sql::scalar(conn, statement, []).await?.unwrap_or_default())
}

const WRITERS: &str = "FROM pg_locks
     WHERE relation = 'mapping_history'::regclass AND mode = 'RowExclusiveLock'
       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";

/// The transactions that may be writing entries now.
pub(crate) async fn writers(conn: &impl ConnectionTrait) -> StoreResult<Vec<String>> {
    sql::scalars(conn, &format!("SELECT virtualtransaction {WRITERS}"), []).await
}

/// Whether one of these is not at its end.
pub(crate) async fn still_write(conn: &impl ConnectionTrait, writers: Vec<String>) -> StoreResult<bool> {
    let statement = format!("SELECT EXISTS (SELECT {WRITERS} AND virtualtransaction = ANY($1))");
    Ok(sql::scalar(conn, &statement, [writers.into()]).await? == Some(true))
}

/// What the entries of a range come to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Sum {
    pub(crate) entries: i64,
    pub(crate) root: Vec<u8>,
}

#[derive(FromQueryResult)]
struct Step {
    entries: i64,
    last_seq: Option<i64>,
    root: Option<Vec<u8>>,
}

/// The root over the entries with `after < seq <= last`, beginning with the root before them.
pub(crate) async fn sum(
    conn: &impl ConnectionTrait,
    previous: Vec<u8>,
    after: i64,
    last: i64,
) -> StoreResult<Sum> {
    let (mut sum, mut from) = (Sum { entries: 0, root: previous }, after);
    loop {
        let step: Step = sql::fetch_one(
            conn,
            "the sum",
            "SELECT count(*) AS entries, max(seq) AS last_seq,
                    sha256($1::bytea || string_agg(int8send(seq) || hash, ''::bytea ORDER BY seq)) AS root
               FROM (SELECT seq, hash FROM mapping_history WHERE seq > $2 AND seq <= $3 ORDER BY seq LIMIT $4) step",
            [sum.root.clone().into(), from.into(), last.into(), STEP.into()],
        )
        .await?;
        let (Some(root), Some(last_seq)) = (step.root, step.last_seq) else { return Ok(sum) };
        (sum.entries, sum.root, from) = (sum.entries + step.entries, root, last_seq);
        if step.entries < STEP {
            return Ok(sum);
        }
    }
}

/// How many entries of a range do not have the hash that their content demands.
pub(crate) async fn changed_entries(conn: &impl ConnectionTrait, after: i64, last: i64) -> StoreResult<i64> {
    let statement = format!(
        "SELECT count(*) FROM (SELECT {} FROM mapping_history h {PREVIOUS} WHERE h.seq > $1 AND h.seq <= $2) checked
          WHERE NOT fits",
        fits()
    );
    Ok(sql::scalar(conn, &statement, [after.into(), last.into()]).await?.unwrap_or_default())
}

/// A change that a script made.
#[derive(FromQueryResult)]
pub(crate) struct ScriptChange {
    pub(crate) tenant_id: String,
    pub(crate) seq: i64,
    pub(crate) id_value: String,
    pub(crate) change: String,
    pub(crate) at: OffsetDateTime,
}

/// Changes in a range that scripts made, in order.
pub(crate) async fn script_changes(
    conn: &impl ConnectionTrait,
    after: i64,
    last: i64,
    limit: i64,
) -> StoreResult<Vec<ScriptChange>> {
    sql::fetch_all(
        conn,
        "SELECT tenant_id, seq, id_value, change, at FROM mapping_history
          WHERE seq > $1 AND seq <= $2 AND channel = 'script' ORDER BY seq LIMIT $3",
        [after.into(), last.into(), limit.into()],
    )
    .await
}
