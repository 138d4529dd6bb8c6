//! ISO 20022 messages between a bank and its customer: the parts of them that payments need.
//!
//! Readers take elements by their name in any version and namespace of the message, skip what they do not know, and are
//! made for files of strangers: no document type declaration, no entities of a file's own, bounded depth, length and
//! memory. Writers write `camt.053.001.08`, `pain.001.001.09` and `pain.002.001.10`; they never cut an identifier and
//! never let a text become markup.

pub mod camt;
pub mod pain001;
pub mod pain002;
mod write;
mod xml;

pub use write::{MAX_ACCOUNT, MAX_ID, MAX_NAME, MAX_TEXT, WriteError, fit_text};

/// The element below `Document`, which names the message; `None` when the bytes hold none.
#[must_use]
pub fn message_of(bytes: &[u8]) -> Option<String> {
    let mut pull = xml::Pull::new(bytes);
    while let Ok(node) = pull.step() {
        match node {
            xml::Node::End => return None,
            xml::Node::Open if !pull.path().is_empty() => return Some(pull.path().to_owned()),
            _ => {}
        }
    }
    None
}
