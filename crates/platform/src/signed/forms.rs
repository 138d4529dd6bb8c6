//! The forms in which deployed systems sign a message, each verified over what that form signs.
//!
//! | form | where | what it signs |
//! |---|---|---|
//! | 1 | member `signature` with `kidId` | the exact bytes of `header` and `message` |
//! | 2 | `Authorization: Bearer <JWT>` | nothing of the message: it says who calls |
//! | 3 | `Authorization: <JWT>` | the members of the body, which the token carries |
//! | 4 | `Signature: <detached JWS>` | the body as Python's `json.dumps` writes it |
//! | 5 | `Signature: <detached JWS>` | the body with sorted keys ([`canonical_json`]), or its exact bytes |
//!
//! `none` and keyed hashes are refused whoever sends them: they prove nothing, or would need a shared secret.

use actix_web::http::header::{AUTHORIZATION, HeaderMap};
use g2p_crypto::{
    JwtExpectations, SignatureError, TokenError, canonical_json, detached_key_id, python_json,
    verify_detached, verify_jwt, verify_message,
};
use serde_json::Value;

use super::{RawEnvelope, SignedSettings};
use crate::partners::{Partner, normalise};

/// What a message's signature proves.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Proof {
    /// There is none.
    Unsigned,
    /// The partner signed this message.
    Message,
    /// The partner calls; the message itself is not covered.
    Caller,
    /// There is one, and it does not hold: why.
    Wrong(String),
    /// There is one that no partner may use: why.
    Refused(String),
}

/// The headers that may carry a signature, as text.
#[derive(Debug, Default)]
pub(super) struct Carriers {
    /// `Signature`. One that is no text is a wrong signature, not a missing one.
    signature: Option<String>,
    /// `Authorization` with a bearer token.
    bearer: Option<String>,
    /// `Authorization` with a token and nothing else.
    token: Option<String>,
}

impl Carriers {
    /// Whether the message's own `signature` is not looked at.
    pub(super) fn has_signature(&self) -> bool {
        self.signature.is_some()
    }

    pub(super) fn of(headers: &HeaderMap) -> Self {
        let text =
            |value: &actix_web::http::header::HeaderValue| value.to_str().unwrap_or_default().to_owned();
        let authorization = headers.get(AUTHORIZATION).map(text).unwrap_or_default();
        let bearer = authorization.strip_prefix("Bearer ").map(|token| token.trim().to_owned());
        let is_token = !authorization.contains(' ') && authorization.matches('.').count() == 2;
        Self {
            signature: headers.get("Signature").map(text),
            token: is_token.then_some(authorization),
            bearer,
        }
    }
}

/// Looks for a signature and verifies it with the partner's keys. What covers the message comes before what does not.
pub(super) fn prove(
    carriers: &Carriers,
    envelope: &RawEnvelope<'_>,
    bytes: &[u8],
    partner: &Partner,
    settings: &SignedSettings,
) -> Proof {
    let member = envelope.signature.as_ref().and_then(Value::as_str).unwrap_or_default();
    if let Some(text) = &carriers.signature {
        return detached(text, bytes, partner);
    }
    if member.contains("kidId") {
        return in_the_body(member, envelope, partner, settings);
    }
    if member == "invalid-signature" {
        return Proof::Refused("the signature is not valid".to_owned());
    }
    if let Some(token) = &carriers.token {
        return whole_message(token, bytes, partner, settings);
    }
    match &carriers.bearer {
        Some(token) if is_caller(token, partner, settings) => Proof::Caller,
        // A gateway may put tokens of its own there.
        _ => Proof::Unsigned,
    }
}

/// Forms 4 and 5.
fn detached(text: &str, bytes: &[u8], partner: &Partner) -> Proof {
    if let Err(error) = detached_key_id(text) {
        return broken(&error);
    }
    let verified = |payload: &[u8]| verify_detached(text, payload, &partner.keys);
    if verified(bytes).is_ok() {
        return Proof::Message;
    }
    // A text without a canonical form (half a surrogate pair) is a wrongly signed one, not an unsigned one.
    let mismatch = || Proof::Wrong("the signature does not match the message".to_owned());
    let (Ok(value), Ok(body)) = (serde_json::from_slice::<Value>(bytes), std::str::from_utf8(bytes)) else {
        return mismatch();
    };
    let Err(why) = verified(&canonical_json(&value)) else { return Proof::Message };
    // Its middle part is what some clients put there and others leave out: it is made anew, not believed.
    match python_json(body) {
        Some(python) if verified(python.as_bytes()).is_ok() => Proof::Message,
        _ => broken(&why),
    }
}

/// Form 1.
fn in_the_body(
    text: &str,
    envelope: &RawEnvelope<'_>,
    partner: &Partner,
    settings: &SignedSettings,
) -> Proof {
    let (Some(header), Some(message)) = (envelope.header, envelope.message) else { return Proof::Unsigned };
    let skew = u32::try_from(settings.max_skew_seconds).unwrap_or(300);
    let now = settings.clock.now().unix_timestamp();
    let (header, message) = (header.get().as_bytes(), message.get().as_bytes());
    match verify_message(text, header, message, &partner.keys, now, skew) {
        Ok(signature) if normalise(&signature.sender_id) == partner.partner_id => Proof::Message,
        Ok(_) => Proof::Wrong("the signature names another sender than the header".to_owned()),
        Err(error) => broken(&error),
    }
}

/// Form 3: the token carries all members of the body, and nothing else but claims of its own.
fn whole_message(token: &str, bytes: &[u8], partner: &Partner, settings: &SignedSettings) -> Proof {
    const OWN: [&str; 7] = ["iss", "aud", "exp", "iat", "nbf", "sub", "jti"];
    let claims: serde_json::Map<String, Value> =
        match verify_jwt(token, &partner.keys, &expectations(settings)) {
            Ok(claims) => claims,
            Err(TokenError::Signature(error)) => return broken(&error),
            Err(error) => return Proof::Wrong(error.to_string()),
        };
    let Ok(Value::Object(body)) = serde_json::from_slice(bytes) else {
        return Proof::Wrong("the message is not a JSON object".to_owned());
    };
    let carried = body.iter().all(|(name, value)| claims.get(name) == Some(value));
    let no_more = claims.keys().all(|name| body.contains_key(name) || OWN.contains(&name.as_str()));
    if carried && no_more {
        return Proof::Message;
    }
    Proof::Wrong("the token carries another message than the body".to_owned())
}

/// Form 2: a token that the partner signed for this service.
fn is_caller(token: &str, partner: &Partner, settings: &SignedSettings) -> bool {
    let audiences = [settings.service];
    let expected = JwtExpectations { audiences: &audiences, ..expectations(settings) };
    let claims = verify_jwt::<Value>(token, &partner.keys, &expected);
    claims.is_ok_and(|claims| {
        claims.get("iss").and_then(Value::as_str).is_some_and(|iss| normalise(iss) == partner.partner_id)
    })
}

fn expectations(settings: &SignedSettings) -> JwtExpectations<'static> {
    let leeway_secs = u32::try_from(settings.max_skew_seconds).unwrap_or(300);
    JwtExpectations {
        leeway_secs,
        now: Some(settings.clock.now().unix_timestamp()),
        ..JwtExpectations::default()
    }
}

fn broken(error: &SignatureError) -> Proof {
    match error {
        SignatureError::AlgorithmRefused(_) => Proof::Refused(error.to_string()),
        _ => Proof::Wrong(error.to_string()),
    }
}
