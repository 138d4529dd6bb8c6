//! Finding the payees' accounts, a chunk of an envelope at a time, several chunks at once.

use std::time::Duration;

use jobs::{JobError, NewJob, Next, RunningJob};
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use storage::{StoreError, StoreResult};

use super::App;
use crate::{
    domain::{
        disbursement::{Event, State as Payment},
        envelope::State,
        financial_address::Account,
        reason,
    },
    events::disbursements_changed,
    jobs::{ACTOR, FOREVER, kinds},
    mapper::Found,
    store::{
        changes::{self, Cause, Change},
        disbursements::{self, Payee, Unresolved},
        envelopes::{self, Envelope},
        progress,
    },
};

/// A range of an envelope's payments to resolve.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ResolveJob {
    /// The envelope.
    pub envelope_id: String,
    /// First number.
    pub first: i64,
    /// Last number.
    pub last: i64,
    /// Rounds that ended with payees still open.
    #[serde(default)]
    pub round: i32,
}

/// Enqueues the chunks that still hold payments without an account.
pub async fn enqueue_chunks<C: ConnectionTrait>(
    app: &App,
    conn: &C,
    tenant: &str,
    id: &str,
) -> StoreResult<()> {
    let size = i64::from(app.config.resolve_batch);
    let firsts = disbursements::unresolved_chunks(conn, tenant, id, size).await?;
    let jobs = firsts.into_iter().map(|first| {
        let payload = ResolveJob { envelope_id: id.to_owned(), first, last: first + size - 1, round: 0 };
        NewJob::new(kinds::RESOLVE, &payload)
            .tenant(tenant)
            .key(format!("{id}/{first}"))
            .max_attempts(FOREVER)
    });
    jobs::enqueue_many(conn, jobs.collect()).await?;
    Ok(())
}

/// Resolves a chunk.
///
/// # Errors
/// Retried for ever: a mapper that is away is waited for.
pub async fn run(app: &App, job: &RunningJob) -> Result<Next, JobError> {
    let chunk: ResolveJob = job.payload()?;
    let (tenant, id) = (job.tenant.as_str(), chunk.envelope_id.as_str());
    let Some(envelope) = envelopes::find(app.db.conn(), tenant, id).await? else {
        return Err(JobError::Fatal(format!("envelope {id} is not there")));
    };
    if envelope.state()? != State::Resolving {
        return Ok(Next::Done);
    }
    let rows = disbursements::unresolved(app.db.conn(), tenant, id, (chunk.first, chunk.last)).await?;
    if rows.is_empty() {
        return Ok(Next::Done);
    }
    let mut found = if envelope.id_mapper_resolution_required {
        match app.mapper.resolve(&rows).await {
            Ok(found) => found,
            Err(fault) => {
                tracing::warn!(envelope = %id, error = %fault, "the mapper could not be asked");
                return later(app, tenant, id, reason::MAPPER_NOT_REACHED).await;
            }
        }
    } else {
        rows.iter().map(as_address).collect()
    };
    if too_long(app, &envelope) {
        give_up_on_open(id, &mut found);
    }
    match record(app, job, &rows, found).await? {
        None => Ok(Next::Done),
        Some(why) => later(app, tenant, id, why).await,
    }
}

/// Whether the envelope has waited for the mapper longer than one payee may hold up all the others.
fn too_long(app: &App, envelope: &Envelope) -> bool {
    let limit = i64::try_from(app.config.resolve_give_up_seconds).unwrap_or(i64::MAX);
    limit > 0 && app.now() - envelope.state_since > time::Duration::seconds(limit)
}

/// Only where the mapper answered at all: one that is away is no reason to reject anybody.
fn give_up_on_open(envelope: &str, found: &mut [Found]) {
    let open = found.iter_mut().filter(|one| matches!(one, Found::Later(_)));
    let given_up = open.map(|one| *one = Found::None(reason::MAPPER_GAVE_NO_ANSWER)).count();
    if given_up > 0 {
        tracing::error!(envelope, payments = given_up, "rejected: the mapper gave no answer for too long");
    }
}

/// A programme without a mapper gives the financial address in place of the id.
fn as_address(row: &Unresolved) -> Found {
    match Account::parse(&row.beneficiary_id) {
        Ok(account) => Found::Account(account),
        Err(_) => Found::None(reason::UNREADABLE_FINANCIAL_ADDRESS),
    }
}

/// Writes what was found; returns why some payees are still open, if they are.
async fn record(
    app: &App,
    job: &RunningJob,
    rows: &[Unresolved],
    found: Vec<Found>,
) -> Result<Option<&'static str>, JobError> {
    let (tenant, at) = (job.tenant.as_str(), app.now());
    let (mut payees, mut wanted, mut open) = (Vec::new(), Vec::new(), None);
    for (row, found) in rows.iter().zip(found) {
        let id = row.disbursement_id.as_str();
        match found {
            Found::Account(account) => {
                payees.push(Payee { disbursement_id: id.to_owned(), account });
                wanted.extend(Change::by(Event::Resolve, id, Payment::Received, None));
            }
            Found::None(why) => {
                let why = Some(why.to_owned());
                wanted.extend(Change::by(Event::RefuseResolution, id, Payment::Received, why));
            }
            Found::Later(why) => open = Some(why),
        }
    }
    let _turn = app.turns.work().await;
    let tx = app.begin().await?;
    job.guard(&tx).await?;
    disbursements::save_payees(&tx, tenant, at, payees).await?;
    let cause = Cause { tenant, actor: ACTOR, action: Event::Resolve.as_str(), at };
    let applied = changes::apply(&tx, cause, wanted).await?;
    disbursements_changed(&tx, tenant, at, applied).await?;
    tx.commit().await.map_err(StoreError::from)?;
    Ok(open)
}

/// Says why the envelope waits, and asks again after a pause that grows with how long it has waited.
async fn later(app: &App, tenant: &str, id: &str, why: &str) -> Result<Next, JobError> {
    progress::set_problem(app.db.conn(), tenant, id, Some(why), app.now()).await?;
    let since = envelopes::find(app.db.conn(), tenant, id).await?.and_then(|e| e.problem_since);
    let waited =
        since.map_or(Duration::ZERO, |s| Duration::try_from(app.now() - s).unwrap_or(Duration::ZERO));
    let (first, longest) = (app.config.retry_first_ms, app.config.retry_longest_ms);
    Ok(Next::After(waited.clamp(Duration::from_millis(first), Duration::from_millis(longest.max(first)))))
}
