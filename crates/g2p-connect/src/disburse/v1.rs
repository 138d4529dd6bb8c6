//! The bridge's 1.0 dialect. Rejections come with HTTP status 200 and `header.status: rjct`; the bridge's
//! code stands in `header.status_reason_message`. Empty fields of answers are written as `null`, as the
//! reference implementation does.
//!
//! | operation | message | answer |
//! |---|---|---|
//! | `create_disbursement_envelope`, `amend_…` | [`EnvelopePayloadV1`] | the same, completed |
//! | `cancel_disbursement_envelope` | [`EnvelopePayloadV1`] with the id | the same |
//! | `create_disbursements`, `cancel_disbursements` | list of [`DisbursementPayloadV1`] | the same, completed |
//! | `get_disbursement_envelope_status` | the id, a string | [`super::EnvelopeStatus`] or `null` |
//! | `get_disbursement_status` | list of ids | list of [`super::DisbursementStatus`] |
//! | `upload_mt940` | multipart, part `statement_file` | [`StatementUploadResponse`] |

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::CancellationStatus;
use crate::envelope::{MsgCallbackHeader, Request, Response};
use crate::lenient::null_default;
use crate::masked::masked_debug;
use money::DecimalText;

/// Request of the envelope operations.
pub type EnvelopeRequestV1 = Request<EnvelopePayloadV1>;
/// Answer of the envelope operations.
pub type EnvelopeResponseV1 = Response<EnvelopePayloadV1>;
/// Request of the disbursement operations.
pub type DisbursementRequestV1 = Request<Vec<DisbursementPayloadV1>>;
/// Answer of the disbursement operations.
pub type DisbursementResponseV1 = Response<Vec<DisbursementPayloadV1>>;

/// An envelope: a programme's control totals for one cycle.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct EnvelopePayloadV1 {
    /// Database id of the reference; always `null` from us.
    pub id: Option<String>,
    /// The bridge's id of the envelope.
    pub disbursement_envelope_id: Option<String>,
    /// The programme; must have a configuration.
    pub benefit_program_mnemonic: Option<String>,
    /// A [`super::DisbursementFrequency`]; text, so that an unknown one is refused by code.
    #[schema(value_type = Option<super::DisbursementFrequency>)]
    pub disbursement_frequency: Option<String>,
    /// The programme's name of the cycle.
    pub cycle_code_mnemonic: Option<String>,
    /// Beneficiaries to come; at least 1.
    pub number_of_beneficiaries: Option<i64>,
    /// Disbursements to come; at least 1.
    pub number_of_disbursements: Option<i64>,
    /// Their sum, in units of the currency; not negative.
    pub total_disbursement_amount: Option<DecimalText>,
    /// ISO 4217.
    pub disbursement_currency_code: Option<String>,
    /// When to pay, `YYYY-MM-DD`; not in the past.
    #[schema(format = Date)]
    pub disbursement_schedule_date: Option<String>,
}

/// One payment to one beneficiary.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct DisbursementPayloadV1 {
    /// Database id of the reference; always `null` from us.
    pub id: Option<String>,
    /// The sender's reference of the payment.
    pub mis_reference_number: Option<String>,
    /// The bridge's id of the disbursement; the sender names it only to cancel.
    pub disbursement_id: Option<String>,
    /// Its envelope; one per request.
    pub disbursement_envelope_id: Option<String>,
    /// The person, as the mapper knows them.
    pub beneficiary_id: Option<String>,
    /// The person's name.
    pub beneficiary_name: Option<String>,
    /// In units of the envelope's currency; above zero.
    pub disbursement_amount: Option<DecimalText>,
    /// What the payee reads on the statement.
    pub narrative: Option<String>,
    /// When the bridge received it.
    pub receipt_time_stamp: Option<String>,
    /// Whether it has been cancelled.
    pub cancellation_status: Option<CancellationStatus>,
    /// Since when.
    pub cancellation_time_stamp: Option<String>,
    /// Codes of [`crate::reason::BridgeReason`]: what is wrong with this row.
    #[serde(deserialize_with = "null_default")]
    pub response_error_codes: Vec<String>,
}
masked_debug!(DisbursementPayloadV1 {
    show: id, mis_reference_number, disbursement_id, disbursement_envelope_id, receipt_time_stamp,
        cancellation_status, cancellation_time_stamp, response_error_codes;
    hide: beneficiary_id, beneficiary_name, disbursement_amount, narrative
});

/// Answer of `upload_mt940`. The reference puts the statement's id into `message` and leaves `statement_id` empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StatementUploadResponse {
    /// Always `null`.
    #[serde(default)]
    pub signature: Option<String>,
    /// Status; `message_id` and `action` are empty, since the upload has no header.
    pub header: MsgCallbackHeader,
    /// The statement's id.
    #[serde(default)]
    pub message: Option<String>,
    /// The statement's id once more; `null` from the reference.
    #[serde(default)]
    pub statement_id: Option<String>,
    /// A [`crate::reason::BridgeReason`] when the statement is refused.
    #[serde(default)]
    pub response_error_code: Option<String>,
}
