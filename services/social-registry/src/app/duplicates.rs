//! The review queue of pairs that may be one person, and what follows from decisions.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use async_trait::async_trait;
use events::{Delivered, Handler, HandlerError};
use platform::{ApiError, ApiResult, Ctx};
use sea_orm::DatabaseTransaction;
use serde_json::{Value, json};
use storage::StoreResult;
use uuid::Uuid;

use super::{DECIDE, READ, announce, sendable};
use crate::{
    State,
    domain::{
        dates::iso,
        merge::{Effect, Joiner, Place, PlaceChanges, Verdict, merge_places},
    },
    events::{ChangeKind, PairsFound, RegistrantKind},
    store::{
        Change, Shared,
        duplicates::{self, Cursor, Open, Pair},
        memberships,
    },
};

/// Most decisions of one request.
pub(crate) const MOST: usize = 1_000;

/// Puts the pairs of the deduplicator into the queue.
#[derive(Debug, Clone)]
pub(crate) struct StorePairs(pub State);

#[async_trait]
impl Handler<PairsFound> for StorePairs {
    async fn handle(
        &self,
        tx: &DatabaseTransaction,
        event: Delivered<PairsFound>,
    ) -> Result<(), HandlerError> {
        let found = event.data;
        let at = self.0.clock.now();
        duplicates::put_pairs(tx, &event.tenant, found.run_id, &found.model, &found.pairs, at).await?;
        Ok(())
    }
}

/// A page of pairs in one state, the most probable first; one more than the page.
pub(crate) async fn list(
    state: &State,
    ctx: &Ctx,
    pair_state: &str,
    min_probability: f64,
    after: Option<Cursor>,
    limit: u32,
) -> ApiResult<Vec<Pair>> {
    ctx.require(READ)?;
    if !["open", "same", "different", "unsure"].contains(&pair_state) {
        return Err(ApiError::bad_request("invalid_query", "the state is not known")
            .with_field("state", "must be open, same, different or unsure"));
    }
    let limit = i64::from(limit) + 1;
    Ok(duplicates::pairs(&state.db, ctx.tenant.as_str(), pair_state, min_probability, after, limit).await?)
}

/// One decision.
#[derive(Debug, Clone)]
pub(crate) struct Decision {
    pub pair_id: Uuid,
    pub verdict: Verdict,
    pub reason: String,
}

/// What became of a decision: its code, and a sentence when it was not applied.
#[derive(Debug, Clone)]
pub(crate) struct Decided {
    pub pair_id: Uuid,
    pub outcome: &'static str,
    pub message: Option<&'static str>,
}

/// Applies decisions in the order given, all in one transaction. A decision that contradicts another is refused alone.
pub(crate) async fn decide(
    ctx: &Ctx,
    tx: &DatabaseTransaction,
    decisions: &[Decision],
) -> ApiResult<Vec<Decided>> {
    ctx.require(DECIDE)?;
    if decisions.is_empty() || decisions.len() > MOST {
        return Err(ApiError::unprocessable("batch_size", format!("decisions must have 1 to {MOST} items")));
    }
    for (at, decision) in decisions.iter().enumerate() {
        sendable(&format!("decisions[{at}].reason"), &decision.reason, 500)?;
    }
    let change = Change {
        tenant: ctx.tenant.as_str().to_owned(),
        actor: ctx.actor.label(),
        reason: "decision about duplicates".to_owned(),
        at: ctx.clock.now(),
    };
    // What joins records must see what was joined before, and no import may add to a record meanwhile.
    Shared::Duplicates.change(tx, &change.tenant).await?;
    let pairs = duplicates::find(tx, &change.tenant, decisions.iter().map(|d| d.pair_id).collect()).await?;
    let mut joiner = Joiner::new(different(tx, &change.tenant, &pairs, decisions).await?);
    let decided: Vec<Decided> = decisions.iter().map(|d| apply(&mut joiner, &pairs, d)).collect();
    record(tx, &change, decisions, &decided).await?;
    join(tx, &change, &joiner).await?;
    Ok(decided)
}

/// Pairs that are decided to be different people, without those that this batch decides anew.
async fn different(
    tx: &DatabaseTransaction,
    tenant: &str,
    pairs: &HashMap<Uuid, Open>,
    decisions: &[Decision],
) -> StoreResult<Vec<(Uuid, Uuid)>> {
    let anew: BTreeSet<Uuid> = decisions.iter().map(|d| d.pair_id).collect();
    let masters: BTreeSet<Uuid> = pairs.values().flat_map(|p| [p.left_master, p.right_master]).collect();
    let different = duplicates::different(tx, tenant, masters.into_iter().collect()).await?;
    let standing = different.into_iter().filter(|p| !anew.contains(&p.pair_id));
    Ok(standing.map(|p| (p.left_master, p.right_master)).collect())
}

fn apply(joiner: &mut Joiner, pairs: &HashMap<Uuid, Open>, decision: &Decision) -> Decided {
    let answer = |outcome, message| Decided { pair_id: decision.pair_id, outcome, message };
    let Some(pair) = pairs.get(&decision.pair_id) else {
        return answer("unknown_pair", Some("there is no such pair"));
    };
    match joiner.decide(pair.pair_id, pair.left_master, pair.right_master, decision.verdict) {
        Effect::Applied => answer("applied", None),
        Effect::AlreadyJoined => answer("already_joined", None),
        Effect::DecidedDifferent => answer(
            "conflict",
            Some(
                "this would join two records that were decided to be different people; decide that pair anew first",
            ),
        ),
        Effect::JoinedBefore => answer("conflict", Some("the two records were joined before")),
    }
}

async fn record(
    tx: &DatabaseTransaction,
    change: &Change,
    decisions: &[Decision],
    decided: &[Decided],
) -> StoreResult<()> {
    // Of two decisions about one pair the last one stands.
    let mut last: BTreeMap<Uuid, (&str, &str)> = BTreeMap::new();
    for (decision, decided) in decisions.iter().zip(decided) {
        if decided.outcome == "applied" || decided.outcome == "already_joined" {
            let state = match decision.verdict {
                Verdict::Same => "same",
                Verdict::Different => "different",
                Verdict::Unsure => "unsure",
            };
            last.insert(decision.pair_id, (state, &decision.reason));
        }
    }
    let (mut ids, mut states, mut reasons) = (vec![], vec![], vec![]);
    for (id, (state, reason)) in last {
        ids.push(id);
        states.push(state.to_owned());
        reasons.push(reason.to_owned());
    }
    duplicates::decide(tx, change, ids, states, reasons).await?;
    Ok(())
}

/// Joins the records, moves places in households, closes pairs that are settled by that, and tells other services.
async fn join(tx: &DatabaseTransaction, change: &Change, joiner: &Joiner) -> StoreResult<()> {
    let joined = joiner.joined();
    if joined.is_empty() {
        return Ok(());
    }
    let mut people: BTreeMap<Uuid, Vec<Uuid>> = BTreeMap::new();
    for one in &joined {
        people.entry(one.master).or_default().push(one.record);
    }
    let (records, masters): (Vec<Uuid>, Vec<Uuid>) =
        joined.iter().map(|one| (one.record, one.master)).unzip();
    let reasons = joined.iter().map(|one| format!("duplicate pair {}", one.pair)).collect();
    let everyone: BTreeSet<Uuid> = records.iter().chain(&masters).copied().collect();
    let everyone: Vec<Uuid> = everyone.into_iter().collect();

    let places: Vec<Place> = memberships::active_of(tx, &change.tenant, everyone.clone())
        .await?
        .into_iter()
        .map(|m| Place {
            membership_id: m.membership_id,
            group_id: m.group_id,
            individual_id: m.individual_id,
            kinds: m.kinds,
            unique_kind: m.unique_kind,
            relationship_to_head: m.relationship_to_head,
            start_date: m.start_date,
        })
        .collect();
    let mut total = PlaceChanges::default();
    for (master, duplicates) in &people {
        let changes = merge_places(*master, duplicates, &places, Uuid::now_v7);
        total.end.extend(changes.end);
        total.change.extend(changes.change);
        total.join.extend(changes.join);
        total.headless.extend(changes.headless);
    }
    for household in &total.headless {
        tracing::warn!(household = %household, "a household has lost its Head to a duplicate and needs another one");
    }
    write_places(tx, change, &total).await?;
    duplicates::join(tx, change, records.clone(), masters.clone(), reasons).await?;
    duplicates::close_joined(tx, change, everyone).await?;

    let groups = places.iter().map(|p| p.group_id).collect();
    let key = "duplicates";
    let (tenant, person, group) = (&change.tenant, RegistrantKind::Individual, RegistrantKind::Group);
    announce(tx, tenant, key, ChangeKind::Duplicate, person, records).await?;
    announce(tx, tenant, key, ChangeKind::Updated, person, masters).await?;
    announce(tx, tenant, key, ChangeKind::Updated, group, groups).await
}

async fn write_places(tx: &DatabaseTransaction, change: &Change, places: &PlaceChanges) -> StoreResult<()> {
    let rows = |list: &[Place]| -> Vec<Value> {
        list.iter()
            .map(|p| {
                json!({
                    "membership_id": p.membership_id,
                    "group_id": p.group_id,
                    "individual_id": p.individual_id,
                    "kinds": p.kinds,
                    "unique_kind": p.unique_kind,
                    "relationship_to_head": p.relationship_to_head,
                    "start_date": iso(p.start_date),
                    "set_by": "merge",
                })
            })
            .collect()
    };
    // What ends makes room for what begins.
    let ended = Change { reason: "duplicate of another record".to_owned(), ..change.clone() };
    memberships::end(tx, &ended, places.end.clone()).await?;
    memberships::put(tx, change, rows(&places.change)).await?;
    memberships::put(tx, change, rows(&places.join)).await?;
    Ok(())
}
