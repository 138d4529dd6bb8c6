//! A person's own token in place of a session: what portals of other makers send with each call.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use g2p_crypto::{Algorithm, JwtExpectations, verify_jwt};
use serde_json::{Map, Value};

use super::{OidcError, Provider, SignedIn, id_token::LEEWAY};

/// Claims that only ID tokens have. Such a token says that somebody signed in at a client, and is no key to an API.
const OF_ID_TOKENS: [&str; 2] = ["at_hash", "c_hash"];

/// The issuer that a token names, to find the provider whose keys to verify it with. Nothing of it is verified.
#[must_use]
pub fn unverified_issuer(token: &str) -> Option<String> {
    let payload = token.split('.').nth(1)?;
    let claims: Value = serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(payload).ok()?).ok()?;
    Some(claims.get("iss")?.as_str()?.to_owned())
}

impl Provider {
    /// Verifies a bearer token of a person: signature by one of the provider's keys, exact `iss`, `aud` one of
    /// `api_audiences`, `exp`, `nbf`, and the provider's `required_claims`. Userinfo is not asked.
    ///
    /// # Errors
    /// [`OidcError`].
    pub async fn bearer(&self, token: &str) -> Result<SignedIn, OidcError> {
        let audiences: Vec<&str> = self.settings.api_audiences.iter().map(String::as_str).collect();
        if audiences.is_empty() {
            return Err(OidcError::refused("bearer token: none of this provider is accepted"));
        }
        let expected = JwtExpectations {
            issuer: Some(&self.settings.issuer),
            audiences: &audiences,
            algorithms: &Algorithm::ALL,
            leeway_secs: LEEWAY,
            now: Some(self.clock.now().unix_timestamp()),
        };
        let claims = self.verified(|keys| verify_jwt::<Map<String, Value>>(token, keys, &expected)).await?;
        let text = |name: &str| claims.get(name).and_then(Value::as_str);
        // Some products put the nonce into access tokens too, and then say that it is one.
        let of_sign_in = claims.contains_key("nonce") && text("typ") != Some("Bearer");
        if OF_ID_TOKENS.iter().any(|name| claims.contains_key(*name))
            || of_sign_in
            || text("typ") == Some("ID")
        {
            return Err(OidcError::refused("bearer token: it is an ID token"));
        }
        if !(1..=255).contains(&text("sub").unwrap_or_default().len()) {
            return Err(OidcError::refused("bearer token: sub is missing or too long"));
        }
        let bearer = SignedIn::of_token(claims);
        self.require_claims(&bearer)?;
        Ok(bearer)
    }
}
