//! Programmes, who takes part, what they are entitled to, and what became of each payment.

pub mod api;
pub mod app;
pub mod clients;
pub mod config;
pub mod domain;
pub mod events;
mod jobs;
pub mod store;

use std::sync::Arc;

use app::State;
use config::Config;
use domain::identifier::IdHasher;
use platform::Runtime;
use storage::SqlMigration;
use utoipa_actix_web::service_config::ServiceConfig;

/// The service.
#[derive(Debug, Clone, Copy)]
pub struct Service;

#[async_trait::async_trait]
impl platform::Service for Service {
    const NAME: &'static str = "pbms-beneficiary-registry";
    const TITLE: &'static str = "OpenG2P PBMS and beneficiary registry";
    const DEFAULT_PORT: u16 = 8002;
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
                name: "pbms_m0001_programs",
                sql: include_str!("../migrations/m0001_programs.sql"),
            },
            SqlMigration {
                name: "pbms_m0002_payments",
                sql: include_str!("../migrations/m0002_payments.sql"),
            },
            SqlMigration {
                name: "pbms_m0003_withdrawn_batches",
                sql: include_str!("../migrations/m0003_withdrawn_batches.sql"),
            },
        ]
    }

    async fn state(config: Config, runtime: &Runtime) -> anyhow::Result<State> {
        Ok(State {
            db: runtime.db.clone(),
            http: runtime.http.clone(),
            clock: runtime.clock.clone(),
            hasher: IdHasher::new(config.id_hash_secret.expose()),
            config: Arc::new(config),
        })
    }

    fn routes(config: &mut ServiceConfig<'_>) {
        api::routes(config);
    }

    fn consumers(state: &State) -> Vec<::events::Consumer> {
        events::consumers(state)
    }

    fn jobs(state: &State) -> Vec<::jobs::Worker> {
        jobs::workers(state)
    }
}
