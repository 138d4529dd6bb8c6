//! All services in one process, one port each, real HTTP between them: what `up`, `demo` and the end-to-end tests run.

use std::{collections::BTreeMap, path::Path};

use actix_web::dev::ServerHandle;
use anyhow::Context;
use platform::{
    Clock, Mode,
    config::{ENV_PREFIX, Loaded},
    partners,
    server::{self, Running},
    service::{Service, default_partner_id, schema_name},
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use storage::{
    Db, DbOptions,
    cluster::{Cluster, ClusterOptions, private_dir},
    sql,
};
use tokio_util::sync::CancellationToken;

use crate::{
    data_dir::DataDir,
    issuer::{Issuer, USERS},
    migrate,
    services::{SERVICES, Visitor, each},
    topology::EDGES,
};

/// What to start.
#[derive(Debug, Clone, Default)]
pub struct UpOptions {
    /// Administrator's URL of the database to use; the private cluster when absent.
    pub database_url: Option<SecretString>,
    /// RabbitMQ; the Postgres transport when absent.
    pub amqp_url: Option<SecretString>,
    /// Where keys and secrets are kept; beside the private cluster when absent.
    pub data_dir: Option<std::path::PathBuf>,
    /// Seconds all clocks run ahead.
    pub clock_offset_seconds: i64,
    /// Collector of traces.
    pub otlp_endpoint: Option<String>,
    /// Use any free ports instead of the default ones.
    pub free_ports: bool,
    /// More settings, as environment variables: `OPENG2P__G2P_BRIDGE__…`.
    pub settings: BTreeMap<String, String>,
}

/// The running platform.
#[derive(Debug)]
pub struct Up {
    /// Keys and secrets.
    pub data: DataDir,
    /// Token issuer.
    pub issuer: Issuer,
    /// URL of each service, by name.
    pub urls: BTreeMap<&'static str, String>,
    /// Admin URL (health, metrics, work) of each service, by name.
    pub admin_urls: BTreeMap<&'static str, String>,
    /// The administrator's database URL.
    pub admin_url: SecretString,
    /// The clock all share.
    pub clock: Clock,
    services: Vec<Running>,
    issuer_handle: ServerHandle,
}

impl Up {
    /// Prepares the database and starts everything.
    ///
    /// # Errors
    /// Says what could not be started and why.
    pub async fn start(options: &UpOptions) -> anyhow::Result<Self> {
        let (data, admin_url) = database(options).await?;
        migrate::prepare(&admin_url, |service| data.secret(&format!("role:{service}"))).await?;
        register_partners(&data, &admin_url).await?;
        let clock = Clock::with_offset(options.clock_offset_seconds);
        let ports = choose_ports(options.free_ports)?;
        let passwords =
            USERS.iter().map(|user| Ok(((*user).to_owned(), data.secret(&format!("user:{user}"))?)));
        let passwords = passwords.collect::<anyhow::Result<Vec<_>>>()?;
        let (issuer, issuer_handle) =
            Issuer::start(ports.issuer, data.key("issuer")?, passwords, clock.clone())?;
        let env = environment(options, &data, &admin_url, &ports, issuer.url())?;
        let mut starter = Start { env, services: Vec::new() };
        each(&mut starter).await?;
        let urls = starter.services.iter().map(|s| (s.name, s.url())).collect();
        let admin_urls =
            starter.services.iter().map(|s| (s.name, format!("http://{}", s.admin_addr))).collect();
        Ok(Self {
            data,
            issuer,
            urls,
            admin_urls,
            admin_url,
            clock,
            services: starter.services,
            issuer_handle,
        })
    }

    /// URL of a service.
    #[must_use]
    pub fn url(&self, service: &str) -> &str {
        self.urls.get(service).map_or("", String::as_str)
    }

    /// A pool on a service's schema, as its own role.
    ///
    /// # Errors
    /// When the secret cannot be read.
    pub async fn db(&self, service: &str) -> anyhow::Result<Db> {
        service_db(&self.data, &self.admin_url, service).await
    }

    /// Stops everything, callers first.
    pub async fn stop(self) {
        let mut services = self.services;
        services.reverse();
        for service in services {
            service.stop().await;
        }
        self.issuer_handle.stop(true).await;
    }
}

/// A pool on the schema of a service, as the service's role.
///
/// # Errors
/// When the secret cannot be read.
pub async fn service_db(data: &DataDir, admin: &SecretString, service: &str) -> anyhow::Result<Db> {
    let role = schema_name(service);
    let url = migrate::role_url(admin, &role, &data.secret(&format!("role:{service}"))?)?;
    let mut options = DbOptions::new(url, &role);
    options.max_connections = 2;
    Ok(Db::connect(&options).await?)
}

/// The database to use: the one that was named, or the private cluster, found or started.
pub(crate) async fn database(options: &UpOptions) -> anyhow::Result<(DataDir, SecretString)> {
    let here = std::env::current_dir()?;
    if let Some(url) = &options.database_url {
        let root = options.data_dir.clone().unwrap_or_else(|| here.join(".openg2p"));
        return Ok((DataDir::open(&root)?, url.clone()));
    }
    let (cluster, root) = tokio::task::spawn_blocking(move || start_cluster(&here)).await??;
    let data = DataDir::open(options.data_dir.as_deref().unwrap_or(&root))?;
    let admin = Db::connect(&DbOptions::new(cluster.admin_url("postgres"), "public")).await?;
    let exists: Option<bool> =
        sql::scalar(admin.conn(), "SELECT EXISTS (SELECT FROM pg_database WHERE datname = 'openg2p')", [])
            .await?;
    if exists != Some(true) {
        sql::execute(admin.conn(), "CREATE DATABASE openg2p", []).await?;
    }
    admin.close().await;
    Ok((data, cluster.admin_url("openg2p")))
}

fn start_cluster(here: &Path) -> anyhow::Result<(Cluster, std::path::PathBuf)> {
    let options = ClusterOptions::development(here)?;
    let cluster = Cluster::find_or_start(&options)?;
    // Keys and secrets belong to the person who runs this, not to the account of the server.
    let root = private_dir(&here.join(".openg2p"))?;
    Ok((cluster, root.join("platform")))
}

/// Registers every partner of [`EDGES`] with its key.
///
/// # Errors
/// When the database refuses.
pub async fn register_partners(data: &DataDir, admin: &SecretString) -> anyhow::Result<()> {
    for edge in EDGES {
        let db = service_db(data, admin, edge.service).await?;
        let jwks = json!({"keys": [data.key(edge.partner)?.public_jwk()]});
        partners::put(&db, edge.partner, Mode::Strict, &jwks, &edge.policy())
            .await
            .with_context(|| format!("registering {} at {}", edge.partner, edge.service))?;
        db.close().await;
    }
    Ok(())
}

struct Ports {
    issuer: u16,
    services: BTreeMap<&'static str, u16>,
}

/// The default ports when all are free, else free ones.
fn choose_ports(any: bool) -> anyhow::Result<Ports> {
    let free = |port: u16| std::net::TcpListener::bind(("127.0.0.1", port)).is_ok();
    if !any && free(8000) && SERVICES.iter().all(|(_, port)| free(*port) && free(port + 1000)) {
        return Ok(Ports { issuer: 8000, services: SERVICES.iter().copied().collect() });
    }
    let mut taken = Vec::new();
    let mut services = BTreeMap::new();
    for (name, _) in SERVICES {
        services.insert(*name, free_pair(&mut taken)?);
    }
    Ok(Ports { issuer: free_pair(&mut taken)?, services })
}

/// A free port whose admin port (1000 higher) is free too. Below the range from which the system takes the ports of
/// outgoing connections, so that none of ours takes one between this look and the start.
fn free_pair(taken: &mut Vec<u16>) -> anyhow::Result<u16> {
    for _ in 0..1_000 {
        let port = 10_000 + u16::try_from(uuid::Uuid::new_v4().as_u128() % 20_000)?;
        let pair = [port, port + 1_000];
        let free = |port: &u16| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok();
        if pair.iter().all(|p| !taken.contains(p) && free(p)) {
            taken.extend(pair);
            return Ok(port);
        }
    }
    anyhow::bail!("no free pair of ports on 127.0.0.1")
}

/// The settings of all services, as environment variables.
fn environment(
    options: &UpOptions,
    data: &DataDir,
    admin: &SecretString,
    ports: &Ports,
    issuer: &str,
) -> anyhow::Result<BTreeMap<String, String>> {
    let mut env: BTreeMap<String, String> =
        std::env::vars().filter(|(name, _)| name.starts_with(ENV_PREFIX)).collect();
    let mut set = |key: String, value: String| env.insert(format!("{ENV_PREFIX}{key}"), value);
    let url = |service: &str| {
        format!("http://127.0.0.1:{}", ports.services.get(service).copied().unwrap_or_default())
    };
    set("OIDC_ISSUER".to_owned(), issuer.to_owned());
    set("ANONYMOUS_PARTNER".to_owned(), "true".to_owned());
    set("CLOCK_OFFSET_SECONDS".to_owned(), options.clock_offset_seconds.to_string());
    set("DATABASE_MAX_CONNECTIONS".to_owned(), "12".to_owned());
    // One process: when it was killed, its successor need not wait long for what it held.
    let lease = std::env::var(format!("{ENV_PREFIX}JOB_LEASE_SECONDS")).unwrap_or_else(|_| "5".to_owned());
    set("JOB_LEASE_SECONDS".to_owned(), lease);
    if let Some(amqp) = &options.amqp_url {
        set("AMQP_URL".to_owned(), amqp.expose_secret().to_owned());
    }
    for (service, port) in &ports.services {
        let section = schema_name(service).to_uppercase();
        let role =
            migrate::role_url(admin, &schema_name(service), &data.secret(&format!("role:{service}"))?)?;
        set(format!("{section}__DATABASE_URL"), role.expose_secret().to_owned());
        set(format!("{section}__PORT"), port.to_string());
        let key = data.key(&default_partner_id(service))?;
        set(format!("{section}__SIGNING_KEY"), key.to_pkcs8_pem().to_string());
    }
    for (key, value) in [
        ("SOCIAL_REGISTRY__PSEUDONYM_SECRET", data.secret("pseudonym")?),
        ("PBMS_BENEFICIARY_REGISTRY__ID_HASH_SECRET", data.secret("id_hash")?),
        ("PBMS_BENEFICIARY_REGISTRY__SOCIAL_REGISTRY_URL", url("social-registry")),
        ("PBMS_BENEFICIARY_REGISTRY__BRIDGE_URL", url("g2p-bridge")),
        ("G2P_BRIDGE__MAPPER_URL", url("spar-mapper")),
        ("G2P_BRIDGE__BANK_URL", url("example-bank")),
        ("DEDUP__SOCIAL_REGISTRY_URL", url("social-registry")),
        ("EXAMPLE_BANK__BRIDGE_URL", url("g2p-bridge")),
        ("SPAR_SELF_SERVICE__PBMS_URL", url("pbms-beneficiary-registry")),
        ("SPAR_SELF_SERVICE__MAPPER_URL", url("spar-mapper")),
        ("SPAR_SELF_SERVICE__SESSION_SECRET", data.secret("session")?),
        ("SPAR_SELF_SERVICE__DEMO_LOGIN", "true".to_owned()),
    ] {
        set(key.to_owned(), value);
    }
    env.extend(options.settings.clone());
    Ok(env)
}

struct Start {
    env: BTreeMap<String, String>,
    services: Vec<Running>,
}

impl Visitor for Start {
    async fn visit<S: Service>(&mut self) -> anyhow::Result<()> {
        let loaded: Loaded<S::Config> = crate::services::load::<S>(None, &self.env)?;
        let running = server::start::<S>(loaded, CancellationToken::new()).await?;
        self.services.push(running);
        Ok(())
    }
}
