//! Drives one envelope from its day to its end: one job, one step after the other. Each step is a short transaction
//! whose state change is conditional, so two drivers of one envelope cannot do harm.

use std::time::Duration;

use ::money::Currency;
use jobs::{JobError, NewJob, Next, RunningJob};
use sea_orm::{ConnectionTrait, DatabaseTransaction};
use serde::{Deserialize, Serialize};
use storage::{StoreError, StoreResult};
use time::OffsetDateTime;

use super::{App, close, envelopes::zone, funds, resolve, settle};
use crate::{
    domain::{
        disbursement::State as Payment,
        envelope::{Event, State},
        reason, schedule,
    },
    events::envelope_changed,
    jobs::{ACTOR, FOREVER, kinds},
    store::{
        envelopes::{self, Envelope},
        funds as money, payments,
        progress::{self, Step},
        restores, tally,
    },
};

/// The envelope to drive.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct EnvelopeJob {
    /// The envelope.
    pub envelope_id: String,
}

/// What comes after a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    /// Look again at once.
    Go,
    /// Look again after this time.
    Wait(Duration),
    /// Nothing is left to do.
    End,
}

/// Longest sleep before an envelope's day, so that a clock that is moved is noticed.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);
/// The longest pause of a stage, in intervals of the configuration: half a minute by default.
const LONGEST_PAUSE: u32 = 60;
/// Work that was enqueued and is still not done after this time is enqueued again, in case somebody removed the job.
const REMIND_AFTER: time::Duration = time::Duration::seconds(60);

/// Sees that the envelope is driven from its day on. Enqueueing twice is the same as once.
pub async fn enqueue<C: ConnectionTrait>(
    app: &App,
    tx: &C,
    tenant: &str,
    envelope: &Envelope,
) -> StoreResult<()> {
    let wait =
        schedule::until(envelope.schedule_date, app.now(), zone(&envelope.time_zone)?).min(LONGEST_SLEEP);
    let payload = EnvelopeJob { envelope_id: envelope.envelope_id.clone() };
    let job = NewJob::new(kinds::ENVELOPE, &payload).tenant(tenant).key(envelope.envelope_id.as_str());
    jobs::enqueue(tx, job.after(wait).max_attempts(FOREVER)).await?;
    Ok(())
}

/// Takes steps until there is something to wait for.
///
/// # Errors
/// Retried for ever: the database's errors only; banks and mappers that are away are waited for.
pub async fn run(app: &App, job: &RunningJob) -> Result<Next, JobError> {
    let EnvelopeJob { envelope_id } = job.payload()?;
    loop {
        if job.cancelled().is_cancelled() {
            return Ok(Next::After(Duration::ZERO));
        }
        let Some(envelope) = envelopes::find(app.db.conn(), &job.tenant, &envelope_id).await? else {
            return Err(JobError::Fatal(format!("envelope {envelope_id} is not there")));
        };
        let flow = match envelope.state()? {
            state if state.is_before_paying() && expired(app, &envelope).await? => {
                expire(app, job, &envelope).await?
            }
            State::Scheduled => start(app, job, &envelope).await?,
            State::Resolving => resolving(app, job, &envelope).await?,
            State::Funding => funds::fund(app, job, &envelope).await?,
            State::Paying => paying(app, job, &envelope).await?,
            State::Releasing => funds::release(app, job, &envelope).await?,
            State::Receiving | State::Finished | State::Cancelled | State::Expired => Flow::End,
        };
        match flow {
            Flow::Go => {}
            Flow::Wait(pause) => return Ok(Next::After(pause)),
            Flow::End => return Ok(Next::Done),
        }
    }
}

/// Begins a step: the job's guard, then the conditional state change. `None` when somebody else was first.
pub(super) async fn begin_step(
    app: &App,
    job: &RunningJob,
    envelope: &Envelope,
    event: Event,
    why: Option<&str>,
) -> Result<Option<(DatabaseTransaction, OffsetDateTime)>, JobError> {
    let (tenant, id, at) = (job.tenant.as_str(), envelope.envelope_id.as_str(), app.now());
    let tx = app.begin().await?;
    job.guard(&tx).await?;
    let step = Step { event, actor: ACTOR, at, reason: why };
    let Some(state) = progress::step(&tx, tenant, id, step).await? else { return Ok(None) };
    envelope_changed(&tx, tenant, id, state, why, at).await?;
    tracing::info!(envelope = %id, state = state.as_str(), "envelope");
    Ok(Some((tx, at)))
}

pub(super) async fn commit(tx: DatabaseTransaction) -> Result<Flow, JobError> {
    tx.commit().await.map_err(StoreError::from)?;
    Ok(Flow::Go)
}

/// A pause that grows with the time a stage has taken: quick for small envelopes, cheap for large and stuck ones.
fn stage_pause(app: &App, envelope: &Envelope) -> Duration {
    let age = Duration::try_from(app.now() - envelope.state_since).unwrap_or(Duration::ZERO);
    let shortest = Duration::from_millis(app.config.step_interval_ms);
    (age / 40).clamp(shortest, shortest.saturating_mul(LONGEST_PAUSE))
}

async fn expired(app: &App, envelope: &Envelope) -> Result<bool, JobError> {
    let days = app.config.expire_after_days;
    if days == 0 || envelope.state()? == State::Receiving {
        return Ok(false);
    }
    let today = schedule::today(app.now(), zone(&envelope.time_zone)?);
    if today - envelope.schedule_date <= time::Duration::days(i64::from(days)) {
        return Ok(false);
    }
    // What the bank may have is not given up.
    Ok(!restores::is_open(app.db.conn()).await?)
}

/// Gives an envelope up, too long after its day.
pub(super) async fn expire(app: &App, job: &RunningJob, envelope: &Envelope) -> Result<Flow, JobError> {
    let why = envelope.problem.as_deref().unwrap_or(reason::EXPIRED);
    let Some((tx, _)) = begin_step(app, job, envelope, Event::Expire, Some(why)).await? else {
        return Ok(Flow::Go);
    };
    close::enqueue(&tx, &job.tenant, &envelope.envelope_id, envelope.problem.as_deref()).await?;
    commit(tx).await
}

async fn start(app: &App, job: &RunningJob, envelope: &Envelope) -> Result<Flow, JobError> {
    let wait = schedule::until(envelope.schedule_date, app.now(), zone(&envelope.time_zone)?);
    if !wait.is_zero() {
        return Ok(Flow::Wait(wait.min(LONGEST_SLEEP)));
    }
    let Some((tx, _)) = begin_step(app, job, envelope, Event::Start, None).await? else {
        return Ok(Flow::Go);
    };
    // Amended between our look and the step, which holds the row now.
    let now = envelopes::find(&tx, &job.tenant, &envelope.envelope_id).await?;
    if now.is_none_or(|now| now.schedule_date != envelope.schedule_date) {
        tx.rollback().await.map_err(StoreError::from)?;
        return Ok(Flow::Go);
    }
    // From here on the envelope is paid by this version of the configuration, whatever changes later.
    progress::pin_program(&tx, &job.tenant, &envelope.envelope_id).await?;
    resolve::enqueue_chunks(app, &tx, &job.tenant, &envelope.envelope_id).await?;
    commit(tx).await
}

async fn resolving(app: &App, job: &RunningJob, envelope: &Envelope) -> Result<Flow, JobError> {
    let (tenant, id) = (job.tenant.as_str(), envelope.envelope_id.as_str());
    let tally = tally::tally(app.db.conn(), tenant, id).await?;
    if tally.of(Payment::Received).count > 0 {
        if app.now() - envelope.state_since > REMIND_AFTER {
            resolve::enqueue_chunks(app, app.db.conn(), tenant, id).await?;
        }
        return Ok(Flow::Wait(stage_pause(app, envelope)));
    }
    let eligible = tally.of(Payment::Resolved);
    let event = if eligible.count == 0 { Event::FindNothingToPay } else { Event::Resolve };
    let Some((tx, _)) = begin_step(app, job, envelope, event, None).await? else { return Ok(Flow::Go) };
    money::set_eligible(&tx, tenant, id, eligible).await?;
    commit(tx).await
}

async fn paying(app: &App, job: &RunningJob, envelope: &Envelope) -> Result<Flow, JobError> {
    let (tenant, id) = (job.tenant.as_str(), envelope.envelope_id.as_str());
    let tally = tally::tally(app.db.conn(), tenant, id).await?;
    if tally.open() == 0 {
        let Some((tx, _)) = begin_step(app, job, envelope, Event::Settle, None).await? else {
            return Ok(Flow::Go);
        };
        return commit(tx).await;
    }
    if app.banks.of(&envelope.sponsor_bank_code).is_none() {
        let problem = reason::SPONSOR_BANK_NOT_KNOWN_HERE;
        progress::set_problem(app.db.conn(), tenant, id, Some(problem), app.now()).await?;
    }
    let overdue =
        time::Duration::seconds(i64::try_from(app.config.statement_overdue_seconds).unwrap_or(i64::MAX));
    let last = envelope.settle_checked_at.unwrap_or(envelope.state_since).max(envelope.state_since);
    if app.now() - last > overdue {
        let tx = app.begin().await?;
        job.guard(&tx).await?;
        money::note_settle_check(&tx, tenant, id, app.now()).await?;
        let open = payments::open_ids(&tx, tenant, id).await?;
        super::pay::enqueue(&tx, tenant, id, &open).await?;
        settle::enqueue(&tx, tenant, id).await?;
        tx.commit().await.map_err(StoreError::from)?;
    }
    Ok(Flow::Wait(stage_pause(app, envelope)))
}

/// The envelope's currency.
pub(super) fn currency(envelope: &Envelope) -> Result<Currency, JobError> {
    Ok(Currency::from_code(&envelope.currency)?)
}
