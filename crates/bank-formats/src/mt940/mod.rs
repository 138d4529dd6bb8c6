//! SWIFT MT940 customer statements.
//!
//! The reader is made for files as banks send them: several statements in a file, any line end, with or without the
//! SWIFT envelope `{1:…}{4: … -}`, missing `:86:`, UTF-8 or Latin-1. A line that cannot be read becomes a
//! [`LineProblem`] of its statement and costs nothing but that line. The writer is strict: it refuses references that do
//! not fit and never writes text that a reader could take for a tag.
//!
//! One thing no reader can do: tell a well-formed `:61:` line that a bank let slip in from a payer's free text from a
//! real one. [`Statement::verify_balances`] shows it, because the sum no longer fits.

mod draft;
mod fields;
mod lines;
mod parser;
mod writer;

pub use crate::statement::{
    Balance, BalanceError, DebitCredit, Entry, LONGEST_REFERENCE, LineProblem, Mark, ReturnReason, Statement,
};
pub use parser::{Parser, Parts};
pub use writer::{
    MAX_ACCOUNT, MAX_NARRATIVE, MAX_NARRATIVES, MAX_REFERENCE, WriteError, fit_narrative, to_text, write,
};

/// Reads all statements of a file. Bytes that hold no statement give an empty list.
#[must_use]
pub fn parse(bytes: &[u8]) -> Vec<Statement> {
    // Reading from memory has no I/O errors to report.
    Parser::new(bytes).filter_map(Result::ok).collect()
}
