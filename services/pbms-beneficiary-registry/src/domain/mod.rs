//! Types and rules without I/O.

pub mod benefit;
pub mod cycle;
pub mod definition;
pub mod disbursement;
pub mod household;
pub mod identifier;
pub mod rule;
