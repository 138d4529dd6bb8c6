//! What operators and the treasury do, beside looking: bearer token, `/api/v1`.

use actix_web::{HttpResponse, get, post, put, web};
use money::DecimalText;
use platform::{ApiError, ApiJson, ApiResult, Caller, Page, PageQuery, Problem, clock::rfc3339};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::State;
use crate::{
    app::{
        brakes::{self, Wish},
        operate, proposals,
        read::wrong_cursor,
        status::decimal,
    },
    domain::proposal::{Answer, Content, Scope, State as ProposalState, Step},
    store,
};

/// Why something is done.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Reason {
    /// One line; it stands in the history.
    reason: String,
}

/// An answer in the bank's place.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AnswerRequest {
    /// What the bank said of the payment.
    answer: Answer,
    /// How it said so: a letter, a name, a number.
    reason: String,
}

/// Payments to be paid again.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReissueRequest {
    /// Payments of the envelope that are `REVERSED` or `REJECTED`; at most 10,000.
    disbursement_ids: Vec<String>,
    /// Why they will arrive now.
    reason: String,
}

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

/// What waits for a second person, or was decided.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct ProposalView {
    /// Its id.
    proposal_id: Uuid,
    /// What is asked for.
    content: Content,
    /// Why.
    reason: String,
    /// Where it stands.
    state: ProposalState,
    /// What came of it; the id of the new envelope for payments that are paid again.
    outcome: Option<String>,
    /// Who asked.
    proposed_by: String,
    /// When, RFC 3339.
    proposed_at: String,
    /// Who decided.
    decided_by: Option<String>,
    /// When, RFC 3339.
    decided_at: Option<String>,
    /// Why so.
    decision_reason: Option<String>,
}

impl ProposalView {
    fn of(row: store::proposals::Proposal) -> ApiResult<Self> {
        Ok(Self {
            content: row.content()?,
            state: row.state()?,
            proposal_id: row.proposal_id,
            reason: row.reason,
            outcome: row.outcome,
            proposed_by: row.proposed_by,
            proposed_at: rfc3339(row.proposed_at),
            decided_by: row.decided_by,
            decided_at: row.decided_at.map(rfc3339),
            decision_reason: row.decision_reason,
        })
    }
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

async fn ask(state: &State, caller: &Caller, content: Content, reason: &str) -> ApiResult<HttpResponse> {
    let made = proposals::propose(state, caller.ctx(), &content, reason).await?;
    Ok(HttpResponse::Accepted().json(ProposalView::of(made)?))
}

/// Ask for an answer in the bank's place to a payment that is `UNKNOWN` (or `ACCEPTED`, which the bank may turn out to
/// have refused). A second person approves. Needs `bridge:write`.
#[utoipa::path(
    tag = "operators",
    security(("bearer" = [])),
    params(("id" = String, Path, description = "The payment.")),
    request_body = AnswerRequest,
    responses((status = 202, body = ProposalView), (status = 401, body = Problem), (status = 403, body = Problem),
              (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
#[post("/disbursements/{id}/answer")]
pub(super) async fn answer(
    state: State,
    caller: Caller,
    id: web::Path<String>,
    body: ApiJson<AnswerRequest>,
) -> ApiResult<HttpResponse> {
    let AnswerRequest { answer, reason } = body.0;
    let content = Content::Answer { disbursement_id: id.into_inner(), answer };
    ask(&state, &caller, content, &reason).await
}

/// Ask for payments that came back or were refused to be paid again, to the accounts their payees have now, as new
/// payments of a new envelope. A second person approves. Needs `bridge:write`.
#[utoipa::path(
    tag = "operators",
    security(("bearer" = [])),
    params(("id" = String, Path, description = "The envelope of the old payments.")),
    request_body = ReissueRequest,
    responses((status = 202, body = ProposalView), (status = 401, body = Problem), (status = 403, body = Problem),
              (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
#[post("/envelopes/{id}/reissue")]
pub(super) async fn reissue(
    state: State,
    caller: Caller,
    id: web::Path<String>,
    body: ApiJson<ReissueRequest>,
) -> ApiResult<HttpResponse> {
    let ReissueRequest { disbursement_ids, reason } = body.0;
    let content = Content::Reissue { envelope_id: id.into_inner(), disbursement_ids };
    ask(&state, &caller, content, &reason).await
}

/// Take up at once what an envelope waits to try again. Needs `bridge:write`.
#[utoipa::path(
    tag = "operators",
    security(("bearer" = [])),
    params(("id" = String, Path, description = "The envelope.")),
    request_body = Reason,
    responses((status = 202, description = "It is tried again."), (status = 401, body = Problem),
              (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)),
)]
#[post("/envelopes/{id}/retry")]
pub(super) async fn retry(
    state: State,
    caller: Caller,
    id: web::Path<String>,
    body: ApiJson<Reason>,
) -> ApiResult<HttpResponse> {
    operate::retry(&state, caller.ctx(), &id, &body.0.reason).await?;
    Ok(HttpResponse::Accepted().finish())
}

/// Ask the bank once more for the unused rest of the block of an envelope that is over. Needs `bridge:write`.
#[utoipa::path(
    tag = "operators",
    security(("bearer" = [])),
    params(("id" = String, Path, description = "The envelope.")),
    request_body = Reason,
    responses((status = 202, description = "The bank is asked."), (status = 401, body = Problem),
              (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)),
)]
#[post("/envelopes/{id}/release")]
pub(super) async fn release(
    state: State,
    caller: Caller,
    id: web::Path<String>,
    body: ApiJson<Reason>,
) -> ApiResult<HttpResponse> {
    operate::release(&state, caller.ctx(), &id, &body.0.reason).await?;
    Ok(HttpResponse::Accepted().finish())
}

/// Of which state.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct OfState {
    /// `OPEN`, `DONE`, `REFUSED` or `WITHDRAWN`; all when absent.
    state: Option<ProposalState>,
}

/// Proposals in the order they were made. Needs `bridge:read`.
#[utoipa::path(
    tag = "operators",
    security(("bearer" = [])),
    params(OfState, PageQuery),
    responses((status = 200, body = Page<ProposalView>), (status = 400, body = Problem),
              (status = 401, body = Problem), (status = 403, body = Problem)),
)]
#[get("/proposals")]
pub(super) async fn list(
    state: State,
    caller: Caller,
    only: web::Query<OfState>,
    page: web::Query<PageQuery>,
) -> ApiResult<web::Json<Page<ProposalView>>> {
    let after = page.after.as_deref().map_or(Ok(Uuid::nil()), str::parse::<Uuid>);
    let after = after.map_err(|_| wrong_cursor())?;
    let most = i64::from(page.limit()) + 1;
    let rows = proposals::list(&state, caller.ctx(), only.state, after, most).await?;
    let views: ApiResult<Vec<_>> = rows.into_iter().map(ProposalView::of).collect();
    Ok(web::Json(Page::from_rows(views?, page.limit(), |p| p.proposal_id.to_string())))
}

/// One proposal. Needs `bridge:read`.
#[utoipa::path(
    tag = "operators",
    security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "The proposal.")),
    responses((status = 200, body = ProposalView), (status = 401, body = Problem), (status = 403, body = Problem),
              (status = 404, body = Problem)),
)]
#[get("/proposals/{id}")]
pub(super) async fn one(
    state: State,
    caller: Caller,
    id: web::Path<Uuid>,
) -> ApiResult<web::Json<ProposalView>> {
    Ok(web::Json(ProposalView::of(proposals::find(&state, caller.ctx(), *id).await?)?))
}

async fn decided(
    state: &State,
    caller: &Caller,
    id: Uuid,
    step: Step,
    body: &Reason,
) -> ApiResult<web::Json<ProposalView>> {
    let row = proposals::decide(state, caller.ctx(), id, step, &body.reason).await?;
    Ok(web::Json(ProposalView::of(row)?))
}

/// Approve what somebody else asked for: it is done now. Needs `bridge:approve`.
#[utoipa::path(
    tag = "operators",
    security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "The proposal.")),
    request_body = Reason,
    responses((status = 200, body = ProposalView), (status = 401, body = Problem), (status = 403, body = Problem),
              (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
#[post("/proposals/{id}/approve")]
pub(super) async fn approve(
    state: State,
    caller: Caller,
    id: web::Path<Uuid>,
    body: ApiJson<Reason>,
) -> ApiResult<web::Json<ProposalView>> {
    decided(&state, &caller, *id, Step::Approve, &body.0).await
}

/// Refuse what somebody else asked for. Needs `bridge:approve`.
#[utoipa::path(
    tag = "operators",
    security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "The proposal.")),
    request_body = Reason,
    responses((status = 200, body = ProposalView), (status = 401, body = Problem), (status = 403, body = Problem),
              (status = 404, body = Problem), (status = 409, body = Problem)),
)]
#[post("/proposals/{id}/refuse")]
pub(super) async fn refuse(
    state: State,
    caller: Caller,
    id: web::Path<Uuid>,
    body: ApiJson<Reason>,
) -> ApiResult<web::Json<ProposalView>> {
    decided(&state, &caller, *id, Step::Refuse, &body.0).await
}

/// Take back what one asked for. Needs `bridge:write`.
#[utoipa::path(
    tag = "operators",
    security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "The proposal.")),
    request_body = Reason,
    responses((status = 200, body = ProposalView), (status = 401, body = Problem), (status = 403, body = Problem),
              (status = 404, body = Problem), (status = 409, body = Problem)),
)]
#[post("/proposals/{id}/withdraw")]
pub(super) async fn withdraw(
    state: State,
    caller: Caller,
    id: web::Path<Uuid>,
    body: ApiJson<Reason>,
) -> ApiResult<web::Json<ProposalView>> {
    decided(&state, &caller, *id, Step::Withdraw, &body.0).await
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
