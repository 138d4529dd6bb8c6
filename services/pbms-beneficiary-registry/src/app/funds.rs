//! Money of a programme: deposits, and reserving it for a cycle in one serialisable decision.

use std::time::Duration;

use money::{Amount, Currency};
use platform::{ApiError, ApiResult, Ctx};
use rand::Rng;
use serde_json::json;
use storage::{DatabaseTransaction, StoreError};
use uuid::Uuid;

use super::{
    READ, State, WRITE, audit,
    model::{FundCheckView, FundRequest, FundView},
    once, programs,
};
use crate::{
    domain::{cycle::CycleAction, definition::MAX_MINOR},
    store::cycles::{self, CycleRow, FundChange, FundRow},
};

/// How often a decision that collided with another one is taken again.
const ATTEMPTS: u32 = 20;

/// `500.00` for 50000 minor units of a currency with two decimals.
pub(super) fn text(minor: i64, currency: &str) -> ApiResult<String> {
    let currency = Currency::from_code(currency).map_err(ApiError::internal)?;
    Ok(Amount::from_minor(minor, currency).to_decimal_string())
}

/// Money comes in.
///
/// # Errors
/// 404; 422 `amount_invalid`.
pub async fn deposit(
    state: &State,
    ctx: &Ctx,
    key: Option<&str>,
    program: Uuid,
    request: &FundRequest,
) -> ApiResult<FundView> {
    ctx.require(WRITE)?;
    let row = programs::find(state, ctx, program).await?;
    let minor = deposit_amount(request, &row.currency)?;
    let tenant = ctx.tenant.as_str();
    once(state, ctx, key, "funds", &(program, request), async |tx: &DatabaseTransaction| {
        let actor = ctx.actor.label();
        let change = FundChange {
            program,
            cycle: None,
            kind: "deposit",
            deposited: minor,
            reserved: 0,
            spent: 0,
            actor: &actor,
            note: &request.note,
            at: ctx.clock.now(),
        };
        if !cycles::change_fund(tx, tenant, &change).await? {
            return Err(ApiError::not_found("the programme's fund account"));
        }
        audit(tx, ctx, "fund.deposit", &program.to_string(), json!({"amount": request.amount})).await?;
        let fund = cycles::fund(tx, tenant, program)
            .await?
            .ok_or_else(|| ApiError::not_found("the fund account"))?;
        view(&fund)
    })
    .await
}

fn deposit_amount(request: &FundRequest, currency: &str) -> ApiResult<i64> {
    let wrong = |why: String| {
        ApiError::unprocessable("amount_invalid", "the amount cannot be deposited").with_field("amount", why)
    };
    let currency = Currency::from_code(currency).map_err(ApiError::internal)?;
    let amount = Amount::parse(&request.amount, currency).map_err(|error| wrong(error.to_string()))?;
    if !(1..=MAX_MINOR).contains(&amount.minor()) {
        return Err(wrong("it must be above zero and not larger than any budget".to_owned()));
    }
    if request.note.chars().count() > 500 || request.note.contains('\0') {
        return Err(ApiError::unprocessable("note_invalid", "the note is longer than 500 characters"));
    }
    Ok(amount.minor())
}

/// The fund of a programme.
///
/// # Errors
/// 404.
pub async fn get(state: &State, ctx: &Ctx, program: Uuid) -> ApiResult<FundView> {
    ctx.require(READ)?;
    let fund = cycles::fund(state.db.conn(), ctx.tenant.as_str(), program).await?;
    view(&fund.ok_or_else(|| ApiError::not_found("the programme"))?)
}

fn view(fund: &FundRow) -> ApiResult<FundView> {
    let money = |minor| text(minor, &fund.currency);
    Ok(FundView {
        program_id: fund.program_id,
        currency: fund.currency.clone(),
        deposited: money(fund.deposited_minor)?,
        reserved: money(fund.reserved_minor)?,
        spent: money(fund.spent_minor)?,
        available: money(fund.available_minor())?,
    })
}

/// Checks whether the programme's money covers the whole cycle and, if so, reserves it. One serialisable transaction,
/// taken again when it collides with another: two cycles can never be promised the same money.
///
/// # Errors
/// 404; 409 `cycle_state`, `entitlements_not_computed`; 503 when it kept colliding.
pub async fn check(state: &State, ctx: &Ctx, cycle: Uuid) -> ApiResult<FundCheckView> {
    ctx.require(WRITE)?;
    for attempt in 0..ATTEMPTS {
        match try_check(state, ctx, cycle).await {
            Err(Collision::Yes) => {
                let pause = rand::rng().random_range(1..=10) * u64::from(attempt + 1);
                tokio::time::sleep(Duration::from_millis(pause)).await;
            }
            Err(Collision::No(error)) => return Err(error),
            Ok(view) => return Ok(view),
        }
    }
    Err(ApiError::unavailable("the fund check collided with others too often"))
}

enum Collision {
    Yes,
    No(ApiError),
}

impl From<StoreError> for Collision {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Serialization => Self::Yes,
            other => Self::No(other.into()),
        }
    }
}

impl From<ApiError> for Collision {
    fn from(error: ApiError) -> Self {
        Self::No(error)
    }
}

async fn try_check(state: &State, ctx: &Ctx, cycle: Uuid) -> Result<FundCheckView, Collision> {
    let tenant = ctx.tenant.as_str();
    let tx = state.db.begin_serializable().await?;
    let row = cycles::lock(&tx, tenant, cycle).await?;
    super::cycles::allowed(&row, CycleAction::Reserve)?;
    super::cycles::must_be_computed(&row)?;
    let missing = row.total_minor - row.reserved_minor;
    let mut sufficient = true;
    if missing != 0 {
        let actor = ctx.actor.label();
        let change = FundChange {
            program: row.program_id,
            cycle: Some(cycle),
            kind: "reserve",
            deposited: 0,
            reserved: missing,
            spent: 0,
            actor: &actor,
            note: &row.name,
            at: ctx.clock.now(),
        };
        sufficient = cycles::change_fund(&tx, tenant, &change).await?;
    }
    audit(&tx, ctx, "fund.check", &cycle.to_string(), json!({"sufficient": sufficient})).await?;
    let fund = cycles::fund(&tx, tenant, row.program_id).await?;
    let fund = fund.ok_or_else(|| ApiError::not_found("the fund account"))?;
    tx.commit().await.map_err(StoreError::from)?;
    let money = |minor| text(minor, &fund.currency);
    Ok(FundCheckView {
        sufficient,
        required: money(row.total_minor)?,
        reserved: money(if sufficient { row.total_minor } else { row.reserved_minor })?,
        available: money(fund.available_minor())?,
        currency: fund.currency.clone(),
    })
}

/// Sets free what is reserved for a cycle whose row is locked.
pub(super) async fn release(tx: &DatabaseTransaction, ctx: &Ctx, cycle: &CycleRow) -> ApiResult<()> {
    if cycle.reserved_minor == 0 {
        return Ok(());
    }
    let actor = ctx.actor.label();
    let change = FundChange {
        program: cycle.program_id,
        cycle: Some(cycle.id),
        kind: "release",
        deposited: 0,
        reserved: -cycle.reserved_minor,
        spent: 0,
        actor: &actor,
        note: &cycle.name,
        at: ctx.clock.now(),
    };
    if cycles::change_fund(tx, ctx.tenant.as_str(), &change).await? {
        return Ok(());
    }
    Err(ApiError::internal("the fund account of a cycle with a reservation is missing"))
}
