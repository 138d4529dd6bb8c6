//! Asking for funds, blocking them, giving them back.

use money::{Amount, Currency, DecimalText};
use platform::{ApiResult, Ctx};
use storage::{DatabaseTransaction, StoreError};
use uuid::Uuid;

use super::CALL;
use crate::{
    State,
    store::{
        self,
        accounts::Account,
        blocks::{Block, NewBlock, Release},
    },
};

/// A refusal in the words of the reference dialect.
pub(crate) type Refusal = &'static str;

const NO_ACCOUNT: Refusal = "Account not found";
const NOT_OPEN: Refusal = "Account is not open";
const WRONG_CURRENCY: Refusal = "Currency is not that of the account";
const NO_FUNDS: Refusal = "Insufficient funds";
const INVALID_AMOUNT: Refusal = "Invalid amount";
const OTHER_REQUEST: Refusal = "The reference was used for another request";
const NO_BLOCK: Refusal = "Block not found";
const CLOSED_KEY: Refusal = "The reference is closed";

/// Whether an account holds enough that is not blocked.
pub(crate) async fn check_funds(
    state: &State,
    ctx: &Ctx,
    number: &str,
    currency: &str,
    needed: &DecimalText,
) -> ApiResult<Result<bool, Refusal>> {
    ctx.require(CALL)?;
    let account = store::accounts::by_number(state.db.conn(), ctx.tenant.as_str(), number).await?;
    Ok(sponsor(account.as_ref(), currency).and_then(|account| {
        let needed = minor(needed, currency)?;
        Ok(account.book_balance - account.blocked >= needed)
    }))
}

/// The account, if it is a sponsor's, open, and in this currency.
fn sponsor<'a>(account: Option<&'a Account>, currency: &str) -> Result<&'a Account, Refusal> {
    let account = account.filter(|a| a.kind == "sponsor").ok_or(NO_ACCOUNT)?;
    if account.status != "open" {
        return Err(NOT_OPEN);
    }
    if account.currency != currency {
        return Err(WRONG_CURRENCY);
    }
    Ok(account)
}

fn minor(amount: &DecimalText, currency: &str) -> Result<i64, Refusal> {
    let currency = Currency::from_code(currency).map_err(|_| WRONG_CURRENCY)?;
    let minor = amount.to_amount(currency).map_err(|_| INVALID_AMOUNT)?.minor();
    if minor < 0 { Err(INVALID_AMOUNT) } else { Ok(minor) }
}

/// What is to be blocked.
#[derive(Debug)]
pub(crate) struct BlockFunds<'a> {
    pub(crate) account_number: &'a str,
    pub(crate) currency: &'a str,
    pub(crate) amount: &'a DecimalText,
    /// The caller's key; a request without one makes a block of its own.
    pub(crate) reference: Option<&'a str>,
}

/// Sets money aside and returns the block's reference; the same key gives the same block. Whether the account holds
/// enough is decided by the database in the moment of writing, so that no two callers get the same money.
pub(crate) async fn block(
    state: &State,
    ctx: &Ctx,
    request: &BlockFunds<'_>,
) -> ApiResult<Result<String, Refusal>> {
    ctx.require(CALL)?;
    let amount = match minor(request.amount, request.currency) {
        Ok(amount) if amount > 0 => amount,
        Ok(_) => return Ok(Err(INVALID_AMOUNT)),
        Err(refusal) => return Ok(Err(refusal)),
    };
    let block_reference = Uuid::now_v7().to_string();
    let key = request.reference.unwrap_or(&block_reference);
    let same = |block: &Block| {
        let same = block.account_number == request.account_number
            && block.currency == request.currency
            && block.amount == amount;
        if same { Ok(block.block_reference.clone()) } else { Err(OTHER_REQUEST) }
    };
    let tenant = ctx.tenant.as_str();
    if let Some(known) = store::blocks::by_key(state.db.conn(), tenant, key).await? {
        return Ok(same(&known));
    }
    let account = store::accounts::by_number(state.db.conn(), tenant, request.account_number).await?;
    if let Err(refusal) = sponsor(account.as_ref(), request.currency) {
        return Ok(Err(refusal));
    }
    let new = NewBlock {
        block_reference: &block_reference,
        reference: key,
        account_number: request.account_number,
        currency: request.currency,
        amount,
    };
    let tx = state.db.begin().await?;
    store::blocks::lock_key(&tx, tenant, key).await?;
    if store::blocks::is_closed(&tx, tenant, key).await? {
        return Ok(Err(CLOSED_KEY));
    }
    match store::blocks::insert(&tx, tenant, &ctx.actor.label(), ctx.clock.now(), &new).await {
        Ok(true) => {
            tx.commit().await.map_err(StoreError::from)?;
            Ok(Ok(block_reference))
        }
        // Another request with the same key was faster.
        Ok(false) => {
            let known = store::blocks::by_key(&tx, tenant, key).await?;
            Ok(same(&known.ok_or(StoreError::NotFound("the block of this reference"))?))
        }
        Err(error) if error.is_constraint("accounts_available") => Ok(Err(NO_FUNDS)),
        Err(error) => Err(error.into()),
    }
}

/// Which block is to be released.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Named<'a> {
    /// The bank's reference.
    Reference(&'a str),
    /// The key it was asked for under; when nothing is blocked under it, nothing ever will be.
    Key(&'a str),
}

/// Gives back what no accepted payment has taken of a block; returns how much that was. The same key gives the same
/// answer.
pub(crate) async fn release(
    state: &State,
    ctx: &Ctx,
    named: Named<'_>,
    reference: Option<&str>,
) -> ApiResult<Result<DecimalText, Refusal>> {
    ctx.require(CALL)?;
    let tx = state.db.begin().await?;
    let outcome = match named {
        Named::Reference(block) => Some(release_in(&tx, ctx, block, reference.unwrap_or(block)).await?),
        Named::Key(asked_under) => release_by_key(&tx, ctx, asked_under, reference).await?,
    };
    tx.commit().await.map_err(StoreError::from)?;
    let nothing = Ok(DecimalText::from(0));
    Ok(outcome.map_or(nothing, |released| released.map(Amount::to_decimal_text)))
}

/// `None` when nothing was blocked under the key, which is closed now.
async fn release_by_key(
    tx: &DatabaseTransaction,
    ctx: &Ctx,
    asked_under: &str,
    reference: Option<&str>,
) -> ApiResult<Option<Result<Amount, Refusal>>> {
    let tenant = ctx.tenant.as_str();
    store::blocks::lock_key(tx, tenant, asked_under).await?;
    if let Some(block) = store::blocks::by_key(tx, tenant, asked_under).await? {
        let key = reference.unwrap_or(&block.block_reference);
        return Ok(Some(release_in(tx, ctx, &block.block_reference, key).await?));
    }
    store::blocks::close_key(tx, tenant, &ctx.actor.label(), ctx.clock.now(), asked_under).await?;
    Ok(None)
}

async fn release_in(
    tx: &DatabaseTransaction,
    ctx: &Ctx,
    block_reference: &str,
    key: &str,
) -> ApiResult<Result<Amount, Refusal>> {
    let tenant = ctx.tenant.as_str();
    let mut found = store::blocks::lock(tx, tenant, vec![block_reference.to_owned()]).await?;
    let Some(block) = found.pop() else { return Ok(Err(NO_BLOCK)) };
    let currency = Currency::from_code(&block.currency).map_err(platform::ApiError::internal)?;
    if let Some(known) = store::blocks::release_by_key(tx, tenant, key).await? {
        let same = known.block_reference == block.block_reference;
        return Ok(if same { Ok(Amount::from_minor(known.amount, currency)) } else { Err(OTHER_REQUEST) });
    }
    let left = block.left();
    let release = Release { block_reference: block.block_reference, amount: left };
    match store::blocks::release(tx, tenant, &ctx.actor.label(), ctx.clock.now(), key, &release).await {
        Ok(()) => Ok(Ok(Amount::from_minor(left, currency))),
        // The key went to another block while this one was asked for; the failed transaction leaves nothing behind.
        Err(error) if error.is_constraint("block_releases_key") => Ok(Err(OTHER_REQUEST)),
        Err(error) => Err(error.into()),
    }
}
