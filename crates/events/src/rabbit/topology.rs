//! Exchanges and queues. Declaring what is there already is a no-op.

use anyhow::Context;
use lapin::{
    Channel, ExchangeKind,
    options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions},
    types::{AMQPValue, FieldTable, ShortString},
};

use crate::ConsumerSpec;

/// A week: time enough to notice that a consumer was never declared.
const UNROUTED_TTL_MS: i32 = 7 * 24 * 3600 * 1000;
const UNROUTED_MAX: i32 = 100_000;
/// Far above what the runtime itself lets happen; see `consume::SUSPICIOUS`.
const DELIVERY_LIMIT: i32 = 100;

/// Names of everything, from the prefix.
#[derive(Debug, Clone)]
pub(super) struct Names {
    prefix: String,
}

impl Names {
    pub(super) fn new(prefix: &str) -> Self {
        Self { prefix: prefix.to_owned() }
    }

    pub(super) fn events(&self) -> String {
        format!("{}.events", self.prefix)
    }

    pub(super) fn unrouted(&self) -> String {
        format!("{}.unrouted", self.prefix)
    }

    pub(super) fn dead(&self) -> String {
        format!("{}.dlx", self.prefix)
    }

    pub(super) fn queue(&self, consumer: &str) -> String {
        format!("{}.{consumer}", self.prefix)
    }

    pub(super) fn dead_queue(&self, consumer: &str) -> String {
        format!("{}.{consumer}.dlq", self.prefix)
    }
}

/// What publishers need.
pub(super) async fn declare_base(channel: &Channel, names: &Names) -> anyhow::Result<()> {
    let (events, unrouted, dead) = (names.events(), names.unrouted(), names.dead());
    exchange(channel, &unrouted, ExchangeKind::Fanout, FieldTable::default()).await?;
    let mut keep = quorum();
    keep.insert("x-message-ttl".into(), AMQPValue::LongInt(UNROUTED_TTL_MS));
    keep.insert("x-max-length".into(), AMQPValue::LongInt(UNROUTED_MAX));
    keep.insert("x-overflow".into(), text("drop-head"));
    queue(channel, &unrouted, keep).await?;
    bind(channel, &unrouted, &unrouted, "").await?;
    let mut alternate = FieldTable::default();
    alternate.insert("alternate-exchange".into(), text(&unrouted));
    exchange(channel, &events, ExchangeKind::Topic, alternate).await?;
    exchange(channel, &dead, ExchangeKind::Direct, FieldTable::default()).await
}

/// What one consumer needs. Bindings are only added: a process of the version before may still want the others.
pub(super) async fn declare_consumer(
    channel: &Channel,
    names: &Names,
    consumer: &ConsumerSpec,
) -> anyhow::Result<()> {
    let (events, name, dead) =
        (names.events(), names.queue(&consumer.name), names.dead_queue(&consumer.name));
    queue(channel, &dead, quorum()).await?;
    bind(channel, &dead, &names.dead(), &name).await?;
    let mut arguments = quorum();
    arguments.insert("x-dead-letter-exchange".into(), text(&names.dead()));
    arguments.insert("x-dead-letter-routing-key".into(), text(&name));
    // A rejected message leaves the queue when the other queue has it, not before.
    arguments.insert("x-dead-letter-strategy".into(), text("at-least-once"));
    arguments.insert("x-overflow".into(), text("reject-publish"));
    arguments.insert("x-delivery-limit".into(), AMQPValue::LongInt(DELIVERY_LIMIT));
    if consumer.single_active {
        arguments.insert("x-single-active-consumer".into(), AMQPValue::Boolean(true));
    }
    queue(channel, &name, arguments).await?;
    for topic in &consumer.topics {
        bind(channel, &name, &events, topic).await?;
    }
    Ok(())
}

fn quorum() -> FieldTable {
    let mut table = FieldTable::default();
    table.insert("x-queue-type".into(), text("quorum"));
    table
}

fn text(value: &str) -> AMQPValue {
    AMQPValue::LongString(value.into())
}

fn short(value: &str) -> ShortString {
    value.into()
}

async fn exchange(
    channel: &Channel,
    name: &str,
    kind: ExchangeKind,
    arguments: FieldTable,
) -> anyhow::Result<()> {
    let options = ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() };
    channel.exchange_declare(short(name), kind, options, arguments).await.with_context(|| {
        format!("the exchange {name} cannot be declared; if it exists with other settings, delete it")
    })
}

async fn queue(channel: &Channel, name: &str, arguments: FieldTable) -> anyhow::Result<()> {
    channel.queue_declare(short(name), QueueDeclareOptions::durable(), arguments).await.with_context(
        || {
            format!(
                "the queue {name} cannot be declared; if it exists with other settings, drain and delete it"
            )
        },
    )?;
    Ok(())
}

async fn bind(channel: &Channel, queue: &str, exchange: &str, key: &str) -> anyhow::Result<()> {
    channel
        .queue_bind(
            short(queue),
            short(exchange),
            short(key),
            QueueBindOptions::default(),
            FieldTable::default(),
        )
        .await
        .with_context(|| format!("the queue {queue} cannot be bound to {exchange}"))
}
