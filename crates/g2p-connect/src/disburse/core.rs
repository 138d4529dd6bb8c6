//! `/disburse` of the G2P-Connect disburse API 1.0.0: payments by address, with amounts as text.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::envelope::MsgStatus;
use crate::masked::masked_debug;
use crate::reason::DisburseReason;
use crate::txn::{TxnStatusRequest, TxnStatusResponse};
use money::DecimalText;

/// Message of `disburse/txn/status`.
pub type DisburseTxnStatusRequest = TxnStatusRequest<DisburseTxnType>;
/// Message of `disburse/txn/on-status`.
pub type DisburseTxnStatusResponse = TxnStatusResponse<DisburseTxnType>;

/// Transactions of the disburse API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum DisburseTxnType {
    /// `disburse`
    Disburse,
    /// `search`
    Search,
}

/// Message of `disburse`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DisburseRequest {
    /// The sender's id of the transaction.
    #[schema(max_length = 99)]
    pub transaction_id: String,
    /// The payments. The published schema misspells the name in its list of required fields; both are read.
    #[serde(alias = "disburemsents")]
    pub disbursements: Vec<DisburseItem>,
}

/// One payment.
#[derive(Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DisburseItem {
    /// The sender's id of the payment.
    pub reference_id: String,
    /// Whose money, `account:123@bank.example` and the like.
    pub payer_fa: String,
    /// Who gets it.
    pub payee_fa: String,
    /// At most 13 digits before and 1 or 2 after the point; text, see [`Self::amount`].
    #[schema(pattern = r"^\d{1,13}\.\d{1,2}$")]
    pub amount: String,
    /// When to pay; now when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scheduled_timestamp: Option<String>,
    /// The payer's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payer_name: Option<String>,
    /// The payee's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payee_name: Option<String>,
    /// A note.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 99)]
    pub note: Option<String>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 99)]
    pub purpose: Option<String>,
    /// An instruction to the payer's bank.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 999)]
    pub instruction: Option<String>,
    /// Anything the parties agreed on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub meta: Option<Value>,
    /// ISO 4217.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^[A-Z]{3,3}$")]
    pub currency_code: Option<String>,
    /// Language of texts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
}
masked_debug!(DisburseItem {
    show: reference_id, scheduled_timestamp, currency_code, locale;
    hide: payer_fa, payee_fa, amount, payer_name, payee_name, note, purpose, instruction, meta
});

impl DisburseItem {
    /// The amount, when it has the form the specification prescribes and is above zero.
    pub fn amount(&self) -> Result<DecimalText, DisburseReason> {
        let digits = |text: &str, most: usize| {
            (1..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
        };
        let (whole, fraction) = self.amount.split_once('.').ok_or(DisburseReason::AmountInvalid)?;
        if !digits(whole, 13) || !digits(fraction, 2) {
            return Err(DisburseReason::AmountInvalid);
        }
        // The pattern allows leading zeros ("007.50"), numbers do not.
        let whole = match whole.trim_start_matches('0') {
            "" => "0",
            rest => rest,
        };
        let amount: DecimalText =
            format!("{whole}.{fraction}").parse().map_err(|_| DisburseReason::AmountInvalid)?;
        if amount.is_zero() { Err(DisburseReason::AmountInvalid) } else { Ok(amount) }
    }
}

/// Answer to `disburse`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DisburseResponse {
    /// Echo of the request's transaction id.
    #[schema(max_length = 99)]
    pub transaction_id: String,
    /// One result per payment, in the order of the request.
    pub disbursements_status: Vec<DisburseResult>,
}

/// What became of one payment.
#[derive(Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DisburseResult {
    /// Echo of the payment's id.
    pub reference_id: String,
    /// When this was so.
    pub timestamp: String,
    /// Received, pending, paid or rejected.
    pub status: MsgStatus,
    /// A [`DisburseReason`] from us.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_reason_code: Option<String>,
    /// The reason in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 999)]
    pub status_reason_message: Option<String>,
    /// Echo of the instruction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instruction: Option<String>,
    /// Echo of the amount.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<String>,
    /// Echo of the payer's address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payer_fa: Option<String>,
    /// Echo of the payer's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payer_name: Option<String>,
    /// Echo of the payee's address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payee_fa: Option<String>,
    /// Echo of the payee's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payee_name: Option<String>,
    /// ISO 4217.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency_code: Option<String>,
    /// Language of texts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
}
masked_debug!(DisburseResult {
    show: reference_id, timestamp, status, status_reason_code, currency_code, locale;
    hide: status_reason_message, instruction, amount, payer_fa, payer_name, payee_fa, payee_name
});
