//! Making statements: every movement of a sponsor's account once, in order, with true balances.

use ::jobs::{JobError, RunningJob};
use anyhow::Context;
use money::{Amount, Currency};
use platform::{ApiError, ApiResult, Ctx};
use storage::{DatabaseTransaction, StoreError};

use super::{CALL, READ};
use crate::{
    State,
    domain::{Draft, Line, LineKind, to_text},
    jobs,
    store::{
        self,
        accounts::Account,
        statements::{NewStatement, Unreported},
    },
};

pub(crate) use crate::store::statements::Listed;

/// Makes statements until every movement of the account stands on one.
pub(crate) async fn make_all(state: &State, job: &RunningJob, account: &str) -> Result<(), JobError> {
    loop {
        let tx = state.db.begin().await?;
        job.guard(&tx).await?;
        let Some(locked) = store::accounts::lock(&tx, &job.tenant, account).await? else {
            return Err(JobError::Fatal("the account of the statement does not exist".to_owned()));
        };
        if make_next(state, &tx, &job.tenant, &locked, false).await?.is_none() {
            return Ok(());
        }
        tx.commit().await?;
    }
}

/// Makes statements of what is not reported yet, and returns the number of the newest. Without anything to report that
/// is the last one; an account that never had one gets an empty one. `None` when there is no such account.
pub(crate) async fn generate(state: &State, ctx: &Ctx, account: &str) -> ApiResult<Option<i64>> {
    ctx.require(CALL)?;
    let tenant = ctx.tenant.as_str();
    let tx = state.db.begin().await?;
    let locked = store::accounts::lock(&tx, tenant, account).await?;
    let Some(locked) = locked.filter(|a| a.kind == "sponsor") else { return Ok(None) };
    let mut newest = None;
    while let Some(made) = make_next(state, &tx, tenant, &locked, false).await? {
        newest = Some(made);
    }
    if newest.is_none() {
        newest = store::statements::last(&tx, tenant, account).await?.map(|last| last.statement_id);
    }
    if newest.is_none() {
        newest = make_next(state, &tx, tenant, &locked, true).await?;
    }
    tx.commit().await.map_err(StoreError::from)?;
    Ok(newest)
}

/// Makes the next statement of a locked account, in one transaction with what follows from it: its delivery, and the
/// return of payments that it reports and that could not be delivered. `None` when there is nothing to report.
async fn make_next(
    state: &State,
    tx: &DatabaseTransaction,
    tenant: &str,
    account: &Account,
    even_empty: bool,
) -> anyhow::Result<Option<i64>> {
    let number = account.account_number.as_str();
    let limit = i64::from(state.config.statement_max_entries);
    let legs = store::statements::unreported(tx, tenant, number, limit).await?;
    if legs.is_empty() && !even_empty {
        return Ok(None);
    }
    let last = store::statements::last(tx, tenant, number).await?;
    let currency = Currency::from_code(&account.currency)?;
    let opening = last.as_ref().map_or(0, |last| last.closing_balance);
    let ordinal = last.map_or(0, |last| last.number) + 1;
    let (statement_id, at) = (store::statements::next_id(tx).await?, state.clock.now());
    let comes_back = legs.iter().filter(|leg| leg.kind == "payment" && leg.return_reason.is_some());
    let comes_back: Vec<String> = comes_back.map(|leg| leg.reference.clone()).collect();
    let ids: Vec<i64> = legs.iter().map(|leg| leg.leg_id).collect();
    let draft = Draft {
        statement_id,
        account: number.to_owned(),
        number: i64::from(ordinal),
        opening: Amount::from_minor(opening, currency),
        date: at.date(),
        lines: legs.into_iter().map(|leg| line(leg, currency)).collect::<Result<_, _>>()?,
    };
    let (content, closing) =
        to_text(&draft, state.config.written(number)).context("the statement cannot be written")?;
    let entries = ids.len();
    let statement = NewStatement {
        statement_id,
        account_number: number,
        number: ordinal,
        currency: currency.code(),
        opening_balance: opening,
        closing_balance: closing.minor(),
        content,
        at,
    };
    store::statements::insert(tx, tenant, statement, ids).await?;
    jobs::enqueue_delivery(tx, state, tenant, number).await?;
    if !comes_back.is_empty() {
        store::booking::mark_return_due(tx, tenant, at, comes_back).await?;
        jobs::enqueue_returns(tx, tenant, number).await?;
    }
    tracing::info!(statement = statement_id, number = ordinal, entries, "statement made");
    Ok(Some(statement_id))
}

fn line(leg: Unreported, currency: Currency) -> anyhow::Result<Line> {
    Ok(Line {
        entry_id: leg.entry_id,
        kind: LineKind::parse(&leg.kind)
            .context("journal_entries.kind is not one that this version knows")?,
        reference: leg.reference,
        amount: Amount::from_minor(leg.amount, currency),
        booked_at: leg.booked_at,
        narratives: leg.narratives.unwrap_or_default(),
        return_reason: leg.return_reason,
    })
}

/// Statements in order, without their text.
pub(crate) async fn list(state: &State, ctx: &Ctx, after: i64, limit: i64) -> ApiResult<Vec<Listed>> {
    ctx.require(READ)?;
    Ok(store::statements::page(state.db.conn(), ctx.tenant.as_str(), after, limit).await?)
}

/// The text of a statement.
pub(crate) async fn content(state: &State, ctx: &Ctx, statement_id: i64) -> ApiResult<String> {
    ctx.require(READ)?;
    store::statements::content(state.db.conn(), ctx.tenant.as_str(), statement_id)
        .await?
        .ok_or_else(|| ApiError::not_found("the statement"))
}
