//! What a provider says about itself (OpenID Connect Discovery 1.0).

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use serde::Deserialize;
use tokio::sync::Mutex;

use super::{OidcError, ProviderSettings, settings::is_safe};
use crate::HttpClient;

/// How long a document is used without asking again.
const FRESH: Duration = Duration::from_secs(60 * 60);
/// After a failure nobody is asked for so long: anybody can begin to sign in.
const PAUSE: Duration = Duration::from_secs(2);
/// A fetch that takes longer has failed.
const FETCH_TIMEOUT: Duration = Duration::from_secs(10);

/// The provider's endpoints.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Metadata {
    issuer: String,
    pub(super) authorization_endpoint: String,
    pub(super) token_endpoint: String,
    pub(super) userinfo_endpoint: Option<String>,
    pub(super) end_session_endpoint: Option<String>,
    /// Whether each answer names the issuer (RFC 9207).
    #[serde(default)]
    pub(super) authorization_response_iss_parameter_supported: bool,
}

/// The document, fetched when needed and kept when the provider is away.
#[derive(Debug, Default)]
pub(super) struct Discovery(Mutex<Held>);

#[derive(Debug, Default)]
struct Held {
    found: Option<(Arc<Metadata>, Instant)>,
    failed: Option<Instant>,
}

impl Discovery {
    /// # Errors
    /// [`OidcError::Away`] when there is no document and none can be had.
    pub(super) async fn metadata(
        &self,
        settings: &ProviderSettings,
        http: &HttpClient,
    ) -> Result<Arc<Metadata>, OidcError> {
        let mut held = self.0.lock().await;
        let kept = match &held.found {
            Some((found, since)) if since.elapsed() < FRESH => return Ok(Arc::clone(found)),
            kept => kept.as_ref().map(|(found, _)| Arc::clone(found)),
        };
        if held.failed.is_some_and(|at| at.elapsed() < PAUSE) {
            return kept.ok_or_else(|| OidcError::Away("it could not be asked a moment ago".to_owned()));
        }
        match tokio::time::timeout(FETCH_TIMEOUT, fetch(settings, http)).await {
            Ok(Ok(fresh)) => {
                let fresh = Arc::new(fresh);
                *held = Held { found: Some((Arc::clone(&fresh), Instant::now())), failed: None };
                Ok(fresh)
            }
            outcome => {
                held.failed = Some(Instant::now());
                let why = match outcome {
                    Ok(Err(why)) => why,
                    _ => format!("no answer within {FETCH_TIMEOUT:?}"),
                };
                tracing::warn!("discovery at a sign-in provider failed: {why}");
                kept.ok_or(OidcError::Away(why))
            }
        }
    }
}

async fn fetch(settings: &ProviderSettings, http: &HttpClient) -> Result<Metadata, String> {
    let ProviderSettings { authorization_endpoint, token_endpoint, jwks_uri, .. } = settings;
    let mut metadata = match (authorization_endpoint, token_endpoint, jwks_uri) {
        // Nothing is missing: some providers have no document.
        (Some(authorization), Some(token), Some(_)) => Metadata {
            issuer: settings.issuer.clone(),
            authorization_endpoint: authorization.clone(),
            token_endpoint: token.clone(),
            userinfo_endpoint: None,
            end_session_endpoint: None,
            authorization_response_iss_parameter_supported: false,
        },
        _ => download(settings, http).await?,
    };
    let over = |ours: &Option<String>, theirs: &mut String| {
        if let Some(ours) = ours {
            theirs.clone_from(ours);
        }
    };
    over(authorization_endpoint, &mut metadata.authorization_endpoint);
    over(token_endpoint, &mut metadata.token_endpoint);
    metadata.userinfo_endpoint = settings.userinfo_endpoint.clone().or(metadata.userinfo_endpoint);
    metadata.end_session_endpoint = settings.end_session_endpoint.clone().or(metadata.end_session_endpoint);
    Ok(metadata)
}

async fn download(settings: &ProviderSettings, http: &HttpClient) -> Result<Metadata, String> {
    let url = format!("{}/.well-known/openid-configuration", settings.issuer.trim_end_matches('/'));
    let answer = http.get(&url).await.map_err(|e| e.to_string())?;
    let metadata: Metadata = answer.json().map_err(|e| e.to_string())?;
    // Discovery 4.3: a document of somebody else must not name our endpoints.
    if metadata.issuer != settings.issuer {
        return Err("the discovery document is that of another issuer than the configured one".to_owned());
    }
    let Metadata { authorization_endpoint, token_endpoint, userinfo_endpoint, end_session_endpoint, .. } =
        &metadata;
    let needed = is_safe(authorization_endpoint) && is_safe(token_endpoint);
    let optional = [userinfo_endpoint, end_session_endpoint].into_iter().flatten().all(|url| is_safe(url));
    if !needed || !optional {
        return Err("the discovery document names an endpoint without https".to_owned());
    }
    Ok(metadata)
}
