//! What goes on by itself. Not jobs: a job that always waits would look like work left over.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::{State, app};

/// Longest pause after which plain rows are looked for.
const SEAL_WITHIN: Duration = Duration::from_secs(10);

/// Makes checkpoints until the process stops. Several processes may do it at once.
pub(crate) async fn checkpoints(state: State, every: Duration, shutdown: CancellationToken) {
    while tokio::time::timeout(every, shutdown.cancelled()).await.is_err() {
        if let Err(error) = app::checkpoints::make(&state).await {
            tracing::warn!(error = %error.detail(), "no checkpoint of the history was made");
        }
    }
}

/// Makes changes whose day has come until the process stops. Their days are those of the service's clock.
pub(crate) async fn due_changes(state: State, every: Duration, shutdown: CancellationToken) {
    while tokio::time::timeout(every, shutdown.cancelled()).await.is_err() {
        if let Err(error) = app::pending::apply_due(&state).await {
            tracing::warn!(error = %error.detail(), "changes that are due were not made");
        }
    }
}

/// Seals what scripts wrote until the process stops.
pub(crate) async fn sealing(state: State, every: Duration, shutdown: CancellationToken) {
    let every = every.clamp(Duration::from_millis(100), SEAL_WITHIN);
    let mut announced = false;
    loop {
        let done = async {
            if !announced {
                app::sealing::announce(&state).await?;
            }
            app::sealing::catch_up(&state).await
        };
        match done.await {
            Ok(()) => announced = true,
            Err(error) => {
                tracing::warn!(error = %error.detail(), "plain addresses were not sealed; it is tried again");
            }
        }
        if tokio::time::timeout(every, shutdown.cancelled()).await.is_ok() {
            return;
        }
    }
}
