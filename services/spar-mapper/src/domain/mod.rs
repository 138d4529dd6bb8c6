//! Rules of the mapper, without I/O: items and findings in no dialect, the texts clients match on, and strategies.

mod item;
mod pending;
mod strategy;
mod transaction;

pub use item::{Finding, Item, MAX_VALUE, Operation, Question, Refusal, Scope, admit, text};
pub use pending::{PendingState, PendingStep};
pub use strategy::{ESCAPED, Fields, Strategy, StrategyError};
pub use transaction::{TransactionState, TransactionStep};
