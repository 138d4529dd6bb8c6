//! Acknowledgements of asynchronous calls, and the error body of the HTTP layer.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Answer to an asynchronous call (`Response` in the specifications).
///
/// The `errors` list repeats the error in the form of [`HttpErrorResponse`]: one body then satisfies
/// both what the specification prescribes and what conformance suites look for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AckResponse {
    /// The acknowledgement.
    pub message: Ack,
    /// The same error, for clients that expect an HTTP error body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub errors: Option<Vec<AckError>>,
}

impl AckResponse {
    /// Accepted: a callback with this `correlation_id` follows. `timestamp` is RFC 3339.
    pub fn ack(timestamp: impl Into<String>, correlation_id: impl Into<String>) -> Self {
        let message = Ack {
            ack_status: AckStatus::Ack,
            timestamp: timestamp.into(),
            error: None,
            correlation_id: Some(correlation_id.into()),
        };
        Self { message, errors: None }
    }

    /// Refused at envelope level. `timestamp` is RFC 3339.
    pub fn err(timestamp: impl Into<String>, correlation_id: impl Into<String>, error: AckError) -> Self {
        let message = Ack {
            ack_status: AckStatus::Err,
            timestamp: timestamp.into(),
            error: Some(error.clone()),
            correlation_id: Some(correlation_id.into()),
        };
        Self { message, errors: Some(vec![error]) }
    }
}

/// The acknowledgement itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Ack {
    /// Whether the call was accepted.
    pub ack_status: AckStatus,
    /// When the receiver decided; RFC 3339 from us.
    pub timestamp: String,
    /// Why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<AckError>,
    /// The receiver's id of the work, repeated in the callback. SPDCI requires it, at most 99 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 99)]
    pub correlation_id: Option<String>,
}

/// Whether an asynchronous call was accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum AckStatus {
    /// Valid; a callback follows.
    Ack,
    /// Valid, but the receiver will not act; nothing follows.
    Nack,
    /// Invalid.
    Err,
}

/// A code (a [`crate::reason::ErrReason`] from us) and a sentence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AckError {
    /// The code.
    pub code: String,
    /// The reason in words.
    #[serde(default)]
    #[schema(max_length = 999)]
    pub message: String,
}

/// Error body of the HTTP layer (401, 403, 500): `{"errors": [{code, message}]}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HttpErrorResponse {
    /// At least one error.
    pub errors: Vec<AckError>,
}
