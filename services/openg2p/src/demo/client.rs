//! How the driver talks to the services: as the partner `DEMO`, or as a user with a token of the issuer. Public APIs
//! only.

use std::{path::Path, sync::Arc, time::Duration};

use anyhow::Context;
use g2p_connect::{MsgHeader, Request};
use platform::{CallError, HttpClient, clock::rfc3339};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use tokio::{sync::Mutex, time::Instant};
use uuid::Uuid;

use crate::up::Up;

/// How often a transient failure is tried again before the driver gives up.
const ATTEMPTS: u32 = 30;

/// The driver's client.
#[derive(Debug, Clone)]
pub struct Client {
    http: HttpClient,
    up: Arc<Urls>,
    tokens: Arc<Mutex<std::collections::HashMap<String, (String, Instant)>>>,
}

#[derive(Debug)]
struct Urls {
    services: std::collections::BTreeMap<&'static str, String>,
    admin: std::collections::BTreeMap<&'static str, String>,
    issuer: String,
    passwords: std::collections::BTreeMap<&'static str, String>,
    clock: platform::Clock,
}

impl Client {
    /// A client for a running platform.
    ///
    /// # Errors
    /// When the driver's key or a password cannot be read.
    pub fn new(up: &Up) -> anyhow::Result<Self> {
        let key = Arc::new(up.data.key("DEMO")?);
        let http = HttpClient::new(key, "DEMO".to_owned(), up.clock.clone(), Duration::from_secs(120), None)?;
        let mut passwords = std::collections::BTreeMap::new();
        for user in crate::issuer::USERS {
            passwords.insert(*user, up.data.secret(&format!("user:{user}"))?);
        }
        let urls = Urls {
            services: up.urls.clone(),
            admin: up.admin_urls.clone(),
            issuer: up.issuer.as_ref().map(|issuer| issuer.url().to_owned()).unwrap_or_default(),
            passwords,
            clock: up.clock.clone(),
        };
        Ok(Self { http, up: Arc::new(urls), tokens: Arc::default() })
    }

    /// The shared clock.
    #[must_use]
    pub fn clock(&self) -> &platform::Clock {
        &self.up.clock
    }

    /// Admin address of each service.
    pub fn admin_urls(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.up.admin.iter().map(|(service, url)| (*service, url.as_str()))
    }

    /// Gets an address without credentials.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn plain_get<T: DeserializeOwned>(&self, url: &str) -> anyhow::Result<T> {
        Ok(again(async || self.http.get(url).await).await?.json()?)
    }

    fn url(&self, service: &str, path: &str) -> String {
        format!("{}{path}", self.up.services.get(service).map_or("", String::as_str))
    }

    /// A user's token from the issuer's token endpoint, kept for half an hour.
    ///
    /// # Errors
    /// When the issuer refuses.
    pub async fn token(&self, user: &str) -> anyhow::Result<String> {
        let mut tokens = self.tokens.lock().await;
        if let Some((token, at)) = tokens.get(user)
            && at.elapsed() < Duration::from_secs(1_800)
        {
            return Ok(token.clone());
        }
        let password = self.up.passwords.get(user).map_or("", String::as_str);
        let form = [("grant_type", "password"), ("username", user), ("password", password)];
        let answer = self.http.post_form(&format!("{}/token", self.up.issuer), &form).await?;
        let body: Value = answer.json()?;
        let token =
            body.get("access_token").and_then(Value::as_str).context("the issuer gave no token")?.to_owned();
        tokens.insert(user.to_owned(), (token.clone(), Instant::now()));
        Ok(token)
    }

    /// Posts to an own API as the partner `DEMO`: for reads, and for what has a key of its own or may be done twice.
    ///
    /// # Errors
    /// What the service said.
    pub async fn post<T: DeserializeOwned>(
        &self,
        service: &'static str,
        path: &str,
        body: &impl Serialize,
    ) -> anyhow::Result<T> {
        let url = self.url(service, path);
        let answer = again(async || self.http.service_post(&url, service, body).await).await;
        Ok(explain(answer, service, path)?.json()?)
    }

    /// Posts a CSV file to an own API as the partner `DEMO`, for what may be done twice.
    ///
    /// # Errors
    /// What the service said.
    pub async fn post_csv<T: DeserializeOwned>(
        &self,
        service: &'static str,
        path: &str,
        file: &[u8],
    ) -> anyhow::Result<T> {
        let url = self.url(service, path);
        let answer =
            again(async || self.http.service_post_bytes(&url, service, "text/csv", file.to_vec()).await)
                .await;
        Ok(explain(answer, service, path)?.json()?)
    }

    /// Gets from an own API as the partner `DEMO`.
    ///
    /// # Errors
    /// What the service said.
    pub async fn get<T: DeserializeOwned>(&self, service: &'static str, path: &str) -> anyhow::Result<T> {
        let url = self.url(service, path);
        let answer = again(async || self.http.service_get(&url, service).await).await;
        Ok(explain(answer, service, path)?.json()?)
    }

    /// Posts to an own API as a user. The service does it once for a `key`, however often the answer is lost.
    ///
    /// # Errors
    /// What the service said.
    pub async fn post_as<T: DeserializeOwned>(
        &self,
        user: &str,
        service: &'static str,
        path: &str,
        key: &str,
        body: &impl Serialize,
    ) -> anyhow::Result<T> {
        let (url, token) = (self.url(service, path), self.token(user).await?);
        let answer = again(async || self.http.post_as(&url, &token, key, body).await).await;
        Ok(explain(answer, service, path)?.json()?)
    }

    /// Gets from an own API as a user.
    ///
    /// # Errors
    /// What the service said.
    pub async fn get_as<T: DeserializeOwned>(
        &self,
        user: &str,
        service: &'static str,
        path: &str,
    ) -> anyhow::Result<T> {
        let (url, token) = (self.url(service, path), self.token(user).await?);
        let answer = again(async || self.http.get_as(&url, &token).await).await;
        Ok(explain(answer, service, path)?.json()?)
    }

    /// Uploads a file to an own API as a user.
    ///
    /// # Errors
    /// What the service said.
    pub async fn upload_as<T: DeserializeOwned>(
        &self,
        user: &str,
        service: &'static str,
        path: &str,
        file: &Path,
        fields: &[(&str, &str)],
    ) -> anyhow::Result<T> {
        let (url, token) = (self.url(service, path), self.token(user).await?);
        let timeout = Duration::from_secs(600);
        let answer = again(async || self.http.upload_as(&url, &token, file, fields, timeout).await).await;
        Ok(explain(answer, service, path)?.json()?)
    }

    /// Sends a signed G2P-Connect message. Each attempt is a message of its own: what it asks for has natural keys.
    ///
    /// # Errors
    /// What the service said, or a rejection of the whole message.
    pub async fn message<M: Serialize + Clone, R: DeserializeOwned>(
        &self,
        service: &'static str,
        path: &str,
        action: &str,
        items: usize,
        message: &M,
    ) -> anyhow::Result<R> {
        let url = self.url(service, path);
        let answer = again(async || {
            let header = MsgHeader::new(
                Uuid::now_v7().to_string(),
                rfc3339(self.up.clock.now()),
                action,
                "DEMO",
                i64::try_from(items).unwrap_or(i64::MAX),
            );
            self.http.post_signed(&url, &Request::new(header, message.clone())).await
        })
        .await;
        let body: Value = explain(answer, service, path)?.json()?;
        let status = body.pointer("/header/status").and_then(Value::as_str).unwrap_or_default();
        anyhow::ensure!(
            status == "succ",
            "{service}{path} refused the message: {}",
            body.pointer("/header/status_reason_message")
                .and_then(Value::as_str)
                .unwrap_or("no reason given")
        );
        serde_json::from_value(body.get("message").cloned().unwrap_or_default())
            .with_context(|| format!("{service}{path} gave an answer of another shape"))
    }

    /// Sends a signed message as it stands.
    ///
    /// # Errors
    /// What the service said.
    pub async fn signed<T: DeserializeOwned>(
        &self,
        service: &'static str,
        path: &str,
        message: &impl Serialize,
    ) -> anyhow::Result<T> {
        let url = self.url(service, path);
        let answer = again(async || self.http.post_signed(&url, message).await).await;
        Ok(explain(answer, service, path)?.json()?)
    }
}

/// Tries a call again while its failure may pass. An unclear answer may mean that it was done: only for calls that may
/// be made twice.
async fn again<T>(mut call: impl AsyncFnMut() -> Result<T, CallError>) -> Result<T, CallError> {
    let mut pause = Duration::from_millis(100);
    for _ in 1..ATTEMPTS {
        match call().await {
            Err(error) if error.is_retryable() => {
                tracing::warn!(error = %error, "trying again");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(Duration::from_secs(2));
            }
            outcome => return outcome,
        }
    }
    call().await
}

/// Adds what the service said to a refusal.
fn explain<T>(answer: Result<T, CallError>, service: &str, path: &str) -> anyhow::Result<T> {
    answer.map_err(|error| match &error {
        CallError::Rejected { status, body, .. } => {
            let said: Value = serde_json::from_slice(body).unwrap_or_default();
            anyhow::anyhow!("{service}{path} answered HTTP {status}: {said}")
        }
        _ => anyhow::anyhow!("{service}{path}: {error}"),
    })
}
