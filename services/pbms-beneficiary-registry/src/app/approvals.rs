//! Two people decide on a cycle: one submits, another approves. Then it may be paid.

use jobs::NewJob;
use platform::{ApiError, ApiResult, Ctx};
use serde::{Deserialize, Serialize};
use serde_json::json;
use storage::{DatabaseTransaction, trace_context};
use tracing::Instrument;
use uuid::Uuid;

use super::{
    APPROVE, State, WRITE, audit,
    cycles::{allowed, must_be_computed, read},
    model::{ApprovalRequest, CycleView, Decision},
    once,
};
use crate::{
    domain::cycle::{CycleAction, CycleState},
    store::{
        cycles::{self, CycleRow},
        entitlements,
    },
};

/// Kind of the job that pays.
pub const DISBURSE_JOB: &str = "pbms.disburse";

/// Attempts of that job. As long as the bridge cannot be reached or refuses, approved payments wait and their money stays
/// reserved: no number of failures may end that silently.
const FOREVER: u32 = u32::MAX;

/// What that job is told.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DisburseJob {
    /// The cycle.
    pub cycle_id: Uuid,
}

/// The maker's submission when the cycle is a draft, the checker's decision when it is submitted.
///
/// # Errors
/// 403 without the right or for the same person twice; 409 `cycle_state`, `entitlements_not_computed`,
/// `funds_not_reserved`, `amounts_changed`.
pub async fn decide(
    state: &State,
    ctx: &Ctx,
    key: Option<&str>,
    id: Uuid,
    request: &ApprovalRequest,
) -> ApiResult<CycleView> {
    if !ctx.may(WRITE) {
        ctx.require(APPROVE)?;
    }
    if request.comment.chars().count() > 1_000 || request.comment.contains('\0') {
        return Err(ApiError::unprocessable(
            "comment_invalid",
            "the comment is longer than 1,000 characters",
        ));
    }
    let tenant = ctx.tenant.as_str();
    once(state, ctx, key, "approvals", &(id, request), async |tx: &DatabaseTransaction| {
        let row = cycles::lock(tx, tenant, id).await?;
        let from = row.state()?;
        let action = match (from, request.decision) {
            (CycleState::Draft, Decision::Approve) => CycleAction::Submit,
            (_, Decision::Approve) => CycleAction::Approve,
            (_, Decision::Return) => CycleAction::Return,
        };
        let next = allowed(&row, action)?;
        apply(tx, ctx, &row, action).await?;
        let (actor, at) = (ctx.actor.label(), ctx.clock.now());
        cycles::note(tx, tenant, id, Some(from), next, &actor, &request.comment, at).await?;
        audit(tx, ctx, "cycle.decide", &id.to_string(), json!({"from": from, "to": next})).await?;
        read(tx, tenant, id).await
    })
    .await
}

async fn apply(tx: &DatabaseTransaction, ctx: &Ctx, row: &CycleRow, action: CycleAction) -> ApiResult<()> {
    let tenant = ctx.tenant.as_str();
    let actor = ctx.actor.label();
    match action {
        CycleAction::Submit => {
            ctx.require(WRITE)?;
            must_be_computed(row)?;
            must_be_reserved(row)?;
            cycles::set_submitted(tx, tenant, row.id, &actor, ctx.clock.now()).await?;
        }
        CycleAction::Return => {
            ctx.require(APPROVE)?;
            cycles::set_returned(tx, tenant, row.id).await?;
        }
        _ => {
            ctx.require(APPROVE)?;
            if row.submitted_by.as_deref() == Some(actor.as_str()) {
                return Err(ApiError::forbidden(
                    "you submitted this cycle yourself; somebody else must approve it",
                ));
            }
            must_be_computed(row)?;
            must_be_reserved(row)?;
            must_be_unchanged(tx, tenant, row).await?;
            let trace = trace_context::current_traceparent();
            cycles::set_approved(tx, tenant, row.id, &actor, trace, ctx.clock.now()).await?;
        }
    }
    Ok(())
}

fn must_be_reserved(row: &CycleRow) -> ApiResult<()> {
    if row.reserved_minor == row.total_minor {
        return Ok(());
    }
    Err(ApiError::conflict(
        "funds_not_reserved",
        "the money of the cycle is not reserved; run the fund check first",
    ))
}

/// What is frozen is what the entitlements really sum to.
async fn must_be_unchanged(tx: &DatabaseTransaction, tenant: &str, row: &CycleRow) -> ApiResult<()> {
    let totals = entitlements::totals(tx, tenant, row.id).await?;
    if (totals.entitlements, totals.total_minor) == (row.entitlement_count, row.total_minor) {
        return Ok(());
    }
    Err(ApiError::conflict(
        "amounts_changed",
        "the entitlements are not those that were submitted; send the cycle back",
    ))
}

/// Opens the payments of an approved cycle. A job sends them; they belong to the trace of the approval.
///
/// # Errors
/// 403; 409 `cycle_state`.
pub async fn disburse(state: &State, ctx: &Ctx, key: Option<&str>, id: Uuid) -> ApiResult<CycleView> {
    if !ctx.may(APPROVE) {
        ctx.require(WRITE)?;
    }
    let tenant = ctx.tenant.as_str();
    once(state, ctx, key, "disburse", &id, async |tx: &DatabaseTransaction| {
        let row = cycles::lock(tx, tenant, id).await?;
        let next = allowed(&row, CycleAction::Disburse)?;
        let (actor, at) = (ctx.actor.label(), ctx.clock.now());
        cycles::set_disbursing(tx, tenant, id, &actor, at).await?;
        cycles::note(tx, tenant, id, Some(row.state()?), next, &actor, "", at).await?;
        let span = tracing::info_span!("disburse", cycle = %id);
        trace_context::set_parent(&span, row.traceparent.as_deref());
        let job = NewJob::new(DISBURSE_JOB, &DisburseJob { cycle_id: id }).key(id.to_string()).tenant(tenant);
        jobs::enqueue(tx, job.max_attempts(FOREVER)).instrument(span).await?;
        read(tx, tenant, id).await
    })
    .await
}
