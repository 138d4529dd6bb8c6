//! All services in one process, one port each, real HTTP between them: what `up`, `demo` and the end-to-end tests run.

use std::collections::BTreeMap;

use actix_web::dev::ServerHandle;
use anyhow::Context;
use g2p_crypto::SigningKey;
use platform::{
    Clock, CommonConfig, Mode, PartnerRegistry, partners,
    server::{self, Running, db_options},
    service::{Service, default_partner_id, schema_name},
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use storage::{Db, DbOptions};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::{
    data_dir::DataDir,
    database::{Database, role_secret, role_url},
    issuer::{Client, Issuer, IssuerOptions, USERS},
    migrate::{self, PrepareOptions},
    services::{Visitor, each},
    sources::Sources,
    staff_pages::{self, IssuerAt, StaffPages},
    topology::{DEMO_PARTNER, EDGES},
    wiring,
};

/// What to start.
#[derive(Debug, Clone, Default)]
pub struct UpOptions {
    /// Configuration of all services.
    pub sources: Sources,
    /// Where keys and secrets are kept; beside the private cluster when absent.
    pub data_dir: Option<std::path::PathBuf>,
    /// Use any free ports instead of the default ones.
    pub free_ports: bool,
    /// How users reach the built-in token issuer, when that is not its address on this machine.
    pub issuer_url: Option<String>,
    /// The databases were restored from an older backup: the bridge asks about each payment before it sends it.
    pub restored: bool,
    /// For the demo: its driver may call, the issuer is always the built-in one, new schemas are marked as the demo's.
    pub demo: bool,
}

/// The running platform.
#[derive(Debug)]
pub struct Up {
    /// Keys and secrets.
    pub data: DataDir,
    /// The built-in token issuer; none when the configuration names another.
    pub issuer: Option<Issuer>,
    /// URL of each service, by name.
    pub urls: BTreeMap<&'static str, String>,
    /// Admin URL (health, metrics, work) of each service, by name.
    pub admin_urls: BTreeMap<&'static str, String>,
    /// Pages on which staff sign in at the built-in issuer.
    pub staff_pages: Vec<StaffPages>,
    /// The clock all share.
    pub clock: Clock,
    services: Vec<Running>,
    issuer_handle: Option<ServerHandle>,
}

/// How often ports are looked for before it is somebody else's turn to say why they are taken.
const PORT_ATTEMPTS: usize = 3;

fn is_port_taken(error: &anyhow::Error) -> bool {
    let mut causes = error.chain().filter_map(|cause| cause.downcast_ref::<std::io::Error>());
    causes.any(|cause| cause.kind() == std::io::ErrorKind::AddrInUse)
}

impl Up {
    /// Prepares the database and starts everything.
    ///
    /// # Errors
    /// Says what could not be started and why.
    pub async fn start(options: &UpOptions) -> anyhow::Result<Self> {
        let mut sources = options.sources.clone();
        let database = Database::find(&mut sources, options.data_dir.as_deref()).await?;
        let prepare = PrepareOptions { demo: options.demo, reset_passwords: false };
        migrate::prepare(&mut sources, &database, prepare).await?;
        if options.restored {
            platform::cli::note_restored::<g2p_bridge::Service>(
                &sources.load::<g2p_bridge::Service>()?.common,
            )
            .await?;
        }
        // Who looks for ports at the same moment may find the same ones; who comes second looks again.
        for _ in 1..PORT_ATTEMPTS {
            match Self::start_on_ports(options, sources.clone(), database.data.clone()).await {
                Err(error) if is_port_taken(&error) => tracing::info!("{error:#}; looking for other ports"),
                outcome => return outcome,
            }
        }
        Self::start_on_ports(options, sources, database.data).await
    }

    async fn start_on_ports(
        options: &UpOptions,
        mut sources: Sources,
        data: DataDir,
    ) -> anyhow::Result<Self> {
        let wiring = wiring::complete(&mut sources, &data, options.free_ports).await?;
        register_partners(&sources, &data, &wiring.of_each, options.demo).await?;
        let common = sources.common()?;
        let clock = Clock::with_offset(common.clock_offset_seconds);
        let mut staff_pages = Vec::new();
        let (issuer, issuer_handle) = if options.demo || common.oidc_issuer.is_none() {
            let local = format!("http://{}:{}", wiring::reachable(&common.host), wiring.issuer_port);
            let url = options.issuer_url.as_deref().unwrap_or(&local).trim_end_matches('/').to_owned();
            let at = IssuerAt { url: &url, local: &local };
            let (pages, clients) = staff_pages::connect(&mut sources, &wiring.urls, &at, &data)?;
            staff_pages = pages;
            // Services fetch its keys on this machine, whatever its public URL is.
            sources.set("OIDC_ISSUER", url.as_str());
            sources.set("OIDC_JWKS_URL", format!("{local}/jwks"));
            let started = start_issuer(url, clients, &common, &data, wiring.issuer_port, &clock)?;
            (Some(started.0), Some(started.1))
        } else {
            (None, None)
        };
        let mut starter = Start { sources: &sources, services: Vec::new() };
        let started = each(&mut starter).await;
        let services = starter.services;
        let admin_url = |s: &Running| {
            let host = wiring::reachable(&s.admin_addr.ip().to_string());
            (s.name, format!("http://{host}:{}", s.admin_addr.port()))
        };
        let admin_urls = services.iter().map(admin_url).collect();
        let urls = wiring.urls;
        let up = Self { data, issuer, urls, admin_urls, staff_pages, clock, services, issuer_handle };
        if let Err(error) = started {
            up.stop().await;
            return Err(error);
        }
        Ok(up)
    }

    /// URL of a service.
    #[must_use]
    pub fn url(&self, service: &str) -> &str {
        self.urls.get(service).map_or("", String::as_str)
    }

    /// A token of the built-in issuer for a user.
    ///
    /// # Errors
    /// When there is no such issuer, or its key cannot sign.
    pub fn token_for(&self, user: &str) -> anyhow::Result<String> {
        self.issuer
            .as_ref()
            .context("user tokens come from another issuer than the built-in one")?
            .token_for(user)
    }

    /// Stops everything, side by side: each service ends what it is at, and what a call of another one's meets then is
    /// the same as when that is down. It is repeated after the next start.
    pub async fn stop(self) {
        let mut stopping: JoinSet<()> = self.services.into_iter().map(Running::stop).collect();
        while stopping.join_next().await.is_some() {}
        if let Some(handle) = self.issuer_handle {
            handle.stop(true).await;
        }
    }
}

fn start_issuer(
    url: String,
    clients: Vec<Client>,
    common: &CommonConfig,
    data: &DataDir,
    port: u16,
    clock: &Clock,
) -> anyhow::Result<(Issuer, ServerHandle)> {
    let passwords = USERS.iter().map(|user| Ok(((*user).to_owned(), data.secret(&format!("user:{user}"))?)));
    Issuer::start(IssuerOptions {
        host: common.host.clone(),
        port,
        url,
        audience: common.oidc_audience.clone(),
        key: data.key("issuer")?,
        passwords: passwords.collect::<anyhow::Result<Vec<_>>>()?,
        clients,
        clock: clock.clone(),
    })
}

/// A pool on the schema of a service, as the role whose password the data directory keeps.
///
/// # Errors
/// When there is no such password.
pub async fn service_db(data: &DataDir, admin: &SecretString, service: &str) -> anyhow::Result<Db> {
    let role = schema_name(service);
    let password = data.stored(&role_secret(service))?.context("the role's password is not kept there")?;
    let mut options = DbOptions::new(role_url(admin, &role, &password)?, &role);
    options.max_connections = 2;
    Ok(Db::connect(&options).await?)
}

struct Register<'a> {
    sources: &'a Sources,
    demo: bool,
    /// Id and key of each partner of [`EDGES`], by the name it has there.
    callers: BTreeMap<String, (String, SigningKey)>,
}

/// Registers the partners of [`EDGES`] where they are missing. Those that are there are the operator's: keys that were
/// rotated and rights that were changed stay.
async fn register_partners(
    sources: &Sources,
    data: &DataDir,
    of_each: &BTreeMap<&'static str, CommonConfig>,
    demo: bool,
) -> anyhow::Result<()> {
    let mut callers = BTreeMap::new();
    for (service, common) in of_each {
        let name = default_partner_id(service);
        if let Some(pem) = &common.signing_key {
            let key = SigningKey::from_pkcs8_pem(pem.expose_secret())
                .with_context(|| format!("the signing_key of {service}"))?;
            callers.insert(name.clone(), (common.partner_id.clone().unwrap_or(name), key));
        }
    }
    if demo {
        callers.insert(DEMO_PARTNER.to_owned(), (DEMO_PARTNER.to_owned(), data.key(DEMO_PARTNER)?));
    }
    each(&mut Register { sources, demo, callers }).await
}

impl Visitor for Register<'_> {
    async fn visit<S: Service>(&mut self) -> anyhow::Result<()> {
        let common = self.sources.load::<S>()?.common;
        let mut options = db_options(&common, common.database_url.as_ref(), &schema_name(S::NAME))?;
        options.max_connections = 1;
        let db = Db::connect(&options).await?;
        let registry = PartnerRegistry::new(db.clone(), false);
        for edge in EDGES.iter().filter(|e| e.service == S::NAME && (self.demo || e.partner != DEMO_PARTNER))
        {
            let Some((id, key)) = self.callers.get(edge.partner) else { continue };
            let own = key.public_jwk().thumbprint()?;
            match registry.find(id).await? {
                Some(known) if known.keys.keys.iter().any(|k| k.thumbprint().ok().as_ref() == Some(&own)) => {
                }
                Some(_) => tracing::warn!(
                    service = S::NAME,
                    partner = id,
                    "knows the partner with other keys than the one it signs with: `openg2p partner rotate` adds it"
                ),
                None => {
                    let jwks = json!({"keys": [key.public_jwk()]});
                    partners::add(&db, id, Mode::Strict, &jwks, &edge.policy())
                        .await
                        .with_context(|| format!("registering {id} at {}", S::NAME))?;
                }
            }
        }
        db.close().await;
        Ok(())
    }
}

struct Start<'a> {
    sources: &'a Sources,
    services: Vec<Running>,
}

impl Visitor for Start<'_> {
    async fn visit<S: Service>(&mut self) -> anyhow::Result<()> {
        let running = server::start::<S>(self.sources.load::<S>()?, CancellationToken::new()).await?;
        self.services.push(running);
        Ok(())
    }
}
