//! The transport for production: RabbitMQ 3.10 to 4.x, with plain AMQP 0-9-1 and no plug-in.
//!
//! Names, with the prefix `openg2p`:
//! - `openg2p.events`, durable topic exchange; the routing key is the topic;
//! - `openg2p.<consumer>`, one quorum queue for each consumer, bound to its topics;
//! - `openg2p.<consumer>.dlq`, where the broker puts messages that were rejected as no events, or handed out a hundred
//!   times without an answer;
//! - `openg2p.unrouted`, alternate exchange and queue: events that no consumer is bound for, kept for a week.
//!
//! Connections for publishing and consuming are separate, because a broker under pressure blocks publishers.

mod connection;
mod publish;
mod subscribe;
mod topology;

use std::{path::Path, sync::Arc};

use anyhow::Context;
use lapin::options::QueueDeclareOptions;
use secrecy::SecretString;
use storage::{SchemaState, StoreResult};

use crate::{ConsumerSpec, Outgoing, PublishOutcome, Subscription, Transport};
use connection::Link;
use publish::Publisher;
use subscribe::{Held, RabbitSubscription};
use topology::Names;

/// Events through RabbitMQ.
pub struct RabbitTransport {
    names: Names,
    consuming: Link,
    publisher: Publisher,
    held: Arc<Held>,
}

impl RabbitTransport {
    /// Nothing is connected yet.
    ///
    /// # Errors
    /// When the CA file cannot be read or the URL is not an AMQP URL. The URL is not part of the error.
    pub fn new(url: &SecretString, ca_file: Option<&Path>, prefix: &str) -> anyhow::Result<Self> {
        let ca = match ca_file {
            Some(file) => Some(
                std::fs::read_to_string(file)
                    .with_context(|| format!("the AMQP CA file {} cannot be read", file.display()))?,
            ),
            None => None,
        };
        let names = Names::new(prefix);
        Ok(Self {
            publisher: Publisher::new(Link::new(url, ca.clone(), "openg2p publish")?, names.clone()),
            consuming: Link::new(url, ca, "openg2p consume")?,
            names,
            held: Arc::default(),
        })
    }
}

#[async_trait::async_trait]
impl Transport for RabbitTransport {
    fn name(&self) -> &'static str {
        "rabbitmq"
    }

    async fn publish(&self, messages: &[Outgoing]) -> Vec<PublishOutcome> {
        self.publisher.publish(messages).await
    }

    async fn declare(&self, consumer: &ConsumerSpec) -> anyhow::Result<()> {
        let channel = self.consuming.channel().await?;
        topology::declare_base(&channel, &self.names).await?;
        topology::declare_consumer(&channel, &self.names, consumer).await?;
        // Closed by its drop anyway.
        let _ = channel.close(200, "done".into()).await;
        Ok(())
    }

    async fn subscribe(&self, consumer: &ConsumerSpec) -> anyhow::Result<Box<dyn Subscription>> {
        let channel = self.consuming.channel().await?;
        Ok(Box::new(RabbitSubscription::open(channel, &self.names, consumer, &self.held).await?))
    }

    async fn backlog(&self, consumer: &str) -> anyhow::Result<u64> {
        let channel = self.consuming.channel().await?;
        let passive = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
        let queue = channel
            .queue_declare(self.names.queue(consumer).into(), passive, lapin::types::FieldTable::default())
            .await
            .with_context(|| format!("the queue of {consumer} cannot be asked"))?;
        // Closed by its drop anyway.
        let _ = channel.close(200, "done".into()).await;
        Ok(u64::from(queue.message_count()) + self.held.of(consumer))
    }

    async fn schema_state(&self) -> StoreResult<SchemaState> {
        Ok(SchemaState::Current)
    }
}
