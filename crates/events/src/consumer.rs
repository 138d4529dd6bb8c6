//! A consumer: a name, the topics it wants, and a handler for each.

use std::{collections::BTreeMap, fmt, marker::PhantomData, sync::Arc, time::Duration};

use storage::DatabaseTransaction;

use crate::{Delivered, EventData, Handler, HandlerError, envelope::Envelope};

/// What a transport has to know of a consumer; declared at start, and better already when the schema is migrated, so
/// that events published before its first start wait for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsumerSpec {
    /// Unique among all services and stable for ever, for example `dedup.registrants`: the queue has its name.
    pub name: String,
    /// Exact topics.
    pub topics: Vec<String>,
    /// One process at a time consumes; see [`Consumer::single_active`].
    pub single_active: bool,
}

/// Receives the events of some topics for one purpose. Two consumers of one topic each get every event.
#[derive(Clone)]
pub struct Consumer {
    name: String,
    handlers: BTreeMap<&'static str, Arc<dyn AnyHandler>>,
    single_active: bool,
    pub(crate) max_attempts: i32,
    pub(crate) backoff: (Duration, Duration),
}

impl Consumer {
    /// A consumer without topics; ten attempts, after 1 s, 2 s, 4 s … 4 min.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            handlers: BTreeMap::new(),
            single_active: false,
            max_attempts: 10,
            backoff: (Duration::from_secs(1), Duration::from_secs(600)),
        }
    }

    /// A consumer of one topic: `Consumer::typed::<RegistrantsChanged, _>("dedup.registrants", handler)`.
    #[must_use]
    pub fn typed<E: EventData, H: Handler<E> + ?Sized + 'static>(
        name: impl Into<String>,
        handler: Arc<H>,
    ) -> Self {
        Self::new(name).on::<E, H>(handler)
    }

    /// Adds a topic.
    #[must_use]
    pub fn on<E: EventData, H: Handler<E> + ?Sized + 'static>(mut self, handler: Arc<H>) -> Self {
        self.handlers.insert(E::TOPIC, Arc::new(Typed::<E, H> { handler, event: PhantomData }));
        self
    }

    /// Attempts before an event becomes a dead letter, the delay after the first failure and the longest one; delays
    /// double in between.
    #[must_use]
    pub fn retries(mut self, max_attempts: u32, first: Duration, longest: Duration) -> Self {
        self.max_attempts = i32::try_from(max_attempts.max(1)).unwrap_or(i32::MAX);
        self.backoff = (first, longest.max(first));
        self
    }

    /// Over RabbitMQ only one process at a time consumes, so that the order of a key holds across processes too. (The
    /// Postgres transport keeps it always.) Cannot be changed for a queue that exists.
    #[must_use]
    pub fn single_active(mut self) -> Self {
        self.single_active = true;
        self
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What a transport has to know of it.
    #[must_use]
    pub fn spec(&self) -> ConsumerSpec {
        ConsumerSpec {
            name: self.name.clone(),
            topics: self.handlers.keys().map(|topic| (*topic).to_owned()).collect(),
            single_active: self.single_active,
        }
    }

    pub(crate) async fn handle(
        &self,
        tx: &DatabaseTransaction,
        event: &Envelope,
    ) -> Result<(), HandlerError> {
        match self.handlers.get(event.topic.as_str()) {
            Some(handler) => handler.handle(tx, event).await,
            // A newer version subscribed to it and shares the queue: one of its processes can take the retry.
            None => Err(HandlerError::retry(format!(
                "this version of {} has no handler for {}",
                self.name, event.topic
            ))),
        }
    }
}

impl fmt::Debug for Consumer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Consumer")
            .field("name", &self.name)
            .field("topics", &self.handlers.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

#[async_trait::async_trait]
trait AnyHandler: Send + Sync {
    async fn handle(&self, tx: &DatabaseTransaction, event: &Envelope) -> Result<(), HandlerError>;
}

struct Typed<E, H: ?Sized> {
    handler: Arc<H>,
    event: PhantomData<fn() -> E>,
}

#[async_trait::async_trait]
impl<E: EventData, H: Handler<E> + ?Sized> AnyHandler for Typed<E, H> {
    async fn handle(&self, tx: &DatabaseTransaction, event: &Envelope) -> Result<(), HandlerError> {
        let data = E::deserialize(&event.data).map_err(|error| {
            HandlerError::Reject(format!("the data of event {} does not fit {}: {error}", event.id, E::TOPIC))
        })?;
        let event = Delivered {
            id: event.id,
            tenant: event.tenant.clone(),
            key: event.subject.clone(),
            source: event.source.clone(),
            time: event.time,
            data,
        };
        self.handler.handle(tx, event).await
    }
}
