//! Money for an envelope: asked for, blocked, given back.

use jobs::{JobError, RunningJob};
use money::Amount;
use storage::StoreError;

use super::{
    App, brakes, close,
    driver::{Flow, begin_step, commit, currency},
    pay,
};
use crate::{
    bank::{BankConnector, BlockName, BlockOutcome, BlockRequest, FundsCheck, Turn},
    domain::{envelope::Event, reason},
    store::{
        envelopes::Envelope,
        funds::{self, FundsNote},
        payments, progress,
    },
};

/// Checks and blocks exactly the sum of the payments that have an account, forms the batches and lets paying begin.
pub(super) async fn fund(app: &App, job: &RunningJob, envelope: &Envelope) -> Result<Flow, JobError> {
    let Some(bank) = app.banks.of(&envelope.sponsor_bank_code) else {
        let problem = reason::SPONSOR_BANK_NOT_KNOWN_HERE;
        return again(app, job, envelope, problem, envelope.funds_blocked_attempts + 1).await;
    };
    if !bank.capabilities().funds {
        return go_on(app, job, envelope, bank, None).await;
    }
    let Some(_turn) = app.banks.turn(&envelope.sponsor_bank_code, Turn::Drive) else {
        return Ok(stand_in_line(app));
    };
    if brakes::is_paused(app, &job.tenant, envelope).await? {
        return again(app, job, envelope, reason::PAUSED, 1).await;
    }
    let amount = Amount::from_minor(envelope.eligible_minor.unwrap_or(0), currency(envelope)?);
    // Once a block was asked for, the money may be set aside already, and a check would miss it.
    if envelope.block_requested_at.is_none()
        && let Some(wait) = check(app, job, envelope, bank, amount).await?
    {
        return Ok(wait);
    }
    block(app, job, envelope, bank, amount).await
}

/// `None` when the money is there.
async fn check(
    app: &App,
    job: &RunningJob,
    envelope: &Envelope,
    bank: &dyn BankConnector,
    amount: Amount,
) -> Result<Option<Flow>, JobError> {
    let attempts = envelope.funds_available_attempts + 1;
    let (status, problem) = match bank.check_funds(&envelope.sponsor_bank_account_number, amount).await {
        Ok(FundsCheck::Available) => ("FUNDS_AVAILABLE", None),
        Ok(FundsCheck::NotAvailable(why)) => {
            ("FUNDS_NOT_AVAILABLE", Some(reason::with_detail(reason::FUNDS_NOT_AVAILABLE, &why)))
        }
        Err(fault) => {
            tracing::warn!(envelope = %envelope.envelope_id, error = %fault, "the bank could not be asked for funds");
            ("ERROR", Some(reason::BANK_NOT_REACHED.to_owned()))
        }
    };
    let note = FundsNote { status, error: problem.as_deref(), attempts };
    funds::note_funds_available(app.db.conn(), &job.tenant, &envelope.envelope_id, note, app.now()).await?;
    match problem {
        None => Ok(None),
        Some(problem) => again(app, job, envelope, &problem, attempts).await.map(Some),
    }
}

async fn block(
    app: &App,
    job: &RunningJob,
    envelope: &Envelope,
    bank: &dyn BankConnector,
    amount: Amount,
) -> Result<Flow, JobError> {
    let (tenant, id) = (job.tenant.as_str(), envelope.envelope_id.as_str());
    // The intent first: whoever cancels from now on knows that there may be a block to give back.
    let tx = app.begin().await?;
    job.guard(&tx).await?;
    if !funds::request_block(&tx, tenant, id, app.now()).await? {
        return Ok(Flow::Go);
    }
    tx.commit().await.map_err(StoreError::from)?;

    let key = envelope.block_key();
    let account_number = envelope.sponsor_bank_account_number.as_str();
    let attempts = envelope.funds_blocked_attempts + 1;
    let (status, problem) = match bank.block_funds(BlockRequest { key: &key, account_number, amount }).await {
        BlockOutcome::Blocked(reference) => {
            let block = Block { reference, minor: amount.minor(), attempts };
            return go_on(app, job, envelope, bank, Some(block)).await;
        }
        BlockOutcome::Refused(why) => {
            ("FUNDS_BLOCK_FAILURE", reason::with_detail(reason::FUNDS_BLOCK_REFUSED, &why))
        }
        BlockOutcome::Unknown(why) => {
            tracing::warn!(envelope = %id, error = %why, "whether the bank blocked the funds is not known");
            ("ERROR", reason::BANK_NOT_REACHED.to_owned())
        }
    };
    let note = FundsNote { status, error: Some(&problem), attempts };
    // A request whose answer is missing may still reach the bank, whatever it says to this one.
    let nothing_blocked = status == "FUNDS_BLOCK_FAILURE" && envelope.block_requested_at.is_none();
    funds::note_block_failed(app.db.conn(), tenant, id, note, nothing_blocked, app.now()).await?;
    again(app, job, envelope, &problem, attempts).await
}

/// A block that the bank made.
struct Block {
    reference: String,
    minor: i64,
    attempts: i32,
}

/// Forms the batches and lets paying begin; without a block where the bank makes none.
async fn go_on(
    app: &App,
    job: &RunningJob,
    envelope: &Envelope,
    bank: &dyn BankConnector,
    block: Option<Block>,
) -> Result<Flow, JobError> {
    let (tenant, id) = (job.tenant.as_str(), envelope.envelope_id.as_str());
    let Some((tx, at)) = begin_step(app, job, envelope, Event::Block, None).await? else {
        return match block {
            Some(block) => late_block(app, job, id, &block.reference).await,
            None => Ok(Flow::Go),
        };
    };
    match block {
        Some(b) => funds::note_blocked(&tx, tenant, id, &b.reference, b.minor, b.attempts, at).await?,
        None => funds::note_not_offered(&tx, tenant, id, reason::NOT_OFFERED_BY_BANK, at).await?,
    }
    let can = bank.capabilities();
    let wanted = can.batch.or_else(|| usize::try_from(app.config.payment_batch).ok()).unwrap_or(1);
    let size = i64::try_from(wanted.min(can.max_payments)).unwrap_or(i64::MAX);
    let batches = payments::form(&tx, tenant, id, at, size).await?;
    pay::enqueue(&tx, tenant, id, &batches).await?;
    commit(tx).await
}

/// Others are calling the bank; it is this envelope's turn soon, and other banks' meanwhile.
fn stand_in_line(app: &App) -> Flow {
    Flow::Wait(std::time::Duration::from_millis(app.config.step_interval_ms))
}

/// The envelope was cancelled or given up while the bank blocked. The job that closes it may be done already.
async fn late_block(app: &App, job: &RunningJob, id: &str, reference: &str) -> Result<Flow, JobError> {
    let tx = app.begin().await?;
    job.guard(&tx).await?;
    if funds::note_late_block(&tx, &job.tenant, id, reference).await? {
        close::enqueue(&tx, &job.tenant, id, None).await?;
    }
    commit(tx).await
}

/// Gives the unused rest of the block back.
pub(super) async fn release(app: &App, job: &RunningJob, envelope: &Envelope) -> Result<Flow, JobError> {
    let (tenant, id) = (job.tenant.as_str(), envelope.envelope_id.as_str());
    let bank = app.banks.of(&envelope.sponsor_bank_code).filter(|bank| bank.capabilities().release);
    let released = match (bank, &envelope.block_reference) {
        (Some(bank), Some(reference)) => {
            let Some(_turn) = app.banks.turn(&envelope.sponsor_bank_code, Turn::Drive) else {
                return Ok(stand_in_line(app));
            };
            match bank
                .release_block(BlockName::Reference(reference), &format!("{id}/release"), currency(envelope)?)
                .await
            {
                Ok(amount) => amount.minor(),
                Err(fault) => {
                    tracing::warn!(envelope = %id, error = %fault, "the block is not released yet");
                    return again(app, job, envelope, reason::BANK_NOT_REACHED, 3).await;
                }
            }
        }
        _ => 0,
    };
    let Some((tx, at)) = begin_step(app, job, envelope, Event::Release, None).await? else {
        return Ok(Flow::Go);
    };
    funds::note_release(&tx, tenant, id, released, at).await?;
    commit(tx).await
}

/// Says what is in the way and waits.
async fn again(
    app: &App,
    job: &RunningJob,
    envelope: &Envelope,
    problem: &str,
    round: i32,
) -> Result<Flow, JobError> {
    progress::set_problem(app.db.conn(), &job.tenant, &envelope.envelope_id, Some(problem), app.now())
        .await?;
    Ok(Flow::Wait(app.config.retry_pause(round)))
}
