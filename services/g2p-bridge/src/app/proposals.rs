//! What needs two people: one asks, another decides, and what they decide is done in the transaction that says so.

use platform::{Actor, ApiError, ApiResult, Ctx, same_person};
use sea_orm::DatabaseTransaction;
use storage::StoreError;
use uuid::Uuid;

use super::{APPROVE, App, READ, WRITE, answer, brakes, reissue};
use crate::{
    domain::proposal::{Content, State, Step, transition},
    store::proposals::{self, By, Proposal},
};

/// Longest reason.
const MAX_REASON: usize = 500;

/// Checks that the caller is a person: a system cannot be one of two people.
pub(super) fn person(ctx: &Ctx) -> ApiResult<String> {
    match ctx.actor {
        Actor::User(_) => Ok(ctx.actor.label()),
        _ => Err(ApiError::forbidden("this is for people: sign in yourself; a system's token does not do")),
    }
}

/// A reason that says something.
pub(super) fn reason_of(text: &str) -> ApiResult<&str> {
    let text = text.trim();
    if text.is_empty() || text.len() > MAX_REASON || text.chars().any(char::is_control) {
        let rule = "must say why, in 1 to 500 bytes on one line";
        return Err(
            ApiError::unprocessable("invalid_field", format!("reason {rule}")).with_field("reason", rule)
        );
    }
    Ok(text)
}

/// Asks for something. The same is checked again when it is approved.
///
/// # Errors
/// 403 without `bridge:write` or for a system; 404, 409 or 422 when it could not be done now; 409 when one about the
/// same waits already.
pub async fn propose(app: &App, ctx: &Ctx, content: &Content, reason: &str) -> ApiResult<Proposal> {
    ctx.require(WRITE)?;
    let actor = person(ctx)?;
    let by = By { tenant: ctx.tenant.as_str(), actor: &actor, at: app.now(), reason: reason_of(reason)? };
    let tx = app.begin().await?;
    match content {
        Content::Answer { disbursement_id, answer } => {
            answer::check(&tx, by.tenant, disbursement_id, *answer).await?;
        }
        Content::Reissue { envelope_id, disbursement_ids } => {
            reissue::check(&tx, by.tenant, envelope_id, disbursement_ids).await?;
        }
        Content::Resume { scope, name } => brakes::check_paused(&tx, by.tenant, *scope, name).await?,
        Content::DailyLimit { .. } => {}
    }
    let id = Uuid::now_v7();
    if !proposals::insert(&tx, by, id, content).await? {
        let text = "a proposal about the same waits for a second person: decide it first";
        return Err(ApiError::conflict("proposal_waits", text));
    }
    let made = proposals::find(&tx, by.tenant, id).await?;
    tx.commit().await.map_err(StoreError::from)?;
    made.ok_or_else(|| ApiError::internal("the proposal just made is not there"))
}

/// Approves, refuses or withdraws a proposal; what is approved is done now.
///
/// # Errors
/// 403 without `bridge:approve` (`bridge:write` to withdraw), for a system, and for who asked (to withdraw: for anybody
/// else); 404; 409 when it is decided already or cannot be done any more.
pub async fn decide(app: &App, ctx: &Ctx, id: Uuid, step: Step, reason: &str) -> ApiResult<Proposal> {
    ctx.require(if step == Step::Withdraw { WRITE } else { APPROVE })?;
    let actor = person(ctx)?;
    let by = By { tenant: ctx.tenant.as_str(), actor: &actor, at: app.now(), reason: reason_of(reason)? };
    let tx = app.begin().await?;
    let missing = || ApiError::not_found("this proposal");
    let proposal = proposals::lock(&tx, by.tenant, id).await?.ok_or_else(missing)?;
    let state = proposal.state()?;
    let after = transition(state, step).ok_or_else(|| {
        ApiError::conflict("proposal_decided", format!("this proposal is {} by now", state.as_str()))
    })?;
    match (step, same_person(&proposal.proposed_by, &actor)) {
        (Step::Withdraw, false) => {
            return Err(ApiError::forbidden("only who asked for it takes it back: refuse it"));
        }
        (Step::Approve | Step::Refuse, true) => {
            return Err(ApiError::forbidden("somebody else has to decide what you asked for"));
        }
        _ => {}
    }
    let outcome = match after {
        State::Done => Some(carry_out(app, &tx, by, &proposal).await?),
        _ => None,
    };
    proposals::close(&tx, by, &proposal, after, outcome.as_deref()).await?;
    let closed = proposals::find(&tx, by.tenant, id).await?;
    tx.commit().await.map_err(StoreError::from)?;
    tracing::info!(proposal = %id, state = after.as_str(), "proposal");
    closed.ok_or_else(missing)
}

async fn carry_out(
    app: &App,
    tx: &DatabaseTransaction,
    by: By<'_>,
    proposal: &Proposal,
) -> ApiResult<String> {
    match proposal.content()? {
        Content::Answer { disbursement_id, answer } => {
            answer::give(app, tx, by, &disbursement_id, answer).await
        }
        Content::Reissue { envelope_id, disbursement_ids } => {
            reissue::carry_out(app, tx, by, proposal.proposal_id, &envelope_id, &disbursement_ids).await
        }
        Content::Resume { scope, name } => brakes::resume(app, tx, by, scope, &name).await,
        Content::DailyLimit { account_number, currency, limit_minor } => {
            brakes::set_limit(tx, by, &account_number, &currency, limit_minor).await
        }
    }
}

/// Proposals in the order they were made.
///
/// # Errors
/// 403.
pub async fn list(
    app: &App,
    ctx: &Ctx,
    state: Option<State>,
    after: Uuid,
    limit: i64,
) -> ApiResult<Vec<Proposal>> {
    ctx.require(READ)?;
    let state = state.map(State::as_str);
    Ok(proposals::page(app.db.conn(), ctx.tenant.as_str(), state, after, limit).await?)
}

/// One proposal.
///
/// # Errors
/// 403, 404.
pub async fn find(app: &App, ctx: &Ctx, id: Uuid) -> ApiResult<Proposal> {
    ctx.require(READ)?;
    let found = proposals::find(app.db.conn(), ctx.tenant.as_str(), id).await?;
    found.ok_or_else(|| ApiError::not_found("this proposal"))
}
