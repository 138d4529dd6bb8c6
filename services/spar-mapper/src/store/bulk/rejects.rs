//! Rows of files that were refused.

use sea_orm::{ConnectionTrait, FromQueryResult};
use storage::{StoreResult, sql};
use uuid::Uuid;

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
