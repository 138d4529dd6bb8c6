//! The example bank: reference wire, extended with keys, inquiry and release.

use std::collections::HashMap;

use async_trait::async_trait;
use money::{Amount, Currency};
use platform::{CallError, HttpClient, Masked};
use serde::{Serialize, de::DeserializeOwned};

use super::{
    Asked, BankConnector, BankFault, BlockName, BlockOutcome, BlockRequest, Capabilities, FundsCheck,
    Inquiry, Outcome, Payment, PaymentFrame,
    wire::{
        BlockFunds, BlockFundsAnswer, CheckFunds, CheckFundsAnswer, InitiatePayment, InitiatePaymentAnswer,
        PaymentAnswer, PaymentStatus, PaymentStatusAnswer, ReleaseBlock, ReleaseBlockAnswer,
    },
};
use crate::domain::{reason, text::narrative};

const AUDIENCE: &str = "example-bank";

/// Connector of the example bank.
#[derive(Debug, Clone)]
pub struct ExampleBank {
    http: HttpClient,
    url: String,
}

impl ExampleBank {
    /// A connector to the bank at `url`.
    #[must_use]
    pub fn new(http: HttpClient, url: &str) -> Self {
        Self { http, url: url.trim_end_matches('/').to_owned() }
    }

    async fn call<Q: Serialize + ?Sized, A: DeserializeOwned>(
        &self,
        path: &str,
        body: &Q,
    ) -> Result<A, CallError> {
        self.http.service_post(&format!("{}{path}", self.url), AUDIENCE, body).await?.json()
    }
}

fn fault(error: &CallError) -> BankFault {
    BankFault(error.to_string())
}

fn said(message: Option<String>) -> String {
    message.unwrap_or_default()
}

#[async_trait]
impl BankConnector for ExampleBank {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            inquiry: true,
            file_drop: false,
            funds: true,
            idempotency: true,
            release: true,
            batch: None,
            max_payments: 1000,
            max_inquiry: 1000,
        }
    }

    async fn check_funds(&self, account_number: &str, amount: Amount) -> Result<FundsCheck, BankFault> {
        let body = CheckFunds {
            account_number,
            account_currency: amount.currency().code(),
            total_funds_needed: amount.to_decimal_text(),
        };
        let answer: CheckFundsAnswer = self.call("/check_funds", &body).await.map_err(|e| fault(&e))?;
        if answer.status == "success" && answer.has_sufficient_funds {
            return Ok(FundsCheck::Available);
        }
        Ok(FundsCheck::NotAvailable(said(answer.error_message)))
    }

    async fn block_funds(&self, request: BlockRequest<'_>) -> BlockOutcome {
        let body = BlockFunds {
            account_number: request.account_number,
            currency: request.amount.currency().code(),
            amount: request.amount.to_decimal_text(),
            reference: request.key,
        };
        match self.call::<_, BlockFundsAnswer>("/block_funds", &body).await {
            Ok(answer) => match answer.block_reference_no.filter(|r| !r.is_empty()) {
                Some(reference) if answer.status == "success" => BlockOutcome::Blocked(reference),
                _ if answer.status == "failed" => BlockOutcome::Refused(said(answer.error_message)),
                _ => BlockOutcome::Unknown("the bank's answer names no block".to_owned()),
            },
            Err(error) => BlockOutcome::Unknown(error.to_string()),
        }
    }

    async fn release_block(
        &self,
        block: BlockName<'_>,
        key: &str,
        currency: Currency,
    ) -> Result<Amount, BankFault> {
        let (block_reference_no, blocked_under) = match block {
            BlockName::Reference(reference) => (Some(reference), None),
            BlockName::Key(key) => (None, Some(key)),
        };
        let body = ReleaseBlock { block_reference_no, blocked_under, reference: key };
        let answer: ReleaseBlockAnswer = self.call("/release_block", &body).await.map_err(|e| fault(&e))?;
        if answer.status != "success" {
            let why = reason::with_detail("the bank did not release the block", &said(answer.error_message));
            return Err(BankFault(why));
        }
        match answer.released_amount {
            Some(text) => {
                text.to_amount(currency).map_err(|e| BankFault(format!("the bank's released_amount: {e}")))
            }
            None => Ok(Amount::zero(currency)),
        }
    }

    async fn pay(&self, frame: &PaymentFrame, payments: &[Payment]) -> Vec<Outcome> {
        let body: Vec<InitiatePayment<'_>> = payments.iter().map(|payment| to_wire(frame, payment)).collect();
        match self.call::<_, InitiatePaymentAnswer>("/initiate_payment", &body).await {
            Ok(answer) => {
                if let Some(message) = answer.error_message.as_deref().filter(|m| !m.is_empty()) {
                    tracing::warn!(why = %reason::with_detail("BANK", message), "the bank found fault with a batch");
                }
                outcomes(payments, answer.payments)
            }
            Err(error) => {
                tracing::warn!(error = %error, payments = payments.len(), "the bank gave no clear answer to a batch");
                vec![Outcome::Unknown(reason::BANK_GAVE_NO_ANSWER); payments.len()]
            }
        }
    }

    async fn inquire(&self, asked: &[Asked]) -> Result<Vec<Option<Inquiry>>, BankFault> {
        let keys: Vec<&str> = asked.iter().map(|one| one.key.as_str()).collect();
        let body = PaymentStatus { payment_reference_numbers: &keys };
        let answer: PaymentStatusAnswer = self.call("/payment_status", &body).await.map_err(|e| fault(&e))?;
        let mut by_key = by_key(answer.payments);
        Ok(keys.iter().map(|key| by_key.remove(*key).and_then(inquiry)).collect())
    }
}

fn by_key(answers: Vec<PaymentAnswer>) -> HashMap<String, PaymentAnswer> {
    answers.into_iter().map(|answer| (answer.payment_reference_number.clone(), answer)).collect()
}

/// Only what the bank says of the very payment counts: not of the call, not of its neighbours.
fn outcomes(payments: &[Payment], answers: Vec<PaymentAnswer>) -> Vec<Outcome> {
    let mut by_key = by_key(answers);
    let one = |payment: &Payment| {
        let Some(answer) = by_key.remove(&payment.key) else {
            return Outcome::Unknown(reason::BANK_DID_NOT_MENTION_IT);
        };
        match answer.status.as_str() {
            "accepted" | "duplicate" => Outcome::Accepted,
            "rejected" => Outcome::Rejected(said(answer.reason)),
            _ => Outcome::Unknown(reason::BANK_GAVE_NO_ANSWER),
        }
    };
    payments.iter().map(one).collect()
}

fn inquiry(answer: PaymentAnswer) -> Option<Inquiry> {
    match answer.status.as_str() {
        "not_found" => Some(Inquiry::NotFound),
        "accepted" | "booked" | "reversed" => Some(Inquiry::Accepted),
        "rejected" => Some(Inquiry::Rejected(said(answer.reason))),
        _ => None,
    }
}

fn to_wire<'a>(frame: &'a PaymentFrame, payment: &'a Payment) -> InitiatePayment<'a> {
    let exposed = |value: &'a Option<Masked<String>>| value.as_ref().map(|v| v.expose().as_str());
    let is = |kind: &str| payment.account_kind == kind;
    let wallet = payment.wallet_provider.as_deref();
    let currency = payment.amount.currency().code();
    InitiatePayment {
        payment_reference_number: &payment.key,
        remitting_account: &frame.account_number,
        remitting_account_currency: currency,
        payment_amount: payment.amount.to_decimal_text(),
        funds_blocked_reference_number: &frame.block_reference,
        beneficiary_name: exposed(&payment.payee_name),
        beneficiary_account: exposed(&payment.account_number),
        beneficiary_account_currency: is("BANK_ACCOUNT").then_some(currency),
        beneficiary_account_type: payment.account_type.as_deref(),
        beneficiary_bank_code: payment.bank_code.as_deref(),
        beneficiary_branch_code: payment.branch_code.as_deref(),
        beneficiary_mobile_wallet_provider: wallet.filter(|_| is("MOBILE_WALLET")),
        beneficiary_phone_no: exposed(&payment.mobile_number),
        beneficiary_email: exposed(&payment.email_address),
        beneficiary_email_wallet_provider: wallet.filter(|_| is("EMAIL_WALLET")),
        narrative_1: narrative(payment.narrative.expose()),
        narrative_2: narrative(&frame.program),
        narrative_3: narrative(&frame.cycle),
        // The reference puts the beneficiary's id here; a bank has no need of it.
        narrative_4: exposed(&payment.payee_name).map(narrative).unwrap_or_default(),
        // The id once more: the statement's reference field holds 16 characters only.
        narrative_5: payment.key.clone(),
        narrative_6: String::new(),
        payment_date: &frame.payment_date,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
    use money::{Amount, Currency};
    use platform::Masked;

    use super::{Outcome, Payment, PaymentAnswer, PaymentFrame, outcomes, to_wire};

    fn payment(key: &str) -> Payment {
        Payment {
            key: key.to_owned(),
            amount: Amount::from_minor(50_010, Currency::from_code("KES").unwrap()),
            narrative: Masked::new("Food\n:61:x".to_owned()),
            payee_name: None,
            account_kind: "MOBILE_WALLET".to_owned(),
            account_number: None,
            account_type: None,
            bank_code: None,
            branch_code: None,
            mobile_number: Some(Masked::new("+254700000001".to_owned())),
            email_address: None,
            wallet_provider: Some("MP".to_owned()),
        }
    }

    #[test]
    fn a_wallet_payment_is_written_with_an_exact_amount_and_null_account_fields() {
        let frame = PaymentFrame {
            call_id: uuid::Uuid::nil(),
            batch_id: uuid::Uuid::nil(),
            formed_at: time::OffsetDateTime::UNIX_EPOCH,
            formed_on: time::macros::date!(2026 - 01 - 01),
            account_number: "SP1".into(),
            block_reference: "B1".into(),
            program: "P".into(),
            cycle: "C".into(),
            payment_date: "2026-01-01".into(),
        };
        let payment = payment("K1");
        let json = serde_json::to_string(&to_wire(&frame, &payment)).unwrap();
        assert!(json.contains("\"payment_amount\":500.10,"), "{json}");
        assert!(json.contains("\"beneficiary_account\":null"));
        assert!(json.contains("\"beneficiary_mobile_wallet_provider\":\"MP\""));
        assert!(!json.contains("\\n"));
    }

    #[test]
    fn what_the_bank_does_not_say_is_unknown_and_never_a_failure() {
        let payments = [payment("a"), payment("b"), payment("c"), payment("d")];
        let say = |key: &str, status: &str| PaymentAnswer {
            payment_reference_number: key.into(),
            status: status.into(),
            reason: Some("closed".into()),
        };
        let got = outcomes(
            &payments,
            vec![say("b", "rejected"), say("a", "duplicate"), say("d", "odd"), say("x", "accepted")],
        );
        assert_eq!(got[0], Outcome::Accepted);
        assert_eq!(got[1], Outcome::Rejected("closed".into()));
        assert!(matches!(got[2], Outcome::Unknown(_)) && matches!(got[3], Outcome::Unknown(_)));
    }
}
