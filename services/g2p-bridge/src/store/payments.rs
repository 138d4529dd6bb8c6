//! Batches of payments and their rows.

use sea_orm::{ConnectionTrait, FromQueryResult};
use storage::{StoreResult, sql};
use time::OffsetDateTime;
use uuid::Uuid;

use super::disbursements::parse_state;
use crate::domain::disbursement::State;

/// What is sent to the bank in one call.
#[derive(Debug, Clone, FromQueryResult)]
pub struct Batch {
    /// Its id.
    pub batch_id: Uuid,
    /// Its envelope.
    pub envelope_id: String,
    /// First number.
    pub first_seq: i64,
    /// Last number.
    pub last_seq: i64,
    /// Rounds that ended without every payment being with the bank.
    pub rounds: i32,
    /// `OPEN` or `DONE`.
    pub state: String,
    /// When it was formed.
    pub created_at: OffsetDateTime,
}

/// Cuts the resolved payments into batches; returns their ids.
pub async fn form<C: ConnectionTrait>(
    tx: &C,
    tenant: &str,
    envelope_id: &str,
    at: OffsetDateTime,
    size: i64,
) -> StoreResult<Vec<Uuid>> {
    sql::scalars(
        tx,
        include_str!("sql/form_batches.sql"),
        [tenant.into(), envelope_id.into(), at.into(), size.into()],
    )
    .await
}

/// The batch of this id.
pub async fn find<C: ConnectionTrait>(conn: &C, tenant: &str, id: Uuid) -> StoreResult<Option<Batch>> {
    sql::fetch_optional(
        conn,
        "SELECT batch_id, envelope_id, first_seq, last_seq, rounds, state, created_at FROM payment_batches
          WHERE tenant_id = $1 AND batch_id = $2",
        [tenant.into(), id.into()],
    )
    .await
}

/// Batches of an envelope that are not done.
pub async fn open_ids<C: ConnectionTrait>(
    conn: &C,
    tenant: &str,
    envelope_id: &str,
) -> StoreResult<Vec<Uuid>> {
    sql::scalars(
        conn,
        "SELECT batch_id FROM payment_batches WHERE tenant_id = $1 AND envelope_id = $2 AND state = 'OPEN'
          ORDER BY batch_no",
        [tenant.into(), envelope_id.into()],
    )
    .await
}

/// Marks a batch done.
pub async fn finish<C: ConnectionTrait>(
    tx: &C,
    tenant: &str,
    id: Uuid,
    at: OffsetDateTime,
) -> StoreResult<()> {
    sql::execute(
        tx,
        "UPDATE payment_batches SET state = 'DONE', problem = NULL, updated_at = $3 WHERE tenant_id = $1 AND batch_id = $2",
        [tenant.into(), id.into(), at.into()],
    )
    .await?;
    Ok(())
}

/// Counts a round and says why there must be another one.
pub async fn another_round<C: ConnectionTrait>(
    tx: &C,
    tenant: &str,
    id: Uuid,
    problem: &str,
    at: OffsetDateTime,
) -> StoreResult<()> {
    sql::execute(
        tx,
        "UPDATE payment_batches SET rounds = rounds + 1, problem = $3, updated_at = $4
          WHERE tenant_id = $1 AND batch_id = $2",
        [tenant.into(), id.into(), problem.into(), at.into()],
    )
    .await?;
    Ok(())
}

/// A payment of a batch, with its account. Holds personal data, so it has no `Debug`.
#[derive(Clone, FromQueryResult)]
pub struct BatchRow {
    /// Its id, which is its key at the bank.
    pub disbursement_id: String,
    /// Its number.
    pub seq: i64,
    state: String,
    /// Why it stands there.
    pub reason: Option<String>,
    /// Minor units.
    pub amount_minor: i64,
    /// What the payee reads.
    pub narrative: String,
    /// The payee.
    pub beneficiary_id: String,
    /// The payee's name.
    pub beneficiary_name: Option<String>,
    /// Kind of account; none when there is no account, which is a fault.
    pub fa_type: Option<String>,
    /// Number at the bank.
    pub account_number: Option<String>,
    /// Savings and so on.
    pub account_type: Option<String>,
    /// The payee's bank.
    pub bank_code: Option<String>,
    /// The branch.
    pub branch_code: Option<String>,
    /// Wallet.
    pub mobile_number: Option<String>,
    /// Wallet.
    pub email_address: Option<String>,
    /// Who runs the wallet.
    pub wallet_provider: Option<String>,
    /// When the open attempt was sent.
    pub sent_at: Option<OffsetDateTime>,
    /// In which call.
    pub call_id: Option<Uuid>,
    /// Two people said that the bank does not have it.
    pub may_resend: bool,
}

impl BatchRow {
    /// Where it stands.
    ///
    /// # Errors
    /// When the row holds a state of a newer version.
    pub fn state(&self) -> StoreResult<State> {
        parse_state(&self.state)
    }
}

/// The payments of a batch that may not be with the bank.
pub async fn rows<C: ConnectionTrait>(conn: &C, tenant: &str, batch: &Batch) -> StoreResult<Vec<BatchRow>> {
    sql::fetch_all(
        conn,
        include_str!("sql/batch_rows.sql"),
        [tenant.into(), batch.envelope_id.clone().into(), batch.first_seq.into(), batch.last_seq.into()],
    )
    .await
}
