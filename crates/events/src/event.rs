//! What an event is, and who handles it.

use std::fmt;

use schemars::JsonSchema;
use serde::{Serialize, de::DeserializeOwned};
use storage::DatabaseTransaction;
use time::OffsetDateTime;
use uuid::Uuid;

/// The data of one type of event. Within a version fields are only added, and those are optional.
/// Events carry ids, pseudonyms and states, never personal data: they are stored and shown to operators.
pub trait EventData: Serialize + DeserializeOwned + JsonSchema + Send + Sync + 'static {
    /// `<service>.<aggregate>.<event>.v<N>`, for example `social-registry.registrants.changed.v1`.
    const TOPIC: &'static str;
}

/// JSON Schema of one type of event, for `proto/events/<topic>.json`.
#[derive(Debug, Clone, PartialEq)]
pub struct EventSchema {
    /// The topic.
    pub topic: &'static str,
    /// Schema of the event's `data`.
    pub schema: serde_json::Value,
}

impl EventSchema {
    /// The schema of `E`, with the topic as its `$id`.
    #[must_use]
    pub fn of<E: EventData>() -> Self {
        let mut schema = schemars::schema_for!(E).to_value();
        if let Some(object) = schema.as_object_mut() {
            object.insert("$id".to_owned(), format!("urn:openg2p:event:{}", E::TOPIC).into());
        }
        Self { topic: E::TOPIC, schema }
    }
}

/// An event as a handler gets it.
#[derive(Debug, Clone)]
pub struct Delivered<E> {
    /// The same for each delivery of the same event.
    pub id: Uuid,
    /// Whose event it is.
    pub tenant: String,
    /// What it is about: events of one tenant and key arrive in the order they were published. When a consumer runs
    /// in several processes over RabbitMQ the order holds within each of them only; compare versions or states.
    pub key: String,
    /// Schema of the service that published it, for example `social_registry`.
    pub source: String,
    /// When it was published by the business transaction.
    pub time: OffsetDateTime,
    /// What happened.
    pub data: E,
}

/// Applies one type of event.
#[async_trait::async_trait]
pub trait Handler<E>: Send + Sync {
    /// Applies the event inside `tx`, which also records the event as applied: both are committed together or not at
    /// all, so the effect happens exactly once. Write through `tx` only. No HTTP and nothing else that a rollback
    /// cannot undo: enqueue a job in `tx` for that. Several events may share one transaction.
    ///
    /// # Errors
    /// [`HandlerError::Retry`] to see the event again after a growing delay, [`HandlerError::Reject`] to put it into
    /// `dead_letter` at once.
    async fn handle(&self, tx: &DatabaseTransaction, event: Delivered<E>) -> Result<(), HandlerError>;
}

/// Why an event could not be applied. The text is stored and logged: keep personal data out of it.
#[derive(Debug)]
pub enum HandlerError {
    /// Worth another attempt.
    Retry(anyhow::Error),
    /// No attempt can succeed.
    Reject(String),
}

impl HandlerError {
    /// A retryable failure from a text.
    pub fn retry(message: impl Into<String>) -> Self {
        Self::Retry(anyhow::Error::msg(message.into()))
    }
}

impl fmt::Display for HandlerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Retry(error) => write!(f, "{error:#}"),
            Self::Reject(message) => f.write_str(message),
        }
    }
}

impl<E: Into<anyhow::Error>> From<E> for HandlerError {
    fn from(error: E) -> Self {
        Self::Retry(error.into())
    }
}
