//! The books as a whole.

use sea_orm::{ConnectionTrait, FromQueryResult};
use storage::{StoreResult, sql};

/// The books in one currency.
#[derive(Debug, FromQueryResult)]
pub(crate) struct Books {
    pub(crate) currency: String,
    /// Sum of all legs.
    pub(crate) legs: i64,
    /// Sum of all balances.
    pub(crate) balances: i64,
    pub(crate) open_blocks: i64,
    pub(crate) open_block_amount: i64,
    pub(crate) accepted: i64,
    pub(crate) accepted_amount: i64,
    pub(crate) booked: i64,
    pub(crate) booked_amount: i64,
    pub(crate) reversed: i64,
    pub(crate) reversed_amount: i64,
    pub(crate) rejected: i64,
    pub(crate) rejected_amount: i64,
    /// Booked payments that will come back.
    pub(crate) pending_returns: i64,
}

/// The books, by currency.
pub(crate) async fn books(conn: &impl ConnectionTrait, tenant: &str) -> StoreResult<Vec<Books>> {
    sql::fetch_all(conn, include_str!("sql/books.sql"), [tenant.into()]).await
}

/// What the sponsors have not been told yet, and how many accounts there are.
#[derive(Debug, FromQueryResult)]
pub(crate) struct Reporting {
    pub(crate) unreported_entries: i64,
    pub(crate) undelivered_entries: i64,
    pub(crate) statements: i64,
    pub(crate) undelivered_statements: i64,
    pub(crate) accounts: i64,
    pub(crate) closed_accounts: i64,
}

/// Reports on their way.
pub(crate) async fn reporting(conn: &impl ConnectionTrait, tenant: &str) -> StoreResult<Reporting> {
    sql::fetch_one(conn, "the figures", include_str!("sql/reporting.sql"), [tenant.into()]).await
}

/// Accounts and entries that contradict the legs. The database keeps them at zero; this looks for itself.
#[derive(Debug, FromQueryResult)]
pub(crate) struct Contradictions {
    pub(crate) unbalanced_entries: i64,
    pub(crate) wrong_balances: i64,
    pub(crate) wrong_blocked: i64,
}

/// Recomputes every balance from the legs and blocks.
pub(crate) async fn contradictions(conn: &impl ConnectionTrait, tenant: &str) -> StoreResult<Contradictions> {
    sql::fetch_one(conn, "the check", include_str!("sql/contradictions.sql"), [tenant.into()]).await
}
