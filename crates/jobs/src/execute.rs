//! One run of one job: lease, trace, panics, and what becomes of it.

use std::{panic::AssertUnwindSafe, time::Duration};

use futures_util::FutureExt;
use storage::{Db, StoreError, trace_context};
use tokio::time::{Instant, sleep, sleep_until, timeout_at};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};
use tracing::Instrument;

use crate::{
    JobError, Next, RunningJob, Worker, metrics,
    store::{self, Claimed, Ending},
};

/// Everything one run needs.
pub(crate) struct Run {
    pub db: Db,
    pub worker: Worker,
    pub claim: Claimed,
    pub lease: Duration,
    /// When the claim was asked for; the lease counts from here on this machine's clock.
    pub claimed_at: Instant,
    pub shutdown: CancellationToken,
    pub grace: Duration,
}

enum Outcome {
    Returned(Result<Next, JobError>),
    Panicked,
    LeaseLost,
    Stopped,
}

impl Run {
    /// Runs the handler once and stores how it ended.
    pub(crate) async fn execute(self) {
        let kind = self.worker.kind;
        let span = tracing::info_span!(
            "job", otel.name = %format!("job {kind}"), job.kind = kind, job.id = %self.claim.id,
            job.attempt = self.claim.attempts, tenant = %self.claim.tenant_id
        );
        trace_context::set_parent(&span, self.claim.traceparent.as_deref());
        async {
            metrics::started(&self.db, kind);
            let began = Instant::now();
            let label = self.run_and_store().await;
            metrics::ended(&self.db, kind, label, began.elapsed().as_secs_f64());
        }
        .instrument(span)
        .await;
    }

    async fn run_and_store(&self) -> &'static str {
        let lost = CancellationToken::new();
        // A task of its own, so that a handler that computes for long without awaiting still keeps its lease.
        let _renewal = AbortOnDropHandle::new(tokio::spawn(keep_lease(
            self.db.clone(),
            self.claim.clone(),
            self.lease,
            self.claimed_at + self.lease,
            lost.clone(),
        )));
        let outcome = self.run_handler(&lost).await;
        let (label, ending) = self.ending(outcome);
        let Some(ending) = ending else {
            tracing::warn!("the lease was lost; another worker does this job");
            return label;
        };
        self.store(&ending, &lost, label).await
    }

    async fn run_handler(&self, lost: &CancellationToken) -> Outcome {
        let job = RunningJob {
            id: self.claim.id,
            tenant: self.claim.tenant_id.clone(),
            attempt: self.claim.attempts,
            max_attempts: self.claim.max_attempts,
            claim: self.claim.clone(),
            db: self.db.clone(),
            cancelled: self.shutdown.child_token(),
        };
        let work = AssertUnwindSafe(self.worker.handler.run(&job)).catch_unwind();
        let outcome = tokio::select! {
            biased;
            () = lost.cancelled() => Outcome::LeaseLost,
            result = work => match result {
                Ok(returned) => Outcome::Returned(returned),
                // What it says may quote a value: it gets into no log and no table.
                Err(_) => Outcome::Panicked,
            },
            () = grace_after(&self.shutdown, self.grace) => Outcome::Stopped,
        };
        job.cancelled.cancel();
        outcome
    }

    fn ending(&self, outcome: Outcome) -> (&'static str, Option<Ending>) {
        match outcome {
            Outcome::LeaseLost => ("lost", None),
            Outcome::Stopped => ("released", Some(Ending::Released)),
            Outcome::Returned(Ok(Next::Done)) => ("done", Some(Ending::Done)),
            Outcome::Returned(Ok(Next::After(delay))) => ("again", Some(Ending::Again(delay))),
            Outcome::Returned(Err(JobError::Fatal(message))) => {
                tracing::error!(error = %message, "the job failed for good");
                ("dead", Some(Ending::Dead(message)))
            }
            // A handler that gave up because the process stops has not failed.
            Outcome::Returned(Err(JobError::Retry(_))) if self.shutdown.is_cancelled() => {
                ("released", Some(Ending::Released))
            }
            Outcome::Returned(Err(error)) if database_is_away(&error) => {
                let delay = backoff(self.claim.attempts, self.worker.backoff);
                tracing::warn!(%error, retry_in_ms = store::millis(delay), "the job waits for the database");
                ("retry", Some(Ending::Waiting(delay, error.to_string())))
            }
            Outcome::Returned(Err(error @ JobError::Retry(_))) => self.failed(error.to_string()),
            Outcome::Panicked => self.failed("the handler panicked".to_owned()),
        }
    }

    fn failed(&self, message: String) -> (&'static str, Option<Ending>) {
        if self.claim.attempts >= self.claim.max_attempts {
            tracing::error!(error = %message, "the job failed and has no attempts left");
            return ("dead", Some(Ending::Dead(message)));
        }
        let delay = backoff(self.claim.attempts, self.worker.backoff);
        tracing::warn!(error = %message, retry_in_ms = store::millis(delay), "the job failed and will be retried");
        ("retry", Some(Ending::Retry(delay, message)))
    }

    /// Tries until it is stored or the lease is gone; then somebody else runs the job again, which handlers allow for.
    async fn store(&self, ending: &Ending, lost: &CancellationToken, label: &'static str) -> &'static str {
        loop {
            match store::finish(&self.db, &self.claim, ending).await {
                Ok(true) => return label,
                Ok(false) => return "lost",
                Err(error) => tracing::warn!(error = %error, "the end of the job could not be stored yet"),
            }
            tokio::select! {
                () = lost.cancelled() => return "lost",
                () = grace_after(&self.shutdown, self.grace) => return "lost",
                () = sleep(Duration::from_millis(500)) => {}
            }
        }
    }
}

/// Renews until the job is somebody else's or the lease ran out on our own clock; then cancels `lost`.
async fn keep_lease(db: Db, claim: Claimed, lease: Duration, mut deadline: Instant, lost: CancellationToken) {
    loop {
        sleep_until(deadline.min(Instant::now() + lease / 3)).await;
        let asked = Instant::now();
        match timeout_at(deadline, store::renew(&db, &claim, lease)).await {
            Ok(Ok(true)) => deadline = asked + lease,
            Ok(Ok(false)) | Err(_) => break,
            Ok(Err(error)) => {
                tracing::warn!(job.id = %claim.id, error = %error, "the lease could not be renewed yet");
                if Instant::now() >= deadline {
                    break;
                }
            }
        }
    }
    lost.cancel();
}

async fn grace_after(shutdown: &CancellationToken, grace: Duration) {
    shutdown.cancelled().await;
    sleep(grace).await;
}

/// Doubles from `first` to `longest`, plus or minus a quarter so that many failures do not come back together.
fn backoff(attempt: i32, (first, longest): (Duration, Duration)) -> Duration {
    let doublings = u32::try_from(attempt.clamp(1, 31) - 1).unwrap_or(0);
    let plain = first.saturating_mul(1 << doublings).min(longest);
    plain.saturating_mul(rand::random_range(75..=125)) / 100
}

/// The job did not fail then, and its attempt does not count.
fn database_is_away(error: &JobError) -> bool {
    match error {
        JobError::Retry(error) => error.downcast_ref::<StoreError>().is_some_and(StoreError::is_retryable),
        JobError::Fatal(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::backoff;

    #[test]
    fn delays_grow_to_the_longest_and_stay_within_a_quarter() {
        let limits = (Duration::from_secs(1), Duration::from_secs(300));
        for attempt in 1..100 {
            let plain = 2f64.powi(attempt - 1).min(300.0);
            let delay = backoff(attempt, limits).as_secs_f64();
            assert!((plain * 0.749..=plain * 1.251).contains(&delay), "attempt {attempt}: {delay}");
        }
    }
}
