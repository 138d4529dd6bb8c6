//! RabbitMQ is stopped for some seconds in the middle of the payments: events wait in the outbox, nothing is lost.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout
)]

mod chain;

use std::time::Duration;

use chain::Installation;
use storage::sql;
use testkit::{Rabbit, wait_for};

#[tokio::test]
async fn a_broker_that_is_away_delays_and_loses_nothing() {
    let mut broker = tokio::task::spawn_blocking(Rabbit::start_private).await.unwrap();
    let installation = Installation::with_broker(broker.url());
    let prepared = installation.demo(&["--persons", "500", "--stop-after", "programme"]);
    assert!(prepared.status.success(), "{}", chain::said(&prepared));
    broker.stop();
    let mut command = installation.demo_command(&["--resume"]);
    command.env("OPENG2P__EXAMPLE_BANK__LATE_ANSWER_MS", "100");
    let demo = tokio::task::spawn_blocking(move || command.output());
    let bridge = installation.db("g2p-bridge").await;
    let waiting = wait_for("events to wait in the outbox", Duration::from_secs(60), || async {
        let query = "SELECT count(*) FROM outbox WHERE published_at IS NULL";
        let waiting: Option<i64> = sql::scalar(bridge.conn(), query, []).await.ok().flatten();
        waiting.filter(|n| *n > 0)
    })
    .await;
    println!("{waiting} events waited in the bridge's outbox while the broker was away");
    tokio::time::sleep(Duration::from_secs(3)).await;
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
