//! News of payments: states, history, the fund, and the end of a cycle, all in the caller's transaction.

use std::collections::{BTreeMap, HashMap};

use platform::Clock;
use storage::{ConnectionTrait, StoreError, StoreResult};
use uuid::Uuid;

use crate::{
    domain::{
        cycle::{CycleAction, transition},
        disbursement::{DisbursementState, FundShare},
    },
    store::{
        cycles::{self, FundChange},
        disbursements::{self, Moved, News},
    },
};

/// Applies news. Repeated, late and unknown ones change nothing.
///
/// # Errors
/// The database's; the transaction must then be rolled back.
pub async fn apply<C: ConnectionTrait>(
    tx: &C,
    tenant: &str,
    clock: &Clock,
    cause: &str,
    news: Vec<News>,
) -> StoreResult<()> {
    let news = furthest(news);
    if news.is_empty() {
        return Ok(());
    }
    crate::store::plan_anew(tx).await?;
    let moved = disbursements::apply_news(tx, tenant, cause, &news, clock.now()).await?;
    let mut cycles_moved: BTreeMap<Uuid, (Uuid, FundDelta)> = BTreeMap::new();
    for step in &moved {
        let delta = delta(step)?;
        let entry = cycles_moved.entry(step.cycle_id).or_insert((step.program_id, FundDelta::default()));
        entry.1.reserved += delta.reserved;
        entry.1.spent += delta.spent;
    }
    for (cycle, (program, delta)) in cycles_moved {
        settle(tx, tenant, clock, cause, cycle, program, delta).await?;
    }
    Ok(())
}

/// One news for each disbursement: the one that counts.
fn furthest(news: Vec<News>) -> Vec<News> {
    let mut best: HashMap<String, News> = HashMap::with_capacity(news.len());
    for item in news {
        match best.get(&item.id) {
            Some(known) if !known.state.is_replaced_by(known.at, item.state, item.at) => {}
            _ => {
                best.insert(item.id.clone(), item);
            }
        }
    }
    let mut news: Vec<News> = best.into_values().collect();
    news.sort_unstable_by(|a, b| a.id.cmp(&b.id));
    news
}

#[derive(Debug, Default, Clone, Copy)]
struct FundDelta {
    reserved: i64,
    spent: i64,
}

fn delta(step: &Moved) -> StoreResult<FundDelta> {
    let share = |state: &str| {
        DisbursementState::parse(state)
            .map(DisbursementState::fund_share)
            .ok_or_else(|| StoreError::Other(format!("the state '{state}' is not known")))
    };
    let (from, to) = (share(&step.from_state)?, share(&step.to_state)?);
    let part = |which: FundShare| {
        i64::from(to == which) * step.total_minor - i64::from(from == which) * step.total_minor
    };
    Ok(FundDelta { reserved: part(FundShare::Reserved), spent: part(FundShare::Spent) })
}

async fn settle<C: ConnectionTrait>(
    tx: &C,
    tenant: &str,
    clock: &Clock,
    cause: &str,
    cycle: Uuid,
    program: Uuid,
    delta: FundDelta,
) -> StoreResult<()> {
    if delta.reserved == 0 && delta.spent == 0 {
        return Ok(());
    }
    // The lock makes events of one cycle wait for each other here, so that the last one sees that all is final.
    let row = cycles::lock(tx, tenant, cycle).await?;
    let change = FundChange {
        program,
        cycle: Some(cycle),
        kind: "settle",
        deposited: 0,
        reserved: delta.reserved,
        spent: delta.spent,
        actor: "system:settlement",
        note: cause,
        at: clock.now(),
    };
    if !cycles::change_fund(tx, tenant, &change).await? {
        return Err(StoreError::Other(format!("payments of cycle {cycle} exceed the programme's fund")));
    }
    let from = row.state()?;
    if let Ok(next) = transition(from, CycleAction::Finish)
        && !disbursements::any_open(tx, tenant, cycle).await?
    {
        cycles::set_ended(tx, tenant, cycle, next, clock.now()).await?;
        cycles::note(tx, tenant, cycle, Some(from), next, "system:settlement", cause, clock.now()).await?;
    }
    Ok(())
}
