//! Messages in, answers out. Operations whose path both dialects share are told apart by the envelope they come in.

mod bank_callbacks;
mod both;
mod disburse;
pub(crate) mod envelope_statement;
mod newer;
mod newer_payments;
mod operators;
mod read;
mod restores;
mod statements;
mod treasury;
mod v1;
mod wire;

use std::sync::Arc;

use actix_web::{HttpResponse, get, post, web};
use g2p_connect::{
    Request, RequestV2, Response, ResponseV2,
    disburse::{
        v1::EnvelopePayloadV1,
        v2::{DisbursementBatchControlPayload, DisbursementEnvelopePayload},
    },
};
use platform::{PartnerError, SignedBody};
use utoipa_actix_web::service_config::ServiceConfig;

use self::both::{
    AmendEnvelopeMessage, CancelEnvelopeMessage, EnvelopeIdMessage, EnvelopeStatusAnswer, EnvelopesAnswer,
    PaymentIdsMessage, PaymentStatusAnswer, PaymentsAnswer, PaymentsMessage,
};
pub(crate) use self::disburse::{run_callback, run_end, run_message};
use crate::app::{App, programs::ProgramConfiguration};

/// The state of handlers.
pub(crate) type State = web::Data<Arc<App>>;
type Answer = Result<HttpResponse, PartnerError>;

/// Where deployments of the reference put the operations, beside the bare paths.
const PREFIX: &str = "/api/g2p-bridge";

/// The operations of the dialects, registered on anything that takes services.
macro_rules! with_operations {
    ($config:expr) => {
        $config
            .service(ping)
            .service(create_benefit_program_configuration)
            .service(update_benefit_program_configuration)
            .service(list_benefit_program_configurations)
            .service(create_disbursement_envelopes)
            .service(create_disbursement_envelope)
            .service(cancel_disbursement_envelope)
            .service(amend_disbursement_envelope)
            .service(create_disbursements)
            .service(cancel_disbursements)
            .service(get_disbursement_status)
            .service(get_disbursement_envelope_status)
            .service(get_disbursement_batch_control)
            .service(statements::upload_mt940)
            .service(disburse::disburse)
            .service(disburse::search)
            .service(disburse::txn_status)
            .service(disburse::sync_disburse)
            .service(disburse::sync_search)
            .service(disburse::sync_txn_status)
    };
}

/// Registers all routes. Those below the prefix are the same operations again, so the document does not repeat them.
pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(envelope_statement::keys);
    read::routes(config);
    config.service(bank_callbacks::bulk_transaction);
    config.map(|plain| plain.service(with_operations!(web::scope(PREFIX))));
    with_operations!(config);
}

/// Whether the service answers.
#[utoipa::path(tag = "bridge", responses((status = 200, body = String)))]
#[get("/ping")]
async fn ping() -> web::Json<&'static str> {
    web::Json("pong")
}

/// Say where a programme's money comes from. The same again changes nothing; another content is refused: update it.
#[utoipa::path(
    tag = "bridge",
    request_body = RequestV2<ProgramConfiguration>,
    responses((status = 200, description = "Done, or `response_status` is `ERROR`.", body = ResponseV2<ProgramConfiguration>),
              (status = 400, description = "Not of this shape: `G2P-REQ-102`.")),
)]
#[post("/create_benefit_program_configuration")]
async fn create_benefit_program_configuration(state: State, signed: SignedBody) -> Answer {
    newer::put_program(&state, &signed, crate::app::programs::Mode::Create).await
}

/// Write the next version of a programme's configuration. Envelopes that have begun keep the version they began with.
#[utoipa::path(
    tag = "bridge",
    request_body = RequestV2<ProgramConfiguration>,
    responses((status = 200, description = "Done, or `response_status` is `ERROR`.", body = ResponseV2<ProgramConfiguration>),
              (status = 400, description = "Not of this shape: `G2P-REQ-102`.")),
)]
#[post("/update_benefit_program_configuration")]
async fn update_benefit_program_configuration(state: State, signed: SignedBody) -> Answer {
    newer::put_program(&state, &signed, crate::app::programs::Mode::Update).await
}

/// The current configurations, up to 1,000 after the mnemonic given as payload (`""` for the first).
#[utoipa::path(
    tag = "bridge",
    request_body = RequestV2<String>,
    responses((status = 200, body = ResponseV2<Vec<ProgramConfiguration>>)),
)]
#[post("/list_benefit_program_configurations")]
async fn list_benefit_program_configurations(state: State, signed: SignedBody) -> Answer {
    newer::list_programs(&state, &signed).await
}

/// Create envelopes (newer dialect). Programme, benefit code and cycle are the key: again is the same as once.
#[utoipa::path(
    tag = "bridge",
    request_body = RequestV2<Vec<DisbursementEnvelopePayload>>,
    responses((status = 200, description = "All or none; wrong ones carry `response_error_codes`.", body = ResponseV2<Vec<DisbursementEnvelopePayload>>),
              (status = 400, description = "Not of this shape: `G2P-REQ-102`.")),
)]
#[post("/create_disbursement_envelopes")]
async fn create_disbursement_envelopes(state: State, signed: SignedBody) -> Answer {
    newer::create_envelopes(&state, &signed).await
}

/// Create an envelope (1.0 dialect).
#[utoipa::path(
    tag = "bridge",
    request_body = Request<EnvelopePayloadV1>,
    responses((status = 200, description = "`header.status` tells.", body = Response<EnvelopePayloadV1>),
              (status = 400, description = "Not of this shape: `G2P-REQ-102`.")),
)]
#[post("/create_disbursement_envelope")]
async fn create_disbursement_envelope(state: State, signed: SignedBody) -> Answer {
    v1::create_envelope(&state, &signed).await
}

/// Cancel an envelope that is not being paid yet. Both dialects.
#[utoipa::path(
    tag = "bridge",
    request_body = CancelEnvelopeMessage,
    responses((status = 200, body = EnvelopesAnswer), (status = 400, description = "`G2P-REQ-102`.")),
)]
#[post("/cancel_disbursement_envelope")]
async fn cancel_disbursement_envelope(state: State, signed: SignedBody) -> Answer {
    if signed.head.newer {
        newer::cancel_envelope(&state, &signed).await
    } else {
        v1::cancel_envelope(&state, &signed).await
    }
}

/// Change the declaration of an envelope whose day has not come. Both dialects.
#[utoipa::path(
    tag = "bridge",
    request_body = AmendEnvelopeMessage,
    responses((status = 200, body = EnvelopesAnswer), (status = 400, description = "`G2P-REQ-102`.")),
)]
#[post("/amend_disbursement_envelope")]
async fn amend_disbursement_envelope(state: State, signed: SignedBody) -> Answer {
    if signed.head.newer {
        newer::amend_envelope(&state, &signed).await
    } else {
        v1::amend_envelope(&state, &signed).await
    }
}

/// Add payments to an envelope: all or none. Again is the same as once. Both dialects.
#[utoipa::path(
    tag = "bridge",
    request_body = PaymentsMessage,
    responses((status = 200, body = PaymentsAnswer), (status = 400, description = "`G2P-REQ-102`.")),
)]
#[post("/create_disbursements")]
async fn create_disbursements(state: State, signed: SignedBody) -> Answer {
    if signed.head.newer {
        newer_payments::create_disbursements(&state, &signed).await
    } else {
        v1::create_disbursements(&state, &signed).await
    }
}

/// Take payments back before their day: all or none. Both dialects.
#[utoipa::path(
    tag = "bridge",
    request_body = PaymentsMessage,
    responses((status = 200, body = PaymentsAnswer), (status = 400, description = "`G2P-REQ-102`.")),
)]
#[post("/cancel_disbursements")]
async fn cancel_disbursements(state: State, signed: SignedBody) -> Answer {
    if signed.head.newer {
        newer_payments::cancel_disbursements(&state, &signed).await
    } else {
        v1::cancel_disbursements(&state, &signed).await
    }
}

/// What became of payments. Both dialects.
#[utoipa::path(
    tag = "bridge",
    request_body = PaymentIdsMessage,
    responses((status = 200, body = PaymentStatusAnswer), (status = 400, description = "`G2P-REQ-102`.")),
)]
#[post("/get_disbursement_status")]
async fn get_disbursement_status(state: State, signed: SignedBody) -> Answer {
    if signed.head.newer {
        newer_payments::disbursement_status(&state, &signed).await
    } else {
        v1::disbursement_status(&state, &signed).await
    }
}

/// Where an envelope stands. Both dialects.
#[utoipa::path(
    tag = "bridge",
    request_body = EnvelopeIdMessage,
    responses((status = 200, body = EnvelopeStatusAnswer), (status = 400, description = "`G2P-REQ-102`.")),
)]
#[post("/get_disbursement_envelope_status")]
async fn get_disbursement_envelope_status(state: State, signed: SignedBody) -> Answer {
    if signed.head.newer {
        newer::envelope_status(&state, &signed).await
    } else {
        v1::envelope_status(&state, &signed).await
    }
}

/// Where a batch of the sender stands (newer dialect).
#[utoipa::path(
    tag = "bridge",
    request_body = RequestV2<String>,
    responses((status = 200, body = ResponseV2<DisbursementBatchControlPayload>), (status = 400, description = "`G2P-REQ-102`.")),
)]
#[post("/get_disbursement_batch_control")]
async fn get_disbursement_batch_control(state: State, signed: SignedBody) -> Answer {
    newer::batch_control(&state, &signed).await
}
