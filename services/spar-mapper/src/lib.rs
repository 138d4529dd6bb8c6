//! spar-mapper: which financial address belongs to which person, asked and changed through G2P-Connect.

mod api;
mod app;
pub mod config;
pub mod domain;
pub mod events;
mod housekeeping;
mod jobs;
mod store;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
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
    pub(crate) config: Config,
    pub(crate) strategies: app::StrategyBook,
    pub(crate) limits: app::Limits,
    /// Turns of resolves of many ids.
    pub(crate) turns: Arc<tokio::sync::Semaphore>,
    /// Seals and opens addresses, names and phones.
    pub(crate) vault: domain::Vault,
    pub(crate) partners: platform::PartnerRegistry,
    /// Sends callbacks.
    pub(crate) http: platform::HttpClient,
    pub(crate) keys: Arc<g2p_crypto::SigningKey>,
    /// Whose checkpoints are believed.
    pub(crate) signers: Arc<domain::Signers>,
    pub(crate) clock: platform::Clock,
}

#[async_trait]
impl platform::Service for Service {
    const NAME: &'static str = "spar-mapper";
    const TITLE: &'static str = "SPAR mapper";
    const DEFAULT_PORT: u16 = 8003;
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
                name: "spar_mapper_m0001_mappings",
                sql: include_str!("../migrations/m0001_mappings.sql"),
            },
            SqlMigration {
                name: "spar_mapper_m0002_strategies",
                sql: include_str!("../migrations/m0002_strategies.sql"),
            },
            SqlMigration {
                name: "spar_mapper_m0003_transactions",
                sql: include_str!("../migrations/m0003_transactions.sql"),
            },
            SqlMigration {
                name: "spar_mapper_m0004_history",
                sql: include_str!("../migrations/m0004_history.sql"),
            },
            SqlMigration {
                name: "spar_mapper_m0005_restore",
                sql: include_str!("../migrations/m0005_restore.sql"),
            },
            SqlMigration {
                name: "spar_mapper_m0006_directory",
                sql: include_str!("../migrations/m0006_directory.sql"),
            },
            SqlMigration {
                name: "spar_mapper_m0007_oracle",
                sql: include_str!("../migrations/m0007_oracle.sql"),
            },
            SqlMigration {
                name: "spar_mapper_m0009_bulk",
                sql: include_str!("../migrations/m0009_bulk.sql"),
            },
            SqlMigration {
                name: "spar_mapper_m0010_batch_plans",
                sql: include_str!("../migrations/m0010_batch_plans.sql"),
            },
            SqlMigration {
                name: "spar_mapper_m0011_sealing",
                sql: include_str!("../migrations/m0011_sealing.sql"),
            },
            SqlMigration {
                name: "spar_mapper_m0012_volume",
                sql: include_str!("../migrations/m0012_volume.sql"),
            },
            SqlMigration {
                name: "spar_mapper_m0013_ids_by_byte",
                sql: include_str!("../migrations/m0013_ids_by_byte.sql"),
            },
            SqlMigration {
                name: "spar_mapper_m0014_partitions",
                sql: include_str!("../migrations/m0014_partitions.sql"),
            },
            SqlMigration {
                name: "spar_mapper_m0015_cancelled_files",
                sql: include_str!("../migrations/m0015_cancelled_files.sql"),
            },
            SqlMigration {
                name: "spar_mapper_m0017_faster",
                sql: include_str!("../migrations/m0017_faster.sql"),
            },
            SqlMigration {
                name: "spar_mapper_m0018_heads",
                sql: include_str!("../migrations/m0018_heads.sql"),
            },
        ]
    }

    async fn partition(db: &Db, partitions: u16, say: platform::service::Say<'_>) -> anyhow::Result<()> {
        let wanted = domain::Layout::wanted(partitions).map_err(anyhow::Error::msg)?;
        app::lay_out(db, wanted, say).await
    }

    async fn state(config: Config, runtime: &platform::Runtime) -> anyhow::Result<State> {
        let db = runtime.db.clone();
        let vault = config.vault()?;
        // A database that is away, or whose schema is older, is told of by readiness.
        if let Ok(wrong) = app::sealing::check_secrets(&db, &vault).await {
            wrong.map_err(anyhow::Error::msg)?;
        }
        let signers = config.signers(runtime.keys.public_jwk()).map_err(anyhow::Error::msg)?;
        let state = State {
            strategies: app::StrategyBook::new(db.clone()),
            limits: app::Limits::new(db.clone(), config.alarm_items_an_hour),
            turns: Arc::new(tokio::sync::Semaphore::new(config.resolve_batches.into())),
            vault,
            db,
            partners: runtime.partners.clone(),
            http: runtime.http.to_elsewhere(config.callback_loopback)?,
            config,
            keys: Arc::clone(&runtime.keys),
            signers: Arc::new(signers),
            clock: runtime.clock.clone(),
        };
        if runtime.settings.runs_workers() {
            tokio::spawn(jobs::forget(state.clone(), runtime.shutdown.clone()));
            let every = Duration::from_secs(state.config.checkpoint_seconds);
            tokio::spawn(housekeeping::checkpoints(state.clone(), every, runtime.shutdown.clone()));
            let every = Duration::from_millis(runtime.settings.poll_interval_ms.max(10));
            tokio::spawn(housekeeping::sealing(state.clone(), every, runtime.shutdown.clone()));
            tokio::spawn(housekeeping::due_changes(state.clone(), every, runtime.shutdown.clone()));
        }
        Ok(state)
    }

    fn routes(config: &mut ServiceConfig<'_>) {
        api::routes(config);
    }

    fn jobs(state: &State) -> Vec<::jobs::Worker> {
        jobs::workers(state)
    }

    fn event_schemas() -> Vec<::events::EventSchema> {
        vec![::events::EventSchema::of::<events::MappingsChanged>()]
    }
}
