//! The bridge's background work.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use jobs::{JobError, JobHandler, Next, RunningJob, Worker};

use crate::{
    api,
    app::{App, close, driver, inbox, notify, pay, reports, resolve, settle, statements},
    bank::Lane,
};

/// What stands as the actor in the history of what jobs do.
pub const ACTOR: &str = "system:g2p-bridge";
/// Attempts of jobs that must never be given up: money depends on them, and their envelope says what is in the way.
pub const FOREVER: u32 = 1_000_000_000;

/// Kinds of jobs.
pub mod kinds {
    use crate::bank::Lane;

    /// Drives one envelope.
    pub const ENVELOPE: &str = "bridge.envelope";
    /// Finds the accounts of a chunk of payments.
    pub const RESOLVE: &str = "bridge.resolve";
    /// Pays a batch; the batches of each other bank have a kind of their own, see [`pay`].
    pub const PAY: &str = "bridge.pay";
    /// Looks into the folder of a bank.
    pub const INBOX: &str = "bridge.inbox";
    /// Works off a bank's report on payments.
    pub const REPORT: &str = "bridge.report";
    /// Closes a cancelled or expired envelope.
    pub const CLOSE: &str = "bridge.close";
    /// Releases the block of a finished envelope again.
    pub const RELEASE: &str = "bridge.release";
    /// Looks for overdue payments.
    pub const SETTLE: &str = "bridge.settle";
    /// Works a statement file off that an earlier version took in.
    pub const STATEMENT: &str = "bridge.statement";
    /// Works a statement file off. Another kind than that of earlier versions, which cannot read files in pieces.
    pub const STATEMENTS: &str = "bridge.statements";
    /// Does what an asynchronous disburse message asks for.
    pub const MESSAGE: &str = "bridge.message";
    /// Sends the second answer, once nothing more will happen.
    pub const END: &str = "bridge.end";
    /// Tells a programme system of changes of an envelope.
    pub const NOTIFY: &str = "bridge.notify";
    /// Sends the answer of such a message.
    pub const CALLBACK: &str = "bridge.callback";

    /// The kind of job that pays batches of a bank: a bank that is away keeps busy its own workers only.
    #[must_use]
    pub fn pay(lane: &Lane) -> String {
        match lane {
            Lane::BuiltIn => PAY.to_owned(),
            Lane::Of(code) => format!("{PAY}.{code}"),
        }
    }
}

#[derive(Clone, Copy)]
enum Work {
    Envelope,
    Resolve,
    Pay,
    Close,
    Release,
    Settle,
    Statement,
    Inbox,
    Report,
    Message,
    Callback,
    Notify,
    End,
}

struct Handler {
    app: Arc<App>,
    work: Work,
}

#[async_trait]
impl JobHandler for Handler {
    async fn run(&self, job: &RunningJob) -> Result<Next, JobError> {
        let app = self.app.as_ref();
        match self.work {
            Work::Envelope => driver::run(app, job).await,
            Work::Resolve => resolve::run(app, job).await,
            Work::Pay => pay::run(app, job).await,
            Work::Close => close::run(app, job).await,
            Work::Release => close::run_release(app, job).await,
            Work::Settle => settle::run(app, job).await,
            Work::Statement => statements::run(app, job).await,
            Work::Inbox => inbox::run(app, job).await,
            Work::Report => reports::run(app, job).await,
            Work::Message => api::run_message(app, job).await,
            Work::End => api::run_end(app, job).await,
            Work::Notify => notify::run(app, job).await,
            Work::Callback => api::run_callback(app, job).await,
        }
    }
}

/// The workers of one process.
#[must_use]
pub fn workers(app: &Arc<App>) -> Vec<Worker> {
    let config = &app.config;
    let worker = |kind: &'static str, work: Work, parallel: usize| {
        Worker::new(kind, Arc::new(Handler { app: Arc::clone(app), work }))
            .concurrency(parallel)
            .lease(Duration::from_secs(config.lease_seconds))
            .backoff(
                Duration::from_millis(config.retry_first_ms),
                Duration::from_millis(config.retry_longest_ms),
            )
    };
    // Of each bank some may wait for an answer that does not come; two are left for all others.
    let banks = app.banks.count();
    let mut workers = vec![
        worker(kinds::ENVELOPE, Work::Envelope, 2 + 2 * banks),
        worker(kinds::RESOLVE, Work::Resolve, config.resolve_parallel),
        worker(kinds::PAY, Work::Pay, config.payment_parallel),
        worker(kinds::CLOSE, Work::Close, banks),
        worker(kinds::RELEASE, Work::Release, banks),
        worker(kinds::SETTLE, Work::Settle, banks),
        worker(kinds::STATEMENT, Work::Statement, 2),
        worker(kinds::STATEMENTS, Work::Statement, 2),
        worker(kinds::INBOX, Work::Inbox, banks),
        worker(kinds::REPORT, Work::Report, 2),
        worker(kinds::MESSAGE, Work::Message, 2),
        worker(kinds::CALLBACK, Work::Callback, 4),
        worker(kinds::END, Work::End, 2),
        worker(kinds::NOTIFY, Work::Notify, 4),
    ];
    for (code, _) in app.banks.all() {
        let lane = Lane::of(code);
        if lane != Lane::BuiltIn {
            // Once for each bank and process.
            let kind: &'static str = Box::leak(kinds::pay(&lane).into_boxed_str());
            workers.push(worker(kind, Work::Pay, config.payment_parallel));
        }
    }
    workers
}
