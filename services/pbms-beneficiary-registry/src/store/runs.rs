//! Rows of `runs`: what a job has done so far.

use serde_json::Value;
use storage::{ConnectionTrait, FromQueryResult, StoreResult, sql};
use time::OffsetDateTime;
use uuid::Uuid;

/// A run.
#[derive(Debug, Clone, FromQueryResult)]
pub struct RunRow {
    pub id: Uuid,
    pub program_id: Uuid,
    pub cycle_id: Option<Uuid>,
    pub kind: String,
    pub state: String,
    pub done: i64,
    pub total: Option<i64>,
    pub cursor: Value,
    pub counts: Value,
    pub error: Option<String>,
    pub requested_by: String,
    pub created_at: OffsetDateTime,
    pub finished_at: Option<OffsetDateTime>,
}

const COLUMNS: &str = "id, program_id, cycle_id, kind, state, done, total, cursor, counts, error, requested_by, \
                       created_at, finished_at";

/// A run to be written.
#[derive(Debug)]
pub struct NewRun<'a> {
    pub id: Uuid,
    pub program_id: Uuid,
    pub cycle_id: Option<Uuid>,
    pub kind: &'static str,
    pub cursor: Value,
    pub actor: &'a str,
    pub at: OffsetDateTime,
}

/// Writes the run, unless one of its kind is live. Says whether it was written.
pub async fn insert<C: ConnectionTrait>(tx: &C, tenant: &str, run: &NewRun<'_>) -> StoreResult<bool> {
    let written = sql::execute(
        tx,
        "INSERT INTO runs (tenant_id, id, program_id, cycle_id, kind, cursor, requested_by, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
        [
            tenant.into(),
            run.id.into(),
            run.program_id.into(),
            run.cycle_id.into(),
            run.kind.into(),
            run.cursor.clone().into(),
            run.actor.into(),
            run.at.into(),
        ],
    )
    .await?;
    Ok(written > 0)
}

/// The live run of a kind, of the programme or of the cycle.
pub async fn live<C: ConnectionTrait>(
    conn: &C,
    tenant: &str,
    program: Uuid,
    cycle: Option<Uuid>,
    kind: &str,
) -> StoreResult<Option<RunRow>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM runs WHERE tenant_id = $1 AND program_id = $2 AND kind = $4 AND state = 'running'
            AND cycle_id IS NOT DISTINCT FROM $3"
    );
    sql::fetch_optional(conn, &sql, [tenant.into(), program.into(), cycle.into(), kind.into()]).await
}

/// A run by id.
pub async fn find<C: ConnectionTrait>(conn: &C, tenant: &str, id: Uuid) -> StoreResult<Option<RunRow>> {
    let sql = format!("SELECT {COLUMNS} FROM runs WHERE tenant_id = $1 AND id = $2");
    sql::fetch_optional(conn, &sql, [tenant.into(), id.into()]).await
}

/// Stores how far the run is.
pub async fn advance<C: ConnectionTrait>(
    tx: &C,
    tenant: &str,
    id: Uuid,
    done: i64,
    total: Option<i64>,
    cursor: Value,
    counts: Value,
) -> StoreResult<()> {
    sql::execute(
        tx,
        "UPDATE runs SET done = $3, total = coalesce($4, total), cursor = $5, counts = $6, error = NULL
          WHERE tenant_id = $1 AND id = $2",
        [tenant.into(), id.into(), done.into(), total.into(), cursor.into(), counts.into()],
    )
    .await?;
    Ok(())
}

/// Ends the run with its result.
pub async fn finish<C: ConnectionTrait>(
    tx: &C,
    tenant: &str,
    id: Uuid,
    counts: Value,
    at: OffsetDateTime,
) -> StoreResult<()> {
    sql::execute(
        tx,
        "UPDATE runs SET state = 'done', counts = $3, error = NULL, finished_at = $4, total = coalesce(total, done)
          WHERE tenant_id = $1 AND id = $2",
        [tenant.into(), id.into(), counts.into(), at.into()],
    )
    .await?;
    Ok(())
}

/// Ends the run without a result.
pub async fn fail<C: ConnectionTrait>(
    tx: &C,
    tenant: &str,
    id: Uuid,
    error: &str,
    at: OffsetDateTime,
) -> StoreResult<()> {
    sql::execute(
        tx,
        "UPDATE runs SET state = 'failed', error = $3, finished_at = $4 WHERE tenant_id = $1 AND id = $2",
        [tenant.into(), id.into(), error.into(), at.into()],
    )
    .await?;
    Ok(())
}

/// Shows why the run does not go on just now; it stays live and is tried again.
pub async fn complain<C: ConnectionTrait>(conn: &C, tenant: &str, id: Uuid, error: &str) -> StoreResult<()> {
    sql::execute(
        conn,
        "UPDATE runs SET error = $3 WHERE tenant_id = $1 AND id = $2 AND state = 'running'",
        [tenant.into(), id.into(), error.into()],
    )
    .await?;
    Ok(())
}

/// A failed run whose job an operator started again runs again.
pub async fn revive<C: ConnectionTrait>(tx: &C, tenant: &str, id: Uuid) -> StoreResult<()> {
    sql::execute(
        tx,
        "UPDATE runs SET state = 'running', error = NULL, finished_at = NULL
          WHERE tenant_id = $1 AND id = $2 AND state = 'failed'",
        [tenant.into(), id.into()],
    )
    .await?;
    Ok(())
}
