//! Taking envelopes and payments back, as long as nothing was sent to the bank.

use g2p_connect::reason::BridgeReason;
use platform::Ctx;
use sea_orm::DatabaseTransaction;

use super::{App, Failure, PAY, close, envelopes::after_change, envelopes::zone, require_any, require_own};
use crate::{
    domain::{
        disbursement::{self, State as Payment},
        envelope::{Event, State},
        schedule,
    },
    events::{disbursements_changed, envelope_changed},
    store::{
        changes::{self, Cause, Change},
        disbursements::{self, Content},
        envelopes::{self, Envelope},
        progress::{self, Step},
        restores,
    },
};

/// Cancels an envelope. Its payments follow in the background; none of them can be sent any more when this returns.
///
/// # Errors
/// Refused with `DISBURSEMENT_ENVELOPE_NOT_FOUND`, `DISBURSEMENT_ENVELOPE_ALREADY_CANCELED`, or, when paying has begun,
/// `DISBURSEMENT_ENVELOPE_DATE_PASSED`.
pub async fn envelope(
    app: &App,
    tx: &DatabaseTransaction,
    ctx: &Ctx,
    id: Option<&str>,
) -> Result<Envelope, Failure> {
    require_any(ctx, PAY)?;
    let (tenant, at) = (ctx.tenant.as_str(), app.now());
    let not_found = || Failure::refused(BridgeReason::DisbursementEnvelopeNotFound);
    let id = id.map(str::trim).unwrap_or_default();
    let envelope = envelopes::lock(tx, tenant, id).await?.ok_or_else(not_found)?;
    require_own(ctx, &envelope)?;
    if matches!(envelope.state()?, State::Cancelled | State::Expired) {
        return Err(Failure::refused(BridgeReason::DisbursementEnvelopeAlreadyCanceled));
    }
    // What was sent after the backup is not known: the bank may have it, and then nothing can be taken back. Before its
    // day nothing was sent.
    if schedule::today(at, zone(&envelope.time_zone)?) >= envelope.schedule_date
        && restores::is_open(tx).await?
    {
        return Err(Failure::refused(BridgeReason::DisbursementEnvelopeDatePassed));
    }
    let actor = ctx.actor.label();
    let step = Step { event: Event::Cancel, actor: &actor, at, reason: None };
    let Some(state) = progress::step(tx, tenant, id, step).await? else {
        return Err(Failure::refused(BridgeReason::DisbursementEnvelopeDatePassed));
    };
    envelope_changed(tx, tenant, id, state, None, at).await?;
    close::enqueue(tx, tenant, id, None).await?;
    envelopes::find(tx, tenant, id).await?.ok_or_else(not_found)
}

/// Cancels payments of one envelope whose day has not come: all or none.
///
/// # Errors
/// Refused with the codes of `cancel_disbursements`.
pub async fn payments(
    app: &App,
    tx: &DatabaseTransaction,
    ctx: &Ctx,
    ids: &[String],
) -> Result<Vec<Content>, Failure> {
    require_any(ctx, PAY)?;
    let (tenant, at) = (ctx.tenant.as_str(), app.now());
    let wrong = |code| Failure::rows(BridgeReason::InvalidDisbursementPayload, code);
    if ids.is_empty() {
        return Err(Failure::refused(BridgeReason::InvalidDisbursementPayload));
    }
    let present = disbursements::contents(tx, tenant, ids.to_vec()).await?;
    let Some(envelope_id) = present.first().map(|c| c.envelope_id.clone()) else {
        return Err(Failure::refused(BridgeReason::InvalidDisbursementId));
    };
    if present.iter().any(|c| c.envelope_id != envelope_id) {
        return Err(Failure::refused(BridgeReason::MultipleEnvelopesFound));
    }
    let envelope = envelopes::lock(tx, tenant, &envelope_id)
        .await?
        .ok_or_else(|| Failure::refused(BridgeReason::DisbursementEnvelopeNotFound))?;
    require_own(ctx, &envelope)?;
    // Their envelope is cancelled, and so are they: nothing to refuse.
    if envelope.state()? == State::Cancelled {
        return Ok(present);
    }
    if schedule::today(app.now(), zone(&envelope.time_zone)?) >= envelope.schedule_date
        || !matches!(envelope.state()?, State::Receiving | State::Scheduled)
    {
        return Err(Failure::refused(BridgeReason::DisbursementEnvelopeScheduleDateReached));
    }
    // Read again: the envelope's row was held by somebody else until now, perhaps for the same payments.
    let present = disbursements::contents(tx, tenant, ids.to_vec()).await?;
    let codes = judge(ids, &present);
    if codes.iter().any(|c| !c.is_empty()) {
        return Err(wrong(codes));
    }
    let actor = ctx.actor.label();
    let cause = Cause { tenant, actor: &actor, action: disbursement::Event::Cancel.as_str(), at };
    let wanted = present.iter().filter_map(|content| {
        let state = Payment::parse(&content.state)?;
        Change::by(disbursement::Event::Cancel, &content.disbursement_id, state, None)
    });
    let applied = changes::apply(tx, cause, wanted.collect()).await?;
    let minor: i64 = present.iter().map(|c| c.amount_minor).sum();
    let count = i64::try_from(applied.len()).unwrap_or(i64::MAX);
    if applied.len() != present.len() || !envelopes::give_back(tx, tenant, &envelope_id, count, minor).await?
    {
        return Err(Failure::refused(BridgeReason::NoOfDisbursementsLessThanZero));
    }
    disbursements_changed(tx, tenant, at, applied).await?;
    after_change(app, tx, ctx, &envelope_id).await?;
    Ok(disbursements::contents(tx, tenant, ids.to_vec()).await?)
}

/// The codes of each id, in the order sent.
fn judge(ids: &[String], present: &[Content]) -> Vec<Vec<BridgeReason>> {
    let mut seen = std::collections::HashSet::new();
    let mut one = |id: &String| {
        let state = present.iter().find(|c| c.disbursement_id == *id).and_then(|c| Payment::parse(&c.state));
        match state {
            None => vec![BridgeReason::InvalidDisbursementId],
            Some(Payment::Cancelled) => vec![BridgeReason::DisbursementAlreadyCanceled],
            Some(_) if !seen.insert(id.clone()) => vec![BridgeReason::DisbursementAlreadyCanceled],
            Some(state) if disbursement::transition(state, disbursement::Event::Cancel).is_none() => {
                vec![BridgeReason::DisbursementEnvelopeScheduleDateReached]
            }
            Some(_) => Vec::new(),
        }
    };
    ids.iter().map(&mut one).collect()
}
