//! Who works with the database when. Work in the background comes a few transactions at a time, so that the cores are not
//! shared among many, and lets somebody who reads go first: a person or a partner waits for the answer, a payment does not
//! notice. How long it stands back is limited, so that reading on and on does not stop the payments.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::{Notify, Semaphore, SemaphorePermit},
    time::{Instant, timeout_at},
};

/// Work stands back for so long at most …
const COURTESY: Duration = Duration::from_millis(100);
/// … and then goes on for so long at least, whoever reads.
const EVERY: Duration = Duration::from_millis(1_000);

/// The turns of one process.
#[derive(Debug)]
pub struct Turns {
    free: Semaphore,
    readers: AtomicUsize,
    quiet: Notify,
    /// When work last began to stand back.
    stood_back: Mutex<Option<Instant>>,
}

/// Somebody reads until this is dropped.
#[derive(Debug)]
pub struct Reading<'t>(&'t Turns);

impl Turns {
    /// Turns of which work has `at_once`; with 0 as many as half of the cores, at least one: the other half is for
    /// Postgres and for those who ask.
    #[must_use]
    pub fn new(at_once: usize) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let at_once = if at_once == 0 { (cores / 2).max(1) } else { at_once };
        Self {
            free: Semaphore::new(at_once),
            readers: AtomicUsize::new(0),
            quiet: Notify::new(),
            stood_back: Mutex::new(None),
        }
    }

    /// Notes that somebody reads something large. Waits for nothing.
    #[must_use]
    pub fn read(&self) -> Reading<'_> {
        self.readers.fetch_add(1, Ordering::SeqCst);
        Reading(self)
    }

    /// A turn for one transaction in the background. Not to be held across calls to others, and not twice: who holds one
    /// and waits for another may wait for ever.
    pub async fn work(&self) -> Option<SemaphorePermit<'_>> {
        // It is never closed; if it were, work would go on without turns.
        let permit = self.free.acquire().await.ok();
        self.stand_back().await;
        permit
    }

    async fn stand_back(&self) {
        if self.readers.load(Ordering::SeqCst) == 0 {
            return;
        }
        let until = {
            let mut began = self.stood_back.lock().unwrap_or_else(PoisonError::into_inner);
            let now = Instant::now();
            match *began {
                Some(at) if now < at + COURTESY => at + COURTESY,
                Some(at) if now < at + EVERY => return,
                _ => {
                    *began = Some(now);
                    now + COURTESY
                }
            }
        };
        let mut quiet = std::pin::pin!(self.quiet.notified());
        quiet.as_mut().enable();
        if self.readers.load(Ordering::SeqCst) > 0 {
            let _ = timeout_at(until, quiet).await;
        }
    }
}

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        if self.0.readers.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.0.quiet.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn work_lets_a_reader_go_first_and_goes_on_when_it_is_done() {
        let turns = Turns::new(2);
        let (one, other) = (turns.read(), turns.read());
        let mut work = Box::pin(turns.work());
        assert!(work.as_mut().now_or_never().is_none(), "two read");
        drop(one);
        assert!(work.as_mut().now_or_never().is_none(), "one reads still");
        drop(other);
        assert!(work.now_or_never().is_some(), "nobody reads any more");
    }

    #[tokio::test]
    async fn who_reads_on_and_on_does_not_stop_the_work() {
        let turns = Turns::new(1);
        let _reading = turns.read();
        let began = Instant::now();
        drop(turns.work().await);
        assert!(began.elapsed() >= COURTESY, "it stood back");
        for _ in 0..10 {
            assert!(turns.work().now_or_never().is_some(), "it stood back a moment ago");
        }
        tokio::time::sleep_until(began + EVERY).await;
        assert!(turns.work().now_or_never().is_none(), "it stands back again");
    }

    #[tokio::test]
    async fn a_few_transactions_at_a_time() {
        let turns = Turns::new(2);
        let (first, _second) = (turns.work().await, turns.work().await);
        assert!(turns.work().now_or_never().is_none());
        drop(first);
        assert!(turns.work().now_or_never().is_some());
    }

    #[tokio::test]
    async fn half_of_the_cores_unless_told_otherwise() {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        assert_eq!(Turns::new(0).free.available_permits(), (cores / 2).max(1));
    }
}
