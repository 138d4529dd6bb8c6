//! What the tests stand on: a Postgres and a RabbitMQ of their own, a database per test, a proxy that breaks
//! connections, and polling instead of sleeping.
//!
//! A dev-dependency only, so it panics with a clear message where a test could not go on anyway.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod chaos;
mod exclusive;
#[cfg(feature = "service")]
mod issuer;
#[cfg(feature = "service")]
mod otlp;
mod postgres;
mod program;
mod rabbitmq;
#[cfg(feature = "service")]
mod reply;
#[cfg(feature = "service")]
mod service;
mod testdb;
mod tls;
mod wait;

pub use chaos::{Chaos, ChaosProxy};
pub use exclusive::{Exclusive, exclusive};
#[cfg(feature = "service")]
pub use issuer::TestIssuer;
#[cfg(feature = "service")]
pub use otlp::{OtlpReceiver, SpanSeen};
pub use postgres::{PrivatePostgres, postgres_url, servers_dir};
pub use program::program;
pub use rabbitmq::{Rabbit, amqp_url};
#[cfg(feature = "service")]
pub use reply::Reply;
#[cfg(feature = "service")]
pub use service::{Session, TestPartner, TestService, schema_of};
pub use storage::cluster::free_port;
pub use testdb::TestDb;
pub use tls::{HttpsServer, ServerCert, TestCa};
pub use wait::{wait_for, wait_until};

/// A name that no other test uses: for exchanges, queues, message ids.
#[must_use]
pub fn unique(prefix: &str) -> String {
    format!("{prefix}-{}", uuid::Uuid::new_v4().simple())
}
