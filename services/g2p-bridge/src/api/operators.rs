//! What operators do, beside looking: bearer token, `/api/v1`.

use actix_web::{HttpResponse, get, post, web};
use platform::{ApiJson, ApiResult, Caller, Page, PageQuery, Problem, clock::rfc3339};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::State;
use crate::{
    app::{operate, proposals, read::wrong_cursor},
    domain::proposal::{Answer, Content, State as ProposalState, Step},
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

/// Puts down what a second person is to decide.
pub(super) async fn ask(
    state: &State,
    caller: &Caller,
    content: Content,
    reason: &str,
) -> ApiResult<HttpResponse> {
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
