//! Imports.

use actix_multipart::Multipart;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use futures_util::stream;
use platform::{ApiError, ApiResult, Caller, Page, PageQuery, Problem, clock::rfc3339};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::{
    State, app,
    domain::{kind::ImportKind, mapping::Source},
    store::imports::{Import, RowOutcome},
};

/// A file and what it is. The parts must come in this order; `file` is the last one.
#[derive(ToSchema)]
#[allow(dead_code, reason = "describes the parts of the form")]
struct ImportForm {
    /// What the rows are.
    kind: ImportKind,
    /// JSON object: field of the record → column of the file. Without it, columns have the names of the fields, and
    /// further columns of households and individuals become attributes.
    mapping: Option<String>,
    /// `true` to check everything and change nothing.
    dry_run: Option<bool>,
    /// Encoding of the file when it is not UTF-8, for example `windows-1252`.
    encoding: Option<String>,
    /// The CSV file: commas, a header line.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

/// An import that was accepted; a job works on it.
#[derive(Serialize, ToSchema)]
struct ImportAccepted {
    /// Ask for its state with this.
    import_id: Uuid,
    /// Rows of the file.
    total: u64,
    /// How columns were understood.
    columns: Vec<Source>,
    /// Columns that nothing reads.
    ignored_columns: Vec<String>,
}

/// An import.
#[derive(Serialize, ToSchema)]
struct ImportView {
    /// Its id.
    import_id: Uuid,
    /// What the rows are.
    kind: String,
    /// `uploading`, `queued`, `running`, `done` or `failed`.
    state: String,
    /// Whether nothing is changed.
    dry_run: bool,
    /// Who imports.
    actor: String,
    /// Size of the file.
    file_bytes: i64,
    /// Rows that were worked on.
    done: i64,
    /// Rows of the file.
    total: i64,
    /// Rows that made something new.
    created: i64,
    /// Rows that changed something.
    updated: i64,
    /// Rows that said what was known.
    unchanged: i64,
    /// Rows that were refused.
    rejected: i64,
    /// Why it failed.
    error: Option<String>,
    /// When it was uploaded.
    created_at: String,
    /// When its job began.
    started_at: Option<String>,
    /// When it ended.
    finished_at: Option<String>,
}

impl From<Import> for ImportView {
    fn from(i: Import) -> Self {
        Self {
            import_id: i.import_id,
            kind: i.kind,
            state: i.state,
            dry_run: i.dry_run,
            actor: i.actor,
            file_bytes: i.file_bytes,
            done: i.created + i.updated + i.unchanged + i.rejected,
            total: i.total,
            created: i.created,
            updated: i.updated,
            unchanged: i.unchanged,
            rejected: i.rejected,
            error: i.error,
            created_at: rfc3339(i.created_at),
            started_at: i.started_at.map(rfc3339),
            finished_at: i.finished_at.map(rfc3339),
        }
    }
}

/// What became of a row.
#[derive(Serialize, ToSchema)]
struct RowView {
    /// Row of the file; the header is row 1.
    row: i64,
    /// `created`, `updated`, `unchanged` or `rejected`.
    outcome: String,
    /// The field that is wrong, when it is one.
    column: Option<String>,
    /// Stable code of what is wrong.
    code: Option<String>,
    /// What is wrong.
    reason: Option<String>,
}

impl From<RowOutcome> for RowView {
    fn from(r: RowOutcome) -> Self {
        Self { row: r.row_no, outcome: r.outcome, column: r.column_name, code: r.code, reason: r.reason }
    }
}

/// Which rows.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct RowsQuery {
    /// `created`, `updated`, `unchanged` or `rejected`; all when absent.
    outcome: Option<String>,
    /// The `next` of the page before.
    after: Option<String>,
    /// Rows wanted, 1 to 1,000.
    limit: Option<u32>,
}

/// Import a CSV file in the background. The same file again changes nothing. Takes `Idempotency-Key`.
#[utoipa::path(
    request_body(content = ImportForm, content_type = "multipart/form-data"),
    responses((status = 202, body = ImportAccepted), (status = 400, body = Problem), (status = 401, body = Problem),
              (status = 403, body = Problem), (status = 413, body = Problem), (status = 422, body = Problem)),
    security(("bearer" = []))
)]
#[post("/imports")]
pub(super) async fn create(
    state: web::Data<State>,
    caller: Caller,
    request: HttpRequest,
    parts: Multipart,
) -> ApiResult<HttpResponse> {
    let accepted = super::upload::receive(&state, caller.ctx(), &request, parts).await?;
    Ok(HttpResponse::Accepted().json(ImportAccepted {
        import_id: accepted.import_id,
        total: accepted.total,
        columns: accepted.columns.columns,
        ignored_columns: accepted.columns.ignored,
    }))
}

/// Imports, newest first.
#[utoipa::path(params(PageQuery), responses((status = 200, body = Page<ImportView>), (status = 401, body = Problem), (status = 403, body = Problem)), security(("bearer" = [])))]
#[get("/imports")]
pub(super) async fn list(
    state: web::Data<State>,
    caller: Caller,
    query: web::Query<PageQuery>,
) -> ApiResult<web::Json<Page<ImportView>>> {
    let before = super::cursor(query.after.as_deref())?;
    let imports = app::import::list(&state, caller.ctx(), before, query.limit()).await?;
    let views = imports.into_iter().map(ImportView::from).collect();
    Ok(web::Json(Page::from_rows(views, query.limit(), |i: &ImportView| i.import_id.to_string())))
}

/// State and figures of an import.
#[utoipa::path(params(("import_id" = Uuid, Path)), responses((status = 200, body = ImportView), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)), security(("bearer" = [])))]
#[get("/imports/{import_id}")]
pub(super) async fn get(
    state: web::Data<State>,
    caller: Caller,
    path: web::Path<Uuid>,
) -> ApiResult<web::Json<ImportView>> {
    Ok(web::Json(app::import::find(&state, caller.ctx(), *path).await?.into()))
}

/// What became of each row.
#[utoipa::path(params(("import_id" = Uuid, Path), RowsQuery), responses((status = 200, body = Page<RowView>), (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)), security(("bearer" = [])))]
#[get("/imports/{import_id}/rows")]
pub(super) async fn rows(
    state: web::Data<State>,
    caller: Caller,
    path: web::Path<Uuid>,
    query: web::Query<RowsQuery>,
) -> ApiResult<web::Json<Page<RowView>>> {
    let page = PageQuery { after: query.after.clone(), limit: query.limit };
    let after = super::cursor(page.after.as_deref())?.unwrap_or(0);
    let outcome = query.outcome.as_deref();
    let found = app::import::rows(&state, caller.ctx(), *path, outcome, after, page.limit()).await?;
    let views = found.into_iter().map(RowView::from).collect();
    Ok(web::Json(Page::from_rows(views, page.limit(), |r: &RowView| r.row.to_string())))
}

/// The refused rows as a CSV file: the columns of the upload, then row, column, code and reason. Mend it and import it.
#[utoipa::path(params(("import_id" = Uuid, Path)), responses((status = 200, body = String, content_type = "text/csv"), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)), security(("bearer" = [])))]
#[get("/imports/{import_id}/rejects.csv")]
pub(super) async fn rejects(
    state: web::Data<State>,
    caller: Caller,
    path: web::Path<Uuid>,
) -> ApiResult<HttpResponse> {
    let import = app::import::find(&state, caller.ctx(), *path).await?;
    let header: Vec<String> = import.header.and_then(|h| serde_json::from_value(h).ok()).unwrap_or_default();
    let width = header.len();
    let mut first = header;
    first.extend(["_row", "_column", "_code", "_reason"].map(str::to_owned));
    let first = csv_lines(std::iter::once(first))?;

    let (state, tenant) = (state.get_ref().clone(), caller.ctx().tenant.as_str().to_owned());
    let import_id = import.import_id;
    // Page after page, so that a file of any size takes the memory of one page.
    let pages = stream::try_unfold((Some(first), 0_i64), move |(head, after)| {
        let (state, tenant) = (state.clone(), tenant.clone());
        async move {
            if let Some(head) = head {
                return Ok::<_, ApiError>(Some((web::Bytes::from(head), (None, after))));
            }
            let refused = app::import::next_rejects(&state, &tenant, import_id, after).await?;
            let Some(last) = refused.last().map(|r| r.row_no) else { return Ok(None) };
            let lines = csv_lines(refused.into_iter().map(|row| reject_line(row, width)))?;
            Ok(Some((web::Bytes::from(lines), (None, last))))
        }
    });
    Ok(HttpResponse::Ok()
        .content_type("text/csv; charset=utf-8")
        .insert_header(("Content-Disposition", format!("attachment; filename=\"rejects-{import_id}.csv\"")))
        .streaming(Box::pin(pages)))
}

fn reject_line(row: RowOutcome, width: usize) -> Vec<String> {
    let record = row.record.as_ref().and_then(Value::as_array);
    let mut line: Vec<String> =
        record.into_iter().flatten().filter_map(|v| v.as_str()).map(str::to_owned).collect();
    line.resize(width, String::new());
    line.push(row.row_no.to_string());
    line.extend([row.column_name, row.code, row.reason].map(Option::unwrap_or_default));
    line
}

fn csv_lines(lines: impl Iterator<Item = Vec<String>>) -> ApiResult<Vec<u8>> {
    let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
    for line in lines {
        writer.write_record(&line).map_err(ApiError::internal)?;
    }
    writer.into_inner().map_err(ApiError::internal)
}
