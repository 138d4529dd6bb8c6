//! What became of a call.

use bytes::Bytes;
use serde::de::DeserializeOwned;

/// Why a call gave no usable answer.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The peer surely did not get the request: no connection was made.
    #[error("{peer} cannot be reached: {why}")]
    Refused {
        /// Scheme, host and port.
        peer: String,
        /// What failed.
        why: String,
    },
    /// The request left; whether the peer acted on it is not known: time-out (the peer's too: 408), reset, 5xx,
    /// unreadable answer.
    #[error("{peer} gave no clear answer: {why}")]
    Unknown {
        /// Scheme, host and port.
        peer: String,
        /// What failed.
        why: String,
    },
    /// The peer answered 4xx (but 408): it did not act.
    #[error("{peer} refused the request with HTTP {status}")]
    Rejected {
        /// Scheme, host and port.
        peer: String,
        /// HTTP status.
        status: u16,
        /// Body, not for logs.
        body: Bytes,
    },
}

impl CallError {
    /// Whether trying again later can help (for calls that are idempotent, or were [`CallError::Refused`]).
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Refused { .. } | Self::Unknown { .. } => true,
            Self::Rejected { status, .. } => *status == 429,
        }
    }
}

/// A 2xx answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Exact bytes.
    pub body: Bytes,
    pub(super) peer: String,
}

impl Answer {
    /// Reads the body as JSON.
    ///
    /// # Errors
    /// [`CallError::Unknown`]: the peer answered 2xx, so it may have acted.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, CallError> {
        serde_json::from_slice(&self.body).map_err(|e| CallError::Unknown {
            peer: self.peer.clone(),
            // serde names line and column only for syntax errors, but repeats values for type errors: keep the place.
            why: format!("unexpected JSON at line {} column {}", e.line(), e.column()),
        })
    }
}
