//! What the treasury does: pauses and daily limits; bearer token, `/api/v1`.

use actix_web::{HttpResponse, get, post, put, web};
use money::DecimalText;
use platform::{ApiError, ApiJson, ApiResult, Caller, Page, PageQuery, Problem, clock::rfc3339};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    State,
    operators::{ProposalView, ask},
};
use crate::{
    app::{
        brakes::{self, Wish},
        read::wrong_cursor,
        status::decimal,
    },
    domain::proposal::{Content, Scope},
    store,
};

/// What is stopped, or goes on.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PauseRequest {
    /// `ALL`, `PROGRAM` or `BANK`.
    scope: Scope,
    /// The programme's mnemonic or the sponsor bank's code; absent for `ALL`.
    #[serde(default)]
    name: Option<String>,
    /// Why.
    reason: String,
}

/// The most that may leave an account in a day.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LimitRequest {
    /// The sponsor's account.
    account_number: String,
    /// ISO 4217.
    currency: String,
    /// In the currency; absent lifts the limit.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    amount: Option<DecimalText>,
    /// Why.
    reason: String,
}

/// A pause.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct PauseView {
    /// `ALL`, `PROGRAM` or `BANK`.
    scope: String,
    /// The programme or bank; empty for `ALL`.
    name: String,
    /// Why.
    reason: String,
    /// By whom.
    paused_by: String,
    /// When, RFC 3339.
    paused_at: String,
}

impl From<store::brakes::Pause> for PauseView {
    fn from(row: store::brakes::Pause) -> Self {
        Self {
            scope: row.scope,
            name: row.name,
            reason: row.reason,
            paused_by: row.paused_by,
            paused_at: rfc3339(row.paused_at),
        }
    }
}

/// A daily limit.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct LimitView {
    /// The sponsor's account.
    account_number: String,
    /// ISO 4217.
    currency: String,
    /// The most of a day.
    #[serde(with = "money::as_string")]
    #[schema(value_type = String)]
    amount: DecimalText,
    /// Why.
    reason: String,
    /// By whom.
    set_by: String,
    /// When, RFC 3339.
    set_at: String,
}

fn limit_view(row: store::brakes::Limit) -> ApiResult<LimitView> {
    Ok(LimitView {
        amount: decimal(row.limit_minor, &row.currency)?,
        account_number: row.account_number,
        currency: row.currency,
        reason: row.reason,
        set_by: row.set_by,
        set_at: rfc3339(row.set_at),
    })
}

/// Every pause. Needs `bridge:read`.
#[utoipa::path(
    tag = "treasury",
    security(("bearer" = [])),
    responses((status = 200, body = Vec<PauseView>), (status = 401, body = Problem), (status = 403, body = Problem)),
)]
#[get("/pauses")]
pub(super) async fn pauses(state: State, caller: Caller) -> ApiResult<web::Json<Vec<PauseView>>> {
    let rows = brakes::pauses(&state, caller.ctx()).await?;
    Ok(web::Json(rows.into_iter().map(PauseView::from).collect()))
}

/// Stop the payments of a programme, a sponsor bank, or all of them, at once. Payments that are with the bank already
/// go on; statements are read and the bank is asked about payments as ever. Needs `bridge:write` or `bridge:approve`.
#[utoipa::path(
    tag = "treasury",
    security(("bearer" = [])),
    request_body = PauseRequest,
    responses((status = 200, description = "Every pause there is now.", body = Vec<PauseView>),
              (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem),
              (status = 422, body = Problem)),
)]
#[post("/pauses")]
pub(super) async fn pause(
    state: State,
    caller: Caller,
    body: ApiJson<PauseRequest>,
) -> ApiResult<web::Json<Vec<PauseView>>> {
    let PauseRequest { scope, name, reason } = body.0;
    let rows = brakes::pause(&state, caller.ctx(), scope, name.as_deref(), &reason).await?;
    Ok(web::Json(rows.into_iter().map(PauseView::from).collect()))
}

/// Ask for payments to go on. A second person approves. Needs `bridge:write`.
#[utoipa::path(
    tag = "treasury",
    security(("bearer" = [])),
    request_body = PauseRequest,
    responses((status = 202, body = ProposalView), (status = 401, body = Problem), (status = 403, body = Problem),
              (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
#[post("/pauses/resume")]
pub(super) async fn resume(
    state: State,
    caller: Caller,
    body: ApiJson<PauseRequest>,
) -> ApiResult<HttpResponse> {
    let PauseRequest { scope, name, reason } = body.0;
    let name = brakes::scope_name(scope, name.as_deref())?;
    ask(&state, &caller, Content::Resume { scope, name }, &reason).await
}

/// Daily limits in the order of account and currency. Needs `bridge:read`.
#[utoipa::path(
    tag = "treasury",
    security(("bearer" = [])),
    params(PageQuery),
    responses((status = 200, body = Page<LimitView>), (status = 400, body = Problem),
              (status = 401, body = Problem), (status = 403, body = Problem)),
)]
#[get("/daily-limits")]
pub(super) async fn limits(
    state: State,
    caller: Caller,
    page: web::Query<PageQuery>,
) -> ApiResult<web::Json<Page<LimitView>>> {
    // Currency and account with a blank between: a currency has none.
    let after = match page.after.as_deref() {
        None => ("", ""),
        Some(after) => {
            let (currency, account) = after.split_once(' ').ok_or_else(wrong_cursor)?;
            (account, currency)
        }
    };
    let rows = brakes::limits(&state, caller.ctx(), after, i64::from(page.limit()) + 1).await?;
    let views: ApiResult<Vec<_>> = rows.into_iter().map(limit_view).collect();
    let key = |l: &LimitView| format!("{} {}", l.currency, l.account_number);
    Ok(web::Json(Page::from_rows(views?, page.limit(), key)))
}

/// Set the most that may leave an account in a day of the programme's time zone. A first or a lower limit is in force at
/// once (200); a higher one, or none any more, is for a second person to approve (202). Needs `bridge:write`.
#[utoipa::path(
    tag = "treasury",
    security(("bearer" = [])),
    request_body = LimitRequest,
    responses((status = 200, description = "In force.", body = LimitView),
              (status = 202, description = "Waits for a second person.", body = ProposalView),
              (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem),
              (status = 409, body = Problem), (status = 422, body = Problem)),
)]
#[put("/daily-limits")]
pub(super) async fn limit(
    state: State,
    caller: Caller,
    body: ApiJson<LimitRequest>,
) -> ApiResult<HttpResponse> {
    let LimitRequest { account_number, currency, amount, reason } = body.0;
    let ctx = caller.ctx();
    match brakes::limit(&state, ctx, &account_number, &currency, amount.as_ref(), &reason).await? {
        Wish::Ask(content) => ask(&state, &caller, content, &reason).await,
        Wish::Set(Some(limit)) => Ok(HttpResponse::Ok().json(limit_view(limit)?)),
        Wish::Set(None) => Err(ApiError::internal("the limit just set is not there")),
    }
}
