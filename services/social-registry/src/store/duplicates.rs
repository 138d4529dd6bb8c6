//! Pairs of records that may be one person, and records that were joined.

use std::collections::HashMap;

use sea_orm::{DatabaseTransaction, FromQueryResult};
use storage::{Db, StoreResult, sql};
use time::OffsetDateTime;
use uuid::Uuid;

use super::Change;
use crate::events::FoundPair;

/// A pair in the review queue.
#[derive(Debug, Clone, FromQueryResult)]
pub(crate) struct Pair {
    pub pair_id: Uuid,
    pub left_id: Uuid,
    pub left_external_id: String,
    pub right_id: Uuid,
    pub right_external_id: String,
    pub probability: f64,
    pub weight: f64,
    pub state: String,
    pub found_at: OffsetDateTime,
    pub decided_at: Option<OffsetDateTime>,
    pub decided_by: Option<String>,
    pub reason: Option<String>,
}

/// Adds pairs, or brings open ones up to date. Pairs about unknown records, households, or records that are one
/// already are left out; so are pairs that were decided.
pub(crate) async fn put_pairs(
    tx: &DatabaseTransaction,
    tenant: &str,
    run_id: Uuid,
    model: &str,
    pairs: &[FoundPair],
    at: OffsetDateTime,
) -> StoreResult<u64> {
    let (mut left, mut right, mut probability, mut weight, mut ids) =
        (vec![], vec![], vec![], vec![], vec![]);
    for pair in
        pairs.iter().filter(|p| p.left != p.right && p.probability.is_finite() && p.weight.is_finite())
    {
        left.push(pair.left.min(pair.right));
        right.push(pair.left.max(pair.right));
        probability.push(pair.probability.clamp(0.0, 1.0));
        weight.push(pair.weight);
        ids.push(Uuid::now_v7());
    }
    sql::execute(
        tx,
        include_str!("sql/pairs_put.sql"),
        [
            tenant.into(),
            ids.into(),
            left.into(),
            right.into(),
            probability.into(),
            weight.into(),
            run_id.into(),
            model.into(),
            at.into(),
        ],
    )
    .await
}

/// Where a page of the queue starts: probability and pair of the last one shown.
pub(crate) type Cursor = (f64, Uuid);

/// A page of pairs in one state, the most probable first.
pub(crate) async fn pairs(
    db: &Db,
    tenant: &str,
    state: &str,
    min_probability: f64,
    after: Option<Cursor>,
    limit: i64,
) -> StoreResult<Vec<Pair>> {
    let (probability, pair_id) = after.unwrap_or((2.0, Uuid::nil()));
    sql::fetch_all(
        db.conn(),
        "SELECT p.pair_id, p.left_id, l.external_id AS left_external_id, p.right_id,
                r.external_id AS right_external_id, p.probability, p.weight, p.state, p.found_at, p.decided_at,
                p.decided_by, p.reason
           FROM duplicate_pairs AS p
           JOIN registrants AS l ON l.tenant_id = p.tenant_id AND l.registrant_id = p.left_id
           JOIN registrants AS r ON r.tenant_id = p.tenant_id AND r.registrant_id = p.right_id
          WHERE p.tenant_id = $1 AND p.state = $2 AND p.probability >= $3
            AND (p.probability < $4 OR (p.probability = $4 AND p.pair_id > $5))
          ORDER BY p.probability DESC, p.pair_id LIMIT $6",
        [
            tenant.into(),
            state.into(),
            min_probability.into(),
            probability.into(),
            pair_id.into(),
            limit.into(),
        ],
    )
    .await
}

/// A pair to decide on, with the records that stand for its two sides now.
#[derive(Debug, Clone, FromQueryResult)]
pub(crate) struct Open {
    pub pair_id: Uuid,
    pub left_master: Uuid,
    pub right_master: Uuid,
}

const WITH_MASTERS: &str = "SELECT p.pair_id,
        COALESCE(l.duplicate_of, p.left_id) AS left_master, COALESCE(r.duplicate_of, p.right_id) AS right_master
   FROM duplicate_pairs AS p
   JOIN registrants AS l ON l.tenant_id = p.tenant_id AND l.registrant_id = p.left_id
   JOIN registrants AS r ON r.tenant_id = p.tenant_id AND r.registrant_id = p.right_id";

/// The pairs of these ids.
pub(crate) async fn find(
    tx: &DatabaseTransaction,
    tenant: &str,
    pair_ids: Vec<Uuid>,
) -> StoreResult<HashMap<Uuid, Open>> {
    let rows: Vec<Open> = sql::fetch_all(
        tx,
        &format!("{WITH_MASTERS} WHERE p.tenant_id = $1 AND p.pair_id = ANY($2)"),
        [tenant.into(), pair_ids.into()],
    )
    .await?;
    Ok(rows.into_iter().map(|row| (row.pair_id, row)).collect())
}

/// Pairs decided to be different people that touch one of these records or their duplicates.
pub(crate) async fn different(
    tx: &DatabaseTransaction,
    tenant: &str,
    masters: Vec<Uuid>,
) -> StoreResult<Vec<Open>> {
    sql::fetch_all(
        tx,
        &format!(
            "{WITH_MASTERS} WHERE p.tenant_id = $1 AND p.state = 'different'
                AND (COALESCE(l.duplicate_of, p.left_id) = ANY($2) OR COALESCE(r.duplicate_of, p.right_id) = ANY($2))"
        ),
        [tenant.into(), masters.into()],
    )
    .await
}

/// Ends a statement that writes pairs (`written`, with their former rows in `old`): what was decided before stays in the
/// history. `$1` tenant, `$3` actor, `$4` time.
const NOTED: &str = "
    INSERT INTO history (tenant_id, at, actor, reason, entity, action, registrant_id, before, after)
    SELECT $1, $4, $3, 'duplicate pair ' || w.pair_id, 'duplicate_pair', 'updated', w.right_id,
           jsonb_strip_nulls(to_jsonb(old) - 'tenant_id'), jsonb_strip_nulls(to_jsonb(w) - 'tenant_id')
      FROM written AS w JOIN old ON old.pair_id = w.pair_id";

/// Records decisions: pair, new state and reason, place by place.
pub(crate) async fn decide(
    tx: &DatabaseTransaction,
    change: &Change,
    pair_ids: Vec<Uuid>,
    states: Vec<String>,
    reasons: Vec<String>,
) -> StoreResult<u64> {
    sql::execute(
        tx,
        &format!(
            "WITH old AS (
                SELECT * FROM duplicate_pairs WHERE tenant_id = $1 AND pair_id = ANY($2)
             ), written AS (
                UPDATE duplicate_pairs AS p SET state = u.state, reason = u.reason, decided_by = $3, decided_at = $4
                  FROM UNNEST($2::uuid[], $5::text[], $6::text[]) AS u(pair_id, state, reason)
                 WHERE p.tenant_id = $1 AND p.pair_id = u.pair_id
                RETURNING p.*
             ){NOTED}"
        ),
        [
            change.tenant.as_str().into(),
            pair_ids.into(),
            change.actor.as_str().into(),
            change.at.into(),
            states.into(),
            reasons.into(),
        ],
    )
    .await
}

/// Makes records duplicates of others, each for its reason; records that were duplicates of them follow. Returns all that changed.
pub(crate) async fn join(
    tx: &DatabaseTransaction,
    change: &Change,
    records: Vec<Uuid>,
    masters: Vec<Uuid>,
    reasons: Vec<String>,
) -> StoreResult<Vec<Uuid>> {
    sql::scalars(
        tx,
        include_str!("sql/duplicates_join.sql"),
        [
            change.tenant.as_str().into(),
            records.into(),
            masters.into(),
            change.actor.as_str().into(),
            reasons.into(),
            change.at.into(),
        ],
    )
    .await
}

/// Closes open pairs whose two sides are one person by now.
pub(crate) async fn close_joined(
    tx: &DatabaseTransaction,
    change: &Change,
    records: Vec<Uuid>,
) -> StoreResult<u64> {
    sql::execute(
        tx,
        &format!(
            "WITH old AS (
                SELECT p.* FROM duplicate_pairs AS p
                  JOIN registrants AS l ON l.tenant_id = p.tenant_id AND l.registrant_id = p.left_id
                  JOIN registrants AS r ON r.tenant_id = p.tenant_id AND r.registrant_id = p.right_id
                 WHERE p.tenant_id = $1 AND p.state IN ('open', 'unsure')
                   AND (p.left_id = ANY($2) OR p.right_id = ANY($2))
                   AND COALESCE(l.duplicate_of, l.registrant_id) = COALESCE(r.duplicate_of, r.registrant_id)
             ), written AS (
                UPDATE duplicate_pairs AS p
                   SET state = 'same', decided_by = $3, decided_at = $4, reason = 'joined through another pair'
                  FROM old WHERE p.tenant_id = $1 AND p.pair_id = old.pair_id
                RETURNING p.*
             ){NOTED}"
        ),
        [change.tenant.as_str().into(), records.into(), change.actor.as_str().into(), change.at.into()],
    )
    .await
}
