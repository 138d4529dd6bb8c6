//! Accounts.

use sea_orm::{ConnectionTrait, FromQueryResult};
use storage::{StoreResult, sql};
use time::OffsetDateTime;

/// An account.
#[derive(Debug, Clone, FromQueryResult)]
pub(crate) struct Account {
    pub(crate) account_number: String,
    pub(crate) currency: String,
    pub(crate) kind: String,
    pub(crate) status: String,
    pub(crate) book_balance: i64,
    pub(crate) blocked: i64,
    pub(crate) opened_at: OffsetDateTime,
}

/// Accounts to open, by column.
#[derive(Debug, Default)]
pub(crate) struct NewAccounts {
    pub(crate) numbers: Vec<String>,
    pub(crate) currencies: Vec<String>,
    pub(crate) kinds: Vec<String>,
    pub(crate) statuses: Vec<String>,
}

impl NewAccounts {
    pub(crate) fn push(&mut self, number: &str, currency: &str, kind: &str, status: &str) {
        self.numbers.push(number.to_owned());
        self.currencies.push(currency.to_owned());
        self.kinds.push(kind.to_owned());
        self.statuses.push(status.to_owned());
    }
}

/// Opens those that do not exist, and returns their numbers.
pub(crate) async fn open(
    tx: &impl ConnectionTrait,
    tenant: &str,
    at: OffsetDateTime,
    accounts: NewAccounts,
) -> StoreResult<Vec<String>> {
    if accounts.numbers.is_empty() {
        return Ok(Vec::new());
    }
    sql::scalars(
        tx,
        include_str!("sql/open_accounts.sql"),
        [
            tenant.into(),
            at.into(),
            accounts.numbers.into(),
            accounts.currencies.into(),
            accounts.kinds.into(),
            accounts.statuses.into(),
        ],
    )
    .await
}

/// The accounts with these numbers.
pub(crate) async fn by_numbers(
    tx: &impl ConnectionTrait,
    tenant: &str,
    numbers: Vec<String>,
) -> StoreResult<Vec<Account>> {
    sql::fetch_all(
        tx,
        "SELECT account_number, currency, kind, status, book_balance, blocked, opened_at
           FROM accounts WHERE tenant_id = $1 AND account_number = ANY($2)",
        [tenant.into(), numbers.into()],
    )
    .await
}

/// The account with this number.
pub(crate) async fn by_number(
    tx: &impl ConnectionTrait,
    tenant: &str,
    number: &str,
) -> StoreResult<Option<Account>> {
    Ok(by_numbers(tx, tenant, vec![number.to_owned()]).await?.pop())
}

/// The account with this number; nobody else books on it until the transaction ends.
pub(crate) async fn lock(
    tx: &impl ConnectionTrait,
    tenant: &str,
    number: &str,
) -> StoreResult<Option<Account>> {
    sql::fetch_optional(
        tx,
        "SELECT account_number, currency, kind, status, book_balance, blocked, opened_at
           FROM accounts WHERE tenant_id = $1 AND account_number = $2 FOR NO KEY UPDATE",
        [tenant.into(), number.into()],
    )
    .await
}
