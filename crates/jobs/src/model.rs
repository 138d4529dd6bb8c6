//! What jobs are made of: handlers, workers, outcomes.

use std::{fmt, sync::Arc, time::Duration};

use storage::StoreError;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::RunningJob;

/// The work of one kind of job.
#[async_trait::async_trait]
pub trait JobHandler: Send + Sync {
    /// Does the work once. It may be called again for the same job, on another machine, at any time after this call
    /// began: write through a transaction that [`RunningJob::guard`] accepted, and commit an intent before a call goes out.
    ///
    /// # Errors
    /// [`JobError::Retry`] to be called again later, [`JobError::Fatal`] to stop for good.
    async fn run(&self, job: &RunningJob) -> Result<Next, JobError>;
}

/// What happens after a run that did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// The job is finished.
    Done,
    /// The job is not finished: run it again after this time. Does not count as a failed attempt.
    After(Duration),
}

/// Why a run failed. The text is stored in `last_error` and logged: keep personal data out of it.
#[derive(Debug)]
pub enum JobError {
    /// Worth another attempt after a growing delay, until the attempts are used up.
    Retry(anyhow::Error),
    /// No attempt can succeed: the job becomes `dead` at once.
    Fatal(String),
}

impl JobError {
    /// A retryable failure from a text.
    pub fn retry(message: impl Into<String>) -> Self {
        Self::Retry(anyhow::Error::msg(message.into()))
    }
}

impl fmt::Display for JobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Retry(error) => write!(f, "{error:#}"),
            Self::Fatal(message) => f.write_str(message),
        }
    }
}

impl<E: Into<anyhow::Error>> From<E> for JobError {
    fn from(error: E) -> Self {
        Self::Retry(error.into())
    }
}

/// A handler bound to a kind of job.
#[derive(Clone)]
pub struct Worker {
    pub(crate) kind: &'static str,
    pub(crate) handler: Arc<dyn JobHandler>,
    pub(crate) concurrency: usize,
    pub(crate) lease: Option<Duration>,
    pub(crate) backoff: (Duration, Duration),
}

impl Worker {
    /// A worker that runs one job at a time, holds leases of [`Options::lease`] and retries after 1 s, 2 s, 4 s … 5 min.
    #[must_use]
    pub fn new(kind: &'static str, handler: Arc<dyn JobHandler>) -> Self {
        Self {
            kind,
            handler,
            concurrency: 1,
            lease: None,
            backoff: (Duration::from_secs(1), Duration::from_secs(300)),
        }
    }

    /// How many jobs of this kind one process runs at a time (at least 1).
    #[must_use]
    pub fn concurrency(mut self, jobs: usize) -> Self {
        self.concurrency = jobs.max(1);
        self
    }

    /// How long a job stays with a worker that has stopped renewing: the time until another one takes it over.
    /// Renewed every third of it. At least 50 ms.
    #[must_use]
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = Some(lease.max(Duration::from_millis(50)));
        self
    }

    /// The delay after the first failure and the longest one; it doubles in between, plus or minus a quarter by chance.
    #[must_use]
    pub fn backoff(mut self, first: Duration, longest: Duration) -> Self {
        self.backoff = (first, longest.max(first));
        self
    }

    /// The kind it serves.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        self.kind
    }
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker")
            .field("kind", &self.kind)
            .field("concurrency", &self.concurrency)
            .field("lease", &self.lease)
            .finish_non_exhaustive()
    }
}

/// How the runner looks for work.
#[derive(Debug, Clone)]
pub struct Options {
    /// Name of this process in the rows, for people who look at them.
    pub worker_name: String,
    /// How often to look when no notification comes.
    pub poll: Duration,
    /// How long running handlers may finish after the shutdown began; then they are dropped and their jobs released.
    pub shutdown_grace: Duration,
    /// The lease of workers that name none.
    pub lease: Duration,
    /// How long finished jobs are kept.
    pub retention: Duration,
    /// How often finished jobs are removed.
    pub cleanup_every: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            worker_name: format!("pid-{}", std::process::id()),
            poll: Duration::from_secs(1),
            shutdown_grace: Duration::from_secs(10),
            lease: Duration::from_secs(60),
            retention: Duration::from_secs(7 * 24 * 3600),
            cleanup_every: Duration::from_secs(60),
        }
    }
}

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum JobState {
    /// Waits for its time or for a worker.
    Pending,
    /// A worker holds it.
    Running,
    /// Finished; removed after the retention time.
    Done,
    /// Failed for good; kept until it is redriven.
    Dead,
}

impl JobState {
    pub(crate) fn parse(text: &str) -> Result<Self, StoreError> {
        match text {
            "pending" => Ok(Self::Pending),
            "running" => Ok(Self::Running),
            "done" => Ok(Self::Done),
            "dead" => Ok(Self::Dead),
            other => {
                Err(StoreError::Other(format!("jobs.state is '{other}', which this version does not know")))
            }
        }
    }
}

/// The row of a job as its creator sees it.
#[derive(Debug, Clone)]
pub struct JobStatus {
    /// The job.
    pub id: Uuid,
    /// Whose job it is: compare before showing it to somebody.
    pub tenant: String,
    /// Its kind.
    pub kind: String,
    /// Where it stands.
    pub state: JobState,
    /// Units done so far, as the handler reported.
    pub done: i64,
    /// Units in all, when the handler knows.
    pub total: Option<i64>,
    /// Attempts since the last success.
    pub attempts: i32,
    /// Attempts before it is dead.
    pub max_attempts: i32,
    /// Text of the last failure.
    pub last_error: Option<String>,
    /// When it was enqueued.
    pub created_at: OffsetDateTime,
    /// When it may run next.
    pub run_at: OffsetDateTime,
    /// When it became done or dead.
    pub finished_at: Option<OffsetDateTime>,
}
