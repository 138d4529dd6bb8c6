//! social-registry: who is registered, who belongs together, and what partners may know of them.

mod api;
mod app;
pub mod config;
pub mod domain;
pub mod events;
mod jobs;
mod state;
mod store;

use std::sync::Arc;

use async_trait::async_trait;
use storage::SqlMigration;
use utoipa_actix_web::service_config::ServiceConfig;

pub use config::Config;
pub use state::State;

/// The service.
#[derive(Debug, Clone, Copy)]
pub struct Service;

#[async_trait]
impl platform::Service for Service {
    const NAME: &'static str = "social-registry";
    const TITLE: &'static str = "Social registry";
    const DEFAULT_PORT: u16 = 8001;
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
                name: "social_registry_m0001_registry",
                sql: include_str!("../migrations/m0001_registry.sql"),
            },
            SqlMigration {
                name: "social_registry_m0002_imports",
                sql: include_str!("../migrations/m0002_imports.sql"),
            },
            SqlMigration {
                name: "social_registry_m0003_scores_duplicates_search",
                sql: include_str!("../migrations/m0003_scores_duplicates_search.sql"),
            },
        ]
    }

    async fn state(config: Config, runtime: &platform::Runtime) -> anyhow::Result<State> {
        let state = State::new(runtime.db.clone(), runtime.clock.clone(), config);
        if runtime.settings.runs_workers() {
            tokio::spawn(jobs::clean(state.clone(), runtime.shutdown.clone()));
        }
        Ok(state)
    }

    fn routes(config: &mut ServiceConfig<'_>) {
        api::routes(config);
    }

    fn consumers(state: &State) -> Vec<::events::Consumer> {
        let handler = Arc::new(app::duplicates::StorePairs(state.clone()));
        vec![::events::Consumer::typed::<events::PairsFound, _>("social-registry.pairs", handler)]
    }

    fn jobs(state: &State) -> Vec<::jobs::Worker> {
        jobs::workers(state)
    }

    fn event_schemas() -> Vec<::events::EventSchema> {
        vec![::events::EventSchema::of::<events::RegistrantsChanged>()]
    }
}
