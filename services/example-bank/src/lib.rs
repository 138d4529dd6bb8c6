//! example-bank: a sponsor bank to run against.
//!
//! It keeps accounts and a double-entry ledger whose rules the database itself enforces (`migrations/m0002`), sets money
//! aside in blocks, takes payments once per key, books them in the background, returns what went to closed accounts, and
//! posts statements (MT940 or camt.053) to the bridge.

mod api;
mod app;
pub mod config;
pub mod domain;
mod jobs;
mod store;

use std::sync::Arc;

use async_trait::async_trait;
use platform::HttpClient;
use storage::{Db, SqlMigration};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::domain::{ClosedAccounts, Faults};

pub use config::Config;

/// The service.
#[derive(Debug, Clone, Copy)]
pub struct Service;

/// What handlers and jobs work with.
#[derive(Debug, Clone)]
pub struct State {
    pub(crate) db: Db,
    pub(crate) http: HttpClient,
    pub(crate) clock: platform::Clock,
    pub(crate) config: Arc<Config>,
    pub(crate) closed: ClosedAccounts,
    pub(crate) faults: Arc<Faults>,
}

#[async_trait]
impl platform::Service for Service {
    const NAME: &'static str = "example-bank";
    const TITLE: &'static str = "Example bank";
    const DEFAULT_PORT: u16 = 8007;
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
                name: "example_bank_m0001_bank",
                sql: include_str!("../migrations/m0001_bank.sql"),
            },
            SqlMigration {
                name: "example_bank_m0002_ledger_rules",
                sql: include_str!("../migrations/m0002_ledger_rules.sql"),
            },
            SqlMigration {
                name: "example_bank_m0003_keys",
                sql: include_str!("../migrations/m0003_keys.sql"),
            },
        ]
    }

    async fn state(config: Config, runtime: &platform::Runtime) -> anyhow::Result<State> {
        Ok(State {
            db: runtime.db.clone(),
            http: runtime.http.clone(),
            clock: runtime.clock.clone(),
            closed: ClosedAccounts::new(config.closed_account_seed, config.closed_account_percent),
            faults: Arc::new(Faults::new(&config)),
            config: Arc::new(config),
        })
    }

    fn routes(config: &mut ServiceConfig<'_>) {
        api::routes(config);
    }

    fn jobs(state: &State) -> Vec<::jobs::Worker> {
        jobs::workers(state)
    }
}
