//! The formats banks speak, read and written without I/O of their own.
//!
//! * [`mt940`]: SWIFT MT940 customer statements;
//! * [`iso20022`]: statements and notifications (camt.053, camt.054), payment orders (pain.001) and the answers to them
//!   (pain.002);
//! * [`statements`]: reads whatever of them a bank sent, told apart by its content.

pub mod iso20022;
pub mod mt940;
mod statement;

pub use statement::Format;

/// Reads all statements of a file: XML as camt.053 or camt.054, anything else as MT940. Bytes that hold no statement
/// give an empty list.
#[must_use]
pub fn statements(bytes: &[u8]) -> Vec<mt940::Statement> {
    if is_xml(bytes) { iso20022::camt::parse(bytes) } else { mt940::parse(bytes) }
}

/// Whether the first character that is no white space (nor a byte order mark) opens a tag. An MT940 file never does:
/// it begins with `:` or `{`.
#[must_use]
pub fn is_xml(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    bytes.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'<')
}
