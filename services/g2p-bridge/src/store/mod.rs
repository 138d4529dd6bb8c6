//! Rows and statements. Everything that touches many rows is one statement over arrays.

pub mod attempts;
pub mod brakes;
pub mod calls;
pub mod changes;
pub mod chunks;
pub mod desk;
pub mod disbursements;
pub mod envelopes;
pub mod funds;
pub mod lines;
pub mod lists;
pub mod messages;
pub mod notifications;
pub mod orders;
pub mod overdue;
pub mod payments;
pub mod programs;
pub mod progress;
pub mod proposals;
pub mod read;
pub mod reissues;
pub mod restores;
pub mod statement_rows;
pub mod statements;
pub mod tally;
