//! RabbitMQ is stopped for some seconds in the middle of the payments: events wait in the outbox, nothing is lost.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout
)]

mod chain;

use std::time::{Duration, Instant};

use chain::Installation;
use storage::{Db, sql};
use testkit::{Rabbit, wait_for};

/// How long the broker is away.
const AWAY: Duration = Duration::from_secs(4);
const LIMIT: Duration = Duration::from_secs(60);

async fn count(db: &Db, query: &str) -> Option<i64> {
    sql::scalar(db.conn(), query, []).await.ok().flatten()
}

#[tokio::test]
async fn a_broker_that_is_away_delays_and_loses_nothing() {
    let mut broker = tokio::task::spawn_blocking(Rabbit::start_private).await.unwrap();
    let installation = Installation::with_broker(broker.url());
    let prepared = installation.demo(&["--persons", "500", "--stop-after", "programme"]);
    assert!(prepared.status.success(), "{}", chain::said(&prepared));
    let mut command = installation.demo_command(&["--resume"]);
    chain::slow_bank(&mut command);
    // One payment a call: they last longer than a broker takes to stop.
    command.env("OPENG2P__G2P_BRIDGE__PAYMENT_BATCH", "1");
    let demo = tokio::task::spawn_blocking(move || command.output());

    let bridge = installation.db("g2p-bridge").await;
    let published = "SELECT count(*) FROM outbox WHERE published_at IS NOT NULL
                      AND EXISTS (SELECT 1 FROM payment_attempts)";
    let published = wait_for("the first attempt, and events that went through the broker", LIMIT, || async {
        count(&bridge, published).await.filter(|n| *n > 0)
    })
    .await;
    let stopped = tokio::task::spawn_blocking(move || {
        broker.stop();
        broker
    });
    let mut broker = stopped.await.unwrap();
    let since = Instant::now();
    let waiting = wait_for("events to wait in the outbox", LIMIT, || async {
        count(&bridge, "SELECT count(*) FROM outbox WHERE published_at IS NULL").await.filter(|n| *n > 0)
    })
    .await;
    assert!(!demo.is_finished(), "the payments ended before the broker was away");
    tokio::time::sleep(AWAY.saturating_sub(since.elapsed())).await;
    let still = count(&bridge, "SELECT count(*) FROM outbox WHERE published_at IS NULL").await;
    assert!(still >= Some(waiting), "{waiting} events waited, then {still:?}, with no broker to take them");
    println!("{published} events went through the broker; {still:?} waited while it was away");
    let broker = tokio::task::spawn_blocking(move || {
        broker.start();
        broker
    })
    .await
    .unwrap();
    let output = demo.await.unwrap().unwrap();
    assert!(output.status.success(), "{}", chain::said(&output));
    chain::checks::everything_adds_up(&installation, &installation.report()).await;
    drop(broker);
}
