//! The bank's rules, without I/O.

mod closed;
mod faults;
mod instruction;
mod multipart;
mod payment;
mod statement;

pub use closed::ClosedAccounts;
pub use faults::{Fault, Faults};
pub use instruction::{Instruction, Order, PayeeKind, is_customer_account};
pub use multipart::{Multipart, statement_upload};
pub use payment::{Event, State as PaymentState, WrongTransition, reason, transition};
pub use statement::{Draft, Line, LineKind, StatementError, Written, to_text};
