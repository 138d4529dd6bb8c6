//! Whether the database was restored from an older backup, and what may be with the bank though nothing here says so.

use sea_orm::{ConnectionTrait, FromQueryResult};
use storage::{StoreResult, sql};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::domain::reason;

/// A restore.
#[derive(Debug, Clone, FromQueryResult)]
pub struct Restore {
    /// Its id.
    pub restore_id: Uuid,
    /// When the bridge was told.
    pub restored_at: OffsetDateTime,
    /// Payments that were not at their end in the backup.
    pub open_then: i64,
    /// Who said first that all is answered.
    pub proposed_by: Option<String>,
    /// When.
    pub proposed_at: Option<OffsetDateTime>,
    /// Who said so too.
    pub ended_by: Option<String>,
    /// When; from then on payments are sent without asking.
    pub ended_at: Option<OffsetDateTime>,
}

/// Notes that the database was restored, unless that is noted and has not ended. Whether the bank blocked money for what had
/// not begun to pay is not known any more either: from now on there may be a block. `false` when it was noted already.
pub async fn begin<C: ConnectionTrait>(tx: &C, at: OffsetDateTime) -> StoreResult<bool> {
    let noted = sql::execute(
        tx,
        "INSERT INTO restores (restore_id, restored_at, open_then)
         SELECT $1, $2, count(*) FROM disbursements WHERE state NOT IN ('PAID', 'REVERSED', 'REJECTED', 'CANCELLED')
         ON CONFLICT DO NOTHING",
        [Uuid::now_v7().into(), at.into()],
    )
    .await?;
    sql::execute(
        tx,
        "UPDATE envelopes SET block_requested_at = COALESCE(block_requested_at, $1)
          WHERE state IN ('RECEIVING', 'SCHEDULED', 'RESOLVING', 'FUNDING')",
        [at.into()],
    )
    .await?;
    Ok(noted == 1)
}

/// The restore that has not ended.
pub async fn open<C: ConnectionTrait>(conn: &C) -> StoreResult<Option<Restore>> {
    sql::fetch_optional(conn, "SELECT * FROM restores WHERE ended_at IS NULL", []).await
}

/// Whether there is one: then nothing is sent that was not asked for.
pub async fn is_open<C: ConnectionTrait>(conn: &C) -> StoreResult<bool> {
    let query = "SELECT EXISTS (SELECT FROM restores WHERE ended_at IS NULL)";
    Ok(sql::scalar(conn, query, []).await? == Some(true))
}

/// All restores, the newest first.
pub async fn list<C: ConnectionTrait>(conn: &C) -> StoreResult<Vec<Restore>> {
    sql::fetch_all(conn, "SELECT * FROM restores ORDER BY restored_at DESC LIMIT 100", []).await
}

/// Says that all is answered, or takes the second word for it. Returns the restore as it stands then; `None` when there is
/// none, or the same person says it again.
pub async fn end<C: ConnectionTrait>(
    tx: &C,
    actor: &str,
    at: OffsetDateTime,
) -> StoreResult<Option<Restore>> {
    sql::fetch_optional(
        tx,
        "UPDATE restores SET ended_by = CASE WHEN proposed_by IS NOT NULL THEN $1 END,
                ended_at = CASE WHEN proposed_by IS NOT NULL THEN $2 END,
                proposed_by = COALESCE(proposed_by, $1), proposed_at = COALESCE(proposed_at, $2)
          WHERE ended_at IS NULL AND proposed_by IS DISTINCT FROM $1
         RETURNING *",
        [actor.into(), at.into()],
    )
    .await
}

/// How many payments are held, of all tenants.
#[derive(Debug, Clone, Copy, FromQueryResult)]
pub struct Held {
    /// The bank is being asked for them, or cannot be asked: a statement or two people decide.
    pub asked: i64,
    /// They are not at the point of being sent yet.
    pub before: i64,
}

/// Counts them.
pub async fn held<C: ConnectionTrait>(conn: &C) -> StoreResult<Held> {
    sql::fetch_one(
        conn,
        "the held payments",
        "SELECT count(*) FILTER (WHERE state = 'UNKNOWN' AND reason = $1) AS asked,
                count(*) FILTER (WHERE state IN ('RECEIVED', 'RESOLVED')) AS before
           FROM disbursements",
        [reason::RESTORED_FROM_BACKUP.into()],
    )
    .await
}

/// A held payment.
#[derive(Debug, Clone, FromQueryResult)]
pub struct HeldPayment {
    /// Its id, which is its key at the bank.
    pub disbursement_id: String,
    /// Its envelope.
    pub envelope_id: String,
    /// Where it stands.
    pub state: String,
}

/// Held payments that the bank is to answer for, in the order of their ids, after `after`.
pub async fn held_page<C: ConnectionTrait>(
    conn: &C,
    tenant: &str,
    after: &str,
    limit: i64,
) -> StoreResult<Vec<HeldPayment>> {
    sql::fetch_all(
        conn,
        "SELECT disbursement_id, envelope_id, state FROM disbursements
          WHERE tenant_id = $1 AND disbursement_id > $2 AND state = 'UNKNOWN' AND reason = $3
          ORDER BY disbursement_id LIMIT $4",
        [tenant.into(), after.into(), reason::RESTORED_FROM_BACKUP.into(), limit.into()],
    )
    .await
}
