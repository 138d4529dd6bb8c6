//! Files of many changes: their formats, how they are cut into parts of whole rows, how rows are read.

mod cut;
mod json_scan;
mod rows;
mod scan;

pub use cut::{CutError, Cutter, Limits, Part, TooLong};
pub use rows::{Columns, Row, RowFault, column_of, lane_of, read_part};

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

/// Where the work on a file stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BulkState {
    /// It is coming in.
    Uploading,
    /// It is here; nobody works on it yet.
    Queued,
    /// It is worked on.
    Running,
    /// All rows were changed or refused.
    Done,
    /// It was given up. Rows before that were changed.
    Failed,
}

impl BulkState {
    /// All states.
    pub const ALL: [Self; 5] = [Self::Uploading, Self::Queued, Self::Running, Self::Done, Self::Failed];

    /// As the database keeps it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Uploading => "uploading",
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }

    /// The state of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }

    /// Whether a job has work to do.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Queued | Self::Running)
    }
}

#[cfg(test)]
mod tests;
