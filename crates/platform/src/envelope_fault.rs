//! How a partner message is refused, in the dialect it came in.

use std::fmt;

use actix_web::{HttpResponse, ResponseError, http::StatusCode};
use serde_json::{Value, json};
use storage::StoreError;
use time::OffsetDateTime;

use crate::{ApiError, clock::rfc3339, signed::Head};

/// A message refused as a whole. Rendered as HTTP 200 with `rjct` (or `ERROR` in the newer envelope), as clients expect.
#[derive(Debug, Clone)]
pub struct EnvelopeFault {
    code: String,
    message: String,
    head: Box<Head>,
    at: String,
}

impl EnvelopeFault {
    /// A fault with a code of the dialect's table and a sentence.
    #[must_use]
    pub fn new(head: &Head, code: &str, message: &str, at: OffsetDateTime) -> Self {
        Self {
            code: code.to_owned(),
            message: message.to_owned(),
            head: Box::new(head.clone()),
            at: rfc3339(at),
        }
    }

    /// The same fault with its code as its sentence, as some deployed services write it.
    #[must_use]
    pub fn saying_its_code(mut self) -> Self {
        self.message = self.code.clone();
        self
    }

    /// The reason code.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.code
    }

    /// The sentence.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The response body.
    #[must_use]
    pub fn to_body(&self) -> Value {
        if self.head.newer {
            return json!({
                "response_header": {
                    "request_id": self.head.message_id,
                    "response_status": "ERROR",
                    "response_error_code": self.code,
                    "response_error_message": self.message,
                    "response_timestamp": self.at,
                },
                "response_body": {"response_payload": null},
            });
        }
        let echo = |key: &str| self.head.raw.get(key).cloned().unwrap_or(Value::Null);
        json!({
            "signature": null,
            "header": {
                "version": "1.0.0",
                "message_id": self.head.message_id,
                "message_ts": self.at,
                "action": self.head.action,
                "status": "rjct",
                "status_reason_code": self.code,
                "status_reason_message": self.message,
                "total_count": echo("total_count"),
                "completed_count": 0,
                "sender_id": echo("sender_id"),
                "receiver_id": echo("receiver_id"),
                "is_msg_encrypted": false,
                "meta": {},
            },
            "message": {},
        })
    }
}

impl fmt::Display for EnvelopeFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

/// A message that is not of the operation's shape: HTTP 400 with `G2P-REQ-102`.
#[derive(Debug, Clone)]
pub struct SchemaFault {
    field: String,
    message: String,
}

impl SchemaFault {
    pub(crate) fn new(path: &str, error: &serde_json::Error) -> Self {
        let field = if path == "." { String::new() } else { path.to_owned() };
        let message = match error.classify() {
            serde_json::error::Category::Data => safe(&error.to_string()),
            _ => format!("the body is not JSON (line {}, column {})", error.line(), error.column()),
        };
        Self { field, message }
    }

    pub(crate) fn missing(field: &str) -> Self {
        Self { field: field.to_owned(), message: "is missing or is not an object".to_owned() }
    }

    /// A rule of the shape that the types do not carry.
    #[must_use]
    pub fn rule(field: &str, message: &str) -> Self {
        Self { field: field.to_owned(), message: message.to_owned() }
    }

    /// Path of the wrong field; empty for the whole body.
    #[must_use]
    pub fn field(&self) -> &str {
        &self.field
    }

    /// What is wrong.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

/// serde repeats wrong values, which may be personal data: keep what was expected.
fn safe(message: &str) -> String {
    let place = message.rfind(" at line ").map_or("", |at| &message[at..]);
    if message.starts_with("missing field") || message.starts_with("duplicate field") {
        return message.to_owned();
    }
    // Our own types say what they want, without the value.
    if message.starts_with("expected ") {
        return message.to_owned();
    }
    // The last one: the value before it may hold the word too.
    match message.rfind(", expected ") {
        Some(at) => message[at + 2..].to_owned(),
        None => format!("not of the right type{place}"),
    }
}

impl fmt::Display for SchemaFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.field.is_empty() {
            return write!(f, "Invalid Input. {}", self.message);
        }
        write!(f, "Invalid Input. {}: {}", self.field, self.message)
    }
}

/// Any way a partner operation fails.
#[derive(Debug)]
pub enum PartnerError {
    /// Refused as a whole: HTTP 200 with `rjct`.
    Fault(EnvelopeFault),
    /// Not of the right shape: HTTP 400.
    Schema(SchemaFault),
    /// Anything of the platform: problem JSON's status with the `errors` list of the dialect.
    Api(ApiError),
}

impl fmt::Display for PartnerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fault(fault) => fault.fmt(f),
            Self::Schema(fault) => fault.fmt(f),
            Self::Api(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for PartnerError {}

impl From<EnvelopeFault> for PartnerError {
    fn from(fault: EnvelopeFault) -> Self {
        Self::Fault(fault)
    }
}

impl From<SchemaFault> for PartnerError {
    fn from(fault: SchemaFault) -> Self {
        Self::Schema(fault)
    }
}

impl From<ApiError> for PartnerError {
    fn from(error: ApiError) -> Self {
        Self::Api(error)
    }
}

impl From<StoreError> for PartnerError {
    fn from(error: StoreError) -> Self {
        Self::Api(error.into())
    }
}

/// Codes of the framework that deployed clients match on.
fn legacy_code(status: StatusCode) -> &'static str {
    match status.as_u16() {
        401 => "G2P-AUT-401",
        403 => "G2P-AUT-403",
        404 => "G2P-REQ-404",
        405 => "G2P-REQ-405",
        413 => "G2P-REQ-413",
        429 => "err.request.too_many_requests",
        400..=499 => "G2P-REQ-102",
        503 => "G2P-REQ-503",
        _ => "G2P-REQ-100",
    }
}

impl ResponseError for PartnerError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Fault(_) => StatusCode::OK,
            Self::Schema(_) => StatusCode::BAD_REQUEST,
            Self::Api(error) => error.status(),
        }
    }

    fn error_response(&self) -> HttpResponse {
        match self {
            Self::Fault(fault) => HttpResponse::Ok().json(fault.to_body()),
            Self::Schema(fault) => HttpResponse::BadRequest()
                .json(json!({"errors": [{"code": "G2P-REQ-102", "message": fault.to_string()}]})),
            Self::Api(error) => {
                // The problem response logs the source and carries Retry-After; only its body changes.
                let problem = error.error_response();
                let mut response = HttpResponse::build(error.status());
                if let Some(after) = problem.headers().get("Retry-After") {
                    response.insert_header(("Retry-After", after.clone()));
                }
                let code = legacy_code(error.status());
                response.json(json!({"errors": [{"code": code, "message": error.detail()}]}))
            }
        }
    }
}
