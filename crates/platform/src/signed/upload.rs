//! Signed uploads: bodies that are no message, small ones and streams of any length.
//!
//! A small body is signed as it is. A large one is signed by what its head says of it, so that the sender is known before
//! the first byte is kept: `Content-Digest` (RFC 9530) names the SHA-256 of the body, and the signature covers that digest
//! together with what is to be done, by whom and when. The bytes are hashed as they come and compared at the end.

use actix_web::HttpRequest;
use base64::{Engine, prelude::BASE64_STANDARD};
use g2p_crypto::{canonical_json, constant_time_eq, verify_detached};
use serde_json::json;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::{Sender, SignedSettings};
use crate::{Actor, ApiError, Ctx, partners::Mode};

/// Longest `Idempotency-Key`, in bytes.
const MAX_KEY: usize = 255;

/// A signed upload that is not JSON: the `Signature` header covers the exact body, `X-Sender-Id` names the partner.
///
/// # Errors
/// 401 for an unknown sender or a wrong signature; a compat partner may come unsigned.
pub async fn verify_upload(
    req: &HttpRequest,
    bytes: &[u8],
    settings: &SignedSettings,
) -> Result<(Sender, Ctx), ApiError> {
    let (mut sender, ctx) = sender(req, settings).await?;
    let signature = header(req, "Signature");
    sender.verified = verify_detached(signature, bytes, &sender.partner.keys).is_ok();
    if !sender.verified && (sender.partner.mode == Mode::Strict || !signature.is_empty()) {
        return Err(does_not_fit());
    }
    Ok((sender, ctx))
}

/// What vouches for the bytes of an upload.
#[derive(Debug, Clone)]
enum Cover {
    /// They have this SHA-256.
    Digest([u8; 32]),
    /// This detached JWS is over them.
    Signature(String),
    /// Nothing; compat partners only.
    Nothing,
}

/// An upload whose head was read and, where it is signed, verified. Its body still has to be compared with it.
#[derive(Debug, Clone)]
pub struct AnnouncedUpload {
    /// Who sends it.
    pub sender: Sender,
    /// The context for the use case.
    pub ctx: Ctx,
    /// `Idempotency-Key`: the same upload again is the one it was the first time.
    pub key: Option<String>,
    /// Whether what is to be done with it is signed too, with its time.
    pub bound: bool,
    cover: Cover,
}

impl AnnouncedUpload {
    /// Reads the head of an upload that is for `operation` (a word or two that say what is done with it).
    ///
    /// With `Content-Digest` the header `Signature` is a detached JWS over [`canonical_json`] of `audience`,
    /// `content_digest`, `content_encoding`, `content_type`, `idempotency_key`, `message_ts`, `operation` and
    /// `sender_id`, each as it stands in its header (empty when it does not); without, it is one over the exact body,
    /// which then has to be small.
    ///
    /// # Errors
    /// 400 for a digest or a key that is none, 401 for an unknown sender, a wrong signature, or a time that is too far
    /// away.
    pub async fn read(
        req: &HttpRequest,
        settings: &SignedSettings,
        operation: &str,
    ) -> Result<Self, ApiError> {
        let (mut sender, ctx) = sender(req, settings).await?;
        let strict = sender.partner.mode == Mode::Strict;
        let (signature, key) = (header(req, "Signature"), header(req, "Idempotency-Key"));
        if key.len() > MAX_KEY || key.chars().any(char::is_control) {
            let rule = "Idempotency-Key must have 1 to 255 characters";
            return Err(ApiError::bad_request("idempotency_key_invalid", rule));
        }
        let key = (!key.is_empty()).then(|| key.to_owned());
        let digest = digest(header(req, "Content-Digest"))?;
        let cover = match (digest, signature) {
            (digest, "") if strict => {
                let also = if digest.is_some() { "" } else { " and Content-Digest" };
                return Err(ApiError::unauthorized(format!("sign the upload: send Signature{also}")));
            }
            (None, "") => Cover::Nothing,
            (None, text) => Cover::Signature(text.to_owned()),
            (Some(digest), "") => Cover::Digest(digest),
            (Some(digest), text) => {
                verify_detached(text, &statement(req, settings, operation), &sender.partner.keys)
                    .map_err(|_| does_not_fit())?;
                if strict {
                    check_moment(header(req, "X-Message-Ts"), settings)?;
                    if key.is_none() {
                        let rule = "a signed upload needs an Idempotency-Key, so that it is done once";
                        return Err(ApiError::bad_request("idempotency_key_missing", rule));
                    }
                }
                sender.verified = true;
                Cover::Digest(digest)
            }
        };
        if signature.is_empty() {
            let id = sender.partner.partner_id.clone();
            metrics::counter!("partner_unsigned_total", "partner" => id).increment(1);
        }
        let bound = sender.verified;
        Ok(Self { sender, ctx, key, bound, cover })
    }

    /// Whether the body must be held in memory to be verified.
    #[must_use]
    pub fn needs_whole_body(&self) -> bool {
        matches!(self.cover, Cover::Signature(_))
    }

    /// Verifies a whole body.
    ///
    /// # Errors
    /// 401 when the body is not what was signed.
    pub fn check_body(&mut self, bytes: &[u8]) -> Result<(), ApiError> {
        if let Cover::Signature(text) = &self.cover {
            verify_detached(text, bytes, &self.sender.partner.keys).map_err(|_| does_not_fit())?;
            self.sender.verified = true;
            self.cover = Cover::Digest(g2p_crypto::sha256(bytes));
        }
        self.check_digest(&g2p_crypto::sha256(bytes))
    }

    /// Verifies a body that was hashed as it came.
    ///
    /// # Errors
    /// 401 when the body is not what was announced, or has to be verified as a whole.
    pub fn check_digest(&self, found: &[u8; 32]) -> Result<(), ApiError> {
        let fits = match &self.cover {
            Cover::Digest(announced) => constant_time_eq(announced, found),
            Cover::Signature(_) => false,
            Cover::Nothing => true,
        };
        if fits { Ok(()) } else { Err(ApiError::unauthorized("the body is not the one of Content-Digest")) }
    }
}

fn header<'a>(req: &'a HttpRequest, name: &str) -> &'a str {
    req.headers().get(name).and_then(|h| h.to_str().ok()).unwrap_or_default()
}

fn does_not_fit() -> ApiError {
    ApiError::unauthorized("the Signature header does not fit the body and the sender")
}

async fn sender(req: &HttpRequest, settings: &SignedSettings) -> Result<(Sender, Ctx), ApiError> {
    let partner = settings
        .partners
        .find(header(req, "X-Sender-Id"))
        .await?
        .or_else(|| settings.partners.anonymous())
        .ok_or_else(|| ApiError::unauthorized("name a registered partner in X-Sender-Id"))?;
    let ctx = Ctx::new(
        Actor::Partner(partner.partner_id.clone()),
        partner.tenant.clone(),
        settings.clock.clone(),
        partner.policy.permissions.clone(),
    );
    Ok((Sender { partner, verified: false }, ctx))
}

/// What is signed in the place of the body.
fn statement(req: &HttpRequest, settings: &SignedSettings, operation: &str) -> Vec<u8> {
    canonical_json(&json!({
        "audience": settings.service,
        "content_digest": header(req, "Content-Digest"),
        "content_encoding": header(req, "Content-Encoding"),
        "content_type": header(req, "Content-Type"),
        "idempotency_key": header(req, "Idempotency-Key"),
        "message_ts": header(req, "X-Message-Ts"),
        "operation": operation,
        "sender_id": header(req, "X-Sender-Id"),
    }))
}

/// The SHA-256 in a `Content-Digest`, which may hold other digests too.
fn digest(text: &str) -> Result<Option<[u8; 32]>, ApiError> {
    if text.is_empty() {
        return Ok(None);
    }
    let found = text.split(',').find_map(|member| {
        let value = member.trim().strip_prefix("sha-256=:")?.strip_suffix(':')?;
        BASE64_STANDARD.decode(value).ok()?.try_into().ok()
    });
    let rule = "Content-Digest must be sha-256=:<base64>:";
    found.map(Some).ok_or_else(|| ApiError::bad_request("content_digest_invalid", rule))
}

fn check_moment(text: &str, settings: &SignedSettings) -> Result<(), ApiError> {
    let sent = OffsetDateTime::parse(text, &Rfc3339)
        .map_err(|_| ApiError::unauthorized("X-Message-Ts must be RFC 3339 with a zone"))?;
    let skew = (settings.clock.now() - sent).whole_seconds().abs();
    if skew <= settings.max_skew_seconds {
        return Ok(());
    }
    let allowed = settings.max_skew_seconds;
    Err(ApiError::unauthorized(format!("X-Message-Ts is {skew} seconds away; {allowed} are allowed")))
}
