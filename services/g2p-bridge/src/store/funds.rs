//! What the row of an envelope says about its money at the bank.

use sea_orm::ConnectionTrait;
use storage::{StoreResult, sql};
use time::OffsetDateTime;

use super::tally::Sum;

/// What came of asking the bank.
#[derive(Debug, Clone, Copy)]
pub struct FundsNote<'a> {
    /// Wire text.
    pub status: &'a str,
    /// Why not.
    pub error: Option<&'a str>,
    /// How often it was asked.
    pub attempts: i32,
}

/// Writes what came of a funds check.
pub async fn note_funds_available<C: ConnectionTrait>(
    conn: &C,
    tenant: &str,
    id: &str,
    note: FundsNote<'_>,
    at: OffsetDateTime,
) -> StoreResult<()> {
    sql::execute(
        conn,
        "UPDATE envelopes SET funds_available = $3, funds_available_error = $4, funds_available_attempts = $5,
                funds_available_at = $6
          WHERE tenant_id = $1 AND envelope_id = $2 AND state = 'FUNDING'",
        [tenant.into(), id.into(), note.status.into(), note.error.into(), note.attempts.into(), at.into()],
    )
    .await?;
    Ok(())
}

/// Writes the intent to block, before the bank is called. `false` when the envelope is no longer being funded.
pub async fn request_block<C: ConnectionTrait>(
    tx: &C,
    tenant: &str,
    id: &str,
    at: OffsetDateTime,
) -> StoreResult<bool> {
    let changed = sql::execute(
        tx,
        "UPDATE envelopes SET block_requested_at = COALESCE(block_requested_at, $3)
          WHERE tenant_id = $1 AND envelope_id = $2 AND state = 'FUNDING'",
        [tenant.into(), id.into(), at.into()],
    )
    .await?;
    Ok(changed == 1)
}

/// Writes why there is no block. `nothing_blocked` after a clear refusal when no earlier request can still be under way:
/// then the next try begins with a check. While one can, the money may be set aside any moment.
pub async fn note_block_failed<C: ConnectionTrait>(
    conn: &C,
    tenant: &str,
    id: &str,
    note: FundsNote<'_>,
    nothing_blocked: bool,
    at: OffsetDateTime,
) -> StoreResult<()> {
    sql::execute(
        conn,
        "UPDATE envelopes SET funds_blocked = $3, funds_blocked_error = $4, funds_blocked_attempts = $5,
                funds_blocked_at = $6,
                block_requested_at = CASE WHEN $7 THEN NULL ELSE block_requested_at END
          WHERE tenant_id = $1 AND envelope_id = $2 AND state = 'FUNDING'",
        [
            tenant.into(),
            id.into(),
            note.status.into(),
            note.error.into(),
            note.attempts.into(),
            at.into(),
            nothing_blocked.into(),
        ],
    )
    .await?;
    Ok(())
}

/// Writes the bank's reference of the block.
pub async fn note_blocked<C: ConnectionTrait>(
    tx: &C,
    tenant: &str,
    id: &str,
    reference: &str,
    minor: i64,
    attempts: i32,
    at: OffsetDateTime,
) -> StoreResult<()> {
    sql::execute(
        tx,
        "UPDATE envelopes SET funds_blocked = 'FUNDS_BLOCK_SUCCESS', funds_blocked_error = NULL, funds_blocked_attempts = $5,
                funds_blocked_at = $6, block_reference = $3, blocked_minor = $4
          WHERE tenant_id = $1 AND envelope_id = $2",
        [tenant.into(), id.into(), reference.into(), minor.into(), attempts.into(), at.into()],
    )
    .await?;
    Ok(())
}

/// Writes that the bank neither tells whether the money is there nor sets it aside: both stay unchecked, with the reason.
pub async fn note_not_offered<C: ConnectionTrait>(
    tx: &C,
    tenant: &str,
    id: &str,
    why: &str,
    at: OffsetDateTime,
) -> StoreResult<()> {
    sql::execute(
        tx,
        "UPDATE envelopes SET funds_available_error = $3, funds_available_at = $4, funds_blocked_error = $3,
                funds_blocked_at = $4
          WHERE tenant_id = $1 AND envelope_id = $2",
        [tenant.into(), id.into(), why.into(), at.into()],
    )
    .await?;
    Ok(())
}

/// Notes a block that the bank made for an envelope that was cancelled or given up meanwhile, so that it is released.
/// `false` when it is known.
pub async fn note_late_block<C: ConnectionTrait>(
    tx: &C,
    tenant: &str,
    id: &str,
    reference: &str,
) -> StoreResult<bool> {
    let changed = sql::execute(
        tx,
        "UPDATE envelopes SET block_reference = $3, released_at = NULL, closed_at = NULL
          WHERE tenant_id = $1 AND envelope_id = $2 AND state IN ('CANCELLED', 'EXPIRED') AND block_reference IS NULL",
        [tenant.into(), id.into(), reference.into()],
    )
    .await?;
    Ok(changed == 1)
}

/// Writes that the rest of the block was given back; again after a late reversal.
pub async fn note_release<C: ConnectionTrait>(
    tx: &C,
    tenant: &str,
    id: &str,
    minor: i64,
    at: OffsetDateTime,
) -> StoreResult<()> {
    sql::execute(
        tx,
        "UPDATE envelopes SET released_minor = COALESCE(released_minor, 0) + $3, released_at = $4, problem = NULL,
                problem_since = NULL
          WHERE tenant_id = $1 AND envelope_id = $2",
        [tenant.into(), id.into(), minor.into(), at.into()],
    )
    .await?;
    Ok(())
}

/// Writes that nothing is left to do for an envelope that was cancelled or given up. Not when a block became known
/// meanwhile that is not given back.
pub async fn note_closed<C: ConnectionTrait>(
    tx: &C,
    tenant: &str,
    id: &str,
    at: OffsetDateTime,
) -> StoreResult<()> {
    sql::execute(
        tx,
        "UPDATE envelopes SET closed_at = $3
          WHERE tenant_id = $1 AND envelope_id = $2 AND state IN ('CANCELLED', 'EXPIRED') AND closed_at IS NULL
            AND (block_requested_at IS NULL OR released_at IS NOT NULL)",
        [tenant.into(), id.into(), at.into()],
    )
    .await?;
    Ok(())
}

/// Writes what is to be blocked.
pub async fn set_eligible<C: ConnectionTrait>(tx: &C, tenant: &str, id: &str, sum: Sum) -> StoreResult<()> {
    sql::execute(
        tx,
        "UPDATE envelopes SET eligible_count = $3, eligible_minor = $4 WHERE tenant_id = $1 AND envelope_id = $2",
        [tenant.into(), id.into(), sum.count.into(), sum.minor.into()],
    )
    .await?;
    Ok(())
}

/// Writes when overdue payments were last asked for.
pub async fn note_settle_check<C: ConnectionTrait>(
    tx: &C,
    tenant: &str,
    id: &str,
    at: OffsetDateTime,
) -> StoreResult<()> {
    sql::execute(
        tx,
        "UPDATE envelopes SET settle_checked_at = $3 WHERE tenant_id = $1 AND envelope_id = $2",
        [tenant.into(), id.into(), at.into()],
    )
    .await?;
    Ok(())
}
