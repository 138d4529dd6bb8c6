//! Wire types of G2P-Connect, SPDCI and the newer `request_header`/`request_body` envelope.
//!
//! Three dialects share this crate:
//!
//! | dialect | envelope | module |
//! |---|---|---|
//! | G2P-Connect 1.0.0 and SPDCI ("a") | `{signature, header, message}` | [`envelope`] |
//! | the same as older services really speak it ("b"): loose header, nulls | `{signature, header, message}` | [`envelope`] |
//! | newer ("c", 2.x/3.x) | `{request_header, request_body}` | [`header_v2`] |
//!
//! The types only describe messages: nothing here reads a clock, a key or a socket. Time stamps are
//! passed in as RFC 3339 text, and what a message *means* is the service's business. Parsing is
//! lenient where real clients are careless (placeholders such as `"string"`), and never panics.
//!
//! Types that carry personal data have a `Debug` that hides it, and [`ParseError`] never repeats a
//! value of the message it complains about.

mod lenient;
mod masked;

pub mod checks;
pub mod disburse;
pub mod envelope;
pub mod header_v2;
pub mod mapper;
pub mod reason;
pub mod registry;
pub mod txn;

pub use envelope::{
    Ack, AckError, AckResponse, AckStatus, EncryptedMessage, HttpErrorResponse, MsgCallbackHeader, MsgHeader,
    MsgStatus, ParseError, RawRequest, Request, Response,
};
pub use header_v2::{
    RawRequestV2, RequestBody, RequestHeader, RequestV2, ResponseBody, ResponseHeader, ResponseV2,
};
pub use money::DecimalText;
pub use reason::{Reason, ReasonEntry};
