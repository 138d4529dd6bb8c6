//! spar-self-service: the pages where a person sees what was paid and chooses the account that is paid to.
//!
//! Rendered on the server, usable without script. Who the person is comes from the session on every route, never from
//! a form or an address.

mod api;
mod app;
pub mod config;
pub mod domain;
mod peers;
mod store;

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use g2p_crypto::{KeyRing, KeyedHash, SealKey, random_token};
use platform::{Clock, HttpClient, oidc};
use storage::{Db, SqlMigration};
use utoipa_actix_web::service_config::ServiceConfig;

pub use config::Config;

/// The service.
#[derive(Debug, Clone, Copy)]
pub struct Service;

/// What handlers work with.
#[derive(Debug, Clone)]
pub struct State {
    pub(crate) db: Db,
    pub(crate) http: HttpClient,
    pub(crate) clock: Clock,
    pub(crate) config: Arc<Config>,
    /// Seals accounts that wait to be confirmed, and what is kept of sign-ins.
    pub(crate) drafts: Arc<KeyRing>,
    pub(crate) site: Arc<api::Site>,
    /// What was read of the mapper's directory lately.
    pub(crate) directory: peers::directory::Directory,
    /// Where people sign in, by the name in the configuration.
    pub(crate) providers: Arc<BTreeMap<String, oidc::Provider>>,
    /// Where staff of the helpdesk sign in.
    pub(crate) staff: Arc<BTreeMap<String, oidc::Provider>>,
}

#[async_trait]
impl platform::Service for Service {
    const NAME: &'static str = "spar-self-service";
    const TITLE: &'static str = "SPAR self-service";
    const DEFAULT_PORT: u16 = 8004;
    type Config = Config;
    type State = State;

    fn config_docs() -> &'static [(&'static str, &'static str)] {
        config::DOCS
    }

    fn validate(config: &Config) -> Result<(), String> {
        config.validate()
    }

    fn migrations() -> Vec<SqlMigration> {
        vec![
            SqlMigration {
                name: "spar_self_service_m0001_sessions",
                sql: include_str!("../migrations/m0001_sessions.sql"),
            },
            SqlMigration {
                name: "spar_self_service_m0002_sign_in",
                sql: include_str!("../migrations/m0002_sign_in.sql"),
            },
            SqlMigration {
                name: "spar_self_service_m0003_stop",
                sql: include_str!("../migrations/m0003_stop.sql"),
            },
            SqlMigration {
                name: "spar_self_service_m0004_staff",
                sql: include_str!("../migrations/m0004_staff.sql"),
            },
        ]
    }

    async fn state(config: Config, runtime: &platform::Runtime) -> anyhow::Result<State> {
        let config = config.with_demo_providers();
        let secret = match config.session_secret.expose().as_str() {
            "" => {
                tracing::warn!("no session_secret: a new one was made, which other replicas do not know");
                random_token(32)?
            }
            secret => secret.to_owned(),
        };
        let key = KeyedHash::new(secret.as_bytes(), "self-service/drafts").hash_bytes(b"seal");
        let site = api::Site::new(secret.as_bytes(), &runtime.settings, &config.hidden_languages)?;
        let providers = config.providers(runtime)?;
        let staff = config.staff_providers(runtime)?;
        Ok(State {
            db: runtime.db.clone(),
            http: runtime.http.clone(),
            clock: runtime.clock.clone(),
            config: Arc::new(config),
            drafts: Arc::new(KeyRing::new(SealKey::new("1", &key)?, Vec::new())),
            site: Arc::new(site),
            directory: peers::directory::Directory::new(),
            providers: Arc::new(providers),
            staff: Arc::new(staff),
        })
    }

    fn routes(config: &mut ServiceConfig<'_>) {
        api::routes(config);
    }
}
