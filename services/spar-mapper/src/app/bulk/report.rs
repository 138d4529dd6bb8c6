//! What became of files, and stopping the work on one: for the partner that sent it and for staff who may see all.

use platform::{Actor, ApiError, ApiResult, Ctx, partners::normalise};
use storage::StoreError;
use uuid::Uuid;

use super::BULK;
use crate::{
    State,
    app::{pending::WRITE, transactions},
    domain::bulk::BulkState,
    store::bulk::{self, Bulk, End, Reject, Wanted},
};

/// Rows of one piece of the rejects file.
const PIECE: i64 = 5_000;

/// Whose files a caller may see.
enum Whose {
    All,
    Of(String),
}

fn whose(ctx: &Ctx) -> ApiResult<Whose> {
    match &ctx.actor {
        _ if ctx.may(BULK) => Ok(Whose::All),
        Actor::Partner(id) => Ok(Whose::Of(id.clone())),
        Actor::User(_) | Actor::System(_) => ctx.require(BULK).map(|()| Whose::All),
    }
}

/// Which files to list.
#[derive(Debug)]
pub(crate) struct Listed {
    /// In this state; in any without it.
    pub(crate) state: Option<BulkState>,
    /// Of this partner; of all that the caller may see without it.
    pub(crate) partner_id: Option<String>,
    /// Those that came before this one.
    pub(crate) before: Option<Uuid>,
    pub(crate) limit: i64,
}

/// Files that the caller may see, the newest first.
///
/// # Errors
/// 403 for somebody who is neither a partner nor may see all.
pub(crate) async fn list(state: &State, ctx: &Ctx, listed: &Listed) -> ApiResult<Vec<Bulk>> {
    let asked = listed.partner_id.as_deref().map(normalise);
    let partner = match (whose(ctx)?, asked) {
        (Whose::All, asked) => asked,
        (Whose::Of(own), Some(other)) if own != other => return Ok(Vec::new()),
        (Whose::Of(own), _) => Some(own),
    };
    let wanted = Wanted {
        partner_id: partner.as_deref(),
        state: listed.state,
        before: listed.before,
        limit: listed.limit,
    };
    Ok(bulk::list(state.db.conn(), ctx.tenant.as_str(), &wanted).await?)
}

/// A file and how far the work on it is. Somebody else's is not told of.
///
/// # Errors
/// 404 when there is none for this caller.
pub(crate) async fn find(state: &State, ctx: &Ctx, job_id: Uuid) -> ApiResult<Bulk> {
    let whose = whose(ctx)?;
    let found = bulk::find(state.db.conn(), ctx.tenant.as_str(), job_id).await?;
    found
        .filter(|file| match &whose {
            Whose::All => true,
            Whose::Of(own) => *own == file.partner_id,
        })
        .ok_or_else(|| ApiError::not_found("this bulk job"))
}

/// Stops the work on a file. Rows that were changed stay changed, and no more are; whoever waits for the file is told. A file
/// that was cancelled before stays as it is.
///
/// # Errors
/// As [`find`]; 403 for staff without the right to change addresses; 409 when there is nothing to stop.
pub(crate) async fn cancel(state: &State, ctx: &Ctx, job_id: Uuid) -> ApiResult<Bulk> {
    let file = find(state, ctx, job_id).await?;
    if !matches!(&ctx.actor, Actor::Partner(id) if *id == file.partner_id) {
        ctx.require(WRITE)?;
    }
    let (tenant, by) = (ctx.tenant.as_str(), ctx.actor.label());
    let tx = state.db.begin().await?;
    if bulk::end(&tx, tenant, job_id, End::Cancelled { by: &by }, ctx.clock.now()).await? {
        transactions::finish_bulk(&tx, state, tenant, job_id).await?;
        tx.commit().await.map_err(StoreError::from)?;
    } else {
        tx.rollback().await.map_err(StoreError::from)?;
    }
    let file = find(state, ctx, job_id).await?;
    let why = match BulkState::parse(&file.state) {
        Some(BulkState::Cancelled) => return Ok(file),
        Some(BulkState::Uploading) => "the file is still coming in: break its upload off instead".to_owned(),
        _ => format!("the file is {} by now", file.state),
    };
    Err(ApiError::conflict("wrong_state", why))
}

/// Refused rows of a file after the `after`th row.
///
/// # Errors
/// As [`find`].
pub(crate) async fn rejects(
    state: &State,
    ctx: &Ctx,
    job_id: Uuid,
    after: i64,
    limit: i64,
) -> ApiResult<Vec<Reject>> {
    find(state, ctx, job_id).await?;
    Ok(bulk::rejects(state.db.conn(), ctx.tenant.as_str(), job_id, after, limit).await?)
}

/// The next piece of the rejects file, for a caller that [`find`] has admitted.
///
/// # Errors
/// When the database cannot be asked.
pub(crate) async fn next_rejects(
    state: &State,
    tenant: &str,
    job_id: Uuid,
    after: i64,
) -> ApiResult<Vec<Reject>> {
    Ok(bulk::rejects(state.db.conn(), tenant, job_id, after, PIECE).await?)
}
