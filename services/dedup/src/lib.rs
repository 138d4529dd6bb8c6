//! dedup: finds the people who stand in the register twice.
//!
//! Registry events say which registrants changed; a job fetches what they are compared by (never through events: names
//! stay out of the broker); a run compares all with all and announces candidate pairs.

mod api;
mod app;
pub mod config;
pub mod domain;
pub mod events;
mod jobs;
mod store;

use std::sync::Arc;

use async_trait::async_trait;
use platform::HttpClient;
use storage::{Db, SqlMigration};
use utoipa_actix_web::service_config::ServiceConfig;

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
}

#[async_trait]
impl platform::Service for Service {
    const NAME: &'static str = "dedup";
    const TITLE: &'static str = "Deduplicator";
    const DEFAULT_PORT: u16 = 8006;
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
            SqlMigration { name: "dedup_m0001_dedup", sql: include_str!("../migrations/m0001_dedup.sql") },
            SqlMigration {
                name: "dedup_m0002_run_progress",
                sql: include_str!("../migrations/m0002_run_progress.sql"),
            },
        ]
    }

    async fn state(config: Config, runtime: &platform::Runtime) -> anyhow::Result<State> {
        Ok(State {
            db: runtime.db.clone(),
            http: runtime.http.clone(),
            clock: runtime.clock.clone(),
            config: Arc::new(config),
        })
    }

    fn routes(config: &mut ServiceConfig<'_>) {
        api::routes(config);
    }

    fn consumers(_: &State) -> Vec<::events::Consumer> {
        vec![::events::Consumer::typed::<events::RegistrantsChanged, _>(
            "dedup.registrants",
            Arc::new(events::FeedRecords),
        )]
    }

    fn jobs(state: &State) -> Vec<::jobs::Worker> {
        jobs::workers(state)
    }

    fn event_schemas() -> Vec<::events::EventSchema> {
        vec![::events::EventSchema::of::<events::PairsFound>()]
    }
}
