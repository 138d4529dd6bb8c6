//! What stops payments: pauses, and the most that may leave an account in a day.

use sea_orm::{ConnectionTrait, FromQueryResult};
use storage::{StoreResult, sql};
use time::{Date, OffsetDateTime};

use super::proposals::By;
use crate::domain::proposal::{Scope, limit_subject, pause_subject};

/// Held, shared, by whoever is about to send: what stops payments is written by one who holds it alone, and stands
/// for every payment that is sent after that.
pub async fn hold_shared<C: ConnectionTrait>(tx: &C, tenant: &str) -> StoreResult<()> {
    let query = "SELECT pg_advisory_xact_lock_shared(hashtextextended('brakes' || chr(10) || $1, 0))";
    sql::execute(tx, query, [tenant.into()]).await?;
    Ok(())
}

/// Waits for those who are about to send, and keeps others from it until the transaction ends.
pub async fn hold_alone<C: ConnectionTrait>(tx: &C, tenant: &str) -> StoreResult<()> {
    let query = "SELECT pg_advisory_xact_lock(hashtextextended('brakes' || chr(10) || $1, 0))";
    sql::execute(tx, query, [tenant.into()]).await?;
    Ok(())
}

/// A pause.
#[derive(Debug, Clone, FromQueryResult)]
pub struct Pause {
    /// `ALL`, `PROGRAM` or `BANK`.
    pub scope: String,
    /// The programme or bank.
    pub name: String,
    /// Why.
    pub reason: String,
    /// By whom.
    pub paused_by: String,
    /// When.
    pub paused_at: OffsetDateTime,
}

/// Every pause: there are as many as programmes and banks, at most.
pub async fn pauses<C: ConnectionTrait>(conn: &C, tenant: &str) -> StoreResult<Vec<Pause>> {
    let query = "SELECT scope, name, reason, paused_by, paused_at FROM pauses WHERE tenant_id = $1 ORDER BY scope, name";
    sql::fetch_all(conn, query, [tenant.into()]).await
}

/// Whether payments of the programme through the bank are stopped.
pub async fn is_paused<C: ConnectionTrait>(
    conn: &C,
    tenant: &str,
    program: &str,
    bank: &str,
) -> StoreResult<bool> {
    let found: Option<i32> = sql::scalar(
        conn,
        "SELECT 1 FROM pauses WHERE tenant_id = $1
            AND (scope = 'ALL' OR scope = 'PROGRAM' AND name = $2 OR scope = 'BANK' AND lower(name) = lower($3)) LIMIT 1",
        [tenant.into(), program.into(), bank.into()],
    )
    .await?;
    Ok(found.is_some())
}

/// Stops. `false` when it is stopped already.
pub async fn pause<C: ConnectionTrait>(tx: &C, by: By<'_>, scope: Scope, name: &str) -> StoreResult<bool> {
    let written = sql::execute(
        tx,
        "WITH added AS (
            INSERT INTO pauses (tenant_id, scope, name, reason, paused_by, paused_at) VALUES ($1, $2, $3, $4, $5, $6)
            ON CONFLICT DO NOTHING RETURNING scope
         ) INSERT INTO state_changes (tenant_id, subject, at, actor, action, before, after, reason)
           SELECT $1, $7, $6, $5, 'pause', 'RUNNING', 'PAUSED', $4 FROM added",
        [
            by.tenant.into(),
            scope.as_str().into(),
            name.into(),
            by.reason.into(),
            by.actor.into(),
            by.at.into(),
            pause_subject(scope, name).into(),
        ],
    )
    .await?;
    Ok(written == 1)
}

/// Lets go on. `false` when nothing is stopped.
pub async fn resume<C: ConnectionTrait>(tx: &C, by: By<'_>, scope: Scope, name: &str) -> StoreResult<bool> {
    let written = sql::execute(
        tx,
        "WITH gone AS (
            DELETE FROM pauses WHERE tenant_id = $1 AND scope = $2 AND name = $3 RETURNING scope
         ) INSERT INTO state_changes (tenant_id, subject, at, actor, action, before, after, reason)
           SELECT $1, $7, $6, $5, 'resume', 'PAUSED', 'RUNNING', $4 FROM gone",
        [
            by.tenant.into(),
            scope.as_str().into(),
            name.into(),
            by.reason.into(),
            by.actor.into(),
            by.at.into(),
            pause_subject(scope, name).into(),
        ],
    )
    .await?;
    Ok(written == 1)
}

/// The most that may leave an account in a day.
#[derive(Debug, Clone, FromQueryResult)]
pub struct Limit {
    /// The sponsor's account.
    pub account_number: String,
    /// ISO 4217.
    pub currency: String,
    /// Minor units.
    pub limit_minor: i64,
    /// Why.
    pub reason: String,
    /// By whom.
    pub set_by: String,
    /// When.
    pub set_at: OffsetDateTime,
}

const LIMIT: &str = "SELECT account_number, currency, limit_minor, reason, set_by, set_at FROM daily_limits";

/// The limit of an account.
pub async fn limit<C: ConnectionTrait>(
    conn: &C,
    tenant: &str,
    account: &str,
    currency: &str,
) -> StoreResult<Option<Limit>> {
    let query = format!("{LIMIT} WHERE tenant_id = $1 AND account_number = $2 AND currency = $3");
    sql::fetch_optional(conn, &query, [tenant.into(), account.into(), currency.into()]).await
}

/// Limits in the order of account and currency, after these.
pub async fn limits<C: ConnectionTrait>(
    conn: &C,
    tenant: &str,
    after: (&str, &str),
    limit: i64,
) -> StoreResult<Vec<Limit>> {
    let query = format!(
        "{LIMIT} WHERE tenant_id = $1 AND (account_number, currency) > ($2, $3) ORDER BY account_number, currency LIMIT $4"
    );
    sql::fetch_all(conn, &query, [tenant.into(), after.0.into(), after.1.into(), limit.into()]).await
}

/// Sets a limit, or takes it away. The amounts of the history are minor units.
pub async fn set_limit<C: ConnectionTrait>(
    tx: &C,
    by: By<'_>,
    account: &str,
    currency: &str,
    minor: Option<i64>,
) -> StoreResult<()> {
    let before = limit(tx, by.tenant, account, currency).await?.map(|l| l.limit_minor.to_string());
    let key = [by.tenant.into(), account.into(), currency.into()];
    match minor {
        Some(minor) => {
            let values = [minor.into(), by.reason.into(), by.actor.into(), by.at.into()];
            sql::execute(
                tx,
                "INSERT INTO daily_limits (tenant_id, account_number, currency, limit_minor, reason, set_by, set_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7)
                 ON CONFLICT (tenant_id, account_number, currency) DO UPDATE
                    SET limit_minor = $4, reason = $5, set_by = $6, set_at = $7",
                key.into_iter().chain(values),
            )
            .await?;
        }
        None => {
            let query =
                "DELETE FROM daily_limits WHERE tenant_id = $1 AND account_number = $2 AND currency = $3";
            sql::execute(tx, query, key).await?;
        }
    }
    let after = minor.map_or_else(|| "NONE".to_owned(), |minor| minor.to_string());
    sql::execute(
        tx,
        "INSERT INTO state_changes (tenant_id, subject, at, actor, action, before, after, reason)
         VALUES ($1, $2, $3, $4, 'limit', $5, $6, $7)",
        [
            by.tenant.into(),
            limit_subject(account, currency).into(),
            by.at.into(),
            by.actor.into(),
            before.into(),
            after.into(),
            by.reason.into(),
        ],
    )
    .await?;
    Ok(())
}

/// A day of an account.
#[derive(Debug, Clone, Copy)]
pub struct AccountDay<'a> {
    /// Whose.
    pub tenant: &'a str,
    /// The sponsor's account.
    pub account: &'a str,
    /// ISO 4217.
    pub currency: &'a str,
    /// In the programme's time zone.
    pub day: Date,
}

/// Minor units sent on a day. `lock` keeps others from sending from the account until the transaction ends.
pub async fn sent<C: ConnectionTrait>(conn: &C, of: AccountDay<'_>, lock: bool) -> StoreResult<i64> {
    if lock {
        let key = format!("account\n{}\n{}\n{}", of.tenant, of.account, of.currency);
        sql::execute(conn, "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", [key.into()]).await?;
    }
    let sent: Option<i64> = sql::scalar(
        conn,
        "SELECT COALESCE(sum(amount_minor), 0)::bigint AS sent FROM account_days
          WHERE tenant_id = $1 AND account_number = $2 AND currency = $3 AND day = $4",
        [of.tenant.into(), of.account.into(), of.currency.into(), of.day.into()],
    )
    .await?;
    Ok(sent.unwrap_or(0))
}

/// Adds what is about to be sent for the first time.
pub async fn add_sent<C: ConnectionTrait>(
    tx: &C,
    of: AccountDay<'_>,
    count: i64,
    minor: i64,
) -> StoreResult<()> {
    sql::execute(
        tx,
        "INSERT INTO account_days (tenant_id, account_number, currency, day, count, amount_minor)
         VALUES ($1, $2, $3, $4, $5, $6)",
        [of.tenant.into(), of.account.into(), of.currency.into(), of.day.into(), count.into(), minor.into()],
    )
    .await?;
    Ok(())
}
