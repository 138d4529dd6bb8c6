//! What a user of the crate would notice.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod arithmetic;
mod currencies;
mod json;
mod parsing;
