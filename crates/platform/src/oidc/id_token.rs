//! What an ID token must say (OpenID Connect Core 3.1.3.7), after its signature, issuer, audience and times.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use g2p_crypto::{Algorithm, constant_time_eq, sha256, sha512};
use serde_json::{Map, Value};

use super::OidcError;

/// Seconds by which clocks may differ.
pub(super) const LEEWAY: u32 = 30;
/// An ID token is made for the request that fetches it: an older one was made for another.
const MAX_AGE: i64 = 600;

/// What was asked for.
pub(super) struct Expected<'a> {
    pub(super) client_id: &'a str,
    pub(super) nonce: &'a str,
    pub(super) access_token: &'a str,
    /// Unix seconds.
    pub(super) now: i64,
    /// When the person was asked to prove again who she is: since when, and how (any of these; empty: in any way).
    pub(super) again: Option<(i64, &'a [String])>,
}

/// Checks verified claims of a token signed with `alg`.
///
/// # Errors
/// [`OidcError::Refused`], naming the claim.
pub(super) fn check(
    claims: &Map<String, Value>,
    alg: Algorithm,
    expected: &Expected<'_>,
) -> Result<(), OidcError> {
    let wrong = |why: &str| Err(OidcError::Refused(format!("ID token: {why}")));
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    if !(1..=255).contains(&text("sub").unwrap_or_default().len()) {
        return wrong("sub is missing or too long");
    }
    let several = claims.get("aud").and_then(Value::as_array).is_some_and(|aud| aud.len() > 1);
    match claims.get("azp") {
        Some(azp) if azp.as_str() != Some(expected.client_id) => return wrong("azp names another client"),
        None if several => return wrong("aud names several and azp is missing"),
        _ => {}
    }
    if !constant_time_eq(text("nonce").unwrap_or_default().as_bytes(), expected.nonce.as_bytes()) {
        return wrong("nonce is not that of this sign-in");
    }
    let Some(issued) = number(claims, "iat") else { return wrong("iat is missing") };
    let leeway = i64::from(LEEWAY);
    if issued > expected.now + leeway || issued < expected.now - MAX_AGE {
        return wrong("iat is not of this sign-in");
    }
    match claims.get("at_hash") {
        Some(hash) if hash.as_str() != Some(token_hash(alg, expected.access_token).as_str()) => {
            return wrong("at_hash is not that of the access token");
        }
        _ => {}
    }
    let Some((since, acr)) = expected.again else { return Ok(()) };
    if number(claims, "auth_time").is_none_or(|at| at < since - leeway || at > expected.now + leeway) {
        return wrong("auth_time is missing or older than the request to prove it again");
    }
    if !acr.is_empty() && !acr.iter().any(|wanted| Some(wanted.as_str()) == text("acr")) {
        return wrong("acr is none of those asked for");
    }
    Ok(())
}

/// A NumericDate in whole seconds.
pub(super) fn number(claims: &Map<String, Value>, name: &str) -> Option<i64> {
    #[allow(clippy::cast_possible_truncation, reason = "the range is checked first")]
    let cut = |f: f64| (f.is_finite() && f.abs() < 1e15).then_some(f as i64);
    let value = claims.get(name)?;
    value.as_i64().or_else(|| value.as_f64().and_then(cut))
}

/// The algorithm in a token's header: only to choose the hash after the signature was verified with it.
pub(super) fn algorithm(token: &str) -> Option<Algorithm> {
    let header = BASE64_URL_SAFE_NO_PAD.decode(token.split('.').next()?).ok()?;
    let header: Value = serde_json::from_slice(&header).ok()?;
    Algorithm::from_jose(header.get("alg")?.as_str()?).ok()
}

/// Left half of the hash that belongs to the signature's algorithm.
pub(super) fn token_hash(alg: Algorithm, token: &str) -> String {
    let half = |hash: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(hash.get(..hash.len() / 2).unwrap_or_default());
    match alg {
        Algorithm::EdDsa => half(&sha512(token.as_bytes())),
        Algorithm::Es256 | Algorithm::Rs256 | Algorithm::Ps256 => half(&sha256(token.as_bytes())),
    }
}

#[cfg(test)]
#[allow(clippy::indexing_slicing, clippy::unwrap_used)]
mod tests {
    use g2p_crypto::Algorithm;
    use serde_json::{Value, json};

    use super::{Expected, check, token_hash};

    const NOW: i64 = 1_800_000_000;

    fn outcome(change: &Value, again: Option<(i64, &[String])>) -> Result<(), String> {
        let mut claims = json!({
            "sub": "s", "aud": "us", "nonce": "n", "iat": NOW, "auth_time": NOW - 5, "acr": "high",
            "at_hash": token_hash(Algorithm::Es256, "access"),
        });
        for (key, value) in change.as_object().unwrap() {
            claims[key] = value.clone();
            if value.is_null() {
                claims.as_object_mut().unwrap().remove(key);
            }
        }
        let expected = Expected { client_id: "us", nonce: "n", access_token: "access", now: NOW, again };
        check(claims.as_object().unwrap(), Algorithm::Es256, &expected).map_err(|e| e.to_string())
    }

    #[test]
    fn what_fits_is_taken() {
        let acr = ["low".to_owned(), "high".to_owned()];
        for (change, again) in [
            (json!({}), None),
            (json!({"at_hash": null, "auth_time": null, "acr": null}), None),
            (json!({"azp": "us", "aud": ["us", "other"]}), None),
            (json!({"iat": NOW as f64 + 0.5}), None),
            (json!({}), Some((NOW - 10, &acr[..]))),
        ] {
            outcome(&change, again).unwrap();
        }
    }

    #[test]
    fn each_claim_that_does_not_fit_is_named() {
        let acr = ["highest".to_owned()];
        for (change, again, claim) in [
            (json!({"sub": null}), None, "sub"),
            (json!({"sub": "x".repeat(256)}), None, "sub"),
            (json!({"aud": ["us", "other"]}), None, "aud"),
            (json!({"azp": "other"}), None, "azp"),
            (json!({"azp": 1}), None, "azp"),
            (json!({"nonce": "m"}), None, "nonce"),
            (json!({"nonce": null}), None, "nonce"),
            (json!({"iat": null}), None, "iat"),
            (json!({"iat": NOW + 31}), None, "iat"),
            (json!({"iat": NOW - 601}), None, "iat"),
            (json!({"at_hash": token_hash(Algorithm::Es256, "another")}), None, "at_hash"),
            (json!({"at_hash": 1}), None, "at_hash"),
            (json!({"auth_time": null}), Some((NOW - 10, &[][..])), "auth_time"),
            (json!({"auth_time": NOW - 41}), Some((NOW - 10, &[][..])), "auth_time"),
            (json!({"auth_time": NOW + 31}), Some((NOW - 10, &[][..])), "auth_time"),
            (json!({}), Some((NOW - 10, &acr[..])), "acr"),
        ] {
            let why = outcome(&change, again).unwrap_err();
            assert!(why.contains(&format!("ID token: {claim} ")), "{change}: {why}");
        }
    }
}
