//! What a sponsor, a bridge and an auditor rely on.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod access;
mod faults;
mod funds;
mod ledger_rules;
mod payments;
mod speed;
mod statements;
mod support;
