//! Run against both transports.

use std::sync::atomic::Ordering;

use events::{Outgoing, PublishOutcome};
use storage::sql;
use tokio_util::sync::CancellationToken;

use crate::support::*;

on_both_transports! {
    a_commit_publishes_exactly_the_rows_written_and_a_rollback_nothing
    each_consumer_gets_every_event_of_its_topics
    an_event_published_before_its_consumer_first_starts_is_not_lost
    an_event_without_a_consumer_is_done_with
    a_lost_confirmation_publishes_again_and_has_one_effect
    a_lost_acknowledgement_and_five_copies_have_one_effect
    slow_handlers_split_a_batch_and_each_event_has_one_effect
    two_processes_share_the_load_and_each_event_has_one_effect
    five_hundred_events_a_second_are_no_trouble
    the_backlog_counts_what_waits_and_what_is_worked_on
}

async fn a_commit_publishes_exactly_the_rows_written_and_a_rollback_nothing(world: World) {
    let recorder = Recorder::new("all");
    world.declare(&recorder).await;
    let consumer = world.run(&world.consumer, vec![recorder.consumer()]);
    let producer = world.run(&world.producer, vec![]);

    let tx = world.producer.begin().await.unwrap();
    events::publish(&tx, "default", "k", &Counted { n: 1 }).await.unwrap();
    tx.rollback().await.unwrap();
    let tx = world.producer.begin().await.unwrap();
    let many: Vec<(String, Counted)> = (2..1_300).map(|n| (format!("k{}", n % 7), Counted { n })).collect();
    events::publish_many(&tx, "default", &many).await.unwrap();
    tx.commit().await.unwrap();

    let effects = world.wait_for_effects("all", many.len()).await;
    assert_eq!(effects, (2..1_300).collect::<Vec<_>>(), "all of them, once, in order");
    world.outbox_is_empty().await;
    world.nothing_waits_for("all").await;
    producer.stop().await;
    consumer.stop().await;
}

async fn each_consumer_gets_every_event_of_its_topics(world: World) {
    let (first, second) = (Recorder::new("first"), Recorder::new("second"));
    for consumer in [first.consumer(), second.consumer()] {
        events::declare(world.transport.as_ref(), &[consumer.spec()]).await.unwrap();
    }
    world.publish("k", 1).await;
    events::publish(world.producer.conn(), "north", "k", &Unheard { n: 2 }).await.unwrap();
    let running = world.run(&world.producer, vec![]);
    let consuming = world.run(&world.consumer, vec![first.consumer(), second.consumer()]);
    assert_eq!(world.wait_for_effects("first", 1).await, [1]);
    assert_eq!(world.wait_for_effects("second", 1).await, [1]);
    running.stop().await;
    consuming.stop().await;
}

async fn an_event_published_before_its_consumer_first_starts_is_not_lost(world: World) {
    let recorder = Recorder::new("late");
    // What `migrate` does.
    world.declare(&recorder).await;
    let producer = world.run(&world.producer, vec![]);
    world.publish("k", 1).await;
    world.outbox_is_empty().await;
    producer.stop().await;
    let consumer = world.run(&world.consumer, vec![recorder.consumer()]);
    assert_eq!(world.wait_for_effects("late", 1).await, [1]);
    consumer.stop().await;
}

async fn an_event_without_a_consumer_is_done_with(world: World) {
    let producer = world.run(&world.producer, vec![]);
    events::publish(world.producer.conn(), "default", "k", &Unheard { n: 1 }).await.unwrap();
    world.outbox_is_empty().await;
    assert_eq!(events::status(&world.producer).await.unwrap().outbox_failing, 0);
    producer.stop().await;
}

async fn a_lost_confirmation_publishes_again_and_has_one_effect(world: World) {
    let recorder = Recorder::new("all");
    world.declare(&recorder).await;
    let faulty = Faulty::new(world.transport.clone());
    faulty.lose_confirms.store(2, Ordering::SeqCst);
    for n in 0..20 {
        world.publish("k", n).await;
    }
    let producer = Running::start(&world.producer, faulty.clone(), vec![]);
    let consumer = world.run(&world.consumer, vec![recorder.consumer()]);
    world.outbox_is_empty().await;
    assert_eq!(faulty.lose_confirms.load(Ordering::SeqCst), 0, "the fault really happened");
    world.wait_for_effects("all", 20).await;
    world.nothing_waits_for("all").await;
    producer.stop().await;
    consumer.stop().await;
    assert_eq!(world.effects("all").await, (0..20).collect::<Vec<_>>());
}

async fn a_lost_acknowledgement_and_five_copies_have_one_effect(world: World) {
    let recorder = Recorder::new("all");
    world.declare(&recorder).await;
    let faulty = Faulty::new(world.transport.clone());
    faulty.lose_acks.store(2, Ordering::SeqCst);
    let consumer = Running::start(&world.consumer, faulty.clone(), vec![recorder.consumer()]);
    let message = message(1);
    for _ in 0..5 {
        let outcomes = world.transport.publish(std::slice::from_ref(&message)).await;
        assert_eq!(outcomes, [PublishOutcome::Published]);
    }
    world.transport.publish(&[self::message(2)]).await;
    world.wait_for_effects("all", 2).await;
    testkit::wait_until("both acknowledgements to be lost", LIMIT, || {
        faulty.lose_acks.load(Ordering::SeqCst) == 0
    })
    .await;
    world.nothing_waits_for("all").await;
    consumer.stop().await;
    assert_eq!(world.effects("all").await, [1, 2]);
}

async fn slow_handlers_split_a_batch_and_each_event_has_one_effect(world: World) {
    let recorder = Recorder::new("all");
    world.declare(&recorder).await;
    recorder.slow_ms.store(120, Ordering::SeqCst);
    let messages: Vec<Outgoing> = (1..=12).map(message).collect();
    world.transport.publish(&messages).await;
    let consumer = world.run(&world.consumer, vec![recorder.consumer()]);
    assert_eq!(world.wait_for_effects("all", 12).await, (1..=12).collect::<Vec<_>>());
    world.nothing_waits_for("all").await;
    consumer.stop().await;
    assert_eq!(world.effects("all").await.len(), 12);
    let transactions: Option<i64> =
        sql::scalar(world.consumer.conn(), "SELECT count(DISTINCT received_at) AS v FROM inbox", [])
            .await
            .unwrap();
    assert!(transactions >= Some(2), "{transactions:?} transactions");
}

async fn two_processes_share_the_load_and_each_event_has_one_effect(world: World) {
    let other = match world.kind {
        Kind::Postgres => postgres(&world.test).await,
        Kind::Rabbit => rabbit(testkit::amqp_url(), &world.prefix),
    };
    let (one, two) = (Recorder::in_process("all", "one"), Recorder::in_process("all", "two"));
    world.declare(&one).await;
    let processes = [
        world.run(&world.consumer, vec![one.consumer()]),
        Running::start(&world.consumer, other, vec![two.consumer()]),
    ];
    let producer = world.run(&world.producer, vec![]);
    // In rounds, until both have had something to do.
    let mut published = 0;
    testkit::wait_for("both processes to take part", LIMIT, || {
        let from = published;
        published += 200;
        let world = &world;
        async move {
            let round: Vec<(String, Counted)> =
                (from..published).map(|n| (format!("k{}", n % 20), Counted { n })).collect();
            events::publish_many(world.producer.conn(), "default", &round).await.unwrap();
            world.wait_for_effects("all", usize::try_from(published).unwrap()).await;
            let processes: Option<i64> =
                sql::scalar(world.consumer.conn(), "SELECT count(DISTINCT process) AS v FROM effect", [])
                    .await
                    .unwrap();
            (processes == Some(2)).then_some(())
        }
    })
    .await;
    let mut effects = world.effects("all").await;
    effects.sort_unstable();
    assert_eq!(effects, (0..published).collect::<Vec<_>>());
    if world.kind == Kind::Postgres {
        let disordered: Option<i64> = sql::scalar(
            world.consumer.conn(),
            "SELECT count(*) AS v FROM effect AS a JOIN effect AS b ON a.key = b.key AND a.n < b.n AND a.id > b.id",
            [],
        )
        .await
        .unwrap();
        assert_eq!(disordered, Some(0), "the order of a key holds across processes");
    }
    for running in processes.into_iter().chain([producer]) {
        running.stop().await;
    }
}

async fn five_hundred_events_a_second_are_no_trouble(world: World) {
    let recorder = Recorder::new("all");
    world.declare(&recorder).await;
    let many: Vec<(String, Counted)> = (0..3_000).map(|n| (format!("k{}", n % 100), Counted { n })).collect();
    events::publish_many(world.producer.conn(), "default", &many).await.unwrap();
    let began = std::time::Instant::now();
    let producer = world.run(&world.producer, vec![]);
    let consumer = world.run(&world.consumer, vec![recorder.consumer()]);
    assert_eq!(world.wait_for_effects("all", 3_000).await, (0..3_000).collect::<Vec<_>>());
    let rate = 3_000.0 / began.elapsed().as_secs_f64();
    eprintln!("{:?}: {rate:.0} events a second, outbox to effect", world.kind);
    // A debug build beside other tests; far below what is measured alone.
    assert!(rate > 100.0, "{rate:.0} events a second");
    producer.stop().await;
    consumer.stop().await;
}

async fn the_backlog_counts_what_waits_and_what_is_worked_on(world: World) {
    let recorder = Recorder::new("all");
    assert!(world.transport.schema_state().await.unwrap() == storage::SchemaState::Current);
    world.declare(&recorder).await;
    assert_eq!(world.transport.backlog("all").await.unwrap(), 0);
    world.transport.publish(&[message(1), message(2), message(3)]).await;
    testkit::wait_for("three messages that wait", LIMIT, || async {
        (world.transport.backlog("all").await.unwrap() == 3).then_some(())
    })
    .await;
    let mut subscription = world.transport.subscribe(&recorder.consumer().spec()).await.unwrap();
    let mut left = 3;
    while left > 0 {
        let batch = subscription.next_batch(10, &CancellationToken::new()).await.unwrap();
        let in_hand = batch.len();
        let backlog = world.transport.backlog("all").await.unwrap();
        assert!((in_hand..=left).contains(&usize::try_from(backlog).unwrap()), "{backlog} of {in_hand}");
        let answers = batch.into_iter().map(|message| (message, events::Settlement::Ack)).collect();
        subscription.settle(answers).await.unwrap();
        left -= in_hand;
    }
    world.nothing_waits_for("all").await;
    world.transport.publish(&[message(4)]).await;
    assert_eq!(subscription.next_batch(10, &CancellationToken::new()).await.unwrap().len(), 1);
    assert_eq!(world.transport.backlog("all").await.unwrap(), 1);
    subscription.close().await;
    drop(subscription);
    testkit::wait_for("the message to be back", LIMIT, || async {
        (world.transport.backlog("all").await.unwrap() == 1).then_some(())
    })
    .await;
}
