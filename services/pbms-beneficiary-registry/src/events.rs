//! What this service listens to.

use std::sync::Arc;

use ::events::{Consumer, Delivered, EventData, Handler, HandlerError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use storage::DatabaseTransaction;
use time::OffsetDateTime;

use crate::{
    app::{State, settlement},
    domain::disbursement::DisbursementState,
    store::disbursements::News,
};

/// Disbursements of an envelope have new states; at most 500 in one event. The bridge publishes it; this is our copy of
/// its shape.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct DisbursementsChanged {
    /// The bridge's envelope.
    pub envelope_id: String,
    /// The news.
    pub items: Vec<DisbursementChange>,
}

/// News of one disbursement.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct DisbursementChange {
    /// The id that this service made.
    pub disbursement_id: String,
    /// New state.
    pub state: DisbursementState,
    /// Why, for rejected and reversed ones.
    #[serde(default)]
    pub reason: Option<String>,
    /// When it happened.
    #[serde(with = "time::serde::rfc3339")]
    #[schemars(with = "String")]
    pub at: OffsetDateTime,
}

impl EventData for DisbursementsChanged {
    const TOPIC: &'static str = "g2p-bridge.disbursements.changed.v1";
}

/// Consumers of this service.
#[must_use]
pub fn consumers(state: &State) -> Vec<Consumer> {
    let handler = Arc::new(Payments(state.clone()));
    vec![Consumer::typed::<DisbursementsChanged, _>("pbms.disbursements", handler)]
}

/// Applies news of payments.
#[derive(Debug, Clone)]
pub struct Payments(pub State);

#[async_trait::async_trait]
impl Handler<DisbursementsChanged> for Payments {
    async fn handle(
        &self,
        tx: &DatabaseTransaction,
        event: Delivered<DisbursementsChanged>,
    ) -> Result<(), HandlerError> {
        let news = event.data.items.into_iter().map(|item| News {
            id: item.disbursement_id,
            state: item.state,
            // A doubt on the way is no reason of an end.
            reason: item.reason.filter(|_| item.state.is_final()).map(|reason| storable(&reason)),
            at: item.at,
        });
        let cause = format!("event {}", event.id);
        settlement::apply(tx, &event.tenant, &self.0.clock, &cause, news.collect()).await?;
        Ok(())
    }
}

/// Text that the database takes, and not more of it than anybody reads.
fn storable(reason: &str) -> String {
    reason.chars().filter(|c| *c != '\0').take(500).collect()
}
