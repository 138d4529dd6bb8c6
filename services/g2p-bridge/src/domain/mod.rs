//! Types and rules without I/O: states, money at the edges, dates, addresses, matching of statement lines.

pub mod deadline;
pub mod disbursement;
pub mod envelope;
pub mod financial_address;
pub mod ids;
pub mod matching;
pub mod order;
pub mod proposal;
pub mod reason;
pub mod reckoning;
pub mod repeats;
pub mod schedule;
pub mod text;
