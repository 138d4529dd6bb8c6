//! Errors of our own APIs: one table of codes, rendered as problem JSON (RFC 9457).

use std::fmt;

use actix_web::{HttpResponse, ResponseError, http::StatusCode};
use serde::{Deserialize, Serialize};
use storage::StoreError;
use utoipa::ToSchema;

/// `Result` of handlers and use cases.
pub type ApiResult<T> = Result<T, ApiError>;

/// One wrong value of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FieldError {
    /// 1-based row of a batch or file, when there are rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row: Option<u64>,
    /// Path of the field, for example `benefit.base`.
    pub field: String,
    /// What is wrong and what to do. Never repeats personal data.
    pub message: String,
}

/// The body of an error response.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// Always `about:blank`: `code` tells the kind.
    #[serde(rename = "type")]
    pub kind: String,
    /// Short name of the HTTP status.
    pub title: String,
    /// HTTP status.
    pub status: u16,
    /// Stable machine-readable code.
    pub code: String,
    /// What was wrong and what to do.
    pub detail: String,
    /// The wrong fields, when there are some.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// Trace to look for in the logs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<String>,
}

/// An error of a use case, as its caller sees it.
#[derive(Debug)]
pub struct ApiError {
    status: StatusCode,
    code: String,
    detail: String,
    errors: Vec<FieldError>,
    source: Option<Box<str>>,
    retry_after_seconds: Option<u32>,
    /// Methods for the `Allow` header of a 405.
    allow: Option<Box<str>>,
}

impl ApiError {
    fn new(status: StatusCode, code: &str, detail: impl Into<String>) -> Self {
        Self {
            status,
            code: code.to_owned(),
            detail: detail.into(),
            errors: Vec::new(),
            source: None,
            retry_after_seconds: None,
            allow: None,
        }
    }

    /// An error that actix made, in our form. Its own text is for programmers and stays out of the answer.
    pub(crate) fn of_framework(status: StatusCode, source: impl fmt::Display) -> Self {
        match status {
            StatusCode::PAYLOAD_TOO_LARGE => Self::too_large("the body is larger than this operation takes"),
            StatusCode::UNSUPPORTED_MEDIA_TYPE => {
                Self::unsupported_media_type("this operation does not take this content type")
            }
            StatusCode::NOT_FOUND => Self::not_found("this address"),
            StatusCode::SERVICE_UNAVAILABLE => Self::unavailable(source),
            status if status.is_client_error() => {
                Self::new(status, "bad_request", "the request is not what this operation takes")
            }
            _ => Self::internal(source),
        }
    }

    /// 400: the request is not what the operation takes.
    #[must_use]
    pub fn bad_request(code: &str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, detail)
    }

    /// 401: no valid token.
    #[must_use]
    pub fn unauthorized(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", detail)
    }

    /// 403: a valid caller without the right.
    #[must_use]
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", detail)
    }

    /// 404: `what` does not exist, or not for this caller.
    #[must_use]
    pub fn not_found(what: impl fmt::Display) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", format!("{what} was not found"))
    }

    /// 405: the address exists, with other methods (`GET, POST`).
    #[must_use]
    pub fn method_not_allowed(allow: &str) -> Self {
        let mut error = Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            format!("this address takes {allow} only"),
        );
        error.allow = Some(allow.into());
        error
    }

    /// 409: the state does not allow it.
    #[must_use]
    pub fn conflict(code: &str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, detail)
    }

    /// 413: larger than the configured limit.
    #[must_use]
    pub fn too_large(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large", detail)
    }

    /// 415: not a content type this operation takes.
    #[must_use]
    pub fn unsupported_media_type(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail)
    }

    /// 422: well-formed, but a rule refuses it.
    #[must_use]
    pub fn unprocessable(code: &str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, detail)
    }

    /// 429 with `Retry-After`: the caller has used up what it may use for now.
    #[must_use]
    pub fn too_many_requests(detail: impl Into<String>, retry_after_seconds: u32) -> Self {
        let mut error = Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", detail);
        error.retry_after_seconds = Some(retry_after_seconds);
        error
    }

    /// 503 with `Retry-After`: something this service needs is away.
    #[must_use]
    pub fn unavailable(source: impl fmt::Display) -> Self {
        let mut error = Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "unavailable",
            "a part of the service is not available; try again in a few seconds",
        );
        error.source = Some(source.to_string().into());
        error.retry_after_seconds = Some(5);
        error
    }

    /// 500: a fault of ours. The source goes to the log, never to the caller.
    #[must_use]
    pub fn internal(source: impl fmt::Display) -> Self {
        let mut error = Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "the service failed; the fault is in its log under the trace id",
        );
        error.source = Some(source.to_string().into());
        error
    }

    /// Adds a wrong field.
    #[must_use]
    pub fn with_field(mut self, field: impl Into<String>, message: impl Into<String>) -> Self {
        self.errors.push(FieldError { row: None, field: field.into(), message: message.into() });
        self
    }

    /// Adds a wrong field of a row (1-based).
    #[must_use]
    pub fn with_row(mut self, row: u64, field: impl Into<String>, message: impl Into<String>) -> Self {
        self.errors.push(FieldError { row: Some(row), field: field.into(), message: message.into() });
        self
    }

    /// HTTP status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Machine-readable code.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.code
    }

    /// The sentence for the person who reads it.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.detail
    }

    fn log(&self) {
        let source = self.source.as_deref().unwrap_or("unknown");
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            tracing::warn!(error.code = %self.code, "request not served: {source}");
        } else if self.status.is_server_error() {
            tracing::error!(error.code = %self.code, "request failed: {source}");
        }
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.detail)
    }
}

impl std::error::Error for ApiError {}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::NotFound(what) => Self::not_found(what),
            StoreError::Serialization | StoreError::Unavailable(_) | StoreError::Timeout(_) => {
                Self::unavailable(&error)
            }
            // A constraint that a use case did not expect: the caller can do nothing about it.
            StoreError::Constraint { .. } | StoreError::Other(_) => Self::internal(&error),
        }
    }
}

impl From<anyhow::Error> for ApiError {
    fn from(error: anyhow::Error) -> Self {
        Self::internal(format!("{error:#}"))
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        self.log();
        let mut response = HttpResponse::build(self.status);
        if let Some(seconds) = self.retry_after_seconds {
            response.insert_header(("Retry-After", seconds.to_string()));
        }
        if let Some(allow) = &self.allow {
            response.insert_header(("Allow", allow.as_ref()));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            response.insert_header(("WWW-Authenticate", "Bearer"));
        }
        response.content_type("application/problem+json").json(Problem {
            kind: "about:blank".to_owned(),
            title: self.status.canonical_reason().unwrap_or("Error").to_owned(),
            status: self.status.as_u16(),
            code: self.code.clone(),
            detail: self.detail.clone(),
            errors: self.errors.clone(),
            trace_id: crate::telemetry::current_trace_id(),
        })
    }
}

#[cfg(test)]
mod tests {
    use actix_web::ResponseError;
    use storage::StoreError;

    use super::ApiError;
    use crate::PartnerError;

    #[test]
    fn a_database_that_cannot_now_is_503_and_says_when_to_come_again() {
        let away = [
            StoreError::Serialization,
            StoreError::Unavailable("could not extend file".to_owned()),
            StoreError::Timeout("canceling statement due to statement timeout".to_owned()),
        ];
        for error in away {
            let error = ApiError::from(error);
            for response in [error.error_response(), PartnerError::Api(error).error_response()] {
                assert_eq!(response.status(), 503);
                assert!(response.headers().get("Retry-After").is_some_and(|after| after == "5"));
            }
        }
        let broken = ApiError::from(StoreError::Other("a bug".to_owned())).error_response();
        assert_eq!((broken.status().as_u16(), broken.headers().get("Retry-After")), (500, None));
    }
}
