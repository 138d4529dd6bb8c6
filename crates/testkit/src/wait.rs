//! Waiting for something to become true, instead of sleeping and hoping.

use std::{future::Future, time::Duration};

use tokio::time::{Instant, sleep};

const STEP: Duration = Duration::from_millis(20);

/// Polls until the condition holds.
///
/// # Panics
/// When it does not hold within `limit`; the message names `what`.
pub async fn wait_until(what: &str, limit: Duration, mut condition: impl FnMut() -> bool) {
    wait_for(what, limit, || std::future::ready(condition().then_some(()))).await;
}

/// Polls until the future gives a value, and returns it.
///
/// # Panics
/// When there is none within `limit`; the message names `what`.
pub async fn wait_for<T, F>(what: &str, limit: Duration, mut attempt: impl FnMut() -> F) -> T
where
    F: Future<Output = Option<T>>,
{
    let deadline = Instant::now() + limit;
    loop {
        if let Some(value) = attempt().await {
            return value;
        }
        assert!(Instant::now() < deadline, "waited {limit:?} in vain for: {what}");
        sleep(STEP).await;
    }
}
