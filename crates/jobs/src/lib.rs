//! Background jobs of one service, kept in its own schema.
//!
//! A job is a row. [`enqueue`] writes it inside the caller's transaction, so a job exists exactly when the change that
//! asked for it is committed. [`run`] claims due rows with `FOR UPDATE SKIP LOCKED` under a lease and a fencing number,
//! renews the lease while the handler works, and lets another worker take over when it is not renewed any more.
//!
//! What a handler can rely on:
//! - it runs at least once; with [`RunningJob::guard`] its writes happen at most once per claim: the guard refuses a
//!   transaction of a worker that lost its job, and nobody can take the job while the guarded transaction is open;
//! - it is dropped at its next `await` when the lease is lost, so intents must be committed before calls go out;
//! - a panic counts as a failure, a process that dies as an expired lease; both are retried elsewhere;
//! - after [`NewJob::max_attempts`] attempts the row stays as `dead` until somebody calls [`redrive`].
//!
//! Times are the database's: the due time of a job never depends on the clock of a worker.

mod admin;
mod enqueue;
mod execute;
mod listen;
mod metrics;
mod model;
mod run;
mod running;
mod store;

use storage::SqlMigration;

pub use admin::{DeadJob, PendingCounts, dead_jobs, pending_counts, redrive, remove_finished, status};
pub use enqueue::{NewJob, enqueue, enqueue_many};
pub use model::{JobError, JobHandler, JobState, JobStatus, Next, Options, Worker};
pub use run::{run, run_until_idle};
pub use running::RunningJob;

/// The table of this crate; run in each service's schema, before the service's own steps.
pub const MIGRATIONS: &[SqlMigration] =
    &[SqlMigration { name: "jobs_m0001_jobs", sql: include_str!("../migrations/m0001_jobs.sql") }];
