//! What services rely on when they hand work to this crate.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod failure;
mod lease;
mod queue;
mod support;
mod trace;
