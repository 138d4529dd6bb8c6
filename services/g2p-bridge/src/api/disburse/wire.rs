//! Messages of the disburse API as they come and go, where the specification's shape is read more leniently or where no
//! other service needs it.

use g2p_connect::{
    disburse::core::{DisburseResponse, DisburseResult},
    txn::TxnStatusRequest,
};
use platform::SchemaFault;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// Message of `disburse`, with items that are read one by one: a wrong one harms no other.
#[derive(Deserialize)]
pub(super) struct DisburseIn {
    pub(super) transaction_id: String,
    #[serde(default)]
    disbursements: Value,
    /// The published schema requires this name and describes the other one: who obeys it sends both.
    #[serde(default)]
    disburemsents: Value,
}

impl DisburseIn {
    /// The payments, under whichever name they came.
    pub(super) fn items(&self) -> Result<&[Value], SchemaFault> {
        let right = list(&self.disbursements, "message.disbursements")?;
        let misspelt = list(&self.disburemsents, "message.disburemsents")?;
        match (right, misspelt) {
            (Some(right), Some(misspelt))
                if !right.is_empty() && !misspelt.is_empty() && right != misspelt =>
            {
                let rule = "holds other payments than disbursements; send one of the two, or both alike";
                Err(SchemaFault::rule("message.disburemsents", rule))
            }
            (Some(items), _) if !items.is_empty() => Ok(items),
            (_, Some(items)) if !items.is_empty() => Ok(items),
            _ => Err(SchemaFault::rule("message.disbursements", "must have at least one item")),
        }
    }
}

fn list<'a>(value: &'a Value, field: &str) -> Result<Option<&'a [Value]>, SchemaFault> {
    match value {
        Value::Null => Ok(None),
        Value::Array(items) => Ok(Some(items)),
        _ => Err(SchemaFault::rule(field, "must be a list")),
    }
}

/// Message of `search`.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub(super) struct DisburseSearchRequest {
    /// The sender's id of the search.
    #[schema(max_length = 99)]
    pub(super) transaction_id: String,
    /// What is searched for.
    pub(super) search_criteria: Vec<DisburseSearchCriterion>,
}

/// Payments with an address.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(default)]
#[derive(Default)]
pub(super) struct DisburseSearchCriterion {
    /// The sender's id of the criterion.
    pub(super) reference_id: String,
    /// When it was made, RFC 3339.
    #[schema(required = false)]
    pub(super) timestamp: Option<String>,
    /// `disburse`.
    pub(super) request_type: String,
    /// `payer_fa` or `payee_fa`.
    pub(super) attribute_type: String,
    /// The address.
    #[schema(value_type = String)]
    pub(super) attribute_value: Value,
    /// Language of texts.
    #[schema(required = false)]
    pub(super) locale: Option<String>,
}

/// Message of `on-search`: a result a payment found, under the payment's reference.
#[derive(Serialize, ToSchema)]
pub(super) struct DisburseSearchResponse {
    /// Echo of the search's id.
    pub(super) transaction_id: String,
    /// The payments found; a criterion without one has one rejected result under its own reference.
    pub(super) disbursements_status: Vec<DisburseResult>,
}

/// Transactions that can be asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum DisburseTxn {
    /// Payments.
    Disburse,
    /// A search.
    Search,
}

impl DisburseTxn {
    /// `txnstatus_response.txn_type`.
    pub(super) const fn answered(self) -> &'static str {
        match self {
            Self::Disburse => "on-disburse",
            Self::Search => "on-search",
        }
    }
}

/// Message of `txn/status`.
pub(super) type DisburseStatusRequest = TxnStatusRequest<DisburseTxn>;

/// Message of `txn/on-status`.
#[derive(Serialize, ToSchema)]
pub(super) struct DisburseStatusResponse {
    /// Echo of the question's id.
    pub(super) transaction_id: String,
    /// The id that the message asked about was acknowledged with; empty when it was not.
    pub(super) correlation_id: String,
    /// The answer; a list when the question was one.
    #[schema(value_type = DisburseStatusResult)]
    pub(super) txnstatus_response: Value,
}

/// What became of a transaction.
#[derive(Serialize, ToSchema)]
pub(super) struct DisburseStatusResult {
    /// `on-disburse` or `on-search`.
    pub(super) txn_type: &'static str,
    /// The payments as they stand now; without items when nothing is known under the id.
    pub(super) txn_status: DisburseResponse,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::{Value, json};

    use super::DisburseIn;

    fn count(message: Value) -> Result<usize, String> {
        let message: DisburseIn = serde_json::from_value(message).unwrap();
        message.items().map(<[Value]>::len).map_err(|fault| fault.field().to_owned())
    }

    #[test]
    fn payments_stand_under_either_name_or_both() {
        assert_eq!(count(json!({"transaction_id": "T", "disbursements": [1]})), Ok(1));
        assert_eq!(count(json!({"transaction_id": "T", "disburemsents": [1, 2]})), Ok(2));
        assert_eq!(count(json!({"transaction_id": "T", "disbursements": [1], "disburemsents": [1]})), Ok(1));
        assert_eq!(count(json!({"transaction_id": "T", "disbursements": [1], "disburemsents": []})), Ok(1));
        let both = json!({"transaction_id": "T", "disbursements": [1], "disburemsents": [2]});
        assert_eq!(count(both), Err("message.disburemsents".to_owned()));
        for none in [json!({"transaction_id": "T"}), json!({"transaction_id": "T", "disbursements": []})] {
            assert_eq!(count(none), Err("message.disbursements".to_owned()));
        }
        let text = json!({"transaction_id": "T", "disbursements": "R1"});
        assert_eq!(count(text), Err("message.disbursements".to_owned()));
    }
}
