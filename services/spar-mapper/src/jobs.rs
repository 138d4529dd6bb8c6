//! Background work of the mapper: asynchronous messages, their callbacks, and forgetting them.

use std::{sync::Arc, time::Duration};

use ::jobs::{JobError, JobHandler, Next, RunningJob, Worker};
use async_trait::async_trait;
use platform::{
    Actor, CallError, Ctx, PartnerError, Sender,
    callback::{CallbackRefused, may_send_to},
    partners::ANONYMOUS,
};
use tokio_util::sync::CancellationToken;

use crate::{
    State, api,
    app::{
        Caller, bulk,
        transactions::{self, Which},
    },
    domain::{TransactionState, TransactionStep},
};

/// How often old messages are removed.
const FORGET_EVERY: Duration = Duration::from_secs(600);
/// The longest pause between two attempts to send a callback.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// The workers of the service.
pub(crate) fn workers(state: &State) -> Vec<Worker> {
    vec![
        Worker::new(transactions::WORK, Arc::new(Work(state.clone())))
            .concurrency(2)
            .lease(Duration::from_secs(30)),
        Worker::new(transactions::CALLBACK, Arc::new(Callback(state.clone())))
            .concurrency(4)
            .lease(Duration::from_secs(60))
            .backoff(Duration::from_secs(1), LONGEST_PAUSE),
        // One file at a time in a process: its lanes keep the database busy.
        Worker::new(bulk::JOB, Arc::new(Bulk(state.clone()))).lease(Duration::from_secs(30)),
    ]
}

/// Removes old messages until the process stops. Not a job: a job that always waits would look like work left over.
pub(crate) async fn forget(state: State, shutdown: CancellationToken) {
    while tokio::time::timeout(FORGET_EVERY, shutdown.cancelled()).await.is_err() {
        if let Err(error) = transactions::forget(&state).await {
            tracing::warn!(error = %error, "old asynchronous messages were not removed");
        }
        if let Err(error) = state.limits.forget(state.clock.now()).await {
            tracing::warn!(%error, "old counts of partners' items were not removed");
        }
        if let Err(error) = bulk::forget(&state).await {
            tracing::warn!(error = %error.detail(), "old files of changes were not removed");
        }
    }
}

/// Does what a message asks for, and stores the answer in the same transaction: a process that dies leaves neither.
struct Work(State);

#[async_trait]
impl JobHandler for Work {
    async fn run(&self, job: &RunningJob) -> Result<Next, JobError> {
        let which: Which = job.payload()?;
        let outcome = self.work(job, which).await;
        if let Some(why) = given_up(job, &outcome)
            && let Err(also) = transactions::give_up(&self.0, &job.tenant, which, &why).await
        {
            tracing::error!(error = %also, "a message that was given up could not be answered");
        }
        outcome
    }
}

/// Why a job will not be tried again, in words for whoever waits for it; `None` when it was done or will be tried again.
/// What went wrong with us stands in the log only.
fn given_up(job: &RunningJob, outcome: &Result<Next, JobError>) -> Option<String> {
    match outcome {
        Err(JobError::Fatal(why)) => Some(why.clone()),
        Err(JobError::Retry(_)) if job.attempt >= job.max_attempts && !job.cancelled().is_cancelled() => {
            Some("the mapper could not work on it; its log says why".to_owned())
        }
        _ => None,
    }
}

impl Work {
    async fn work(&self, job: &RunningJob, which: Which) -> Result<Next, JobError> {
        let state = &self.0;
        let tx = state.db.begin().await?;
        job.guard(&tx).await?;
        let transaction = transactions::find(state, &job.tenant, which).await?;
        let Some(transaction) = transaction.filter(|t| t.state == TransactionState::Received.as_str()) else {
            return Ok(Next::Done);
        };
        // What the partner may do is looked up now: rights that were taken away meanwhile are gone.
        let partner = match transaction.partner_id.as_str() {
            ANONYMOUS => state.partners.anonymous(),
            id => state.partners.find(id).await?,
        };
        let partner = partner.ok_or_else(|| {
            JobError::Fatal("the partner that sent the message is not registered any more".to_owned())
        })?;
        let ctx = Ctx::new(
            Actor::Partner(partner.partner_id.clone()),
            partner.tenant.clone(),
            state.clock.clone(),
            partner.policy.permissions.clone(),
        );
        let sender = Sender { partner, verified: true };
        let caller = Caller::new(ctx, &sender, &transaction.message_id);
        let worked = api::work(state, &tx, &caller, &transaction).await.map_err(unworkable)?;
        transactions::finish(&tx, state, &transaction, worked).await?;
        tx.commit().await?;
        Ok(Next::Done)
    }
}

/// What the partner did wrong stays wrong; what is ours may pass.
fn unworkable(error: PartnerError) -> JobError {
    match error {
        PartnerError::Api(error) if error.status().is_server_error() => JobError::Retry(error.into()),
        other => JobError::Fatal(format!("the message cannot be worked on: {other}")),
    }
}

/// Works on a file of changes.
struct Bulk(State);

#[async_trait]
impl JobHandler for Bulk {
    async fn run(&self, job: &RunningJob) -> Result<Next, JobError> {
        let which: bulk::Which = job.payload()?;
        let outcome = self.work(job, which).await;
        if let Some(why) = given_up(job, &outcome)
            && let Err(also) = bulk::give_up(&self.0, &job.tenant, which.job_id, &why).await
        {
            tracing::error!(error = %also, "a file that was given up could not be marked so");
        }
        outcome
    }
}

impl Bulk {
    async fn work(&self, job: &RunningJob, which: bulk::Which) -> Result<Next, JobError> {
        let state = &self.0;
        // As for messages, what the partner may do is looked up now.
        let Some(sender) = bulk::sender_of(state, &job.tenant, which.job_id).await? else {
            return Ok(Next::Done);
        };
        let ctx = Ctx::new(
            Actor::Partner(sender.partner.partner_id.clone()),
            sender.partner.tenant.clone(),
            state.clock.clone(),
            sender.partner.policy.permissions.clone(),
        );
        let message_id = which.job_id.to_string();
        let caller = Caller::new(ctx, &sender, &message_id);
        bulk::run(state, job, which.job_id, &caller).await
    }
}

/// Sends the answer of a message.
struct Callback(State);

#[async_trait]
impl JobHandler for Callback {
    async fn run(&self, job: &RunningJob) -> Result<Next, JobError> {
        let state = &self.0;
        let which: Which = job.payload()?;
        let Some(transaction) = transactions::find(state, &job.tenant, which).await? else {
            return Ok(Next::Done);
        };
        let delivered = transaction.state == TransactionState::Delivered.as_str();
        let Some(url) = transaction.callback_url.as_deref().filter(|_| !delivered) else {
            return Ok(Next::Done);
        };
        let sent = match may_send_to(url, state.config.callback_loopback).await {
            Ok(()) => {
                let body = api::callback_body(state, &transaction)?;
                state.http.post_signed_bytes(url, body, "application/json").await.map(|_| ()).map_err(failed)
            }
            Err(CallbackRefused::Unknown) => Err(JobError::retry(CallbackRefused::Unknown.text())),
            Err(why) => Err(JobError::Fatal(why.text().to_owned())),
        };
        let step = match &sent {
            Ok(()) => TransactionStep::Deliver,
            Err(JobError::Retry(_)) if job.attempt < job.max_attempts => return sent.map(|()| Next::Done),
            Err(_) => TransactionStep::GiveUp,
        };
        transaction.called_back(state.db.conn(), step, state.clock.now()).await?;
        sent.map(|()| Next::Done)
    }
}

/// The receiver may have taken it when the answer is unclear; it is sent again under the same message id.
fn failed(error: CallError) -> JobError {
    if error.is_retryable() { JobError::Retry(error.into()) } else { JobError::Fatal(error.to_string()) }
}
