//! Events between services: outbox, relay, transports, inbox, retries, dead letters.
//!
//! [`publish`] writes a row into the service's `outbox` inside the caller's transaction. The relay hands committed rows
//! to the transport, RabbitMQ or Postgres, and marks them when the transport has answered for each. A [`Consumer`] gets
//! every event of its topics at least once; its inbox makes the effect happen exactly once. An event that fails is
//! parked in the consumer's own schema and tried again after growing delays, with the later events of its key behind
//! it; in the end it becomes a row of `dead_letter`, which people [`redrive`] or drop. All of that is the same for both
//! transports: a [`Transport`] only carries messages.
//!
//! An event that no consumer subscribed to is not an error: the Postgres transport has nothing to insert, and on
//! RabbitMQ the alternate exchange keeps it for a week in `<prefix>.unrouted`. A message that even this queue does not
//! take is returned by the broker, stays in the outbox and counts in `events_unroutable_total`.

mod apply;
mod consume;
mod consumer;
mod dead_letter;
mod envelope;
mod event;
mod listen;
mod metrics;
mod options;
mod parked;
pub mod postgres;
mod publish;
pub mod rabbit;
mod relay;
mod run;
mod status;
mod transport;

use storage::SqlMigration;

pub use consumer::{Consumer, ConsumerSpec};
pub use dead_letter::{DeadLetter, dead_letters, drop_dead_letters, redrive};
pub use event::{Delivered, EventData, EventSchema, Handler, HandlerError};
pub use options::Options;
pub use publish::{publish, publish_many};
pub use run::{declare, run};
pub use status::{EventStatus, remove_old, status};
pub use transport::{
    Incoming, Outgoing, PublishOutcome, Settlement, Subscription, Transport, TransportConfig,
};

/// The tables of this crate; run in each service's schema, before the service's own steps.
pub const MIGRATIONS: &[SqlMigration] =
    &[SqlMigration { name: "events_m0001_events", sql: include_str!("../migrations/m0001_events.sql") }];
