//! What every service gets from the platform, seen from outside: a toy service over HTTP, on a real Postgres.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod auth;
mod calls;
mod errors;
mod hostile;
mod lifecycle;
mod operations;
mod replay;
mod serving;
mod support;
mod tls;
mod toy;
