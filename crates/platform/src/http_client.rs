//! Outgoing calls: always a time limit, a trace, a signature; and an error that says whether the peer may have acted.

mod answer;
mod trust;

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use g2p_crypto::{SigningKey, canonical_json, issue_jwt, sign_detached};
use opentelemetry::propagation::Injector;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde::Serialize;
use serde_json::json;
use tracing_opentelemetry::OpenTelemetrySpanExt;

pub use answer::{Answer, CallError};
pub(crate) use trust::tls_config;

use crate::Clock;

/// Largest response body we read.
const MAX_RESPONSE: usize = 64 * 1024 * 1024;
/// Life of a service token in seconds.
const TOKEN_SECONDS: i64 = 60;

/// The client of one service. Cloning shares the connection pool.
#[derive(Debug, Clone)]
pub struct HttpClient {
    inner: reqwest::Client,
    key: Arc<SigningKey>,
    partner_id: String,
    clock: Clock,
    tls: rustls::ClientConfig,
    timeout: Duration,
}

impl HttpClient {
    /// A client that signs with `key` as `partner_id`. For HTTPS it trusts the public authorities, those of the system
    /// (`SSL_CERT_FILE` and `SSL_CERT_DIR` name others) and those of `ca_file`.
    ///
    /// # Errors
    /// When the CA file cannot be read or holds no certificate.
    pub fn new(
        key: Arc<SigningKey>,
        partner_id: String,
        clock: Clock,
        timeout: Duration,
        ca_file: Option<&std::path::Path>,
    ) -> anyhow::Result<Self> {
        crate::init_crypto();
        let tls = tls_config(ca_file)?;
        let inner = builder(&tls, timeout).build()?;
        Ok(Self { inner, key, partner_id, clock, tls, timeout })
    }

    /// The same client for addresses that strangers chose, such as those of callbacks: of what a name stands for, it connects
    /// only to what [`crate::callback::may_send_to`] allows. The name is looked up once, for the connection itself, so that
    /// a name server cannot say one thing to the check and another to the call. (Addresses without a name are for that
    /// check alone.)
    ///
    /// # Errors
    /// When the client cannot be made.
    pub fn to_elsewhere(&self, loopback: bool) -> anyhow::Result<Self> {
        let names = Arc::new(crate::callback::Elsewhere { loopback });
        let inner = builder(&self.tls, self.timeout).dns_resolver(names).build()?;
        Ok(Self { inner, ..self.clone() })
    }

    /// The id under which this client signs.
    #[must_use]
    pub fn partner_id(&self) -> &str {
        &self.partner_id
    }

    /// Posts a partner message: canonical JSON, HTTP header `Signature` with a detached JWS over it.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn post_signed<T: Serialize + ?Sized>(
        &self,
        url: &str,
        message: &T,
    ) -> Result<Answer, CallError> {
        let peer = peer_of(url);
        let value = serde_json::to_value(message).map_err(|e| refused(&peer, &e))?;
        self.post_signed_bytes(url, canonical_json(&value), "application/json").await
    }

    /// Posts exact bytes with a detached JWS over them, and who we are in `X-Sender-Id`.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn post_signed_bytes(
        &self,
        url: &str,
        body: Vec<u8>,
        content_type: &str,
    ) -> Result<Answer, CallError> {
        let peer = peer_of(url);
        let signature = sign_detached(&self.key, &body).map_err(|e| refused(&peer, &e))?;
        let request = self
            .inner
            .post(url)
            .header(CONTENT_TYPE, content_type)
            .header("Signature", signature)
            .header("X-Sender-Id", &self.partner_id)
            .body(body);
        send(request, peer).await
    }

    /// Posts to a peer's own API with a service token for `audience` (the peer's service name).
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn service_post<T: Serialize + ?Sized>(
        &self,
        url: &str,
        audience: &str,
        body: &T,
    ) -> Result<Answer, CallError> {
        let peer = peer_of(url);
        let token = self.service_token(audience).map_err(|e| refused(&peer, &e))?;
        send(self.inner.post(url).bearer_auth(token).json(body), peer).await
    }

    /// As [`HttpClient::service_post`] with exact bytes.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn service_post_bytes(
        &self,
        url: &str,
        audience: &str,
        content_type: &str,
        body: Vec<u8>,
    ) -> Result<Answer, CallError> {
        let peer = peer_of(url);
        let token = self.service_token(audience).map_err(|e| refused(&peer, &e))?;
        let request = self.inner.post(url).bearer_auth(token).header(CONTENT_TYPE, content_type);
        send(request.body(body), peer).await
    }

    /// The same in the name of a user for whom this service vouches.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn service_post_for<T: Serialize + ?Sized>(
        &self,
        url: &str,
        audience: &str,
        user: &str,
        body: &T,
    ) -> Result<Answer, CallError> {
        let peer = peer_of(url);
        let token = self.service_token(audience).map_err(|e| refused(&peer, &e))?;
        let request = self.inner.post(url).bearer_auth(token).header("On-Behalf-Of", user);
        send(request.json(body), peer).await
    }

    /// Gets from a peer's own API with a service token.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn service_get(&self, url: &str, audience: &str) -> Result<Answer, CallError> {
        let peer = peer_of(url);
        let token = self.service_token(audience).map_err(|e| refused(&peer, &e))?;
        send(self.inner.get(url).bearer_auth(token), peer).await
    }

    /// Posts to an own API with a user's token. `key` goes into `Idempotency-Key`: after an unclear answer the same
    /// call may be made again.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn post_as<T: Serialize + ?Sized>(
        &self,
        url: &str,
        token: &str,
        key: &str,
        body: &T,
    ) -> Result<Answer, CallError> {
        let request = self.inner.post(url).bearer_auth(token).header("Idempotency-Key", key);
        send(request.json(body), peer_of(url)).await
    }

    /// Gets from an own API with a user's token.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn get_as(&self, url: &str, token: &str) -> Result<Answer, CallError> {
        send(self.inner.get(url).bearer_auth(token), peer_of(url)).await
    }

    /// Uploads a file to an own API as `multipart/form-data`, streamed, with text fields beside it. `timeout` replaces
    /// the client's, which is meant for small messages.
    ///
    /// # Errors
    /// [`CallError`]; `Refused` when the file cannot be read.
    pub async fn upload_as(
        &self,
        url: &str,
        token: &str,
        file: &std::path::Path,
        fields: &[(&str, &str)],
        timeout: Duration,
    ) -> Result<Answer, CallError> {
        let peer = peer_of(url);
        let mut form = reqwest::multipart::Form::new();
        for (name, value) in fields {
            form = form.text((*name).to_owned(), (*value).to_owned());
        }
        let form = form.file("file", file).await.map_err(|e| refused(&peer, &e))?;
        send(self.inner.post(url).bearer_auth(token).multipart(form).timeout(timeout), peer).await
    }

    /// Posts a form without credentials: token endpoints.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn post_form(&self, url: &str, form: &[(&str, &str)]) -> Result<Answer, CallError> {
        send(self.inner.post(url).form(form), peer_of(url)).await
    }

    /// Posts a form as an OAuth client that shows its secret (`client_secret_basic`, RFC 6749 2.3.1).
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn post_form_basic(
        &self,
        url: &str,
        client_id: &str,
        secret: &str,
        form: &[(&str, &str)],
    ) -> Result<Answer, CallError> {
        let encoded = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let request = self.inner.post(url).basic_auth(encoded(client_id), Some(encoded(secret)));
        send(request.form(form), peer_of(url)).await
    }

    /// Gets without credentials: discovery documents and key sets.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn get(&self, url: &str) -> Result<Answer, CallError> {
        send(self.inner.get(url), peer_of(url)).await
    }

    /// A token that says who calls whom, for one minute, signed with this service's key.
    ///
    /// # Errors
    /// When the key cannot sign.
    pub fn service_token(&self, audience: &str) -> anyhow::Result<String> {
        let now = self.clock.now().unix_timestamp();
        Ok(issue_jwt(
            &self.key,
            &json!({
                "iss": self.partner_id, "sub": self.partner_id, "aud": audience,
                "iat": now, "exp": now + TOKEN_SECONDS, "jti": uuid::Uuid::now_v7(),
            }),
        )?)
    }
}

fn builder(tls: &rustls::ClientConfig, timeout: Duration) -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .timeout(timeout)
        .connect_timeout(Duration::from_secs(5).min(timeout))
        .redirect(reqwest::redirect::Policy::none())
        // Between services on one network packing costs more time than it saves.
        .gzip(false)
        .no_proxy()
        .pool_max_idle_per_host(16)
        .tls_backend_preconfigured(tls.clone())
}

fn refused(peer: &str, why: &impl std::fmt::Display) -> CallError {
    CallError::Refused { peer: peer.to_owned(), why: why.to_string() }
}

/// Scheme, host and port: what may stand in a log, where a path or a query may not.
fn peer_of(url: &str) -> String {
    url::Url::parse(url)
        .ok()
        .map_or_else(|| "an unreadable address".to_owned(), |u| u.origin().ascii_serialization())
}

async fn send(request: reqwest::RequestBuilder, peer: String) -> Result<Answer, CallError> {
    let mut response = match request.headers(trace_headers()).send().await {
        Ok(response) => response,
        Err(error) if error.is_connect() || error.is_builder() => {
            return Err(refused(&peer, &error.without_url()));
        }
        Err(error) => return Err(CallError::Unknown { peer, why: error.without_url().to_string() }),
    };
    let status = response.status();
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() <= MAX_RESPONSE => body.extend_from_slice(&chunk),
            Ok(Some(_)) => {
                return Err(CallError::Unknown { peer, why: "the answer is larger than 64 MiB".to_owned() });
            }
            Ok(None) => break,
            Err(error) => return Err(CallError::Unknown { peer, why: error.without_url().to_string() }),
        }
    }
    let body = Bytes::from(body);
    match status.as_u16() {
        200..=299 => Ok(Answer { status: status.as_u16(), body, peer }),
        408 => Err(CallError::Unknown { peer, why: "HTTP 408".to_owned() }),
        400..=499 => Err(CallError::Rejected { peer, status: status.as_u16(), body }),
        other => Err(CallError::Unknown { peer, why: format!("HTTP {other}") }),
    }
}

struct Headers<'a>(&'a mut HeaderMap);

impl Injector for Headers<'_> {
    fn set(&mut self, key: &str, value: String) {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(key), HeaderValue::from_str(&value)) {
            self.0.insert(name, value);
        }
    }
}

fn trace_headers() -> HeaderMap {
    let mut headers = HeaderMap::new();
    let context = tracing::Span::current().context();
    opentelemetry::global::get_text_map_propagator(|p| {
        p.inject_context(&context, &mut Headers(&mut headers));
    });
    headers
}
