//! The statements of the runner.

use std::time::Duration;

use sea_orm::FromQueryResult;
use serde_json::Value as Json;
use storage::{ConnectionTrait, Db, StoreResult, sql};
use uuid::Uuid;

/// One claim of one job: what proves that a worker still holds it.
#[derive(Debug, Clone, FromQueryResult)]
pub(crate) struct Claimed {
    pub tenant_id: String,
    pub id: Uuid,
    pub payload: Json,
    pub traceparent: Option<String>,
    pub attempts: i32,
    pub max_attempts: i32,
    pub fence: i64,
}

/// Text of an error as the row keeps it.
pub(crate) fn short(text: &str) -> String {
    text.chars().take(2000).collect()
}

pub(crate) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX / 1_000_000)
}

/// Takes up to `limit` due jobs of a kind. `FOR UPDATE`, not `FOR NO KEY UPDATE`: it must respect
/// the `FOR KEY SHARE` of an open guarded transaction, see [`guard`].
pub(crate) async fn claim(
    db: &Db,
    kind: &str,
    limit: usize,
    worker: &str,
    lease: Duration,
) -> StoreResult<Vec<Claimed>> {
    sql::fetch_all(
        db.conn(),
        "UPDATE jobs AS j
            SET state = 'running', attempts = j.attempts + 1, fence = j.fence + 1, rerun = false, worker = $3,
                lease_until = now() + $4 * interval '1 millisecond'
           FROM (SELECT tenant_id, id FROM jobs
                  WHERE kind = $1 AND state = 'pending' AND run_at <= now()
                  ORDER BY run_at LIMIT $2 FOR UPDATE SKIP LOCKED) AS due
          WHERE j.tenant_id = due.tenant_id AND j.id = due.id
         RETURNING j.tenant_id, j.id, j.payload, j.traceparent, j.attempts, j.max_attempts, j.fence",
        [kind.into(), i64::try_from(limit).unwrap_or(i64::MAX).into(), worker.into(), millis(lease).into()],
    )
    .await
}

/// Gives jobs with expired leases back; those without attempts left die. Returns how many.
pub(crate) async fn reclaim(db: &Db) -> StoreResult<u64> {
    sql::execute(
        db.conn(),
        "UPDATE jobs AS j
            SET state = CASE WHEN j.attempts >= j.max_attempts THEN 'dead' ELSE 'pending' END,
                finished_at = CASE WHEN j.attempts >= j.max_attempts THEN now() END,
                last_error = 'the worker ' || COALESCE(j.worker, '?') || ' stopped without finishing (lease expired)',
                lease_until = NULL, worker = NULL, run_at = now()
           FROM (SELECT tenant_id, id FROM jobs
                  WHERE state = 'running' AND lease_until < now()
                  ORDER BY lease_until LIMIT 100 FOR UPDATE SKIP LOCKED) AS lost
          WHERE j.tenant_id = lost.tenant_id AND j.id = lost.id",
        [],
    )
    .await
}

/// What the runner has to know before it sleeps.
#[derive(Debug, FromQueryResult)]
pub(crate) struct Outlook {
    pub kind: String,
    /// Milliseconds until the first job of the kind is due; negative when it is overdue.
    pub due_in_ms: i64,
}

/// For each kind with waiting jobs, when its first one is due.
pub(crate) async fn outlook(db: &Db, kinds: &[String]) -> StoreResult<Vec<Outlook>> {
    sql::fetch_all(
        db.conn(),
        "SELECT k.kind, floor(extract(epoch FROM first.run_at - now()) * 1000)::bigint AS due_in_ms
           FROM UNNEST($1::text[]) AS k(kind)
           CROSS JOIN LATERAL (SELECT run_at FROM jobs WHERE kind = k.kind AND state = 'pending'
                                ORDER BY run_at LIMIT 1) AS first",
        [kinds.to_vec().into()],
    )
    .await
}

/// Renews the lease. `false`: the job is somebody else's now.
pub(crate) async fn renew(db: &Db, job: &Claimed, lease: Duration) -> StoreResult<bool> {
    let rows = sql::execute(
        db.conn(),
        "UPDATE jobs SET lease_until = now() + $4 * interval '1 millisecond'
          WHERE tenant_id = $1 AND id = $2 AND fence = $3 AND state = 'running'",
        [job.tenant_id.clone().into(), job.id.into(), job.fence.into(), millis(lease).into()],
    )
    .await?;
    Ok(rows == 1)
}

/// Stores how far the job is. `false`: the job is somebody else's now.
pub(crate) async fn progress<C: ConnectionTrait>(
    conn: &C,
    job: &Claimed,
    done: i64,
    total: Option<i64>,
) -> StoreResult<bool> {
    let rows = sql::execute(
        conn,
        "UPDATE jobs SET done = $4, total = COALESCE($5, total)
          WHERE tenant_id = $1 AND id = $2 AND fence = $3 AND state = 'running'",
        [job.tenant_id.clone().into(), job.id.into(), job.fence.into(), done.into(), total.into()],
    )
    .await?;
    Ok(rows == 1)
}

/// Holds the claim until the caller's transaction ends: `FOR KEY SHARE` keeps [`claim`] and [`reclaim`] away and lets
/// renewals and progress through. `false`: the job is somebody else's now.
pub(crate) async fn guard<C: ConnectionTrait>(tx: &C, job: &Claimed) -> StoreResult<bool> {
    let held: Option<i32> = sql::scalar(
        tx,
        "SELECT 1 AS held FROM jobs
          WHERE tenant_id = $1 AND id = $2 AND fence = $3 AND state = 'running' FOR KEY SHARE",
        [job.tenant_id.clone().into(), job.id.into(), job.fence.into()],
    )
    .await?;
    Ok(held.is_some())
}

/// How a run ended, as the row records it.
#[derive(Debug, Clone)]
pub(crate) enum Ending {
    Done,
    /// Not finished; not a failure.
    Again(Duration),
    /// Failed; runs again after the delay.
    Retry(Duration, String),
    /// Could not be done for want of a database: as `Retry`, but the attempt does not count.
    Waiting(Duration, String),
    Dead(String),
    /// Given back untouched, because this process stops.
    Released,
}

/// Ends a claim. `false`: the job was somebody else's already.
pub(crate) async fn finish(db: &Db, job: &Claimed, ending: &Ending) -> StoreResult<bool> {
    let (state, delay, error, attempts) = match ending {
        Ending::Done => ("done", Duration::ZERO, None, job.attempts),
        Ending::Again(delay) => ("pending", *delay, None, 0),
        Ending::Retry(delay, error) => ("pending", *delay, Some(short(error)), job.attempts),
        Ending::Waiting(delay, error) => ("pending", *delay, Some(short(error)), job.attempts - 1),
        Ending::Dead(error) => ("dead", Duration::ZERO, Some(short(error)), job.attempts),
        Ending::Released => ("pending", Duration::ZERO, None, job.attempts - 1),
    };
    let rows = sql::execute(
        db.conn(),
        // Enqueued again while it ran (`rerun`): it runs once more, at once.
        "UPDATE jobs
            SET state = CASE WHEN rerun AND $4 = 'done' THEN 'pending' ELSE $4 END,
                attempts = CASE WHEN rerun AND $4 = 'done' THEN 0 ELSE $7 END,
                run_at = CASE WHEN rerun AND $6::text IS NULL THEN now()
                              ELSE now() + $5 * interval '1 millisecond' END,
                last_error = COALESCE($6, CASE WHEN $4 = 'done' THEN NULL ELSE last_error END),
                finished_at = CASE WHEN $4 = 'dead' OR ($4 = 'done' AND NOT rerun) THEN now() END,
                rerun = false, lease_until = NULL, worker = NULL
          WHERE tenant_id = $1 AND id = $2 AND fence = $3 AND state = 'running'
         RETURNING CASE WHEN state = 'pending'
                        THEN pg_notify('openg2p_jobs_' || current_schema(), '')::text END",
        [
            job.tenant_id.clone().into(),
            job.id.into(),
            job.fence.into(),
            state.into(),
            millis(delay).into(),
            error.into(),
            attempts.into(),
        ],
    )
    .await?;
    Ok(rows == 1)
}

/// Whether anybody runs a job of these kinds.
pub(crate) async fn any_running(db: &Db, kinds: &[String]) -> StoreResult<bool> {
    let found: Option<bool> = sql::scalar(
        db.conn(),
        "SELECT EXISTS (SELECT 1 FROM jobs WHERE state = 'running' AND kind = ANY($1)) AS found",
        [kinds.to_vec().into()],
    )
    .await?;
    Ok(found == Some(true))
}
