//! Statements (camt.053) and debit and credit notifications (camt.054).
//!
//! An entry without details is one line. An entry with details (a batch booking) is one line for each transaction: that
//! is where the payments' ids stand. The amount of a lone transaction is the entry's, which is what moved on the account.
//! An entry that is pending or for information has not moved anything and is left out.
//!
//! A credit that is marked as reversal, or that gives a reason of return, takes a debit back: `RD` of MT940; the other
//! way round it is `RC`.
//!
//! What cannot be read in an entry costs that entry. Where the file stops being XML, what came before counts, and a
//! problem says that it was cut off; the balances then show what is missing.

mod balance;
mod entry;
mod head;
mod reader;
mod writer;

use std::io::BufRead;

pub use crate::statement::Part;
pub use reader::{Parser, Statements};
pub use writer::{to_text, write};

use crate::statement::Statement;

/// Reads all statements of a file. Bytes that hold no statement give an empty list.
#[must_use]
pub fn parse(bytes: &[u8]) -> Vec<Statement> {
    // Reading from memory has no I/O errors to report.
    statements(bytes).filter_map(Result::ok).collect()
}

/// Reads statement by statement; holds one in memory. [`Parser`] holds one entry.
pub fn statements<R: BufRead>(input: R) -> Statements<R> {
    Statements::new(Parser::new(input))
}
