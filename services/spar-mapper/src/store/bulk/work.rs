//! The parts of a file, and how far the work on them is.

use sea_orm::{ConnectionTrait, FromQueryResult};
use storage::{StoreResult, sql};
use uuid::Uuid;

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
          CROSS JOIN LATERAL (SELECT message_id FROM mapping_history h
                               WHERE h.tenant_id = $1 AND h.id_value = i.id_value ORDER BY h.no DESC LIMIT 1) newest
          WHERE newest.message_id = $2",
        [tenant.into(), job_id.to_string().into(), ids.into()],
    )
    .await
}
