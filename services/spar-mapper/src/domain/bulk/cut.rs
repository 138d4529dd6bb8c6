//! Cuts a file that comes in pieces of any size into parts of whole rows, each to be worked on at once.

use super::{
    Format,
    scan::{Next, Scan},
};

/// What a file may be.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Rows of a part.
    pub part_rows: usize,
    /// Bytes of a part, about.
    pub part_bytes: usize,
    /// Bytes of a row; longer ones are left out and reported.
    pub row_bytes: usize,
}

/// Whole rows of a file.
#[derive(Clone, PartialEq, Eq)]
pub struct Part {
    /// Number of its first row; the first of the file is 1.
    pub first_row: u64,
    /// Line at which it begins; the first of the file is 1.
    pub first_line: u64,
    /// The rows as they stand in the file; of a JSON array the elements, with what separates them.
    pub content: Vec<u8>,
}

/// Its content is somebody's account.
impl std::fmt::Debug for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Part {{ row {}, line {}, {} bytes }}", self.first_row, self.first_line, self.content.len())
    }
}

/// A row that was left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLong {
    /// Its number.
    pub row: u64,
    /// The line at which it begins.
    pub line: u64,
}

/// Why a file cannot be cut any further.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CutError {
    /// At this line stands what the format does not have there.
    Broken {
        /// The line.
        line: u64,
    },
    /// The file ends in the middle.
    Unfinished,
}

/// Reads a file piece by piece. Holds one part at most, and a row.
pub struct Cutter {
    scan: Scan,
    limits: Limits,
    wants_header: bool,
    header: Option<Vec<u8>>,
    /// Bytes since the last part.
    buffer: Vec<u8>,
    /// Up to here whole rows.
    end: usize,
    /// Up to here looked at.
    at: usize,
    held: usize,
    /// Whole rows before the buffer, and the line at which it begins.
    row: u64,
    line: u64,
    /// In the middle of a row that is left out.
    skipping: bool,
    began: bool,
    parts: Vec<Part>,
    too_long: Vec<TooLong>,
}

const BOM: &[u8] = b"\xEF\xBB\xBF";

impl Cutter {
    /// A cutter at the start of a file.
    #[must_use]
    pub fn new(format: Format, limits: Limits) -> Self {
        Self {
            scan: Scan::of(format),
            limits,
            wants_header: format == Format::Csv,
            header: None,
            buffer: Vec::new(),
            end: 0,
            at: 0,
            held: 0,
            row: 0,
            line: 1,
            skipping: false,
            began: false,
            parts: Vec::new(),
            too_long: Vec::new(),
        }
    }

    /// The first row of a CSV file, once it is there.
    #[must_use]
    pub fn header(&self) -> Option<&[u8]> {
        self.header.as_deref()
    }

    /// Rows so far, without the header.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.row + self.held as u64
    }

    /// Parts that are complete.
    pub fn take_parts(&mut self) -> Vec<Part> {
        std::mem::take(&mut self.parts)
    }

    /// Rows that were left out.
    pub fn take_too_long(&mut self) -> Vec<TooLong> {
        std::mem::take(&mut self.too_long)
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    /// Where the format is broken; nothing after that can be read.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), CutError> {
        self.buffer.extend_from_slice(bytes);
        if !self.began {
            if self.buffer.len() < BOM.len() && BOM.starts_with(&self.buffer) {
                return Ok(());
            }
            self.begin();
        }
        self.look()
    }

    /// The file is over.
    ///
    /// # Errors
    /// [`CutError::Unfinished`], or as [`Self::push`].
    pub fn finish(&mut self) -> Result<(), CutError> {
        self.begin();
        self.look()?;
        let rest = self.buffer.get(self.end..).unwrap_or_default();
        let one_more = self.scan.finish(rest).ok_or(CutError::Unfinished)?;
        if one_more || self.skipping {
            self.at = self.buffer.len();
            self.row_ends();
        }
        self.close();
        Ok(())
    }

    fn begin(&mut self) {
        if !std::mem::replace(&mut self.began, true) && self.buffer.starts_with(BOM) {
            self.buffer.drain(..BOM.len());
        }
    }

    fn look(&mut self) -> Result<(), CutError> {
        loop {
            let fresh = self.buffer.get(self.at..).unwrap_or_default();
            match self.scan.feed(fresh) {
                Next::More => {
                    self.at = self.buffer.len();
                    self.watch_length();
                    return Ok(());
                }
                Next::Row(length) => {
                    self.at += length;
                    self.watch_length();
                    self.row_ends();
                }
                Next::Between(length) => {
                    self.at += length;
                    self.leave_out();
                }
                Next::Broken(at) => {
                    let before = self.buffer.get(..self.at + at).unwrap_or_default();
                    return Err(CutError::Broken { line: self.line + lines(before) });
                }
            }
        }
    }

    /// A row ends at `at`.
    fn row_ends(&mut self) {
        if self.skipping {
            self.skipping = false;
            self.row += 1;
            self.forget(self.at);
            return;
        }
        let row = self.buffer.get(self.end..self.at).unwrap_or_default();
        if row.iter().all(u8::is_ascii_whitespace) {
            self.leave_out();
            return;
        }
        if self.wants_header && self.header.is_none() {
            self.header = Some(row.to_vec());
            self.forget(self.at);
            return;
        }
        self.end = self.at;
        self.held += 1;
        if self.held >= self.limits.part_rows || self.end >= self.limits.part_bytes {
            self.close();
        }
    }

    /// Bytes up to `at` belong to no row. Inside of a part they stay, so that its lines can be counted.
    fn leave_out(&mut self) {
        if self.at - self.end > self.limits.row_bytes {
            self.close();
        }
        if self.held == 0 {
            self.forget(self.at);
        }
    }

    /// A row that grows too long is not kept.
    fn watch_length(&mut self) {
        if self.skipping {
            self.forget(self.at);
            return;
        }
        if self.at - self.end <= self.limits.row_bytes {
            return;
        }
        if self.wants_header && self.header.is_none() {
            self.header = Some(Vec::new());
        } else {
            let line = self.line + lines(self.buffer.get(..self.end).unwrap_or_default());
            let (row, blank) = (self.rows() + 1, separators(self.buffer.get(self.end..).unwrap_or_default()));
            self.too_long.push(TooLong { row, line: line + lines(blank) });
        }
        self.close();
        self.forget(self.at);
        self.skipping = true;
    }

    /// Drops bytes that are in no part.
    fn forget(&mut self, length: usize) {
        self.line += lines(self.buffer.get(..length).unwrap_or_default());
        self.buffer.drain(..length.min(self.buffer.len()));
        self.at = self.at.saturating_sub(length);
        self.end = 0;
    }

    fn close(&mut self) {
        if self.held == 0 {
            return;
        }
        let rest = self.buffer.split_off(self.end);
        let content = std::mem::replace(&mut self.buffer, rest);
        let (first_row, first_line) = (self.row + 1, self.line);
        self.line += lines(&content);
        self.row += self.held as u64;
        self.at -= self.end;
        (self.end, self.held) = (0, 0);
        self.parts.push(Part { first_row, first_line, content });
    }
}

/// What stands before a row: line ends, and between the elements of an array commas.
pub(super) fn separators(bytes: &[u8]) -> &[u8] {
    let length = bytes.iter().take_while(|b| b.is_ascii_whitespace() || **b == b',').count();
    bytes.get(..length).unwrap_or_default()
}

pub(super) fn lines(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|byte| **byte == b'\n').count() as u64
}
