//! What operations whose path both dialects share take and give, for the document: the message of one dialect or of the
//! other.
#![expect(dead_code, clippy::large_enum_variant, reason = "only their schemas are used")]

use g2p_connect::{
    Request, RequestV2, Response, ResponseV2,
    disburse::{
        DisbursementStatus, EnvelopeStatus,
        v1::{DisbursementPayloadV1, EnvelopePayloadV1},
        v2::{DisbursementEnvelopePayload, DisbursementPayload, EnvelopeReference},
    },
};
use serde::Serialize;
use utoipa::ToSchema;

/// An envelope to cancel.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(super) enum CancelEnvelopeMessage {
    V1(Request<EnvelopePayloadV1>),
    Newer(RequestV2<Vec<EnvelopeReference>>),
}

/// New declarations.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(super) enum AmendEnvelopeMessage {
    V1(Request<EnvelopePayloadV1>),
    Newer(RequestV2<Vec<DisbursementEnvelopePayload>>),
}

/// Envelopes as they are now.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(super) enum EnvelopesAnswer {
    V1(Response<EnvelopePayloadV1>),
    Newer(ResponseV2<Vec<DisbursementEnvelopePayload>>),
}

/// Payments.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(super) enum PaymentsMessage {
    V1(Request<Vec<DisbursementPayloadV1>>),
    Newer(RequestV2<Vec<DisbursementPayload>>),
}

/// Payments, or what is wrong with each.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(super) enum PaymentsAnswer {
    V1(Response<Vec<DisbursementPayloadV1>>),
    Newer(ResponseV2<Vec<DisbursementPayload>>),
}

/// Ids of payments.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(super) enum PaymentIdsMessage {
    V1(Request<Vec<String>>),
    Newer(RequestV2<Vec<String>>),
}

/// Where each payment stands.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(super) enum PaymentStatusAnswer {
    V1(Response<Vec<DisbursementStatus>>),
    Newer(ResponseV2<Vec<DisbursementStatus>>),
}

/// The id of an envelope.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(super) enum EnvelopeIdMessage {
    V1(Request<String>),
    Newer(RequestV2<String>),
}

/// Where an envelope stands; the newer dialect says more than these fields.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(super) enum EnvelopeStatusAnswer {
    V1(Response<EnvelopeStatus>),
    Newer(ResponseV2<EnvelopeStatus>),
}
