//! What an operator does with an envelope that does not go on: try again now, and give blocked money back.

use platform::{ApiError, ApiResult, Ctx};
use storage::StoreError;

use super::{App, WRITE, brakes, close, notify, proposals::reason_of, settle};
use crate::{
    domain::envelope::State,
    store::{envelopes, notifications, progress, tally},
};

/// Takes up at once what waits for its next try: the envelope, its open batches, its overdue payments, the end of one
/// that was cancelled, and messages to the programme system that were given up. Nothing is done that would not be done later by itself, so it can do no harm, however often.
///
/// # Errors
/// 403, 404; 409 when nothing is left to do.
pub async fn retry(app: &App, ctx: &Ctx, id: &str, reason: &str) -> ApiResult<()> {
    ctx.require(WRITE)?;
    let reason = reason_of(reason)?;
    let (tenant, actor) = (ctx.tenant.as_str(), ctx.actor.label());
    let tx = app.begin().await?;
    let envelope = envelopes::find(&tx, tenant, id).await?;
    let envelope = envelope.ok_or_else(|| ApiError::not_found("this envelope"))?;
    let revived = notifications::revive(&tx, tenant, id, app.now()).await?;
    if revived > 0 {
        notify::enqueue(&tx, tenant, vec![id.to_owned()]).await?;
    }
    match envelope.state()? {
        State::Receiving | State::Finished if revived > 0 => {}
        State::Receiving => {
            let text =
                "the envelope waits for payments of the programme system: there is nothing to try again";
            return Err(ApiError::conflict("nothing_to_retry", text));
        }
        State::Finished => {
            return Err(ApiError::conflict("nothing_to_retry", "the envelope is finished"));
        }
        State::Cancelled | State::Expired => close::enqueue(&tx, tenant, id, None).await?,
        state => {
            brakes::wake(app, &tx, tenant, &envelope).await?;
            if state == State::Paying {
                settle::enqueue(&tx, tenant, id).await?;
            }
        }
    }
    progress::note(&tx, tenant, id, ("retry", &envelope.state), &actor, reason, app.now()).await?;
    tx.commit().await.map_err(StoreError::from)?;
    Ok(())
}

/// Asks the bank once more for the unused rest of the block of an envelope that is over.
///
/// # Errors
/// 403, 404; 409 while payments can still use the block, or when nothing was blocked.
pub async fn release(app: &App, ctx: &Ctx, id: &str, reason: &str) -> ApiResult<()> {
    ctx.require(WRITE)?;
    let reason = reason_of(reason)?;
    let (tenant, actor) = (ctx.tenant.as_str(), ctx.actor.label());
    let tx = app.begin().await?;
    let envelope = envelopes::find(&tx, tenant, id).await?;
    let envelope = envelope.ok_or_else(|| ApiError::not_found("this envelope"))?;
    if envelope.block_requested_at.is_none() {
        return Err(ApiError::conflict("nothing_blocked", "no money was blocked for this envelope"));
    }
    match envelope.state()? {
        State::Finished => close::release_again(&tx, tenant, id).await?,
        State::Cancelled | State::Expired => close::enqueue(&tx, tenant, id, None).await?,
        State::Releasing => brakes::wake(app, &tx, tenant, &envelope).await?,
        state => {
            let open = tally::tally(&tx, tenant, id).await?.open();
            let text = format!(
                "the envelope is {} and {open} payments are not final: the rest is given back when all are, or when the \
                 envelope is cancelled",
                state.as_str()
            );
            return Err(ApiError::conflict("block_in_use", text));
        }
    }
    progress::note(&tx, tenant, id, ("release", &envelope.state), &actor, reason, app.now()).await?;
    tx.commit().await.map_err(StoreError::from)?;
    Ok(())
}
