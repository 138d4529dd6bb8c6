//! Payments: taken on, asked about, listed.

use actix_web::{HttpResponse, body::BodyStream, get, post, web};
use platform::{ApiError, ApiJson, ApiResult, Caller, Page, PageQuery, Problem, clock::rfc3339};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::word;
use crate::{
    State,
    app::{
        admission::{self, Payment, Verdict},
        decimal,
    },
    domain::{Fault, Instruction},
};

/// What the bank says to one payment.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PaymentAnswer {
    /// The caller's key.
    payment_reference_number: String,
    /// `accepted`, `duplicate` (accepted before) or `rejected`.
    status: &'static str,
    /// Why it was rejected, as a word: `MISMATCH`, `INSUFFICIENT_BLOCK`, `INVALID_PAYEE` and so on.
    reason: String,
}

/// What the bank says to a list of payments.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct InitiatePaymentResponse {
    /// `failed` when at least one payment was rejected; the others are paid all the same.
    status: &'static str,
    /// How many were rejected.
    error_message: String,
    /// An answer for each payment, in the order sent.
    payments: Vec<PaymentAnswer>,
}

/// Take payments on. Each is paid once per key, from its block, in the background.
#[utoipa::path(tag = "bank", request_body = Vec<Instruction>, responses((status = 200, body = InitiatePaymentResponse), (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem), (status = 422, body = Problem)), security(("bearer" = [])))]
#[post("/initiate_payment")]
pub(super) async fn initiate_payment(
    state: web::Data<State>,
    caller: Caller,
    request: ApiJson<Vec<Instruction>>,
) -> ApiResult<HttpResponse> {
    let verdicts = admission::initiate(&state, caller.ctx(), &request.0).await?;
    let rejected = verdicts.iter().filter(|v| matches!(v, Verdict::Rejected(_))).count();
    let payments = request.0.iter().zip(verdicts).map(|(instruction, verdict)| {
        let (status, reason) = match verdict {
            Verdict::Accepted => ("accepted", String::new()),
            Verdict::Duplicate => ("duplicate", String::new()),
            Verdict::Rejected(why) => ("rejected", why),
        };
        PaymentAnswer {
            payment_reference_number: instruction.payment_reference_number.clone(),
            status,
            reason,
        }
    });
    let answer = InitiatePaymentResponse {
        status: word(rejected == 0),
        payments: payments.collect(),
        error_message: match rejected {
            0 => String::new(),
            n => format!("{n} of {} payments were rejected; payments says why", request.0.len()),
        },
    };
    spoilt(&state, HttpResponse::Ok().json(answer)).await
}

/// The answer as the configured test faults leave it. Everything is committed by now.
async fn spoilt(state: &State, answer: HttpResponse) -> ApiResult<HttpResponse> {
    if !state.faults.delay().is_zero() {
        tokio::time::sleep(state.faults.delay()).await;
    }
    match state.faults.next() {
        Fault::None => Ok(answer),
        Fault::ErrorAfterAccept => {
            Err(ApiError::internal("the configured test fault: an error after the bank acted"))
        }
        Fault::AnswerLost => {
            let breaks = futures_util::stream::iter([
                Ok(web::Bytes::from_static(b"{")),
                Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset)),
            ]);
            Ok(HttpResponse::Ok().content_type("application/json").body(BodyStream::new(breaks)))
        }
    }
}

/// Keys to ask about.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct PaymentStatusRequest {
    /// At most 1,000.
    payment_reference_numbers: Vec<String>,
}

/// Where one payment stands.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PaymentStatus {
    /// The key.
    payment_reference_number: String,
    /// `not_found`, `accepted`, `booked`, `reversed` or `rejected`.
    status: String,
    /// Why it was rejected or reversed, as a word.
    reason: String,
}

/// Where the payments stand.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PaymentStatusResponse {
    /// An answer for each key, in the order sent.
    payments: Vec<PaymentStatus>,
}

/// Where do payments stand?
#[utoipa::path(tag = "bank", request_body = PaymentStatusRequest, responses((status = 200, body = PaymentStatusResponse), (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem), (status = 422, body = Problem)), security(("bearer" = [])))]
#[post("/payment_status")]
pub(super) async fn payment_status(
    state: web::Data<State>,
    caller: Caller,
    request: ApiJson<PaymentStatusRequest>,
) -> ApiResult<web::Json<PaymentStatusResponse>> {
    let keys = request.0.payment_reference_numbers;
    let found = admission::statuses(&state, caller.ctx(), &keys).await?;
    let payments = keys.into_iter().zip(found).map(|(key, (status, reason))| PaymentStatus {
        payment_reference_number: key,
        status,
        reason: reason.unwrap_or_default(),
    });
    Ok(web::Json(PaymentStatusResponse { payments: payments.collect() }))
}

/// A payment as auditors see it: nothing of the payee.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PaymentView {
    /// The caller's key.
    payment_reference_number: String,
    /// The sponsor's account.
    account_number: String,
    /// Decimal text.
    amount: String,
    /// ISO 4217.
    currency: String,
    /// `accepted`, `booked`, `reversed` or `rejected`.
    state: String,
    /// Why it was rejected.
    reason: Option<String>,
    /// Why it came back, or will.
    return_reason: Option<String>,
    /// When the bank got it.
    received_at: String,
    /// When the sponsor's account was debited.
    booked_at: Option<String>,
    /// When the money came back.
    reversed_at: Option<String>,
}

fn view(payment: Payment) -> PaymentView {
    PaymentView {
        amount: decimal(payment.amount, &payment.currency),
        payment_reference_number: payment.payment_reference_number,
        account_number: payment.account_number,
        currency: payment.currency,
        state: payment.state,
        reason: payment.reason,
        return_reason: payment.return_reason,
        received_at: rfc3339(payment.received_at),
        booked_at: payment.booked_at.map(rfc3339),
        reversed_at: payment.reversed_at.map(rfc3339),
    }
}

/// All payments, in order of keys.
#[utoipa::path(tag = "audit", params(PageQuery), responses((status = 200, body = Page<PaymentView>), (status = 401, body = Problem), (status = 403, body = Problem)), security(("bearer" = [])))]
#[get("/payments")]
pub(super) async fn list_payments(
    state: web::Data<State>,
    caller: Caller,
    query: web::Query<PageQuery>,
) -> ApiResult<web::Json<Page<PaymentView>>> {
    let after = query.after.as_deref().unwrap_or_default();
    let rows = admission::list(&state, caller.ctx(), after, i64::from(query.limit()) + 1).await?;
    let page = Page::from_rows(rows, query.limit(), |p| p.payment_reference_number.clone());
    Ok(web::Json(Page { items: page.items.into_iter().map(view).collect(), next: page.next }))
}
