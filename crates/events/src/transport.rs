//! How messages get from one service to another. Exactly two implementations: RabbitMQ and Postgres.

use std::{path::PathBuf, sync::Arc};

use secrecy::SecretString;
use storage::{Db, SchemaState, StoreResult};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{ConsumerSpec, postgres::PostgresTransport, rabbit::RabbitTransport};

/// A message to be published.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// Id of the outbox row: the message id.
    pub id: Uuid,
    /// Whose event it is.
    pub tenant: String,
    /// Topic: the routing key.
    pub topic: String,
    /// What it is about.
    pub key: String,
    /// The envelope.
    pub body: Vec<u8>,
}

/// What became of one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PublishOutcome {
    /// It is safe with the transport.
    Published,
    /// The transport answered that it has no place for it: somebody must look at the broker.
    Unroutable,
    /// The transport refused it.
    Refused(String),
    /// The transport did not answer, or not in time. It may have the message: publish it again.
    Unavailable(String),
}

/// A received message.
#[derive(Debug)]
pub struct Incoming {
    /// The envelope, as yet unchecked.
    pub body: Vec<u8>,
    /// How often it was handed out before without an answer; a process may have died of it.
    pub redeliveries: u32,
    pub(crate) tag: Tag,
}

/// How a transport knows a message that it handed out.
#[derive(Debug, Clone)]
pub(crate) enum Tag {
    Postgres { tenant: String, message: Uuid },
    Rabbit(u64),
}

/// The answer to a received message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settlement {
    /// It is dealt with.
    Ack,
    /// Hand it out again.
    Requeue,
    /// It is no event: RabbitMQ keeps it in the consumer's dead-letter queue.
    Reject,
}

/// A way for messages to get from one service to another, durable and at least once.
#[async_trait::async_trait]
pub trait Transport: Send + Sync {
    /// `postgres` or `rabbitmq`, for logs and metrics.
    fn name(&self) -> &'static str;

    /// Publishes the messages, and waits until they are safe; one outcome for each, in the same order.
    async fn publish(&self, messages: &[Outgoing]) -> Vec<PublishOutcome>;

    /// Makes the transport keep messages of these topics for this consumer from now on.
    ///
    /// # Errors
    /// When the transport cannot be reached or has something else under that name.
    async fn declare(&self, consumer: &ConsumerSpec) -> anyhow::Result<()>;

    /// Begins to consume. Reconnects by itself as long as it is asked for batches.
    ///
    /// # Errors
    /// As [`Transport::declare`].
    async fn subscribe(&self, consumer: &ConsumerSpec) -> anyhow::Result<Box<dyn Subscription>>;

    /// Messages that the consumer has not dealt with: those that wait and those that are handed out without an answer.
    /// RabbitMQ tells of waiting ones only: of those handed out, the ones that this process works on are counted.
    ///
    /// # Errors
    /// When the transport cannot be reached or does not know the consumer.
    async fn backlog(&self, consumer: &str) -> anyhow::Result<u64>;

    /// Whether the transport's tables, when it has some, are as the code needs them.
    ///
    /// # Errors
    /// When the database cannot be asked.
    async fn schema_state(&self) -> StoreResult<SchemaState>;
}

/// The receiving end of one consumer in one process.
#[async_trait::async_trait]
pub trait Subscription: Send {
    /// Waits for messages and returns some of them, at most `max`; none when `stop` fires.
    ///
    /// # Errors
    /// When the transport is not reachable; ask again after a while.
    async fn next_batch(&mut self, max: usize, stop: &CancellationToken) -> anyhow::Result<Vec<Incoming>>;

    /// Answers messages of the last batch.
    ///
    /// # Errors
    /// When the transport is not reachable: it will hand them out again.
    async fn settle(&mut self, answers: Vec<(Incoming, Settlement)>) -> anyhow::Result<()>;

    /// Gives back what was received but not answered, and stops.
    async fn close(&mut self);
}

/// Which transport, and where.
#[derive(Debug, Clone)]
pub enum TransportConfig {
    /// RabbitMQ 3.10 to 4.x.
    Rabbit {
        /// `amqp://` or `amqps://`. Never logged.
        url: SecretString,
        /// PEM file with the certificate authorities to trust.
        ca_file: Option<PathBuf>,
        /// First part of the names of exchanges and queues: `openg2p`.
        prefix: String,
    },
    /// Postgres.
    Postgres {
        /// Bound to the schema that [`crate::postgres::MIGRATIONS`] made: `openg2p_events`.
        db: Db,
    },
}

impl TransportConfig {
    /// Makes the transport. Nothing is connected yet: a broker that is down delays events, not the start.
    ///
    /// # Errors
    /// When the CA file cannot be read or the URL is not an AMQP URL.
    pub fn connect(self) -> anyhow::Result<Arc<dyn Transport>> {
        Ok(match self {
            Self::Rabbit { url, ca_file, prefix } => {
                Arc::new(RabbitTransport::new(&url, ca_file.as_deref(), &prefix)?)
            }
            Self::Postgres { db } => Arc::new(PostgresTransport::new(db)),
        })
    }
}
