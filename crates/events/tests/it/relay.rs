use std::time::{Duration, Instant};

use storage::{Db, DbOptions, sql};

use crate::support::*;

#[test]
fn a_standby_takes_over_when_the_leading_process_dies() {
    let survivor = tokio::runtime::Runtime::new().unwrap();
    let world = survivor.block_on(World::new(Kind::Postgres));
    let (url, transport_url) = (world.test.url("producer"), world.test.url("openg2p_events"));
    // A runtime that goes at once takes the relay and its connections with it, like a SIGKILL.
    let victim = tokio::runtime::Runtime::new().unwrap();
    victim.block_on(async {
        let db = Db::connect(&DbOptions::new(url.into(), "producer")).await.unwrap();
        let events_db = Db::connect(&DbOptions::new(transport_url.into(), "openg2p_events")).await.unwrap();
        let transport = events::TransportConfig::Postgres { db: events_db }.connect().unwrap();
        std::mem::forget(Running::start(&db, transport, vec![]));
        // Through this runtime's own pool: its connections die with it.
        events::publish(db.conn(), "default", "k", &Counted { n: 1 }).await.unwrap();
        testkit::wait_for("an empty outbox", LIMIT, || async {
            (events::status(&db).await.unwrap().outbox_pending == 0).then_some(())
        })
        .await;
    });
    survivor.block_on(async {
        let standby = world.run(&world.producer, vec![]);
        victim.shutdown_background();
        let began = Instant::now();
        world.publish("k", 2).await;
        world.outbox_is_empty().await;
        assert!(began.elapsed() < Duration::from_secs(5), "took {:?}", began.elapsed());
        standby.stop().await;
    });
}

#[tokio::test]
async fn one_of_two_relays_leads_and_the_other_follows_when_it_stops() {
    let world = World::new(Kind::Postgres).await;
    let leaders = || async {
        let sql = "SELECT count(*) AS v FROM pg_locks WHERE locktype = 'advisory' AND granted
                      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
        let admin = world.test.admin("producer").await;
        let count: Option<i64> = sql::scalar(admin.conn(), sql, []).await.unwrap();
        admin.close().await;
        count.unwrap()
    };
    let first = world.run(&world.producer, vec![]);
    world.publish("k", 1).await;
    world.outbox_is_empty().await;
    let second = world.run(&world.producer, vec![]);
    world.publish("k", 2).await;
    world.outbox_is_empty().await;
    assert_eq!(leaders().await, 1);
    first.stop().await;
    world.publish("k", 3).await;
    world.outbox_is_empty().await;
    second.stop().await;
    assert_eq!(leaders().await, 0, "a stopped relay leaves no lock");
}

#[tokio::test]
async fn a_relay_that_lost_its_connection_goes_on() {
    let world = World::new(Kind::Postgres).await;
    let running = world.run(&world.producer, vec![]);
    world.publish("k", 1).await;
    world.outbox_is_empty().await;
    let admin = world.test.admin("producer").await;
    for n in 2..5 {
        let sql = "SELECT count(pg_terminate_backend(pid)) AS v FROM pg_stat_activity
                    WHERE datname = current_database() AND pid <> pg_backend_pid()";
        let killed: Option<i64> = sql::scalar(admin.conn(), sql, []).await.unwrap();
        assert!(killed.unwrap() > 0);
        // The test's own pool has lost its connections too.
        testkit::wait_for("a connection", LIMIT, || async {
            events::publish(world.producer.conn(), "default", "k", &Counted { n }).await.ok()
        })
        .await;
        world.outbox_is_empty().await;
    }
    running.stop().await;
}

#[tokio::test]
async fn old_rows_are_removed_and_young_and_open_ones_kept() {
    let world = World::new(Kind::Postgres).await;
    let recorder = Recorder::new("all");
    world.declare(&recorder).await;
    let running = [world.run(&world.producer, vec![]), world.run(&world.consumer, vec![recorder.consumer()])];
    let many: Vec<(String, Counted)> = (0..100).map(|n| ("k".to_owned(), Counted { n })).collect();
    events::publish_many(world.producer.conn(), "default", &many).await.unwrap();
    world.wait_for_effects("all", 100).await;
    world.outbox_is_empty().await;
    for running in running {
        running.stop().await;
    }
    world.publish("k", 100).await;
    assert_eq!(events::remove_old(&world.producer, &options()).await.unwrap(), 0);
    let now =
        events::Options { outbox_retention: Duration::ZERO, inbox_retention: Duration::ZERO, ..options() };
    assert_eq!(events::remove_old(&world.producer, &now).await.unwrap(), 100);
    assert_eq!(events::status(&world.producer).await.unwrap().outbox_pending, 1, "the unpublished one stays");
    assert_eq!(events::remove_old(&world.consumer, &now).await.unwrap(), 100);
}

#[tokio::test]
async fn a_consumer_that_is_gone_for_good_can_be_forgotten() {
    let world = World::new(Kind::Postgres).await;
    let recorder = Recorder::new("gone");
    world.declare(&recorder).await;
    let producer = world.run(&world.producer, vec![]);
    world.publish("k", 1).await;
    world.outbox_is_empty().await;
    assert_eq!(world.transport.backlog("gone").await.unwrap(), 1);
    events::postgres::forget_consumer(&world.test.db("openg2p_events").await, "gone").await.unwrap();
    world.publish("k", 2).await;
    world.outbox_is_empty().await;
    assert_eq!(world.transport.backlog("gone").await.unwrap(), 0);
    producer.stop().await;
}

#[test]
fn the_schema_of_an_event_names_its_topic_and_fields() {
    let schema = events::EventSchema::of::<Counted>();
    assert_eq!(schema.topic, "it.counter.counted.v1");
    assert_eq!(schema.schema["$id"], "urn:openg2p:event:it.counter.counted.v1");
    assert_eq!(schema.schema["properties"]["n"]["type"], "integer");
}

#[derive(Debug, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
struct Large {
    text: String,
}

impl events::EventData for Large {
    const TOPIC: &'static str = "it.counter.large.v1";
}

#[tokio::test]
async fn large_events_leave_in_small_batches_and_in_order() {
    let world = World::new(Kind::Postgres).await;
    // About 200 KB each as it is stored.
    for _ in 0..20 {
        let text = (0..12_000).map(|_| uuid::Uuid::new_v4().to_string()).collect();
        events::publish(world.producer.conn(), "default", "k", &Large { text }).await.unwrap();
    }
    let running = world.run(&world.producer, vec![]);
    world.outbox_is_empty().await;
    running.stop().await;
    let batches = "SELECT max(seq) AS v FROM outbox GROUP BY published_at ORDER BY published_at";
    let last: Vec<i64> = sql::scalars(world.producer.conn(), batches, []).await.unwrap();
    assert!(last.len() >= 3, "batches: {last:?}");
    assert!(last.is_sorted(), "batches: {last:?}");
}
