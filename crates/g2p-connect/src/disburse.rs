//! Messages of the bridge's own API, in both dialects, and of the G2P-Connect disburse API.
//!
//! - [`v1`]: the bridge's 1.0 dialect, in the `{signature, header, message}` envelope;
//! - [`v2`]: the newer dialect, in the envelope of [`crate::header_v2`];
//! - [`core`]: `/disburse` of G2P-Connect 1.0.0;
//! - here: what both dialects of the bridge share, envelope status and reconciliation records.
//!
//! Amounts are [`DecimalText`]: exact, JSON numbers on the wire. Nearly every field is optional when read:
//! the bridge answers a missing one with its own code, per row.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::masked::masked_debug;
use money::DecimalText;

pub mod core;
pub mod v1;
pub mod v2;

/// How often a benefit is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
pub enum DisbursementFrequency {
    /// Every day.
    Daily,
    /// Every week.
    Weekly,
    /// Every two weeks.
    Fortnightly,
    /// Every month.
    Monthly,
    /// Every two months.
    BiMonthly,
    /// Every three months.
    Quarterly,
    /// Every six months.
    SemiAnnually,
    /// Every year.
    Annually,
    /// When somebody decides.
    OnDemand,
}

impl DisbursementFrequency {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Daily,
        Self::Weekly,
        Self::Fortnightly,
        Self::Monthly,
        Self::BiMonthly,
        Self::Quarterly,
        Self::SemiAnnually,
        Self::Annually,
        Self::OnDemand,
    ];

    /// The text on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Daily => "Daily",
            Self::Weekly => "Weekly",
            Self::Fortnightly => "Fortnightly",
            Self::Monthly => "Monthly",
            Self::BiMonthly => "BiMonthly",
            Self::Quarterly => "Quarterly",
            Self::SemiAnnually => "SemiAnnually",
            Self::Annually => "Annually",
            Self::OnDemand => "OnDemand",
        }
    }

    /// The frequency with this text; none when there is none
    /// ([`crate::reason::BridgeReason::InvalidDisbursementFrequency`]).
    pub fn from_text(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|frequency| frequency.as_str() == text)
    }
}

/// Whether an envelope or a disbursement has been cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
pub enum CancellationStatus {
    /// It stands.
    #[serde(rename = "Not_Cancelled")]
    NotCancelled,
    /// It has been cancelled.
    Cancelled,
}

/// Whether the programme's account holds an envelope's money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum FundsAvailable {
    /// Not asked yet.
    PendingCheck,
    /// It does.
    FundsAvailable,
    /// It does not.
    FundsNotAvailable,
    /// The bank could not say.
    Error,
}

/// Whether the bank has set an envelope's money aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum FundsBlocked {
    /// Not asked yet.
    PendingCheck,
    /// It has.
    FundsBlockSuccess,
    /// It has not.
    FundsBlockFailure,
    /// The bank could not say.
    Error,
}

/// Where an envelope stands: answer of `get_disbursement_envelope_status`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EnvelopeStatus {
    /// The envelope.
    pub disbursement_envelope_id: String,
    /// Disbursements received.
    pub number_of_disbursements_received: i64,
    /// Their sum.
    pub total_disbursement_amount_received: DecimalText,
    /// Whether the account holds the money.
    pub funds_available_with_bank: FundsAvailable,
    /// When the bank last said so.
    #[serde(default)]
    pub funds_available_latest_timestamp: Option<String>,
    /// Why the bank could not say.
    #[serde(default)]
    pub funds_available_latest_error_code: Option<String>,
    /// How often the bank was asked.
    pub funds_available_attempts: i64,
    /// Whether the money is set aside.
    pub funds_blocked_with_bank: FundsBlocked,
    /// When the bank last said so.
    #[serde(default)]
    pub funds_blocked_latest_timestamp: Option<String>,
    /// Why the bank could not say.
    #[serde(default)]
    pub funds_blocked_latest_error_code: Option<String>,
    /// How often the bank was asked.
    pub funds_blocked_attempts: i64,
    /// The bank's reference of the block.
    #[serde(default)]
    pub funds_blocked_reference_number: Option<String>,
    /// Whether financial addresses are looked up at the mapper.
    #[serde(default)]
    pub id_mapper_resolution_required: Option<bool>,
    /// Disbursements sent to the bank.
    pub number_of_disbursements_shipped: i64,
    /// Disbursements found on a statement.
    pub number_of_disbursements_reconciled: i64,
    /// Disbursements that came back.
    pub number_of_disbursements_reversed: i64,
    /// Disbursements that will not be paid, each with its reason. Ours; others do not send it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number_of_disbursements_rejected: Option<i64>,
    /// Whether the envelope has been cancelled. Ours; others do not send it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancellation_status: Option<CancellationStatus>,
}

/// What became of one disbursement: item of the answer of `get_disbursement_status`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DisbursementStatus {
    /// The disbursement.
    pub disbursement_id: String,
    /// What the bank's statements say about it.
    pub disbursement_recon_records: ReconRecords,
    /// The state at the bridge. Ours; others send records only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disbursement_status: Option<String>,
    /// Why it is in that state. Ours; others do not send it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_reason_code: Option<String>,
    /// Since when. Ours; others do not send it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_timestamp: Option<String>,
}

/// What the bank's statements say about one disbursement.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReconRecords {
    /// Lines that were matched.
    #[serde(default)]
    pub disbursement_recon_payloads: Vec<ReconPayload>,
    /// Lines that could not be.
    #[serde(default)]
    pub disbursement_error_recon_payloads: Vec<ErrorReconPayload>,
}

/// A payment, and possibly its reversal, as the bank's statements show it.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct ReconPayload {
    /// The batch the payment was sent in.
    pub bank_disbursement_batch_id: Option<String>,
    /// The disbursement.
    pub disbursement_id: Option<String>,
    /// Its envelope.
    pub disbursement_envelope_id: Option<String>,
    /// The payee's name, as the bank has it.
    pub beneficiary_name_from_bank: Option<String>,
    /// The bank's reference of the payment.
    pub remittance_reference_number: Option<String>,
    /// The statement with the payment.
    pub remittance_statement_id: Option<String>,
    /// Its number at the bank.
    pub remittance_statement_number: Option<String>,
    /// Its part, for statements in several messages.
    pub remittance_statement_sequence: Option<String>,
    /// The line.
    pub remittance_entry_sequence: Option<String>,
    /// When it was booked.
    pub remittance_entry_date: Option<String>,
    /// From when it counts.
    pub remittance_value_date: Option<String>,
    /// Whether the money came back.
    pub reversal_found: bool,
    /// The statement with the reversal.
    pub reversal_statement_id: Option<String>,
    /// Its number at the bank.
    pub reversal_statement_number: Option<String>,
    /// Its part.
    pub reversal_statement_sequence: Option<String>,
    /// The line.
    pub reversal_entry_sequence: Option<String>,
    /// When it was booked.
    pub reversal_entry_date: Option<String>,
    /// From when it counts.
    pub reversal_value_date: Option<String>,
    /// Why, in the bank's words.
    pub reversal_reason: Option<String>,
}
masked_debug!(ReconPayload {
    show: bank_disbursement_batch_id, disbursement_id, disbursement_envelope_id, remittance_reference_number,
        remittance_statement_id, remittance_statement_number, remittance_statement_sequence,
        remittance_entry_sequence, remittance_entry_date, remittance_value_date, reversal_found,
        reversal_statement_id, reversal_statement_number, reversal_statement_sequence, reversal_entry_sequence,
        reversal_entry_date, reversal_value_date, reversal_reason;
    hide: beneficiary_name_from_bank
});

/// A statement line that could not be matched.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct ErrorReconPayload {
    /// The statement.
    pub statement_id: Option<String>,
    /// Its number at the bank.
    pub statement_number: Option<String>,
    /// Its part.
    pub statement_sequence: Option<String>,
    /// The line.
    pub entry_sequence: Option<String>,
    /// When it was booked.
    pub entry_date: Option<String>,
    /// From when it counts.
    pub value_date: Option<String>,
    /// A [`crate::reason::BridgeReason`] from us.
    pub error_reason: Option<String>,
    /// The disbursement the line names.
    pub disbursement_id: Option<String>,
    /// The bank's reference.
    pub bank_reference_number: Option<String>,
}
