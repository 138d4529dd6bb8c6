//! Consuming with manual acknowledgement.

use std::sync::{
    Arc, Mutex, PoisonError, Weak,
    atomic::{AtomicU64, Ordering},
};

use anyhow::anyhow;
use futures_util::{FutureExt, StreamExt};
use lapin::{
    Channel, Consumer,
    message::Delivery,
    options::{BasicAckOptions, BasicConsumeOptions, BasicNackOptions, BasicQosOptions, BasicRejectOptions},
    types::{AMQPValue, FieldTable},
};
use tokio_util::sync::CancellationToken;

use super::{topology, topology::Names};
use crate::{ConsumerSpec, Incoming, Settlement, Subscription, transport::Tag};

/// Messages that wait in this process: two batches, so that the next one is here when the first is committed.
const PREFETCH: u16 = 64;

/// What the subscriptions of this process have received and not answered, by the name of the consumer.
#[derive(Default)]
pub(super) struct Held(Mutex<Vec<(String, Weak<AtomicU64>)>>);

impl Held {
    pub(super) fn of(&self, consumer: &str) -> u64 {
        let counters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let ours = counters.iter().filter(|(name, _)| name == consumer);
        ours.filter_map(|(_, count)| Some(count.upgrade()?.load(Ordering::SeqCst))).sum()
    }

    /// A counter that is forgotten when its subscription ends: the broker has the messages again then.
    fn counter(&self, consumer: &str) -> Arc<AtomicU64> {
        let counter = Arc::new(AtomicU64::new(0));
        let mut counters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counters.retain(|(_, count)| count.strong_count() > 0);
        counters.push((consumer.to_owned(), Arc::downgrade(&counter)));
        counter
    }
}

pub(super) struct RabbitSubscription {
    channel: Channel,
    consumer: Consumer,
    name: String,
    held: Arc<AtomicU64>,
}

impl RabbitSubscription {
    pub(super) async fn open(
        channel: Channel,
        names: &Names,
        spec: &ConsumerSpec,
        held: &Held,
    ) -> anyhow::Result<Self> {
        topology::declare_base(&channel, names).await?;
        topology::declare_consumer(&channel, names, spec).await?;
        channel.basic_qos(PREFETCH, BasicQosOptions::default()).await?;
        let consumer = channel
            .basic_consume(
                names.queue(&spec.name).into(),
                "".into(),
                BasicConsumeOptions::default(),
                FieldTable::default(),
            )
            .await?;
        Ok(Self { channel, consumer, name: spec.name.clone(), held: held.counter(&spec.name) })
    }

    fn received(&self, next: Option<lapin::Result<Delivery>>) -> anyhow::Result<Incoming> {
        match next {
            Some(Ok(delivery)) => {
                self.held.fetch_add(1, Ordering::SeqCst);
                Ok(incoming(delivery))
            }
            Some(Err(error)) => Err(error.into()),
            None => Err(anyhow!("RabbitMQ ended the consumption of {}; was its queue deleted?", self.name)),
        }
    }
}

fn incoming(delivery: Delivery) -> Incoming {
    let counted = delivery
        .properties
        .headers()
        .as_ref()
        .and_then(|h| h.inner().get("x-delivery-count"))
        .and_then(count);
    Incoming {
        redeliveries: counted.unwrap_or(u32::from(delivery.redelivered)),
        tag: Tag::Rabbit(delivery.delivery_tag),
        body: delivery.data,
    }
}

fn count(value: &AMQPValue) -> Option<u32> {
    match value {
        AMQPValue::LongLongInt(n) => u32::try_from(*n).ok(),
        AMQPValue::LongInt(n) => u32::try_from(*n).ok(),
        AMQPValue::LongUInt(n) => Some(*n),
        AMQPValue::ShortInt(n) => u32::try_from(*n).ok(),
        AMQPValue::ShortShortInt(n) => u32::try_from(*n).ok(),
        AMQPValue::ShortShortUInt(n) => Some(u32::from(*n)),
        AMQPValue::ShortUInt(n) => Some(u32::from(*n)),
        _ => None,
    }
}

#[async_trait::async_trait]
impl Subscription for RabbitSubscription {
    async fn next_batch(&mut self, max: usize, stop: &CancellationToken) -> anyhow::Result<Vec<Incoming>> {
        let first = tokio::select! {
            biased;
            () = stop.cancelled() => return Ok(Vec::new()),
            next = self.consumer.next() => next,
        };
        let mut batch = vec![self.received(first)?];
        while batch.len() < max {
            match self.consumer.next().now_or_never() {
                Some(next) => batch.push(self.received(next)?),
                None => break,
            }
        }
        Ok(batch)
    }

    async fn settle(&mut self, answers: Vec<(Incoming, Settlement)>) -> anyhow::Result<()> {
        for (incoming, settlement) in answers {
            let Tag::Rabbit(tag) = incoming.tag else { continue };
            match settlement {
                Settlement::Ack => self.channel.basic_ack(tag, BasicAckOptions::default()).await?,
                Settlement::Requeue => {
                    let options = BasicNackOptions { requeue: true, ..BasicNackOptions::default() };
                    self.channel.basic_nack(tag, options).await?;
                }
                Settlement::Reject => {
                    self.channel.basic_reject(tag, BasicRejectOptions { requeue: false }).await?;
                }
            }
            self.held.fetch_sub(1, Ordering::SeqCst);
        }
        Ok(())
    }

    /// The broker gives unanswered messages to other processes when the channel closes.
    async fn close(&mut self) {
        let _ = self.channel.close(200, "stopped".into()).await;
    }
}
