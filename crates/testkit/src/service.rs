//! A real service on a free port: its own database or a shared one, its workers, an issuer of user tokens, and
//! registered partners to call it as.

use std::{sync::Arc, time::Duration};

use g2p_crypto::{SigningKey, canonical_json, sign_detached};
use platform::{
    Clock, CommonConfig, HttpClient, Policy, Service,
    config::Loaded,
    partners::{self, Mode},
    server::{self, EVENTS_SCHEMA, Running},
    service::{all_migrations, default_partner_id, schema_name},
    telemetry::{self, LogOutput},
};
use reqwest::RequestBuilder;
use serde::Serialize;
use serde_json::{Value, json};
use storage::{Db, SqlMigration, sql};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::{Reply, TestDb, TestIssuer, wait_for};

/// Time limit of one call.
const CALL_TIMEOUT: Duration = Duration::from_secs(30);
/// How long [`TestService::settled`] waits.
const SETTLE_TIMEOUT: Duration = Duration::from_secs(60);

/// Schema and migrations of a service, for [`TestDb::new`].
#[must_use]
pub fn schema_of<S: Service>() -> (String, Vec<SqlMigration>) {
    (schema_name(S::NAME), all_migrations::<S>())
}

impl TestDb {
    /// A database for these services (see [`schema_of`]) and the Postgres transport for their events.
    ///
    /// # Panics
    /// As [`TestDb::new`].
    pub async fn for_services(schemas: &[(String, Vec<SqlMigration>)]) -> Self {
        let mut all: Vec<(&str, Vec<SqlMigration>)> =
            schemas.iter().map(|(schema, steps)| (schema.as_str(), steps.clone())).collect();
        all.push((EVENTS_SCHEMA, events::postgres::MIGRATIONS.to_vec()));
        Self::new(&all).await
    }
}

/// The running service. Dropping it ends it; [`TestService::stop`] ends it in order.
pub struct TestService<S: Service> {
    // Fields are dropped in this order: the service before its database.
    _stop: DropGuard,
    running: Option<Running>,
    pool: Db,
    key: Arc<SigningKey>,
    issuer: TestIssuer,
    client: reqwest::Client,
    db: Arc<TestDb>,
    service: std::marker::PhantomData<S>,
}

impl<S: Service> TestService<S> {
    /// Starts the service on a database of its own. `change` may change every setting, the service's own
    /// (`loaded.service`) and the common ones (`loaded.common`).
    ///
    /// # Panics
    /// When it does not start.
    pub async fn start(change: impl FnOnce(&mut Loaded<S::Config>)) -> Self {
        let db = TestDb::for_services(&[schema_of::<S>()]).await;
        Self::start_on(Arc::new(db), change).await
    }

    /// Starts the service on a database made by [`TestDb::for_services`], beside others.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn start_on(db: Arc<TestDb>, change: impl FnOnce(&mut Loaded<S::Config>)) -> Self {
        platform::init_crypto();
        let schema = schema_name(S::NAME);
        let issuer = TestIssuer::start().await;
        let key = Arc::new(SigningKey::generate_ed25519().expect("a key for the service"));
        let common = CommonConfig {
            database_url: Some(db.url(&schema).into()),
            database_max_connections: 6,
            http_workers: 1,
            log_level: std::env::var("RUST_LOG").unwrap_or_else(|_| "warn".to_owned()),
            log_format: "text".to_owned(),
            oidc_issuer: Some(issuer.url()),
            signing_key: Some(key.to_pkcs8_pem().as_str().to_owned().into()),
            poll_interval_ms: 25,
            ..CommonConfig::default()
        };
        let mut loaded = Loaded { common, service: S::Config::default() };
        change(&mut loaded);
        // One per process: the first service of a test decides.
        let _ = telemetry::init(S::NAME, &loaded.common, &LogOutput::Stderr).expect("telemetry");
        let shutdown = CancellationToken::new();
        let running = server::start::<S>(loaded, shutdown.clone()).await;
        let running = running.unwrap_or_else(|e| panic!("{} does not start: {e:#}", S::NAME));
        let client =
            reqwest::Client::builder().timeout(CALL_TIMEOUT).no_proxy().build().expect("an HTTP client");
        Self {
            _stop: shutdown.drop_guard(),
            running: Some(running),
            pool: db.db(&schema).await,
            key,
            issuer,
            client,
            db,
            service: std::marker::PhantomData,
        }
    }

    fn running(&self) -> &Running {
        self.running.as_ref().expect("the service runs")
    }

    /// `http://127.0.0.1:port`, without a slash at the end: what peers are configured with.
    #[must_use]
    pub fn url(&self) -> String {
        self.running().url()
    }

    /// The same of the admin port: health, metrics, version.
    #[must_use]
    pub fn admin_url(&self) -> String {
        format!("http://{}", self.running().admin_addr)
    }

    /// A pool of the service's own role, to look at what it stored.
    #[must_use]
    pub fn db(&self) -> &Db {
        &self.pool
    }

    /// The database it runs on.
    #[must_use]
    pub fn test_db(&self) -> &Arc<TestDb> {
        &self.db
    }

    /// The issuer whose user tokens it accepts.
    #[must_use]
    pub fn issuer(&self) -> &TestIssuer {
        &self.issuer
    }

    /// The public key that the service signs with.
    #[must_use]
    pub fn public_keys(&self) -> g2p_crypto::Jwks {
        self.key.public_jwks()
    }

    /// Calls without credentials.
    #[must_use]
    pub fn anonymous(&self) -> Session {
        Session { base: self.url(), token: None, client: self.client.clone() }
    }

    /// Calls as a user whose name and only role is `role`: `admin`, `maker`, `checker`, `helpdesk`.
    #[must_use]
    pub fn user(&self, role: &str) -> Session {
        let token = self.issuer.token(role, &[role]);
        Session { token: Some(token), ..self.anonymous() }
    }

    /// Registers a strict partner with a new key and these permission patterns (`*:*` for all), to call as.
    ///
    /// # Panics
    /// When it cannot be registered.
    pub async fn partner(&self, id: &str, permissions: &[&str]) -> TestPartner {
        let permissions = permissions.iter().map(|p| (*p).to_owned()).collect();
        self.partner_with(id, Mode::Strict, Policy { permissions, ..Policy::default() }).await
    }

    /// As [`TestService::partner`], with mode and policy of the caller's choice.
    ///
    /// # Panics
    /// When it cannot be registered.
    pub async fn partner_with(&self, id: &str, mode: Mode, policy: Policy) -> TestPartner {
        let key = Arc::new(SigningKey::generate_ed25519().expect("a key for the partner"));
        partners::put(&self.pool, id, mode, &json!(key.public_jwks()), &policy).await.expect("the partner");
        let partner = TestPartner { id: id.to_owned(), key, session: self.anonymous() };
        let token = partner.http_client().service_token(S::NAME).expect("a service token");
        TestPartner { session: Session { token: Some(token), ..partner.session }, ..partner }
    }

    /// Makes `peer`, another running service, accept what this one signs, with these permission patterns.
    ///
    /// # Panics
    /// When the peer's database refuses.
    pub async fn introduce_to<P: Service>(&self, peer: &TestService<P>, permissions: &[&str]) {
        let permissions = permissions.iter().map(|p| (*p).to_owned()).collect();
        let policy = Policy { permissions, ..Policy::default() };
        let id = default_partner_id(S::NAME);
        partners::put(&peer.pool, &id, Mode::Strict, &json!(self.key.public_jwks()), &policy)
            .await
            .expect("the peer knows us");
    }

    /// Waits until the service has nothing left to do: no event to publish or apply, no job. Of other services on the
    /// same database only the events on their way to them count.
    ///
    /// # Panics
    /// When it is not done in a minute, or a job or an event was given up.
    pub async fn settled(&self) {
        wait_for(&format!("{} to settle", S::NAME), SETTLE_TIMEOUT, || async {
            let given_up: Vec<String> = sql::scalars(
                self.pool.conn(),
                "SELECT 'job ' || kind || ': ' || coalesce(last_error, '') FROM jobs WHERE state = 'dead'
                 UNION ALL
                 SELECT 'event ' || coalesce(topic, '') || ': ' || error FROM dead_letter WHERE state = 'open'",
                [],
            )
            .await
            .expect("the work tables");
            assert!(given_up.is_empty(), "{} gave up: {given_up:?}", S::NAME);
            let open: Option<i64> = sql::scalar(
                self.pool.conn(),
                "SELECT (SELECT count(*) FROM outbox WHERE published_at IS NULL)
                      + (SELECT count(*) FROM parked)
                      + (SELECT count(*) FROM jobs WHERE state IN ('pending', 'running'))
                      + (SELECT count(*) FROM openg2p_events.delivery)",
                [],
            )
            .await
            .expect("the work tables");
            (open == Some(0)).then_some(())
        })
        .await;
    }

    /// Ends the service in order, as SIGTERM does, and returns its database, to look at or to start it on again.
    ///
    /// # Panics
    /// Never after a successful start.
    pub async fn stop(mut self) -> Arc<TestDb> {
        self.running.take().expect("the service runs").stop().await;
        Arc::clone(&self.db)
    }
}

/// Calls of one caller.
#[derive(Clone)]
pub struct Session {
    base: String,
    token: Option<String>,
    client: reqwest::Client,
}

impl Session {
    /// GET of a path that starts with `/`.
    ///
    /// # Panics
    /// When there is no answer.
    pub async fn get(&self, path: &str) -> Reply {
        self.send(path, reqwest::Method::GET, |request| request).await
    }

    /// POST of JSON.
    ///
    /// # Panics
    /// When there is no answer.
    pub async fn post(&self, path: &str, body: &(impl Serialize + ?Sized)) -> Reply {
        self.send(path, reqwest::Method::POST, |request| request.json(body)).await
    }

    /// POST of exact bytes: malformed JSON, wrong encodings.
    ///
    /// # Panics
    /// When there is no answer.
    pub async fn post_bytes(&self, path: &str, content_type: &str, body: impl Into<Vec<u8>>) -> Reply {
        let body = body.into();
        self.send(path, reqwest::Method::POST, |r| r.header("Content-Type", content_type).body(body)).await
    }

    /// Any request: headers, multipart, other methods.
    ///
    /// # Panics
    /// When there is no answer.
    pub async fn send(
        &self,
        path: &str,
        method: reqwest::Method,
        build: impl FnOnce(RequestBuilder) -> RequestBuilder,
    ) -> Reply {
        let mut request = self.client.request(method, format!("{}{path}", self.base));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        Reply::of(build(request)).await
    }
}

/// A partner system that a [`TestService`] knows.
pub struct TestPartner {
    id: String,
    key: Arc<SigningKey>,
    session: Session,
}

impl TestPartner {
    /// Partner id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The same partner calling another replica of the service.
    #[must_use]
    pub fn through<S: Service>(&self, replica: &TestService<S>) -> Self {
        let session = Session { base: replica.url(), ..self.session.clone() };
        Self { id: self.id.clone(), key: Arc::clone(&self.key), session }
    }

    /// The key it signs with.
    #[must_use]
    pub fn key(&self) -> &Arc<SigningKey> {
        &self.key
    }

    /// Calls to own APIs (`/api/v1/…`) with a service token. Tokens live one minute.
    #[must_use]
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// The outgoing client as a service has it, signing as this partner.
    ///
    /// # Panics
    /// Never: there is no CA file to read.
    #[must_use]
    pub fn http_client(&self) -> HttpClient {
        HttpClient::new(Arc::clone(&self.key), self.id.clone(), Clock::default(), CALL_TIMEOUT, None)
            .expect("an HTTP client")
    }

    /// Posts a partner message: canonical JSON with a detached signature in the header `Signature`.
    ///
    /// # Panics
    /// When there is no answer.
    pub async fn post_signed(&self, path: &str, message: &Value) -> Reply {
        let bytes = canonical_json(message);
        let signature = sign_detached(&self.key, &bytes).expect("a signature");
        self.post_with_signature(path, bytes, &signature).await
    }

    /// Posts bytes with a signature of the caller's choice: wrong ones, old ones, over other bytes.
    ///
    /// # Panics
    /// When there is no answer.
    pub async fn post_with_signature(&self, path: &str, body: Vec<u8>, signature: &str) -> Reply {
        let build = |request: RequestBuilder| {
            let request = request.header("Content-Type", "application/json").header("Signature", signature);
            request.header("X-Sender-Id", &self.id).body(body)
        };
        let without_token = Session { token: None, ..self.session.clone() };
        without_token.send(path, reqwest::Method::POST, build).await
    }
}
