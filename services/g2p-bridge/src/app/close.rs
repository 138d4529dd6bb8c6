//! What is left to do when an envelope was cancelled or given up: its payments, and the money that may be blocked.

use std::time::Duration;

use jobs::{JobError, NewJob, Next, RunningJob};
use money::Currency;
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use storage::{StoreError, StoreResult};

use super::App;
use crate::{
    bank::{BlockName, Turn},
    domain::{
        disbursement::{Event, State as Payment},
        envelope::State,
        reason,
    },
    events::disbursements_changed,
    jobs::{ACTOR, FOREVER, kinds},
    store::{
        changes::{self, Cause, Change},
        disbursements,
        envelopes::{self, Envelope},
        funds, progress,
    },
};

/// Payments closed in one transaction.
const CHUNK: i64 = 2_000;

/// The envelope to close.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CloseJob {
    /// The envelope.
    pub envelope_id: String,
    /// What was in its way when it was given up.
    #[serde(default)]
    pub problem: Option<String>,
}

/// Enqueues it in the transaction that cancels or gives up the envelope.
pub async fn enqueue<C: ConnectionTrait>(
    tx: &C,
    tenant: &str,
    id: &str,
    problem: Option<&str>,
) -> StoreResult<()> {
    let payload = CloseJob { envelope_id: id.to_owned(), problem: problem.map(str::to_owned) };
    let job = NewJob::new(kinds::CLOSE, &payload);
    jobs::enqueue(tx, job.tenant(tenant).key(id).max_attempts(FOREVER)).await?;
    Ok(())
}

/// Closes an envelope.
///
/// # Errors
/// Retried for ever: a cancelled envelope must not keep money blocked.
pub async fn run(app: &App, job: &RunningJob) -> Result<Next, JobError> {
    let CloseJob { envelope_id, problem } = job.payload()?;
    let Some(envelope) = envelopes::find(app.db.conn(), &job.tenant, &envelope_id).await? else {
        return Err(JobError::Fatal(format!("envelope {envelope_id} is not there")));
    };
    let expired = reason::with_detail(reason::EXPIRED, &problem.unwrap_or_default());
    let (event, why) = match envelope.state()? {
        State::Cancelled => (Event::Cancel, None),
        State::Expired => (Event::Expire, Some(expired.as_str())),
        _ => return Ok(Next::Done),
    };
    while close_chunk(app, job, &envelope, event, why).await? {
        if job.cancelled().is_cancelled() {
            return Ok(Next::After(Duration::ZERO));
        }
    }
    if envelope.block_requested_at.is_some() && envelope.released_at.is_none() {
        return give_back(app, job, &envelope).await;
    }
    let tx = app.begin().await?;
    job.guard(&tx).await?;
    funds::note_closed(&tx, &job.tenant, &envelope_id, app.now()).await?;
    tx.commit().await.map_err(StoreError::from)?;
    Ok(Next::Done)
}

/// Closes the next payments; `false` when none are left.
async fn close_chunk(
    app: &App,
    job: &RunningJob,
    envelope: &Envelope,
    event: Event,
    why: Option<&str>,
) -> Result<bool, JobError> {
    let (tenant, id, at) = (job.tenant.as_str(), envelope.envelope_id.as_str(), app.now());
    let tx = app.begin().await?;
    job.guard(&tx).await?;
    let open = [Payment::Received, Payment::Resolved];
    let rows = disbursements::in_states(&tx, tenant, id, &open, -1, CHUNK).await?;
    let mut wanted = Vec::with_capacity(rows.len());
    for row in &rows {
        wanted.extend(Change::by(event, &row.disbursement_id, row.state()?, why.map(str::to_owned)));
    }
    let cause = Cause { tenant, actor: ACTOR, action: event.as_str(), at };
    let applied = changes::apply(&tx, cause, wanted).await?;
    disbursements_changed(&tx, tenant, at, applied).await?;
    tx.commit().await.map_err(StoreError::from)?;
    Ok(!rows.is_empty())
}

/// Releases the block that was asked for. When its reference never came, the bank is told to release whatever it has
/// blocked under the key and to block nothing under it any more: the request may still be on its way.
async fn give_back(app: &App, job: &RunningJob, envelope: &Envelope) -> Result<Next, JobError> {
    let (tenant, id) = (job.tenant.as_str(), envelope.envelope_id.as_str());
    let bank = app.banks.of(&envelope.sponsor_bank_code);
    let bank = bank.ok_or_else(|| JobError::retry("the sponsor bank's connector is not known"))?;
    let Some(_turn) = app.banks.turn(&envelope.sponsor_bank_code, Turn::Close) else {
        return Ok(Next::After(Duration::from_secs(1)));
    };
    let currency = Currency::from_code(&envelope.currency)?;
    if !bank.capabilities().release {
        return finish(app, job, id, 0).await;
    }
    let block_key = envelope.block_key();
    let block = envelope.block_reference.as_deref().map_or(BlockName::Key(&block_key), BlockName::Reference);
    match bank.release_block(block, &format!("{id}/release"), currency).await {
        Ok(released) => finish(app, job, id, released.minor()).await,
        Err(fault) => {
            let problem = reason::BANK_NOT_REACHED;
            progress::set_problem(app.db.conn(), tenant, id, Some(problem), app.now()).await?;
            Err(JobError::retry(fault.to_string()))
        }
    }
}

async fn finish(app: &App, job: &RunningJob, id: &str, released_minor: i64) -> Result<Next, JobError> {
    let tx = app.begin().await?;
    job.guard(&tx).await?;
    funds::note_release(&tx, &job.tenant, id, released_minor, app.now()).await?;
    funds::note_closed(&tx, &job.tenant, id, app.now()).await?;
    tx.commit().await.map_err(StoreError::from)?;
    Ok(Next::Done)
}

/// Enqueues another release of an envelope's block: a reversal after the end may have put money back into it. Each has a
/// key of its own, so the bank looks again.
pub async fn release_again<C: ConnectionTrait>(tx: &C, tenant: &str, id: &str) -> StoreResult<()> {
    let job = NewJob::new(kinds::RELEASE, &CloseJob { envelope_id: id.to_owned(), problem: None });
    jobs::enqueue(tx, job.tenant(tenant).max_attempts(FOREVER)).await?;
    Ok(())
}

/// Releases the block of a finished envelope once more.
///
/// # Errors
/// Retried for ever.
pub async fn run_release(app: &App, job: &RunningJob) -> Result<Next, JobError> {
    let CloseJob { envelope_id, .. } = job.payload()?;
    let Some(envelope) = envelopes::find(app.db.conn(), &job.tenant, &envelope_id).await? else {
        return Err(JobError::Fatal(format!("envelope {envelope_id} is not there")));
    };
    match envelope.state()? {
        State::Releasing => return Ok(Next::After(Duration::from_secs(1))),
        State::Finished => {}
        _ => return Ok(Next::Done),
    }
    let bank = app.banks.of(&envelope.sponsor_bank_code).filter(|bank| bank.capabilities().release);
    let (Some(bank), Some(reference)) = (bank, &envelope.block_reference) else { return Ok(Next::Done) };
    let Some(_turn) = app.banks.turn(&envelope.sponsor_bank_code, Turn::Release) else {
        return Ok(Next::After(Duration::from_secs(1)));
    };
    let currency = Currency::from_code(&envelope.currency)?;
    let key = format!("{envelope_id}/release/{}", job.id);
    let released = bank.release_block(BlockName::Reference(reference), &key, currency).await;
    let released = released.map_err(|fault| JobError::retry(fault.to_string()))?;
    finish(app, job, &envelope_id, released.minor()).await
}
