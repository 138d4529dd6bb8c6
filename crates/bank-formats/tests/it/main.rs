//! The formats as a bank's customer would notice them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod camt;
mod fuzz;
mod iso_round_trip;
mod pain;
mod reading;
mod robustness;
mod round_trip;
mod writing;
