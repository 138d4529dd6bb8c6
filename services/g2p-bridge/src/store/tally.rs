//! Counts and sums of an envelope's payments, kept beside the rows by the statements that change them.

use std::collections::BTreeMap;

use sea_orm::{ConnectionTrait, FromQueryResult};
use storage::{StoreResult, sql};

use crate::domain::disbursement;
pub use crate::domain::reckoning::Sum;

#[derive(FromQueryResult)]
struct TallyRow {
    state: String,
    count: i64,
    minor: i64,
}

/// Counts and sums by state.
#[derive(Debug, Clone, Default)]
pub struct Tally(BTreeMap<disbursement::State, Sum>);

impl Tally {
    /// Of one state.
    #[must_use]
    pub fn of(&self, state: disbursement::State) -> Sum {
        self.0.get(&state).copied().unwrap_or_default()
    }

    /// Of all states that satisfy the condition.
    #[must_use]
    pub fn sum(&self, wanted: impl Fn(disbursement::State) -> bool) -> Sum {
        self.0.iter().filter(|(state, _)| wanted(**state)).fold(Sum::default(), |sum, (_, one)| Sum {
            count: sum.count + one.count,
            minor: sum.minor + one.minor,
        })
    }

    /// Payments that are not final yet.
    #[must_use]
    pub fn open(&self) -> i64 {
        self.sum(|state| !state.is_final()).count
    }

    /// The states with at least one payment.
    pub fn iter(&self) -> impl Iterator<Item = (disbursement::State, Sum)> + '_ {
        self.0.iter().map(|(state, sum)| (*state, *sum)).filter(|(_, sum)| sum.count != 0)
    }
}

/// The tally of an envelope.
pub async fn tally<C: ConnectionTrait>(conn: &C, tenant: &str, id: &str) -> StoreResult<Tally> {
    let rows: Vec<TallyRow> = sql::fetch_all(
        conn,
        "SELECT state, sum(count)::bigint AS count, sum(amount_minor)::bigint AS minor FROM envelope_tally
          WHERE tenant_id = $1 AND envelope_id = $2 GROUP BY state",
        [tenant.into(), id.into()],
    )
    .await?;
    let known = rows.into_iter().filter_map(|row| {
        Some((disbursement::State::parse(&row.state)?, Sum { count: row.count, minor: row.minor }))
    });
    Ok(Tally(known.collect()))
}

#[derive(FromQueryResult)]
struct TalliesRow {
    envelope_id: String,
    state: String,
    count: i64,
    minor: i64,
}

/// The tallies of several envelopes, by id.
pub async fn tallies<C: ConnectionTrait>(
    conn: &C,
    tenant: &str,
    ids: Vec<String>,
) -> StoreResult<BTreeMap<String, Tally>> {
    let rows: Vec<TalliesRow> = sql::fetch_all(
        conn,
        "SELECT envelope_id, state, sum(count)::bigint AS count, sum(amount_minor)::bigint AS minor FROM envelope_tally
          WHERE tenant_id = $1 AND envelope_id = ANY($2) GROUP BY envelope_id, state",
        [tenant.into(), ids.into()],
    )
    .await?;
    let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
    for row in rows {
        if let Some(state) = disbursement::State::parse(&row.state) {
            let sum = Sum { count: row.count, minor: row.minor };
            tallies.entry(row.envelope_id).or_default().0.insert(state, sum);
        }
    }
    Ok(tallies)
}
