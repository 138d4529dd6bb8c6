//! What goes on by itself. Not jobs: a job that always waits would look like work left over.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::{State, app};

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
