//! History of an id, its state at a moment, freezing, checkpoints.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use platform::{ApiJson, ApiResult, Caller, Page, PageQuery, Problem, clock::rfc3339};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{IdRequest, Ids, acting, after, moment};
use crate::{
    api::Shared,
    app,
    events::Change,
    store::{checkpoints::Checkpoint, history::Entry},
};

/// Entries of which id.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct HistoryRequest {
    /// The id as partners send it.
    id: String,
    /// The `next` of the page before; absent for the first page.
    after: Option<String>,
    /// Entries wanted, 1 to 1,000; 100 when absent.
    limit: Option<u32>,
}

/// One change of an id.
#[derive(Debug, Serialize, ToSchema)]
struct EntryView {
    /// 1, 2, 3 … of the id.
    no: i64,
    /// `linked`, `updated`, `unlinked`, `frozen` or `unfrozen`.
    change: String,
    /// When, RFC 3339.
    at: String,
    /// How it came: `partner`, `own_api`, `oracle` or `script`.
    channel: String,
    /// Who: `partner:…`, `user:…`, `script:…`.
    actor: String,
    /// The second person, where there was one.
    approved_by: Option<String>,
    /// The partner's message, or the waiting change.
    message_id: String,
    /// Why.
    reason: Option<String>,
    /// Address, name, phone, `additional_info` and `active` before; masked without the permission `mapper:details`.
    before: Option<Value>,
    /// The same after.
    after: Option<Value>,
}

impl From<Entry> for EntryView {
    fn from(entry: Entry) -> Self {
        Self {
            no: entry.no,
            change: entry.change,
            at: rfc3339(entry.at),
            channel: entry.channel,
            actor: entry.actor,
            approved_by: entry.approved_by,
            message_id: entry.message_id,
            reason: entry.reason,
            before: entry.before,
            after: entry.after,
        }
    }
}

/// What was changed of an id, oldest first. Needs `mapper:history`.
#[utoipa::path(tag = "history", security(("bearer" = [])), request_body = HistoryRequest, responses((status = 200, body = Page<EntryView>), (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem)))]
#[post("/mappings/history")]
pub(super) async fn entries(
    state: Shared,
    caller: Caller,
    body: ApiJson<HistoryRequest>,
) -> ApiResult<web::Json<Page<EntryView>>> {
    Ids::of(&state, &caller).await?.require(&body.id)?;
    let page = PageQuery { after: None, limit: body.limit };
    let from = after(body.after.as_deref())?;
    let rows =
        app::history::entries(&state, caller.ctx(), &body.id, from, i64::from(page.limit()) + 1).await?;
    let page = Page::from_rows(rows, page.limit(), |entry| entry.no.to_string());
    Ok(web::Json(Page { items: page.items.into_iter().map(EntryView::from).collect(), next: page.next }))
}

/// Which id, and when.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AsOfRequest {
    /// The id as partners send it.
    id: String,
    /// The moment, RFC 3339; now when absent.
    as_of: Option<String>,
}

/// An id at a moment.
#[derive(Debug, Serialize, ToSchema)]
struct AsOfView {
    /// Whether it had an address.
    linked: bool,
    /// Address, name, phone, `additional_info` and `active`; masked without the permission `mapper:details`.
    mapping: Option<Value>,
    /// Since when it was so, RFC 3339; null when the id was never linked before.
    since: Option<String>,
    /// Whether the id is frozen **now**.
    frozen: bool,
}

/// The address that an id had at a moment. Needs `mapper:history`.
#[utoipa::path(tag = "history", security(("bearer" = [])), request_body = AsOfRequest, responses((status = 200, body = AsOfView), (status = 401, body = Problem), (status = 403, body = Problem), (status = 422, body = Problem)))]
#[post("/mappings/lookup")]
pub(super) async fn as_of(
    state: Shared,
    caller: Caller,
    body: ApiJson<AsOfRequest>,
) -> ApiResult<web::Json<AsOfView>> {
    Ids::of(&state, &caller).await?.require(&body.id)?;
    let at = body.as_of.as_deref().map(|text| moment("as_of", text)).transpose()?;
    let at = at.unwrap_or_else(|| caller.ctx().clock.now());
    let (entry, frozen) = app::history::as_of(&state, caller.ctx(), &body.id, at).await?;
    let since = entry.as_ref().map(|entry| rfc3339(entry.at));
    let mapping = entry.and_then(|entry| entry.after);
    Ok(web::Json(AsOfView { linked: mapping.is_some(), mapping, since, frozen }))
}

/// Whether the history of an id is whole.
#[derive(Debug, Serialize, ToSchema)]
struct VerdictView {
    /// Whether it is.
    intact: bool,
    /// Entries that were checked.
    entries: i64,
    /// The first thing that is wrong.
    problem: Option<String>,
}

/// Check that nothing in the history of an id was changed or removed, and that the mapping is what it says. Needs
/// `mapper:history`.
#[utoipa::path(tag = "history", security(("bearer" = [])), request_body = IdRequest, responses((status = 200, body = VerdictView), (status = 401, body = Problem), (status = 403, body = Problem)))]
#[post("/mappings/verify")]
pub(super) async fn verify(
    state: Shared,
    caller: Caller,
    body: ApiJson<IdRequest>,
) -> ApiResult<web::Json<VerdictView>> {
    Ids::of(&state, &caller).await?.require(&body.id)?;
    let verdict = app::history::verify(&state, caller.ctx(), &body.id).await?;
    Ok(web::Json(VerdictView {
        intact: verdict.problem.is_none(),
        entries: verdict.entries,
        problem: verdict.problem,
    }))
}

/// Which id, and why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct FreezeRequest {
    /// The id as partners send it.
    id: String,
    /// Why; it stands in the history.
    reason: String,
}

/// Let nobody change an id. It is resolved as before; an id without an address cannot be linked. Needs `mapper:freeze`.
#[utoipa::path(tag = "history", security(("bearer" = [])), request_body = FreezeRequest, responses((status = 204), (status = 401, body = Problem), (status = 403, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
#[post("/mappings/freeze")]
pub(super) async fn freeze(
    state: Shared,
    caller: Caller,
    request: HttpRequest,
    body: ApiJson<FreezeRequest>,
) -> ApiResult<HttpResponse> {
    Ids::of(&state, &caller).await?.require(&body.id)?;
    let ctx = acting(&caller, &request)?;
    app::history::freeze(&state, &ctx, &body.id, &body.reason, Change::Frozen).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Let an id be changed again. Needs `mapper:freeze`.
#[utoipa::path(tag = "history", security(("bearer" = [])), request_body = FreezeRequest, responses((status = 204), (status = 401, body = Problem), (status = 403, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
#[post("/mappings/unfreeze")]
pub(super) async fn unfreeze(
    state: Shared,
    caller: Caller,
    request: HttpRequest,
    body: ApiJson<FreezeRequest>,
) -> ApiResult<HttpResponse> {
    Ids::of(&state, &caller).await?.require(&body.id)?;
    let ctx = acting(&caller, &request)?;
    app::history::freeze(&state, &ctx, &body.id, &body.reason, Change::Unfrozen).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// A signed statement over all entries of the history up to one.
#[derive(Debug, Serialize, ToSchema)]
struct CheckpointView {
    /// 1, 2, 3 …
    no: i64,
    /// When it was made, RFC 3339.
    at: String,
    /// It covers the entries with a sequence number above this …
    after_seq: i64,
    /// … up to this.
    last_seq: i64,
    /// How many they are.
    entries: i64,
    /// Hash over the root of the checkpoint before and these entries, hexadecimal.
    root: String,
    /// JWS (compact, with its payload) of the service over all of this and the root before.
    signature: String,
}

impl From<Checkpoint> for CheckpointView {
    fn from(checkpoint: Checkpoint) -> Self {
        Self {
            no: checkpoint.no,
            at: rfc3339(checkpoint.at),
            after_seq: checkpoint.after_seq,
            last_seq: checkpoint.last_seq,
            entries: checkpoint.entries,
            root: app::checkpoints::hex(&checkpoint.root),
            signature: checkpoint.signature,
        }
    }
}

/// Checkpoints, oldest first. Needs `mapper:history`.
#[utoipa::path(tag = "history", security(("bearer" = [])), params(PageQuery), responses((status = 200, body = Page<CheckpointView>), (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem)))]
#[get("/checkpoints")]
pub(super) async fn checkpoints(
    state: Shared,
    caller: Caller,
    page: web::Query<PageQuery>,
) -> ApiResult<web::Json<Page<CheckpointView>>> {
    let from = after(page.after.as_deref())?;
    let rows = app::checkpoints::list(&state, caller.ctx(), from, i64::from(page.limit()) + 1).await?;
    let page = Page::from_rows(rows, page.limit(), |checkpoint| checkpoint.no.to_string());
    Ok(web::Json(Page { items: page.items.into_iter().map(CheckpointView::from).collect(), next: page.next }))
}

/// Which checkpoints to check.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct VerifyRequest {
    /// The `next` of the answer before; absent to begin with the first.
    after: Option<String>,
    /// Checkpoints to check, 1 to 1,000; 100 when absent.
    limit: Option<u32>,
    /// The `signature` of a checkpoint that was kept elsewhere: it must be among those stored here.
    kept: Option<String>,
}

/// What a check found.
#[derive(Debug, Serialize, ToSchema)]
struct ReportView {
    /// Whether nothing is wrong.
    intact: bool,
    /// Checkpoints that were checked.
    checked: i64,
    /// What is wrong.
    problems: Vec<FlawView>,
    /// Give this as `after` to go on; null at the end.
    next: Option<String>,
}

/// Something that is wrong.
#[derive(Debug, Serialize, ToSchema)]
struct FlawView {
    /// At which checkpoint.
    no: i64,
    /// What.
    what: String,
}

/// Check signatures of checkpoints, and that the entries they cover are all there and as they were written. Needs
/// `mapper:history`.
#[utoipa::path(tag = "history", security(("bearer" = [])), request_body = VerifyRequest, responses((status = 200, body = ReportView), (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem), (status = 422, body = Problem)))]
#[post("/checkpoints/verify")]
pub(super) async fn verify_checkpoints(
    state: Shared,
    caller: Caller,
    body: ApiJson<VerifyRequest>,
) -> ApiResult<web::Json<ReportView>> {
    let limit = i64::from(PageQuery { after: None, limit: body.limit }.limit());
    let from = after(body.after.as_deref())?;
    let report = app::checkpoints::verify(&state, caller.ctx(), from, limit, body.kept.as_deref()).await?;
    let problems: Vec<FlawView> =
        report.flaws.into_iter().map(|flaw| FlawView { no: flaw.no, what: flaw.what }).collect();
    Ok(web::Json(ReportView {
        intact: problems.is_empty(),
        checked: report.checked,
        problems,
        next: report.next.map(|no| no.to_string()),
    }))
}
