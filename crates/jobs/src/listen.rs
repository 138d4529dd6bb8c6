//! Wake-ups: one connection of its own that listens, outside the pool, because it is held for the life of the process.

use std::{sync::Arc, time::Duration};

use sea_orm::sqlx::postgres::{PgListener, PgPoolOptions};
use storage::Db;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// Signals `wake` on each notification, and after each lost connection, because notifications may have been lost too.
/// A database that is down is no more than slower wake-ups: the caller polls anyway.
pub(crate) async fn listen(db: Db, wake: Arc<Notify>, stop: CancellationToken) {
    let channel = format!("openg2p_jobs_{}", db.schema());
    let options = (*db.pool().connect_options()).clone();
    let pool = PgPoolOptions::new().max_connections(1).max_lifetime(None).idle_timeout(None);
    let pool = pool.connect_lazy_with(options);
    let mut delay = Duration::from_millis(200);
    loop {
        let session = async {
            let mut listener = PgListener::connect_with(&pool).await?;
            listener.listen(&channel).await?;
            delay = Duration::from_millis(200);
            loop {
                wake.notify_one();
                listener.try_recv().await?;
            }
        };
        let outcome: Result<(), sea_orm::sqlx::Error> = tokio::select! {
            () = stop.cancelled() => break,
            outcome = session => outcome,
        };
        if let Err(error) = outcome {
            tracing::debug!(error = %error, "the job listener lost its connection; polling until it is back");
        }
        tokio::select! {
            () = stop.cancelled() => break,
            () = tokio::time::sleep(delay) => {}
        }
        delay = (delay * 2).min(Duration::from_secs(5));
    }
    pool.close().await;
}
