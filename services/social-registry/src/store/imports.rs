//! Imports: the file in chunks, and what became of its rows.

use sea_orm::{ConnectionTrait, DatabaseTransaction, FromQueryResult};
use serde_json::Value;
use storage::{Db, StoreResult, sql};
use time::OffsetDateTime;
use uuid::Uuid;

/// An import.
#[derive(Debug, Clone, FromQueryResult)]
pub(crate) struct Import {
    pub import_id: Uuid,
    pub kind: String,
    pub state: String,
    pub dry_run: bool,
    pub actor: String,
    pub columns: Option<Value>,
    pub header: Option<Value>,
    pub file_bytes: i64,
    pub total: i64,
    pub chunks: i32,
    pub next_chunk: i32,
    pub created: i64,
    pub updated: i64,
    pub unchanged: i64,
    pub rejected: i64,
    pub error: Option<String>,
    pub created_at: OffsetDateTime,
    pub started_at: Option<OffsetDateTime>,
    pub finished_at: Option<OffsetDateTime>,
}

const COLUMNS: &str =
    "import_id, kind, state, dry_run, actor, columns, header, file_bytes, total, chunks, next_chunk,
    created, updated, unchanged, rejected, error, created_at, started_at, finished_at";

/// Begins an upload.
pub(crate) async fn begin(
    db: &Db,
    tenant: &str,
    import_id: Uuid,
    kind: &str,
    dry_run: bool,
    actor: &str,
    at: OffsetDateTime,
) -> StoreResult<()> {
    sql::execute(
        db.conn(),
        "INSERT INTO imports (tenant_id, import_id, kind, state, dry_run, actor, created_at)
         VALUES ($1, $2, $3, 'uploading', $4, $5, $6)",
        [tenant.into(), import_id.into(), kind.into(), dry_run.into(), actor.into(), at.into()],
    )
    .await?;
    Ok(())
}

/// Stores one chunk of rows.
pub(crate) async fn add_chunk(
    db: &Db,
    tenant: &str,
    import_id: Uuid,
    chunk_no: i32,
    first_row: i64,
    rows: Vec<u8>,
) -> StoreResult<()> {
    sql::execute(
        db.conn(),
        "INSERT INTO import_chunks (tenant_id, import_id, chunk_no, first_row, rows) VALUES ($1, $2, $3, $4, $5)",
        [tenant.into(), import_id.into(), chunk_no.into(), first_row.into(), rows.into()],
    )
    .await?;
    Ok(())
}

/// What the upload found.
pub(crate) struct Uploaded {
    pub columns: Value,
    pub header: Value,
    pub bytes: i64,
    pub total: i64,
    pub chunks: i32,
}

/// Ends an upload: the import waits for its job.
pub(crate) async fn queue<C: ConnectionTrait>(
    tx: &C,
    tenant: &str,
    import_id: Uuid,
    file: Uploaded,
) -> StoreResult<()> {
    sql::execute(
        tx,
        "UPDATE imports SET state = 'queued', columns = $3, header = $4, file_bytes = $5, total = $6, chunks = $7
          WHERE tenant_id = $1 AND import_id = $2",
        [
            tenant.into(),
            import_id.into(),
            file.columns.into(),
            file.header.into(),
            file.bytes.into(),
            file.total.into(),
            file.chunks.into(),
        ],
    )
    .await?;
    Ok(())
}

/// Forgets an upload that failed.
pub(crate) async fn forget(db: &Db, tenant: &str, import_id: Uuid) -> StoreResult<()> {
    sql::execute(
        db.conn(),
        "WITH c AS (DELETE FROM import_chunks WHERE tenant_id = $1 AND import_id = $2)
         DELETE FROM imports WHERE tenant_id = $1 AND import_id = $2 AND state = 'uploading'",
        [tenant.into(), import_id.into()],
    )
    .await?;
    Ok(())
}

/// Forgets uploads that broke off longer ago than an hour; returns how many.
pub(crate) async fn forget_stale(db: &Db) -> StoreResult<u64> {
    sql::execute(
        db.conn(),
        "WITH stale AS (
            SELECT tenant_id, import_id FROM imports
             WHERE state = 'uploading' AND created_at < now() - interval '1 hour' LIMIT 100
         ), c AS (
            DELETE FROM import_chunks AS c USING stale
             WHERE c.tenant_id = stale.tenant_id AND c.import_id = stale.import_id
         )
         DELETE FROM imports AS i USING stale WHERE i.tenant_id = stale.tenant_id AND i.import_id = stale.import_id",
        [],
    )
    .await
}

/// One import.
pub(crate) async fn find<C: ConnectionTrait>(
    conn: &C,
    tenant: &str,
    import_id: Uuid,
) -> StoreResult<Option<Import>> {
    sql::fetch_optional(
        conn,
        &format!("SELECT {COLUMNS} FROM imports WHERE tenant_id = $1 AND import_id = $2"),
        [tenant.into(), import_id.into()],
    )
    .await
}

/// A page of imports, newest first.
pub(crate) async fn list(
    db: &Db,
    tenant: &str,
    before: Option<Uuid>,
    limit: i64,
) -> StoreResult<Vec<Import>> {
    sql::fetch_all(
        db.conn(),
        &format!(
            "SELECT {COLUMNS} FROM imports WHERE tenant_id = $1 AND ($2::uuid IS NULL OR import_id < $2)
              ORDER BY import_id DESC LIMIT $3"
        ),
        [tenant.into(), before.into(), limit.into()],
    )
    .await
}

/// A chunk of rows.
#[derive(FromQueryResult)]
pub(crate) struct Chunk {
    pub chunk_no: i32,
    pub first_row: i64,
    pub rows: Vec<u8>,
}

/// The next chunk to work on; `None` when all are done.
pub(crate) async fn next_chunk(
    db: &Db,
    tenant: &str,
    import_id: Uuid,
    chunk_no: i32,
) -> StoreResult<Option<Chunk>> {
    sql::fetch_optional(
        db.conn(),
        "SELECT chunk_no, first_row, rows FROM import_chunks
          WHERE tenant_id = $1 AND import_id = $2 AND chunk_no = $3",
        [tenant.into(), import_id.into(), chunk_no.into()],
    )
    .await
}

/// What became of a row.
#[derive(Debug, Clone, FromQueryResult)]
pub(crate) struct RowOutcome {
    pub row_no: i64,
    pub outcome: String,
    pub key_hash: Option<Uuid>,
    pub column_name: Option<String>,
    pub code: Option<String>,
    pub reason: Option<String>,
    pub record: Option<Value>,
}

/// Rows of the same file that had one of these keys: key and row.
pub(crate) async fn earlier_keys(
    tx: &DatabaseTransaction,
    tenant: &str,
    import_id: Uuid,
    keys: Vec<Uuid>,
) -> StoreResult<Vec<(Uuid, i64)>> {
    #[derive(FromQueryResult)]
    struct Found {
        key_hash: Uuid,
        row_no: i64,
    }
    let found: Vec<Found> = sql::fetch_all(
        tx,
        "SELECT key_hash, row_no FROM import_rows
          WHERE tenant_id = $1 AND import_id = $2 AND key_hash = ANY($3)",
        [tenant.into(), import_id.into(), keys.into()],
    )
    .await?;
    Ok(found.into_iter().map(|f| (f.key_hash, f.row_no)).collect())
}

/// Counts of one chunk.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Tally {
    pub created: i64,
    pub updated: i64,
    pub unchanged: i64,
    pub rejected: i64,
}

/// Records the outcomes of a chunk, counts them, removes the chunk and moves the import on.
pub(crate) async fn finish_chunk(
    tx: &DatabaseTransaction,
    tenant: &str,
    import_id: Uuid,
    chunk_no: i32,
    outcomes: Vec<RowOutcome>,
    tally: Tally,
    at: OffsetDateTime,
) -> StoreResult<()> {
    let mut columns = Columns::default();
    for outcome in outcomes {
        columns.push(outcome);
    }
    sql::execute(
        tx,
        "INSERT INTO import_rows (tenant_id, import_id, row_no, outcome, key_hash, column_name, code, reason, record)
         SELECT $1, $2, u.* FROM UNNEST($3::bigint[], $4::text[], $5::uuid[], $6::text[], $7::text[], $8::text[],
                                        $9::jsonb[]) AS u",
        [
            tenant.into(),
            import_id.into(),
            columns.row_no.into(),
            columns.outcome.into(),
            sql::nullable(columns.key_hash),
            sql::nullable(columns.column_name),
            sql::nullable(columns.code),
            sql::nullable(columns.reason),
            sql::nullable(columns.record),
        ],
    )
    .await?;
    sql::execute(
        tx,
        "WITH c AS (DELETE FROM import_chunks WHERE tenant_id = $1 AND import_id = $2 AND chunk_no = $3)
         UPDATE imports SET state = 'running', next_chunk = $3 + 1, created = created + $4, updated = updated + $5,
                unchanged = unchanged + $6, rejected = rejected + $7, started_at = COALESCE(started_at, $8)
          WHERE tenant_id = $1 AND import_id = $2",
        [
            tenant.into(),
            import_id.into(),
            chunk_no.into(),
            tally.created.into(),
            tally.updated.into(),
            tally.unchanged.into(),
            tally.rejected.into(),
            at.into(),
        ],
    )
    .await?;
    Ok(())
}

#[derive(Default)]
struct Columns {
    row_no: Vec<i64>,
    outcome: Vec<String>,
    key_hash: Vec<Option<Uuid>>,
    column_name: Vec<Option<String>>,
    code: Vec<Option<String>>,
    reason: Vec<Option<String>>,
    record: Vec<Option<Value>>,
}

impl Columns {
    fn push(&mut self, outcome: RowOutcome) {
        self.row_no.push(outcome.row_no);
        self.outcome.push(outcome.outcome);
        self.key_hash.push(outcome.key_hash);
        self.column_name.push(outcome.column_name);
        self.code.push(outcome.code);
        self.reason.push(outcome.reason);
        self.record.push(outcome.record);
    }
}

/// Ends an import, well or not.
pub(crate) async fn finish<C: ConnectionTrait>(
    tx: &C,
    tenant: &str,
    import_id: Uuid,
    error: Option<&str>,
    at: OffsetDateTime,
) -> StoreResult<()> {
    sql::execute(
        tx,
        "UPDATE imports SET state = CASE WHEN $3::text IS NULL THEN 'done' ELSE 'failed' END, error = $3,
                finished_at = $4
          WHERE tenant_id = $1 AND import_id = $2 AND state IN ('queued', 'running')",
        [tenant.into(), import_id.into(), error.into(), at.into()],
    )
    .await?;
    Ok(())
}

/// Has the server look at the tables that imports fill: plans that were made for empty ones read the whole register for
/// each batch of people. A role that does not own the tables leaves them as they are, with a warning of the server.
pub(crate) async fn refresh_statistics(db: &Db) -> StoreResult<()> {
    sql::execute(db.conn(), "ANALYZE registrants, memberships, identifiers, phones", []).await?;
    Ok(())
}

/// A page of outcomes, by row.
pub(crate) async fn rows(
    db: &Db,
    tenant: &str,
    import_id: Uuid,
    outcome: Option<&str>,
    after: i64,
    limit: i64,
) -> StoreResult<Vec<RowOutcome>> {
    // Two statements, because each has an index of its own.
    let by_outcome = "AND outcome = $5";
    let filter = if outcome.is_some() { by_outcome } else { "AND $5::text IS NULL" };
    sql::fetch_all(
        db.conn(),
        &format!(
            "SELECT row_no, outcome, key_hash, column_name, code, reason, record FROM import_rows
              WHERE tenant_id = $1 AND import_id = $2 AND row_no > $3 {filter} ORDER BY row_no LIMIT $4"
        ),
        [tenant.into(), import_id.into(), after.into(), limit.into(), outcome.into()],
    )
    .await
}
