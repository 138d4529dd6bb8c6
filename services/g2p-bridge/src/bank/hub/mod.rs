//! Switches of mobile money and instant payments that take bulk transfers: a batch is posted and answered later, in a
//! callback or when it is asked for. The messages are those of Mojaloop's bulk transactions; Payment Hubs take the same.

mod wire;

use std::collections::HashMap;

use async_trait::async_trait;
use g2p_crypto::{constant_time_eq, sha256};
use money::{Amount, Currency};
use platform::{CallError, HttpClient, Masked};
use uuid::Uuid;

pub use self::wire::BulkState;
use self::wire::{BulkTransaction, IndividualTransfer, Party};
use super::{
    Asked, BankConnector, BankFault, BlockName, BlockOutcome, BlockRequest, Capabilities, FundsCheck,
    Inquiry, NO_FUNDS, Outcome, Payment, PaymentFrame,
};
use crate::{
    config::Bank,
    domain::{reason, text::narrative},
};

/// Transfers in a call when the configuration does not say.
const IN_A_CALL: usize = 500;
/// Block of SHA-256, in bytes.
const BLOCK: usize = 64;

/// Connector of a switch.
#[derive(Debug, Clone)]
pub struct Hub {
    http: HttpClient,
    url: String,
    token: Masked<String>,
    callback_url: String,
    callback_secret: Masked<String>,
    payer_fsp: String,
    in_a_call: usize,
    tenant: String,
}

impl Hub {
    /// The switch of this code and configuration.
    #[must_use]
    pub fn new(http: HttpClient, code: &str, bank: &Bank) -> Self {
        let trimmed =
            |url: &Option<String>| url.as_deref().unwrap_or_default().trim_end_matches('/').to_owned();
        let size = bank.max_payments.and_then(|n| usize::try_from(n).ok());
        Self {
            http,
            url: trimmed(&bank.url),
            token: bank.token.clone().unwrap_or_default(),
            callback_url: format!("{}/bank-callbacks/{code}", trimmed(&bank.callback_url)),
            callback_secret: bank.callback_secret.clone().unwrap_or_default(),
            payer_fsp: bank.payer_fsp.clone().unwrap_or_else(|| code.to_owned()),
            in_a_call: size.unwrap_or(IN_A_CALL),
            tenant: bank.tenant().to_owned(),
        }
    }

    /// What the switch says of a call; `None` when it does not know it.
    async fn ask(&self, call: Uuid) -> Result<Option<BulkState>, BankFault> {
        let url = format!("{}/bulkTransactions/{call}", self.url);
        match self.http.get_as(&url, self.token.expose()).await {
            Ok(answer) => answer.json().map(Some).map_err(|e| BankFault(e.to_string())),
            Err(CallError::Rejected { status: 404, .. }) => Ok(None),
            Err(error) => Err(BankFault(error.to_string())),
        }
    }

    /// Whether a callback comes from the switch: its `X-Callback-Signature` is the HMAC-SHA-256 of the body, in hex.
    #[must_use]
    pub fn signed(&self, body: &[u8], signature: &str) -> bool {
        let expected = hmac(self.callback_secret.expose().as_bytes(), body);
        let expected: String = expected.iter().map(|byte| format!("{byte:02x}")).collect();
        constant_time_eq(expected.as_bytes(), signature.trim().to_ascii_lowercase().as_bytes())
    }
}

/// HMAC-SHA-256 (RFC 2104).
fn hmac(secret: &[u8], message: &[u8]) -> [u8; 32] {
    let mut key = [0_u8; BLOCK];
    let hashed = sha256(secret);
    let short = if secret.len() > BLOCK { hashed.as_slice() } else { secret };
    key.iter_mut().zip(short).for_each(|(slot, byte)| *slot = *byte);
    let padded = |pad: u8, rest: &[u8]| {
        let block = key.iter().map(|byte| byte ^ pad).chain(rest.iter().copied());
        sha256(&block.collect::<Vec<u8>>())
    };
    padded(0x5c, &padded(0x36, message))
}

fn no_funds() -> BankFault {
    BankFault(NO_FUNDS.to_owned())
}

#[async_trait]
impl BankConnector for Hub {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            inquiry: true,
            file_drop: false,
            funds: false,
            // By `bulkTransactionId` and `homeTransactionId`.
            idempotency: true,
            release: false,
            batch: Some(self.in_a_call),
            max_payments: self.in_a_call,
            max_inquiry: 1000,
        }
    }

    async fn check_funds(&self, _: &str, _: Amount) -> Result<FundsCheck, BankFault> {
        Err(no_funds())
    }

    async fn block_funds(&self, _: BlockRequest<'_>) -> BlockOutcome {
        BlockOutcome::Refused(NO_FUNDS.to_owned())
    }

    async fn release_block(&self, _: BlockName<'_>, _: &str, _: Currency) -> Result<Amount, BankFault> {
        Err(no_funds())
    }

    async fn pay(&self, frame: &PaymentFrame, payments: &[Payment]) -> Vec<Outcome> {
        let transfers: Vec<Option<IndividualTransfer>> = payments.iter().map(transfer).collect();
        let body = BulkTransaction {
            bulk_transaction_id: frame.call_id,
            bulk_home_transaction_id: frame.call_id,
            callback_url: format!("{}/bulkTransactions/{}", self.callback_url, frame.call_id),
            from: Party::account(&frame.account_number, Some(self.payer_fsp.clone())),
            individual_transfers: transfers.iter().flatten().collect(),
        };
        let outcome = if body.individual_transfers.is_empty() {
            Outcome::HandedOver
        } else {
            let url = format!("{}/bulkTransactions", self.url);
            let key = frame.call_id.to_string();
            match self.http.post_as(&url, self.token.expose(), &key, &body).await {
                // It has them; each one's outcome comes in the callback.
                Ok(_) => Outcome::HandedOver,
                Err(error) => {
                    let count = payments.len();
                    tracing::warn!(%error, payments = count, "the bank gave no clear answer to a batch");
                    Outcome::Unknown(reason::BANK_GAVE_NO_ANSWER)
                }
            }
        };
        let refused = || Outcome::Rejected("PAYEE CANNOT BE NAMED TO THE BANK".to_owned());
        transfers.iter().map(|transfer| transfer.as_ref().map_or_else(refused, |_| outcome.clone())).collect()
    }

    async fn inquire(&self, asked: &[Asked]) -> Result<Vec<Option<Inquiry>>, BankFault> {
        let mut calls: HashMap<Uuid, Option<HashMap<String, Inquiry>>> = HashMap::new();
        for call in asked.iter().filter_map(|one| one.call_id) {
            if let std::collections::hash_map::Entry::Vacant(place) = calls.entry(call) {
                place.insert(self.ask(call).await?.map(|state| state.inquiries(asked)));
            }
        }
        let answer = |one: &Asked| match calls.get(&one.call_id?)? {
            None => Some(Inquiry::NotFound),
            Some(answers) => answers.get(&one.key).cloned(),
        };
        Ok(asked.iter().map(answer).collect())
    }

    fn tenant(&self) -> &str {
        &self.tenant
    }

    fn hub(&self) -> Option<&Hub> {
        Some(self)
    }
}

/// `None` when the payee has no address that the switch knows.
fn transfer(payment: &Payment) -> Option<IndividualTransfer> {
    let exposed = |value: &Option<Masked<String>>| value.as_ref().map(|v| v.expose().clone());
    let (bank, wallet) = (payment.bank_code.clone(), payment.wallet_provider.clone());
    let to = match payment.account_kind.as_str() {
        "BANK_ACCOUNT" => Party::account(&exposed(&payment.account_number)?, bank),
        "MOBILE_WALLET" => Party::of("MSISDN", exposed(&payment.mobile_number)?, wallet),
        "EMAIL_WALLET" => Party::of("EMAIL", exposed(&payment.email_address)?, wallet),
        _ => return None,
    };
    Some(IndividualTransfer {
        home_transaction_id: payment.key.clone(),
        // The same whenever the payment is sent, so that the switch makes the transfer once.
        transfer_id: Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("g2p-bridge/{}", payment.key).as_bytes()),
        to: to.named(exposed(&payment.payee_name)),
        amount_type: "RECEIVE",
        currency: payment.amount.currency().code().to_owned(),
        amount: payment.amount.to_decimal_string(),
        note: narrative(payment.narrative.expose()),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::hmac;

    #[test]
    fn signatures_are_those_of_the_standard() {
        // RFC 4231, test cases 2 and 6.
        let hex = |bytes: [u8; 32]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
        assert_eq!(
            hex(hmac(b"Jefe", b"what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
        assert_eq!(
            hex(hmac(&[0xaa; 131], b"Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        );
    }
}
