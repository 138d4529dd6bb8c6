//! What banks say of payments that were handed over to them, apart from statements: that they take them on, or that they
//! will not pay them. It counts for the payments of the call it answers, whoever brings it and how often.

use std::collections::HashSet;

use bank_formats::iso20022::pain002::{self, Report, Status};
use g2p_connect::reason::BridgeReason;
use jobs::{JobError, Next, RunningJob};
use platform::ApiError;
use sea_orm::ConnectionTrait;
use storage::{StoreError, StoreResult};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{
    App, Failure, intake,
    intake::Received,
    statements::{Brought, StatementJob},
};
use crate::{
    bank::{Verdict, hub::BulkState},
    domain::{
        disbursement::{Event, State},
        reason,
    },
    events::disbursements_changed,
    jobs::ACTOR,
    store::{
        attempts::{self, Attempt},
        calls,
        changes::{self, Cause, Change},
        statements,
    },
};

/// Largest report: one of the largest file of payments, twice.
const LARGEST: u64 = 64 * 1024 * 1024;

/// What was made of a bank's words.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Taken {
    /// Payments that are none of the call.
    pub strange: usize,
    /// Payments of which we know otherwise: refused ones that a statement shows as paid, and the like.
    pub contradicted: usize,
}

/// Does to the payments of a call what a bank says of them. What was said before changes nothing.
///
/// # Errors
/// The database's.
pub async fn take_in<C: ConnectionTrait>(
    tx: &C,
    tenant: &str,
    call: Uuid,
    said: Vec<(String, Verdict)>,
    at: OffsetDateTime,
) -> StoreResult<Taken> {
    let ids = said.iter().map(|(id, _)| id.clone()).collect();
    let states = calls::lock_payments(tx, tenant, call, ids).await?;
    let (mut accepted, mut refused, mut notes, mut withdrawn) = (vec![], vec![], vec![], vec![]);
    let mut taken = Taken::default();
    for (id, verdict) in said {
        let Some(state) = states.get(&id).copied() else {
            taken.strange += 1;
            continue;
        };
        match (state, verdict) {
            (State::Sending | State::Unknown, Verdict::Accepted) => {
                accepted.extend(Change::by(Event::Accept, &id, state, None));
                notes.push((id, Attempt::Accepted, None));
            }
            (State::Sending | State::Unknown | State::Accepted, Verdict::Rejected(why)) => {
                let why = Some(reason::with_detail(reason::BANK_REJECTED, &why));
                refused.extend(Change::by(Event::Refuse, &id, state, why.clone()));
                let notes = if state == State::Accepted { &mut withdrawn } else { &mut notes };
                notes.push((id, Attempt::Rejected, why));
            }
            (State::Accepted | State::Paid | State::Reversed, Verdict::Accepted)
            | (State::Rejected, Verdict::Rejected(_)) => {}
            (state, verdict) => {
                tracing::error!(disbursement = %id, state = state.as_str(), ?verdict, "a bank contradicts what is known");
                taken.contradicted += 1;
            }
        }
    }
    for (event, wanted) in [(Event::Accept, accepted), (Event::Refuse, refused)] {
        let cause = Cause { tenant, actor: ACTOR, action: event.as_str(), at };
        let applied = changes::apply(tx, cause, wanted).await?;
        disbursements_changed(tx, tenant, at, applied).await?;
    }
    attempts::answer(tx, tenant, at, notes).await?;
    attempts::withdraw(tx, tenant, at, withdrawn).await?;
    Ok(taken)
}

async fn read(app: &App, tenant: &str, file_id: Uuid) -> Result<Option<Report>, ApiError> {
    let content = intake::whole(app, tenant, file_id).await?;
    let parsed = tokio::task::spawn_blocking(move || pain002::parse(&content)).await;
    parsed.map_err(|e| ApiError::internal(format!("reading a report: {e}")))
}

/// The call that a report answers.
async fn call_of(app: &App, by: Brought<'_>, report: &Report) -> StoreResult<Option<Uuid>> {
    let Ok(call) = Uuid::try_parse(&report.group.original_message_id) else { return Ok(None) };
    let known = calls::is_known(app.db.conn(), by.tenant, call, by.bank).await?;
    Ok(known.then_some(call))
}

/// Whether a file is a report on a call that was made from here.
///
/// # Errors
/// Refused with `STATEMENT_UPLOAD_ERROR` when it is none.
pub async fn check(app: &App, by: Brought<'_>, file: &Received) -> Result<(), Failure> {
    let useless = || Failure::refused(BridgeReason::StatementUploadError);
    if file.bytes > LARGEST {
        return Err(useless());
    }
    let report = read(app, by.tenant, file.file_id).await?.ok_or_else(useless)?;
    call_of(app, by, &report).await?.map(drop).ok_or_else(useless)
}

/// Works a report off.
///
/// # Errors
/// Retried for ever: the database's errors.
pub async fn run(app: &App, job: &RunningJob) -> Result<Next, JobError> {
    let StatementJob { file_id } = job.payload()?;
    let Some(file) = statements::about(app.db.conn(), &job.tenant, file_id).await? else {
        return Err(JobError::Fatal(format!("the file {file_id} is not there")));
    };
    let by = Brought { tenant: &job.tenant, actor: ACTOR, bank: file.bank_code.as_deref() };
    let report = read(app, &job.tenant, file_id).await.map_err(|e| JobError::retry(format!("{e:?}")))?;
    let Some(report) = report else {
        return Err(JobError::Fatal(format!("the file {file_id} holds no report")));
    };
    let Some(call) = call_of(app, by, &report).await? else {
        return Err(JobError::Fatal(format!("the report {file_id} answers no call from here")));
    };
    let mut taken = Taken::default();
    let said = verdicts(app, &job.tenant, call, &report).await?;
    for chunk in said.chunks(app.config.statement_chunk.max(1)) {
        let tx = app.begin().await?;
        job.guard(&tx).await?;
        let more = take_in(&tx, &job.tenant, call, chunk.to_vec(), app.now()).await?;
        tx.commit().await.map_err(StoreError::from)?;
        taken.strange += more.strange;
        taken.contradicted += more.contradicted;
    }
    let problem = problem(&report, taken);
    if let Some(problem) = &problem {
        tracing::error!(file = %file_id, problem, "a bank's report needs a person");
    }
    let tx = app.begin().await?;
    job.guard(&tx).await?;
    statements::finish_file(&tx, &job.tenant, file_id, problem.as_deref(), app.now()).await?;
    tx.commit().await.map_err(StoreError::from)?;
    Ok(Next::Done)
}

/// What a report says of each payment: what stands at the payment, or else at its batch or the whole message.
async fn verdicts(
    app: &App,
    tenant: &str,
    call: Uuid,
    report: &Report,
) -> StoreResult<Vec<(String, Verdict)>> {
    let code = |reason: &bank_formats::mt940::ReturnReason| reason.code.clone().unwrap_or_default();
    let mut said = Vec::with_capacity(report.transactions.len());
    let mut named = HashSet::with_capacity(report.transactions.len());
    for one in &report.transactions {
        named.insert(one.end_to_end_id.as_str());
        said.extend(
            verdict(one.status, || code(&one.reason)).map(|verdict| (one.end_to_end_id.clone(), verdict)),
        );
    }
    // One batch is in a call.
    let batch = report.batches.iter().find_map(|batch| Some((batch.status?, &batch.reason)));
    let whole = batch.or(report.group.status.map(|status| (status, &report.group.reason)));
    let Some(verdict) = whole.and_then(|(status, reason)| verdict(status, || code(reason))) else {
        return Ok(said);
    };
    let all = calls::payments(app.db.conn(), tenant, call).await?;
    let rest = all.into_iter().filter(|id| !named.contains(id.as_str()));
    said.extend(rest.map(|id| (id, verdict.clone())));
    Ok(said)
}

/// `None` while it is not decided.
fn verdict(status: Status, code: impl FnOnce() -> String) -> Option<Verdict> {
    match status {
        Status::AcceptedProfile
        | Status::SettlementInProcess
        | Status::AcceptedWithChange
        | Status::Settled
        | Status::Credited => Some(Verdict::Accepted),
        Status::Rejected => Some(Verdict::Rejected(code())),
        Status::Received | Status::AcceptedTechnical | Status::Pending | Status::Partial => None,
    }
}

fn problem(report: &Report, taken: Taken) -> Option<String> {
    let mut found = Vec::new();
    if taken.strange > 0 {
        found.push(format!("{} payments that it names are not in the file it answers", taken.strange));
    }
    if taken.contradicted > 0 {
        found.push(format!("what it says of {} payments contradicts what is known", taken.contradicted));
    }
    if let Some(first) = report.problems.first() {
        found.push(format!("{} parts of it cannot be read, the first: {first}", report.problems.len()));
    }
    (!found.is_empty()).then(|| found.join("; "))
}

/// Takes in what a switch says of a call in a callback. Of a call that was not made here nothing is true.
///
/// # Errors
/// The database's.
pub async fn hear(app: &App, bank: &str, call: Uuid, state: &BulkState) -> StoreResult<()> {
    let tenant = app.banks.of(bank).map_or("default", |bank| bank.tenant());
    if !calls::is_known(app.db.conn(), tenant, call, Some(bank)).await? {
        tracing::warn!(bank, %call, "a callback is about a call that was not made here");
        return Ok(());
    }
    let mut said = state.verdicts();
    if let Some(verdict) = state.of_the_rest() {
        let named: HashSet<String> = said.iter().map(|(id, _)| id.clone()).collect();
        let all = calls::payments(app.db.conn(), tenant, call).await?;
        said.extend(all.into_iter().filter(|id| !named.contains(id)).map(|id| (id, verdict.clone())));
    }
    let tx = app.begin().await?;
    let taken = take_in(&tx, tenant, call, said, app.now()).await?;
    tx.commit().await?;
    if taken != Taken::default() {
        tracing::error!(bank, %call, ?taken, "a callback says what cannot be");
    }
    Ok(())
}
