//! The way to the provider.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use g2p_crypto::{random_token, sha256};
use serde::{Deserialize, Serialize};
use url::Url;

use super::{OidcError, Provider};

/// Random bytes in each of state, nonce and verifier.
const RANDOM: usize = 32;

/// What is asked of the provider.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// Whether the person must prove again who she is, although the provider knows her.
    pub again: bool,
    /// Language of the person.
    pub language: &'a str,
}

/// What must be remembered until the browser comes back. Keep it sealed, bound to that browser, for one use.
#[derive(Clone, Serialize, Deserialize)]
pub struct Pending {
    /// Comes back in the address.
    pub state: String,
    pub(super) nonce: String,
    pub(super) verifier: String,
    pub(super) again: bool,
    /// Unix seconds.
    pub(super) begun_at: i64,
}

impl std::fmt::Debug for Pending {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pending(***)")
    }
}

/// A sign-in that was begun.
#[derive(Debug)]
pub struct Begun {
    /// Where to send the browser.
    pub url: String,
    /// What to remember.
    pub pending: Pending,
}

impl Provider {
    /// Begins a sign-in.
    ///
    /// # Errors
    /// [`OidcError::Away`] when it is not known where the provider's sign-in page is.
    pub async fn begin(&self, ask: Ask<'_>) -> Result<Begun, OidcError> {
        let metadata = self.discovery.metadata(&self.settings, &self.http).await?;
        let url = Url::parse(&metadata.authorization_endpoint)
            .map_err(|_| OidcError::Misconfigured("its authorization_endpoint is no address".to_owned()))?;
        let random = || random_token(RANDOM).map_err(|e| OidcError::Away(e.to_string()));
        let pending = Pending {
            state: random()?,
            nonce: random()?,
            verifier: random()?,
            again: ask.again,
            begun_at: self.clock.now().unix_timestamp(),
        };
        Ok(Begun { url: self.address(url, ask, &pending), pending })
    }

    fn address(&self, mut url: Url, ask: Ask<'_>, pending: &Pending) -> String {
        let settings = &self.settings;
        let step_up_acr = settings.step_up_acr.join(" ");
        let acr = if ask.again && !step_up_acr.is_empty() { &step_up_acr } else { settings.acr_values() };
        let claims = settings.claims.as_ref().map(ToString::to_string).unwrap_or_default();
        let mut query = url.query_pairs_mut();
        query
            .append_pair("response_type", "code")
            .append_pair("client_id", &settings.client_id)
            .append_pair("redirect_uri", &self.redirect_uri)
            .append_pair("scope", settings.scopes())
            .append_pair("state", &pending.state)
            .append_pair("nonce", &pending.nonce)
            .append_pair("code_challenge", &challenge(&pending.verifier))
            .append_pair("code_challenge_method", "S256");
        for (name, value) in [("acr_values", acr), ("claims", &claims), ("ui_locales", ask.language)] {
            if !value.is_empty() {
                query.append_pair(name, value);
            }
        }
        if ask.again {
            query.append_pair("prompt", "login").append_pair("max_age", "0");
        }
        drop(query);
        url.into()
    }
}

/// RFC 7636 4.2, method S256.
#[must_use]
pub fn challenge(verifier: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(sha256(verifier.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::challenge;

    #[test]
    fn the_challenge_is_that_of_the_standard() {
        // RFC 7636, appendix B.
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        assert_eq!(challenge(verifier), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }
}
