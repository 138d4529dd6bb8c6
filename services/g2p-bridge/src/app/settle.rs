//! Payments that the bank took on long ago and that no statement shows: looked for in the lines we have, then asked for.

use std::time::Duration;

use jobs::{JobError, NewJob, Next, RunningJob};
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use storage::{StoreError, StoreResult};

use super::{App, reconcile};
use crate::{
    bank::{Asked, Inquiry, Turn},
    domain::{
        disbursement::{Event, State},
        envelope, reason,
    },
    events::disbursements_changed,
    jobs::{ACTOR, FOREVER, kinds},
    store::{
        attempts::{self, Attempt},
        changes::{self, Cause, Change},
        disbursements,
        envelopes::{self, Envelope},
        progress,
    },
};

/// Payments looked at in one go.
const CHUNK: i64 = 1_000;

/// The envelope with overdue payments.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SettleJob {
    /// The envelope.
    pub envelope_id: String,
}

/// Enqueues it.
pub async fn enqueue<C: ConnectionTrait>(tx: &C, tenant: &str, id: &str) -> StoreResult<()> {
    let job = NewJob::new(kinds::SETTLE, &SettleJob { envelope_id: id.to_owned() });
    jobs::enqueue(tx, job.tenant(tenant).key(id).max_attempts(FOREVER)).await?;
    Ok(())
}

/// Looks for the overdue payments of an envelope.
///
/// # Errors
/// Retried: the database's errors. A bank that is away is asked again when the driver next finds payments overdue.
pub async fn run(app: &App, job: &RunningJob) -> Result<Next, JobError> {
    let SettleJob { envelope_id } = job.payload()?;
    let Some(envelope) = envelopes::find(app.db.conn(), &job.tenant, &envelope_id).await? else {
        return Err(JobError::Fatal(format!("envelope {envelope_id} is not there")));
    };
    if envelope.state()? != envelope::State::Paying {
        return Ok(Next::Done);
    }
    let bank = app.banks.of(&envelope.sponsor_bank_code);
    let Some(_turn) = app.banks.turn(&envelope.sponsor_bank_code, Turn::Settle) else {
        return Ok(if bank.is_some() { Next::After(Duration::from_secs(1)) } else { Next::Done });
    };
    // What a bank of files has not answered yet, nobody else looks after.
    let files = bank.is_some_and(|bank| bank.capabilities().file_drop);
    let overdue = i64::try_from(app.config.statement_overdue_seconds).unwrap_or(i64::MAX);
    let since = app.now() - time::Duration::seconds(overdue);
    let (mut after, mut still_open, mut unanswered) = (-1, 0, false);
    loop {
        let conn = app.db.conn();
        let states: &[State] = if files { &[State::Accepted, State::Unknown] } else { &[State::Accepted] };
        let rows =
            disbursements::unchanged_since(conn, &job.tenant, &envelope_id, states, since, after, CHUNK)
                .await?;
        let Some(last) = rows.last() else { break };
        after = last.seq;
        let unknown = rows.iter().filter(|row| row.state().is_ok_and(|s| s == State::Unknown)).count();
        unanswered |= unknown > 0;
        let ids: Vec<String> = rows.into_iter().map(|row| row.disbursement_id).collect();
        still_open += look_for(app, job, &envelope, ids).await?;
        if job.cancelled().is_cancelled() {
            return Ok(Next::After(Duration::ZERO));
        }
    }
    let problem = match (still_open, unanswered) {
        (0, _) => None,
        (_, true) => Some(reason::BANK_REPORT_OVERDUE),
        (_, false) => Some(reason::STATEMENT_OVERDUE),
    };
    progress::set_problem(app.db.conn(), &job.tenant, &envelope_id, problem, app.now()).await?;
    Ok(Next::Done)
}

/// Returns how many of the payments are still open.
async fn look_for(
    app: &App,
    job: &RunningJob,
    envelope: &Envelope,
    ids: Vec<String>,
) -> Result<usize, JobError> {
    let (tenant, at) = (job.tenant.as_str(), app.now());
    let tx = app.begin().await?;
    job.guard(&tx).await?;
    let changed = reconcile::again(&tx, tenant, &ids, at).await?;
    tx.commit().await.map_err(StoreError::from)?;
    let open: Vec<String> = ids.into_iter().filter(|id| !changed.contains(id)).collect();
    let Some(bank) = app.banks.of(&envelope.sponsor_bank_code).filter(|b| b.capabilities().inquiry) else {
        return Ok(open.len());
    };
    let calls = attempts::calls_of(app.db.conn(), tenant, &open).await?;
    let one = |id: &String| Asked { key: id.clone(), call_id: calls.get(id).copied() };
    let asked: Vec<Asked> = open.iter().map(one).collect();
    let answers = match bank.inquire(&asked).await {
        Ok(answers) => answers,
        Err(fault) => {
            tracing::warn!(envelope = %envelope.envelope_id, error = %fault, "the bank could not be asked");
            return Ok(open.len());
        }
    };
    let (mut refused, mut notes) = (Vec::new(), Vec::new());
    for (id, answer) in open.iter().zip(answers) {
        match answer {
            Some(Inquiry::Rejected(why)) => {
                let why = Some(reason::with_detail(reason::BANK_REJECTED, &why));
                refused.extend(Change::by(Event::Refuse, id, State::Accepted, why.clone()));
                notes.push((id.clone(), Attempt::Rejected, why));
            }
            // It said yes and now knows nothing: a person must look; it is never sent again by itself.
            Some(Inquiry::NotFound) => {
                tracing::error!(disbursement = %id, "the bank does not know a payment that it accepted");
            }
            Some(Inquiry::Accepted | Inquiry::HandedOver) | None => {}
        }
    }
    let tx = app.begin().await?;
    job.guard(&tx).await?;
    let cause = Cause { tenant, actor: ACTOR, action: Event::Refuse.as_str(), at };
    let applied = changes::apply(&tx, cause, refused).await?;
    let closed = applied.len();
    attempts::withdraw(&tx, tenant, at, notes).await?;
    disbursements_changed(&tx, tenant, at, applied).await?;
    tx.commit().await.map_err(StoreError::from)?;
    Ok(open.len().saturating_sub(closed))
}
