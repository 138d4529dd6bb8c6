//! What became of files of changes.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use futures_util::{StreamExt, stream};
use platform::{ApiError, ApiResult, Caller, Page, PageQuery, Problem, clock::rfc3339};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{acting, after, cursor_id};
use crate::{
    api::Shared,
    app::bulk::{self, Listed},
    domain::bulk::BulkState,
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
    /// `uploading`, `queued`, `running`, `done`, `failed` or `cancelled`.
    state: String,
    /// Size of the file without its content coding.
    file_bytes: i64,
    /// Rows of the file.
    rows: i64,
    /// Rows that were worked on.
    done: i64,
    /// Rows that were not worked on; of a file that `failed` or was `cancelled` they never will be.
    left: i64,
    /// Rows that were done as they asked.
    changed: i64,
    /// Rows that were refused.
    rejected: i64,
    /// Why it failed.
    error: Option<String>,
    /// Who cancelled it.
    cancelled_by: Option<String>,
    /// When it came, RFC 3339.
    created_at: String,
    /// When the work on it began.
    started_at: Option<String>,
    /// When it ended.
    finished_at: Option<String>,
}

impl From<Bulk> for BulkView {
    fn from(file: Bulk) -> Self {
        let done = file.worked_on();
        Self {
            job_id: file.job_id,
            operation: file.operation,
            format: file.format,
            partner_id: file.partner_id,
            state: file.state,
            file_bytes: file.file_bytes,
            rows: file.rows,
            done,
            left: file.rows - done,
            changed: file.changed,
            rejected: file.rejected,
            error: file.error,
            cancelled_by: file.cancelled_by,
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

/// Which files.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Which {
    /// `uploading`, `queued`, `running`, `done`, `failed` or `cancelled`; all when absent.
    state: Option<String>,
    /// Of this partner; a partner sees its own only.
    partner_id: Option<String>,
}

/// Files, the newest first. A partner sees its own; others need `mapper:bulk`.
#[utoipa::path(tag = "bulk", security(("bearer" = [])), params(Which, PageQuery), responses((status = 200, body = Page<BulkView>), (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem)))]
#[get("/bulk")]
pub(super) async fn list(
    state: Shared,
    caller: Caller,
    which: web::Query<Which>,
    page: web::Query<PageQuery>,
) -> ApiResult<web::Json<Page<BulkView>>> {
    let which = which.into_inner();
    let only = which.state.as_deref().map(|text| {
        let rule = "is uploading, queued, running, done, failed or cancelled";
        BulkState::parse(text).ok_or_else(|| {
            ApiError::bad_request("invalid_field", format!("state {rule}")).with_field("state", rule)
        })
    });
    let listed = Listed {
        state: only.transpose()?,
        partner_id: which.partner_id,
        before: cursor_id(page.after.as_deref())?,
        limit: i64::from(page.limit()) + 1,
    };
    let rows = bulk::list(&state, caller.ctx(), &listed).await?;
    let page = Page::from_rows(rows, page.limit(), |file| file.job_id.to_string());
    Ok(web::Json(Page { items: page.items.into_iter().map(BulkView::from).collect(), next: page.next }))
}

/// Stop the work on a file. Rows that were changed stay changed; `left` says how many were not worked on. Cancelling again
/// changes nothing. For the partner that sent the file; others need `mapper:bulk` and `mapper:write`.
#[utoipa::path(tag = "bulk", security(("bearer" = [])), params(("job_id" = Uuid, Path)), responses((status = 200, body = BulkView), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
#[post("/bulk/{job_id}/cancel")]
pub(super) async fn cancel(
    state: Shared,
    caller: Caller,
    request: HttpRequest,
    job_id: web::Path<Uuid>,
) -> ApiResult<web::Json<BulkView>> {
    let ctx = acting(&caller, &request)?;
    Ok(web::Json(bulk::cancel(&state, &ctx, *job_id).await?.into()))
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

/// All rows that were refused, as a CSV file: row, line, id, `reference_id`, column, code, reason. The file of one that was
/// given up or cancelled ends with a line without a row that says how many rows were not worked on.
#[utoipa::path(tag = "bulk", security(("bearer" = [])), params(("job_id" = Uuid, Path)), responses((status = 200, body = String, content_type = "text/csv"), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
#[get("/bulk/{job_id}/rejects.csv")]
pub(super) async fn rejects_file(
    state: Shared,
    caller: Caller,
    job_id: web::Path<Uuid>,
) -> ApiResult<HttpResponse> {
    let file = bulk::find(&state, caller.ctx(), *job_id).await?;
    let job_id = file.job_id;
    let closing = file.left_undone().map(|why| {
        let none = String::new;
        [none(), none(), none(), none(), none(), format!("bulk.{}", file.state), why]
    });
    let (state, tenant) = (state.into_inner(), caller.ctx().tenant.as_str().to_owned());
    let header = ["row", "line", "id", "reference_id", "column", "code", "reason"].map(str::to_owned);
    let (first, last) = (csv_lines(std::iter::once(header))?, csv_lines(closing.into_iter())?);
    // Piece after piece, so that a file of any size takes the memory of one.
    let rows = stream::try_unfold(0_i64, move |after| {
        let (state, tenant) = (state.clone(), tenant.clone());
        async move {
            let refused = bulk::next_rejects(&state, &tenant, job_id, after).await?;
            let Some(last) = refused.last().map(|reject| reject.row_no) else { return Ok(None) };
            Ok::<_, ApiError>(Some((web::Bytes::from(csv_lines(refused.into_iter().map(line))?), last)))
        }
    });
    // An empty piece would end the answer.
    let once = |bytes: Vec<u8>| stream::iter((!bytes.is_empty()).then(|| Ok(web::Bytes::from(bytes))));
    let pieces = once(first).chain(rows).chain(once(last));
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
