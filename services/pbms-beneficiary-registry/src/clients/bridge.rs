//! The bridge in its newer dialect (bridge.md 1.9): envelopes and disbursements, signed. Both operations may be repeated:
//! the envelope's natural key is programme, benefit and cycle, a disbursement's is its id.

use std::collections::BTreeMap;

use g2p_connect::{
    RequestHeader, RequestV2, ResponseV2,
    disburse::v2::{DisbursementEnvelopePayload, DisbursementPayload},
    header_v2::RequestBody,
    reason::{BridgeReason, Reason},
};
use money::Amount;
use platform::{CallError, HttpClient, clock::rfc3339};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use time::OffsetDateTime;
use uuid::Uuid;

/// Why the bridge did not accept.
#[derive(Debug, thiserror::Error)]
pub enum BridgeError {
    /// No answer, or HTTP said no. It may have accepted: the same is sent again.
    #[error(transparent)]
    Call(#[from] CallError),
    /// It answered, and refused.
    #[error("the bridge refused: {code} {message}")]
    Refused {
        /// Its code.
        code: String,
        /// Its words.
        message: String,
        /// Codes of single disbursements, by id.
        rows: BTreeMap<String, Vec<String>>,
    },
}

impl BridgeError {
    /// The code with which the bridge says that the envelope was cancelled or has expired: it will never take a payment
    /// of it again.
    #[must_use]
    pub fn envelope_over(&self) -> Option<&str> {
        let over =
            [BridgeReason::DisbursementEnvelopeAlreadyCanceled, BridgeReason::EnvelopeAlreadyCancelled];
        match self {
            Self::Refused { code, .. } => {
                Some(code.as_str()).filter(|code| over.iter().any(|reason| reason.code() == *code))
            }
            Self::Call(_) => None,
        }
    }
}

/// The bridge's answer to a batch that it took: codes of the disbursements that it did not take.
pub type Accepted = BTreeMap<String, Vec<String>>;

/// How to reach the bridge.
#[derive(Debug, Clone)]
pub struct Bridge<'a> {
    /// Signs the messages.
    pub http: &'a HttpClient,
    /// Base URL.
    pub base_url: &'a str,
    /// Time of the messages.
    pub now: OffsetDateTime,
}

/// One disbursement to send.
#[derive(Debug, Clone)]
pub struct Payment {
    /// 16 characters, made and stored before.
    pub id: String,
    /// Pseudonym.
    pub payee: String,
    /// How much.
    pub amount: Amount,
}

/// What all disbursements of a batch share.
#[derive(Debug, Clone)]
pub struct Batch<'a> {
    /// The same on every try.
    pub id: Uuid,
    /// The bridge's envelope.
    pub envelope_id: &'a str,
    /// Number of the cycle.
    pub cycle_number: i64,
    /// What the payee reads on the statement.
    pub narrative: &'a str,
}

impl Bridge<'_> {
    /// Announces count and sum of a benefit; gives the bridge's id of the envelope.
    ///
    /// # Errors
    /// [`BridgeError`].
    pub async fn create_envelope(
        &self,
        envelope: &DisbursementEnvelopePayload,
        total: Amount,
    ) -> Result<String, BridgeError> {
        let envelope = with_amount(envelope, "total_disbursement_quantity", total);
        let answer: ResponseV2<Option<Vec<DisbursementEnvelopePayload>>> =
            self.post("create_disbursement_envelopes", vec![envelope], None).await?;
        let payload = answer.response_body.response_payload.unwrap_or_default().into_iter().next();
        let codes = payload.as_ref().map(|p| p.response_error_codes.join(" ")).unwrap_or_default();
        let id = payload.and_then(|payload| payload.id);
        match id {
            Some(id) if answer.response_header.is_success() && codes.is_empty() => Ok(id),
            _ => Err(refused(&answer.response_header, &codes, BTreeMap::new())),
        }
    }

    /// Sends the disbursements of a batch.
    ///
    /// # Errors
    /// [`BridgeError`].
    pub async fn create_disbursements(
        &self,
        batch: &Batch<'_>,
        payments: Vec<Payment>,
    ) -> Result<Accepted, BridgeError> {
        let batch_id = batch.id.to_string();
        let rows: Vec<Value> = payments
            .into_iter()
            .map(|payment| {
                let row = DisbursementPayload {
                    disbursement_id: Some(payment.id),
                    disbursement_envelope_id: Some(batch.envelope_id.to_owned()),
                    beneficiary_id: Some(payment.payee),
                    beneficiary_name: None,
                    disbursement_cycle_id: Some(batch.cycle_number),
                    disbursement_batch_control_id: Some(batch_id.clone()),
                    narrative: Some(batch.narrative.to_owned()),
                    ..DisbursementPayload::default()
                };
                with_amount(&row, "disbursement_quantity", payment.amount)
            })
            .collect();
        let answer: ResponseV2<Option<Vec<DisbursementPayload>>> =
            self.post("create_disbursements", rows, Some(batch_id)).await?;
        let rows: Accepted = answer
            .response_body
            .response_payload
            .unwrap_or_default()
            .into_iter()
            .filter(|row| !row.response_error_codes.is_empty())
            .filter_map(|row| Some((row.disbursement_id?, row.response_error_codes)))
            .collect();
        if answer.response_header.is_success() {
            return Ok(rows);
        }
        Err(refused(&answer.response_header, "", rows))
    }

    async fn post<P: Serialize, A: DeserializeOwned>(
        &self,
        operation: &str,
        request_payload: P,
        disbursement_batch_control_id: Option<String>,
    ) -> Result<A, CallError> {
        let request = RequestV2 {
            request_header: RequestHeader {
                sender_app_mnemonic: self.http.partner_id().to_owned(),
                sender_app_url: String::new(),
                // Never a key, but unique: a strict receiver takes each id once.
                request_id: Uuid::now_v7().to_string(),
                request_timestamp: rfc3339(self.now),
                instance_id: None,
            },
            request_body: RequestBody {
                pagination_request: None,
                request_payload,
                disbursement_batch_control_id,
            },
        };
        let url = format!("{}/{operation}", self.base_url.trim_end_matches('/'));
        self.http.post_signed(&url, &request).await?.json()
    }
}

/// The payload with an amount as a decimal string: as a JSON number it would pass through a double before it is signed.
fn with_amount<P: Serialize>(payload: &P, field: &str, amount: Amount) -> Value {
    // These payloads have string keys only: they can always be written.
    let mut value = serde_json::to_value(payload).unwrap_or_default();
    if let Some(fields) = value.as_object_mut() {
        fields.insert(field.to_owned(), amount.to_decimal_string().into());
    }
    value
}

fn refused(
    header: &g2p_connect::ResponseHeader,
    codes: &str,
    rows: BTreeMap<String, Vec<String>>,
) -> BridgeError {
    let code = header.response_error_code.clone().filter(|code| !code.is_empty());
    let message = header.response_error_message.clone().unwrap_or_default();
    BridgeError::Refused {
        code: code.unwrap_or_else(|| codes.chars().take(300).collect()),
        message: message.chars().take(300).collect(),
        rows,
    }
}
