//! The bridge's newer dialect: payloads in the envelope of [`crate::header_v2`].
//!
//! | operation | `request_payload` | `response_payload` |
//! |---|---|---|
//! | `create_disbursement_envelopes`, `amend_disbursement_envelope` | list of [`DisbursementEnvelopePayload`] | the same, completed |
//! | `cancel_disbursement_envelope` | list of [`EnvelopeReference`] | list of [`DisbursementEnvelopePayload`] |
//! | `create_disbursements` | list of [`DisbursementPayload`], with `disbursement_batch_control_id` beside it | the same, completed |
//! | `cancel_disbursements` | list of [`DisbursementPayload`] with the id | the same, completed |
//! | `get_disbursement_status` | list of ids | list of [`super::DisbursementStatus`] |
//! | `get_disbursement_envelope_status` | the id, a string | [`super::EnvelopeStatus`] |
//! | `get_disbursement_batch_control` | the id, a string | [`DisbursementBatchControlPayload`] |
//!
//! Idempotency: `disbursement_id` and `disbursement_batch_control_id` are the sender's and stable across
//! retries; for envelopes it is programme, benefit code and cycle. `request_id` is not usable as a key.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::CancellationStatus;
use crate::header_v2::{RequestV2, ResponseV2};
use crate::masked::masked_debug;
use money::DecimalText;

/// Request of `create_disbursement_envelopes`.
pub type EnvelopesRequest = RequestV2<Vec<DisbursementEnvelopePayload>>;
/// Answer of `create_disbursement_envelopes`.
pub type EnvelopesResponse = ResponseV2<Vec<DisbursementEnvelopePayload>>;
/// Request of `create_disbursements`.
pub type DisbursementsRequest = RequestV2<Vec<DisbursementPayload>>;
/// Answer of `create_disbursements`.
pub type DisbursementsResponse = ResponseV2<Vec<DisbursementPayload>>;

/// An envelope: the control totals of one benefit of a programme for one cycle.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct DisbursementEnvelopePayload {
    /// The envelope's id. The sender makes it, afresh on each try: not a key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The sender's number of the programme.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub benefit_program_id: Option<i64>,
    /// The programme; must have a configuration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub benefit_program_mnemonic: Option<String>,
    /// The programme's description.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub benefit_program_description: Option<String>,
    /// The registry its beneficiaries come from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_registry: Option<String>,
    /// The sender's number of the benefit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub benefit_code_id: Option<i64>,
    /// The benefit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub benefit_code_mnemonic: Option<String>,
    /// The benefit's description.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub benefit_code_description: Option<String>,
    /// `CASH_DIGITAL`, `CASH_PHYSICAL`, or a kind of goods.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub benefit_type: Option<String>,
    /// The sender's number of the cycle.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disbursement_cycle_id: Option<i64>,
    /// A [`super::DisbursementFrequency`]; text, so that an unknown one is refused by code.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<super::DisbursementFrequency>)]
    pub disbursement_frequency: Option<String>,
    /// The sender's name of the cycle.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cycle_code_mnemonic: Option<String>,
    /// Beneficiaries to come; at least 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number_of_beneficiaries: Option<i64>,
    /// Disbursements to come; at least 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number_of_disbursements: Option<i64>,
    /// Their sum, in `measurement_unit`; not negative.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_disbursement_quantity: Option<DecimalText>,
    /// The currency (ISO 4217) of cash, the unit of goods.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub measurement_unit: Option<String>,
    /// When to pay, `YYYY-MM-DD`; not in the past.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = Date)]
    pub disbursement_schedule_date: Option<String>,
    /// Whether the envelope has been cancelled; in answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cancellation_status: Option<CancellationStatus>,
    /// Codes of [`crate::reason::BridgeReason`]: what is wrong with this envelope; in answers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub response_error_codes: Vec<String>,
}

/// Names an envelope, to cancel it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EnvelopeReference {
    /// The envelope's id; some clients call it `disbursement_envelope_id`.
    #[serde(alias = "disbursement_envelope_id")]
    pub id: String,
}

/// One payment to one beneficiary, with an id that the sender made and stored before sending.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct DisbursementPayload {
    /// The sender's id: 16 characters of `[0-9A-Za-z]`, the same on every try.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disbursement_id: Option<String>,
    /// Its envelope; one per request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disbursement_envelope_id: Option<String>,
    /// The person, as the mapper knows them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub beneficiary_id: Option<String>,
    /// The person's name; PBMS sends `null`, so it is always written.
    pub beneficiary_name: Option<String>,
    /// In the envelope's unit; above zero.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disbursement_quantity: Option<DecimalText>,
    /// How the sender computed the quantity; kept, not interpreted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub compute_elements: Option<Value>,
    /// The sender's number of the cycle.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disbursement_cycle_id: Option<i64>,
    /// The sender's id of the batch; the same as beside the list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disbursement_batch_control_id: Option<String>,
    /// What the payee reads on the statement.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub narrative: Option<String>,
    /// The sender's reference of the payment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mis_reference_number: Option<String>,
    /// When the bridge received it; in answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receipt_time_stamp: Option<String>,
    /// Whether it has been cancelled; in answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cancellation_status: Option<CancellationStatus>,
    /// Since when; in answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cancellation_time_stamp: Option<String>,
    /// Codes of [`crate::reason::BridgeReason`]: what is wrong with this row; in answers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub response_error_codes: Vec<String>,
}
masked_debug!(DisbursementPayload {
    show: disbursement_id, disbursement_envelope_id, disbursement_cycle_id, disbursement_batch_control_id,
        mis_reference_number, receipt_time_stamp, cancellation_status, cancellation_time_stamp,
        response_error_codes;
    hide: beneficiary_id, beneficiary_name, disbursement_quantity, compute_elements, narrative
});

/// Where a step of a batch stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ProcessStatus {
    /// Not begun.
    Pending,
    /// Under way.
    Processing,
    /// Done.
    Processed,
    /// Failed; the error code says why.
    Error,
    /// This kind of benefit has no such step.
    NotApplicable,
}

/// Where a batch of disbursements stands: answer of `get_disbursement_batch_control`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DisbursementBatchControlPayload {
    /// The sender's id of the batch.
    #[serde(alias = "id")]
    pub disbursement_batch_control_id: String,
    /// Its envelope.
    #[serde(default)]
    pub disbursement_envelope_id: Option<String>,
    /// The sender's number of the cycle.
    #[serde(default)]
    pub disbursement_cycle_id: Option<i64>,
    /// Disbursements in the batch.
    #[serde(default)]
    pub number_of_disbursements: Option<i64>,
    /// Looking up the financial addresses.
    pub fa_resolution_status: ProcessStatus,
    /// When that last changed.
    #[serde(default)]
    pub fa_resolution_timestamp: Option<String>,
    /// Why it failed.
    #[serde(default)]
    pub fa_resolution_latest_error_code: Option<String>,
    /// How often it was tried.
    #[serde(default)]
    pub fa_resolution_attempts: i64,
    /// Sending the payments to the bank.
    pub sponsor_bank_dispatch_status: ProcessStatus,
    /// When that last changed.
    #[serde(default)]
    pub sponsor_bank_dispatch_timestamp: Option<String>,
    /// Why it failed.
    #[serde(default)]
    pub sponsor_bank_dispatch_latest_error_code: Option<String>,
    /// How often it was tried.
    #[serde(default)]
    pub sponsor_bank_dispatch_attempts: i64,
}
