//! MT940 as a bank's customer would notice it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod reading;
mod robustness;
mod round_trip;
mod writing;
