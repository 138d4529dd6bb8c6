//! Files of changes: their parts, how far the work on them is, and the rows that were refused.

use sea_orm::{ConnectionTrait, FromQueryResult};
use storage::{StoreResult, sql};
use time::OffsetDateTime;
use uuid::Uuid;

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
}

const BULK: &str = "SELECT b.job_id, b.partner_id, b.operation, b.format, b.state, b.created_at, b.started_at,
        b.finished_at, b.digest, b.file_bytes, b.columns, b.parts, b.rows, b.error,
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

/// Whole rows of a file, compressed.
#[derive(FromQueryResult)]
pub(crate) struct StoredPart {
    pub(crate) first_row: i64,
    pub(crate) first_line: i64,
    pub(crate) content: Vec<u8>,
}

/// Its content is somebody's account.
impl std::fmt::Debug for StoredPart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoredPart").field("first_row", &self.first_row).finish_non_exhaustive()
    }
}

/// Keeps a part.
pub(crate) async fn add_part(
    conn: &impl ConnectionTrait,
    tenant: &str,
    job_id: Uuid,
    part_no: i32,
    part: StoredPart,
) -> StoreResult<()> {
    sql::execute(
        conn,
        "INSERT INTO bulk_parts (tenant_id, job_id, part_no, first_row, first_line, content)
         VALUES ($1, $2, $3, $4, $5, $6)",
        [
            tenant.into(),
            job_id.into(),
            part_no.into(),
            part.first_row.into(),
            part.first_line.into(),
            part.content.into(),
        ],
    )
    .await?;
    Ok(())
}

/// The `part_no`th part.
pub(crate) async fn part(
    conn: &impl ConnectionTrait,
    tenant: &str,
    job_id: Uuid,
    part_no: i32,
) -> StoreResult<Option<StoredPart>> {
    sql::fetch_optional(
        conn,
        "SELECT first_row, first_line, content FROM bulk_parts
          WHERE tenant_id = $1 AND job_id = $2 AND part_no = $3",
        [tenant.into(), job_id.into(), part_no.into()],
    )
    .await
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

/// Work on a file begins.
pub(crate) async fn start(
    tx: &impl ConnectionTrait,
    tenant: &str,
    job_id: Uuid,
    at: OffsetDateTime,
) -> StoreResult<()> {
    sql::execute(
        tx,
        "UPDATE bulk_jobs SET state = 'running', started_at = $3
          WHERE tenant_id = $1 AND job_id = $2 AND state = 'queued'",
        [tenant.into(), job_id.into(), at.into()],
    )
    .await?;
    Ok(())
}

/// Work on a file ends, well or with an error. Its parts go.
pub(crate) async fn finish(
    tx: &impl ConnectionTrait,
    tenant: &str,
    job_id: Uuid,
    error: Option<&str>,
    at: OffsetDateTime,
) -> StoreResult<()> {
    sql::execute(
        tx,
        "WITH worked AS (DELETE FROM bulk_parts WHERE tenant_id = $1 AND job_id = $2)
         UPDATE bulk_jobs SET state = CASE WHEN $3::text IS NULL THEN 'done' ELSE 'failed' END, error = $3, finished_at = $4
          WHERE tenant_id = $1 AND job_id = $2 AND state IN ('queued', 'running')",
        [tenant.into(), job_id.into(), error.into(), at.into()],
    )
    .await?;
    Ok(())
}

/// How far a lane is.
#[derive(Debug, Clone, Copy, FromQueryResult)]
pub(crate) struct Lane {
    pub(crate) lane: i32,
    pub(crate) next_part: i32,
}

/// The lanes of a file.
pub(crate) async fn lanes(conn: &impl ConnectionTrait, tenant: &str, job_id: Uuid) -> StoreResult<Vec<Lane>> {
    sql::fetch_all(
        conn,
        "SELECT lane, next_part FROM bulk_lanes WHERE tenant_id = $1 AND job_id = $2 ORDER BY lane",
        [tenant.into(), job_id.into()],
    )
    .await
}

/// Notes that a lane is through a part, in the transaction of its changes.
pub(crate) async fn advance(
    tx: &impl ConnectionTrait,
    tenant: &str,
    job_id: Uuid,
    lane: Lane,
    changed: i64,
    rejected: i64,
) -> StoreResult<()> {
    sql::execute(
        tx,
        "UPDATE bulk_lanes SET next_part = $4 + 1, changed = changed + $5, rejected = rejected + $6
          WHERE tenant_id = $1 AND job_id = $2 AND lane = $3",
        [
            tenant.into(),
            job_id.into(),
            lane.lane.into(),
            lane.next_part.into(),
            changed.into(),
            rejected.into(),
        ],
    )
    .await?;
    Ok(())
}

/// What is lost when the server dies now is done again: progress and changes are of one transaction, and are lost together.
pub(crate) async fn commit_without_waiting(tx: &impl ConnectionTrait) -> StoreResult<()> {
    sql::execute(tx, "SET LOCAL synchronous_commit = off", []).await?;
    Ok(())
}

/// Removes the parts that all lanes are through.
pub(crate) async fn drop_worked_parts(
    conn: &impl ConnectionTrait,
    tenant: &str,
    job_id: Uuid,
) -> StoreResult<()> {
    sql::execute(
        conn,
        "DELETE FROM bulk_parts WHERE tenant_id = $1 AND job_id = $2
            AND part_no < (SELECT min(next_part) FROM bulk_lanes WHERE tenant_id = $1 AND job_id = $2)",
        [tenant.into(), job_id.into()],
    )
    .await?;
    Ok(())
}

/// A row that was refused.
#[derive(Debug, FromQueryResult)]
pub(crate) struct Reject {
    pub(crate) row_no: i64,
    pub(crate) line_no: i64,
    pub(crate) id_value: Option<String>,
    pub(crate) reference_id: Option<String>,
    pub(crate) column_name: Option<String>,
    pub(crate) code: String,
    pub(crate) reason: String,
}

/// Keeps rows that were refused.
pub(crate) async fn reject(
    tx: &impl ConnectionTrait,
    tenant: &str,
    job_id: Uuid,
    rejects: Vec<Reject>,
) -> StoreResult<()> {
    if rejects.is_empty() {
        return Ok(());
    }
    let (mut rows, mut lines, mut ids, mut references) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut columns, mut codes, mut reasons) = (Vec::new(), Vec::new(), Vec::new());
    for reject in rejects {
        rows.push(reject.row_no);
        lines.push(reject.line_no);
        ids.push(reject.id_value);
        references.push(reject.reference_id);
        columns.push(reject.column_name);
        codes.push(reject.code);
        reasons.push(reject.reason);
    }
    sql::execute(
        tx,
        "INSERT INTO bulk_rejects (tenant_id, job_id, row_no, line_no, id_value, reference_id, column_name, code, reason)
         SELECT $1, $2, * FROM UNNEST($3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[])",
        [
            tenant.into(),
            job_id.into(),
            rows.into(),
            lines.into(),
            sql::nullable(ids),
            sql::nullable(references),
            sql::nullable(columns),
            codes.into(),
            reasons.into(),
        ],
    )
    .await?;
    Ok(())
}

/// Refused rows after the `after`th row, in their order.
pub(crate) async fn rejects(
    conn: &impl ConnectionTrait,
    tenant: &str,
    job_id: Uuid,
    after: i64,
    limit: i64,
) -> StoreResult<Vec<Reject>> {
    sql::fetch_all(
        conn,
        "SELECT row_no, line_no, id_value, reference_id, column_name, code, reason FROM bulk_rejects
          WHERE tenant_id = $1 AND job_id = $2 AND row_no > $3 ORDER BY row_no LIMIT $4",
        [tenant.into(), job_id.into(), after.into(), limit.into()],
    )
    .await
}

/// Of these ids those whose newest change is of this file: an earlier row has them.
pub(crate) async fn changed_before(
    tx: &impl ConnectionTrait,
    tenant: &str,
    job_id: Uuid,
    ids: Vec<String>,
) -> StoreResult<Vec<String>> {
    sql::scalars(
        tx,
        "SELECT i.id_value FROM UNNEST($3::text[]) AS i (id_value)
           JOIN mapping_ids m ON m.tenant_id = $1 AND m.id_value = i.id_value
           JOIN mapping_history h ON h.tenant_id = m.tenant_id AND h.id_value = m.id_value AND h.no = m.entries
          WHERE h.message_id = $2",
        [tenant.into(), job_id.to_string().into(), ids.into()],
    )
    .await
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
        "SELECT tenant_id, job_id FROM bulk_jobs WHERE created_at < $1 AND state IN ('done', 'failed')
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
