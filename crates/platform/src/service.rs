//! The shape all services share.

use std::sync::Arc;

use async_trait::async_trait;
use g2p_crypto::SigningKey;
use serde::{Serialize, de::DeserializeOwned};
use storage::{Db, SqlMigration};
use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::{Clock, CommonConfig, HttpClient, PartnerRegistry};

/// What a service is given to build its state from.
#[derive(Debug, Clone)]
pub struct Runtime {
    /// Name of the service.
    pub name: &'static str,
    /// Pool bound to the service's schema.
    pub db: Db,
    /// Client for outgoing calls, signing as this service.
    pub http: HttpClient,
    /// The key this service signs with.
    pub keys: Arc<SigningKey>,
    /// Systems that may call.
    pub partners: PartnerRegistry,
    /// The clock to read.
    pub clock: Clock,
    /// The common configuration.
    pub settings: Arc<CommonConfig>,
    /// Cancelled when the process is to stop.
    pub shutdown: CancellationToken,
}

/// Is told of each step of what takes long.
pub type Say<'a> = &'a mut (dyn FnMut(&str) + Send);

/// A service of the platform. Implemented by a unit struct in the `lib.rs` of each.
#[async_trait]
pub trait Service: Sized + Send + Sync + 'static {
    /// Name with dashes, for example `spar-mapper`. Schema, role and section have it with underscores.
    const NAME: &'static str;
    /// What it is, for its OpenAPI document.
    const TITLE: &'static str;
    /// Port when the configuration names none. The admin port is 1000 higher.
    const DEFAULT_PORT: u16;
    /// The service's own keys of the configuration.
    type Config: Serialize + DeserializeOwned + Default + Clone + Send + Sync + 'static;
    /// What handlers, jobs and consumers work with.
    type State: Clone + Send + Sync + 'static;

    /// One line for each key of `Config`.
    fn config_docs() -> &'static [(&'static str, &'static str)];

    /// Checks what types cannot.
    ///
    /// # Errors
    /// A sentence that names the wrong key.
    fn validate(_config: &Self::Config) -> Result<(), String> {
        Ok(())
    }

    /// The service's migrations, in order, after those of the platform.
    fn migrations() -> Vec<SqlMigration>;

    /// Lays the table that grows with the register out in so many partitions; 0 for one table. `say` is told of each step.
    ///
    /// # Errors
    /// When the service has no such table, the number is none it can have, or the database refuses.
    async fn partition(_db: &Db, _partitions: u16, _say: Say<'_>) -> anyhow::Result<()> {
        anyhow::bail!("{} has no table that can be partitioned: leave --partitions out", Self::NAME)
    }

    /// Notes that the database was restored from an older backup, before anything runs on it.
    ///
    /// # Errors
    /// When the service has no need of it, or the database refuses.
    async fn restored(_db: &Db, _at: OffsetDateTime) -> anyhow::Result<()> {
        anyhow::bail!("{} does nothing that a restore would repeat: leave --restored out", Self::NAME)
    }

    /// Builds the state.
    async fn state(config: Self::Config, runtime: &Runtime) -> anyhow::Result<Self::State>;

    /// Registers the routes; handlers take `web::Data<Self::State>`.
    fn routes(config: &mut ServiceConfig<'_>);

    /// Events this service listens to.
    fn consumers(_state: &Self::State) -> Vec<events::Consumer> {
        Vec::new()
    }

    /// Background jobs this service runs.
    fn jobs(_state: &Self::State) -> Vec<jobs::Worker> {
        Vec::new()
    }

    /// Schemas of the events this service publishes.
    fn event_schemas() -> Vec<events::EventSchema> {
        Vec::new()
    }
}

/// `spar-mapper` → `spar_mapper`: schema, role and configuration section.
#[must_use]
pub fn schema_name(service: &str) -> String {
    service.replace('-', "_")
}

/// `spar-mapper` → `SPAR_MAPPER`; PBMS is known to its peers by its short name.
#[must_use]
pub fn default_partner_id(service: &str) -> String {
    match service {
        "pbms-beneficiary-registry" => "PBMS".to_owned(),
        other => crate::partners::normalise(other),
    }
}

/// Every migration that the schema of `S` needs, in order.
#[must_use]
pub fn all_migrations<S: Service>() -> Vec<SqlMigration> {
    let mut steps =
        vec![SqlMigration { name: "platform_m0001", sql: include_str!("../migrations/m0001_platform.sql") }];
    steps.extend_from_slice(events::MIGRATIONS);
    steps.extend_from_slice(jobs::MIGRATIONS);
    steps.extend(S::migrations());
    steps
}
