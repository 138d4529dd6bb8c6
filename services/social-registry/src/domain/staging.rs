//! A file while it is uploaded: bytes in, rows out, and the errors that concern the whole file.

use serde::{Deserialize, Serialize};

use super::{
    csv_split::{CsvLimits, CsvSplitter, Record},
    decode::TextDecoder,
};

/// A row that waits in a chunk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Staged {
    /// Its fields.
    Fields(Vec<String>),
    /// It is beyond a limit, and this is the code of the error.
    Refused(String),
}

/// Code of a row with too many columns.
pub const TOO_MANY_COLUMNS: &str = "too_many_columns";
/// Code of a row with too many bytes.
pub const ROW_TOO_LONG: &str = "row_too_long";

/// Why a whole file is refused. Nothing of it is imported then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// No bytes, or nothing but empty lines.
    #[error("the file is empty; it needs a header line and at least one row")]
    Empty,
    /// Nothing after the header.
    #[error("the file has a header but no rows")]
    HeaderOnly,
    /// Bytes that are no text.
    #[error(
        "row {row} (byte {byte} of the file) is not {encoding}{hint}; save the file as UTF-8, or name its encoding in \
         the part `encoding`, for example windows-1252"
    )]
    Encoding {
        /// Row in which the byte stands; the header is row 1.
        row: u64,
        /// Position of the byte, from 1.
        byte: u64,
        /// What the file was read as.
        encoding: &'static str,
        /// What it may be.
        hint: &'static str,
    },
    /// The header is beyond a limit.
    #[error("the header has more than {0} columns; that is the limit")]
    TooManyColumns(usize),
    /// The header is beyond a limit.
    #[error("the header is longer than {0} bytes; that is the limit")]
    HeaderTooLong(usize),
    /// A name that is no name.
    #[error("the name of column {0} has control characters or more than 200 characters")]
    ColumnName(usize),
}

impl FileError {
    /// Stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Empty => "file_empty",
            Self::HeaderOnly => "file_has_no_rows",
            Self::Encoding { .. } => "wrong_encoding",
            Self::TooManyColumns(_) => TOO_MANY_COLUMNS,
            Self::HeaderTooLong(_) => "header_too_long",
            Self::ColumnName(_) => "column_name_invalid",
        }
    }
}

/// Reads a file piece by piece and holds the rows that were not taken yet.
pub struct Staging {
    decoder: TextDecoder,
    splitter: CsvSplitter,
    read: Read,
}

/// What was read so far.
struct Read {
    limits: CsvLimits,
    header: Option<Vec<String>>,
    rows: Vec<Staged>,
    held_bytes: usize,
    seen: u64,
}

impl Staging {
    /// A file at its start.
    #[must_use]
    pub fn new(decoder: TextDecoder, limits: CsvLimits) -> Self {
        let read = Read { limits, header: None, rows: Vec::new(), held_bytes: 0, seen: 0 };
        Self { decoder, splitter: CsvSplitter::new(limits), read }
    }

    /// The names of the columns, once they were read.
    #[must_use]
    pub fn header(&self) -> Option<&[String]> {
        self.read.header.as_deref()
    }

    /// Rows after the header that were read so far.
    #[must_use]
    pub fn seen(&self) -> u64 {
        self.read.seen
    }

    /// Rows held and their size.
    #[must_use]
    pub fn held(&self) -> (usize, usize) {
        (self.read.rows.len(), self.read.held_bytes)
    }

    /// Reads the next bytes.
    ///
    /// # Errors
    /// What concerns the whole file.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), FileError> {
        self.feed(bytes, false)
    }

    /// The file is over.
    ///
    /// # Errors
    /// As [`Self::push`]; also when there is no row.
    pub fn finish(&mut self) -> Result<(), FileError> {
        self.feed(&[], true)?;
        let read = &mut self.read;
        self.splitter.finish(&mut |record| read.record(&record))?;
        match (&self.read.header, self.read.seen) {
            (None, _) => Err(FileError::Empty),
            (Some(_), 0) => Err(FileError::HeaderOnly),
            _ => Ok(()),
        }
    }

    fn feed(&mut self, bytes: &[u8], last: bool) -> Result<(), FileError> {
        let (splitter, read) = (&mut self.splitter, &mut self.read);
        let mut sink = |text: &[u8]| splitter.feed(text, &mut |record| read.record(&record));
        match self.decoder.feed(bytes, last, &mut sink) {
            Ok(outcome) => outcome,
            Err(wrong) => Err(FileError::Encoding {
                row: self.splitter.records() + 1,
                byte: wrong.byte,
                encoding: self.decoder.name(),
                hint: if wrong.looks_like_utf16 { ", it looks like UTF-16" } else { "" },
            }),
        }
    }

    /// Up to `count` of the rows held, first in first out.
    pub fn take(&mut self, count: usize) -> Vec<Staged> {
        let count = count.min(self.read.rows.len());
        let rest = self.read.rows.split_off(count);
        let taken = std::mem::replace(&mut self.read.rows, rest);
        self.read.held_bytes = self.read.rows.iter().map(size).sum();
        taken
    }
}

fn size(row: &Staged) -> usize {
    match row {
        Staged::Fields(fields) => fields.iter().map(|f| f.len() + 3).sum(),
        Staged::Refused(_) => 0,
    }
}

impl Read {
    fn record(&mut self, record: &Record<'_>) -> Result<(), FileError> {
        let fields = || record.fields().map(|f| String::from_utf8_lossy(f).into_owned()).collect::<Vec<_>>();
        if self.header.is_none() {
            self.header = Some(match record {
                Record::Fields { .. } => column_names(&fields())?,
                Record::TooManyColumns => return Err(FileError::TooManyColumns(self.limits.columns)),
                Record::TooLong => return Err(FileError::HeaderTooLong(self.limits.row_bytes)),
            });
            return Ok(());
        }
        let row = match record {
            Record::Fields { .. } => Staged::Fields(fields()),
            Record::TooManyColumns => Staged::Refused(TOO_MANY_COLUMNS.to_owned()),
            Record::TooLong => Staged::Refused(ROW_TOO_LONG.to_owned()),
        };
        self.seen += 1;
        self.held_bytes += size(&row);
        self.rows.push(row);
        Ok(())
    }
}

fn column_names(names: &[String]) -> Result<Vec<String>, FileError> {
    let mut trimmed = Vec::with_capacity(names.len());
    for (at, name) in names.iter().enumerate() {
        let name = name.trim();
        if name.chars().any(char::is_control) || name.chars().count() > 200 {
            return Err(FileError::ColumnName(at + 1));
        }
        trimmed.push(name.to_owned());
    }
    Ok(trimmed)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    fn read(bytes: &[u8]) -> Result<Vec<Staged>, FileError> {
        let limits = CsvLimits { columns: 4, row_bytes: 64 };
        let mut staging = Staging::new(TextDecoder::new(None).unwrap(), limits);
        staging.push(bytes)?;
        staging.finish()?;
        Ok(staging.take(usize::MAX))
    }

    fn fields(values: &[&str]) -> Staged {
        Staged::Fields(values.iter().map(|v| (*v).to_owned()).collect())
    }

    #[test]
    fn rows_come_out_as_they_went_in() {
        assert_eq!(read(b"\xEF\xBB\xBFa,b\n1,2\n3,\n"), Ok(vec![fields(&["1", "2"]), fields(&["3", ""])]));
    }

    #[test]
    fn what_is_wrong_with_a_file_is_said() {
        assert_eq!(read(b""), Err(FileError::Empty));
        assert_eq!(read(b"\xEF\xBB\xBF\n\n"), Err(FileError::Empty));
        assert_eq!(read(b"a,b\n"), Err(FileError::HeaderOnly));
        assert_eq!(read(",".repeat(1_000_000).as_bytes()), Err(FileError::TooManyColumns(4)));
        assert_eq!(read(&[b'x'; 1000]), Err(FileError::HeaderTooLong(64)));
        assert_eq!(read(b"a,\x01\n1,2"), Err(FileError::ColumnName(2)));
        let latin = read(b"a,b\n1,2\nJos\xE9,2\n").unwrap_err();
        assert_eq!(latin, FileError::Encoding { row: 3, byte: 12, encoding: "UTF-8", hint: "" });
        assert!(read(b"\xFF\xFEa\0").unwrap_err().to_string().contains("UTF-16"));
    }

    #[test]
    fn a_row_beyond_a_limit_does_not_stop_the_others() {
        let text = format!("a\n{}\n1\n{}\n2", ",".repeat(100), "x".repeat(100));
        let refused = |code: &str| Staged::Refused(code.to_owned());
        let expected = vec![refused(TOO_MANY_COLUMNS), fields(&["1"]), refused(ROW_TOO_LONG), fields(&["2"])];
        assert_eq!(read(text.as_bytes()), Ok(expected));
    }

    #[test]
    fn rows_are_taken_in_order() {
        let mut staging =
            Staging::new(TextDecoder::new(None).unwrap(), CsvLimits { columns: 4, row_bytes: 64 });
        staging.push(b"a\n1\n2\n3\n").unwrap();
        assert_eq!(staging.take(2), [fields(&["1"]), fields(&["2"])]);
        assert_eq!(staging.held(), (1, 4));
        assert_eq!(staging.take(2), [fields(&["3"])]);
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = read(&bytes);
        }
    }
}
