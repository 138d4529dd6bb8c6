//! The `signature` member of a G2P-Connect envelope in HTTP-signature style.
//!
//! ```text
//! Signature: namespace="g2p", kidId="{sender_id}|{key id}|{algorithm}", algorithm="ed25519", created="1606970629",
//!            expires="1607030629", headers="(created) (expires) digest", signature="<base64>"
//! ```
//!
//! The specification fixes neither digest nor signing string; ours, in the manner of the HTTP signatures draft:
//!
//! ```text
//! (created): 1606970629\n
//! (expires): 1607030629\n
//! digest: SHA-256=<base64 of SHA-256 over the exact bytes of the header member, then of the message member>
//! ```
//!
//! with one line feed between lines and none at the end. "Exact bytes" are the JSON texts of the two members as they
//! stand in the envelope. Both are JSON objects, so their concatenation can be cut in one place only.

use crate::algorithm::Algorithm;
use crate::encoding::{b64, from_b64_any};
use crate::error::SignatureError;
use crate::hash::sha256;
use crate::jwk::Jwks;
use crate::signing_key::SigningKey;

const COVERED: &str = "(created) (expires) digest";
const MAX_LENGTH: usize = 8 * 1024;

/// A verified (or parsed) message signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageSignature {
    /// Who signed, by its own account: compare with the envelope's `sender_id`.
    pub sender_id: String,
    /// The key's id.
    pub key_id: String,
    /// The algorithm.
    pub alg: Algorithm,
    /// Unix seconds.
    pub created: i64,
    /// Unix seconds.
    pub expires: i64,
    signature: Vec<u8>,
}

/// Signs the exact bytes of an envelope's `header` and `message`.
///
/// `now` in unix seconds; the signature is valid for `lifetime_secs`.
///
/// # Errors
/// [`SignatureError::Malformed`] when the sender id holds `|`, `"` or a control character.
pub fn sign_message(
    key: &SigningKey,
    sender_id: &str,
    header: &[u8],
    message: &[u8],
    now: i64,
    lifetime_secs: u32,
) -> Result<String, SignatureError> {
    if sender_id.is_empty() || sender_id.chars().any(|c| c.is_control() || matches!(c, '|' | '"' | '\\')) {
        return Err(SignatureError::Malformed("the sender id must be plain text without \" \\ or |"));
    }
    let expires = now.saturating_add(i64::from(lifetime_secs));
    let signature = b64(&key.sign(signing_string(now, expires, header, message).as_bytes())?);
    let (kid, alg) = (key.kid(), key.algorithm().http_name());
    Ok(format!(
        "Signature: namespace=\"g2p\", kidId=\"{sender_id}|{kid}|{alg}\", algorithm=\"{alg}\", created=\"{now}\", \
         expires=\"{expires}\", headers=\"{COVERED}\", signature=\"{signature}\""
    ))
}

/// Verifies a message signature over the exact bytes of `header` and `message`.
///
/// `keys` are the sender's; `now` in unix seconds; clocks may differ by `skew_secs`.
///
/// # Errors
/// [`SignatureError`]: malformed text, refused algorithm, unknown key, outside its window, or not matching.
pub fn verify_message(
    text: &str,
    header: &[u8],
    message: &[u8],
    keys: &Jwks,
    now: i64,
    skew_secs: u32,
) -> Result<MessageSignature, SignatureError> {
    let parsed = MessageSignature::parse(text)?;
    let skew = i64::from(skew_secs);
    if parsed.created > now.saturating_add(skew) {
        return Err(SignatureError::NotYetValid { created: parsed.created, now });
    }
    if parsed.expires < now.saturating_sub(skew) {
        return Err(SignatureError::Expired { expires: parsed.expires, now });
    }
    let signed = signing_string(parsed.created, parsed.expires, header, message);
    let candidates = keys.candidates(Some(&parsed.key_id), parsed.alg)?;
    if candidates.iter().any(|key| key.verify(parsed.alg, signed.as_bytes(), &parsed.signature).is_ok()) {
        Ok(parsed)
    } else {
        Err(SignatureError::Invalid)
    }
}

/// The text that is signed: see the module's head.
#[must_use]
pub fn signing_string(created: i64, expires: i64, header: &[u8], message: &[u8]) -> String {
    let digest = b64(&sha256(&[header, message].concat()));
    format!("(created): {created}\n(expires): {expires}\ndigest: SHA-256={digest}")
}

impl MessageSignature {
    /// Reads the text of a message signature **without verifying it** (to find whose keys to load).
    ///
    /// # Errors
    /// [`SignatureError::Malformed`] and the algorithm errors. A signature that covers less than created, expires and
    /// digest is refused.
    pub fn parse(text: &str) -> Result<Self, SignatureError> {
        if text.len() > MAX_LENGTH {
            return Err(SignatureError::TooLong);
        }
        let parameters = Parameters::read(text)?;
        let mut covered: Vec<&str> =
            parameters.need("headers", "no headers")?.split_ascii_whitespace().collect();
        covered.sort_unstable();
        if covered != ["(created)", "(expires)", "digest"] {
            return Err(SignatureError::Malformed("it must cover exactly (created) (expires) digest"));
        }
        // The sender's id may hold anything, so split from the right.
        let kid_id = parameters.need("kidId", "no kidId")?;
        let mut parts = kid_id.rsplitn(3, '|');
        let (Some(alg_name), Some(key_id), Some(sender_id)) = (parts.next(), parts.next(), parts.next())
        else {
            return Err(SignatureError::Malformed("kidId is not sender|key|algorithm"));
        };
        let alg = Algorithm::from_http_name(alg_name)?;
        if let Some(other) = parameters.get("algorithm")
            && Algorithm::from_http_name(other)? != alg
        {
            return Err(SignatureError::Malformed("algorithm and kidId name different algorithms"));
        }
        let seconds = |name, missing| {
            let text = parameters.need(name, missing)?;
            text.parse::<i64>()
                .map_err(|_| SignatureError::Malformed("created and expires must be unix seconds"))
        };
        let (created, expires) = (seconds("created", "no created")?, seconds("expires", "no expires")?);
        if expires < created {
            return Err(SignatureError::Malformed("it expires before it was created"));
        }
        let signature = from_b64_any(parameters.need("signature", "no signature")?)
            .ok_or(SignatureError::Malformed("signature is not base64"))?;
        Ok(Self { sender_id: sender_id.into(), key_id: key_id.into(), alg, created, expires, signature })
    }
}

/// `name="value"` pairs, names unique. No value holds a quotation mark: there is no escape.
struct Parameters<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Parameters<'a> {
    fn read(text: &'a str) -> Result<Self, SignatureError> {
        let mut rest = text.trim();
        // Some senders repeat the HTTP header's name, some do not.
        if let Some(after) = rest.strip_prefix("Signature") {
            rest = after.trim_start_matches([':', ' ']);
        }
        let mut found: Vec<(&str, &str)> = Vec::new();
        loop {
            let (name, after) =
                rest.split_once("=\"").ok_or(SignatureError::Malformed("expected name=\"value\""))?;
            let (value, after) =
                after.split_once('"').ok_or(SignatureError::Malformed("a quotation mark is missing"))?;
            let name = name.trim();
            if found.iter().any(|(known, _)| *known == name) {
                return Err(SignatureError::Malformed("a parameter stands twice"));
            }
            found.push((name, value));
            let after = after.trim_start();
            if after.is_empty() {
                return Ok(Self(found));
            }
            rest = after.strip_prefix(',').ok_or(SignatureError::Malformed("expected a comma"))?;
        }
    }

    fn get(&self, name: &str) -> Option<&'a str> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
    }

    fn need(&self, name: &str, missing: &'static str) -> Result<&'a str, SignatureError> {
        self.get(name).ok_or(SignatureError::Malformed(missing))
    }
}
