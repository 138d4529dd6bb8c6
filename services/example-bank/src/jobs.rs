//! Background work: booking, returns, statements, deliveries.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use jobs::{JobError, JobHandler, NewJob, Next, RunningJob, Worker};
use serde::{Deserialize, Serialize};
use storage::{DatabaseTransaction, StoreResult};
use uuid::Uuid;

use crate::{State, app};

const BOOK: &str = "example-bank.book";
const RETURN: &str = "example-bank.return";
const STATEMENT: &str = "example-bank.statement";
const DELIVER: &str = "example-bank.deliver";

#[derive(Serialize, Deserialize)]
struct Batch {
    batch_id: Uuid,
}

/// A sponsor's account: not a person's.
#[derive(Serialize, Deserialize)]
struct Sponsor {
    account_number: String,
}

/// Money must not stop moving because something was away for long: these jobs are tried for ever.
fn persistent(kind: &'static str, payload: &impl Serialize, key: &str, tenant: &str) -> NewJob {
    NewJob::new(kind, payload).key(key).tenant(tenant).max_attempts(u32::MAX)
}

fn of_sponsor(kind: &'static str, tenant: &str, account: &str) -> NewJob {
    persistent(kind, &Sponsor { account_number: account.to_owned() }, account, tenant)
}

/// Books the accepted payments of a batch. The job carries the trace of the request that brought them.
pub(crate) async fn enqueue_booking(
    tx: &DatabaseTransaction,
    state: &State,
    tenant: &str,
    batch_id: Uuid,
) -> StoreResult<()> {
    let float = Duration::from_millis(state.config.float_ms);
    let job = persistent(BOOK, &Batch { batch_id }, &batch_id.to_string(), tenant).after(float);
    jobs::enqueue(tx, job).await.map(|_| ())
}

/// Books back what could not be delivered.
pub(crate) async fn enqueue_returns(
    tx: &DatabaseTransaction,
    tenant: &str,
    account: &str,
) -> StoreResult<()> {
    jobs::enqueue(tx, of_sponsor(RETURN, tenant, account)).await.map(|_| ())
}

/// Makes a statement when bookings were gathered for a while.
pub(crate) async fn enqueue_statement(
    tx: &DatabaseTransaction,
    state: &State,
    tenant: &str,
    account: &str,
) -> StoreResult<()> {
    let wait = Duration::from_millis(state.config.statement_interval_ms);
    jobs::enqueue(tx, of_sponsor(STATEMENT, tenant, account).after(wait)).await.map(|_| ())
}

/// Posts statements to the bridge, when there is one.
pub(crate) async fn enqueue_delivery(
    tx: &DatabaseTransaction,
    state: &State,
    tenant: &str,
    account: &str,
) -> StoreResult<()> {
    if state.config.bridge_url.is_empty() {
        return Ok(());
    }
    jobs::enqueue(tx, of_sponsor(DELIVER, tenant, account)).await.map(|_| ())
}

struct Book(State);

#[async_trait]
impl JobHandler for Book {
    async fn run(&self, job: &RunningJob) -> Result<Next, JobError> {
        app::booking::book(&self.0, job, job.payload::<Batch>()?.batch_id).await?;
        Ok(Next::Done)
    }
}

struct Return(State);

#[async_trait]
impl JobHandler for Return {
    async fn run(&self, job: &RunningJob) -> Result<Next, JobError> {
        app::booking::book_returns(&self.0, job, &job.payload::<Sponsor>()?.account_number).await?;
        Ok(Next::Done)
    }
}

struct Statement(State);

#[async_trait]
impl JobHandler for Statement {
    async fn run(&self, job: &RunningJob) -> Result<Next, JobError> {
        app::statements::make_all(&self.0, job, &job.payload::<Sponsor>()?.account_number).await?;
        Ok(Next::Done)
    }
}

struct Deliver(State);

#[async_trait]
impl JobHandler for Deliver {
    async fn run(&self, job: &RunningJob) -> Result<Next, JobError> {
        app::delivery::deliver(&self.0, job, &job.payload::<Sponsor>()?.account_number).await?;
        Ok(Next::Done)
    }
}

/// Keys keep two jobs of one account from running at a time; different accounts run side by side.
pub(crate) fn workers(state: &State) -> Vec<Worker> {
    let retry = (Duration::from_millis(250), Duration::from_secs(30));
    let worker = |kind, handler| Worker::new(kind, handler).concurrency(2).backoff(retry.0, retry.1);
    vec![
        worker(BOOK, Arc::new(Book(state.clone())) as Arc<dyn JobHandler>),
        worker(RETURN, Arc::new(Return(state.clone()))),
        worker(STATEMENT, Arc::new(Statement(state.clone()))),
        worker(DELIVER, Arc::new(Deliver(state.clone()))),
    ]
}
