//! The bridge on a real database, between a programme system, a mapper and a bank that misbehave on demand.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod admission;
mod bank;
mod banks;
mod camt;
mod cancel;
mod connectors;
mod deadlines;
mod desk;
mod disburse;
mod disburse_later;
mod disburse_spec;
mod files;
mod hub;
mod large_statements;
mod mapper;
mod model;
mod notify;
mod operators;
mod paying;
mod plans;
mod refusals;
mod restored;
mod speed;
mod statement_of;
mod statements;
mod treasury;
mod v1;
mod world;
