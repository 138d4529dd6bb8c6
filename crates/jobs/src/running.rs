//! What a handler sees of its job.

use serde::de::DeserializeOwned;
use storage::{ConnectionTrait, Db, StoreResult};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    JobError,
    store::{self, Claimed},
};

/// A claimed job while its handler works on it.
#[derive(Debug)]
pub struct RunningJob {
    /// The job.
    pub id: Uuid,
    /// Whose job it is.
    pub tenant: String,
    /// Which attempt this is, from 1; counts from the last success.
    pub attempt: i32,
    /// After this attempt fails the job is dead when it equals `attempt`.
    pub max_attempts: i32,
    pub(crate) claim: Claimed,
    pub(crate) db: Db,
    pub(crate) cancelled: CancellationToken,
}

impl RunningJob {
    /// The payload it was enqueued with.
    ///
    /// # Errors
    /// `Fatal`, naming the wrong field: another attempt would read the same payload.
    pub fn payload<T: DeserializeOwned>(&self) -> Result<T, JobError> {
        T::deserialize(&self.claim.payload).map_err(|error| {
            JobError::Fatal(format!("the payload of job {} cannot be read: {error}", self.id))
        })
    }

    /// Shows how far the job is. Kept when the job is retried; call it once a chunk, not once a row.
    ///
    /// # Errors
    /// `Retry` when the job is another worker's now, or the database cannot be asked.
    pub async fn progress(&self, done: i64, total: impl Into<Option<i64>>) -> Result<(), JobError> {
        let held = store::progress(self.db.conn(), &self.claim, done, total.into()).await;
        self.held(held)
    }

    /// As [`RunningJob::progress`], in the caller's transaction: progress is seen exactly when the work is committed.
    ///
    /// # Errors
    /// As [`RunningJob::progress`].
    pub async fn progress_in<C: ConnectionTrait>(
        &self,
        tx: &C,
        done: i64,
        total: impl Into<Option<i64>>,
    ) -> Result<(), JobError> {
        self.held(store::progress(tx, &self.claim, done, total.into()).await)
    }

    /// Call it first in each transaction of the handler: the transaction can commit only as the holder of this job,
    /// because nobody can take the job over until it ends.
    ///
    /// # Errors
    /// `Retry` when the job is another worker's now: return it and let the transaction roll back.
    pub async fn guard<C: ConnectionTrait>(&self, tx: &C) -> Result<(), JobError> {
        self.held(store::guard(tx, &self.claim).await)
    }

    /// Fires when the process shuts down or the lease is lost. Long loops ask it between chunks and return
    /// [`crate::Next::After`] zero, which keeps their progress; who does not ask is dropped at an `await`.
    #[must_use]
    pub fn cancelled(&self) -> &CancellationToken {
        &self.cancelled
    }

    fn held(&self, outcome: StoreResult<bool>) -> Result<(), JobError> {
        match outcome {
            Ok(true) => Ok(()),
            Ok(false) => {
                self.cancelled.cancel();
                Err(JobError::retry(format!("job {} was taken over by another worker", self.id)))
            }
            Err(error) => Err(JobError::from(error)),
        }
    }
}
