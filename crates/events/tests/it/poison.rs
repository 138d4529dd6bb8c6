//! Handlers that do what they should not.

use std::{sync::Arc, time::Duration};

use events::{Consumer, Delivered, Handler, HandlerError};
use storage::{DatabaseTransaction, sql};

use crate::support::*;

/// Event 2 leaves a failed transaction behind and says that all is well; event 4 breaks a rule that the database checks
/// at the commit.
struct Careless;

#[async_trait::async_trait]
impl Handler<Counted> for Careless {
    async fn handle(&self, tx: &DatabaseTransaction, event: Delivered<Counted>) -> Result<(), HandlerError> {
        let n = event.data.n;
        sql::execute(
            tx,
            "INSERT INTO effect (consumer, event, key, n, process) VALUES ('all', $1, 'k', $2, 'one')",
            [event.id.into(), n.into()],
        )
        .await?;
        if n == 2 {
            let _ = sql::execute(tx, "SELECT 1 / 0", []).await;
        }
        if n == 4 {
            sql::execute(tx, "INSERT INTO checked_late (n) VALUES (1), (1)", []).await?;
        }
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_effect_that_the_database_did_not_keep_is_never_acknowledged_as_done() {
    let world = World::new(Kind::Postgres).await;
    let table = "CREATE TABLE checked_late (n bigint UNIQUE DEFERRABLE INITIALLY DEFERRED)";
    sql::execute(world.consumer.conn(), table, []).await.unwrap();
    let quick = Duration::from_millis(5);
    let consumer = Consumer::typed::<Counted, _>("all", Arc::new(Careless)).retries(3, quick, quick);
    events::declare(world.transport.as_ref(), &[consumer.spec()]).await.unwrap();
    world.transport.publish(&(1..=6).map(message).collect::<Vec<_>>()).await;
    let running = world.run(&world.consumer, vec![consumer]);
    testkit::wait_for("two dead letters", LIMIT, || async {
        (events::status(&world.consumer).await.unwrap().dead_letters == 2).then_some(())
    })
    .await;
    assert_eq!(world.wait_for_effects("all", 4).await, [1, 3, 5, 6]);
    world.nothing_waits_for("all").await;
    let mut errors: Vec<String> =
        events::dead_letters(&world.consumer, None, 10).await.unwrap().into_iter().map(|l| l.error).collect();
    errors.sort();
    assert!(errors[0].contains("current transaction is aborted"), "{errors:?}");
    assert!(errors[1].contains("checked_late_n_key"), "{errors:?}");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_character_that_postgres_cannot_keep_does_not_stop_the_consumer() {
    let world = World::new(Kind::Postgres).await;
    let recorder = Recorder::new("all");
    world.declare(&recorder).await;
    let mut nul = message(1);
    nul.body = String::from_utf8(nul.body).unwrap().replace(r#""k1""#, r#""k\u0000""#).into_bytes();
    world.transport.publish(&[nul, message(2)]).await;
    let running = world.run(&world.consumer, vec![recorder.consumer()]);
    assert_eq!(world.wait_for_effects("all", 1).await, [2]);
    world.nothing_waits_for("all").await;
    assert_eq!(events::status(&world.consumer).await.unwrap().dead_letters, 1);
    running.stop().await;
}
