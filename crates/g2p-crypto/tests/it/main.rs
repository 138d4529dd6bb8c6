//! What a user of the crate would notice, with the vectors of the RFCs.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod detached;
mod hash_and_seal;
mod keys;
mod message;
mod robustness;
mod support;
mod tokens;
mod vectors;
