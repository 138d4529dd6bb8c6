//! The bridge between programme systems and sponsor banks: takes envelopes of payments in, finds the payees' accounts,
//! blocks the money, pays each payment once, and knows from the bank's statements what became of it.
//!
//! * [`domain`]: states and rules, without I/O;
//! * [`app`]: use cases and the steps of the pipeline;
//! * [`bank`]: connectors of sponsor banks;
//! * [`store`]: tables and set-based statements;
//! * [`api`]: two partner dialects, statement upload, and a read API.

pub mod api;
pub mod app;
pub mod bank;
pub mod config;
pub mod desk;
pub mod domain;
pub mod events;
pub mod jobs;
pub mod mapper;
mod paper;
pub mod store;

use std::sync::Arc;

use async_trait::async_trait;
use platform::Runtime;
use storage::{Db, SqlMigration};
use time::OffsetDateTime;
use utoipa_actix_web::service_config::ServiceConfig;

pub use config::Config;

/// The service.
#[derive(Debug, Clone, Copy)]
pub struct Service;

#[async_trait]
impl platform::Service for Service {
    const NAME: &'static str = "g2p-bridge";
    const TITLE: &'static str = "G2P Bridge";
    const DEFAULT_PORT: u16 = 8005;
    type Config = Config;
    type State = Arc<app::App>;

    fn config_docs() -> &'static [(&'static str, &'static str)] {
        config::DOCS
    }

    fn validate(config: &Config) -> Result<(), String> {
        config.check()
    }

    fn migrations() -> Vec<SqlMigration> {
        vec![
            SqlMigration {
                name: "g2p_bridge_m0001_bridge",
                sql: include_str!("../migrations/m0001_bridge.sql"),
            },
            SqlMigration {
                name: "g2p_bridge_m0002_statement_checks",
                sql: include_str!("../migrations/m0002_statement_checks.sql"),
            },
            SqlMigration {
                name: "g2p_bridge_m0005_disburse",
                sql: include_str!("../migrations/m0005_disburse.sql"),
            },
            SqlMigration {
                name: "g2p_bridge_m0006_disburse_messages",
                sql: include_str!("../migrations/m0006_disburse_messages.sql"),
            },
            SqlMigration {
                name: "g2p_bridge_m0007_operators",
                sql: include_str!("../migrations/m0007_operators.sql"),
            },
            SqlMigration {
                name: "g2p_bridge_m0008_banks",
                sql: include_str!("../migrations/m0008_banks.sql"),
            },
            SqlMigration {
                name: "g2p_bridge_m0009_statement_chunks",
                sql: include_str!("../migrations/m0009_statement_chunks.sql"),
            },
            SqlMigration {
                name: "g2p_bridge_m0010_restores",
                sql: include_str!("../migrations/m0010_restores.sql"),
            },
            SqlMigration { name: "g2p_bridge_m0011_desk", sql: include_str!("../migrations/m0011_desk.sql") },
            SqlMigration {
                name: "g2p_bridge_m0012_notifications",
                sql: include_str!("../migrations/m0012_notifications.sql"),
            },
            SqlMigration {
                name: "g2p_bridge_m0013_final_callbacks",
                sql: include_str!("../migrations/m0013_final_callbacks.sql"),
            },
            SqlMigration {
                name: "g2p_bridge_m0014_lines_of_statement",
                sql: include_str!("../migrations/m0014_lines_of_statement.sql"),
            },
        ]
    }

    async fn restored(db: &Db, at: OffsetDateTime) -> anyhow::Result<()> {
        Ok(app::restores::begin(db, at).await?)
    }

    async fn state(config: Config, runtime: &Runtime) -> anyhow::Result<Arc<app::App>> {
        let mapper = mapper::Mapper::new(runtime.http.clone(), runtime.clock.clone(), &config.mapper_url);
        let banks = bank::Banks::new(&runtime.http, &config);
        let app = Arc::new(app::App {
            db: runtime.db.clone(),
            clock: runtime.clock.clone(),
            partners: runtime.partners.clone(),
            callbacks: runtime.http.to_elsewhere(config.callback_loopback)?,
            keys: Arc::clone(&runtime.keys),
            desk: desk::Desk::new(&config, runtime)?,
            turns: Arc::new(app::turns::Turns::new(config.work_parallel)),
            config: Arc::new(config),
            mapper,
            banks,
        });
        if runtime.settings.runs_workers() {
            app::sweep::spawn(Arc::clone(&app), runtime.shutdown.clone());
        }
        Ok(app)
    }

    fn routes(config: &mut ServiceConfig<'_>) {
        api::routes(config);
        desk::routes(config);
    }

    fn jobs(state: &Self::State) -> Vec<::jobs::Worker> {
        jobs::workers(state)
    }

    fn event_schemas() -> Vec<::events::EventSchema> {
        vec![
            ::events::EventSchema::of::<events::DisbursementsChanged>(),
            ::events::EventSchema::of::<events::DisbursementsReissued>(),
            ::events::EventSchema::of::<events::EnvelopeChanged>(),
        ]
    }
}
