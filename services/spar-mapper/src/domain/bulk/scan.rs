//! Finds the ends of rows in a stream of bytes.

use csv_core::{ReadRecordResult, Reader};

use super::{
    Format,
    json_scan::{ArrayScan, Found},
};

/// Room for the fields of a row, which are not looked at here.
const SCRATCH: usize = 1024;

/// What the next bytes are.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// All bytes were taken, and no row ends with them.
    More,
    /// A row ends after so many bytes.
    Row(usize),
    /// So many bytes belong to no row.
    Between(usize),
    /// After so many bytes the format is broken.
    Broken(usize),
}

pub(super) enum Scan {
    Csv { reader: Box<Reader>, scratch: Vec<u8>, ends: Vec<usize> },
    Lines,
    Array(ArrayScan),
}

impl Scan {
    pub(super) fn of(format: Format) -> Self {
        match format {
            Format::Csv => Self::Csv {
                reader: Box::new(Reader::new()),
                scratch: vec![0; SCRATCH],
                ends: vec![0; SCRATCH],
            },
            Format::Ndjson => Self::Lines,
            Format::Json => Self::Array(ArrayScan::new()),
        }
    }

    /// Looks at bytes that were not looked at yet.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Next {
        match self {
            Self::Csv { reader, scratch, ends } => csv(reader, scratch, ends, bytes),
            Self::Lines => match bytes.iter().position(|byte| *byte == b'\n') {
                Some(at) => Next::Row(at + 1),
                None => Next::More,
            },
            Self::Array(scan) => match scan.feed(bytes) {
                Found::Nothing => Next::More,
                Found::Between(length) => Next::Between(length),
                Found::Value(length) => Next::Row(length),
                Found::Wrong(at) => Next::Broken(at),
            },
        }
    }

    /// The stream is over: whether what came after the last row is one more. `None` when the format is not complete.
    pub(super) fn finish(&mut self, rest: &[u8]) -> Option<bool> {
        match self {
            Self::Csv { reader, scratch, ends } => Some(csv_ends(reader, scratch, ends)),
            Self::Lines => Some(rest.iter().any(|byte| !byte.is_ascii_whitespace())),
            Self::Array(scan) => scan.is_over().then_some(false),
        }
    }
}

fn csv(reader: &mut Reader, scratch: &mut [u8], ends: &mut [usize], bytes: &[u8]) -> Next {
    let mut taken = 0;
    // An empty input would tell the reader that the file is over.
    while let Some(input) = bytes.get(taken..).filter(|input| !input.is_empty()) {
        let (result, read, _, _) = reader.read_record(input, scratch, ends);
        taken += read;
        match result {
            ReadRecordResult::Record => return Next::Row(taken),
            ReadRecordResult::InputEmpty | ReadRecordResult::End => return Next::More,
            // The fields are written over each other.
            ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => {}
        }
    }
    Next::More
}

/// The file is over: whether a row ends with it.
fn csv_ends(reader: &mut Reader, scratch: &mut [u8], ends: &mut [usize]) -> bool {
    loop {
        match reader.read_record(&[], scratch, ends).0 {
            ReadRecordResult::Record => return true,
            ReadRecordResult::InputEmpty | ReadRecordResult::End => return false,
            ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => {}
        }
    }
}
