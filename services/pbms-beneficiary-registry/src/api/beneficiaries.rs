//! Questions about one person. The person's identifier stands in the body, never in the address.

use actix_web::{post, web};
use platform::{ApiJson, ApiResult, Caller, Problem};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::app::{
    State, lookups,
    model::{LookupRequest, LookupView, PayeePaymentsView, PayeeRequest},
};

pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(lookup).service(payments);
}

/// Find a person by an identifier: the programmes, the entitlements by cycle and benefit, and each payment with its
/// state, reason and times. Every look-up is written down.
#[utoipa::path(
    tag = "beneficiaries",
    security(("bearer" = [])),
    request_body = LookupRequest,
    responses((status = 200, body = LookupView), (status = 400, body = Problem), (status = 401, body = Problem),
              (status = 403, body = Problem)),
)]
#[post("/beneficiaries/lookup")]
async fn lookup(
    state: web::Data<State>,
    caller: Caller,
    body: ApiJson<LookupRequest>,
) -> ApiResult<web::Json<LookupView>> {
    Ok(web::Json(lookups::beneficiary(&state, caller.ctx(), &body).await?))
}

/// The payments of one payee, newest first, for the self-service pages.
#[utoipa::path(
    tag = "beneficiaries",
    security(("bearer" = [])),
    request_body = PayeeRequest,
    responses((status = 200, body = PayeePaymentsView), (status = 400, body = Problem), (status = 401, body = Problem),
              (status = 403, body = Problem)),
)]
#[post("/payees/payments")]
async fn payments(
    state: web::Data<State>,
    caller: Caller,
    body: ApiJson<PayeeRequest>,
) -> ApiResult<web::Json<PayeePaymentsView>> {
    Ok(web::Json(lookups::payee(&state, caller.ctx(), &body).await?))
}
