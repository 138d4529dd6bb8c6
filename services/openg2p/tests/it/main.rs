//! The binary as a whole.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod check_payments;
mod helpdesk;
mod self_service;
mod surface;
