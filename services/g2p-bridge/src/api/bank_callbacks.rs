//! What banks call back. Who may is shown by a signature over the body; a bank that is not known gets the same answer as a
//! wrong signature.

use actix_web::{HttpRequest, HttpResponse, put, web};
use platform::{ApiError, ApiResult, Problem, body, signed::parse_json};
use uuid::Uuid;

use super::State;
use crate::{app::reports, bank::hub::BulkState};

/// Largest callback: one of the largest call, with room.
const MAX_BYTES: usize = 4 * 1024 * 1024;

/// What became of a bulk transaction. The header `X-Callback-Signature` is the HMAC-SHA-256 of the exact body under the bank's `callback_secret`, in hex. Again is the same as once, and what is said of transactions that were not sent from here changes nothing.
#[utoipa::path(
    tag = "banks",
    params(("bank" = String, Path, description = "The bank's code."),
           ("id" = Uuid, Path, description = "`bulkTransactionId`.")),
    request_body = BulkState,
    responses((status = 200, description = "Taken in."), (status = 400, body = Problem), (status = 401, body = Problem),
              (status = 413, body = Problem)),
)]
#[put("/bank-callbacks/{bank}/bulkTransactions/{id}")]
pub(super) async fn bulk_transaction(
    state: State,
    path: web::Path<(String, String)>,
    request: HttpRequest,
    payload: web::Payload,
) -> ApiResult<HttpResponse> {
    let (bank, call) = path.into_inner();
    let signature = request.headers().get("X-Callback-Signature").and_then(|h| h.to_str().ok());
    let strange = || ApiError::unauthorized("X-Callback-Signature does not fit the body and the bank");
    let hub = state.banks.of(&bank).and_then(|bank| bank.hub());
    let (Some(hub), Some(signature)) = (hub, signature) else { return Err(strange()) };
    let bytes = body::read(&request, payload.into_inner(), MAX_BYTES).await?;
    if !hub.signed(&bytes, signature) {
        return Err(strange());
    }
    let said: BulkState = parse_json(&bytes).map_err(|fault| {
        ApiError::bad_request("invalid_json", "the body is no state of a bulk transaction")
            .with_field(fault.field(), fault.message())
    })?;
    let call = Uuid::try_parse(&call)
        .map_err(|_| ApiError::bad_request("invalid_id", "the id of the bulk transaction is no UUID"))?;
    reports::hear(&state, &bank, call, &said).await?;
    Ok(HttpResponse::Ok().finish())
}
