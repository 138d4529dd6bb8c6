//! Messages of the mapper: link, update, unlink and resolve in dialects (a) and (b).
//!
//! Field names and obligations follow the G2P-Connect mapper API 1.0.0; where deployed mappers differ, the
//! looser side is read. Time stamps are text as sent. An item without `id`, `fa` or
//! `timestamp` parses, as the empty string: that is the item's error, not the message's. Clients match results by `reference_id`; we answer in the order of the request.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::envelope::MsgStatus;
use crate::lenient::null_default;
use crate::masked::masked_debug;
use crate::txn::{MapperTxnResultType, MapperTxnType, TxnStatusRequest, TxnStatusResponse};

pub mod newer;
mod response;

pub use response::{
    AccountProviderInfo, LinkResponse, LinkResponseItem, ResolveResponse, ResolveResponseItem,
    UnlinkResponse, UnlinkResponseItem, UpdateResponse, UpdateResponseItem,
};

/// Message of `mapper/txn/status`.
pub type MapperTxnStatusRequest = TxnStatusRequest<MapperTxnType>;
/// Message of `mapper/txn/on-status`.
pub type MapperTxnStatusResponse = TxnStatusResponse<MapperTxnResultType>;

/// Message of `link`: gives ids their financial address.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LinkRequest {
    /// The sender's id of the transaction.
    #[schema(max_length = 99)]
    pub transaction_id: String,
    /// The items.
    pub link_request: Vec<LinkRequestItem>,
}

/// Message of `update`: changes the financial address of ids that are linked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct UpdateRequest {
    /// The sender's id of the transaction.
    #[schema(max_length = 99)]
    pub transaction_id: String,
    /// The items.
    pub update_request: Vec<UpdateRequestItem>,
}

/// Message of `unlink`: removes the financial address of ids.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct UnlinkRequest {
    /// The sender's id of the transaction.
    #[schema(max_length = 99)]
    pub transaction_id: String,
    /// The items.
    pub unlink_request: Vec<UnlinkRequestItem>,
}

/// Message of `resolve`: asks for the financial address of ids.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ResolveRequest {
    /// The sender's id of the transaction.
    #[schema(max_length = 99)]
    pub transaction_id: String,
    /// The items.
    pub resolve_request: Vec<ResolveRequestItem>,
}

/// One id to link.
#[derive(Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LinkRequestItem {
    /// The sender's id of the item.
    pub reference_id: String,
    /// When the sender made the item.
    #[serde(default, deserialize_with = "null_default")]
    #[schema(required = true)]
    pub timestamp: String,
    /// The person: `id-type:id@provider`, for example `token:abc@nationalId`.
    #[serde(default, deserialize_with = "null_default")]
    #[schema(required = true)]
    pub id: String,
    /// The financial address: `account:123@bank.example` and the like.
    #[serde(default, deserialize_with = "null_default")]
    #[schema(required = true)]
    pub fa: String,
    /// The person's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The person's phone number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone_number: Option<String>,
    /// `{name, value}` pairs; old clients also send plain strings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<Object>>)]
    pub additional_info: Option<Vec<Value>>,
    /// Language of texts; ISO 639-3 by the specification, also two letters in practice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
}
masked_debug!(LinkRequestItem { show: reference_id, timestamp, locale; hide: id, fa, name, phone_number, additional_info });

/// One id to update.
#[derive(Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct UpdateRequestItem {
    /// The sender's id of the item.
    pub reference_id: String,
    /// When the sender made the item.
    #[serde(default, deserialize_with = "null_default")]
    #[schema(required = true)]
    pub timestamp: String,
    /// The person.
    #[serde(default, deserialize_with = "null_default")]
    #[schema(required = true)]
    pub id: String,
    /// The new financial address.
    #[serde(default, deserialize_with = "null_default")]
    #[schema(required = true)]
    pub fa: String,
    /// The person's name; left as it is when missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The person's phone number; left as it is when missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone_number: Option<String>,
    /// `{name, value}` pairs; left as they are when missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<Object>>)]
    pub additional_info: Option<Vec<Value>>,
    /// Language of texts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
}
masked_debug!(UpdateRequestItem { show: reference_id, timestamp, locale; hide: id, fa, name, phone_number, additional_info });

/// One id to unlink.
#[derive(Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct UnlinkRequestItem {
    /// The sender's id of the item.
    pub reference_id: String,
    /// When the sender made the item.
    #[serde(default, deserialize_with = "null_default")]
    #[schema(required = true)]
    pub timestamp: String,
    /// The person.
    #[serde(default, deserialize_with = "null_default")]
    #[schema(required = true)]
    pub id: String,
    /// When given, only this pair of id and address is removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fa: Option<String>,
    /// The person's name; some clients send it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The person's phone number; some clients send it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone_number: Option<String>,
    /// `{name, value}` pairs or strings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<Object>>)]
    pub additional_info: Option<Vec<Value>>,
    /// Language of texts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
}
masked_debug!(UnlinkRequestItem { show: reference_id, timestamp, locale; hide: id, fa, name, phone_number, additional_info });

/// One id, address, or pair of them to resolve. Old clients send `""` for the one they do not know.
#[derive(Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ResolveRequestItem {
    /// The sender's id of the item.
    pub reference_id: String,
    /// When the sender made the item.
    #[serde(default, deserialize_with = "null_default")]
    #[schema(required = true)]
    pub timestamp: String,
    /// The financial address to check; empty when it is asked for.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    #[schema(required = false)]
    pub fa: String,
    /// The person; empty when only the address is to be checked.
    #[serde(default, deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    #[schema(required = false)]
    pub id: String,
    /// The person's name, to compare.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How much to answer.
    #[serde(default, deserialize_with = "null_default")]
    #[schema(required = false)]
    pub scope: ResolveScope,
    /// `{name, value}` pairs or strings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<Object>>)]
    pub additional_info: Option<Vec<Value>>,
    /// Language of texts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
}
masked_debug!(ResolveRequestItem { show: reference_id, timestamp, scope, locale; hide: fa, id, name, additional_info });

impl ResolveRequestItem {
    /// Asks for the details of one id. `timestamp` is RFC 3339.
    pub fn details(
        reference_id: impl Into<String>,
        timestamp: impl Into<String>,
        id: impl Into<String>,
    ) -> Self {
        Self {
            reference_id: reference_id.into(),
            timestamp: timestamp.into(),
            fa: String::new(),
            id: id.into(),
            name: None,
            scope: ResolveScope::Details,
            additional_info: None,
            locale: None,
        }
    }
}

/// How much a resolve answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ResolveScope {
    /// Only whether there is a link, by the reason code.
    #[default]
    YesNo,
    /// The address and its provider too.
    Details,
    /// Any other text: the item is answered with `rjct.resolve_type.not_supported`. Never sent.
    #[serde(other, skip_serializing)]
    Unsupported,
}
