//! Paying one batch. The rule above all others: an intent is committed before the bank is called, and what has an
//! intent without a clear answer is asked for, never simply sent again.

mod answers;

use std::{collections::HashSet, time::Duration};

use jobs::{JobError, NewJob, Next, RunningJob};
use money::{Amount, Currency};
use platform::Masked;
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use storage::{StoreError, StoreResult};
use time::{Date, OffsetDateTime};
use uuid::Uuid;

use super::{
    App,
    brakes::{self, Gate},
    driver::currency,
    envelopes::zone,
};
use crate::{
    bank::{BankConnector, Lane, Outcome, Payment, PaymentFrame},
    domain::{
        disbursement::{Event, State},
        envelope, ids, reason, schedule,
    },
    events::disbursements_changed,
    jobs::{ACTOR, FOREVER, kinds},
    store::{
        attempts::{self, Attempt, Call},
        changes::{self, Applied, Cause, Change},
        envelopes::{self, Envelope},
        payments::{self, Batch, BatchRow},
        progress, restores,
    },
};

/// The batch to pay.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PayJob {
    /// Its envelope.
    pub envelope_id: String,
    /// The batch.
    pub batch_id: Uuid,
}

/// Enqueues batches, each in the line of its bank. A batch that is enqueued already stays so.
pub async fn enqueue<C: ConnectionTrait>(
    tx: &C,
    tenant: &str,
    id: &str,
    batches: &[Uuid],
) -> StoreResult<()> {
    if batches.is_empty() {
        return Ok(());
    }
    let envelope = envelopes::find(tx, tenant, id).await?;
    let kind = kinds::pay(&Lane::of(envelope.as_ref().map_or("", |e| &e.sponsor_bank_code)));
    let jobs = batches.iter().map(|batch| {
        let payload = PayJob { envelope_id: id.to_owned(), batch_id: *batch };
        NewJob::new(kind.clone(), &payload).tenant(tenant).key(batch.to_string()).max_attempts(FOREVER)
    });
    jobs::enqueue_many(tx, jobs.collect()).await?;
    Ok(())
}

/// Everything a round needs.
struct Round<'a> {
    app: &'a App,
    job: &'a RunningJob,
    batch: Batch,
    envelope: Envelope,
    bank: &'a dyn BankConnector,
    currency: Currency,
}

/// Takes the batch one round further: closes what a dead process left open, asks for what is not known, sends what may
/// be sent.
///
/// # Errors
/// Retried for ever: the database's errors only; a bank that is away is waited for.
pub async fn run(app: &App, job: &RunningJob) -> Result<Next, JobError> {
    let PayJob { envelope_id, batch_id } = job.payload()?;
    let conn = app.db.conn();
    let batch = payments::find(conn, &job.tenant, batch_id).await?;
    let envelope = envelopes::find(conn, &job.tenant, &envelope_id).await?;
    let (Some(batch), Some(envelope)) = (batch, envelope) else {
        return Err(JobError::Fatal(format!("batch {batch_id} of envelope {envelope_id} is not there")));
    };
    if envelope.state()? != envelope::State::Paying || batch.state == "DONE" {
        return Ok(Next::Done);
    }
    let Some(bank) = app.banks.of(&envelope.sponsor_bank_code) else {
        return Err(JobError::retry("the sponsor bank's connector is not known"));
    };
    let currency = currency(&envelope)?;
    let round = Round { app, job, batch, envelope, bank, currency };
    // Before anything else: whoever notes a restore later than this has ended every process first.
    let restored = restores::is_open(conn).await?;
    let (mut rows, mut handed) = (round.rows().await?, HashSet::new());
    if rows.iter().any(|row| is(row, State::Sending)) {
        round.close_what_a_dead_process_left(&rows).await?;
        rows = round.rows().await?;
    }
    if rows.iter().any(|row| is(row, State::Unknown)) {
        let unknown: Vec<&BatchRow> = rows.iter().filter(|row| is(row, State::Unknown)).collect();
        let again = round.ask(&unknown, &mut handed).await?;
        rows.retain(|row| is(row, State::Resolved) || again.contains(&row.disbursement_id));
    }
    let mut held = None;
    if restored {
        let unsure: Vec<&BatchRow> = rows.iter().filter(|row| is(row, State::Resolved)).collect();
        held = round.hold(&unsure).await?;
        rows.retain(|row| !is(row, State::Resolved));
    }
    let stopped = round.send(&rows, &mut handed).await?;
    round.end(stopped.or(held), &handed).await
}

fn is(row: &BatchRow, state: State) -> bool {
    row.state().is_ok_and(|s| s == state)
}

impl Round<'_> {
    fn tenant(&self) -> &str {
        &self.job.tenant
    }

    /// Applies changes in a transaction that only the holder of the job can commit, and tells about them.
    async fn change<C: ConnectionTrait>(
        &self,
        tx: &C,
        event: Event,
        wanted: Vec<Change>,
        at: OffsetDateTime,
    ) -> Result<Vec<Applied>, JobError> {
        let cause = Cause { tenant: self.tenant(), actor: ACTOR, action: event.as_str(), at };
        let applied = changes::apply(tx, cause, wanted).await?;
        disbursements_changed(tx, self.tenant(), at, applied.clone()).await?;
        Ok(applied)
    }

    /// The payments of the batch that may not be with the bank.
    async fn rows(&self) -> Result<Vec<BatchRow>, JobError> {
        let tx = self.app.begin().await?;
        let rows = payments::rows(&tx, self.tenant(), &self.batch).await?;
        tx.commit().await.map_err(StoreError::from)?;
        Ok(rows)
    }

    /// We hold the job, so nobody is sending this batch: what stands in `SENDING` was left by a process that ended.
    async fn close_what_a_dead_process_left(&self, rows: &[BatchRow]) -> Result<(), JobError> {
        let left: Vec<&BatchRow> = rows.iter().filter(|row| is(row, State::Sending)).collect();
        tracing::warn!(batch = %self.batch.batch_id, payments = left.len(), "a process ended while it was sending");
        let why = || Some(reason::PROCESS_ENDED_WHILE_SENDING.to_owned());
        let wanted = left
            .iter()
            .filter_map(|r| Change::by(Event::LoseAnswer, &r.disbursement_id, State::Sending, why()));
        let answers = left.iter().map(|r| (r.disbursement_id.clone(), Attempt::Unknown, why()));
        let at = self.app.now();
        let tx = self.app.begin().await?;
        self.job.guard(&tx).await?;
        self.change(&tx, Event::LoseAnswer, wanted.collect(), at).await?;
        attempts::answer(&tx, self.tenant(), at, answers.collect()).await?;
        tx.commit().await.map_err(StoreError::from)?;
        Ok(())
    }

    /// After a restore from an older backup what looks unsent may be with the bank: it is put down as sent without an
    /// answer, so that the bank is asked by its key, or a statement or two people decide, before anything is sent.
    /// Returns what holds others back.
    async fn hold(&self, rows: &[&BatchRow]) -> Result<Option<&'static str>, JobError> {
        if rows.is_empty() {
            return Ok(None);
        }
        let today = schedule::today(self.app.now(), zone(&self.envelope.time_zone)?);
        let (_, written, stopped) = self.write_intents(rows, today).await?;
        let held: Vec<&BatchRow> =
            rows.iter().copied().filter(|row| written.contains(&row.disbursement_id)).collect();
        let unknown = vec![Outcome::Unknown(reason::RESTORED_FROM_BACKUP); held.len()];
        self.note_outcomes(&held, unknown, &mut HashSet::new()).await?;
        Ok(stopped)
    }

    /// Writes the intents, calls the bank, writes the answers. Returns what holds the rest back, if anything does.
    async fn send(
        &self,
        rows: &[BatchRow],
        handed: &mut HashSet<String>,
    ) -> Result<Option<&'static str>, JobError> {
        let (ready, broken): (Vec<&BatchRow>, Vec<&BatchRow>) =
            rows.iter().partition(|row| row.fa_type.is_some());
        if !broken.is_empty() {
            return Err(JobError::retry(format!("{} resolved payments have no account", broken.len())));
        }
        let most = self.bank.capabilities().max_payments.max(1);
        let today = schedule::today(self.app.now(), zone(&self.envelope.time_zone)?);
        for chunk in ready.chunks(most) {
            let (call_id, sent, held) = self.write_intents(chunk, today).await?;
            let rows: Vec<&BatchRow> =
                chunk.iter().copied().filter(|r| sent.contains(&r.disbursement_id)).collect();
            if rows.is_empty() && held.is_none() {
                continue;
            }
            if rows.is_empty() {
                return Ok(held);
            }
            let frame = self.frame(call_id, today)?;
            let payments: Vec<Payment> = rows.iter().map(|row| to_payment(row, self.currency)).collect();
            let outcomes = self.bank.pay(&frame, &payments).await;
            self.note_outcomes(&rows, outcomes, handed).await?;
            if held.is_some() {
                return Ok(held);
            }
        }
        Ok(None)
    }

    /// Commits the intent to pay these; returns the call, the ids that may be sent in it now, and what holds others back. A
    /// payment cancelled meanwhile is left out.
    async fn write_intents(
        &self,
        rows: &[&BatchRow],
        today: Date,
    ) -> Result<(Uuid, HashSet<String>, Option<&'static str>), JobError> {
        let at = self.app.now();
        let _turn = self.app.turns.work().await;
        let tx = self.app.begin().await?;
        self.job.guard(&tx).await?;
        let gate = brakes::gate(&tx, self.tenant(), &self.envelope, today).await?;
        let (rows, held) = let_through(&gate, rows);
        let mut wanted = Vec::with_capacity(rows.len());
        for row in &rows {
            wanted.extend(Change::by(Event::Send, &row.disbursement_id, row.state()?, None));
        }
        let applied = self.change(&tx, Event::Send, wanted, at).await?;
        // Of those that are ours to send only: an attempt that somebody else began meanwhile is not over.
        let again = applied.iter().filter(|one| one.before == State::Unknown.as_str());
        let closed = again.map(|one| (one.disbursement_id.clone(), Attempt::NotFound, None));
        attempts::answer(&tx, self.tenant(), at, closed.collect()).await?;
        let ids: Vec<String> = applied.into_iter().map(|one| one.disbursement_id).collect();
        let call_id = self.call_id(&rows, &ids);
        let call =
            Call { call_id, batch_id: self.batch.batch_id, bank_code: &self.envelope.sponsor_bank_code };
        let written = attempts::write_intents(&tx, self.tenant(), call, ids.clone(), at).await?;
        if usize::try_from(written).ok() != Some(ids.len()) {
            return Err(JobError::retry("not every intent could be written"));
        }
        let ids: HashSet<String> = ids.into_iter().collect();
        let first = rows.iter().filter(|r| is(r, State::Resolved) && ids.contains(&r.disbursement_id));
        let amounts: Vec<i64> = first.map(|row| row.amount_minor).collect();
        brakes::note_sent(&tx, self.tenant(), &self.envelope, today, &amounts).await?;
        tx.commit().await.map_err(StoreError::from)?;
        Ok((call_id, ids, held))
    }

    /// Follows from the batch and the payments; of a file also from the files they were in before, which were given up.
    fn call_id(&self, rows: &[&BatchRow], sent: &[String]) -> Uuid {
        let files = self.bank.capabilities().file_drop;
        let mut calls: Vec<Uuid> = rows.iter().filter_map(|row| row.call_id.filter(|_| files)).collect();
        calls.sort_unstable();
        calls.dedup();
        ids::call(self.batch.batch_id, &calls, sent)
    }

    fn frame(&self, call_id: Uuid, today: Date) -> Result<PaymentFrame, JobError> {
        let reference = match (&self.envelope.block_reference, self.bank.capabilities().funds) {
            (Some(reference), _) => reference.clone(),
            (None, false) => String::new(),
            (None, true) => return Err(JobError::retry("the envelope has no block")),
        };
        let zone = zone(&self.envelope.time_zone)?;
        Ok(PaymentFrame {
            call_id,
            batch_id: self.batch.batch_id,
            formed_at: self.batch.created_at,
            formed_on: schedule::today(self.batch.created_at, zone),
            account_number: self.envelope.sponsor_bank_account_number.clone(),
            block_reference: reference,
            program: self.envelope.benefit_program_mnemonic.clone(),
            cycle: self.envelope.cycle_code_mnemonic.clone(),
            payment_date: today.to_string(),
        })
    }

    /// Closes the batch when every payment is with the bank or final; else plans another round. A bank that answers in
    /// files is not asked again about what it has: its files come when they come.
    async fn end(&self, held: Option<&'static str>, handed: &HashSet<String>) -> Result<Next, JobError> {
        let at = self.app.now();
        let tx = self.app.begin().await?;
        self.job.guard(&tx).await?;
        let open = payments::rows(&tx, self.tenant(), &self.batch).await?;
        let waits = open.iter().all(|row| is(row, State::Unknown) && handed.contains(&row.disbursement_id));
        let next = if open.is_empty() || (waits && self.bank.capabilities().file_drop) {
            payments::finish(&tx, self.tenant(), self.batch.batch_id, at).await?;
            let gone = [reason::BANK_GAVE_NO_ANSWER, reason::PAUSED, reason::DAILY_LIMIT_REACHED];
            progress::clear_problems(&tx, self.tenant(), &self.batch.envelope_id, &gone).await?;
            Next::Done
        } else if waits {
            let why = reason::HANDED_OVER;
            payments::another_round(&tx, self.tenant(), self.batch.batch_id, why, at).await?;
            let gone = [reason::BANK_GAVE_NO_ANSWER];
            progress::clear_problems(&tx, self.tenant(), &self.batch.envelope_id, &gone).await?;
            Next::After(self.pause())
        } else {
            let problem = held.unwrap_or(reason::BANK_GAVE_NO_ANSWER);
            payments::another_round(&tx, self.tenant(), self.batch.batch_id, problem, at).await?;
            progress::set_problem(&tx, self.tenant(), &self.batch.envelope_id, Some(problem), at).await?;
            Next::After(self.pause())
        };
        tx.commit().await.map_err(StoreError::from)?;
        Ok(next)
    }

    fn pause(&self) -> Duration {
        self.app.config.retry_pause(self.batch.rounds.saturating_add(1))
    }
}

/// Which payments may be sent, and what holds the others back. One that was sent before and that the bank does not know
/// counted on the day it was first sent.
fn let_through<'r>(gate: &Gate, rows: &[&'r BatchRow]) -> (Vec<&'r BatchRow>, Option<&'static str>) {
    let mut left = match gate {
        Gate::Paused => return (Vec::new(), Some(reason::PAUSED)),
        Gate::Open => return (rows.to_vec(), None),
        Gate::UpTo(left) => *left,
    };
    let (mut through, mut held) = (Vec::with_capacity(rows.len()), None);
    for row in rows {
        let is_first = is(row, State::Resolved);
        if is_first && (held.is_some() || row.amount_minor > left) {
            held = Some(reason::DAILY_LIMIT_REACHED);
            continue;
        }
        if is_first {
            left -= row.amount_minor;
        }
        through.push(*row);
    }
    (through, held)
}

fn to_payment(row: &BatchRow, currency: Currency) -> Payment {
    let masked = |value: &Option<String>| value.clone().map(Masked::new);
    Payment {
        key: row.disbursement_id.clone(),
        amount: Amount::from_minor(row.amount_minor, currency),
        narrative: Masked::new(row.narrative.clone()),
        payee_name: masked(&row.beneficiary_name),
        account_kind: row.fa_type.clone().unwrap_or_default(),
        account_number: masked(&row.account_number),
        account_type: row.account_type.clone(),
        bank_code: row.bank_code.clone(),
        branch_code: row.branch_code.clone(),
        mobile_number: masked(&row.mobile_number),
        email_address: masked(&row.email_address),
        wallet_provider: row.wallet_provider.clone(),
    }
}
