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
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    Authenticator, Clock, CommonConfig, HttpClient, PartnerRegistry,
    admin::{self, Readiness},
    body::BodyLimit,
    config::Loaded,
    http_app,
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
    servers: Vec<ServerHandle>,
    tasks: TaskTracker,
    shutdown: CancellationToken,
    draining: Arc<AtomicBool>,
    db: Db,
}

impl Running {
    /// Stops: readiness turns 503, requests in flight end, workers hand back what they hold, the pool closes.
    pub async fn stop(self) {
        self.draining.store(true, Ordering::SeqCst);
        for server in &self.servers {
            server.stop(true).await;
        }
        self.shutdown.cancel();
        self.tasks.close();
        if tokio::time::timeout(Duration::from_secs(30), self.tasks.wait()).await.is_err() {
            tracing::warn!(
                service = self.name,
                "workers did not stop in 30 s; their leases run out by themselves"
            );
        }
        self.db.close().await;
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
    let tasks = TaskTracker::new();
    let draining = Arc::new(AtomicBool::new(false));

    let listener = TcpListener::bind((settings.host.as_str(), settings.port)).map_err(|e| {
        anyhow::anyhow!("{} cannot listen on {}:{}: {e}", S::NAME, settings.host, settings.port)
    })?;
    let admin_port = if settings.port == 0 { 0 } else { settings.port.saturating_add(1000) };
    let admin_listener = TcpListener::bind((settings.host.as_str(), admin_port))
        .map_err(|e| anyhow::anyhow!("{} cannot listen on {}:{admin_port}: {e}", S::NAME, settings.host))?;
    let (addr, admin_addr) = (listener.local_addr()?, admin_listener.local_addr()?);

    let mut servers = Vec::new();
    let readiness = Readiness::new(S::NAME, runtime.db.clone(), steps, Arc::clone(&draining));
    servers.push(serve_admin(admin_listener, readiness, &tasks)?);
    if settings.serves_http() {
        servers.push(serve_http::<S>(listener, &runtime, state.clone(), &tasks)?);
    }
    if settings.runs_workers() {
        start_workers::<S>(&runtime, &state, &tasks).await?;
    }
    tracing::info!(service = S::NAME, address = %addr, "started");
    Ok(Running { name: S::NAME, addr, admin_addr, servers, tasks, shutdown, draining, db: runtime.db })
}

async fn runtime<S: Service>(
    settings: &Arc<CommonConfig>,
    shutdown: &CancellationToken,
) -> anyhow::Result<Runtime> {
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

fn serve_admin(
    listener: TcpListener,
    readiness: Readiness,
    tasks: &TaskTracker,
) -> anyhow::Result<ServerHandle> {
    let server = HttpServer::new(move || {
        App::new().app_data(web::Data::new(readiness.clone())).configure(admin::routes)
    })
    .workers(1)
    .disable_signals()
    .shutdown_timeout(1)
    .listen(listener)?
    .run();
    let handle = server.handle();
    tasks.spawn(server);
    Ok(handle)
}

fn serve_http<S: Service>(
    listener: TcpListener,
    runtime: &Runtime,
    state: S::State,
    tasks: &TaskTracker,
) -> anyhow::Result<ServerHandle> {
    let settings = Arc::clone(&runtime.settings);
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
        },
        body_limit: BodyLimit(settings.max_body_bytes),
        base_path: settings.base_path.clone(),
        timeout: Duration::from_secs(settings.request_timeout_seconds),
    };
    let state = web::Data::new(state);
    let server = HttpServer::new(move || http_app::app::<S>(shared.clone(), state.clone()))
        .workers(settings.http_workers)
        .disable_signals()
        .shutdown_timeout(25)
        .client_request_timeout(Duration::from_secs(20))
        .listen(listener)?
        .run();
    let handle = server.handle();
    tasks.spawn(server);
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

async fn start_workers<S: Service>(
    runtime: &Runtime,
    state: &S::State,
    tasks: &TaskTracker,
) -> anyhow::Result<()> {
    let poll = Duration::from_millis(runtime.settings.poll_interval_ms.max(10));
    let transport = transport(&runtime.settings).await?;
    let options = events::Options { poll, ..events::Options::default() };
    let bus =
        events::run(runtime.db.clone(), transport, S::consumers(state), options, runtime.shutdown.clone());
    tasks.spawn(bus);
    let options = jobs::Options { poll, ..jobs::Options::default() };
    let worker = jobs::run(runtime.db.clone(), S::jobs(state), options, runtime.shutdown.clone());
    tasks.spawn(worker);
    let (db, stop) = (runtime.db.clone(), runtime.shutdown.clone());
    tasks.spawn(async move {
        while tokio::time::timeout(Duration::from_secs(600), stop.cancelled()).await.is_err() {
            if let Err(error) = crate::replay::purge(&db, 7).await {
                tracing::warn!(error = %error, "old message ids were not removed");
            }
        }
    });
    Ok(())
}
