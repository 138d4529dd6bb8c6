//! After a restore from an older backup: what is held, and how that ends.

use platform::{ApiError, ApiResult, Ctx, Page, PageQuery, clock::rfc3339};
use serde::{Deserialize, Serialize};
use storage::{Db, StoreError, StoreResult};
use time::OffsetDateTime;
use utoipa::ToSchema;

use super::{App, READ, WRITE};
use crate::store::restores::{self, Restore};

/// A restore and what it still holds.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct RestoreView {
    /// Its id.
    pub restore_id: String,
    /// When the bridge was told, RFC 3339.
    pub restored_at: String,
    /// Payments that were not at their end in the backup.
    pub open_then: i64,
    /// Payments that the bank is asked for, or that a statement or two people must decide; null when it has ended.
    pub held: Option<i64>,
    /// Payments that will be asked for when their turn comes; null when it has ended.
    pub before: Option<i64>,
    /// Who said first that all is answered.
    pub proposed_by: Option<String>,
    /// When.
    pub proposed_at: Option<String>,
    /// Who said so too.
    pub ended_by: Option<String>,
    /// When; from then on payments are sent without asking.
    pub ended_at: Option<String>,
}

/// A payment that may be with the bank though nothing here says so.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct HeldView {
    /// Its id, which is its key at the bank.
    pub disbursement_id: String,
    /// Its envelope.
    pub envelope_id: String,
    /// Where it stands.
    pub state: String,
}

/// Notes that the database was restored: the first thing `serve --restored` does.
///
/// # Errors
/// The database's.
pub async fn begin(db: &Db, at: OffsetDateTime) -> StoreResult<()> {
    let tx = db.begin().await?;
    let new = restores::begin(&tx, at).await?;
    tx.commit().await?;
    if new {
        tracing::warn!("restored from a backup: every payment is asked for at its bank before it is sent");
    } else {
        tracing::warn!("an earlier restore has not ended: it goes on");
    }
    Ok(())
}

/// Tells whoever watches what is held.
///
/// # Errors
/// The database's.
pub async fn tell(app: &App) -> StoreResult<()> {
    let open = restores::is_open(app.db.conn()).await?;
    metrics::gauge!("bridge_restored").set(if open { 1.0 } else { 0.0 });
    if !open {
        metrics::gauge!("bridge_payments_held").set(0.0);
        return Ok(());
    }
    let held = restores::held(app.db.conn()).await?;
    // Counts far below what a float holds exactly.
    metrics::gauge!("bridge_payments_held").set(f64::from(i32::try_from(held.asked).unwrap_or(i32::MAX)));
    tracing::warn!(
        held = held.asked,
        before = held.before,
        "restored from a backup: payments are asked for before they are sent; two people end that"
    );
    Ok(())
}

async fn view(app: &App, restore: Restore) -> StoreResult<RestoreView> {
    let held = match restore.ended_at {
        Some(_) => None,
        None => Some(restores::held(app.db.conn()).await?),
    };
    Ok(RestoreView {
        restore_id: restore.restore_id.to_string(),
        restored_at: rfc3339(restore.restored_at),
        open_then: restore.open_then,
        held: held.map(|h| h.asked),
        before: held.map(|h| h.before),
        proposed_by: restore.proposed_by,
        proposed_at: restore.proposed_at.map(rfc3339),
        ended_by: restore.ended_by,
        ended_at: restore.ended_at.map(rfc3339),
    })
}

/// The restores there were.
///
/// # Errors
/// Forbidden, or the database's.
pub async fn list(app: &App, ctx: &Ctx) -> ApiResult<Vec<RestoreView>> {
    ctx.require(READ)?;
    let mut views = Vec::new();
    for restore in restores::list(app.db.conn()).await? {
        views.push(view(app, restore).await?);
    }
    Ok(views)
}

/// Payments that are held now, by id.
///
/// # Errors
/// Forbidden, or the database's.
pub async fn held(app: &App, ctx: &Ctx, page: &PageQuery) -> ApiResult<Page<HeldView>> {
    ctx.require(READ)?;
    let after = page.after.as_deref().unwrap_or_default();
    let limit = i64::from(page.limit()) + 1;
    let rows = restores::held_page(app.db.conn(), ctx.tenant.as_str(), after, limit).await?;
    let one = |row: restores::HeldPayment| HeldView {
        disbursement_id: row.disbursement_id,
        envelope_id: row.envelope_id,
        state: row.state,
    };
    Ok(Page::from_rows(rows.into_iter().map(one).collect(), page.limit(), |row| row.disbursement_id.clone()))
}

/// Says that all is answered. The second person who says so ends it: from then on payments are sent without asking.
///
/// # Errors
/// Forbidden; a conflict when there is nothing to end, or the same person says it twice.
pub async fn end(app: &App, ctx: &Ctx) -> ApiResult<RestoreView> {
    ctx.require(WRITE)?;
    let actor = ctx.actor.label();
    let tx = app.begin().await?;
    let Some(restore) = restores::end(&tx, &actor, app.now()).await? else {
        return Err(match restores::open(&tx).await? {
            None => ApiError::conflict("not_restored", "this bridge is not in the state after a restore"),
            Some(_) => ApiError::conflict(
                "second_person_needed",
                "you said already that all is answered; another person must say so too",
            ),
        });
    };
    tx.commit().await.map_err(StoreError::from)?;
    tracing::warn!(actor = %actor, ended = restore.ended_at.is_some(), "somebody says that all is answered after the restore");
    Ok(view(app, restore).await?)
}
