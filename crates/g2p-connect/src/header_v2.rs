//! The newer envelope ("dialect c"): `request_header`/`request_body` and `response_header`/`response_body`.
//!
//! It has no action, no counts and no asynchronous calls; a detached signature stands in the HTTP header
//! `Signature` and covers the whole body. Business errors come with HTTP status 200 and
//! `response_status: ERROR`. `request_id` is no idempotency key: real clients send the constant `"string"`.
//! Empty optional fields of responses are written as `null`, as other implementations do.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::envelope::ParseError;
use crate::lenient::null_default;
use crate::masked::{Hidden, masked_debug};

/// A request of the newer dialect with the payload `P` (a list, an object or a string).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RequestV2<P> {
    /// Who sends what, when.
    pub request_header: RequestHeader,
    /// The payload.
    pub request_body: RequestBody<P>,
}

impl<P> RequestV2<P> {
    /// A request without paging.
    pub const fn new(request_header: RequestHeader, request_payload: P) -> Self {
        let request_body =
            RequestBody { pagination_request: None, request_payload, disbursement_batch_control_id: None };
        Self { request_header, request_body }
    }
}

/// Who sends a request of the newer dialect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RequestHeader {
    /// The sender's short name, for example `PBMS`: its keys are registered under it.
    pub sender_app_mnemonic: String,
    /// The sender's address; often empty.
    #[serde(default, deserialize_with = "null_default")]
    #[schema(required = false)]
    pub sender_app_url: String,
    /// The sender's id of the request. Not unique in practice.
    pub request_id: String,
    /// When the sender made the request; RFC 3339 by the contract, kept as sent.
    pub request_timestamp: String,
    /// Which instance of the sender.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance_id: Option<String>,
}

/// The body of a request of the newer dialect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RequestBody<P> {
    /// Which part of a list the sender wants.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pagination_request: Option<PaginationRequestV2>,
    /// The operation's payload.
    pub request_payload: P,
    /// `create_disbursements` only: the sender's id of the batch, stable across retries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disbursement_batch_control_id: Option<String>,
}

/// Which part of a list the sender wants.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PaginationRequestV2 {
    /// From 1.
    pub current_page: i64,
    /// From 1.
    pub page_size: i64,
    /// Attribute to sort by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sort_by: Option<String>,
    /// Attribute to filter by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter_by: Option<String>,
    /// Text to search.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search_text: Option<String>,
}

masked_debug!(PaginationRequestV2 { show: current_page, page_size, sort_by; hide: filter_by, search_text });

/// A response of the newer dialect with the payload `P`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ResponseV2<P> {
    /// Status of the whole request.
    pub response_header: ResponseHeader,
    /// The payload.
    pub response_body: ResponseBody<P>,
}

impl<P> ResponseV2<P> {
    /// A successful response; `response_timestamp` is RFC 3339.
    pub fn success(
        request: &RequestHeader,
        response_timestamp: impl Into<String>,
        response_payload: P,
    ) -> Self {
        Self {
            response_header: ResponseHeader::success(&request.request_id, response_timestamp),
            response_body: ResponseBody { pagination_response: None, response_payload },
        }
    }

    /// A refused request; `response_timestamp` is RFC 3339.
    pub fn error(
        request: &RequestHeader,
        response_timestamp: impl Into<String>,
        code: &str,
        message: impl Into<String>,
        response_payload: P,
    ) -> Self {
        Self {
            response_header: ResponseHeader::error(&request.request_id, response_timestamp, code, message),
            response_body: ResponseBody { pagination_response: None, response_payload },
        }
    }
}

/// Status of a request of the newer dialect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ResponseHeader {
    /// Echo of the request's id.
    #[serde(default, deserialize_with = "null_default")]
    pub request_id: String,
    /// Whether the request was accepted.
    pub response_status: ResponseStatus,
    /// A code of [`crate::reason`]; `null` on success.
    #[serde(default)]
    pub response_error_code: Option<String>,
    /// The reason in words; `null` on success.
    #[serde(default)]
    pub response_error_message: Option<String>,
    /// When the answer was made; RFC 3339 from us, without a zone from others.
    #[serde(default, deserialize_with = "null_default")]
    pub response_timestamp: String,
}

impl ResponseHeader {
    /// The request was accepted.
    pub fn success(request_id: impl Into<String>, response_timestamp: impl Into<String>) -> Self {
        Self {
            request_id: request_id.into(),
            response_status: ResponseStatus::Success,
            response_error_code: None,
            response_error_message: None,
            response_timestamp: response_timestamp.into(),
        }
    }

    /// The request was refused, with a code of [`crate::reason`] and a sentence.
    pub fn error(
        request_id: impl Into<String>,
        response_timestamp: impl Into<String>,
        code: &str,
        message: impl Into<String>,
    ) -> Self {
        Self {
            request_id: request_id.into(),
            response_status: ResponseStatus::Error,
            response_error_code: Some(code.to_owned()),
            response_error_message: Some(message.into()),
            response_timestamp: response_timestamp.into(),
        }
    }

    /// Whether the request was accepted.
    pub fn is_success(&self) -> bool {
        self.response_status == ResponseStatus::Success
    }
}

/// Whether a request of the newer dialect was accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum ResponseStatus {
    /// Accepted.
    Success,
    /// Refused.
    Error,
}

/// The body of a response of the newer dialect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ResponseBody<P> {
    /// How much there is.
    #[serde(default)]
    pub pagination_response: Option<PaginationResponseV2>,
    /// The operation's payload.
    pub response_payload: P,
}

/// How much there is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PaginationResponseV2 {
    /// All items.
    pub number_of_items: i64,
    /// All pages of the size asked for.
    pub number_of_pages: i64,
}

/// A request of the newer dialect whose parts are still text: the sender is read first, its signature is
/// verified over the whole body, and only then is the payload interpreted.
#[derive(Clone, Deserialize)]
pub struct RawRequestV2<'a> {
    /// The header's bytes.
    #[serde(borrow)]
    pub request_header: &'a RawValue,
    /// The body's bytes; none when the field is missing or `null`.
    #[serde(borrow, default)]
    pub request_body: Option<&'a RawValue>,
}

impl std::fmt::Debug for RawRequestV2<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RawRequestV2")
            .field("request_header", &Hidden)
            .field("request_body", &Hidden)
            .finish()
    }
}

impl<'a> RawRequestV2<'a> {
    /// Splits a body. Fails on malformed JSON, a missing header and doubled fields.
    pub fn parse(body: &'a [u8]) -> Result<Self, ParseError> {
        serde_json::from_slice(body).map_err(ParseError::from)
    }

    /// Interprets the header.
    pub fn header(&self) -> Result<RequestHeader, ParseError> {
        serde_json::from_str(self.request_header.get()).map_err(|e| ParseError::within("request_header", &e))
    }

    /// Interprets the body.
    pub fn body<P: DeserializeOwned>(&self) -> Result<RequestBody<P>, ParseError> {
        let raw = self.request_body.ok_or_else(|| ParseError::missing("request_body"))?;
        serde_json::from_str(raw.get()).map_err(|e| ParseError::within("request_body", &e))
    }

    /// Interprets both.
    pub fn typed<P: DeserializeOwned>(&self) -> Result<RequestV2<P>, ParseError> {
        Ok(RequestV2 { request_header: self.header()?, request_body: self.body()? })
    }
}
