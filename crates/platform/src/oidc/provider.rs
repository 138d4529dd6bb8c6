//! One provider and what is held of it.

use std::sync::Arc;

use g2p_crypto::{Jwks, SignatureError, SigningKey, TokenError};

use super::{IdTemplate, ProviderSettings, discovery::Discovery};
use crate::{CallError, Clock, HttpClient, issuer_keys::IssuerKeys};

/// Why somebody could not sign in. The texts are for the log: they name systems and rules, no persons and no tokens.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OidcError {
    /// The provider does not answer. Later it may.
    #[error("the provider is away: {0}")]
    Away(String),
    /// What came back proves nothing.
    #[error("the sign-in is refused: {0}")]
    Refused(String),
    /// The provider does not accept this client: the configuration here or there is wrong.
    #[error("the provider does not accept this client: {0}")]
    Misconfigured(String),
}

impl OidcError {
    pub(super) fn refused(why: impl std::fmt::Display) -> Self {
        Self::Refused(why.to_string())
    }
}

impl From<CallError> for OidcError {
    fn from(error: CallError) -> Self {
        match &error {
            CallError::Rejected { .. } => Self::Misconfigured(error.to_string()),
            CallError::Refused { .. } | CallError::Unknown { .. } => Self::Away(error.to_string()),
        }
    }
}

/// Longest ID token that is sent back in an address: proxies refuse long ones. Without it a provider asks the person.
const MAX_HINT: usize = 2048;

/// A provider where people sign in. Shared by all workers of a service.
#[derive(Debug)]
pub struct Provider {
    pub(super) settings: ProviderSettings,
    /// Where the provider sends browsers back to: the same text in both requests.
    pub(super) redirect_uri: String,
    pub(super) client_key: Option<SigningKey>,
    pub(super) http: HttpClient,
    pub(super) clock: Clock,
    pub(super) discovery: Discovery,
    keys: Arc<IssuerKeys>,
    template: IdTemplate,
}

impl Provider {
    /// A provider as configured. Nothing is asked yet: the service starts while the provider is away.
    ///
    /// # Errors
    /// As [`ProviderSettings::validate`].
    pub fn new(
        settings: ProviderSettings,
        redirect_uri: String,
        http: HttpClient,
        clock: Clock,
    ) -> Result<Self, String> {
        settings.validate()?;
        let keys =
            IssuerKeys::new(settings.issuer.clone(), settings.jwks_uri.clone(), http.clone(), clock.clone());
        Ok(Self {
            client_key: settings.signing_key()?,
            template: IdTemplate::parse(settings.id_template())?,
            redirect_uri,
            http,
            clock,
            discovery: Discovery::default(),
            keys: Arc::new(keys),
            settings,
        })
    }

    /// What was configured.
    #[must_use]
    pub fn settings(&self) -> &ProviderSettings {
        &self.settings
    }

    /// How ids of persons are made.
    #[must_use]
    pub fn template(&self) -> &IdTemplate {
        &self.template
    }

    /// Whether a sign-in at `auth_time` with `acr` is good enough for a change at `now` (Unix seconds).
    #[must_use]
    pub fn is_fresh(&self, auth_time: Option<i64>, acr: Option<&str>, now: i64) -> bool {
        let Some(seconds) = self.settings.step_up_seconds() else { return true };
        let wanted = &self.settings.step_up_acr;
        auth_time.is_some_and(|at| now - at <= seconds)
            && (wanted.is_empty() || acr.is_some_and(|acr| wanted.iter().any(|w| w == acr)))
    }

    /// Where to send the browser of somebody who signed out here, so that she is signed out there too; `None` when the
    /// provider has no such place or does not answer.
    pub async fn logout_url(&self, id_token: &str, back_to: &str) -> Option<String> {
        let metadata = self.discovery.metadata(&self.settings, &self.http).await.ok()?;
        let mut url = url::Url::parse(metadata.end_session_endpoint.as_deref()?).ok()?;
        if id_token.len() <= MAX_HINT {
            url.query_pairs_mut().append_pair("id_token_hint", id_token);
        }
        url.query_pairs_mut()
            .append_pair("client_id", &self.settings.client_id)
            .append_pair("post_logout_redirect_uri", back_to);
        Some(url.into())
    }

    /// Verifies something that the provider signed; once more with its present keys when it names one that is not
    /// known (fetched at most every ten seconds, whoever asks).
    pub(super) async fn verified<T>(
        &self,
        verify: impl Fn(&Jwks) -> Result<T, TokenError>,
    ) -> Result<T, OidcError> {
        let keys = self.keys.current().await.map_err(|e| OidcError::Away(e.to_string()))?;
        match verify(&keys) {
            Err(TokenError::Signature(SignatureError::UnknownKey(_))) => {
                verify(&*self.keys.renewed(&keys).await).map_err(OidcError::refused)
            }
            outcome => outcome.map_err(OidcError::refused),
        }
    }
}
