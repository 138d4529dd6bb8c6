//! What the bridge tells other services. Ids, states and reasons only.

use std::collections::BTreeMap;

use events::{EventData, publish, publish_many};
use platform::clock::rfc3339;
use schemars::JsonSchema;
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use serde_json::json;
use storage::{StoreError, StoreResult};
use time::OffsetDateTime;

use crate::{
    app::notify,
    domain::{disbursement, envelope},
    store::{changes::Applied, messages, notifications},
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
    let (at_time, at) = (at, rfc3339(at));
    let ended = applied
        .iter()
        .filter(|one| disbursement::State::parse(&one.after).is_some_and(disbursement::State::is_final));
    let ended: Vec<String> = ended.map(|one| one.disbursement_id.clone()).collect();
    if !ended.is_empty() {
        let messages = messages::awaiting(tx, tenant, ended).await?;
        notify::enqueue_ends(tx, tenant, messages).await?;
    }
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
    publish_many(tx, tenant, &batch).await?;
    tell(tx, tenant, at_time, &batch).await
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
    publish(tx, tenant, id, &data).await?;
    tell(tx, tenant, at, &[(id.to_owned(), data)]).await
}

/// Payments that came back or were refused were replaced by new ones, in an envelope of their own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DisbursementsReissued {
    /// The envelope of the old payments; also the key that keeps the order.
    pub envelope_id: String,
    /// The envelope of the new ones.
    pub new_envelope_id: String,
    /// At most 500.
    pub items: Vec<Reissue>,
    /// When, RFC 3339.
    pub at: String,
}

/// A payment and the one that takes its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reissue {
    /// The payment that came back or was refused.
    pub original_id: String,
    /// The payment that is made instead.
    pub disbursement_id: String,
}

impl EventData for DisbursementsReissued {
    const TOPIC: &'static str = "g2p-bridge.disbursements.reissued.v1";
}

/// Publishes replacements, in the transaction that made them.
pub async fn reissued<C: ConnectionTrait>(
    tx: &C,
    tenant: &str,
    envelope_id: &str,
    new_envelope_id: &str,
    at: OffsetDateTime,
    items: Vec<Reissue>,
) -> StoreResult<()> {
    let one = |items: &[Reissue]| {
        let data = DisbursementsReissued {
            envelope_id: envelope_id.to_owned(),
            new_envelope_id: new_envelope_id.to_owned(),
            items: items.to_vec(),
            at: rfc3339(at),
        };
        (envelope_id.to_owned(), data)
    };
    let batch: Vec<_> = items.chunks(MAX_ITEMS).map(one).collect();
    publish_many(tx, tenant, &batch).await?;
    tell(tx, tenant, at, &batch).await
}

/// Keeps the same for the programme systems that want to be told by a call.
async fn tell<C: ConnectionTrait, E: EventData>(
    tx: &C,
    tenant: &str,
    at: OffsetDateTime,
    batch: &[(String, E)],
) -> StoreResult<()> {
    if batch.is_empty() {
        return Ok(());
    }
    let one = |(envelope_id, data): &(String, E)| {
        let data = serde_json::to_value(data).map_err(|e| StoreError::Other(e.to_string()))?;
        Ok((envelope_id.clone(), json!({"event": E::TOPIC, "data": data}).to_string()))
    };
    let messages: StoreResult<Vec<_>> = batch.iter().map(one).collect();
    let envelopes = notifications::add(tx, tenant, messages?, at).await?;
    notify::enqueue(tx, tenant, envelopes).await
}
