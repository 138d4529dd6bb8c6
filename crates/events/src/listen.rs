//! Connections of their own, outside the pool, because they are held for the life of the process.

use std::time::Duration;

use sea_orm::sqlx::{
    self,
    postgres::{PgListener, PgPool, PgPoolOptions},
};
use storage::Db;
use tokio_util::sync::CancellationToken;

/// A pool for one connection, with the schema of `db` as its search path.
pub(crate) fn dedicated(db: &Db) -> PgPool {
    let schema = db.schema().to_owned();
    PgPoolOptions::new()
        .max_connections(1)
        .max_lifetime(None)
        .idle_timeout(None)
        .acquire_timeout(Duration::from_secs(5))
        .after_connect(move |conn, _| {
            let schema = schema.clone();
            Box::pin(async move {
                let set = sqlx::query("SELECT set_config('search_path', quote_ident($1), false)");
                set.bind(schema).execute(conn).await.map(|_| ())
            })
        })
        .connect_lazy_with((*db.pool().connect_options()).clone())
}

/// Calls `wake` with the payload of each notification, and with `None` after each (re)connect, because notifications
/// may have been lost. A database that is down is no more than slower wake-ups: the callers poll anyway.
pub(crate) async fn listen(
    db: Db,
    channel_prefix: &'static str,
    wake: impl Fn(Option<&str>) + Send,
    stop: CancellationToken,
) {
    let channel = format!("{channel_prefix}_{}", db.schema());
    let pool = dedicated(&db);
    let mut delay = Duration::from_millis(200);
    loop {
        let session = async {
            let mut listener = PgListener::connect_with(&pool).await?;
            listener.listen(&channel).await?;
            delay = Duration::from_millis(200);
            wake(None);
            loop {
                match listener.try_recv().await? {
                    Some(notification) => wake(Some(notification.payload())),
                    None => wake(None),
                }
            }
        };
        let outcome: Result<(), sqlx::Error> = tokio::select! {
            () = stop.cancelled() => break,
            outcome = session => outcome,
        };
        if let Err(error) = outcome {
            tracing::debug!(error = %error, channel, "the listener lost its connection; polling until it is back");
        }
        tokio::select! {
            () = stop.cancelled() => break,
            () = tokio::time::sleep(delay) => {}
        }
        delay = (delay * 2).min(Duration::from_secs(5));
    }
    pool.close().await;
}
