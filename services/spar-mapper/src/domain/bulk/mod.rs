//! Files of many changes: their formats, how they are cut into parts of whole rows, how rows are read.

mod cut;
mod json_scan;
mod rows;
mod scan;
mod state;

pub use cut::{CutError, Cutter, Limits, Part, TooLong};
pub use rows::{Columns, Row, RowFault, column_of, lane_of, read_part};
pub use state::{BulkState, BulkStep};

/// Formats of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Commas, quotes doubled inside quotes, a header line.
    Csv,
    /// One JSON object a line.
    Ndjson,
    /// One JSON array of objects.
    Json,
}

impl Format {
    const ALL: [Self; 3] = [Self::Csv, Self::Ndjson, Self::Json];

    /// As the database and `fileFormat` of a form name it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Ndjson => "ndjson",
            Self::Json => "json",
        }
    }

    /// The format of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.as_str().eq_ignore_ascii_case(name))
    }

    /// The format of a content type, whatever its parameters.
    #[must_use]
    pub fn of_content_type(text: &str) -> Option<Self> {
        match text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
            "text/csv" | "application/csv" => Some(Self::Csv),
            "application/x-ndjson" | "application/ndjson" | "application/jsonl" => Some(Self::Ndjson),
            "application/json" => Some(Self::Json),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
