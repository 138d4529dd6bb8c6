//! Integration tests: the service on a database of its own, with a registry and a bridge made of a few lines each.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod bridge;
mod registry;
mod support;

mod access;
mod approvals;
mod disburse;
mod enrol;
mod events;
mod funds;
mod lookups;
mod programs;
mod pull;
mod rules;
