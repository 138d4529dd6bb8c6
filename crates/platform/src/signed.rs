//! Partner messages: read once, verified over what was received, and tied to the partner that sent them.
//!
//! The forms in which a message may be signed stand in [`forms`].

use std::{future::Future, pin::Pin, sync::Arc};

use actix_web::{FromRequest, HttpRequest, dev::Payload, web};
use g2p_connect::reason::HeaderReason;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{
    Actor, Clock, Ctx,
    envelope_fault::{EnvelopeFault, PartnerError, SchemaFault},
    partners::{Mode, Partner, PartnerRegistry},
};

mod envelope;
mod forms;
mod upload;

use envelope::RawEnvelope;
use forms::{Carriers, Proof};
pub use upload::{AnnouncedUpload, verify_upload};

/// What the extractor needs; the server puts it into the application data.
#[derive(Debug, Clone)]
pub struct SignedSettings {
    /// Partner look-up.
    pub partners: PartnerRegistry,
    /// Clock.
    pub clock: Clock,
    /// Largest body in bytes.
    pub max_body: usize,
    /// Largest clock difference of a strict partner, in seconds.
    pub max_skew_seconds: i64,
    /// The service's name: the audience of callers' tokens.
    pub service: &'static str,
}

/// A partner's message: the exact bytes and who sent them.
#[derive(Debug, Clone)]
pub struct SignedBody {
    /// The body as received.
    pub bytes: web::Bytes,
    /// What the envelope's header says; echoed in answers.
    pub head: Head,
    sender: Result<Sender, EnvelopeFault>,
    clock: Clock,
}

/// Who sent a message.
#[derive(Debug, Clone)]
pub struct Sender {
    /// The registered partner, or the built-in `*`.
    pub partner: Arc<Partner>,
    /// Whether a signature was verified.
    pub verified: bool,
}

/// The parts of either envelope that the platform reads.
#[derive(Debug, Clone, Default)]
pub struct Head {
    /// `header.message_id` or `request_header.request_id`.
    pub message_id: String,
    /// `header.sender_id` or `request_header.sender_app_mnemonic`.
    pub sender_id: String,
    /// `header.message_ts` or `request_header.request_timestamp`.
    pub timestamp: String,
    /// `header.action`.
    pub action: String,
    /// Whether it is the newer `request_header` envelope.
    pub newer: bool,
    /// The raw header, for echoing.
    pub raw: Value,
}

impl SignedBody {
    /// The verified sender with its context, or the fault to answer with.
    ///
    /// # Errors
    /// Unknown sender, missing or wrong signature, clock skew.
    pub fn verified(&self) -> Result<(&Sender, Ctx), EnvelopeFault> {
        let sender = self.sender.as_ref().map_err(Clone::clone)?;
        let partner = &sender.partner;
        let ctx = Ctx::new(
            Actor::Partner(partner.partner_id.clone()),
            partner.tenant.clone(),
            self.clock.clone(),
            partner.policy.permissions.clone(),
        );
        Ok((sender, ctx))
    }

    /// Bytes that came with this request as if they were its body: a message in a file of a form.
    ///
    /// # Errors
    /// As the extractor.
    pub async fn of(req: &HttpRequest, bytes: web::Bytes) -> Result<Self, PartnerError> {
        let settings = settings(req)?;
        let carriers = Carriers::of(req.headers());
        let envelope = envelope::read(&bytes, carriers.has_signature())?;
        let head = read_head(&envelope)?;
        let sender = identify(&settings, &head, &envelope, &bytes, &carriers).await?;
        Ok(Self { bytes: bytes.clone(), head, sender, clock: settings.clock.clone() })
    }

    /// Reads the whole body as `T`, from its text (so that numbers keep their digits).
    ///
    /// # Errors
    /// [`SchemaFault`] naming the wrong field.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, SchemaFault> {
        parse_json(&self.bytes)
    }

    /// The time by the service's clock, for answers to those who are nobody.
    #[must_use]
    pub fn now(&self) -> OffsetDateTime {
        self.clock.now()
    }

    /// As [`Self::parse`], for types that borrow from the body.
    ///
    /// # Errors
    /// [`SchemaFault`] naming the wrong field.
    pub fn read<'a, T: Deserialize<'a>>(&'a self) -> Result<T, SchemaFault> {
        parse_json(&self.bytes)
    }
}

/// Reads JSON, with an error that names the field. A text with the character U+0000 is refused: Postgres can store it
/// neither in `text` nor in `jsonb`, so that it would become a fault of ours further down.
///
/// # Errors
/// [`SchemaFault`].
pub fn parse_json<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, SchemaFault> {
    if escapes_nul(bytes) {
        return Err(SchemaFault::rule("", "a text holds the character U+0000, which cannot be stored"));
    }
    // Keeping track of the path costs more than reading: only what is wrong is read a second time, for the path.
    if let Ok(value) = serde_json::from_slice(bytes) {
        return Ok(value);
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.into_inner();
        SchemaFault::new(&path, &inner)
    })?;
    reader.end().map_err(|e| SchemaFault::new("", &e))?;
    Ok(value)
}

/// Whether a JSON text has the escape of U+0000. (As a plain byte it is no JSON.)
fn escapes_nul(json: &[u8]) -> bool {
    let mut rest = json;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        let escaped = rest.get(at + 1..).unwrap_or_default();
        if escaped.starts_with(b"u0000") {
            return true;
        }
        // What is escaped may be a backslash itself.
        rest = escaped.get(1..).unwrap_or_default();
    }
    false
}

impl FromRequest for SignedBody {
    type Error = PartnerError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, PartnerError>>>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let req = req.clone();
        let payload = payload.take();
        Box::pin(async move {
            let limit = settings(&req)?.max_body;
            let bytes = crate::body::read(&req, payload, limit).await?;
            Self::of(&req, bytes).await
        })
    }
}

fn settings(req: &HttpRequest) -> Result<web::Data<SignedSettings>, crate::ApiError> {
    let settings = req.app_data::<web::Data<SignedSettings>>();
    settings.cloned().ok_or_else(|| crate::ApiError::internal("the server has no partner settings"))
}

fn read_head(envelope: &RawEnvelope<'_>) -> Result<Head, SchemaFault> {
    let newer = envelope.request_header.is_some();
    let raw: Value = match envelope.request_header.or(envelope.header) {
        Some(raw) => parse_json(raw.get().as_bytes())?,
        None => return Err(SchemaFault::missing("header")),
    };
    if !raw.is_object() {
        return Err(SchemaFault::missing(if newer { "request_header" } else { "header" }));
    }
    let text = |key: &str| raw.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    Ok(if newer {
        Head {
            message_id: text("request_id"),
            sender_id: text("sender_app_mnemonic"),
            timestamp: text("request_timestamp"),
            action: String::new(),
            newer,
            raw,
        }
    } else {
        Head {
            message_id: text("message_id"),
            sender_id: text("sender_id"),
            timestamp: text("message_ts"),
            action: text("action"),
            newer,
            raw,
        }
    })
}

/// Finds the partner and checks the signature. The outer error is a fault of ours, the inner one the sender's.
async fn identify(
    settings: &SignedSettings,
    head: &Head,
    envelope: &RawEnvelope<'_>,
    bytes: &[u8],
    carriers: &Carriers,
) -> Result<Result<Sender, EnvelopeFault>, PartnerError> {
    let now = settings.clock.now();
    let refuse = |partner: &str, why: &'static str, code: HeaderReason, text: &str| {
        refusal(head, now, partner, why, code, text)
    };
    let registered = settings.partners.find(&head.sender_id).await.map_err(crate::ApiError::from)?;
    let Some(partner) = registered.or_else(|| settings.partners.anonymous()) else {
        // What an unknown sender calls itself does not belong into a log.
        let text = "the sender is not registered with this service";
        return Ok(Err(refuse("unknown", "unknown", HeaderReason::JwtInvalid, text)));
    };
    let id = partner.partner_id.clone();
    let strict = partner.mode == Mode::Strict;
    let verified = match forms::prove(carriers, envelope, bytes, &partner, settings) {
        Proof::Message => true,
        Proof::Caller if !strict => true,
        Proof::Refused(why) => return Ok(Err(refuse(&id, "signature", HeaderReason::JwtInvalid, &why))),
        // A registered key was used wrongly: refused however lenient we are.
        Proof::Wrong(why) if strict || !partner.keys.keys.is_empty() => {
            return Ok(Err(refuse(&id, "signature", HeaderReason::JwtInvalid, &why)));
        }
        Proof::Unsigned | Proof::Wrong(_) if !strict => {
            metrics::counter!("partner_unsigned_total", "partner" => id).increment(1);
            false
        }
        Proof::Unsigned | Proof::Wrong(_) | Proof::Caller => {
            let text = "the message carries no signature over what it says";
            return Ok(Err(refuse(&id, "unsigned", HeaderReason::JwtInvalid, text)));
        }
    };
    if strict && let Err((code, text)) = check_strict_head(head, settings) {
        return Ok(Err(refuse(&partner.partner_id, "header", code, &text)));
    }
    Ok(Ok(Sender { partner, verified }))
}

/// Counts and logs a refusal: never what the message says, and of the sender only an id that is registered.
pub(crate) fn refusal(
    head: &Head,
    now: OffsetDateTime,
    partner: &str,
    why: &'static str,
    code: HeaderReason,
    text: &str,
) -> EnvelopeFault {
    metrics::counter!("partner_refused_total", "why" => why).increment(1);
    tracing::info!(partner, %code, why, "a partner's message was refused: {text}");
    EnvelopeFault::new(head, code.as_str(), text, now)
}

fn check_strict_head(head: &Head, settings: &SignedSettings) -> Result<(), (HeaderReason, String)> {
    if head.message_id.is_empty()
        || head.message_id.len() > 255
        || head.message_id.chars().any(char::is_control)
    {
        // The table of codes has no other one for the message id.
        return Err((
            HeaderReason::MessageIdDuplicate,
            "the message id must have 1 to 255 characters".to_owned(),
        ));
    }
    let sent = OffsetDateTime::parse(&head.timestamp, &Rfc3339).map_err(|_| {
        (HeaderReason::MessageTsInvalid, "the message time must be RFC 3339 with a zone".to_owned())
    })?;
    let skew = (settings.clock.now() - sent).whole_seconds().abs();
    if skew > settings.max_skew_seconds {
        return Err((
            HeaderReason::MessageTsInvalid,
            format!("the message time is {skew} seconds away; {} are allowed", settings.max_skew_seconds),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
