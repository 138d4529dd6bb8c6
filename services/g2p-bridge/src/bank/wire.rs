//! What the example bank reads and writes: plain JSON, amounts as exact decimal literals.

use money::DecimalText;
use serde::{Deserialize, Serialize};

#[derive(Serialize)]
pub(super) struct CheckFunds<'a> {
    pub(super) account_number: &'a str,
    pub(super) account_currency: &'a str,
    pub(super) total_funds_needed: DecimalText,
}

#[derive(Deserialize)]
pub(super) struct CheckFundsAnswer {
    pub(super) status: String,
    #[serde(default)]
    pub(super) has_sufficient_funds: bool,
    #[serde(default)]
    pub(super) error_message: Option<String>,
}

#[derive(Serialize)]
pub(super) struct BlockFunds<'a> {
    pub(super) account_number: &'a str,
    pub(super) currency: &'a str,
    pub(super) amount: DecimalText,
    pub(super) reference: &'a str,
}

#[derive(Deserialize)]
pub(super) struct BlockFundsAnswer {
    pub(super) status: String,
    #[serde(default)]
    pub(super) block_reference_no: Option<String>,
    #[serde(default)]
    pub(super) error_message: Option<String>,
}

#[derive(Serialize)]
pub(super) struct ReleaseBlock<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) block_reference_no: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) blocked_under: Option<&'a str>,
    pub(super) reference: &'a str,
}

#[derive(Deserialize)]
pub(super) struct ReleaseBlockAnswer {
    pub(super) status: String,
    #[serde(default)]
    pub(super) released_amount: Option<DecimalText>,
    #[serde(default)]
    pub(super) error_message: Option<String>,
}

/// One payment; account fields are null for wallets.
#[derive(Serialize)]
pub(super) struct InitiatePayment<'a> {
    pub(super) payment_reference_number: &'a str,
    pub(super) remitting_account: &'a str,
    pub(super) remitting_account_currency: &'a str,
    pub(super) payment_amount: DecimalText,
    pub(super) funds_blocked_reference_number: &'a str,
    pub(super) beneficiary_name: Option<&'a str>,
    pub(super) beneficiary_account: Option<&'a str>,
    pub(super) beneficiary_account_currency: Option<&'a str>,
    pub(super) beneficiary_account_type: Option<&'a str>,
    pub(super) beneficiary_bank_code: Option<&'a str>,
    pub(super) beneficiary_branch_code: Option<&'a str>,
    pub(super) beneficiary_mobile_wallet_provider: Option<&'a str>,
    pub(super) beneficiary_phone_no: Option<&'a str>,
    pub(super) beneficiary_email: Option<&'a str>,
    pub(super) beneficiary_email_wallet_provider: Option<&'a str>,
    pub(super) narrative_1: String,
    pub(super) narrative_2: String,
    pub(super) narrative_3: String,
    pub(super) narrative_4: String,
    pub(super) narrative_5: String,
    pub(super) narrative_6: String,
    pub(super) payment_date: &'a str,
}

#[derive(Deserialize)]
pub(super) struct InitiatePaymentAnswer {
    #[serde(default)]
    pub(super) error_message: Option<String>,
    #[serde(default)]
    pub(super) payments: Vec<PaymentAnswer>,
}

#[derive(Serialize)]
pub(super) struct PaymentStatus<'a> {
    pub(super) payment_reference_numbers: &'a [&'a str],
}

#[derive(Deserialize)]
pub(super) struct PaymentStatusAnswer {
    pub(super) payments: Vec<PaymentAnswer>,
}

#[derive(Deserialize)]
pub(super) struct PaymentAnswer {
    pub(super) payment_reference_number: String,
    pub(super) status: String,
    #[serde(default)]
    pub(super) reason: Option<String>,
}
