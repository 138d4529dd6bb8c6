//! What only a broker can do to us.

use std::time::{Duration, Instant};

use events::{PublishOutcome, TransportConfig};
use lapin::{Connection, ConnectionProperties, options::*, types::FieldTable};
use storage::sql;
use testkit::{Chaos, ChaosProxy};

use crate::support::*;

/// How often the broker is killed.
const KILLS: i64 = 2;

async fn channel(url: &str) -> (Connection, lapin::Channel) {
    let connection = Connection::connect(url, ConnectionProperties::default()).await.unwrap();
    let channel = connection.create_channel().await.unwrap();
    (connection, channel)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_no_queue_takes_stays_in_the_outbox_and_goes_out_when_that_is_mended() {
    let world = World::new(Kind::Rabbit).await;
    let recorder = Recorder::new("all");
    world.declare(&recorder).await;
    let (_connection, channel) = channel(testkit::amqp_url()).await;
    let unrouted = format!("{}.unrouted", world.prefix);
    // The publishing channel is open when somebody deletes the queue that catches what nobody wants.
    assert_eq!(world.transport.publish(&[message(0)]).await, [PublishOutcome::Published]);
    channel.queue_delete(unrouted.as_str().into(), QueueDeleteOptions::default()).await.unwrap();

    let producer = world.run(&world.producer, vec![]);
    events::publish(world.producer.conn(), "default", "lost", &Unheard { n: 1 }).await.unwrap();
    // Those that have a queue go out, also from the same batch, except for the same key.
    world.publish("lost", 2).await;
    world.publish("other", 3).await;
    testkit::wait_for("the failure in the outbox", LIMIT, || async {
        let status = events::status(&world.producer).await.unwrap();
        (status.outbox_failing == 1 && world.transport.backlog("all").await.unwrap() >= 1).then_some(())
    })
    .await;
    let error: Option<String> = sql::scalar(
        world.producer.conn(),
        "SELECT last_error AS v FROM outbox WHERE published_at IS NULL AND attempts > 0",
        [],
    )
    .await
    .unwrap();
    assert_eq!(error.as_deref(), Some("the broker has no queue for this topic"));
    // A new publishing channel declares it again.
    world.declare(&recorder).await;
    world.outbox_is_empty().await;
    producer.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_batch_only_the_returned_messages_count_as_not_published() {
    let world = World::new(Kind::Rabbit).await;
    let recorder = Recorder::new("all");
    world.declare(&recorder).await;
    // The publishing channel is there; then the catch-all queue goes.
    assert_eq!(world.transport.publish(&[message(0)]).await, [PublishOutcome::Published]);
    let (_connection, channel) = channel(testkit::amqp_url()).await;
    let unrouted = format!("{}.unrouted", world.prefix);
    channel.queue_delete(unrouted.as_str().into(), QueueDeleteOptions::default()).await.unwrap();
    for round in 0..10 {
        let batch: Vec<_> = (1..200)
            .map(|n| {
                let mut message = message(round * 1000 + n);
                if n % 7 == 0 {
                    message.topic = "it.nobody.listens.v1".to_owned();
                }
                message
            })
            .collect();
        let outcomes = world.transport.publish(&batch).await;
        for (message, outcome) in batch.iter().zip(outcomes) {
            let wanted = if message.topic.contains("nobody") {
                PublishOutcome::Unroutable
            } else {
                PublishOutcome::Published
            };
            assert_eq!(outcome, wanted, "message {}", message.key);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_wait_in_the_outbox_while_the_broker_is_down_and_arrive_in_order_afterwards() {
    let mut broker = tokio::task::spawn_blocking(testkit::Rabbit::start_private).await.unwrap();
    let world = World::with_broker(Kind::Rabbit, &broker.url()).await;
    let recorder = Recorder::new("all");
    world.declare(&recorder).await;
    let running = [world.run(&world.producer, vec![]), world.run(&world.consumer, vec![recorder.consumer()])];
    for n in 0..50 {
        world.publish("k", n).await;
    }
    world.wait_for_effects("all", 1).await;
    let mut broker = tokio::task::spawn_blocking(move || {
        broker.stop();
        broker
    })
    .await
    .unwrap();
    for n in 50..250 {
        world.publish("k", n).await;
    }
    testkit::wait_for("an outbox that grows old", LIMIT, || async {
        let status = events::status(&world.producer).await.unwrap();
        (status.outbox_pending >= 200 && status.outbox_oldest_age_seconds >= 2).then_some(())
    })
    .await;
    let broker = tokio::task::spawn_blocking(move || {
        broker.start();
        broker
    })
    .await
    .unwrap();
    let effects = world.wait_for_effects("all", 250).await;
    assert_eq!(effects, (0..250).collect::<Vec<_>>(), "nothing lost, nothing twice, in order");
    world.outbox_is_empty().await;
    for running in running {
        running.stop().await;
    }
    drop(broker);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_is_killed_again_and_again_loses_nothing() {
    let mut broker = tokio::task::spawn_blocking(testkit::Rabbit::start_private).await.unwrap();
    let world = World::with_broker(Kind::Rabbit, &broker.url()).await;
    let recorder = Recorder::new("all");
    world.declare(&recorder).await;
    let running = [world.run(&world.producer, vec![]), world.run(&world.consumer, vec![recorder.consumer()])];
    let queue = format!("{}.all", world.prefix);
    testkit::wait_until("the queue on the disk", LIMIT, || broker.remembers(&queue)).await;
    for round in 0..KILLS {
        let batch: Vec<(String, Counted)> =
            (round * 500..(round + 1) * 500).map(|n| (format!("k{}", n % 5), Counted { n })).collect();
        events::publish_many(world.producer.conn(), "default", &batch).await.unwrap();
        // In the middle of things: after some effects of this round.
        world.wait_for_effects("all", usize::try_from(round * 500 + 1).unwrap()).await;
        broker = tokio::task::spawn_blocking(move || {
            broker.kill();
            broker.start();
            broker
        })
        .await
        .unwrap();
        world.wait_for_effects("all", usize::try_from((round + 1) * 500).unwrap()).await;
        world.outbox_is_empty().await;
    }
    let mut effects = world.effects("all").await;
    effects.sort_unstable();
    assert_eq!(effects, (0..KILLS * 500).collect::<Vec<_>>(), "each once");
    for running in running {
        running.stop().await;
    }
    drop(broker);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_are_reset_again_and_again_lose_nothing() {
    let direct = tokio::task::spawn_blocking(|| testkit::amqp_url().to_owned()).await.unwrap();
    let (credentials, rest) = direct.split_once('@').unwrap();
    let (upstream, vhost) = rest.split_once('/').unwrap();
    let proxy = ChaosProxy::start(upstream).await;
    let world = World::with_broker(Kind::Rabbit, &format!("{credentials}@{}/{vhost}", proxy.address())).await;
    let recorder = Recorder::new("all");
    world.declare(&recorder).await;
    let running = [world.run(&world.producer, vec![]), world.run(&world.consumer, vec![recorder.consumer()])];
    for round in 0..5i64 {
        let batch: Vec<(String, Counted)> =
            (round * 300..(round + 1) * 300).map(|n| (format!("k{}", n % 5), Counted { n })).collect();
        events::publish_many(world.producer.conn(), "default", &batch).await.unwrap();
        // In the middle of things: after some effects of this round.
        world.wait_for_effects("all", usize::try_from(round * 300 + 1).unwrap()).await;
        proxy.set(if round % 2 == 0 { Chaos::Reset } else { Chaos::CutAnswers });
        let seen = proxy.connections();
        testkit::wait_until("attempts to reconnect", LIMIT, || proxy.connections() > seen).await;
        proxy.set(Chaos::Pass);
    }
    world.wait_for_effects("all", 1500).await;
    world.outbox_is_empty().await;
    let mut effects = world.effects("all").await;
    effects.sort_unstable();
    assert_eq!(effects, (0..1500).collect::<Vec<_>>(), "each once");
    for running in running {
        running.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_queue_that_somebody_deletes_is_declared_again() {
    let world = World::new(Kind::Rabbit).await;
    let recorder = Recorder::new("all");
    world.declare(&recorder).await;
    let running = [world.run(&world.producer, vec![]), world.run(&world.consumer, vec![recorder.consumer()])];
    let (_connection, channel) = channel(testkit::amqp_url()).await;
    let queue = format!("{}.all", world.prefix);
    channel.queue_delete(queue.as_str().into(), QueueDeleteOptions::default()).await.unwrap();
    testkit::wait_for("the queue to be back", LIMIT, || async { world.transport.backlog("all").await.ok() })
        .await;
    // Its bindings too.
    world.declare(&recorder).await;
    world.publish("k", 1).await;
    assert_eq!(world.wait_for_effects("all", 1).await, [1]);
    for running in running {
        running.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_single_active_consumer_keeps_the_order_of_a_key_across_processes() {
    let world = World::new(Kind::Rabbit).await;
    let (one, two) = (Recorder::in_process("all", "one"), Recorder::in_process("all", "two"));
    events::declare(world.transport.as_ref(), &[one.consumer().single_active().spec()]).await.unwrap();
    let other = rabbit(testkit::amqp_url(), &world.prefix);
    let running = [
        world.run(&world.consumer, vec![one.consumer().single_active()]),
        Running::start(&world.consumer, other, vec![two.consumer().single_active()]),
        world.run(&world.producer, vec![]),
    ];
    let many: Vec<(String, Counted)> = (0..600).map(|n| (format!("k{}", n % 3), Counted { n })).collect();
    events::publish_many(world.producer.conn(), "default", &many).await.unwrap();
    assert_eq!(world.wait_for_effects("all", 600).await, (0..600).collect::<Vec<_>>());
    for running in running {
        running.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_queue_with_other_settings_is_an_error_that_names_it() {
    let world = World::new(Kind::Rabbit).await;
    let (_connection, channel) = channel(testkit::amqp_url()).await;
    let queue = format!("{}.all", world.prefix);
    channel
        .queue_declare(queue.as_str().into(), QueueDeclareOptions::durable(), FieldTable::default())
        .await
        .unwrap();
    let recorder = Recorder::new("all");
    let error = events::declare(world.transport.as_ref(), &[recorder.consumer().spec()]).await.unwrap_err();
    assert!(format!("{error:#}").contains(&queue), "{error:#}");
}

#[tokio::test]
async fn a_broker_that_is_not_there_is_an_outcome_and_not_a_hang() {
    let port = testkit::free_port().unwrap();
    let transport = rabbit(&format!("amqp://guest:guest@127.0.0.1:{port}/%2f"), "it");
    let began = Instant::now();
    let outcomes = transport.publish(&[message(1), message(2)]).await;
    assert!(matches!(outcomes.as_slice(), [PublishOutcome::Unavailable(_), PublishOutcome::Unavailable(_)]));
    assert!(began.elapsed() < Duration::from_secs(20));
}

#[test]
fn a_wrong_url_or_ca_file_is_an_error_without_the_password() {
    let config = |url: &str, ca: Option<&str>| TransportConfig::Rabbit {
        url: url.to_owned().into(),
        ca_file: ca.map(Into::into),
        prefix: "it".to_owned(),
    };
    let error = |config: TransportConfig| format!("{:#}", config.connect().err().expect("an error"));
    assert!(error(config("http://user:topsecret@host/", None)).contains("amqp_url"));
    assert!(!error(config("http://user:topsecret@host/", None)).contains("topsecret"));
    assert!(error(config("amqps://h/", Some("/nowhere/ca.pem"))).contains("/nowhere/ca.pem"));
}
