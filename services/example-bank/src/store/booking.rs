//! The ledger: deposits, bookings, reversals, a chunk of payments in a few statements. The database checks that they
//! balance and moves the accounts (`migrations/m0002`).

use sea_orm::{ConnectionTrait, FromQueryResult};
use storage::{StoreResult, sql};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::domain::PaymentState;

/// A payment to be booked. No `Debug`: it is about a person.
#[derive(FromQueryResult)]
pub(crate) struct ToBook {
    pub(crate) payment_reference_number: String,
    pub(crate) account_number: String,
    pub(crate) currency: String,
    pub(crate) payee_kind: String,
    pub(crate) payee_id: String,
    pub(crate) credit_account: String,
}

/// The next payments of a batch that wait for booking, kept from everybody else until the transaction ends.
pub(crate) async fn to_book(
    tx: &impl ConnectionTrait,
    tenant: &str,
    batch_id: Uuid,
    limit: i64,
) -> StoreResult<Vec<ToBook>> {
    sql::fetch_all(
        tx,
        "SELECT payment_reference_number, account_number, currency, payee_kind, payee_id, credit_account
           FROM payments WHERE tenant_id = $1 AND batch_id = $2 AND state = 'accepted'
          ORDER BY payment_reference_number LIMIT $3 FOR NO KEY UPDATE",
        [tenant.into(), batch_id.into(), limit.into()],
    )
    .await
}

/// A change of state of many payments.
pub(crate) struct Change<'a> {
    pub(crate) tenant: &'a str,
    pub(crate) at: OffsetDateTime,
    pub(crate) from: PaymentState,
    pub(crate) to: PaymentState,
}

/// Marks payments booked. Those whose account is closed, frozen, of another currency or no payee's account get the
/// reason for which they go back; so do those in `closed`. Returns how many changed.
pub(crate) async fn mark_booked(
    tx: &impl ConnectionTrait,
    change: &Change<'_>,
    keys: Vec<String>,
    closed: Vec<bool>,
) -> StoreResult<u64> {
    sql::execute(
        tx,
        include_str!("sql/mark_booked.sql"),
        [
            change.tenant.into(),
            change.at.into(),
            change.from.as_str().into(),
            change.to.as_str().into(),
            keys.into(),
            closed.into(),
        ],
    )
    .await
}

/// Takes the amounts of booked payments out of their blocks.
pub(crate) async fn consume_blocks(
    tx: &impl ConnectionTrait,
    tenant: &str,
    keys: Vec<String>,
) -> StoreResult<u64> {
    sql::execute(
        tx,
        "UPDATE blocks b SET booked = b.booked + p.amount
           FROM (SELECT p.block_reference, sum(p.amount)::bigint AS amount
                   FROM (SELECT DISTINCT key FROM UNNEST($2::text[]) AS n (key)) AS k
                  CROSS JOIN LATERAL (SELECT block_reference, amount FROM payments
                                       WHERE tenant_id = $1 AND payment_reference_number = k.key LIMIT 1) AS p
                  GROUP BY p.block_reference) AS p
          WHERE b.tenant_id = $1 AND b.block_reference = p.block_reference",
        [tenant.into(), keys.into()],
    )
    .await
}

/// Writes the journal of booked payments: out of the sponsor's account, into the payee's (or the account for returns).
pub(crate) async fn post_payments(
    tx: &impl ConnectionTrait,
    tenant: &str,
    at: OffsetDateTime,
    keys: Vec<String>,
) -> StoreResult<u64> {
    sql::execute(tx, include_str!("sql/post_payments.sql"), [tenant.into(), at.into(), keys.into()]).await
}

/// Notes that the sponsor was told of the debit of these payments: those that go back may now.
pub(crate) async fn mark_return_due(
    tx: &impl ConnectionTrait,
    tenant: &str,
    at: OffsetDateTime,
    keys: Vec<String>,
) -> StoreResult<u64> {
    sql::execute(
        tx,
        "UPDATE payments SET return_due_at = $2
          WHERE tenant_id = $1 AND payment_reference_number = ANY($3) AND return_reason IS NOT NULL",
        [tenant.into(), at.into(), keys.into()],
    )
    .await
}

/// Payments of an account that are due to go back, kept from everybody else until the transaction ends.
pub(crate) async fn to_return(
    tx: &impl ConnectionTrait,
    tenant: &str,
    account_number: &str,
    limit: i64,
) -> StoreResult<Vec<String>> {
    sql::scalars(
        tx,
        "SELECT payment_reference_number FROM payments
          WHERE tenant_id = $1 AND account_number = $2 AND state = 'booked' AND return_due_at IS NOT NULL
          ORDER BY payment_reference_number LIMIT $3 FOR NO KEY UPDATE",
        [tenant.into(), account_number.into(), limit.into()],
    )
    .await
}

/// Marks payments reversed; returns how many changed.
pub(crate) async fn mark_reversed(
    tx: &impl ConnectionTrait,
    change: &Change<'_>,
    keys: Vec<String>,
) -> StoreResult<u64> {
    sql::execute(
        tx,
        "UPDATE payments SET state = $4, reversed_at = $2
          WHERE tenant_id = $1 AND payment_reference_number = ANY($5) AND state = $3",
        [
            change.tenant.into(),
            change.at.into(),
            change.from.as_str().into(),
            change.to.as_str().into(),
            keys.into(),
        ],
    )
    .await
}

/// Writes the journal of reversed payments: from the account for returns back to the sponsor's.
pub(crate) async fn post_reversals(
    tx: &impl ConnectionTrait,
    tenant: &str,
    at: OffsetDateTime,
    keys: Vec<String>,
) -> StoreResult<u64> {
    sql::execute(tx, include_str!("sql/post_reversals.sql"), [tenant.into(), at.into(), keys.into()]).await
}

/// Deposits to book, by column.
#[derive(Debug, Default)]
pub(crate) struct Deposits {
    pub(crate) references: Vec<String>,
    pub(crate) accounts: Vec<String>,
    pub(crate) currencies: Vec<String>,
    pub(crate) amounts: Vec<i64>,
}

/// Books deposits whose reference is new, out of the bank's cash accounts (`cash:<currency>`, which must exist);
/// returns the references booked.
pub(crate) async fn post_deposits(
    tx: &impl ConnectionTrait,
    tenant: &str,
    at: OffsetDateTime,
    deposits: Deposits,
) -> StoreResult<Vec<String>> {
    sql::scalars(
        tx,
        include_str!("sql/post_deposits.sql"),
        [
            tenant.into(),
            at.into(),
            deposits.references.into(),
            deposits.accounts.into(),
            deposits.currencies.into(),
            deposits.amounts.into(),
        ],
    )
    .await
}
