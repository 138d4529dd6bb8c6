//! Background work. Every job goes on where it was when it is killed, and doing a step twice changes nothing.

mod disburse;
mod enrol;
mod entitle;
mod pull;

use std::{sync::Arc, time::Duration};

use ::jobs::{JobError, JobHandler, Next, RunningJob, Worker};
use storage::{DatabaseTransaction, StoreError};
use uuid::Uuid;

use crate::{
    app::{
        State,
        approvals::DISBURSE_JOB,
        runs::{ENROLMENT_JOB, ENTITLEMENT_JOB, PULL_JOB, RunJob},
    },
    store::runs::{self, RunRow},
};

/// All workers of this service.
#[must_use]
pub fn workers(state: &State) -> Vec<Worker> {
    let worker = |kind, handler: Arc<dyn JobHandler>| {
        Worker::new(kind, handler).backoff(Duration::from_millis(500), Duration::from_secs(60))
    };
    vec![
        worker(PULL_JOB, Arc::new(pull::Pull(state.clone()))),
        worker(ENROLMENT_JOB, Arc::new(enrol::Enrol(state.clone()))),
        worker(ENTITLEMENT_JOB, Arc::new(entitle::Entitle(state.clone()))),
        worker(DISBURSE_JOB, Arc::new(disburse::Disburse(state.clone()))).concurrency(2),
    ]
}

/// The run that a job is about; none when there is nothing left to do.
async fn run_of(state: &State, job: &RunningJob) -> Result<Option<RunRow>, JobError> {
    let payload: RunJob = job.payload()?;
    runs::revive(state.db.conn(), &job.tenant, payload.run_id).await?;
    let run = runs::find(state.db.conn(), &job.tenant, payload.run_id).await?;
    let run = run.ok_or_else(|| JobError::Fatal(format!("the run {} does not exist", payload.run_id)))?;
    Ok((run.state == "running").then_some(run))
}

/// A transaction that can commit only while the job is ours.
async fn begin(state: &State, job: &RunningJob) -> Result<DatabaseTransaction, JobError> {
    let tx = state.db.begin().await?;
    job.guard(&tx).await?;
    crate::store::plan_anew(&tx).await?;
    Ok(tx)
}

async fn commit(tx: DatabaseTransaction) -> Result<(), JobError> {
    tx.commit().await.map_err(StoreError::from)?;
    Ok(())
}

/// Stores how an attempt failed: the run has failed when it is not going to be tried again, else it shows why it waits.
async fn concluded(
    state: &State,
    job: &RunningJob,
    run: Uuid,
    outcome: Result<Next, JobError>,
) -> Result<Next, JobError> {
    let Err(error) = &outcome else { return outcome };
    let (db, text) = (state.db.conn(), error.to_string());
    let last = matches!(error, JobError::Fatal(_)) || job.attempt >= job.max_attempts;
    let stored = if last {
        runs::fail(db, &job.tenant, run, &text, state.clock.now()).await
    } else {
        runs::complain(db, &job.tenant, run, &text).await
    };
    if let Err(error) = stored {
        tracing::warn!(error = %error, "the failure of the run could not be stored");
    }
    outcome
}

/// Reads a stored cursor.
fn cursor<T: serde::de::DeserializeOwned>(run: &RunRow) -> Result<T, JobError> {
    serde_json::from_value(run.cursor.clone())
        .map_err(|error| JobError::Fatal(format!("the cursor of run {} cannot be read: {error}", run.id)))
}
