//! The read API: bearer token, `/api/v1`; what operators and the treasury change stands in `operators` and `treasury`.

use actix_web::{get, post, web};
use platform::{ApiJson, ApiResult, Caller, Page, PageQuery, Problem};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::{
    State,
    envelope_statement::{csv_file, pdf_file, signature_file},
    operators, restores, treasury,
};
use crate::app::lists::{
    self, BatchFilter, BatchView, BeneficiaryTotalView, ListedPaymentView, PaymentDetail, PaymentFilter,
};
use crate::app::programs::{self, ProgramVersion};
use crate::app::read::{
    self, EnvelopeFilter, EnvelopeView, HistoryView, PaymentView, ProblemLineView, StateFilter,
};
use crate::app::received::{self, FileFilter, FileView, StatementFilter, StatementView};

pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(
        utoipa_actix_web::scope("/api/v1")
            .service(envelopes)
            .service(envelope)
            .service(envelope_history)
            .service(payments)
            .service(payment_history)
            .service(payments_in_state)
            .service(payment)
            .service(batches)
            .service(program_versions)
            .service(beneficiary_payments)
            .service(beneficiary_totals)
            .service(operators::answer)
            .service(operators::reissue)
            .service(operators::retry)
            .service(operators::release)
            .service(operators::list)
            .service(operators::one)
            .service(operators::approve)
            .service(operators::refuse)
            .service(operators::withdraw)
            .service(treasury::pauses)
            .service(treasury::pause)
            .service(treasury::resume)
            .service(treasury::limits)
            .service(treasury::limit)
            .service(restores::list)
            .service(restores::held)
            .service(restores::end)
            .service(problem_lines)
            .service(statement_files)
            .service(statements)
            .service(csv_file)
            .service(signature_file)
            .service(pdf_file),
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
    params(("id" = String, Path, description = "The envelope."), PageQuery),
    responses((status = 200, body = Page<HistoryView>), (status = 401, body = Problem), (status = 403, body = Problem),
              (status = 404, body = Problem)),
)]
#[get("/envelopes/{id}/history")]
async fn envelope_history(
    state: State,
    caller: Caller,
    id: web::Path<String>,
    page: web::Query<PageQuery>,
) -> ApiResult<web::Json<Page<HistoryView>>> {
    Ok(web::Json(read::history(&state, caller.ctx(), &format!("envelope/{id}"), &page).await?))
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
    params(("id" = String, Path, description = "The payment."), PageQuery),
    responses((status = 200, body = Page<HistoryView>), (status = 401, body = Problem), (status = 403, body = Problem),
              (status = 404, body = Problem)),
)]
#[get("/disbursements/{id}/history")]
async fn payment_history(
    state: State,
    caller: Caller,
    id: web::Path<String>,
    page: web::Query<PageQuery>,
) -> ApiResult<web::Json<Page<HistoryView>>> {
    Ok(web::Json(read::history(&state, caller.ctx(), &id, &page).await?))
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

/// Files that banks sent, in the order in which they came.
#[utoipa::path(
    tag = "read",
    security(("bearer" = [])),
    params(FileFilter, PageQuery),
    responses((status = 200, body = Page<FileView>), (status = 400, body = Problem), (status = 401, body = Problem),
              (status = 403, body = Problem)),
)]
#[get("/statement-files")]
async fn statement_files(
    state: State,
    caller: Caller,
    filter: web::Query<FileFilter>,
    page: web::Query<PageQuery>,
) -> ApiResult<web::Json<Page<FileView>>> {
    Ok(web::Json(received::files(&state, caller.ctx(), &filter, &page).await?))
}

/// The statements in these files, in the order in which they were read.
#[utoipa::path(
    tag = "read",
    security(("bearer" = [])),
    params(StatementFilter, PageQuery),
    responses((status = 200, body = Page<StatementView>), (status = 400, body = Problem), (status = 401, body = Problem),
              (status = 403, body = Problem)),
)]
#[get("/statements")]
async fn statements(
    state: State,
    caller: Caller,
    filter: web::Query<StatementFilter>,
    page: web::Query<PageQuery>,
) -> ApiResult<web::Json<Page<StatementView>>> {
    Ok(web::Json(received::statements(&state, caller.ctx(), &filter, &page).await?))
}

/// Payments of all envelopes in one state, by envelope and number.
#[utoipa::path(
    tag = "read",
    security(("bearer" = [])),
    params(PaymentFilter, PageQuery),
    responses((status = 200, body = Page<ListedPaymentView>), (status = 400, body = Problem),
              (status = 401, body = Problem), (status = 403, body = Problem)),
)]
#[get("/disbursements")]
async fn payments_in_state(
    state: State,
    caller: Caller,
    filter: web::Query<PaymentFilter>,
    page: web::Query<PageQuery>,
) -> ApiResult<web::Json<Page<ListedPaymentView>>> {
    Ok(web::Json(lists::payments(&state, caller.ctx(), &filter, &page).await?))
}

/// One payment with its attempts and the statement lines that name it.
#[utoipa::path(
    tag = "read",
    security(("bearer" = [])),
    params(("id" = String, Path, description = "The payment.")),
    responses((status = 200, body = PaymentDetail), (status = 401, body = Problem), (status = 403, body = Problem),
              (status = 404, body = Problem)),
)]
#[get("/disbursements/{id}")]
async fn payment(state: State, caller: Caller, id: web::Path<String>) -> ApiResult<web::Json<PaymentDetail>> {
    Ok(web::Json(lists::payment(&state, caller.ctx(), &id).await?))
}

/// What went, or is to go, to a bank in one call.
#[utoipa::path(
    tag = "read",
    security(("bearer" = [])),
    params(BatchFilter, PageQuery),
    responses((status = 200, body = Page<BatchView>), (status = 400, body = Problem),
              (status = 401, body = Problem), (status = 403, body = Problem)),
)]
#[get("/batches")]
async fn batches(
    state: State,
    caller: Caller,
    filter: web::Query<BatchFilter>,
    page: web::Query<PageQuery>,
) -> ApiResult<web::Json<Page<BatchView>>> {
    Ok(web::Json(lists::batches(&state, caller.ctx(), &filter, &page).await?))
}

/// All versions of a programme's configuration, oldest first.
#[utoipa::path(
    tag = "read",
    security(("bearer" = [])),
    params(("mnemonic" = String, Path, description = "The programme."), PageQuery),
    responses((status = 200, body = Page<ProgramVersion>), (status = 400, body = Problem),
              (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)),
)]
#[get("/programs/{mnemonic}/versions")]
async fn program_versions(
    state: State,
    caller: Caller,
    mnemonic: web::Path<String>,
    page: web::Query<PageQuery>,
) -> ApiResult<web::Json<Page<ProgramVersion>>> {
    Ok(web::Json(programs::versions(&state, caller.ctx(), &mnemonic, &page).await?))
}

/// A beneficiary; in a body, so that the id stands in no log of addresses.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Beneficiary {
    /// As the programme system sends it.
    beneficiary_id: String,
}

/// A beneficiary's own payments, by id.
#[utoipa::path(
    tag = "read",
    security(("bearer" = [])),
    params(PageQuery),
    request_body = Beneficiary,
    responses((status = 200, body = Page<ListedPaymentView>), (status = 401, body = Problem), (status = 403, body = Problem)),
)]
#[post("/beneficiary/disbursements")]
async fn beneficiary_payments(
    state: State,
    caller: Caller,
    body: ApiJson<Beneficiary>,
    page: web::Query<PageQuery>,
) -> ApiResult<web::Json<Page<ListedPaymentView>>> {
    Ok(web::Json(lists::of_beneficiary(&state, caller.ctx(), &body.0.beneficiary_id, &page).await?))
}

/// What a beneficiary got till date, by programme and currency.
#[utoipa::path(
    tag = "read",
    security(("bearer" = [])),
    request_body = Beneficiary,
    responses((status = 200, body = Vec<BeneficiaryTotalView>), (status = 401, body = Problem), (status = 403, body = Problem)),
)]
#[post("/beneficiary/totals")]
async fn beneficiary_totals(
    state: State,
    caller: Caller,
    body: ApiJson<Beneficiary>,
) -> ApiResult<web::Json<Vec<BeneficiaryTotalView>>> {
    Ok(web::Json(lists::totals(&state, caller.ctx(), &body.0.beneficiary_id).await?))
}
