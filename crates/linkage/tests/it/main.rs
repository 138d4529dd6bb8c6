//! What a user of the engine would notice.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]

mod bounds;
mod evidence;
mod hostile;
#[rustfmt::skip]
mod names;
mod quality;
mod register;
mod same_answer;
