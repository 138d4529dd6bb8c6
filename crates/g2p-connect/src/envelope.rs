//! The `{signature, header, message}` envelope of G2P-Connect 1.0.0 and SPDCI, requests and responses.
//!
//! G2P-Connect and SPDCI define identical headers, acknowledgements and errors. What real clients send is
//! looser than either specification (`message_ts: "string"`, `meta: "string"`, `total_count: 0`,
//! `sender_uri: ""`), so parsing accepts that and leaves the judgement (`rjct.message_ts.invalid` and so
//! on) to the receiver's policy for the partner.
//!
//! Optional fields that are empty are left out when written: the published schemas do not allow `null`.

use std::borrow::Cow;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::lenient::{null_default, version_1, version_or_default};
use crate::masked::{Hidden, masked_debug};

mod ack;
mod parse_error;

pub use ack::{Ack, AckError, AckResponse, AckStatus, HttpErrorResponse};
pub use parse_error::ParseError;

/// A request of dialect (a)/(b): an optional signature, the header, and the operation's message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Request<M> {
    /// Signature over header and message, in whatever form the partner uses; old clients send `"string"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
    /// Who sends what, when, to whom.
    pub header: MsgHeader,
    /// The message of the operation.
    pub message: M,
}

impl<M> Request<M> {
    /// An unsigned request.
    pub const fn new(header: MsgHeader, message: M) -> Self {
        Self { signature: None, header, message }
    }
}

/// A response of a synchronous call, or a callback, in dialect (a)/(b).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Response<M> {
    /// Signature over header and message; `null` from services that do not sign.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
    /// Status of the whole message; item errors stand in the message.
    pub header: MsgCallbackHeader,
    /// The message of the operation.
    pub message: M,
}

impl<M> Response<M> {
    /// An unsigned response.
    pub const fn new(header: MsgCallbackHeader, message: M) -> Self {
        Self { signature: None, header, message }
    }
}

/// Request header (`MsgHeader_V1.0.0`).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MsgHeader {
    /// Version of the specification the sender speaks; `1.0.0` when left out.
    #[serde(default = "version_1", deserialize_with = "version_or_default")]
    #[schema(required = false, default = "1.0.0")]
    pub version: String,
    /// The sender's id of this message. Strict partners may use it once; others repeat placeholders.
    pub message_id: String,
    /// When the sender made the message. RFC 3339 by the specification, free text in practice, kept as sent.
    pub message_ts: String,
    /// The operation: `link`, `search`, `txn-status` and so on.
    pub action: String,
    /// Who sends. May be empty from careless clients.
    pub sender_id: String,
    /// Where callbacks go; empty when there is none.
    #[serde(default, deserialize_with = "null_default")]
    #[schema(required = false)]
    pub sender_uri: String,
    /// For whom the message is; may be empty.
    #[serde(default, deserialize_with = "null_default")]
    #[schema(required = false)]
    pub receiver_id: String,
    /// Number of items the sender says it sends; careless clients send 0. Signed, so that a negative count
    /// is answered with `rjct.total_count.invalid` and not as malformed JSON.
    pub total_count: i64,
    /// Whether `message` is an [`EncryptedMessage`]. Old clients call it `is_encrypted`.
    #[serde(default, alias = "is_encrypted", deserialize_with = "null_default")]
    #[schema(required = false)]
    pub is_msg_encrypted: bool,
    /// Anything the two parties agreed on. An object by the specification, any JSON in practice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub meta: Option<Value>,
}

masked_debug!(MsgHeader {
    show: version, message_id, message_ts, action, sender_id, sender_uri, receiver_id, total_count, is_msg_encrypted;
    hide: meta
});

impl MsgHeader {
    /// A header with the required fields; `message_ts` is RFC 3339.
    pub fn new(
        message_id: impl Into<String>,
        message_ts: impl Into<String>,
        action: impl Into<String>,
        sender_id: impl Into<String>,
        total_count: i64,
    ) -> Self {
        Self {
            version: version_1(),
            message_id: message_id.into(),
            message_ts: message_ts.into(),
            action: action.into(),
            sender_id: sender_id.into(),
            sender_uri: String::new(),
            receiver_id: String::new(),
            total_count,
            is_msg_encrypted: false,
            meta: None,
        }
    }

    /// The same header, addressed to `receiver_id`.
    #[must_use]
    pub fn to_receiver(mut self, receiver_id: impl Into<String>) -> Self {
        self.receiver_id = receiver_id.into();
        self
    }

    /// The same header, with the address for callbacks.
    #[must_use]
    pub fn with_sender_uri(mut self, sender_uri: impl Into<String>) -> Self {
        self.sender_uri = sender_uri.into();
        self
    }
}

/// Header of synchronous responses and callbacks (`MsgCallbackHeader_V1.0.0`).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MsgCallbackHeader {
    /// Version of the specification.
    #[serde(default = "version_1", deserialize_with = "version_or_default")]
    #[schema(required = false, default = "1.0.0")]
    pub version: String,
    /// Id of this message; synchronous answers echo the request's.
    pub message_id: String,
    /// When the answer was made, RFC 3339 from us; others send it without a zone.
    pub message_ts: String,
    /// The operation: `on-link`, `on-search` and so on. Old services echo the request's action.
    pub action: String,
    /// Status of the whole message.
    pub status: MsgStatus,
    /// Why the whole message was rejected: a [`crate::reason::HeaderReason`] from us. Text, because others
    /// send codes of their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_reason_code: Option<String>,
    /// The reason in words; the bridge's 1.0 dialect puts its own code here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 999)]
    pub status_reason_message: Option<String>,
    /// Number of items in the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total_count: Option<i64>,
    /// Number of items that were worked on, successes and errors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completed_count: Option<i64>,
    /// Who answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sender_id: Option<String>,
    /// Who asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receiver_id: Option<String>,
    /// Whether `message` is an [`EncryptedMessage`].
    #[serde(default, alias = "is_encrypted", deserialize_with = "null_default")]
    #[schema(required = false)]
    pub is_msg_encrypted: bool,
    /// Anything the two parties agreed on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub meta: Option<Value>,
}

masked_debug!(MsgCallbackHeader {
    show: version, message_id, message_ts, action, status, status_reason_code, status_reason_message, total_count,
        completed_count, sender_id, receiver_id, is_msg_encrypted;
    hide: meta
});

impl MsgCallbackHeader {
    /// The answer's header: echoes `message_id`, swaps sender and receiver, repeats `total_count`.
    ///
    /// `message_ts` is the time of the answer in RFC 3339. Counts and reasons are added with
    /// [`Self::counts`] and [`Self::because`].
    pub fn for_request(
        request: &MsgHeader,
        action: impl Into<String>,
        status: MsgStatus,
        message_ts: impl Into<String>,
    ) -> Self {
        // An empty receiver (allowed in requests) would make an empty sender: leave it out instead.
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Self {
            version: version_1(),
            message_id: request.message_id.clone(),
            message_ts: message_ts.into(),
            action: action.into(),
            status,
            status_reason_code: None,
            status_reason_message: None,
            total_count: Some(request.total_count),
            completed_count: None,
            sender_id: some(&request.receiver_id),
            receiver_id: some(&request.sender_id),
            is_msg_encrypted: false,
            meta: None,
        }
    }

    /// The same header with the real number of items and how many of them were worked on.
    #[must_use]
    pub fn counts(mut self, total: i64, completed: i64) -> Self {
        self.total_count = Some(total);
        self.completed_count = Some(completed);
        self
    }

    /// The same header, with a reason code (may be left out: the bridge's 1.0 dialect has none) and its text.
    #[must_use]
    pub fn because(mut self, code: Option<&str>, message: impl Into<String>) -> Self {
        self.status_reason_code = code.map(str::to_owned);
        self.status_reason_message = Some(message.into());
        self
    }

    /// The same header with an id of its own, as callbacks have.
    #[must_use]
    pub fn with_message_id(mut self, message_id: impl Into<String>) -> Self {
        self.message_id = message_id.into();
        self
    }

    /// The same header with sender and receiver as the request had them, as services of dialect (b) answer.
    #[must_use]
    pub fn echoing_parties(mut self, request: &MsgHeader) -> Self {
        self.sender_id = Some(request.sender_id.clone());
        self.receiver_id = Some(request.receiver_id.clone());
        self
    }
}

/// Status of a message or of one item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum MsgStatus {
    /// Received.
    Rcvd,
    /// Pending: work has started.
    Pdng,
    /// Succeeded.
    Succ,
    /// Rejected.
    Rjct,
}

impl MsgStatus {
    /// The text on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rcvd => "rcvd",
            Self::Pdng => "pdng",
            Self::Succ => "succ",
            Self::Rjct => "rjct",
        }
    }
}

/// What stands in place of `message` when `header.is_msg_encrypted` is true: the parts of a JWE.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EncryptedMessage {
    /// Algorithms and key.
    pub header: EncryptionHeader,
    /// The encrypted message, base64url.
    pub ciphertext: String,
    /// The content key, encrypted for the receiver, base64url.
    pub encrypted_key: String,
    /// Authentication tag, base64url.
    pub tag: String,
    /// Initialisation vector, base64url.
    pub iv: String,
}

/// Algorithms and key of an [`EncryptedMessage`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EncryptionHeader {
    /// Algorithm that encrypts the content key.
    pub alg: String,
    /// Algorithm that encrypts the content.
    pub enc: String,
    /// The receiver's key.
    pub kid: String,
}

/// A request whose header and message are still the exact bytes received, so that a signature can be
/// verified over them before anything is interpreted.
#[derive(Clone, Deserialize)]
pub struct RawRequest<'a> {
    /// The signature field, if there is one.
    #[serde(borrow, default)]
    pub signature: Option<Cow<'a, str>>,
    /// The header's bytes.
    #[serde(borrow)]
    pub header: &'a RawValue,
    /// The message's bytes; none when the field is missing or `null`.
    #[serde(borrow, default)]
    pub message: Option<&'a RawValue>,
}

impl std::fmt::Debug for RawRequest<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RawRequest")
            .field("header", &Hidden)
            .field("message", &Hidden)
            .finish_non_exhaustive()
    }
}

impl<'a> RawRequest<'a> {
    /// Splits a body. Fails on malformed JSON, a missing header and doubled fields.
    ///
    /// A missing `message` is not an error here: authentication comes first and needs only the header.
    pub fn parse(body: &'a [u8]) -> Result<Self, ParseError> {
        serde_json::from_slice(body).map_err(ParseError::from)
    }

    /// The header's exact text.
    pub fn header_text(&self) -> &'a str {
        self.header.get()
    }

    /// The message's exact text.
    pub fn message_text(&self) -> Option<&'a str> {
        self.message.map(RawValue::get)
    }

    /// Interprets the header.
    pub fn header(&self) -> Result<MsgHeader, ParseError> {
        serde_json::from_str(self.header.get()).map_err(|e| ParseError::within("header", &e))
    }

    /// Interprets the message. Fails when it is missing or of another shape.
    pub fn message<M: DeserializeOwned>(&self) -> Result<M, ParseError> {
        let raw = self.message.ok_or_else(|| ParseError::missing("message"))?;
        serde_json::from_str(raw.get()).map_err(|e| ParseError::within("message", &e))
    }

    /// Interprets both.
    pub fn typed<M: DeserializeOwned>(&self) -> Result<Request<M>, ParseError> {
        let header = self.header()?;
        let message = self.message()?;
        Ok(Request { signature: self.signature.clone().map(Cow::into_owned), header, message })
    }
}
