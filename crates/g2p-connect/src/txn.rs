//! Transaction status: asking what became of an asynchronous call.
//!
//! The same shape serves the mapper, the registry and the disburse API; only the list of transaction types
//! differs, hence the parameter `T`.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::lenient::null_default;
use crate::masked::Hidden;

/// Message of `txn/status`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TxnStatusRequest<T> {
    /// The id of this inquiry's own transaction, 1 to 99 characters.
    #[schema(min_length = 1, max_length = 99)]
    pub transaction_id: String,
    /// What is asked. One object by the specification; a list from some clients.
    #[serde(bound(deserialize = "T: serde::de::DeserializeOwned"))]
    pub txnstatus_request: OneOrMany<TxnStatusQuery<T>>,
}

/// What is asked about a transaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TxnStatusQuery<T> {
    /// The client's id of this question.
    pub reference_id: String,
    /// When it was asked; some clients require it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<String>,
    /// The kind of transaction asked about.
    pub txn_type: T,
    /// What `attribute_value` holds.
    pub attribute_type: TxnAttributeType,
    /// An id, or a list of reference ids.
    pub attribute_value: OneOrMany<String>,
    /// Language of texts, ISO 639-3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
}

/// What a transaction is looked up by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TxnAttributeType {
    /// The sender's transaction id.
    TransactionId,
    /// Reference ids of items.
    ReferenceIdList,
    /// The receiver's id from the acknowledgement.
    CorrelationId,
}

/// Message of `txn/on-status`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TxnStatusResponse<T> {
    /// Echo of the inquiry's transaction id.
    #[schema(max_length = 99)]
    pub transaction_id: String,
    /// The receiver's id of the inquiry.
    #[serde(default, deserialize_with = "null_default")]
    #[schema(max_length = 99)]
    pub correlation_id: String,
    /// The answer.
    pub txnstatus_response: TxnStatusResult<T>,
}

/// What became of the transaction.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TxnStatusResult<T> {
    /// The kind of transaction: for the mapper `on-link` and so on.
    pub txn_type: T,
    /// The response message of the transaction, of the shape that `txn_type` says; an empty list of items
    /// when the transaction is unknown.
    #[schema(value_type = Object)]
    pub txn_status: Value,
}

impl<T: std::fmt::Debug> std::fmt::Debug for TxnStatusResult<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TxnStatusResult")
            .field("txn_type", &self.txn_type)
            .field("txn_status", &Hidden)
            .finish()
    }
}

/// Transactions of the mapper, as asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum MapperTxnType {
    /// `link`
    Link,
    /// `resolve`
    Resolve,
    /// `update`
    Update,
    /// `unlink`
    Unlink,
}

/// Transactions of the mapper, as answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
pub enum MapperTxnResultType {
    /// `on-link`
    #[serde(rename = "on-link", alias = "link")]
    OnLink,
    /// `on-resolve`
    #[serde(rename = "on-resolve", alias = "resolve")]
    OnResolve,
    /// `on-update`
    #[serde(rename = "on-update", alias = "update")]
    OnUpdate,
    /// `on-unlink`
    #[serde(rename = "on-unlink", alias = "unlink")]
    OnUnlink,
}

/// Transactions of the registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum RegistryTxnType {
    /// `search`
    Search,
    /// `subscribe`
    Subscribe,
    /// `receipt`
    Receipt,
}

/// One value or a list of them; a single value is written without brackets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(untagged)]
pub enum OneOrMany<T> {
    /// One value.
    One(T),
    /// A list.
    Many(Vec<T>),
}

impl<T> OneOrMany<T> {
    /// The values, however they were written.
    pub fn as_slice(&self) -> &[T] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        }
    }
}

impl<'de, T: serde::de::DeserializeOwned> Deserialize<'de> for OneOrMany<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error as _;
        let value = Value::deserialize(deserializer)?;
        let parsed = if value.is_array() {
            serde_json::from_value(value).map(Self::Many)
        } else {
            serde_json::from_value(value).map(Self::One)
        };
        parsed.map_err(D::Error::custom)
    }
}
