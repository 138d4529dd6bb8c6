//! JSON Web Signatures (RFC 7515), compact form, with the payload detached or attached.

use serde::Deserialize;
use serde_json::Value;

use crate::algorithm::Algorithm;
use crate::canonical_json;
use crate::encoding::{b64url, from_b64url};
use crate::error::SignatureError;
use crate::jwk::Jwks;
use crate::signing_key::SigningKey;

/// Longest signature header we read: an RSA-8192 signature and a generous protected header.
const MAX_DETACHED: usize = 8 * 1024;

/// Which key a signature was verified with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedKid {
    /// The key's id (its `kid`, or its thumbprint).
    pub kid: String,
    /// The algorithm of the signature.
    pub alg: Algorithm,
}

/// A verified signature together with the payload it carried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedAttached {
    /// The key that verified it.
    pub key: VerifiedKid,
    /// The payload's bytes.
    pub payload: Vec<u8>,
}

/// The members of a protected header that we read. Others (`typ`, `jku`, `x5c`, …) are ignored: a key never comes from
/// the message it verifies.
#[derive(Deserialize)]
struct Protected {
    alg: String,
    #[serde(default)]
    kid: Option<String>,
    #[serde(default)]
    crit: Option<Value>,
}

/// Signs exact bytes: `<base64url protected>..<base64url signature>` for the HTTP header `Signature`.
/// The protected header is `{"alg":…,"kid":…}`.
///
/// # Errors
/// [`SignatureError::Signing`] when the system gives no random bytes.
pub fn sign_detached(key: &SigningKey, payload: &[u8]) -> Result<String, SignatureError> {
    let (protected, signature) = sign_parts(key, &b64url(payload))?;
    Ok(format!("{protected}..{signature}"))
}

/// Signs the [`canonical_json`] of a body (form 5 of the G2P systems). Otherwise as [`sign_detached`].
///
/// # Errors
/// As [`sign_detached`].
pub fn sign_detached_json(key: &SigningKey, body: &Value) -> Result<String, SignatureError> {
    sign_detached(key, &canonical_json(body))
}

/// Signs exact bytes and carries them: `<protected>.<payload>.<signature>`.
///
/// # Errors
/// As [`sign_detached`].
pub fn sign_attached(key: &SigningKey, payload: &[u8]) -> Result<String, SignatureError> {
    let payload = b64url(payload);
    let (protected, signature) = sign_parts(key, &payload)?;
    Ok(format!("{protected}.{payload}.{signature}"))
}

/// Verifies a detached signature over the exact bytes of a payload.
///
/// With a `kid` in the protected header only that key counts; without one every key of the algorithm is tried. A middle
/// part that is not empty must be the payload's own.
///
/// # Errors
/// [`SignatureError`]: which part is malformed, which algorithm is refused, which key is unknown, or
/// [`SignatureError::Invalid`].
pub fn verify_detached(header: &str, payload: &[u8], keys: &Jwks) -> Result<VerifiedKid, SignatureError> {
    // A signature that carries its payload may be as long as the payload makes it.
    if header.len() > MAX_DETACHED + payload.len().saturating_mul(2) {
        return Err(SignatureError::TooLong);
    }
    let [protected, middle, signature] = split(header)?;
    let payload = b64url(payload);
    if !middle.is_empty() && middle != payload {
        return Err(SignatureError::PayloadDiffers);
    }
    verify_parts(protected, &payload, signature, keys)
}

/// Verifies a detached signature over the [`canonical_json`] of a body. Otherwise as [`verify_detached`].
///
/// # Errors
/// As [`verify_detached`].
pub fn verify_detached_json(header: &str, body: &Value, keys: &Jwks) -> Result<VerifiedKid, SignatureError> {
    verify_detached(header, &canonical_json(body), keys)
}

/// Verifies a signature that carries its payload and returns the payload.
///
/// # Errors
/// As [`verify_detached`].
pub fn verify_attached(token: &str, keys: &Jwks) -> Result<VerifiedAttached, SignatureError> {
    let [protected, payload, signature] = split(token)?;
    let key = verify_parts(protected, payload, signature, keys)?;
    Ok(VerifiedAttached { key, payload: from_b64url(payload).ok_or(SignatureError::Encoding("payload"))? })
}

/// The `kid` a detached or attached signature names, **not verified**: only to choose which key set to load.
///
/// # Errors
/// [`SignatureError`] when the text is not a signature.
pub fn detached_key_id(header: &str) -> Result<Option<String>, SignatureError> {
    let [protected, _, _] = split(header)?;
    read_protected(protected).map(|(_, kid)| kid)
}

fn sign_parts(key: &SigningKey, payload: &str) -> Result<(String, String), SignatureError> {
    // alg and kid are fixed alphabets: nothing to escape.
    let protected = b64url(format!(r#"{{"alg":"{}","kid":"{}"}}"#, key.algorithm(), key.kid()).as_bytes());
    let signature = key.sign(format!("{protected}.{payload}").as_bytes())?;
    Ok((protected, b64url(&signature)))
}

fn verify_parts(
    protected: &str,
    payload: &str,
    signature: &str,
    keys: &Jwks,
) -> Result<VerifiedKid, SignatureError> {
    let (alg, kid) = read_protected(protected)?;
    let signature = from_b64url(signature).ok_or(SignatureError::Encoding("signature"))?;
    let candidates = keys.candidates(kid.as_deref(), alg)?;
    let signed = format!("{protected}.{payload}");
    candidates
        .iter()
        .find(|key| key.verify(alg, signed.as_bytes(), &signature).is_ok())
        .map(|key| VerifiedKid { kid: key.kid().to_owned(), alg })
        .ok_or(SignatureError::Invalid)
}

fn split(token: &str) -> Result<[&str; 3], SignatureError> {
    let mut parts = token.trim().split('.');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(protected), Some(payload), Some(signature), None) => Ok([protected, payload, signature]),
        _ => Err(SignatureError::Parts(token.trim().split('.').count())),
    }
}

pub(crate) fn read_protected(protected: &str) -> Result<(Algorithm, Option<String>), SignatureError> {
    let bytes = from_b64url(protected).ok_or(SignatureError::Encoding("header"))?;
    let header: Protected = serde_json::from_slice(&bytes)
        .map_err(|_| SignatureError::Header("expected a JSON object with \"alg\""))?;
    let alg = Algorithm::from_jose(&header.alg)?;
    // RFC 7515 4.1.11: an extension marked critical must be understood. We understand none.
    if header.crit.is_some() {
        return Err(SignatureError::Header("it demands a critical extension, none is supported"));
    }
    Ok((alg, header.kid))
}
