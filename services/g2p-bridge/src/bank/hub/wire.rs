//! What a switch reads and writes. `Debug` shows no payee.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::super::{Asked, Inquiry, Verdict};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct BulkTransaction<'a> {
    pub(super) bulk_transaction_id: Uuid,
    #[serde(rename = "bulkHomeTransactionID")]
    pub(super) bulk_home_transaction_id: Uuid,
    pub(super) callback_url: String,
    pub(super) from: Party,
    pub(super) individual_transfers: Vec<&'a IndividualTransfer>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct IndividualTransfer {
    pub(super) home_transaction_id: String,
    pub(super) transfer_id: Uuid,
    pub(super) to: Party,
    pub(super) amount_type: &'static str,
    pub(super) currency: String,
    pub(super) amount: String,
    pub(super) note: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Party {
    id_type: &'static str,
    id_value: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    fsp_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    display_name: Option<String>,
}

impl Party {
    pub(super) fn of(id_type: &'static str, id_value: String, fsp_id: Option<String>) -> Self {
        Self { id_type, id_value, fsp_id, display_name: None }
    }

    pub(super) fn named(self, display_name: Option<String>) -> Self {
        Self { display_name, ..self }
    }

    pub(super) fn account(number: &str, fsp_id: Option<String>) -> Self {
        Self::of("ACCOUNT_ID", number.to_owned(), fsp_id)
    }
}

/// What a switch says of a bulk transaction, in a callback or when it is asked.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BulkState {
    /// `RECEIVED`, `PENDING`, `ACCEPTED`, `PROCESSING`, `COMPLETED` or `REJECTED`.
    #[serde(alias = "bulkTransferState")]
    pub current_state: String,
    /// What became of transfers; those that are missing are not decided.
    #[serde(default)]
    pub individual_transfer_results: Vec<TransferResult>,
    /// Why all of it was refused.
    #[serde(default, alias = "errorInformation")]
    pub last_error: Option<TransferError>,
}

/// What became of a transfer.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TransferResult {
    /// Our id of the payment.
    pub home_transaction_id: String,
    /// `COMPLETED`, `ERROR_OCCURRED`, `ABORTED`, `REJECTED`; anything else is not decided.
    #[serde(alias = "transferState")]
    pub current_state: String,
    /// Why not.
    #[serde(default, alias = "errorInformation")]
    pub last_error: Option<TransferError>,
}

/// An error of the switch.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TransferError {
    /// Its number.
    #[serde(alias = "errorCode")]
    pub code: String,
}

fn verdict(state: &str, error: Option<&TransferError>) -> Option<Verdict> {
    match state {
        "COMPLETED" => Some(Verdict::Accepted),
        "ERROR_OCCURRED" | "ABORTED" | "REJECTED" => {
            Some(Verdict::Rejected(error.map(|e| e.code.clone()).unwrap_or_default()))
        }
        _ => None,
    }
}

impl BulkState {
    /// What it says of each transfer it names, as far as that is decided.
    #[must_use]
    pub fn verdicts(&self) -> Vec<(String, Verdict)> {
        let one = |result: &TransferResult| {
            let verdict = verdict(&result.current_state, result.last_error.as_ref())?;
            Some((result.home_transaction_id.clone(), verdict))
        };
        self.individual_transfer_results.iter().filter_map(one).collect()
    }

    /// What it says of those that it does not name: all were refused, or nothing.
    #[must_use]
    pub fn of_the_rest(&self) -> Option<Verdict> {
        let refused = self.current_state == "REJECTED";
        refused.then(|| verdict("REJECTED", self.last_error.as_ref())).flatten()
    }

    /// As answers to questions.
    pub(super) fn inquiries(&self, asked: &[Asked]) -> HashMap<String, Inquiry> {
        let mut verdicts: HashMap<String, Verdict> = self.verdicts().into_iter().collect();
        let rest = self.of_the_rest();
        // What a switch that is done does not mention, nobody knows.
        let done = self.current_state == "COMPLETED";
        let one = |asked: &Asked| {
            let answer = match verdicts.remove(&asked.key).or_else(|| rest.clone()) {
                Some(Verdict::Accepted) => Inquiry::Accepted,
                Some(Verdict::Rejected(why)) => Inquiry::Rejected(why),
                None if done => return None,
                None => Inquiry::HandedOver,
            };
            Some((asked.key.clone(), answer))
        };
        asked.iter().filter_map(one).collect()
    }
}
