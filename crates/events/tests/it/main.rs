//! What services rely on when they publish and consume events: the same list for both transports.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

/// A test for each transport.
macro_rules! on_both_transports {
    ($($name:ident)*) => {
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { super::$name(crate::support::World::new(crate::support::Kind::Postgres).await).await })*
        }
        mod rabbit {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { super::$name(crate::support::World::new(crate::support::Kind::Rabbit).await).await })*
        }
    };
}

mod broker;
mod conformance;
mod failures;
mod poison;
mod relay;
mod support;
mod tls;
mod trace;
