//! Background work of the registry.

use std::{sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;

use crate::{
    State,
    app::{
        import::{self, ImportJob},
        scores::{self, ScoreJob},
    },
    store,
};

/// How often old snapshots and broken uploads are removed.
const CLEAN_EVERY: Duration = Duration::from_secs(60);

/// The workers of the service. One import at a time in a process: two would wait for each other's rows.
pub(crate) fn workers(state: &State) -> Vec<jobs::Worker> {
    vec![
        jobs::Worker::new(import::JOB, Arc::new(ImportJob(state.clone()))).lease(Duration::from_secs(30)),
        jobs::Worker::new(scores::JOB, Arc::new(ScoreJob(state.clone()))).lease(Duration::from_secs(30)),
    ]
}

/// Removes what has expired until the process stops. Not a job: a job that always waits would look like work left over.
/// Several processes may do it at once.
pub(crate) async fn clean(state: State, shutdown: CancellationToken) {
    let minutes = i32::try_from(state.config.snapshot_minutes).unwrap_or(i32::MAX);
    while tokio::time::timeout(CLEAN_EVERY, shutdown.cancelled()).await.is_err() {
        if let Err(error) = store::search::expire(&state.db, minutes).await {
            tracing::warn!(error = %error, "expired snapshots were not removed");
        }
        if let Err(error) = store::imports::forget_stale(&state.db).await {
            tracing::warn!(error = %error, "broken uploads were not removed");
        }
    }
}
