//! The bytes of files, in pieces.

use sea_orm::{ConnectionTrait, FromQueryResult};
use storage::{StoreResult, sql};
use time::OffsetDateTime;
use uuid::Uuid;

/// Bytes in a piece.
pub const PIECE: usize = 256 * 1024;

/// Notes that a file is being received.
pub async fn begin<C: ConnectionTrait>(
    conn: &C,
    tenant: &str,
    file_id: Uuid,
    at: OffsetDateTime,
) -> StoreResult<()> {
    sql::execute(
        conn,
        "INSERT INTO statement_uploads (tenant_id, file_id, started_at) VALUES ($1, $2, $3)",
        [tenant.into(), file_id.into(), at.into()],
    )
    .await?;
    Ok(())
}

/// Writes a piece.
pub async fn put<C: ConnectionTrait>(
    conn: &C,
    tenant: &str,
    file_id: Uuid,
    no: i32,
    content: Vec<u8>,
) -> StoreResult<()> {
    sql::execute(
        conn,
        "INSERT INTO statement_chunks (tenant_id, file_id, no, content) VALUES ($1, $2, $3, $4)",
        [tenant.into(), file_id.into(), no.into(), content.into()],
    )
    .await?;
    Ok(())
}

/// A piece, counted from 0; `None` after the last one. A file of an earlier version is one piece.
pub async fn read<C: ConnectionTrait>(
    conn: &C,
    tenant: &str,
    file_id: Uuid,
    no: i32,
) -> StoreResult<Option<Vec<u8>>> {
    sql::scalar(
        conn,
        "SELECT content FROM statement_chunks WHERE tenant_id = $1 AND file_id = $2 AND no = $3
          UNION ALL
         SELECT content FROM statement_files
          WHERE tenant_id = $1 AND file_id = $2 AND $3 = 0 AND content IS NOT NULL LIMIT 1",
        [tenant.into(), file_id.into(), no.into()],
    )
    .await
}

/// The file was received whole.
pub async fn finish<C: ConnectionTrait>(tx: &C, tenant: &str, file_id: Uuid) -> StoreResult<()> {
    sql::execute(
        tx,
        "DELETE FROM statement_uploads WHERE tenant_id = $1 AND file_id = $2",
        [tenant.into(), file_id.into()],
    )
    .await?;
    Ok(())
}

/// Removes a file that is not to be kept.
pub async fn remove<C: ConnectionTrait>(conn: &C, tenant: &str, file_id: Uuid) -> StoreResult<()> {
    sql::execute(
        conn,
        "WITH gone AS (DELETE FROM statement_uploads WHERE tenant_id = $1 AND file_id = $2 RETURNING file_id)
         DELETE FROM statement_chunks WHERE tenant_id = $1 AND file_id IN (SELECT file_id FROM gone)",
        [tenant.into(), file_id.into()],
    )
    .await?;
    Ok(())
}

#[derive(FromQueryResult)]
struct Begun {
    tenant_id: String,
    file_id: Uuid,
}

/// Removes files that began before `before` and never ended.
pub async fn forget<C: ConnectionTrait>(conn: &C, before: OffsetDateTime) -> StoreResult<()> {
    let left: Vec<Begun> = sql::fetch_all(
        conn,
        "SELECT tenant_id, file_id FROM statement_uploads WHERE started_at < $1 LIMIT 100",
        [before.into()],
    )
    .await?;
    for file in left {
        remove(conn, &file.tenant_id, file.file_id).await?;
    }
    Ok(())
}
