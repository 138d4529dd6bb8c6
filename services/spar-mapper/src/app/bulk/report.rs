//! What became of a file, for the partner that sent it and for staff who may see all.

use platform::{Actor, ApiError, ApiResult, Ctx};
use uuid::Uuid;

use super::BULK;
use crate::{
    State,
    store::bulk::{self, Bulk, Reject},
};

/// Rows of one piece of the rejects file.
const PIECE: i64 = 5_000;

/// A file and how far the work on it is. Somebody else's is not told of.
///
/// # Errors
/// 404 when there is none for this caller.
pub(crate) async fn find(state: &State, ctx: &Ctx, job_id: Uuid) -> ApiResult<Bulk> {
    let nobody = || ApiError::not_found("this bulk job");
    let all = ctx.may(BULK);
    let own = match &ctx.actor {
        Actor::Partner(id) => Some(id),
        Actor::User(_) | Actor::System(_) => None,
    };
    if !all && own.is_none() {
        ctx.require(BULK)?;
    }
    let found = bulk::find(state.db.conn(), ctx.tenant.as_str(), job_id).await?.ok_or_else(nobody)?;
    if all || own == Some(&found.partner_id) { Ok(found) } else { Err(nobody()) }
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
