//! Answers of the mapper.

use super::{Deserialize, MsgStatus, Serialize, ToSchema, Value, masked_debug};

/// Answer to `link`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LinkResponse {
    /// Echo of the request's transaction id.
    #[schema(max_length = 99)]
    pub transaction_id: String,
    /// The id from the acknowledgement, in callbacks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 99)]
    pub correlation_id: Option<String>,
    /// One result per item, in the order of the request.
    pub link_response: Vec<LinkResponseItem>,
}

/// Answer to `update`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct UpdateResponse {
    /// Echo of the request's transaction id.
    #[schema(max_length = 99)]
    pub transaction_id: String,
    /// The id from the acknowledgement, in callbacks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 99)]
    pub correlation_id: Option<String>,
    /// One result per item, in the order of the request.
    pub update_response: Vec<UpdateResponseItem>,
}

/// Answer to `unlink`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct UnlinkResponse {
    /// Echo of the request's transaction id.
    #[schema(max_length = 99)]
    pub transaction_id: String,
    /// The id from the acknowledgement, in callbacks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 99)]
    pub correlation_id: Option<String>,
    /// One result per item, in the order of the request.
    pub unlink_response: Vec<UnlinkResponseItem>,
}

/// Answer to `resolve`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ResolveResponse {
    /// Echo of the request's transaction id.
    #[schema(max_length = 99)]
    pub transaction_id: String,
    /// The id from the acknowledgement, in callbacks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 99)]
    pub correlation_id: Option<String>,
    /// One result per item; ours in the order of the request, others' in any.
    pub resolve_response: Vec<ResolveResponseItem>,
}

/// What became of one link.
#[derive(Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LinkResponseItem {
    /// Echo of the item's id.
    pub reference_id: String,
    /// When the item was decided.
    pub timestamp: String,
    /// The address as linked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fa: Option<String>,
    /// Linked or rejected.
    pub status: MsgStatus,
    /// A [`crate::reason::LinkReason`] from us.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_reason_code: Option<String>,
    /// The reason in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 999)]
    pub status_reason_message: Option<String>,
    /// `{name, value}` pairs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<Object>>)]
    pub additional_info: Option<Vec<Value>>,
    /// Language of texts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
}
masked_debug!(LinkResponseItem {
    show: reference_id, timestamp, status, status_reason_code, locale;
    hide: fa, status_reason_message, additional_info
});

/// What became of one update.
#[derive(Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct UpdateResponseItem {
    /// Echo of the item's id.
    pub reference_id: String,
    /// When the item was decided.
    pub timestamp: String,
    /// The person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The address as updated. The published schema demands it without declaring it, so we send it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fa: Option<String>,
    /// Updated or rejected.
    pub status: MsgStatus,
    /// A [`crate::reason::UpdateReason`] from us.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_reason_code: Option<String>,
    /// The reason in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 999)]
    pub status_reason_message: Option<String>,
    /// `{name, value}` pairs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<Object>>)]
    pub additional_info: Option<Vec<Value>>,
    /// Language of texts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
}
masked_debug!(UpdateResponseItem {
    show: reference_id, timestamp, status, status_reason_code, locale;
    hide: id, fa, status_reason_message, additional_info
});

/// What became of one unlink.
#[derive(Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct UnlinkResponseItem {
    /// Echo of the item's id.
    pub reference_id: String,
    /// When the item was decided.
    pub timestamp: String,
    /// The person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Unlinked or rejected.
    pub status: MsgStatus,
    /// A [`crate::reason::UnlinkReason`] from us.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_reason_code: Option<String>,
    /// The reason in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 999)]
    pub status_reason_message: Option<String>,
    /// `{name, value}` pairs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<Object>>)]
    pub additional_info: Option<Vec<Value>>,
    /// Language of texts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
}
masked_debug!(UnlinkResponseItem {
    show: reference_id, timestamp, status, status_reason_code, locale;
    hide: id, status_reason_message, additional_info
});

/// What one item resolves to.
#[derive(Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ResolveResponseItem {
    /// Echo of the item's id.
    pub reference_id: String,
    /// When the item was decided.
    pub timestamp: String,
    /// The address, with scope `details`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fa: Option<String>,
    /// The person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Who holds the account, with scope `details`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_provider_info: Option<AccountProviderInfo>,
    /// `succ` even when nothing is linked: the reason code tells.
    pub status: MsgStatus,
    /// A [`crate::reason::ResolveReason`] from us; some mappers leave it out on success.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_reason_code: Option<String>,
    /// The reason in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 999)]
    pub status_reason_message: Option<String>,
    /// `{name, value}` pairs, with scope `details`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<Object>>)]
    pub additional_info: Option<Vec<Value>>,
    /// Language of texts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
}
masked_debug!(ResolveResponseItem {
    show: reference_id, timestamp, status, status_reason_code, locale;
    hide: fa, id, account_provider_info, status_reason_message, additional_info
});

/// Who holds an account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AccountProviderInfo {
    /// The provider's name.
    pub name: String,
    /// The provider's code.
    pub code: String,
    /// The branch's code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subcode: Option<String>,
    /// Text by the specification (at most 999 characters), a list from others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub additional_info: Option<Value>,
}
