//! Bearer tokens (RFC 7519).

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Header, Validation};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::algorithm::Algorithm;
use crate::error::{SignatureError, TokenError};
use crate::jwk::Jwks;
use crate::jws::read_protected;
use crate::jwt_provider::{decoding_key, encoding_key, install_jwt_provider, to_jwt};
use crate::signing_key::SigningKey;

/// Longest token we read.
const MAX_TOKEN: usize = 64 * 1024;

/// What a token must say to be accepted. `exp` is always required.
#[derive(Debug, Clone)]
pub struct JwtExpectations<'a> {
    /// The exact `iss`; `None` accepts any issuer whose key is in the set.
    pub issuer: Option<&'a str>,
    /// One of these must be in `aud`; empty accepts any audience (only for issuers that serve nobody else).
    pub audiences: &'a [&'a str],
    /// Allowed algorithms; normally those of the issuer's keys.
    pub algorithms: &'a [Algorithm],
    /// Seconds by which clocks may differ.
    pub leeway_secs: u32,
    /// Unix seconds; `None` reads the system's clock.
    pub now: Option<i64>,
}

impl Default for JwtExpectations<'_> {
    fn default() -> Self {
        Self { issuer: None, audiences: &[], algorithms: &Algorithm::ALL, leeway_secs: 30, now: None }
    }
}

/// Signs claims into a token; header `{"typ":"JWT","alg":…,"kid":…}`. The caller sets `exp` and the rest.
///
/// # Errors
/// [`TokenError::Malformed`] when the claims are not a JSON object, [`TokenError::Provider`], or a signing error.
pub fn issue_jwt<T: Serialize>(key: &SigningKey, claims: &T) -> Result<String, TokenError> {
    install_jwt_provider()?;
    let claims =
        serde_json::to_value(claims).map_err(|_| TokenError::Malformed("the claims are not JSON".into()))?;
    if !claims.is_object() {
        return Err(TokenError::Malformed("the claims are not a JSON object".into()));
    }
    let mut header = Header::new(to_jwt(key.algorithm()));
    header.kid = Some(key.kid().to_owned());
    jsonwebtoken::encode(&header, &claims, &encoding_key(key)).map_err(|e| token_error(&e))
}

/// Verifies a token and reads its claims.
///
/// With a `kid` in the header only that key counts; without one every key of the algorithm is tried. `exp` is required;
/// `nbf`, when there, is checked; both against `now` with the leeway. A missing `iss` or `aud` is refused where one is expected.
///
/// # Errors
/// [`TokenError`], which says what was wrong and never quotes the token.
pub fn verify_jwt<T: DeserializeOwned>(
    token: &str,
    keys: &Jwks,
    expected: &JwtExpectations<'_>,
) -> Result<T, TokenError> {
    install_jwt_provider()?;
    if token.len() > MAX_TOKEN {
        return Err(SignatureError::TooLong.into());
    }
    let protected = token.split_once('.').map_or("", |(head, _)| head);
    let (alg, kid) = read_protected(protected)?;
    if !expected.algorithms.contains(&alg) {
        return Err(TokenError::AlgorithmNotAllowed(alg.as_str()));
    }
    let validation = validation(alg, expected);
    let mut outcome = Err(SignatureError::Invalid.into());
    for key in keys.candidates(kid.as_deref(), alg)? {
        outcome = jsonwebtoken::decode::<Value>(token, &decoding_key(&key.key), &validation)
            .map(|data| data.claims)
            .map_err(|e| token_error(&e));
        // Another key can only help when this one did not make the signature.
        if !matches!(outcome, Err(TokenError::Signature(SignatureError::Invalid))) {
            break;
        }
    }
    let claims = outcome?;
    check_times(&claims, expected)?;
    // The error of serde_json may quote a claim, so it goes no further.
    serde_json::from_value(claims)
        .map_err(|_| TokenError::Malformed("its claims are not of the expected shape".into()))
}

/// Issuer and audience are checked by `jsonwebtoken`; times by [`check_times`], which can be given the time.
fn validation(alg: Algorithm, expected: &JwtExpectations<'_>) -> Validation {
    let mut validation = Validation::new(to_jwt(alg));
    validation.validate_exp = false;
    validation.validate_nbf = false;
    // Without an entry here a token that lacks the claim would pass.
    let mut required = vec!["exp"];
    if let Some(issuer) = expected.issuer {
        validation.set_issuer(&[issuer]);
        required.push("iss");
    }
    if expected.audiences.is_empty() {
        validation.validate_aud = false;
    } else {
        validation.set_audience(expected.audiences);
        required.push("aud");
    }
    validation.set_required_spec_claims(&required);
    validation
}

fn check_times(claims: &Value, expected: &JwtExpectations<'_>) -> Result<(), TokenError> {
    let now = expected.now.unwrap_or_else(system_now);
    let leeway = i64::from(expected.leeway_secs);
    let expires = seconds(claims, "exp")?.ok_or_else(|| TokenError::Claim("exp".into()))?;
    if expires <= now.saturating_sub(leeway) {
        return Err(TokenError::Expired);
    }
    match seconds(claims, "nbf")? {
        Some(not_before) if not_before > now.saturating_add(leeway) => Err(TokenError::NotYetValid),
        _ => Ok(()),
    }
}

/// A NumericDate: whole seconds, or a number with a fraction that is cut off.
#[allow(clippy::cast_possible_truncation, reason = "the range is checked first")]
fn seconds(claims: &Value, name: &str) -> Result<Option<i64>, TokenError> {
    match claims.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => value
            .as_i64()
            .or_else(|| value.as_f64().filter(|f| f.is_finite() && f.abs() < 1e15).map(|f| f as i64))
            .map(Some)
            .ok_or_else(|| TokenError::Claim(name.to_owned())),
    }
}

fn system_now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

fn token_error(error: &jsonwebtoken::errors::Error) -> TokenError {
    match error.kind() {
        ErrorKind::InvalidSignature => SignatureError::Invalid.into(),
        ErrorKind::InvalidIssuer => TokenError::Issuer,
        ErrorKind::InvalidAudience => TokenError::Audience,
        ErrorKind::ExpiredSignature => TokenError::Expired,
        ErrorKind::ImmatureSignature => TokenError::NotYetValid,
        ErrorKind::MissingRequiredClaim(name) | ErrorKind::InvalidClaimFormat(name) => {
            TokenError::Claim(name.clone())
        }
        ErrorKind::InvalidAlgorithm | ErrorKind::InvalidKeyFormat => {
            SignatureError::KeyMismatch("the token").into()
        }
        ErrorKind::Base64(_) => TokenError::Malformed("a part is not base64url".into()),
        ErrorKind::Json(_) | ErrorKind::Utf8(_) => TokenError::Malformed("a part is not JSON".into()),
        ErrorKind::Signing(_) | ErrorKind::RsaFailedSigning => SignatureError::Signing.into(),
        _ => TokenError::Malformed("it cannot be read".into()),
    }
}
