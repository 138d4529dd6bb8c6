//! Working on imports: chunk by chunk, each in one transaction, so that a worker that dies loses nothing and repeats
//! nothing.

mod chunk;
mod links;
mod registrants;
mod view;

use std::time::Duration;

use async_trait::async_trait;
use jobs::{JobError, JobHandler, Next, RunningJob};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub(crate) use view::{find, list, next_rejects, rows};

use crate::{State, store::imports};

/// Kind of the job.
pub(crate) const JOB: &str = "social-registry.import";

/// What the job is told.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ImportPayload {
    pub import_id: Uuid,
}

/// Works on one import until all its chunks are done.
#[derive(Debug, Clone)]
pub(crate) struct ImportJob(pub State);

#[async_trait]
impl JobHandler for ImportJob {
    async fn run(&self, job: &RunningJob) -> Result<Next, JobError> {
        let payload: ImportPayload = job.payload()?;
        let outcome = self.work(job, payload.import_id).await;
        match outcome {
            Err(error) if matches!(error, JobError::Fatal(_)) || job.attempt >= job.max_attempts => {
                // The last attempt: whoever waits for the import must see that it ended.
                let text = error.to_string();
                let at = self.0.clock.now();
                let failed =
                    imports::finish(self.0.db.conn(), &job.tenant, payload.import_id, Some(&text), at).await;
                if let Err(error) = failed {
                    tracing::error!(error = %error, "an import that failed could not be marked as failed");
                }
                Err(error)
            }
            other => other,
        }
    }
}

impl ImportJob {
    async fn work(&self, job: &RunningJob, import_id: Uuid) -> Result<Next, JobError> {
        let state = &self.0;
        loop {
            let Some(import) = imports::find(state.db.conn(), &job.tenant, import_id).await? else {
                return Err(JobError::Fatal(format!("there is no import {import_id}")));
            };
            if import.state != "queued" && import.state != "running" {
                return Ok(Next::Done);
            }
            let next = imports::next_chunk(&state.db, &job.tenant, import_id, import.next_chunk).await?;
            let Some(next) = next else {
                return finish(state, job, &import).await;
            };
            chunk::run(state, job, &import, next).await?;
            if job.cancelled().is_cancelled() {
                return Ok(Next::After(Duration::ZERO));
            }
        }
    }
}

/// Rows of an import from which on the planner is told of them at once, and not when the server gets to it.
const MANY_ROWS: i64 = 1_000;

async fn finish(state: &State, job: &RunningJob, import: &imports::Import) -> Result<Next, JobError> {
    if import.total >= MANY_ROWS
        && let Err(error) = imports::refresh_statistics(&state.db).await
    {
        tracing::warn!(error = %error, "the statistics of the tables were not refreshed after an import");
    }
    let tx = state.db.begin().await?;
    job.guard(&tx).await?;
    let missing = import.chunks - import.next_chunk;
    let error =
        (missing > 0).then(|| format!("{missing} chunks of the file are not in the database any more"));
    imports::finish(&tx, &job.tenant, import.import_id, error.as_deref(), state.clock.now()).await?;
    job.progress_in(&tx, import.total, import.total).await?;
    tx.commit().await?;
    Ok(Next::Done)
}
