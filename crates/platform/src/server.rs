//! Starts a service: pool, state, HTTP and admin server, workers; and stops it without dropping work.

use std::{
    net::{SocketAddr, TcpListener},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use actix_web::{App, HttpServer, dev::ServerHandle, web};
use g2p_crypto::SigningKey;
use secrecy::{ExposeSecret, SecretString};
use storage::{Db, DbOptions, Tls};
use tokio::task::JoinHandle;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    Authenticator, Clock, CommonConfig, HttpClient, PartnerRegistry,
    admin::{self, Readiness},
    body::BodyLimit,
    config::Loaded,
    http_app,
    http_guard::Guard,
    origin::TrustedProxies,
    service::{Runtime, Service, all_migrations, default_partner_id, schema_name},
    signed::SignedSettings,
};

/// Schema of the Postgres transport.
pub const EVENTS_SCHEMA: &str = "openg2p_events";

/// A service that runs.
#[derive(Debug)]
pub struct Running {
    /// Name of the service.
    pub name: &'static str,
    /// Address of its APIs.
    pub addr: SocketAddr,
    /// Address of health and metrics.
    pub admin_addr: SocketAddr,
    http: Option<ServerHandle>,
    admin: ServerHandle,
    tasks: TaskTracker,
    shutdown: CancellationToken,
    draining: Arc<AtomicBool>,
    drain_delay: Duration,
    db: Db,
}

/// How long workers may take to hand back what they hold.
const WORKERS_STOP: Duration = Duration::from_secs(30);
/// How long the pool may take to get its connections back.
const POOL_CLOSES: Duration = Duration::from_secs(5);

impl Running {
    /// Stops in the order that loses nothing: readiness turns 503; `drain_delay_ms` later the port closes and requests
    /// in flight end; workers finish or hand back what they hold; health and metrics end last; the pool closes.
    pub async fn stop(self) {
        self.draining.store(true, Ordering::SeqCst);
        tokio::time::sleep(self.drain_delay).await;
        if let Some(http) = &self.http {
            http.stop(true).await;
        }
        self.shutdown.cancel();
        self.tasks.close();
        if tokio::time::timeout(WORKERS_STOP, self.tasks.wait()).await.is_err() {
            tracing::warn!(
                service = self.name,
                "workers did not stop in {WORKERS_STOP:?}; their leases run out by themselves"
            );
        }
        self.admin.stop(true).await;
        if tokio::time::timeout(POOL_CLOSES, self.db.close()).await.is_err() {
            tracing::warn!(service = self.name, "connections to the database were left open");
        }
    }

    /// `http://host:port` of the APIs.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }
}

/// Options of the pool for a configuration.
///
/// # Errors
/// When there is no database URL.
pub fn db_options(
    config: &CommonConfig,
    url: Option<&SecretString>,
    schema: &str,
) -> anyhow::Result<DbOptions> {
    let url = url.ok_or_else(|| anyhow::anyhow!("database_url is missing"))?;
    let mut options = DbOptions::new(url.clone(), schema);
    options.max_connections = config.database_max_connections;
    options.tls = Tls { mode: config.database_tls_mode.clone(), ca_file: config.database_ca_file.clone() };
    Ok(options)
}

/// Starts a service and returns once it listens.
///
/// # Errors
/// When the port is taken, the key cannot be read, or the state cannot be built.
pub async fn start<S: Service>(
    loaded: Loaded<S::Config>,
    shutdown: CancellationToken,
) -> anyhow::Result<Running> {
    crate::init_crypto();
    S::validate(&loaded.service).map_err(|why| anyhow::anyhow!("configuration: {why}"))?;
    let settings = Arc::new(loaded.common);
    let shutdown = shutdown.child_token();
    let runtime = runtime::<S>(&settings, &shutdown).await?;
    let steps = all_migrations::<S>();
    if settings.migrate_on_start {
        crate::cli::migrate_schema::<S>(&settings).await?;
    }
    let state = S::state(loaded.service, &runtime).await?;
    // Before anything listens: a wrong broker URL is an error of the start.
    let transport = transport(&settings).await?;
    let tasks = TaskTracker::new();
    let draining = Arc::new(AtomicBool::new(false));
    let failed = Arc::new(AtomicBool::new(false));

    let listener =
        settings.serves_http().then(|| listen(S::NAME, &settings.host, settings.port)).transpose()?;
    let admin_port = if settings.port == 0 { 0 } else { settings.port.saturating_add(1000) };
    let admin_listener = listen(S::NAME, &settings.host, admin_port)?;
    let admin_addr = admin_listener.local_addr()?;
    let addr = match &listener {
        Some(listener) => listener.local_addr()?,
        None => SocketAddr::new(admin_addr.ip(), settings.port),
    };

    let readiness = Readiness {
        service: S::NAME,
        db: runtime.db.clone(),
        steps: Arc::new(steps),
        transport: Arc::clone(&transport),
        consumers: Arc::new(S::consumers(&state).iter().map(|c| c.name().to_owned()).collect()),
        draining: Arc::clone(&draining),
        failed: Arc::clone(&failed),
    };
    let admin = serve_admin(admin_listener, readiness)?;
    let watch = Watch {
        service: S::NAME,
        tasks: tasks.clone(),
        stop: shutdown.clone(),
        draining: Arc::clone(&draining),
        failed,
    };
    let http = match listener {
        Some(listener) => Some(serve_http::<S>(listener, &runtime, state.clone(), &watch)?),
        None => None,
    };
    if settings.runs_workers() {
        start_workers::<S>(&runtime, &state, transport, &watch);
    }
    tasks.spawn(upkeep(shutdown.clone()));
    tracing::info!(service = S::NAME, address = %addr, "started");
    let drain_delay = Duration::from_millis(settings.drain_delay_ms);
    Ok(Running {
        name: S::NAME,
        addr,
        admin_addr,
        http,
        admin,
        tasks,
        shutdown,
        draining,
        drain_delay,
        db: runtime.db,
    })
}

fn listen(service: &str, host: &str, port: u16) -> anyhow::Result<TcpListener> {
    TcpListener::bind((host, port))
        .map_err(|e| anyhow::Error::new(e).context(format!("{service} cannot listen on {host}:{port}")))
}

async fn upkeep(stop: CancellationToken) {
    while tokio::time::timeout(Duration::from_secs(10), stop.cancelled()).await.is_err() {
        crate::telemetry::upkeep_metrics();
    }
}

async fn runtime<S: Service>(
    settings: &Arc<CommonConfig>,
    shutdown: &CancellationToken,
) -> anyhow::Result<Runtime> {
    if let Some(path) = &settings.database_ca_file {
        // The pool connects later, and its error would name no file.
        let readable = std::fs::read(path);
        readable.map_err(|e| anyhow::anyhow!("database_ca_file {} cannot be read: {e}", path.display()))?;
    }
    let db =
        Db::connect(&db_options(settings, settings.database_url.as_ref(), &schema_name(S::NAME))?).await?;
    let keys = Arc::new(match &settings.signing_key {
        Some(pem) => SigningKey::from_pkcs8_pem(pem.expose_secret())?,
        None => {
            tracing::warn!(service = S::NAME, "no signing_key: a new one was made, which no peer knows");
            SigningKey::generate_ed25519()?
        }
    });
    let clock = Clock::with_offset(settings.clock_offset_seconds);
    let partner_id = settings.partner_id.clone().unwrap_or_else(|| default_partner_id(S::NAME));
    let http = HttpClient::new(
        Arc::clone(&keys),
        partner_id,
        clock.clone(),
        Duration::from_secs(settings.call_timeout_seconds),
        settings.ca_file.as_deref(),
    )?;
    if settings.anonymous_partner {
        tracing::warn!(
            service = S::NAME,
            "unsigned callers are admitted as the partner *: anonymous_partner is on"
        );
    }
    let partners = PartnerRegistry::new(db.clone(), settings.anonymous_partner);
    Ok(Runtime {
        name: S::NAME,
        db,
        http,
        keys,
        partners,
        clock,
        settings: Arc::clone(settings),
        shutdown: shutdown.clone(),
    })
}

/// Not among the tracked tasks: it answers until they have ended.
fn serve_admin(listener: TcpListener, readiness: Readiness) -> anyhow::Result<ServerHandle> {
    let version = env!("CARGO_PKG_VERSION");
    metrics::gauge!("build_info", "service" => schema_name(readiness.service), "version" => version).set(1.0);
    let server = HttpServer::new(move || {
        App::new().app_data(web::Data::new(readiness.clone())).configure(admin::routes)
    })
    .workers(1)
    .disable_signals()
    .shutdown_timeout(1)
    .listen(listener)?
    .run();
    let handle = server.handle();
    tokio::spawn(server);
    Ok(handle)
}

fn serve_http<S: Service>(
    listener: TcpListener,
    runtime: &Runtime,
    state: S::State,
    watch: &Watch,
) -> anyhow::Result<ServerHandle> {
    let settings = Arc::clone(&runtime.settings);
    let timeout = Duration::from_secs(settings.request_timeout_seconds);
    let proxies = TrustedProxies::parse(&settings.trusted_proxies).map_err(|entry| {
        anyhow::anyhow!("trusted_proxies has \"{entry}\", which is no address or network")
    })?;
    let shared = http_app::Shared {
        authenticator: Authenticator::new(
            S::NAME,
            &settings,
            runtime.http.clone(),
            runtime.partners.clone(),
            runtime.clock.clone(),
        ),
        signed: SignedSettings {
            partners: runtime.partners.clone(),
            clock: runtime.clock.clone(),
            max_body: settings.max_body_bytes,
            max_skew_seconds: settings.max_skew_seconds,
            service: S::NAME,
        },
        body_limit: BodyLimit(settings.max_body_bytes),
        proxies,
        base_path: settings.base_path.clone(),
        guard: Guard { service: S::NAME, timeout, draining: Arc::clone(&watch.draining) },
    };
    let state = web::Data::new(state);
    let server = HttpServer::new(move || http_app::app::<S>(shared.clone(), state.clone()))
        .workers(settings.http_workers)
        .disable_signals()
        // A request that was taken may use its time; then nothing is in flight any more.
        .shutdown_timeout(settings.request_timeout_seconds.saturating_add(1))
        .client_request_timeout(Duration::from_secs(20))
        .listen(listener)?
        .run();
    let handle = server.handle();
    watch.over(
        "the HTTP server",
        tokio::spawn(async move {
            if let Err(error) = server.await {
                tracing::error!(error = %error, "the HTTP server failed");
            }
        }),
    );
    Ok(handle)
}

/// The transport of a configuration: RabbitMQ when it has a URL, else Postgres.
///
/// # Errors
/// When the URL is not usable.
pub async fn transport(settings: &CommonConfig) -> anyhow::Result<Arc<dyn events::Transport>> {
    let config = match &settings.amqp_url {
        Some(url) => events::TransportConfig::Rabbit {
            url: url.clone(),
            ca_file: settings.ca_file.clone(),
            prefix: settings.amqp_prefix.clone(),
        },
        None => {
            let options = db_options(settings, settings.database_url.as_ref(), EVENTS_SCHEMA)?;
            events::TransportConfig::Postgres { db: Db::connect(&options).await? }
        }
    };
    config.connect()
}

/// Makes the transport keep events for the service's consumers from now on, so that nothing is lost that others publish
/// before its first start.
///
/// # Errors
/// When the state cannot be built from this configuration, or the transport does not answer.
pub async fn declare_consumers<S: Service>(loaded: Loaded<S::Config>) -> anyhow::Result<()> {
    crate::init_crypto();
    let settings = Arc::new(loaded.common);
    let runtime = runtime::<S>(&settings, &CancellationToken::new()).await?;
    let state = S::state(loaded.service, &runtime).await?;
    let consumers: Vec<_> = S::consumers(&state).iter().map(events::Consumer::spec).collect();
    if !consumers.is_empty() {
        events::declare(transport(&settings).await?.as_ref(), &consumers).await?;
    }
    runtime.db.close().await;
    Ok(())
}

fn start_workers<S: Service>(
    runtime: &Runtime,
    state: &S::State,
    transport: Arc<dyn events::Transport>,
    watch: &Watch,
) {
    let (db, stop) = (&runtime.db, &runtime.shutdown);
    let poll = Duration::from_millis(runtime.settings.poll_interval_ms.max(10));
    let options = events::Options { poll, ..events::Options::default() };
    watch.over("events", events::run(db.clone(), transport, S::consumers(state), options, stop.clone()));
    let lease = Duration::from_secs(runtime.settings.job_lease_seconds.max(1));
    let options = jobs::Options { poll, lease, ..jobs::Options::default() };
    watch.over("jobs", jobs::run(db.clone(), S::jobs(state), options, stop.clone()));
    watch.over("removal of old keys", tokio::spawn(purge(db.clone(), stop.clone())));
}

/// Knows the tasks that go on as long as the service.
struct Watch {
    service: &'static str,
    tasks: TaskTracker,
    stop: CancellationToken,
    draining: Arc<AtomicBool>,
    failed: Arc<AtomicBool>,
}

impl Watch {
    /// A task that ends before the service does is a bug. Liveness tells it, so that the service is started anew.
    fn over(&self, what: &'static str, task: JoinHandle<()>) {
        let (service, stop) = (self.service, self.stop.clone());
        let (draining, failed) = (Arc::clone(&self.draining), Arc::clone(&self.failed));
        self.tasks.spawn(async move {
            let panicked = task.await.is_err();
            if !stop.is_cancelled() && !draining.load(Ordering::SeqCst) {
                failed.store(true, Ordering::SeqCst);
                metrics::gauge!("worker_failed", "service" => schema_name(service)).set(1.0);
                tracing::error!(service, what, panicked, "it ended; the service must be started anew");
            }
        });
    }
}

async fn purge(db: Db, stop: CancellationToken) {
    while tokio::time::timeout(Duration::from_secs(600), stop.cancelled()).await.is_err() {
        if let Err(error) = crate::replay::purge(&db, crate::replay::RETENTION_DAYS).await {
            tracing::warn!(error = %error, "old message ids were not removed");
        }
    }
}
