//! Parse errors that can be shown and logged.

use serde_json::error::Category;

/// Why a body could not be read. Never repeats a value of the body: that could be a name or an account.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// Not JSON, or not UTF-8.
    #[error("{place} is not valid JSON at line {line} column {column}")]
    Syntax {
        /// Which part of the message the position counts in.
        place: &'static str,
        /// From 1.
        line: usize,
        /// From 1; bytes.
        column: usize,
    },
    /// A required field is not there.
    #[error("{place} lacks the field {field}")]
    Missing {
        /// Which part of the message.
        place: &'static str,
        /// The field's name on the wire.
        field: String,
    },
    /// A field has the wrong type, an unknown value, or stands twice.
    #[error(
        "{place} has a field of the wrong type, with an unknown value or twice, near line {line} column {column}"
    )]
    Shape {
        /// Which part of the message the position counts in.
        place: &'static str,
        /// From 1.
        line: usize,
        /// From 1; bytes.
        column: usize,
    },
}

impl ParseError {
    /// The body lacks a top-level field.
    pub fn missing(field: &str) -> Self {
        Self::Missing { place: "body", field: field.to_owned() }
    }

    /// Strips the values from serde's error about the part of the body named `place`.
    pub fn within(place: &'static str, error: &serde_json::Error) -> Self {
        let (line, column) = (error.line(), error.column());
        match error.classify() {
            Category::Io | Category::Syntax | Category::Eof => Self::Syntax { place, line, column },
            // Field names come from our types, not from the sender, so this one text may be shown.
            Category::Data => match missing_field(&error.to_string()) {
                Some(field) => Self::Missing { place, field },
                None => Self::Shape { place, line, column },
            },
        }
    }
}

impl From<serde_json::Error> for ParseError {
    fn from(error: serde_json::Error) -> Self {
        Self::within("body", &error)
    }
}

/// The name in serde's "missing field `name`".
fn missing_field(text: &str) -> Option<String> {
    let rest = text.strip_prefix("missing field `")?;
    Some(rest.split('`').next()?.to_owned())
}
