//! Files of changes, and their states.

mod rejects;
mod work;

pub(crate) use rejects::{Reject, reject, rejects};
pub(crate) use work::{
    Lane, StoredPart, add_part, advance, changed_before, commit_without_waiting, drop_worked_parts, lanes,
    part,
};

use sea_orm::{ConnectionTrait, FromQueryResult};
use storage::{StoreResult, sql};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::domain::bulk::{BulkState, BulkStep};

/// A file to take in.
#[derive(Debug)]
pub(crate) struct NewBulk<'a> {
    pub(crate) tenant: &'a str,
    pub(crate) job_id: Uuid,
    pub(crate) partner_id: &'a str,
    pub(crate) operation: &'a str,
    pub(crate) format: &'a str,
    pub(crate) at: OffsetDateTime,
}

/// A file, and how far the work on it is.
#[derive(Debug, Clone, FromQueryResult)]
pub(crate) struct Bulk {
    pub(crate) job_id: Uuid,
    pub(crate) partner_id: String,
    pub(crate) operation: String,
    pub(crate) format: String,
    pub(crate) state: String,
    pub(crate) created_at: OffsetDateTime,
    pub(crate) started_at: Option<OffsetDateTime>,
    pub(crate) finished_at: Option<OffsetDateTime>,
    pub(crate) digest: Option<Vec<u8>>,
    pub(crate) file_bytes: i64,
    pub(crate) columns: Vec<String>,
    pub(crate) parts: i32,
    pub(crate) rows: i64,
    pub(crate) changed: i64,
    pub(crate) rejected: i64,
    pub(crate) error: Option<String>,
    pub(crate) cancelled_by: Option<String>,
}

impl Bulk {
    /// Rows that were changed or refused.
    pub(crate) const fn worked_on(&self) -> i64 {
        self.changed + self.rejected
    }

    /// Of a file that was given up or cancelled: why, and how much of it was not worked on.
    pub(crate) fn left_undone(&self) -> Option<String> {
        let what = match BulkState::parse(&self.state)? {
            BulkState::Failed => {
                format!("given up ({})", self.error.as_deref().unwrap_or("no reason was kept"))
            }
            BulkState::Cancelled => "cancelled".to_owned(),
            BulkState::Uploading | BulkState::Queued | BulkState::Running | BulkState::Done => return None,
        };
        let left = self.rows - self.worked_on();
        Some(format!("the file was {what}; {left} of its {} rows were not worked on", self.rows))
    }
}

const BULK: &str = "SELECT b.job_id, b.partner_id, b.operation, b.format, b.state, b.created_at, b.started_at,
        b.finished_at, b.digest, b.file_bytes, b.columns, b.parts, b.rows, b.error, b.cancelled_by,
        coalesce(l.changed, 0)::bigint AS changed, (b.refused_rows + coalesce(l.rejected, 0))::bigint AS rejected
   FROM bulk_jobs b
   LEFT JOIN LATERAL (SELECT sum(changed) AS changed, sum(rejected) AS rejected FROM bulk_lanes l
                       WHERE l.tenant_id = b.tenant_id AND l.job_id = b.job_id) l ON true";

/// Begins to take a file in, unless the partner has `most` of them. `false`: it has.
pub(crate) async fn begin(conn: &impl ConnectionTrait, new: NewBulk<'_>, most: u32) -> StoreResult<bool> {
    let rows = sql::execute(
        conn,
        "INSERT INTO bulk_jobs (tenant_id, job_id, partner_id, operation, format, state, created_at)
         SELECT $1, $2, $3, $4, $5, 'uploading', $6
          WHERE (SELECT count(*) FROM bulk_jobs
                  WHERE tenant_id = $1 AND partner_id = $3 AND state IN ('uploading', 'queued', 'running')) < $7",
        [
            new.tenant.into(),
            new.job_id.into(),
            new.partner_id.into(),
            new.operation.into(),
            new.format.into(),
            new.at.into(),
            i64::from(most).into(),
        ],
    )
    .await?;
    Ok(rows == 1)
}

/// What is known of a file once it is here.
#[derive(Debug)]
pub(crate) struct Uploaded<'a> {
    pub(crate) key: Option<&'a str>,
    pub(crate) digest: &'a [u8],
    pub(crate) file_bytes: i64,
    pub(crate) columns: Vec<String>,
    pub(crate) parts: i32,
    pub(crate) rows: i64,
    pub(crate) refused_rows: i64,
    pub(crate) lanes: i32,
}

/// The file is here and waits for its job. `false`: another one of the partner has its key.
pub(crate) async fn queue(
    tx: &impl ConnectionTrait,
    tenant: &str,
    job_id: Uuid,
    file: Uploaded<'_>,
) -> StoreResult<bool> {
    let rows = sql::execute(
        tx,
        "WITH queued AS (
            UPDATE bulk_jobs b
               SET state = 'queued', idempotency_key = $3, digest = $4, file_bytes = $5, columns = $6, parts = $7,
                   rows = $8, refused_rows = $9
             WHERE tenant_id = $1 AND job_id = $2 AND state = 'uploading'
               AND NOT EXISTS (SELECT FROM bulk_jobs o WHERE o.tenant_id = b.tenant_id AND o.partner_id = b.partner_id
                                                         AND o.idempotency_key = $3)
            RETURNING tenant_id, job_id
         )
         INSERT INTO bulk_lanes (tenant_id, job_id, lane)
         SELECT tenant_id, job_id, lane FROM queued, generate_series(0, $10 - 1) AS lane",
        [
            tenant.into(),
            job_id.into(),
            file.key.into(),
            file.digest.to_vec().into(),
            file.file_bytes.into(),
            file.columns.into(),
            file.parts.into(),
            file.rows.into(),
            file.refused_rows.into(),
            file.lanes.into(),
        ],
    )
    .await?;
    Ok(rows > 0)
}

/// The file of a partner that came with this key.
pub(crate) async fn of_key(
    conn: &impl ConnectionTrait,
    tenant: &str,
    partner_id: &str,
    key: &str,
) -> StoreResult<Option<Bulk>> {
    sql::fetch_optional(
        conn,
        &format!("{BULK} WHERE b.tenant_id = $1 AND b.partner_id = $2 AND b.idempotency_key = $3"),
        [tenant.into(), partner_id.into(), key.into()],
    )
    .await
}

/// A file.
pub(crate) async fn find(
    conn: &impl ConnectionTrait,
    tenant: &str,
    job_id: Uuid,
) -> StoreResult<Option<Bulk>> {
    let query = format!("{BULK} WHERE b.tenant_id = $1 AND b.job_id = $2");
    sql::fetch_optional(conn, &query, [tenant.into(), job_id.into()]).await
}

/// Which files to list.
#[derive(Debug, Default)]
pub(crate) struct Wanted<'a> {
    /// Of one partner.
    pub(crate) partner_id: Option<&'a str>,
    /// In one state.
    pub(crate) state: Option<BulkState>,
    /// Those that came before this one.
    pub(crate) before: Option<Uuid>,
    pub(crate) limit: i64,
}

/// Files, the newest first.
pub(crate) async fn list(
    conn: &impl ConnectionTrait,
    tenant: &str,
    wanted: &Wanted<'_>,
) -> StoreResult<Vec<Bulk>> {
    let query = format!(
        "{BULK} WHERE b.tenant_id = $1 AND ($2::text IS NULL OR b.partner_id = $2) AND ($3::text IS NULL OR b.state = $3)
            AND ($4::uuid IS NULL OR b.job_id < $4) ORDER BY b.job_id DESC LIMIT $5"
    );
    let values = [
        tenant.into(),
        wanted.partner_id.map(str::to_owned).into(),
        wanted.state.map(|state| state.as_str().to_owned()).into(),
        wanted.before.into(),
        wanted.limit.into(),
    ];
    sql::fetch_all(conn, &query, values).await
}

/// The state of a file, which nobody else changes until the transaction ends.
async fn hold(tx: &impl ConnectionTrait, tenant: &str, job_id: Uuid) -> StoreResult<Option<BulkState>> {
    let query = "SELECT state FROM bulk_jobs WHERE tenant_id = $1 AND job_id = $2 FOR UPDATE";
    let state: Option<String> = sql::scalar(tx, query, [tenant.into(), job_id.into()]).await?;
    Ok(state.as_deref().and_then(BulkState::parse))
}

/// Work on a file begins, or begins again. `false`: it may not be worked on.
pub(crate) async fn start(
    tx: &impl ConnectionTrait,
    tenant: &str,
    job_id: Uuid,
    at: OffsetDateTime,
) -> StoreResult<bool> {
    let Some(next) = hold(tx, tenant, job_id).await?.and_then(|state| state.after(BulkStep::Start)) else {
        return Ok(false);
    };
    sql::execute(
        tx,
        "UPDATE bulk_jobs SET state = $3, started_at = coalesce(started_at, $4) WHERE tenant_id = $1 AND job_id = $2",
        [tenant.into(), job_id.into(), next.as_str().into(), at.into()],
    )
    .await?;
    Ok(true)
}

/// Whether a file is worked on, and stays so until the transaction ends. Asked last in it: who cancels waits no longer than
/// for its commit.
pub(crate) async fn still_running(
    tx: &impl ConnectionTrait,
    tenant: &str,
    job_id: Uuid,
) -> StoreResult<bool> {
    let query = "SELECT state FROM bulk_jobs WHERE tenant_id = $1 AND job_id = $2 FOR SHARE";
    let state: Option<String> = sql::scalar(tx, query, [tenant.into(), job_id.into()]).await?;
    Ok(state.as_deref() == Some(BulkState::Running.as_str()))
}

/// How the work on a file ends.
#[derive(Debug, Clone, Copy)]
pub(crate) enum End<'a> {
    /// All rows were worked on.
    Done,
    /// It was given up.
    Failed { why: &'a str },
    /// Somebody cancelled it.
    Cancelled { by: &'a str },
}

/// Work on a file ends. Its parts go. `false`: it had ended before, or is not there to be worked on.
pub(crate) async fn end(
    tx: &impl ConnectionTrait,
    tenant: &str,
    job_id: Uuid,
    end: End<'_>,
    at: OffsetDateTime,
) -> StoreResult<bool> {
    let (step, error, by) = match end {
        End::Done => (BulkStep::Finish, None, None),
        End::Failed { why } => (BulkStep::GiveUp, Some(why), None),
        End::Cancelled { by } => (BulkStep::Cancel, None, Some(by)),
    };
    let Some(next) = hold(tx, tenant, job_id).await?.and_then(|state| state.after(step)) else {
        return Ok(false);
    };
    sql::execute(
        tx,
        "WITH worked AS (DELETE FROM bulk_parts WHERE tenant_id = $1 AND job_id = $2)
         UPDATE bulk_jobs SET state = $3, error = $4, cancelled_by = $5, finished_at = $6
          WHERE tenant_id = $1 AND job_id = $2",
        [tenant.into(), job_id.into(), next.as_str().into(), error.into(), by.into(), at.into()],
    )
    .await?;
    Ok(true)
}

/// Forgets an upload that failed.
pub(crate) async fn forget(conn: &impl ConnectionTrait, tenant: &str, job_id: Uuid) -> StoreResult<()> {
    sql::execute(
        conn,
        "WITH parts AS (DELETE FROM bulk_parts WHERE tenant_id = $1 AND job_id = $2),
              rejects AS (DELETE FROM bulk_rejects WHERE tenant_id = $1 AND job_id = $2)
         DELETE FROM bulk_jobs WHERE tenant_id = $1 AND job_id = $2 AND state = 'uploading'",
        [tenant.into(), job_id.into()],
    )
    .await?;
    Ok(())
}

#[derive(FromQueryResult)]
struct Old {
    tenant_id: String,
    job_id: Uuid,
}

/// Rows that one statement removes.
const FORGET_BATCH: u64 = 10_000;

/// Removes files whose report is older than `before`, and uploads that broke off an hour ago.
pub(crate) async fn forget_old(conn: &impl ConnectionTrait, before: OffsetDateTime) -> StoreResult<()> {
    let old: Vec<Old> = sql::fetch_all(
        conn,
        "SELECT tenant_id, job_id FROM bulk_jobs WHERE created_at < $1 AND state IN ('done', 'failed', 'cancelled')
         UNION ALL
         SELECT tenant_id, job_id FROM bulk_jobs b
          WHERE state = 'uploading' AND begun_at < now() - interval '1 hour'
            AND NOT EXISTS (SELECT FROM bulk_parts p WHERE p.tenant_id = b.tenant_id AND p.job_id = b.job_id
                                                       AND p.stored_at > now() - interval '1 hour')",
        [before.into()],
    )
    .await?;
    for Old { tenant_id, job_id } in old {
        while sql::execute(
            conn,
            "DELETE FROM bulk_rejects WHERE tenant_id = $1 AND job_id = $2 AND row_no IN (
                SELECT row_no FROM bulk_rejects WHERE tenant_id = $1 AND job_id = $2 ORDER BY row_no LIMIT $3)",
            [
                tenant_id.clone().into(),
                job_id.into(),
                i64::try_from(FORGET_BATCH).unwrap_or(i64::MAX).into(),
            ],
        )
        .await?
            == FORGET_BATCH
        {}
        sql::execute(
            conn,
            "WITH parts AS (DELETE FROM bulk_parts WHERE tenant_id = $1 AND job_id = $2),
                  lanes AS (DELETE FROM bulk_lanes WHERE tenant_id = $1 AND job_id = $2)
             DELETE FROM bulk_jobs WHERE tenant_id = $1 AND job_id = $2",
            [tenant_id.into(), job_id.into()],
        )
        .await?;
    }
    Ok(())
}
