//! The read API: bearer token, `/api/v1`.

use actix_web::{get, web};
use platform::{ApiResult, Caller, Page, PageQuery, Problem};
use utoipa_actix_web::service_config::ServiceConfig;

use super::State;
use crate::app::read::{
    self, EnvelopeFilter, EnvelopeView, HistoryView, PaymentView, ProblemLineView, StateFilter,
};

pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(
        utoipa_actix_web::scope("/api/v1")
            .service(envelopes)
            .service(envelope)
            .service(envelope_history)
            .service(payments)
            .service(payment_history)
            .service(problem_lines),
    );
}

/// Envelopes, by id; `state`, `program`, `problem` and `overdue` narrow the list.
#[utoipa::path(
    tag = "read",
    security(("bearer" = [])),
    params(EnvelopeFilter, PageQuery),
    responses((status = 200, body = Page<EnvelopeView>), (status = 401, body = Problem), (status = 403, body = Problem)),
)]
#[get("/envelopes")]
async fn envelopes(
    state: State,
    caller: Caller,
    filter: web::Query<EnvelopeFilter>,
    page: web::Query<PageQuery>,
) -> ApiResult<web::Json<Page<EnvelopeView>>> {
    Ok(web::Json(read::envelopes(&state, caller.ctx(), &filter, &page).await?))
}

/// An envelope with counts and money by state.
#[utoipa::path(
    tag = "read",
    security(("bearer" = [])),
    params(("id" = String, Path, description = "The envelope.")),
    responses((status = 200, body = EnvelopeView), (status = 401, body = Problem), (status = 403, body = Problem),
              (status = 404, body = Problem)),
)]
#[get("/envelopes/{id}")]
async fn envelope(state: State, caller: Caller, id: web::Path<String>) -> ApiResult<web::Json<EnvelopeView>> {
    Ok(web::Json(read::envelope(&state, caller.ctx(), &id).await?))
}

/// What happened to an envelope, oldest first.
#[utoipa::path(
    tag = "read",
    security(("bearer" = [])),
    params(("id" = String, Path, description = "The envelope.")),
    responses((status = 200, body = Vec<HistoryView>), (status = 401, body = Problem), (status = 403, body = Problem),
              (status = 404, body = Problem)),
)]
#[get("/envelopes/{id}/history")]
async fn envelope_history(
    state: State,
    caller: Caller,
    id: web::Path<String>,
) -> ApiResult<web::Json<Vec<HistoryView>>> {
    Ok(web::Json(read::history(&state, caller.ctx(), &format!("envelope/{id}")).await?))
}

/// Payments of an envelope in the order they came; `state` narrows the list.
#[utoipa::path(
    tag = "read",
    security(("bearer" = [])),
    params(("id" = String, Path, description = "The envelope."), StateFilter, PageQuery),
    responses((status = 200, body = Page<PaymentView>), (status = 401, body = Problem), (status = 403, body = Problem),
              (status = 404, body = Problem)),
)]
#[get("/envelopes/{id}/disbursements")]
async fn payments(
    state: State,
    caller: Caller,
    id: web::Path<String>,
    filter: web::Query<StateFilter>,
    page: web::Query<PageQuery>,
) -> ApiResult<web::Json<Page<PaymentView>>> {
    Ok(web::Json(read::payments(&state, caller.ctx(), &id, &filter, &page).await?))
}

/// What happened to a payment, oldest first.
#[utoipa::path(
    tag = "read",
    security(("bearer" = [])),
    params(("id" = String, Path, description = "The payment.")),
    responses((status = 200, body = Vec<HistoryView>), (status = 401, body = Problem), (status = 403, body = Problem),
              (status = 404, body = Problem)),
)]
#[get("/disbursements/{id}/history")]
async fn payment_history(
    state: State,
    caller: Caller,
    id: web::Path<String>,
) -> ApiResult<web::Json<Vec<HistoryView>>> {
    Ok(web::Json(read::history(&state, caller.ctx(), &id).await?))
}

/// Statement lines that contradict what the bridge knows, could not be read, or wait for another line.
#[utoipa::path(
    tag = "read",
    security(("bearer" = [])),
    params(PageQuery),
    responses((status = 200, body = Page<ProblemLineView>), (status = 401, body = Problem), (status = 403, body = Problem)),
)]
#[get("/statement-problems")]
async fn problem_lines(
    state: State,
    caller: Caller,
    page: web::Query<PageQuery>,
) -> ApiResult<web::Json<Page<ProblemLineView>>> {
    Ok(web::Json(read::problem_lines(&state, caller.ctx(), &page).await?))
}
