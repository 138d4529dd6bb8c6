//! Blocks of money. The database itself keeps the accounts' blocked sums in step (`migrations/m0002`).

use sea_orm::{ConnectionTrait, FromQueryResult};
use storage::{StoreResult, sql};
use time::OffsetDateTime;

/// A block.
#[derive(Debug, Clone, FromQueryResult)]
pub(crate) struct Block {
    pub(crate) block_reference: String,
    pub(crate) account_number: String,
    pub(crate) currency: String,
    pub(crate) amount: i64,
    pub(crate) used: i64,
    pub(crate) released: i64,
    /// Of its account.
    pub(crate) account_status: String,
}

impl Block {
    /// What payments may still take.
    pub(crate) fn left(&self) -> i64 {
        self.amount - self.used - self.released
    }
}

/// A block to write.
#[derive(Debug)]
pub(crate) struct NewBlock<'a> {
    pub(crate) block_reference: &'a str,
    pub(crate) reference: &'a str,
    pub(crate) account_number: &'a str,
    pub(crate) currency: &'a str,
    pub(crate) amount: i64,
}

const SELECT: &str = "SELECT b.block_reference, b.account_number, b.currency, b.amount, b.used, b.released,
            a.status AS account_status
       FROM blocks b JOIN accounts a USING (tenant_id, account_number)
      WHERE b.tenant_id = $1";

/// Writes a block unless its key is known; whether it was written. Fails with the constraint `accounts_available` when
/// the account does not hold enough.
pub(crate) async fn insert(
    tx: &impl ConnectionTrait,
    tenant: &str,
    actor: &str,
    at: OffsetDateTime,
    block: &NewBlock<'_>,
) -> StoreResult<bool> {
    let rows = sql::execute(
        tx,
        "INSERT INTO blocks (tenant_id, block_reference, reference, account_number, currency, amount, created_by, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (tenant_id, reference) DO NOTHING",
        [
            tenant.into(),
            block.block_reference.into(),
            block.reference.into(),
            block.account_number.into(),
            block.currency.into(),
            block.amount.into(),
            actor.into(),
            at.into(),
        ],
    )
    .await?;
    Ok(rows == 1)
}

/// The block of a caller's key.
pub(crate) async fn by_key(
    tx: &impl ConnectionTrait,
    tenant: &str,
    reference: &str,
) -> StoreResult<Option<Block>> {
    sql::fetch_optional(tx, &format!("{SELECT} AND b.reference = $2"), [tenant.into(), reference.into()])
        .await
}

/// Keeps everybody else off a caller's key until the transaction ends: it is blocked under or closed, never both.
pub(crate) async fn lock_key(tx: &impl ConnectionTrait, tenant: &str, reference: &str) -> StoreResult<()> {
    sql::execute(
        tx,
        "SELECT pg_advisory_xact_lock(hashtextextended('block ' || $1 || ' ' || $2, 0))",
        [tenant.into(), reference.into()],
    )
    .await?;
    Ok(())
}

/// Closes a caller's key.
pub(crate) async fn close_key(
    tx: &impl ConnectionTrait,
    tenant: &str,
    actor: &str,
    at: OffsetDateTime,
    reference: &str,
) -> StoreResult<()> {
    sql::execute(
        tx,
        "INSERT INTO closed_block_keys (tenant_id, reference, closed_by, closed_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT DO NOTHING",
        [tenant.into(), reference.into(), actor.into(), at.into()],
    )
    .await?;
    Ok(())
}

/// Whether a caller's key is closed.
pub(crate) async fn is_closed(tx: &impl ConnectionTrait, tenant: &str, reference: &str) -> StoreResult<bool> {
    let found: Option<bool> = sql::scalar(
        tx,
        "SELECT true FROM closed_block_keys WHERE tenant_id = $1 AND reference = $2",
        [tenant.into(), reference.into()],
    )
    .await?;
    Ok(found.is_some())
}

/// The blocks with these references, kept from everybody else until the transaction ends.
pub(crate) async fn lock(
    tx: &impl ConnectionTrait,
    tenant: &str,
    references: Vec<String>,
) -> StoreResult<Vec<Block>> {
    sql::fetch_all(
        tx,
        &format!(
            "{SELECT} AND b.block_reference = ANY($2) ORDER BY b.block_reference FOR NO KEY UPDATE OF b"
        ),
        [tenant.into(), references.into()],
    )
    .await
}

/// Keeps money of blocks for accepted payments.
pub(crate) async fn use_up(
    tx: &impl ConnectionTrait,
    tenant: &str,
    references: Vec<String>,
    amounts: Vec<i64>,
) -> StoreResult<()> {
    sql::execute(
        tx,
        "UPDATE blocks b SET used = b.used + u.amount
           FROM UNNEST($2::text[], $3::bigint[]) AS u (block_reference, amount)
          WHERE b.tenant_id = $1 AND b.block_reference = u.block_reference",
        [tenant.into(), references.into(), amounts.into()],
    )
    .await?;
    Ok(())
}

/// A release under the caller's key.
#[derive(Debug, FromQueryResult)]
pub(crate) struct Release {
    pub(crate) block_reference: String,
    pub(crate) amount: i64,
}

/// The release of a caller's key.
pub(crate) async fn release_by_key(
    tx: &impl ConnectionTrait,
    tenant: &str,
    reference: &str,
) -> StoreResult<Option<Release>> {
    sql::fetch_optional(
        tx,
        "SELECT block_reference, amount FROM block_releases WHERE tenant_id = $1 AND reference = $2",
        [tenant.into(), reference.into()],
    )
    .await
}

/// Gives `amount` of a block back and notes it under the caller's key.
pub(crate) async fn release(
    tx: &impl ConnectionTrait,
    tenant: &str,
    actor: &str,
    at: OffsetDateTime,
    reference: &str,
    release: &Release,
) -> StoreResult<()> {
    sql::execute(
        tx,
        "INSERT INTO block_releases (tenant_id, reference, block_reference, amount, released_by, released_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        [
            tenant.into(),
            reference.into(),
            release.block_reference.as_str().into(),
            release.amount.into(),
            actor.into(),
            at.into(),
        ],
    )
    .await?;
    sql::execute(
        tx,
        "UPDATE blocks SET released = released + $3 WHERE tenant_id = $1 AND block_reference = $2",
        [tenant.into(), release.block_reference.as_str().into(), release.amount.into()],
    )
    .await?;
    Ok(())
}
