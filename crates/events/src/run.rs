//! The tasks of one service.

use std::sync::Arc;

use storage::Db;
use tokio::task::JoinHandle;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    Consumer, ConsumerSpec, Options, Transport, apply::Applier, consume, parked, relay::Relay, status,
};

/// Relays the outbox of `db` and runs the consumers, until `shutdown`; then events in work are finished and the handle
/// resolves. A broker or database that is down is waited for, with growing pauses.
pub fn run(
    db: Db,
    transport: Arc<dyn Transport>,
    consumers: Vec<Consumer>,
    options: Options,
    shutdown: CancellationToken,
) -> JoinHandle<()> {
    let tasks = TaskTracker::new();
    let relay = Relay {
        db: db.clone(),
        transport: Arc::clone(&transport),
        options: options.clone(),
        stop: shutdown.clone(),
    };
    tasks.spawn(relay.run());
    for consumer in consumers {
        let applier = || Applier { db: db.clone(), consumer: consumer.clone(), stop: shutdown.clone() };
        tasks.spawn(consume::consume(Arc::clone(&transport), applier(), options.clone()));
        tasks.spawn(parked::retry(applier(), options.poll));
    }
    drop(transport);
    tasks.spawn(status::keep_house(db, options, shutdown));
    tasks.close();
    tokio::spawn(async move { tasks.wait().await })
}

/// Makes the transport keep events for these consumers from now on. `migrate` calls it, so that nothing is lost that is
/// published before a consumer's first start.
///
/// # Errors
/// When the transport cannot be reached or has something else under that name.
pub async fn declare(transport: &dyn Transport, consumers: &[ConsumerSpec]) -> anyhow::Result<()> {
    for consumer in consumers {
        transport.declare(consumer).await?;
    }
    Ok(())
}
