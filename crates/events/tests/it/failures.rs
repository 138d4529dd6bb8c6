//! What becomes of events that cannot be applied, on both transports.

use std::sync::atomic::Ordering;

use storage::sql;
use tokio_util::sync::CancellationToken;

use crate::support::*;

on_both_transports! {
    an_event_that_fails_is_retried_in_the_order_of_its_key
    an_event_that_always_fails_becomes_a_dead_letter_and_redrive_applies_it
    a_rejected_event_becomes_a_dead_letter_at_once
    bytes_that_are_no_event_become_a_dead_letter_and_do_not_stop_the_others
    a_handler_that_panics_is_a_failure_of_its_event_only
    an_event_that_was_handed_out_again_and_again_is_tried_by_itself
}

async fn an_event_that_fails_is_retried_in_the_order_of_its_key(world: World) {
    let recorder = Recorder::new("all");
    world.declare(&recorder).await;
    recorder.fail_on(&[1]);
    for (key, n) in [("a", 0), ("a", 1), ("b", 10), ("a", 2), ("b", 11), ("a", 3)] {
        world.publish(key, n).await;
    }
    let producer = world.run(&world.producer, vec![]);
    let consumer = world.run(&world.consumer, vec![recorder.consumer()]);
    // The other key does not wait; the same key does.
    testkit::wait_for("the other key", LIMIT, || async {
        (world.effects("all").await.len() == 3 && recorder.attempts.load(Ordering::SeqCst) >= 2).then_some(())
    })
    .await;
    let mut before = world.effects("all").await;
    before.sort_unstable();
    assert_eq!(before, [0, 10, 11]);
    assert_eq!(events::status(&world.consumer).await.unwrap().parked, 3);
    recorder.fail_on(&[]);
    let after = world.wait_for_effects("all", 6).await;
    assert_eq!(after[3..], [1, 2, 3], "in order");
    assert_eq!(events::status(&world.consumer).await.unwrap().parked, 0);
    producer.stop().await;
    consumer.stop().await;
}

async fn an_event_that_always_fails_becomes_a_dead_letter_and_redrive_applies_it(world: World) {
    let recorder = Recorder::new("all");
    world.declare(&recorder).await;
    recorder.fail_on(&[1]);
    let consumer = world.run(&world.consumer, vec![recorder.consumer()]);
    world.transport.publish(&[message(1), message(2)]).await;
    testkit::wait_for("the dead letter", LIMIT, || async {
        (events::status(&world.consumer).await.unwrap().dead_letters == 1).then_some(())
    })
    .await;
    // A batch that fails is rolled back and its events tried alone, so the first round may count twice.
    let attempts = recorder.attempts.load(Ordering::SeqCst);
    assert!((4..=6).contains(&attempts), "{attempts} attempts");
    assert_eq!(world.wait_for_effects("all", 1).await, [2]);
    let letters = events::dead_letters(&world.consumer, None, 10).await.unwrap();
    assert_eq!(
        (letters[0].consumer.as_str(), letters[0].error.as_str(), letters[0].attempts),
        ("all", "not now", 4)
    );

    // A copy that arrives meanwhile changes nothing.
    world.transport.publish(&[message(1)]).await;
    world.nothing_waits_for("all").await;
    recorder.fail_on(&[]);
    assert_eq!(events::redrive(&world.consumer, Some("all"), Some(letters[0].id)).await.unwrap(), 1);
    world.wait_for_effects("all", 2).await;
    assert_eq!(events::redrive(&world.consumer, None, None).await.unwrap(), 0);
    assert!(events::status(&world.consumer).await.unwrap().is_idle());
    consumer.stop().await;
    assert_eq!(world.effects("all").await, [2, 1]);
}

async fn a_rejected_event_becomes_a_dead_letter_at_once(world: World) {
    let recorder = Recorder::new("all");
    world.declare(&recorder).await;
    recorder.fail_on(&[1]);
    recorder.rejecting.store(true, Ordering::SeqCst);
    let consumer = world.run(&world.consumer, vec![recorder.consumer()]);
    let mut wrong_data = message(3);
    wrong_data.body =
        String::from_utf8(wrong_data.body).unwrap().replace(r#""n":3"#, r#""n":"x""#).into_bytes();
    world.transport.publish(&[message(1), wrong_data, message(2)]).await;
    testkit::wait_for("the dead letters", LIMIT, || async {
        (events::status(&world.consumer).await.unwrap().dead_letters == 2).then_some(())
    })
    .await;
    assert_eq!(world.wait_for_effects("all", 1).await, [2]);
    assert_eq!(events::status(&world.consumer).await.unwrap().parked, 0);
    assert_eq!(events::drop_dead_letters(&world.consumer, Some("all"), None).await.unwrap(), 2);
    assert_eq!(events::dead_letters(&world.consumer, None, 10).await.unwrap().len(), 0);
    consumer.stop().await;
}

async fn bytes_that_are_no_event_become_a_dead_letter_and_do_not_stop_the_others(world: World) {
    let recorder = Recorder::new("all");
    world.declare(&recorder).await;
    let consumer = world.run(&world.consumer, vec![recorder.consumer()]);
    let mut messages = vec![message(1), message(2), message(3)];
    messages[0].body = vec![0, 159, 146, 150];
    messages[1].body = br#"{"specversion":"1.0","id":"no"}"#.to_vec();
    world.transport.publish(&messages).await;
    assert_eq!(world.wait_for_effects("all", 1).await, [3]);
    testkit::wait_for("the dead letters", LIMIT, || async {
        (events::status(&world.consumer).await.unwrap().dead_letters == 2).then_some(())
    })
    .await;
    let raw: Vec<Vec<u8>> =
        sql::scalars(world.consumer.conn(), "SELECT raw AS v FROM dead_letter ORDER BY id", [])
            .await
            .unwrap();
    assert!(raw.contains(&messages[0].body) && raw.contains(&messages[1].body), "the bytes are kept");
    world.nothing_waits_for("all").await;
    if world.kind == Kind::Rabbit {
        testkit::wait_for("both in the broker's dead-letter queue", LIMIT, || async {
            (world.transport.backlog("all.dlq").await.unwrap() == 2).then_some(())
        })
        .await;
    }
    consumer.stop().await;
}

struct Panics;

#[async_trait::async_trait]
impl events::Handler<Counted> for Panics {
    async fn handle(
        &self,
        _tx: &storage::DatabaseTransaction,
        event: events::Delivered<Counted>,
    ) -> Result<(), events::HandlerError> {
        assert_ne!(event.data.n, 1, "the bug");
        Ok(())
    }
}

async fn a_handler_that_panics_is_a_failure_of_its_event_only(world: World) {
    let quick = std::time::Duration::from_millis(5);
    let consumer =
        events::Consumer::typed::<Counted, _>("all", std::sync::Arc::new(Panics)).retries(2, quick, quick);
    events::declare(world.transport.as_ref(), &[consumer.spec()]).await.unwrap();
    let running = world.run(&world.consumer, vec![consumer]);
    world.transport.publish(&[message(1), message(2)]).await;
    testkit::wait_for("the dead letter", LIMIT, || async {
        (events::status(&world.consumer).await.unwrap().dead_letters == 1).then_some(())
    })
    .await;
    let known: Option<i64> =
        sql::scalar(world.consumer.conn(), "SELECT count(*) AS v FROM inbox", []).await.unwrap();
    assert_eq!(known, Some(2), "both are dealt with");
    world.nothing_waits_for("all").await;
    running.stop().await;
}

async fn an_event_that_was_handed_out_again_and_again_is_tried_by_itself(world: World) {
    let recorder = Recorder::new("all");
    world.declare(&recorder).await;
    world.transport.publish(&[message(1)]).await;
    let stop = CancellationToken::new();
    // Processes that die with the event in their hands.
    for n in 0..4 {
        let mut subscription = world.transport.subscribe(&recorder.consumer().spec()).await.unwrap();
        let batch = subscription.next_batch(10, &stop).await.unwrap();
        assert_eq!(batch.iter().map(|m| m.redeliveries).collect::<Vec<_>>(), [n], "how often before");
        subscription.close().await;
    }
    recorder.fail_on(&[1]);
    let consumer = world.run(&world.consumer, vec![recorder.consumer()]);
    testkit::wait_for("attempts that are counted one by one", LIMIT, || async {
        let sql = "SELECT attempts AS v FROM parked";
        let attempts: Option<i32> = sql::scalar(world.consumer.conn(), sql, []).await.unwrap();
        (attempts >= Some(1)).then_some(())
    })
    .await;
    world.nothing_waits_for("all").await;
    recorder.fail_on(&[]);
    // Applied now, or after a redrive when the attempts were used up meanwhile.
    testkit::wait_for("the effect", LIMIT, || async {
        events::redrive(&world.consumer, None, None).await.unwrap();
        (world.effects("all").await == [1]).then_some(())
    })
    .await;
    consumer.stop().await;
}
