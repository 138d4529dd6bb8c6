//! What operators and callers ask about jobs.

use sea_orm::FromQueryResult;
use serde::Serialize;
use storage::{Db, StoreResult, sql};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{JobState, JobStatus};

#[derive(FromQueryResult)]
struct StatusRow {
    id: Uuid,
    tenant_id: String,
    kind: String,
    state: String,
    done: i64,
    total: Option<i64>,
    attempts: i32,
    max_attempts: i32,
    last_error: Option<String>,
    created_at: OffsetDateTime,
    run_at: OffsetDateTime,
    finished_at: Option<OffsetDateTime>,
}

/// Where a job stands; `None` when there is none or it was removed after its retention.
///
/// # Errors
/// When the database cannot be asked.
pub async fn status(db: &Db, id: Uuid) -> StoreResult<Option<JobStatus>> {
    let row: Option<StatusRow> = sql::fetch_optional(
        db.conn(),
        "SELECT id, tenant_id, kind, state, done, total, attempts, max_attempts, last_error, created_at, run_at,
                finished_at FROM jobs WHERE id = $1",
        [id.into()],
    )
    .await?;
    row.map(|row| {
        Ok(JobStatus {
            id: row.id,
            tenant: row.tenant_id,
            state: JobState::parse(&row.state)?,
            kind: row.kind,
            done: row.done,
            total: row.total,
            attempts: row.attempts,
            max_attempts: row.max_attempts,
            last_error: row.last_error,
            created_at: row.created_at,
            run_at: row.run_at,
            finished_at: row.finished_at,
        })
    })
    .transpose()
}

/// How many jobs are in which state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, FromQueryResult)]
pub struct PendingCounts {
    /// Due now or later.
    pub pending: i64,
    /// Held by a worker.
    pub running: i64,
    /// Failed for good.
    pub dead: i64,
    /// Seconds since the oldest due job became due; 0 when none waits.
    pub oldest_due_seconds: i64,
}

impl PendingCounts {
    /// Whether nothing is left to do (dead jobs are not going to be done).
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.pending == 0 && self.running == 0
    }
}

/// Counts the jobs of this schema, for health, metrics and the demo's final check.
///
/// # Errors
/// When the database cannot be asked.
pub async fn pending_counts(db: &Db) -> StoreResult<PendingCounts> {
    sql::fetch_one(
        db.conn(),
        "the job counts",
        "SELECT (SELECT count(*) FROM jobs WHERE state = 'pending') AS pending,
                (SELECT count(*) FROM jobs WHERE state = 'running') AS running,
                (SELECT count(*) FROM jobs WHERE state = 'dead') AS dead,
                (SELECT COALESCE(GREATEST(extract(epoch FROM now() - min(run_at)), 0), 0)::bigint
                   FROM jobs WHERE state = 'pending') AS oldest_due_seconds",
        [],
    )
    .await
}

/// A job that failed for good.
#[derive(Debug, Clone, Serialize, FromQueryResult)]
pub struct DeadJob {
    /// The job; also the cursor of the next page.
    pub id: Uuid,
    /// Whose job it is.
    pub tenant_id: String,
    /// Its kind.
    pub kind: String,
    /// Its key among live jobs.
    pub dedup_key: Option<String>,
    /// Attempts it had.
    pub attempts: i32,
    /// Text of the last failure.
    pub last_error: Option<String>,
    /// When it died.
    #[serde(with = "time::serde::rfc3339::option")]
    pub finished_at: Option<OffsetDateTime>,
}

/// A page of dead jobs, by id after `after`.
///
/// # Errors
/// When the database cannot be asked.
pub async fn dead_jobs(db: &Db, after: Option<Uuid>, limit: u32) -> StoreResult<Vec<DeadJob>> {
    sql::fetch_all(
        db.conn(),
        "SELECT id, tenant_id, kind, dedup_key, attempts, last_error, finished_at FROM jobs
          WHERE state = 'dead' AND ($1::uuid IS NULL OR id > $1) ORDER BY id LIMIT $2",
        [after.into(), i64::from(limit.min(1000)).into()],
    )
    .await
}

/// Gives dead jobs a fresh set of attempts: all of them, or those of one kind, or one job. Skipped are those whose key
/// is live again, because that job does the same work. Returns how many were put back.
///
/// # Errors
/// When the database cannot be asked.
pub async fn redrive(db: &Db, kind: Option<&str>, id: Option<Uuid>) -> StoreResult<u64> {
    sql::execute(
        db.conn(),
        "WITH chosen AS (
            -- Of several dead jobs with one key only the newest comes back.
            SELECT DISTINCT ON (d.tenant_id, d.kind, COALESCE(d.dedup_key, d.id::text)) d.tenant_id, d.id
              FROM jobs AS d
             WHERE d.state = 'dead' AND ($1::text IS NULL OR d.kind = $1) AND ($2::uuid IS NULL OR d.id = $2)
               AND NOT EXISTS (SELECT 1 FROM jobs AS live
                                WHERE live.tenant_id = d.tenant_id AND live.kind = d.kind
                                  AND live.dedup_key = d.dedup_key AND live.state IN ('pending', 'running'))
             ORDER BY d.tenant_id, d.kind, COALESCE(d.dedup_key, d.id::text), d.id DESC
         ), woken AS MATERIALIZED (SELECT pg_notify('openg2p_jobs_' || current_schema(), ''))
         UPDATE jobs AS j SET state = 'pending', attempts = 0, run_at = now(), finished_at = NULL
           FROM chosen, woken WHERE j.tenant_id = chosen.tenant_id AND j.id = chosen.id AND j.state = 'dead'",
        [kind.into(), id.into()],
    )
    .await
}

/// Removes up to 1,000 jobs that finished longer ago than `retention`. Dead jobs stay.
///
/// # Errors
/// When the database cannot be asked.
pub async fn remove_finished(db: &Db, retention: std::time::Duration) -> StoreResult<u64> {
    sql::execute(
        db.conn(),
        "DELETE FROM jobs AS j USING (
            SELECT tenant_id, id FROM jobs
             WHERE state = 'done' AND finished_at < now() - $1 * interval '1 millisecond'
             ORDER BY finished_at LIMIT 1000 FOR UPDATE SKIP LOCKED) AS old
          WHERE j.tenant_id = old.tenant_id AND j.id = old.id",
        [crate::store::millis(retention).into()],
    )
    .await
}
