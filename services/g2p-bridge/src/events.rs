//! What the bridge tells other services. Ids, states and reasons only.

use std::collections::BTreeMap;

use events::{EventData, publish, publish_many};
use platform::clock::rfc3339;
use schemars::JsonSchema;
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use storage::StoreResult;
use time::OffsetDateTime;

use crate::{
    domain::{disbursement, envelope},
    store::changes::Applied,
};

/// Most items in one event.
const MAX_ITEMS: usize = 500;

/// Payments of one envelope changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DisbursementsChanged {
    /// Their envelope; also the key that keeps the order.
    pub envelope_id: String,
    /// At most 500.
    pub items: Vec<DisbursementChange>,
}

/// One payment's new state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DisbursementChange {
    /// The payment.
    pub disbursement_id: String,
    /// `UNKNOWN`, `ACCEPTED`, `PAID`, `REVERSED`, `REJECTED` or `CANCELLED`.
    pub state: String,
    /// Why; for `REJECTED`, `REVERSED` and `UNKNOWN`.
    pub reason: Option<String>,
    /// When, RFC 3339.
    pub at: String,
}

impl EventData for DisbursementsChanged {
    const TOPIC: &'static str = "g2p-bridge.disbursements.changed.v1";
}

/// An envelope changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EnvelopeChanged {
    /// The envelope.
    pub envelope_id: String,
    /// `RECEIVING`, `SCHEDULED`, `RESOLVING`, `FUNDING`, `PAYING`, `RELEASING`, `FINISHED`, `CANCELLED` or `EXPIRED`.
    pub state: String,
    /// Why.
    pub reason: Option<String>,
    /// When, RFC 3339.
    pub at: String,
}

impl EventData for EnvelopeChanged {
    const TOPIC: &'static str = "g2p-bridge.envelopes.changed.v1";
}

/// Publishes changes of payments, those that others are told of, in the transaction that made them.
pub async fn disbursements_changed<C: ConnectionTrait>(
    tx: &C,
    tenant: &str,
    at: OffsetDateTime,
    applied: Vec<Applied>,
) -> StoreResult<()> {
    let at = rfc3339(at);
    let mut by_envelope: BTreeMap<String, Vec<DisbursementChange>> = BTreeMap::new();
    for one in applied {
        if disbursement::State::parse(&one.after).is_some_and(disbursement::State::is_published) {
            by_envelope.entry(one.envelope_id).or_default().push(DisbursementChange {
                disbursement_id: one.disbursement_id,
                state: one.after,
                reason: one.reason,
                at: at.clone(),
            });
        }
    }
    let mut batch = Vec::new();
    for (envelope_id, items) in by_envelope {
        for items in items.chunks(MAX_ITEMS) {
            let data = DisbursementsChanged { envelope_id: envelope_id.clone(), items: items.to_vec() };
            batch.push((envelope_id.clone(), data));
        }
    }
    publish_many(tx, tenant, &batch).await
}

/// Publishes an envelope's new state, in the transaction that made it.
pub async fn envelope_changed<C: ConnectionTrait>(
    tx: &C,
    tenant: &str,
    id: &str,
    state: envelope::State,
    reason: Option<&str>,
    at: OffsetDateTime,
) -> StoreResult<()> {
    let data = EnvelopeChanged {
        envelope_id: id.to_owned(),
        state: state.as_str().to_owned(),
        reason: reason.map(str::to_owned),
        at: rfc3339(at),
    };
    publish(tx, tenant, id, &data).await
}
