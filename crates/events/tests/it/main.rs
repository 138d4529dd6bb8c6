//! What services rely on when they publish and consume events: the same list for both transports.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod broker;
mod conformance;
mod poison;
mod relay;
mod support;
mod trace;
