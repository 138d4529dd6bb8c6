//! Changes that wait for their day, or for a second person.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use platform::{ApiError, ApiJson, ApiResult, Caller, Page, PageQuery, Problem, clock::rfc3339};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{Ids, acting, cursor_id, moment};
use crate::{
    api::Shared,
    app::pending::{self, Wanted, What},
    domain::{Item, Operation, PendingState},
    store::pending::Pending,
};

/// A change to make.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ChangeRequest {
    /// The id as partners send it.
    id: String,
    /// `link`, `update`, `unlink`, or `restore`: to what it had after the entry `no` of its history.
    operation: String,
    /// The entry to go back to; with `restore` only.
    #[serde(default)]
    no: Option<i64>,
    /// The new address; on unlink the one it must have, or absent for any.
    #[serde(default)]
    fa: Option<String>,
    /// The person's name; absent leaves it.
    #[serde(default)]
    name: Option<String>,
    /// The person's phone; absent leaves it.
    #[serde(default)]
    phone: Option<String>,
    /// Why; it stands in the history.
    reason: String,
    /// When it takes effect, RFC 3339; as soon as it may when absent.
    #[serde(default)]
    effective_from: Option<String>,
    /// A second person has to approve it, also where the service does not require that.
    #[serde(default)]
    needs_approval: bool,
}

/// A change that waits or waited.
#[derive(Serialize, ToSchema)]
struct ChangeView {
    /// Its id.
    change_id: Uuid,
    /// The id that is changed.
    id: String,
    /// `link`, `update` or `unlink`.
    operation: String,
    /// The new address; masked without the permission `mapper:details`.
    fa: Option<String>,
    /// The person's name; masked as the address.
    name: Option<String>,
    /// The person's phone; masked as the address.
    phone: Option<String>,
    /// Why.
    reason: String,
    /// `proposed` (a second person has to approve it), `scheduled`, `applied`, `cancelled` or `failed`.
    state: String,
    /// Who asked for it.
    requested_by: String,
    /// When, RFC 3339.
    requested_at: String,
    /// When it takes effect, RFC 3339.
    effective_from: String,
    /// Who approved it.
    approved_by: Option<String>,
    /// Who cancelled it.
    cancelled_by: Option<String>,
    /// Why it failed.
    outcome: Option<String>,
}

impl From<Pending> for ChangeView {
    fn from(change: Pending) -> Self {
        Self {
            change_id: change.change_id,
            id: change.id_value,
            operation: change.operation,
            fa: change.fa_value,
            name: change.name,
            phone: change.phone,
            reason: change.reason,
            state: change.state,
            requested_by: change.requested_by,
            requested_at: rfc3339(change.requested_at),
            effective_from: rfc3339(change.effective_from),
            approved_by: change.approved_by,
            cancelled_by: change.closed_by,
            outcome: change.outcome,
        }
    }
}

/// Change the address of an id, now or later, after a second person's approval where the service requires it. Takes
/// `Idempotency-Key`. Needs `mapper:write`.
#[utoipa::path(tag = "changes", security(("bearer" = [])), request_body = ChangeRequest, responses((status = 202, body = ChangeView), (status = 401, body = Problem), (status = 403, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
#[post("/changes")]
pub(super) async fn propose(
    state: Shared,
    caller: Caller,
    request: HttpRequest,
    body: ApiJson<ChangeRequest>,
) -> ApiResult<HttpResponse> {
    let ctx = &acting(&caller, &request)?;
    ctx.require(pending::WRITE)?;
    Ids::of(&state, &caller).await?.require(&body.id)?;
    let bytes = serde_json::to_vec(&body.0).map_err(ApiError::internal)?;
    let key = request.headers().get("Idempotency-Key").and_then(|h| h.to_str().ok());
    let wanted = wanted(body.0)?;
    let accepted = platform::once_by_key(&state.db, ctx, key, &bytes, async |tx| {
        let change = pending::propose(&state, tx, ctx, wanted).await?;
        serde_json::to_value(ChangeView::from(change)).map_err(ApiError::internal)
    })
    .await?;
    Ok(HttpResponse::Accepted().json(accepted))
}

fn wanted(body: ChangeRequest) -> ApiResult<Wanted> {
    let rule = |field: &str, rule: &str| {
        ApiError::unprocessable("invalid_field", format!("{field} {rule}")).with_field(field, rule)
    };
    let what = match (Operation::parse(&body.operation), body.no) {
        (None, Some(no)) if body.operation == "restore" => What::Restore(no),
        (None, None) if body.operation == "restore" => {
            return Err(rule("no", "must be the number of an entry of the history"));
        }
        (Some(Operation::Link | Operation::Update | Operation::Unlink), Some(_)) => {
            return Err(rule("no", "goes with restore only"));
        }
        (Some(operation), None) if operation != Operation::Resolve => What::Change(operation),
        _ => return Err(rule("operation", "must be link, update, unlink or restore")),
    };
    let effective_from =
        body.effective_from.as_deref().map(|text| moment("effective_from", text)).transpose()?;
    let item = Item { id: body.id, fa: body.fa, name: body.name, phone: body.phone, ..Item::default() };
    let needs_approval = body.needs_approval;
    Ok(Wanted { what, item, reason: body.reason, effective_from, needs_approval })
}

/// Of which state.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct OfState {
    /// `proposed`, `scheduled`, `applied`, `cancelled` or `failed`; all when absent.
    state: Option<String>,
}

/// Changes in the order they were asked for. Needs `mapper:read`.
#[utoipa::path(tag = "changes", security(("bearer" = [])), params(OfState, PageQuery), responses((status = 200, body = Page<ChangeView>), (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem)))]
#[get("/changes")]
pub(super) async fn list(
    state: Shared,
    caller: Caller,
    only: web::Query<OfState>,
    page: web::Query<PageQuery>,
) -> ApiResult<web::Json<Page<ChangeView>>> {
    let only = only.state.as_deref().map(|text| {
        let rule = "is proposed, scheduled, applied, cancelled or failed";
        PendingState::parse(text).ok_or_else(|| {
            ApiError::bad_request("invalid_field", format!("state {rule}")).with_field("state", rule)
        })
    });
    let after = cursor_id(page.after.as_deref())?.unwrap_or_default();
    let limit = i64::from(page.limit()) + 1;
    let rows = pending::list(&state, caller.ctx(), only.transpose()?, after, limit).await?;
    let page = Page::from_rows(rows, page.limit(), |change| change.change_id.to_string());
    let ids = Ids::of(&state, &caller).await?;
    let seen = page.items.into_iter().filter(|change| ids.may_use(&change.id_value));
    Ok(web::Json(Page { items: seen.map(ChangeView::from).collect(), next: page.next }))
}

/// Approve a change that another person asked for. Needs `mapper:approve`.
#[utoipa::path(tag = "changes", security(("bearer" = [])), params(("change_id" = Uuid, Path)), responses((status = 200, body = ChangeView), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
#[post("/changes/{change_id}/approve")]
pub(super) async fn approve(
    state: Shared,
    caller: Caller,
    request: HttpRequest,
    change_id: web::Path<Uuid>,
) -> ApiResult<web::Json<ChangeView>> {
    let (ctx, ids) = (acting(&caller, &request)?, Ids::of(&state, &caller).await?);
    Ok(web::Json(pending::approve(&state, &ctx, *change_id, |id| ids.may_use(id)).await?.into()))
}

/// Withdraw a change that was not made yet. Needs `mapper:write` or `mapper:approve`.
#[utoipa::path(tag = "changes", security(("bearer" = [])), params(("change_id" = Uuid, Path)), responses((status = 200, body = ChangeView), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
#[post("/changes/{change_id}/cancel")]
pub(super) async fn cancel(
    state: Shared,
    caller: Caller,
    request: HttpRequest,
    change_id: web::Path<Uuid>,
) -> ApiResult<web::Json<ChangeView>> {
    let (ctx, ids) = (acting(&caller, &request)?, Ids::of(&state, &caller).await?);
    Ok(web::Json(pending::cancel(&state, &ctx, *change_id, |id| ids.may_use(id)).await?.into()))
}
