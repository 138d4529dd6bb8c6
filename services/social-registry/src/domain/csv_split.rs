//! Cuts a CSV stream into records without ever holding more than one: `csv_core` reads, this module sets limits.

use csv_core::{ReadRecordResult, Reader};

/// What a file may be.
#[derive(Debug, Clone, Copy)]
pub struct CsvLimits {
    /// Columns of a row.
    pub columns: usize,
    /// Bytes of a row, without quotes and commas.
    pub row_bytes: usize,
}

/// One record of the file.
#[derive(Debug, PartialEq, Eq)]
pub enum Record<'a> {
    /// The fields as one byte string and where each ends.
    Fields {
        /// All fields, one after the other.
        bytes: &'a [u8],
        /// End of each field in `bytes`.
        ends: &'a [usize],
    },
    /// More columns than the limit.
    TooManyColumns,
    /// More bytes than the limit.
    TooLong,
}

impl<'a> Record<'a> {
    /// The fields one by one; none for a record that was too large.
    pub fn fields(&self) -> impl Iterator<Item = &'a [u8]> {
        let (bytes, ends): (&[u8], &[usize]) = match self {
            Self::Fields { bytes, ends } => (bytes, ends),
            Self::TooManyColumns | Self::TooLong => (&[], &[]),
        };
        let mut start = 0;
        ends.iter().map(move |end| {
            let field = bytes.get(start..*end).unwrap_or_default();
            start = *end;
            field
        })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Excess {
    Columns,
    Bytes,
}

/// Cuts a stream of bytes into records: commas, quotes doubled inside quotes, `\n`, `\r\n` or `\r`; empty lines are
/// skipped. Too large a record is reported as such and the next one is read as usual.
pub struct CsvSplitter {
    reader: Reader,
    bytes: Vec<u8>,
    ends: Vec<usize>,
    filled: usize,
    fields: usize,
    excess: Option<Excess>,
    records: u64,
}

impl CsvSplitter {
    /// A splitter at the start of a file.
    #[must_use]
    pub fn new(limits: CsvLimits) -> Self {
        Self {
            reader: Reader::new(),
            bytes: vec![0; limits.row_bytes.max(1)],
            ends: vec![0; limits.columns.max(1)],
            filled: 0,
            fields: 0,
            excess: None,
            records: 0,
        }
    }

    /// Records completed so far; the header is the first.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.records
    }

    /// Feeds bytes; calls `sink` with each record that they complete.
    ///
    /// # Errors
    /// The sink's.
    pub fn feed<E>(
        &mut self,
        mut input: &[u8],
        sink: &mut impl FnMut(Record<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        while !input.is_empty() {
            let consumed = self.step(input, sink)?;
            input = input.get(consumed..).unwrap_or_default();
        }
        Ok(())
    }

    /// The file is over: completes the last record, which may lack its line end.
    ///
    /// # Errors
    /// The sink's.
    pub fn finish<E>(&mut self, sink: &mut impl FnMut(Record<'_>) -> Result<(), E>) -> Result<(), E> {
        // An empty input tells the reader that the file is over; a second one that nothing is left.
        for _ in 0..8 {
            let before = self.records;
            self.step(&[], sink)?;
            if before == self.records && self.excess.is_none() {
                break;
            }
        }
        Ok(())
    }

    /// One step of the reader; returns how many bytes it took.
    fn step<E>(
        &mut self,
        input: &[u8],
        sink: &mut impl FnMut(Record<'_>) -> Result<(), E>,
    ) -> Result<usize, E> {
        let output = self.bytes.get_mut(self.filled..).unwrap_or_default();
        let ends = self.ends.get_mut(self.fields..).unwrap_or_default();
        let (result, read, written, ended) = self.reader.read_record(input, output, ends);
        self.filled += written;
        self.fields += ended;
        match result {
            ReadRecordResult::InputEmpty | ReadRecordResult::End => {}
            // The rest of the record is read over itself: its size is bounded, and it is refused anyway.
            ReadRecordResult::OutputFull => self.overflow(Excess::Bytes),
            ReadRecordResult::OutputEndsFull => self.overflow(Excess::Columns),
            ReadRecordResult::Record => self.complete(sink)?,
        }
        Ok(read)
    }

    fn overflow(&mut self, excess: Excess) {
        self.excess.get_or_insert(excess);
        self.filled = 0;
        self.fields = 0;
    }

    fn complete<E>(&mut self, sink: &mut impl FnMut(Record<'_>) -> Result<(), E>) -> Result<(), E> {
        self.records += 1;
        let record = match self.excess.take() {
            None => Record::Fields {
                bytes: self.bytes.get(..self.filled).unwrap_or_default(),
                ends: self.ends.get(..self.fields).unwrap_or_default(),
            },
            Some(Excess::Columns) => Record::TooManyColumns,
            Some(Excess::Bytes) => Record::TooLong,
        };
        self.filled = 0;
        self.fields = 0;
        sink(record)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use std::convert::Infallible;

    use proptest::prelude::*;

    use super::*;

    const LIMITS: CsvLimits = CsvLimits { columns: 8, row_bytes: 64 };

    fn split(parts: &[&[u8]], limits: CsvLimits) -> Vec<Result<Vec<Vec<u8>>, &'static str>> {
        let mut splitter = CsvSplitter::new(limits);
        let mut rows = Vec::new();
        let mut sink = |record: Record<'_>| {
            rows.push(match record {
                Record::Fields { .. } => Ok(record.fields().map(<[u8]>::to_vec).collect()),
                Record::TooManyColumns => Err("columns"),
                Record::TooLong => Err("bytes"),
            });
            Ok::<(), Infallible>(())
        };
        for part in parts {
            splitter.feed(part, &mut sink).unwrap();
        }
        splitter.finish(&mut sink).unwrap();
        rows
    }

    fn row(fields: &[&str]) -> Result<Vec<Vec<u8>>, &'static str> {
        Ok(fields.iter().map(|f| f.as_bytes().to_vec()).collect())
    }

    #[test]
    fn quotes_line_ends_and_a_missing_last_line_end() {
        let text = b"a,b\r\n\"x, \"\"y\"\"\nz\",2\n\n3,";
        let rows = split(&[text], LIMITS);
        assert_eq!(rows, [row(&["a", "b"]), row(&["x, \"y\"\nz", "2"]), row(&["3", ""])]);
        assert_eq!(split(&[b""], LIMITS), []);
        assert_eq!(split(&[b"a,b"], LIMITS), [row(&["a", "b"])]);
    }

    #[test]
    fn a_row_beyond_the_limits_is_reported_and_the_next_one_is_read() {
        let wide = format!("a\n{}\nb\n", ",".repeat(1_000_000));
        assert_eq!(split(&[wide.as_bytes()], LIMITS), [row(&["a"]), Err("columns"), row(&["b"])]);
        let long = format!("a\n{}\nb\n", "x".repeat(1000));
        assert_eq!(split(&[long.as_bytes()], LIMITS), [row(&["a"]), Err("bytes"), row(&["b"])]);
        let open = format!("a\n\"{}", "x".repeat(1000));
        assert_eq!(split(&[open.as_bytes()], LIMITS), [row(&["a"]), Err("bytes")]);
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_in_arbitrary_pieces_never_panic(
            bytes in prop::collection::vec(any::<u8>(), 0..400),
            cuts in prop::collection::vec(0usize..400, 0..6),
        ) {
            let mut cuts: Vec<usize> = cuts.into_iter().map(|c| c.min(bytes.len())).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let parts: Vec<&[u8]> = cuts.windows(2).map(|w| &bytes[w[0]..w[1]]).collect();
            // The pieces must not matter.
            prop_assert_eq!(split(&parts, LIMITS), split(&[&bytes], LIMITS));
        }

        #[test]
        fn it_reads_what_the_csv_crate_reads(text in "[a,\"\n\r ]{0,60}") {
            let limits = CsvLimits { columns: 100, row_bytes: 1000 };
            let ours: Vec<Vec<Vec<u8>>> =
                split(&[text.as_bytes()], limits).into_iter().map(Result::unwrap).collect();
            let mut reader =
                csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
            let theirs: Vec<Vec<Vec<u8>>> = reader
                .byte_records()
                .map(|r| r.unwrap().iter().map(<[u8]>::to_vec).collect())
                .collect();
            prop_assert_eq!(ours, theirs);
        }
    }
}
