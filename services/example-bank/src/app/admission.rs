//! Taking payments on, and answering what became of them.

use std::collections::{BTreeMap, HashMap};

use platform::{ApiError, ApiResult, Ctx};
use storage::{StoreError, StoreResult};
use uuid::Uuid;

use super::{CALL, PAY, READ};
use crate::{
    State,
    domain::{Event, Instruction, Order, PaymentState, reason, transition},
    jobs,
    store::{
        self,
        blocks::Block,
        payments::{Admission, Decided, Known},
    },
};

pub(crate) use crate::store::payments::Payment;

/// Most keys of one inquiry.
const MAX_KEYS: usize = 1_000;
/// How often an admission is tried that another one with the same keys crossed.
const TRIES: usize = 5;

/// What the bank says to one instruction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Taken on now.
    Accepted,
    /// Taken on before, under the same key.
    Duplicate,
    /// Not paid, now or ever under this key.
    Rejected(String),
}

/// Takes payments on, each on its own merits, and makes sure they will be booked. A key that is known gets the answer it
/// got before.
pub(crate) async fn initiate(
    state: &State,
    ctx: &Ctx,
    instructions: &[Instruction],
) -> ApiResult<Vec<Verdict>> {
    ctx.require(PAY)?;
    let max = state.config.max_payments;
    if instructions.len() > max {
        let why = format!("one call takes at most {max} payments (example_bank.max_payments)");
        return Err(ApiError::unprocessable("too_many_payments", why));
    }
    let orders: Vec<Result<Order, &'static str>> =
        instructions.iter().map(|i| i.to_order(&state.config)).collect();
    for _ in 0..TRIES {
        match admit(state, ctx, &orders).await {
            Ok(Some(verdicts)) => return Ok(verdicts),
            Ok(None) | Err(StoreError::Serialization) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(ApiError::unavailable("other requests with the same keys kept crossing this one"))
}

/// One try; `None` when another request took one of the keys meanwhile.
async fn admit(
    state: &State,
    ctx: &Ctx,
    orders: &[Result<Order, &'static str>],
) -> StoreResult<Option<Vec<Verdict>>> {
    let (tenant, at) = (ctx.tenant.as_str(), ctx.clock.now());
    let sound = || orders.iter().filter_map(|order| order.as_ref().ok());
    let tx = state.db.begin().await?;
    // The block first: it puts all who pay from it in a row, and what is known of the keys cannot change after.
    let blocks = sound().map(|o| o.block.clone()).collect::<std::collections::BTreeSet<_>>();
    let blocks = store::blocks::lock(&tx, tenant, blocks.into_iter().collect()).await?;
    let known = store::payments::known(&tx, tenant, sound().map(|o| o.key.clone()).collect()).await?;
    let plan = decide(orders, &blocks, &known, |key| state.faults.refuses(key));
    let new = u64::try_from(plan.new.len()).unwrap_or(u64::MAX);
    if new > 0 {
        let batch_id = Uuid::now_v7();
        let admission = Admission { tenant, actor: &ctx.actor.label(), at, batch_id };
        if store::payments::insert(&tx, &admission, plan.new).await? != new {
            return Ok(None);
        }
        if !plan.taken.is_empty() {
            let (references, amounts) = plan.taken.into_iter().unzip();
            store::blocks::use_up(&tx, tenant, references, amounts).await?;
            jobs::enqueue_booking(&tx, state, tenant, batch_id).await?;
        }
    }
    tx.commit().await?;
    Ok(Some(plan.verdicts))
}

/// What to answer, what to store, and what it takes from which block.
struct Plan {
    verdicts: Vec<Verdict>,
    new: Vec<Decided>,
    taken: BTreeMap<String, i64>,
}

fn decide(
    orders: &[Result<Order, &'static str>],
    blocks: &[Block],
    known: &[Known],
    refuses: impl Fn(&str) -> bool,
) -> Plan {
    let known: HashMap<&str, &Known> =
        known.iter().map(|k| (k.payment_reference_number.as_str(), k)).collect();
    let mut left: HashMap<String, i64> =
        blocks.iter().map(|b| (b.block_reference.clone(), b.left())).collect();
    let blocks: HashMap<&str, &Block> = blocks.iter().map(|b| (b.block_reference.as_str(), b)).collect();
    let mut first: HashMap<&str, (&Order, Verdict)> = HashMap::new();
    let mut plan =
        Plan { verdicts: Vec::with_capacity(orders.len()), new: Vec::new(), taken: BTreeMap::new() };
    for order in orders {
        let order = match order {
            Ok(order) => order,
            Err(why) => {
                plan.verdicts.push(Verdict::Rejected((*why).to_owned()));
                continue;
            }
        };
        let verdict = if let Some(known) = known.get(order.key.as_str()) {
            again(known.is_of(order), known.state == PaymentState::Rejected.as_str(), known.reason.as_deref())
        } else if let Some((before, verdict)) = first.get(order.key.as_str()) {
            let rejected = if let Verdict::Rejected(why) = verdict { Some(why.as_str()) } else { None };
            again(before.is_same_payment(order), rejected.is_some(), rejected)
        } else {
            let block = blocks.get(order.block.as_str()).copied();
            let left_of_it = left.get(&order.block).copied().unwrap_or_default();
            let refusal = refusal(order, block, left_of_it)
                .or_else(|| refuses(&order.key).then_some(reason::NOT_TODAY));
            let event = if refusal.is_none() { Event::Admit } else { Event::Refuse };
            let Ok(state) = transition(None, event) else { continue };
            if refusal.is_none() {
                let minor = order.amount.minor();
                left.entry(order.block.clone()).and_modify(|left| *left -= minor);
                *plan.taken.entry(order.block.clone()).or_default() += minor;
            }
            plan.new.push(Decided { order: order.clone(), state, reason: refusal });
            let verdict = refusal.map_or(Verdict::Accepted, |why| Verdict::Rejected(why.to_owned()));
            first.insert(&order.key, (order, verdict.clone()));
            verdict
        };
        plan.verdicts.push(verdict);
    }
    plan
}

/// The answer to a key that was answered before.
fn again(same: bool, rejected: bool, why: Option<&str>) -> Verdict {
    match (same, rejected) {
        (false, _) => Verdict::Rejected(reason::MISMATCH.to_owned()),
        (true, true) => Verdict::Rejected(why.unwrap_or_default().to_owned()),
        (true, false) => Verdict::Duplicate,
    }
}

fn refusal(order: &Order, block: Option<&Block>, left: i64) -> Option<&'static str> {
    let Some(block) = block else { return Some(reason::UNKNOWN_BLOCK) };
    if block.account_number != order.account || block.currency != order.amount.currency().code() {
        return Some(reason::BLOCK_MISMATCH);
    }
    if block.account_status != "open" {
        return Some(reason::REMITTER_NOT_OPEN);
    }
    (left < order.amount.minor()).then_some(reason::INSUFFICIENT_BLOCK)
}

/// Where payments stand, in the order asked: the state's word and the reason. `not_found` for unknown keys.
pub(crate) async fn statuses(
    state: &State,
    ctx: &Ctx,
    keys: &[String],
) -> ApiResult<Vec<(String, Option<String>)>> {
    ctx.require(CALL)?;
    if keys.len() > MAX_KEYS {
        let why = format!("one inquiry takes at most {MAX_KEYS} keys");
        return Err(ApiError::unprocessable("too_many_keys", why));
    }
    let found = store::payments::statuses(state.db.conn(), ctx.tenant.as_str(), keys.to_vec()).await?;
    let found: HashMap<String, (String, Option<String>)> =
        found.into_iter().map(|s| (s.payment_reference_number, (s.state, s.reason))).collect();
    let one = |key: &String| found.get(key).cloned().unwrap_or_else(|| ("not_found".to_owned(), None));
    Ok(keys.iter().map(one).collect())
}

/// Payments in order of keys, for audits.
pub(crate) async fn list(state: &State, ctx: &Ctx, after: &str, limit: i64) -> ApiResult<Vec<Payment>> {
    ctx.require(READ)?;
    Ok(store::payments::page(state.db.conn(), ctx.tenant.as_str(), after, limit).await?)
}
