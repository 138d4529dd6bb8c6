//! The runner: looks for due jobs, hands them to workers, cleans up.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use storage::{Db, StoreResult};
use tokio::{
    sync::{Notify, OwnedSemaphorePermit, Semaphore},
    task::JoinHandle,
    time::{Instant, sleep},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{Options, Worker, admin, execute::Run, listen, metrics, store};

/// Runs the workers until `shutdown`; then running handlers may finish for [`Options::shutdown_grace`], the others are
/// dropped and their jobs given back, and the handle resolves. A database that is down is waited for.
pub fn run(db: Db, workers: Vec<Worker>, options: Options, shutdown: CancellationToken) -> JoinHandle<()> {
    tokio::spawn(async move {
        let runner = Runner::new(db.clone(), workers, options, shutdown.clone());
        let listener = tokio::spawn(listen::listen(db, Arc::clone(&runner.wake), shutdown.clone()));
        let housekeeping =
            tokio::spawn(keep_house(runner.db.clone(), runner.options.clone(), shutdown.clone()));
        runner.serve().await;
        // Both stop with the token; a panic in them must not hide that the jobs are back.
        let _ = tokio::join!(listener, housekeeping);
    })
}

/// For tests: runs the workers until no job of their kinds is due or running, and returns how many runs there were.
/// Jobs for later (also those that wait after a failure) stay.
///
/// # Errors
/// When the database cannot be asked.
pub async fn run_until_idle(db: &Db, workers: Vec<Worker>) -> StoreResult<u64> {
    let options = Options { poll: Duration::from_millis(20), ..Options::default() };
    let runner = Runner::new(db.clone(), workers, options, CancellationToken::new());
    loop {
        runner.tick().await?;
        if runner.tasks.is_empty() {
            let outlook = store::outlook(db, &runner.kinds).await?;
            if outlook.iter().all(|kind| kind.due_in_ms > 0) && !store::any_running(db, &runner.kinds).await?
            {
                return Ok(runner.runs.load(Ordering::Relaxed));
            }
        }
        tokio::select! {
            () = runner.wake.notified() => {}
            () = sleep(runner.options.poll) => {}
        }
    }
}

struct Runner {
    db: Db,
    workers: Vec<(Worker, Arc<Semaphore>)>,
    kinds: Vec<String>,
    options: Options,
    shutdown: CancellationToken,
    wake: Arc<Notify>,
    tasks: TaskTracker,
    runs: Arc<AtomicU64>,
}

impl Runner {
    fn new(db: Db, workers: Vec<Worker>, options: Options, shutdown: CancellationToken) -> Self {
        Self {
            db,
            kinds: workers.iter().map(|w| w.kind.to_owned()).collect(),
            workers: workers
                .into_iter()
                .map(|w| (w.clone(), Arc::new(Semaphore::new(w.concurrency))))
                .collect(),
            options,
            shutdown,
            wake: Arc::new(Notify::new()),
            tasks: TaskTracker::new(),
            runs: Arc::new(AtomicU64::new(0)),
        }
    }

    async fn serve(&self) {
        let mut failures = 0u32;
        let mut reclaimed_at: Option<Instant> = None;
        while !self.shutdown.is_cancelled() {
            let look = async {
                if reclaimed_at.is_none_or(|at| at.elapsed() >= self.options.poll) {
                    reclaimed_at = Some(Instant::now());
                    store::reclaim(&self.db).await?;
                }
                self.tick().await
            };
            let pause = match look.await {
                Ok(pause) => {
                    failures = 0;
                    pause
                }
                Err(error) => {
                    failures = failures.saturating_add(1);
                    tracing::warn!(error = %error, failures, "looking for due jobs failed; trying again");
                    self.options.poll.saturating_mul(failures.min(10))
                }
            };
            tokio::select! {
                () = self.shutdown.cancelled() => {}
                () = self.wake.notified() => {}
                () = sleep(pause) => {}
            }
        }
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// Starts what is due and has a free worker; returns how long nothing else can become due by the clock alone.
    async fn tick(&self) -> StoreResult<Duration> {
        let due: HashMap<String, i64> =
            store::outlook(&self.db, &self.kinds).await?.into_iter().map(|o| (o.kind, o.due_in_ms)).collect();
        let mut pause = self.options.poll;
        for (worker, slots) in &self.workers {
            match due.get(worker.kind) {
                Some(due_in_ms) if *due_in_ms > 0 => {
                    pause = pause.min(Duration::from_millis(due_in_ms.unsigned_abs() + 1));
                }
                Some(_) => self.start_due(worker, slots).await?,
                None => {}
            }
        }
        Ok(pause)
    }

    async fn start_due(&self, worker: &Worker, slots: &Arc<Semaphore>) -> StoreResult<()> {
        let mut permits: Vec<OwnedSemaphorePermit> = Vec::new();
        while let Ok(permit) = Arc::clone(slots).try_acquire_owned() {
            permits.push(permit);
        }
        if permits.is_empty() {
            return Ok(());
        }
        let claimed_at = Instant::now();
        let name = &self.options.worker_name;
        let lease = worker.lease.unwrap_or(self.options.lease);
        let claims = store::claim(&self.db, worker.kind, permits.len(), name, lease).await?;
        for (claim, permit) in claims.into_iter().zip(permits) {
            let run = Run {
                db: self.db.clone(),
                worker: worker.clone(),
                claim,
                lease,
                claimed_at,
                shutdown: self.shutdown.clone(),
                grace: self.options.shutdown_grace,
            };
            let (wake, runs) = (Arc::clone(&self.wake), Arc::clone(&self.runs));
            self.tasks.spawn(async move {
                run.execute().await;
                runs.fetch_add(1, Ordering::Relaxed);
                drop(permit);
                wake.notify_one();
            });
        }
        Ok(())
    }
}

/// Removes finished jobs after their retention and publishes the backlog.
async fn keep_house(db: Db, options: Options, shutdown: CancellationToken) {
    let mut cleaned_at: Option<Instant> = None;
    loop {
        if let Ok(counts) = admin::pending_counts(&db).await {
            metrics::backlog(&db, &counts);
        }
        if cleaned_at.is_none_or(|at| at.elapsed() >= options.cleanup_every) {
            cleaned_at = Some(Instant::now());
            while let Ok(1000) = admin::remove_finished(&db, options.retention).await {}
        }
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = sleep(options.cleanup_every.min(Duration::from_secs(10))) => {}
        }
    }
}
