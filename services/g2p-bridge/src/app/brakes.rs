//! What a treasury stops payments with: a pause of one programme, one sponsor bank or all payments, and the most that
//! may leave an account in a day. Anybody who may write or approve stops; going on takes two people.

use money::{Currency, DecimalText};
use platform::{ApiError, ApiResult, Ctx};
use sea_orm::DatabaseTransaction;
use storage::{StoreError, StoreResult};
use time::Date;

use super::{APPROVE, App, READ, WRITE, pay, proposals::reason_of, status::decimal};
use crate::{
    domain::proposal::{Content, Scope},
    store::{
        brakes::{self, AccountDay, Limit, Pause},
        envelopes::{self, Envelope},
        payments, programs, progress,
        proposals::By,
    },
};

/// Longest name of a programme, a bank or an account.
const MAX_NAME: usize = 255;

fn may_stop(ctx: &Ctx) -> ApiResult<()> {
    if ctx.may(APPROVE) { Ok(()) } else { ctx.require(WRITE) }
}

fn checked(field: &str, text: &str) -> ApiResult<String> {
    let text = text.trim();
    if text.is_empty() || text.len() > MAX_NAME || text.chars().any(char::is_control) {
        let rule = "must be 1 to 255 bytes";
        return Err(
            ApiError::unprocessable("invalid_field", format!("{field} {rule}")).with_field(field, rule)
        );
    }
    Ok(text.to_owned())
}

/// The name that goes with a scope.
///
/// # Errors
/// 422.
pub fn scope_name(scope: Scope, name: Option<&str>) -> ApiResult<String> {
    match (scope, name) {
        (Scope::All, None | Some("")) => Ok(String::new()),
        (Scope::All, Some(_)) => {
            let rule = "goes with the scopes PROGRAM and BANK only";
            Err(ApiError::unprocessable("invalid_field", format!("name {rule}")).with_field("name", rule))
        }
        (Scope::Program | Scope::Bank, name) => checked("name", name.unwrap_or_default()),
    }
}

/// Stops payments at once: when this returns, no payment in its scope is sent any more that was not on its way. Again
/// is the same as once.
///
/// # Errors
/// 403; 404 for a programme that is not configured; 422.
pub async fn pause(
    app: &App,
    ctx: &Ctx,
    scope: Scope,
    name: Option<&str>,
    reason: &str,
) -> ApiResult<Vec<Pause>> {
    may_stop(ctx)?;
    let name = scope_name(scope, name)?;
    let actor = ctx.actor.label();
    let by = By { tenant: ctx.tenant.as_str(), actor: &actor, at: app.now(), reason: reason_of(reason)? };
    let tx = app.begin().await?;
    let known = match scope {
        Scope::All => true,
        Scope::Program => programs::current(&tx, by.tenant, &name, false).await?.is_some(),
        Scope::Bank => programs::bank_is_known(&tx, by.tenant, &name).await?,
    };
    if !known {
        return Err(ApiError::not_found("this programme or bank"));
    }
    brakes::hold_alone(&tx, by.tenant).await?;
    if brakes::pause(&tx, by, scope, &name).await? {
        tracing::warn!(scope = scope.as_str(), name, "payments are paused");
    }
    let pauses = brakes::pauses(&tx, by.tenant).await?;
    tx.commit().await.map_err(StoreError::from)?;
    Ok(pauses)
}

/// Every pause.
///
/// # Errors
/// 403.
pub async fn pauses(app: &App, ctx: &Ctx) -> ApiResult<Vec<Pause>> {
    ctx.require(READ)?;
    Ok(brakes::pauses(app.db.conn(), ctx.tenant.as_str()).await?)
}

pub(super) async fn check_paused(
    tx: &DatabaseTransaction,
    tenant: &str,
    scope: Scope,
    name: &str,
) -> ApiResult<()> {
    let pauses = brakes::pauses(tx, tenant).await?;
    if pauses.iter().any(|p| p.scope == scope.as_str() && p.name == name) {
        return Ok(());
    }
    Err(ApiError::not_found("this pause"))
}

/// Lets payments go on, and wakes what waits for it.
pub(super) async fn resume(
    app: &App,
    tx: &DatabaseTransaction,
    by: By<'_>,
    scope: Scope,
    name: &str,
) -> ApiResult<String> {
    if !brakes::resume(tx, by, scope, name).await? {
        return Err(ApiError::conflict("not_paused", "this is not paused any more"));
    }
    wake_all(app, tx, by.tenant).await?;
    tracing::warn!(scope = scope.as_str(), name, "payments go on");
    Ok("RUNNING".to_owned())
}

/// Wakes every envelope and batch that is on its way.
async fn wake_all(app: &App, tx: &DatabaseTransaction, tenant: &str) -> StoreResult<()> {
    let mut after = String::new();
    loop {
        let page = progress::live_ids(tx, (tenant, &after), 500).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after.clone_from(&last.envelope_id);
        for live in page {
            if live.tenant_id != tenant {
                return Ok(());
            }
            if let Some(envelope) = envelopes::find(tx, tenant, &live.envelope_id).await? {
                wake(app, tx, tenant, &envelope).await?;
            }
        }
    }
}

/// Wakes the work of an envelope that is on its way.
pub(super) async fn wake(
    app: &App,
    tx: &DatabaseTransaction,
    tenant: &str,
    envelope: &Envelope,
) -> StoreResult<()> {
    use crate::domain::envelope::State;
    match envelope.state()? {
        State::Receiving | State::Finished | State::Cancelled | State::Expired => return Ok(()),
        State::Paying => {
            let open = payments::open_ids(tx, tenant, &envelope.envelope_id).await?;
            pay::enqueue(tx, tenant, &envelope.envelope_id, &open).await?;
        }
        State::Scheduled | State::Resolving | State::Funding | State::Releasing => {}
    }
    super::driver::enqueue(app, tx, tenant, envelope).await
}

/// Whether the envelope's money may be touched now.
pub(super) async fn is_paused(app: &App, tenant: &str, envelope: &Envelope) -> StoreResult<bool> {
    let (program, bank) = (&envelope.benefit_program_mnemonic, &envelope.sponsor_bank_code);
    brakes::is_paused(app.db.conn(), tenant, program, bank).await
}

/// How much may be sent now.
pub(super) enum Gate {
    /// Nothing: payments are stopped.
    Paused,
    /// Payments whose sums, from the first on, do not come to more than this.
    UpTo(i64),
    /// All.
    Open,
}

/// Decides what of an envelope may be sent, and keeps the answer true until the transaction ends.
pub(super) async fn gate(
    tx: &DatabaseTransaction,
    tenant: &str,
    envelope: &Envelope,
    day: Date,
) -> StoreResult<Gate> {
    brakes::hold_shared(tx, tenant).await?;
    let (program, bank) = (&envelope.benefit_program_mnemonic, &envelope.sponsor_bank_code);
    if brakes::is_paused(tx, tenant, program, bank).await? {
        return Ok(Gate::Paused);
    }
    let of = account_day(tenant, envelope, day);
    match brakes::limit(tx, tenant, of.account, of.currency).await? {
        None => Ok(Gate::Open),
        Some(limit) => {
            let sent = brakes::sent(tx, of, true).await?;
            Ok(Gate::UpTo(limit.limit_minor.saturating_sub(sent).max(0)))
        }
    }
}

fn account_day<'a>(tenant: &'a str, envelope: &'a Envelope, day: Date) -> AccountDay<'a> {
    AccountDay { tenant, account: &envelope.sponsor_bank_account_number, currency: &envelope.currency, day }
}

/// Adds what is sent for the first time to its account's day.
pub(super) async fn note_sent(
    tx: &DatabaseTransaction,
    tenant: &str,
    envelope: &Envelope,
    day: Date,
    amounts: &[i64],
) -> StoreResult<()> {
    if amounts.is_empty() {
        return Ok(());
    }
    let count = i64::try_from(amounts.len()).unwrap_or(i64::MAX);
    brakes::add_sent(tx, account_day(tenant, envelope, day), count, amounts.iter().sum()).await
}

/// What became of the wish for a limit.
pub enum Wish {
    /// It is set.
    Set(Option<Limit>),
    /// It lets more through than now: a second person must approve this.
    Ask(Content),
}

/// Lowers the daily limit of an account at once; what raises or lifts one is for two people.
///
/// # Errors
/// 403; 404 when no programme is paid from the account; 422.
pub async fn limit(
    app: &App,
    ctx: &Ctx,
    account: &str,
    currency: &str,
    amount: Option<&DecimalText>,
    reason: &str,
) -> ApiResult<Wish> {
    may_stop(ctx)?;
    let account_number = checked("account_number", account)?;
    let wrong = |field: &str, rule: &str| {
        ApiError::unprocessable("invalid_field", format!("{field} {rule}")).with_field(field, rule)
    };
    let known =
        Currency::from_code(currency.trim()).map_err(|_| wrong("currency", "must be a code of ISO 4217"))?;
    let minor = match amount.map(|a| a.to_amount(known)) {
        None => None,
        Some(Ok(amount)) if !amount.is_negative() => Some(amount.minor()),
        Some(_) => return Err(wrong("amount", "must be a decimal of the currency, 0 or more")),
    };
    let actor = ctx.actor.label();
    let by = By { tenant: ctx.tenant.as_str(), actor: &actor, at: app.now(), reason: reason_of(reason)? };
    let tx = app.begin().await?;
    if !programs::account_is_known(&tx, by.tenant, &account_number, None).await? {
        return Err(ApiError::not_found("a programme that is paid from this account"));
    }
    brakes::hold_alone(&tx, by.tenant).await?;
    let now = brakes::limit(&tx, by.tenant, &account_number, known.code()).await?;
    let lower = match (now.as_ref().map(|l| l.limit_minor), minor) {
        (None, Some(_)) => true,
        (Some(now), Some(new)) => new <= now,
        (None | Some(_), None) => false,
    };
    if !lower {
        let currency = known.code().to_owned();
        return Ok(Wish::Ask(Content::DailyLimit { account_number, currency, limit_minor: minor }));
    }
    brakes::set_limit(&tx, by, &account_number, known.code(), minor).await?;
    let set = brakes::limit(&tx, by.tenant, &account_number, known.code()).await?;
    tx.commit().await.map_err(StoreError::from)?;
    Ok(Wish::Set(set))
}

/// Sets the limit that two people agreed on.
pub(super) async fn set_limit(
    tx: &DatabaseTransaction,
    by: By<'_>,
    account: &str,
    currency: &str,
    minor: Option<i64>,
) -> ApiResult<String> {
    brakes::hold_alone(tx, by.tenant).await?;
    brakes::set_limit(tx, by, account, currency, minor).await?;
    match minor {
        Some(minor) => Ok(format!("LIMIT {} {currency}", decimal(minor, currency)?.as_str())),
        None => Ok("NO LIMIT".to_owned()),
    }
}

/// Limits in the order of their accounts.
///
/// # Errors
/// 403.
pub async fn limits(app: &App, ctx: &Ctx, after: (&str, &str), limit: i64) -> ApiResult<Vec<Limit>> {
    ctx.require(READ)?;
    Ok(brakes::limits(app.db.conn(), ctx.tenant.as_str(), after, limit).await?)
}
