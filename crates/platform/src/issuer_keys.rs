//! The public keys of an issuer of tokens: fetched when needed, kept when the issuer is away.

use std::{
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::{Duration, Instant},
};

use g2p_crypto::Jwks;
use serde_json::Value;
use time::OffsetDateTime;
use tokio::sync::OwnedMutexGuard;

use crate::{ApiError, Clock, HttpClient};

/// Keys younger than this are used without asking.
const FRESH: time::Duration = time::Duration::minutes(10);
/// Older ones are used while the issuer does not answer, up to this age: a key that it withdrew must stop some time.
const USABLE: time::Duration = time::Duration::hours(24);
/// Between two fetches that an unknown key id or an old set caused. Anybody can send a token with an unknown key id.
const REFETCH_PAUSE: Duration = Duration::from_secs(10);
/// Between two fetches while there are no keys at all.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// How long a request waits for the first keys: service and issuer may be starting side by side.
const FIRST_WAIT: Duration = Duration::from_secs(3);
/// A fetch that takes longer has failed.
const FETCH_TIMEOUT: Duration = Duration::from_secs(10);

/// The issuer's keys. Shared by all workers of a service.
#[derive(Debug)]
pub(crate) struct IssuerKeys {
    issuer: String,
    jwks_url: Option<String>,
    http: HttpClient,
    clock: Clock,
    held: RwLock<Option<Held>>,
    /// When the last fetch was begun that the pauses count from.
    begun: Mutex<Option<Instant>>,
    /// One fetch at a time; the others wait for its keys.
    fetching: Arc<tokio::sync::Mutex<()>>,
}

#[derive(Debug, Clone)]
struct Held {
    keys: Arc<Jwks>,
    since: OffsetDateTime,
}

impl IssuerKeys {
    pub(crate) fn new(issuer: String, jwks_url: Option<String>, http: HttpClient, clock: Clock) -> Self {
        Self {
            issuer,
            jwks_url,
            http,
            clock,
            held: RwLock::new(None),
            begun: Mutex::new(None),
            fetching: Arc::default(),
        }
    }

    pub(crate) fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The keys to verify with.
    ///
    /// # Errors
    /// 503 when there are none and the issuer does not answer.
    pub(crate) async fn current(self: &Arc<Self>) -> Result<Arc<Jwks>, ApiError> {
        let held = self.held();
        match held {
            Some(held) if self.age(&held) < FRESH => Ok(held.keys),
            Some(held) if self.age(&held) < USABLE => {
                if self.may_begin(REFETCH_PAUSE) {
                    // Not in the request: it has keys to go on with.
                    let own = Arc::clone(self);
                    tokio::spawn(async move { own.fetch_or_keep().await });
                }
                Ok(held.keys)
            }
            _ => self.first().await,
        }
    }

    /// The keys after a token named a key that is not among `known`: fetched again, unless that was done a moment ago.
    pub(crate) async fn renewed(self: &Arc<Self>, known: &Arc<Jwks>) -> Arc<Jwks> {
        let one = Arc::clone(&self.fetching).lock_owned().await;
        let newer = || self.held().map(|held| held.keys).filter(|keys| !Arc::ptr_eq(keys, known));
        if let Some(keys) = newer() {
            return keys;
        }
        if self.may_begin(REFETCH_PAUSE) {
            let own = Arc::clone(self);
            detached(one, async move { own.fetch_or_keep().await }).await;
        }
        newer().unwrap_or_else(|| Arc::clone(known))
    }

    async fn first(self: &Arc<Self>) -> Result<Arc<Jwks>, ApiError> {
        let until = Instant::now() + FIRST_WAIT;
        loop {
            match self.first_now().await {
                Err(_) if Instant::now() + FIRST_PAUSE < until => tokio::time::sleep(FIRST_PAUSE).await,
                outcome => return outcome,
            }
        }
    }

    async fn first_now(self: &Arc<Self>) -> Result<Arc<Jwks>, ApiError> {
        let one = Arc::clone(&self.fetching).lock_owned().await;
        if let Some(held) = self.held().filter(|held| self.age(held) < USABLE) {
            return Ok(held.keys);
        }
        if !self.may_begin(FIRST_PAUSE) {
            return Err(ApiError::unavailable("the keys of the token issuer could not be had a moment ago"));
        }
        let own = Arc::clone(self);
        let fetched = detached(one, async move {
            let keys = own.hold(own.fetch().await?);
            // The first fetch is not one that an unknown key id caused: that one is still free.
            *own.begun.lock().unwrap_or_else(PoisonError::into_inner) = None;
            anyhow::Ok(keys)
        });
        match fetched.await {
            Some(Ok(keys)) => Ok(keys),
            Some(Err(error)) => Err(ApiError::unavailable(format!("keys of the token issuer: {error:#}"))),
            None => Err(ApiError::unavailable("the fetch of the token issuer's keys was broken off")),
        }
    }

    async fn fetch_or_keep(&self) {
        match self.fetch().await {
            Ok(keys) => {
                self.hold(keys);
            }
            Err(error) => {
                metrics::counter!("oidc_keys_failed_total").increment(1);
                tracing::warn!(error = %format!("{error:#}"), "the keys of the token issuer could not be renewed; the present ones are used");
            }
        }
    }

    async fn fetch(&self) -> anyhow::Result<Jwks> {
        match tokio::time::timeout(FETCH_TIMEOUT, self.download()).await {
            Ok(outcome) => outcome,
            Err(_) => anyhow::bail!("no answer within {FETCH_TIMEOUT:?}"),
        }
    }

    async fn download(&self) -> anyhow::Result<Jwks> {
        let url = match &self.jwks_url {
            Some(url) => url.clone(),
            None => self.discovered().await?,
        };
        let keys = Jwks::from_value(&self.http.get(&url).await?.json::<Value>()?)?;
        anyhow::ensure!(!keys.keys.is_empty(), "the issuer's key set is empty");
        Ok(keys)
    }

    async fn discovered(&self) -> anyhow::Result<String> {
        let url = format!("{}/.well-known/openid-configuration", self.issuer.trim_end_matches('/'));
        let document: Value = self.http.get(&url).await?.json()?;
        let text = |key: &str| document.get(key).and_then(Value::as_str);
        // OpenID Connect Discovery 4.3: a document of somebody else must not name our keys.
        anyhow::ensure!(
            text("issuer") == Some(self.issuer.as_str()),
            "the discovery document is that of another issuer than the configured one"
        );
        let keys = text("jwks_uri");
        Ok(keys.ok_or_else(|| anyhow::anyhow!("the discovery document has no jwks_uri"))?.to_owned())
    }

    fn held(&self) -> Option<Held> {
        self.held.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn hold(&self, keys: Jwks) -> Arc<Jwks> {
        let keys = Arc::new(keys);
        let held = Held { keys: Arc::clone(&keys), since: self.clock.now() };
        *self.held.write().unwrap_or_else(PoisonError::into_inner) = Some(held);
        keys
    }

    /// By the service's clock, which tests can move. One that was moved back makes the keys fresh.
    fn age(&self, held: &Held) -> time::Duration {
        self.clock.now() - held.since
    }

    fn may_begin(&self, pause: Duration) -> bool {
        let mut begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        let may = begun.is_none_or(|at| at.elapsed() >= pause);
        if may {
            *begun = Some(Instant::now());
        }
        may
    }
}

/// Runs a fetch to its end, although the request that began it may be given up meanwhile (its client went away, or
/// another part of it turned out wrong): the next request is to find the keys. `one` is held until then.
async fn detached<T: Send + 'static>(
    one: OwnedMutexGuard<()>,
    fetch: impl Future<Output = T> + Send + 'static,
) -> Option<T> {
    let task = tokio::spawn(async move {
        let outcome = fetch.await;
        drop(one);
        outcome
    });
    task.await.ok()
}
