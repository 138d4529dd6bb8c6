//! What became of files of changes.

use actix_web::{HttpResponse, get, web};
use futures_util::stream;
use platform::{ApiError, ApiResult, Caller, Page, PageQuery, Problem, clock::rfc3339};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::after;
use crate::{
    api::Shared,
    app::bulk,
    store::bulk::{Bulk, Reject},
};

/// A file and how far the work on it is.
#[derive(Serialize, ToSchema)]
struct BulkView {
    /// Its id.
    job_id: Uuid,
    /// `link`, `update` or `unlink`.
    operation: String,
    /// `csv`, `ndjson` or `json`.
    format: String,
    /// Who sent it.
    partner_id: String,
    /// `uploading`, `queued`, `running`, `done` or `failed`.
    state: String,
    /// Size of the file without its content coding.
    file_bytes: i64,
    /// Rows of the file.
    rows: i64,
    /// Rows that were worked on.
    done: i64,
    /// Rows that were done as they asked.
    changed: i64,
    /// Rows that were refused.
    rejected: i64,
    /// Why it failed.
    error: Option<String>,
    /// When it came, RFC 3339.
    created_at: String,
    /// When the work on it began.
    started_at: Option<String>,
    /// When it ended.
    finished_at: Option<String>,
}

impl From<Bulk> for BulkView {
    fn from(file: Bulk) -> Self {
        Self {
            job_id: file.job_id,
            operation: file.operation,
            format: file.format,
            partner_id: file.partner_id,
            state: file.state,
            file_bytes: file.file_bytes,
            rows: file.rows,
            done: file.changed + file.rejected,
            changed: file.changed,
            rejected: file.rejected,
            error: file.error,
            created_at: rfc3339(file.created_at),
            started_at: file.started_at.map(rfc3339),
            finished_at: file.finished_at.map(rfc3339),
        }
    }
}

/// A row that was refused.
#[derive(Serialize, ToSchema)]
struct RejectView {
    /// Row of the file, from 1; the header of a CSV file is none.
    row: i64,
    /// Line of the file at which it begins, from 1.
    line: i64,
    /// The id in it, when it could be read.
    id: Option<String>,
    /// The `reference_id` in it.
    reference_id: Option<String>,
    /// The column or member that is wrong; null for the whole row.
    column: Option<String>,
    /// Stable code of what is wrong.
    code: String,
    /// What is wrong.
    reason: String,
}

impl From<Reject> for RejectView {
    fn from(reject: Reject) -> Self {
        Self {
            row: reject.row_no,
            line: reject.line_no,
            id: reject.id_value,
            reference_id: reject.reference_id,
            column: reject.column_name,
            code: reject.code,
            reason: reject.reason,
        }
    }
}

/// State and figures of a file. For the partner that sent it; for others with `mapper:bulk`.
#[utoipa::path(tag = "bulk", security(("bearer" = [])), params(("job_id" = Uuid, Path)), responses((status = 200, body = BulkView), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
#[get("/bulk/{job_id}")]
pub(super) async fn find(
    state: Shared,
    caller: Caller,
    job_id: web::Path<Uuid>,
) -> ApiResult<web::Json<BulkView>> {
    Ok(web::Json(bulk::find(&state, caller.ctx(), *job_id).await?.into()))
}

/// Rows of a file that were refused, in their order.
#[utoipa::path(tag = "bulk", security(("bearer" = [])), params(("job_id" = Uuid, Path), PageQuery), responses((status = 200, body = Page<RejectView>), (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
#[get("/bulk/{job_id}/rejects")]
pub(super) async fn rejects(
    state: Shared,
    caller: Caller,
    job_id: web::Path<Uuid>,
    page: web::Query<PageQuery>,
) -> ApiResult<web::Json<Page<RejectView>>> {
    let from = after(page.after.as_deref())?;
    let limit = i64::from(page.limit()) + 1;
    let rows = bulk::rejects(&state, caller.ctx(), *job_id, from, limit).await?;
    let page = Page::from_rows(rows, page.limit(), |reject| reject.row_no.to_string());
    Ok(web::Json(Page { items: page.items.into_iter().map(RejectView::from).collect(), next: page.next }))
}

/// All rows that were refused, as a CSV file: row, line, id, `reference_id`, column, code, reason.
#[utoipa::path(tag = "bulk", security(("bearer" = [])), params(("job_id" = Uuid, Path)), responses((status = 200, body = String, content_type = "text/csv"), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
#[get("/bulk/{job_id}/rejects.csv")]
pub(super) async fn rejects_file(
    state: Shared,
    caller: Caller,
    job_id: web::Path<Uuid>,
) -> ApiResult<HttpResponse> {
    let job_id = bulk::find(&state, caller.ctx(), *job_id).await?.job_id;
    let (state, tenant) = (state.into_inner(), caller.ctx().tenant.as_str().to_owned());
    let header = ["row", "line", "id", "reference_id", "column", "code", "reason"].map(str::to_owned);
    let first = csv_lines(std::iter::once(header))?;
    // Piece after piece, so that a file of any size takes the memory of one.
    let pieces = stream::try_unfold((Some(first), 0_i64), move |(head, after)| {
        let (state, tenant) = (state.clone(), tenant.clone());
        async move {
            if let Some(head) = head {
                return Ok::<_, ApiError>(Some((web::Bytes::from(head), (None, after))));
            }
            let refused = bulk::next_rejects(&state, &tenant, job_id, after).await?;
            let Some(last) = refused.last().map(|reject| reject.row_no) else { return Ok(None) };
            Ok(Some((web::Bytes::from(csv_lines(refused.into_iter().map(line))?), (None, last))))
        }
    });
    Ok(HttpResponse::Ok()
        .content_type("text/csv; charset=utf-8")
        .insert_header(("Content-Disposition", format!("attachment; filename=\"rejects-{job_id}.csv\"")))
        .streaming(Box::pin(pieces)))
}

fn line(reject: Reject) -> [String; 7] {
    [
        reject.row_no.to_string(),
        reject.line_no.to_string(),
        reject.id_value.unwrap_or_default(),
        reject.reference_id.unwrap_or_default(),
        reject.column_name.unwrap_or_default(),
        reject.code,
        reject.reason,
    ]
}

fn csv_lines(lines: impl Iterator<Item = [String; 7]>) -> ApiResult<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for line in lines {
        writer.write_record(&line).map_err(ApiError::internal)?;
    }
    writer.into_inner().map_err(ApiError::internal)
}
