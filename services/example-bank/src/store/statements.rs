//! Statements: which legs they report, and whether they were delivered.

use sea_orm::{ConnectionTrait, FromQueryResult};
use storage::{StoreResult, sql};
use time::OffsetDateTime;

/// A leg that no statement reports yet. No `Debug`: narratives may name people.
#[derive(FromQueryResult)]
pub(crate) struct Unreported {
    pub(crate) leg_id: i64,
    pub(crate) entry_id: i64,
    pub(crate) amount: i64,
    pub(crate) kind: String,
    pub(crate) reference: String,
    pub(crate) booked_at: OffsetDateTime,
    pub(crate) narratives: Option<String>,
    pub(crate) return_reason: Option<String>,
}

/// The oldest unreported legs of an account. Call it with the account locked.
pub(crate) async fn unreported(
    tx: &impl ConnectionTrait,
    tenant: &str,
    account_number: &str,
    limit: i64,
) -> StoreResult<Vec<Unreported>> {
    sql::fetch_all(
        tx,
        include_str!("sql/unreported.sql"),
        [tenant.into(), account_number.into(), limit.into()],
    )
    .await
}

/// The last statement of an account.
#[derive(Debug, FromQueryResult)]
pub(crate) struct Last {
    pub(crate) statement_id: i64,
    pub(crate) number: i32,
    pub(crate) closing_balance: i64,
}

/// The last statement of an account.
pub(crate) async fn last(
    tx: &impl ConnectionTrait,
    tenant: &str,
    account_number: &str,
) -> StoreResult<Option<Last>> {
    sql::fetch_optional(
        tx,
        "SELECT statement_id, number, closing_balance FROM statements
          WHERE tenant_id = $1 AND account_number = $2 ORDER BY number DESC LIMIT 1",
        [tenant.into(), account_number.into()],
    )
    .await
}

/// A number for the next statement.
pub(crate) async fn next_id(tx: &impl ConnectionTrait) -> StoreResult<i64> {
    let id =
        sql::scalar(tx, "SELECT nextval(pg_get_serial_sequence('statements', 'statement_id'))", []).await?;
    id.ok_or(storage::StoreError::NotFound("the number of the next statement"))
}

/// A statement to store. No `Debug`: its text may name people.
pub(crate) struct NewStatement<'a> {
    pub(crate) statement_id: i64,
    pub(crate) account_number: &'a str,
    pub(crate) number: i32,
    pub(crate) currency: &'a str,
    pub(crate) opening_balance: i64,
    pub(crate) closing_balance: i64,
    pub(crate) content: String,
    pub(crate) at: OffsetDateTime,
}

/// Stores a statement and marks its legs reported. Fails when one of them is reported already.
pub(crate) async fn insert(
    tx: &impl ConnectionTrait,
    tenant: &str,
    statement: NewStatement<'_>,
    legs: Vec<i64>,
) -> StoreResult<()> {
    sql::execute(
        tx,
        "INSERT INTO statements (tenant_id, statement_id, account_number, number, currency, opening_balance,
                                 closing_balance, entries, content, created_at)
         OVERRIDING SYSTEM VALUE VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        [
            tenant.into(),
            statement.statement_id.into(),
            statement.account_number.into(),
            statement.number.into(),
            statement.currency.into(),
            statement.opening_balance.into(),
            statement.closing_balance.into(),
            i32::try_from(legs.len()).unwrap_or(i32::MAX).into(),
            statement.content.into(),
            statement.at.into(),
        ],
    )
    .await?;
    sql::execute(
        tx,
        "WITH l AS MATERIALIZED (
            SELECT l.row FROM UNNEST($3::bigint[]) AS n (leg_id)
             CROSS JOIN LATERAL (SELECT ctid AS row FROM legs WHERE tenant_id = $1 AND leg_id = n.leg_id
                                  LIMIT 1 FOR NO KEY UPDATE) AS l
         ) UPDATE legs SET statement_id = $2 FROM l WHERE legs.ctid = l.row AND legs.ctid = ANY(ARRAY(SELECT row FROM l))",
        [tenant.into(), statement.statement_id.into(), legs.into()],
    )
    .await?;
    Ok(())
}

/// A statement to deliver. No `Debug`: its text may name people.
#[derive(FromQueryResult)]
pub(crate) struct ToDeliver {
    pub(crate) statement_id: i64,
    pub(crate) number: i32,
    pub(crate) content: String,
}

/// The oldest statement of an account that is not delivered.
pub(crate) async fn to_deliver(
    conn: &impl ConnectionTrait,
    tenant: &str,
    account_number: &str,
) -> StoreResult<Option<ToDeliver>> {
    sql::fetch_optional(
        conn,
        "SELECT statement_id, number, content FROM statements
          WHERE tenant_id = $1 AND account_number = $2 AND delivered_at IS NULL ORDER BY number LIMIT 1",
        [tenant.into(), account_number.into()],
    )
    .await
}

/// Marks a statement delivered.
pub(crate) async fn mark_delivered(
    tx: &impl ConnectionTrait,
    tenant: &str,
    statement_id: i64,
    at: OffsetDateTime,
) -> StoreResult<()> {
    sql::execute(
        tx,
        "UPDATE statements SET delivered_at = $3
          WHERE tenant_id = $1 AND statement_id = $2 AND delivered_at IS NULL",
        [tenant.into(), statement_id.into(), at.into()],
    )
    .await?;
    Ok(())
}

/// A statement in a list.
#[derive(Debug, FromQueryResult)]
pub(crate) struct Listed {
    pub(crate) statement_id: i64,
    pub(crate) account_number: String,
    pub(crate) number: i32,
    pub(crate) sequence: i32,
    pub(crate) currency: String,
    pub(crate) opening_balance: i64,
    pub(crate) closing_balance: i64,
    pub(crate) entries: i32,
    pub(crate) created_at: OffsetDateTime,
    pub(crate) delivered_at: Option<OffsetDateTime>,
}

/// Statements after a number, in order.
pub(crate) async fn page(
    conn: &impl ConnectionTrait,
    tenant: &str,
    after: i64,
    limit: i64,
) -> StoreResult<Vec<Listed>> {
    sql::fetch_all(
        conn,
        "SELECT statement_id, account_number, number, sequence, currency, opening_balance, closing_balance, entries,
                created_at, delivered_at
           FROM statements WHERE tenant_id = $1 AND statement_id > $2 ORDER BY statement_id LIMIT $3",
        [tenant.into(), after.into(), limit.into()],
    )
    .await
}

/// The text of a statement.
pub(crate) async fn content(
    conn: &impl ConnectionTrait,
    tenant: &str,
    statement_id: i64,
) -> StoreResult<Option<String>> {
    sql::scalar(
        conn,
        "SELECT content FROM statements WHERE tenant_id = $1 AND statement_id = $2",
        [tenant.into(), statement_id.into()],
    )
    .await
}
