//! What the deduplicator hears and says. Ids and scores only.

use async_trait::async_trait;
use events::{Delivered, EventData, Handler, HandlerError};
use jobs::NewJob;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use storage::DatabaseTransaction;
use uuid::Uuid;

use crate::jobs::{FEED_KIND, FeedPayload};

/// Registrants were created, changed, or became a duplicate of another; at most 500 in one event.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct RegistrantsChanged {
    /// `created`, `updated` or `duplicate`.
    pub change: String,
    /// `individual` or `group`.
    pub kind: String,
    /// Who.
    pub registrant_ids: Vec<Uuid>,
}

impl EventData for RegistrantsChanged {
    const TOPIC: &'static str = "social-registry.registrants.changed.v1";
}

/// Candidate pairs of a run; at most 500 in one event.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct PairsFound {
    /// The run that found them.
    pub run_id: Uuid,
    /// Model that scored them.
    pub model: String,
    /// The pairs.
    pub pairs: Vec<FoundPair>,
}

/// Two registrants that may be one person.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct FoundPair {
    /// The one that was registered first.
    pub left: Uuid,
    /// The other.
    pub right: Uuid,
    /// 0 to 1.
    pub probability: f64,
    /// Log2 of the odds.
    pub weight: f64,
}

impl EventData for PairsFound {
    const TOPIC: &'static str = "dedup.pairs.found.v1";
}

/// Asks for the comparison records of the people an event names.
#[derive(Debug, Clone, Copy)]
pub struct FeedRecords;

#[async_trait]
impl Handler<RegistrantsChanged> for FeedRecords {
    async fn handle(
        &self,
        tx: &DatabaseTransaction,
        event: Delivered<RegistrantsChanged>,
    ) -> Result<(), HandlerError> {
        if event.data.kind != "individual" {
            return Ok(());
        }
        let payload = FeedPayload { registrant_ids: event.data.registrant_ids };
        let job =
            NewJob::new(FEED_KIND, &payload).key(event.id.to_string()).tenant(event.tenant).max_attempts(20);
        jobs::enqueue(tx, job).await?;
        Ok(())
    }
}
