//! The formats banks speak, read and written without I/O of their own.
//!
//! * [`mt940`]: SWIFT MT940 customer statements;
//! * [`iso20022`]: statements and notifications (camt.053, camt.054), payment orders (pain.001) and the answers to them
//!   (pain.002);
//! * [`statements`]: reads whatever of them a bank sent, told apart by its content.

pub mod iso20022;
pub mod mt940;
mod statement;

use std::io;

pub use statement::{Format, Movement, Part, Tail};

/// Reads all statements of a file: XML as camt.053 or camt.054, anything else as MT940. Bytes that hold no statement
/// give an empty list.
#[must_use]
pub fn statements(bytes: &[u8]) -> Vec<mt940::Statement> {
    if is_xml(bytes) { iso20022::camt::parse(bytes) } else { mt940::parse(bytes) }
}

/// Reads the statements of a file part by part, in bounded memory: XML as camt.053 or camt.054, anything else as MT940.
/// Yields an error only when the input cannot be read; then it ends.
pub fn parts<R: io::BufRead>(mut input: R) -> io::Result<Parts<R>> {
    let xml = is_xml(input.fill_buf()?);
    Ok(if xml {
        Parts::Camt(Box::new(iso20022::camt::Parser::new(input)))
    } else {
        Parts::Mt940(Box::new(mt940::Parts::new(input)))
    })
}

/// See [`parts`].
pub enum Parts<R> {
    /// ISO 20022.
    Camt(Box<iso20022::camt::Parser<R>>),
    /// SWIFT.
    Mt940(Box<mt940::Parts<R>>),
}

impl<R: io::BufRead> Iterator for Parts<R> {
    type Item = io::Result<Part>;

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::Camt(parts) => parts.next(),
            Self::Mt940(parts) => parts.next(),
        }
    }
}

/// Whether the first character that is no white space (nor a byte order mark) opens a tag. An MT940 file never does:
/// it begins with `:` or `{`.
#[must_use]
pub fn is_xml(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    bytes.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'<')
}

/// How much of a file is looked at to tell what it is.
const HEAD: usize = 64 * 1024;

/// Whether a file, of which the first bytes are given, is a report on payments (pain.002).
#[must_use]
pub fn is_pain002(bytes: &[u8]) -> bool {
    let head = bytes.get(..HEAD).unwrap_or(bytes);
    is_xml(head) && iso20022::message_of(head).as_deref() == Some("CstmrPmtStsRpt")
}
