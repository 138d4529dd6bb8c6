//! Background work: fetching comparison records, and comparing the register with itself.

use std::sync::Arc;

use async_trait::async_trait;
use jobs::{JobError, JobHandler, Next, RunningJob, Worker};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{State, app};

/// Kind of the jobs that fetch records.
pub(crate) const FEED_KIND: &str = "dedup.feed";
/// Kind of the jobs that compare.
pub(crate) const RUN_KIND: &str = "dedup.run";

/// Whose records to fetch.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct FeedPayload {
    pub(crate) registrant_ids: Vec<Uuid>,
}

/// Which run to do.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct RunPayload {
    pub(crate) run_id: Uuid,
}

struct Feed(State);

#[async_trait]
impl JobHandler for Feed {
    async fn run(&self, job: &RunningJob) -> Result<Next, JobError> {
        let payload: FeedPayload = job.payload()?;
        app::feed(&self.0, job, &payload.registrant_ids).await?;
        Ok(Next::Done)
    }
}

struct Run(State);

#[async_trait]
impl JobHandler for Run {
    async fn run(&self, job: &RunningJob) -> Result<Next, JobError> {
        let payload: RunPayload = job.payload()?;
        let outcome = app::compare(&self.0, job, payload.run_id).await;
        if let Err(error) = &outcome
            && (matches!(error, JobError::Fatal(_)) || job.attempt >= job.max_attempts)
        {
            // The last attempt: whoever waits for the run must see that it ended.
            app::give_up(&self.0, job, payload.run_id, error).await;
        }
        outcome.map(|()| Next::Done)
    }
}

/// One fetch at a time, so that an older answer never overwrites a newer one; one run at a time for its memory.
pub(crate) fn workers(state: &State) -> Vec<Worker> {
    vec![
        Worker::new(FEED_KIND, Arc::new(Feed(state.clone()))).concurrency(1),
        Worker::new(RUN_KIND, Arc::new(Run(state.clone()))).concurrency(1),
    ]
}
