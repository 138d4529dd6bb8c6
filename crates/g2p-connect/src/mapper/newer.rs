//! Payloads of the mapper in the newer envelope (SPAR 2.x): addresses are objects there, written and read by strategies.
//!
//! Time stamps are free text, an item without its id or address parses: that is the item's error. Empty fields of
//! answers are written as `null`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{AccountProviderInfo, ResolveScope};
use crate::envelope::MsgStatus;
use crate::lenient::null_default;
use crate::masked::{Hidden, masked_debug};

/// A financial address as an object: `strategy_id`, `fa_type`, and the parts that the strategy writes
/// (`account_number`, `bank_code`, `mobile_number` and so on).
#[derive(Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FaObject {
    /// The strategy that writes and reads it.
    pub strategy_id: i64,
    /// `BANK`, `MOBILE_WALLET` or `EMAIL_WALLET`; older clients have others.
    pub fa_type: String,
    /// The parts, by name.
    #[serde(flatten)]
    #[schema(value_type = BTreeMap<String, String>)]
    pub parts: BTreeMap<String, Value>,
}

impl std::fmt::Debug for FaObject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FaObject").field("strategy_id", &self.strategy_id).field("parts", &Hidden).finish()
    }
}

/// Payload of `link`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LinkPayload {
    /// The sender's id of the transaction.
    pub transaction_id: String,
    /// The items.
    pub link_request: Vec<ChangePayloadItem>,
}

/// Payload of `update`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct UpdatePayload {
    /// The sender's id of the transaction.
    pub transaction_id: String,
    /// The items.
    pub update_request: Vec<ChangePayloadItem>,
}

/// Payload of `unlink`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct UnlinkPayload {
    /// The sender's id of the transaction.
    pub transaction_id: String,
    /// The items.
    pub unlink_request: Vec<UnlinkPayloadItem>,
}

/// Payload of `resolve`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ResolvePayload {
    /// The sender's id of the transaction.
    pub transaction_id: String,
    /// The items.
    pub resolve_request: Vec<ResolvePayloadItem>,
}

/// One id to link or update.
#[derive(Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ChangePayloadItem {
    /// The sender's id of the item.
    pub reference_id: String,
    /// When the sender made the item.
    #[serde(default, deserialize_with = "null_default")]
    pub timestamp: String,
    /// The person.
    #[serde(default, deserialize_with = "null_default")]
    pub id: String,
    /// The financial address.
    #[serde(default)]
    pub fa: Option<FaObject>,
    /// The person's name.
    #[serde(default)]
    pub name: Option<String>,
    /// The person's phone number.
    #[serde(default)]
    pub phone_number: Option<String>,
    /// Anything else about the account.
    #[serde(default)]
    #[schema(value_type = Option<Vec<Object>>)]
    pub additional_info: Option<Vec<Value>>,
    /// Language of texts.
    #[serde(default)]
    pub locale: Option<String>,
}
masked_debug!(ChangePayloadItem { show: reference_id, timestamp, locale; hide: id, fa, name, phone_number, additional_info });

/// One id to unlink.
#[derive(Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct UnlinkPayloadItem {
    /// The sender's id of the item.
    pub reference_id: String,
    /// When the sender made the item.
    #[serde(default, deserialize_with = "null_default")]
    pub timestamp: String,
    /// The person.
    #[serde(default, deserialize_with = "null_default")]
    pub id: String,
    /// When given, only this pair of id and address is removed: the address as text.
    #[serde(default)]
    pub fa: Option<String>,
    /// Language of texts.
    #[serde(default)]
    pub locale: Option<String>,
}
masked_debug!(UnlinkPayloadItem { show: reference_id, timestamp, locale; hide: id, fa });

/// One id, address, or pair of them to resolve.
#[derive(Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ResolvePayloadItem {
    /// The sender's id of the item.
    pub reference_id: String,
    /// When the sender made the item.
    #[serde(default, deserialize_with = "null_default")]
    pub timestamp: String,
    /// The address to check, as text.
    #[serde(default, deserialize_with = "null_default")]
    pub fa: String,
    /// The person.
    #[serde(default, deserialize_with = "null_default")]
    pub id: String,
    /// The person's name.
    #[serde(default)]
    pub name: Option<String>,
    /// How much to answer.
    #[serde(default, deserialize_with = "null_default")]
    pub scope: ResolveScope,
    /// Language of texts.
    #[serde(default)]
    pub locale: Option<String>,
}
masked_debug!(ResolvePayloadItem { show: reference_id, timestamp, scope, locale; hide: fa, id, name });

/// What one item of a message was answered with.
#[derive(Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PayloadAnswer<F> {
    /// The sender's id of the item.
    pub reference_id: String,
    /// When it was answered.
    pub timestamp: String,
    /// The address: as text from `link`, as an object from `resolve`.
    #[serde(default)]
    pub fa: Option<F>,
    /// The person.
    #[serde(default)]
    pub id: Option<String>,
    /// Who keeps the account.
    #[serde(default)]
    pub account_provider_info: Option<AccountProviderInfo>,
    /// Whether it was done.
    pub status: MsgStatus,
    /// The reason code.
    #[serde(default)]
    pub status_reason_code: Option<String>,
    /// The reason in words.
    #[serde(default)]
    pub status_reason_message: Option<String>,
    /// What was stored beside the address.
    #[serde(default)]
    #[schema(value_type = Option<Vec<Object>>)]
    pub additional_info: Option<Vec<Value>>,
    /// Language of texts.
    #[serde(default)]
    pub locale: Option<String>,
}

impl<F> std::fmt::Debug for PayloadAnswer<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PayloadAnswer")
            .field("reference_id", &self.reference_id)
            .field("status_reason_code", &self.status_reason_code)
            .finish_non_exhaustive()
    }
}

/// Answer of an operation; the list has the name of the operation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PayloadResponse<F> {
    /// The sender's id of the transaction.
    pub transaction_id: String,
    /// Always `null` here: there are no asynchronous calls.
    #[serde(default)]
    pub correlation_id: Option<String>,
    /// Answers of `link`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link_response: Option<Vec<PayloadAnswer<F>>>,
    /// Answers of `update`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub update_response: Option<Vec<PayloadAnswer<F>>>,
    /// Answers of `unlink`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unlink_response: Option<Vec<PayloadAnswer<F>>>,
    /// Answers of `resolve`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolve_response: Option<Vec<PayloadAnswer<F>>>,
}
