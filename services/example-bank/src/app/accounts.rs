//! Opening accounts and looking at one.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use money::{Currency, DecimalText};
use platform::{ApiError, ApiResult, Ctx};
use serde_json::json;
use storage::StoreError;

use super::{READ, WRITE};
use crate::{
    State,
    domain::is_customer_account,
    store::{
        self,
        accounts::{Account, NewAccounts},
        booking::Deposits,
    },
};

/// Most accounts of one request.
const MAX_ACCOUNTS: usize = 1_000;
/// Most minor units of a sponsor's balance: what fits into a statement.
const MAX_MINOR: i64 = 99_999_999_999_999;

/// An account to open.
#[derive(Debug)]
pub(crate) struct Opening {
    pub(crate) account_number: String,
    pub(crate) currency: String,
    /// `sponsor` or `beneficiary`.
    pub(crate) kind: &'static str,
    pub(crate) deposit: Option<DecimalText>,
    pub(crate) deposit_reference: Option<String>,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Opened {
    pub(crate) account_number: String,
    /// `opened`, `exists` or `rejected`.
    pub(crate) status: &'static str,
    /// Why it was rejected.
    pub(crate) reason: &'static str,
    /// Whether the deposit was booked by this request.
    pub(crate) deposited: bool,
}

/// A sound opening.
struct Sound {
    number: String,
    currency: Currency,
    kind: &'static str,
    deposit: Option<(String, i64)>,
}

fn check(opening: &Opening) -> Result<Sound, &'static str> {
    if !is_customer_account(&opening.account_number) {
        return Err("INVALID_ACCOUNT_NUMBER");
    }
    let currency = Currency::from_code(&opening.currency).map_err(|_| "INVALID_CURRENCY")?;
    let deposit = match &opening.deposit {
        None => None,
        Some(text) => {
            let minor = text.to_amount(currency).map_err(|_| "INVALID_AMOUNT")?.minor();
            if !(0..=MAX_MINOR).contains(&minor) {
                return Err("INVALID_AMOUNT");
            }
            let reference = match opening.deposit_reference.as_deref() {
                Some(key) if key.is_empty() || key.len() > 100 => return Err("INVALID_DEPOSIT_REFERENCE"),
                Some(key) => format!("key:{key}"),
                None => format!("opening:{}", opening.account_number),
            };
            (minor > 0).then_some((reference, minor))
        }
    };
    Ok(Sound { number: opening.account_number.clone(), currency, kind: opening.kind, deposit })
}

/// Opens accounts and books their deposits. Sending it again changes nothing: an account is opened once, and a deposit
/// is booked once per `deposit_reference` (without one: once per account).
pub(crate) async fn open(state: &State, ctx: &Ctx, openings: &[Opening]) -> ApiResult<Vec<Opened>> {
    ctx.require(WRITE)?;
    if openings.len() > MAX_ACCOUNTS {
        let why = format!("one request opens at most {MAX_ACCOUNTS} accounts");
        return Err(ApiError::unprocessable("too_many_accounts", why));
    }
    let checked: Vec<Result<Sound, &'static str>> = openings.iter().map(check).collect();
    let (tenant, now) = (ctx.tenant.as_str(), ctx.clock.now());
    let tx = state.db.begin().await?;
    let (mut opened, there) = open_rows(&tx, ctx, &checked).await?;
    let fits = |sound: &Sound| {
        there.get(&sound.number).is_some_and(|a| a.currency == sound.currency.code() && a.kind == sound.kind)
    };
    let mut deposits: BTreeMap<&str, (&Sound, i64)> = BTreeMap::new();
    for sound in checked.iter().filter_map(|c| c.as_ref().ok()).filter(|sound| fits(sound)) {
        if let Some((reference, minor)) = &sound.deposit {
            deposits.entry(reference).or_insert((sound, *minor));
        }
    }
    let mut booked = deposit(&tx, ctx, &deposits).await?;
    let subjects: Vec<String> = opened.iter().cloned().collect();
    if !subjects.is_empty() || !booked.is_empty() {
        let detail = json!({"accounts": subjects.len(), "deposits": booked.len()});
        store::audit(&tx, tenant, now, &ctx.actor.label(), "accounts.opened", subjects, detail).await?;
    }
    tx.commit().await.map_err(StoreError::from)?;
    let answer = |(opening, sound): (&Opening, &Result<Sound, &'static str>)| {
        let (status, reason) = match sound {
            Err(reason) => ("rejected", *reason),
            Ok(sound) if !fits(sound) => ("rejected", "MISMATCH"),
            Ok(sound) if opened.remove(&sound.number) => ("opened", ""),
            Ok(_) => ("exists", ""),
        };
        let reference = sound.as_ref().ok().and_then(|s| s.deposit.as_ref()).map(|(reference, _)| reference);
        Opened {
            account_number: opening.account_number.clone(),
            status,
            reason,
            deposited: status != "rejected" && reference.is_some_and(|r| booked.remove(r)),
        }
    };
    Ok(openings.iter().zip(&checked).map(answer).collect())
}

/// Opens what is not there; returns the numbers opened and all accounts named.
async fn open_rows(
    tx: &storage::DatabaseTransaction,
    ctx: &Ctx,
    checked: &[Result<Sound, &'static str>],
) -> ApiResult<(BTreeSet<String>, HashMap<String, Account>)> {
    let (tenant, now) = (ctx.tenant.as_str(), ctx.clock.now());
    let mut rows = NewAccounts::default();
    let sound = || checked.iter().filter_map(|c| c.as_ref().ok());
    for opening in sound() {
        rows.push(&opening.number, opening.currency.code(), opening.kind, "open");
    }
    let cash: BTreeSet<&str> = sound().filter(|s| s.deposit.is_some()).map(|s| s.currency.code()).collect();
    for currency in cash {
        rows.push(&format!("cash:{currency}"), currency, "clearing", "open");
    }
    let opened = store::accounts::open(tx, tenant, now, rows).await?;
    let opened = opened.into_iter().filter(|number| is_customer_account(number)).collect();
    let numbers = sound().map(|s| s.number.clone()).collect();
    let there = store::accounts::by_numbers(tx, tenant, numbers).await?;
    Ok((opened, there.into_iter().map(|a| (a.account_number.clone(), a)).collect()))
}

async fn deposit(
    tx: &storage::DatabaseTransaction,
    ctx: &Ctx,
    deposits: &BTreeMap<&str, (&Sound, i64)>,
) -> ApiResult<BTreeSet<String>> {
    if deposits.is_empty() {
        return Ok(BTreeSet::new());
    }
    let mut rows = Deposits::default();
    for (reference, (sound, minor)) in deposits {
        rows.references.push((*reference).to_owned());
        rows.accounts.push(sound.number.clone());
        rows.currencies.push(sound.currency.code().to_owned());
        rows.amounts.push(*minor);
    }
    match store::booking::post_deposits(tx, ctx.tenant.as_str(), ctx.clock.now(), rows).await {
        Ok(booked) => Ok(booked.into_iter().collect()),
        Err(error) if error.is_constraint("accounts_range") => Err(ApiError::unprocessable(
            "balance_too_large",
            "a sponsor's balance must stay below 10^14 minor units, or no statement could show it",
        )),
        Err(error) => Err(error.into()),
    }
}

/// The account with this number.
pub(crate) async fn lookup(state: &State, ctx: &Ctx, number: &str) -> ApiResult<Account> {
    ctx.require(READ)?;
    store::accounts::by_number(state.db.conn(), ctx.tenant.as_str(), number)
        .await?
        .ok_or_else(|| ApiError::not_found("the account"))
}
