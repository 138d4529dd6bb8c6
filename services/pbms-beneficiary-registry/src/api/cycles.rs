//! A cycle from draft to done.

use actix_web::{HttpResponse, get, post, web};
use platform::{ApiJson, ApiResult, Caller, Page, PageQuery, Problem};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::IdempotencyKey;
use crate::app::{
    State, approvals, cycles, funds,
    model::{ApprovalRequest, CycleView, DisbursementView, FundCheckView, RunView},
    runs,
};

pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(get)
        .service(compute)
        .service(compute_progress)
        .service(fund_check)
        .service(approve)
        .service(disburse)
        .service(cancel)
        .service(payments);
}

/// A cycle with counts and money by state.
#[utoipa::path(
    tag = "cycles",
    security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "The cycle.")),
    responses((status = 200, body = CycleView), (status = 401, body = Problem), (status = 403, body = Problem),
              (status = 404, body = Problem)),
)]
#[get("/cycles/{id}")]
async fn get(
    state: web::Data<State>,
    caller: Caller,
    id: web::Path<Uuid>,
) -> ApiResult<web::Json<CycleView>> {
    Ok(web::Json(cycles::get(&state, caller.ctx(), *id).await?))
}

/// Compute the entitlements of a draft, in place of what was computed before. While a computation runs, asking again
/// gives that one.
#[utoipa::path(
    tag = "cycles",
    security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "The cycle."),
           ("Idempotency-Key" = Option<String>, Header, description = "The same key again is answered from what was stored.")),
    responses((status = 202, body = RunView), (status = 401, body = Problem), (status = 403, body = Problem),
              (status = 404, body = Problem), (status = 409, body = Problem)),
)]
#[post("/cycles/{id}/entitlements")]
async fn compute(
    state: web::Data<State>,
    caller: Caller,
    key: IdempotencyKey,
    id: web::Path<Uuid>,
) -> ApiResult<HttpResponse> {
    let view = runs::start_entitlement(&state, caller.ctx(), key.get(), *id).await?;
    Ok(HttpResponse::Accepted().json(view))
}

/// How far a computation is.
#[utoipa::path(
    tag = "cycles",
    security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "The cycle."), ("run" = Uuid, Path, description = "The computation.")),
    responses((status = 200, body = RunView), (status = 401, body = Problem), (status = 403, body = Problem),
              (status = 404, body = Problem)),
)]
#[get("/cycles/{id}/entitlements/{run}")]
async fn compute_progress(
    state: web::Data<State>,
    caller: Caller,
    path: web::Path<(Uuid, Uuid)>,
) -> ApiResult<web::Json<RunView>> {
    Ok(web::Json(runs::of_cycle(&state, caller.ctx(), path.0, path.1).await?))
}

/// Check whether the programme's money covers the cycle, and reserve it if so: one decision, which no other cycle can
/// take at the same time. `sufficient: false` reserves nothing.
#[utoipa::path(
    tag = "cycles",
    security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "The cycle.")),
    responses((status = 200, body = FundCheckView), (status = 401, body = Problem), (status = 403, body = Problem),
              (status = 404, body = Problem), (status = 409, body = Problem), (status = 503, body = Problem)),
)]
#[post("/cycles/{id}/fund-check")]
async fn fund_check(
    state: web::Data<State>,
    caller: Caller,
    id: web::Path<Uuid>,
) -> ApiResult<web::Json<FundCheckView>> {
    Ok(web::Json(funds::check(&state, caller.ctx(), *id).await?))
}

/// Submit a draft (maker), then approve it or send it back (checker, another person). Approval freezes the amounts.
#[utoipa::path(
    tag = "cycles",
    security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "The cycle."),
           ("Idempotency-Key" = Option<String>, Header, description = "The same key again is answered from what was stored.")),
    request_body = ApprovalRequest,
    responses((status = 200, body = CycleView), (status = 400, body = Problem), (status = 401, body = Problem),
              (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem),
              (status = 422, body = Problem)),
)]
#[post("/cycles/{id}/approvals")]
async fn approve(
    state: web::Data<State>,
    caller: Caller,
    key: IdempotencyKey,
    id: web::Path<Uuid>,
    body: ApiJson<ApprovalRequest>,
) -> ApiResult<web::Json<CycleView>> {
    Ok(web::Json(approvals::decide(&state, caller.ctx(), key.get(), *id, &body).await?))
}

/// Pay an approved cycle. A job announces the envelope at the bridge and sends the disbursements.
#[utoipa::path(
    tag = "cycles",
    security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "The cycle."),
           ("Idempotency-Key" = Option<String>, Header, description = "The same key again is answered from what was stored.")),
    responses((status = 202, body = CycleView), (status = 401, body = Problem), (status = 403, body = Problem),
              (status = 404, body = Problem), (status = 409, body = Problem)),
)]
#[post("/cycles/{id}/disburse")]
async fn disburse(
    state: web::Data<State>,
    caller: Caller,
    key: IdempotencyKey,
    id: web::Path<Uuid>,
) -> ApiResult<HttpResponse> {
    let view = approvals::disburse(&state, caller.ctx(), key.get(), *id).await?;
    Ok(HttpResponse::Accepted().json(view))
}

/// Give a cycle up that is not paid yet, and set its money free.
#[utoipa::path(
    tag = "cycles",
    security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "The cycle."),
           ("Idempotency-Key" = Option<String>, Header, description = "The same key again is answered from what was stored.")),
    request_body = ApprovalRequest,
    responses((status = 200, body = CycleView), (status = 400, body = Problem), (status = 401, body = Problem),
              (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)),
)]
#[post("/cycles/{id}/cancel")]
async fn cancel(
    state: web::Data<State>,
    caller: Caller,
    key: IdempotencyKey,
    id: web::Path<Uuid>,
    body: ApiJson<ApprovalRequest>,
) -> ApiResult<web::Json<CycleView>> {
    Ok(web::Json(cycles::cancel(&state, caller.ctx(), key.get(), *id, &body).await?))
}

/// Disbursements of a cycle, by id.
#[utoipa::path(
    tag = "cycles",
    security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "The cycle."), PageQuery),
    responses((status = 200, body = Page<DisbursementView>), (status = 401, body = Problem), (status = 403, body = Problem),
              (status = 404, body = Problem)),
)]
#[get("/cycles/{id}/disbursements")]
async fn payments(
    state: web::Data<State>,
    caller: Caller,
    id: web::Path<Uuid>,
    page: web::Query<PageQuery>,
) -> ApiResult<web::Json<Page<DisbursementView>>> {
    Ok(web::Json(cycles::payments(&state, caller.ctx(), *id, &page).await?))
}
