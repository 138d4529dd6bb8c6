//! Lines of a file, one at a time, in bounded memory.

use std::io::{self, BufRead};

/// Longest line kept; the standard allows 65 characters.
const MAX_LINE: usize = 4096;

/// A line of the file.
pub(super) struct Line {
    /// From 1.
    pub(super) number: usize,
    /// Without its end; control characters are spaces.
    pub(super) text: String,
    /// It held control characters (other than tabs): fine in nobody's identity, and refused by databases.
    pub(super) control: bool,
}

/// Splits at LF, CR LF or a lone CR; keeps the first [`MAX_LINE`] bytes of a line and drops the rest.
pub(super) struct LineReader<R> {
    input: R,
    number: usize,
    last_was_cr: bool,
}

impl<R: BufRead> LineReader<R> {
    pub(super) fn new(input: R) -> Self {
        Self { input, number: 0, last_was_cr: false }
    }

    /// The next line, `None` at the end.
    pub(super) fn next_line(&mut self) -> io::Result<Option<Line>> {
        let mut kept: Vec<u8> = Vec::new();
        let mut any = false;
        loop {
            let buffer = match self.input.fill_buf() {
                Ok(buffer) => buffer,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => return Err(e),
            };
            if buffer.is_empty() {
                return Ok(any.then(|| self.line(&kept)));
            }
            // The LF of a CR LF whose CR ended the line before.
            if self.last_was_cr && buffer.first() == Some(&b'\n') {
                self.last_was_cr = false;
                self.input.consume(1);
                continue;
            }
            self.last_was_cr = false;
            any = true;
            let end = buffer.iter().position(|b| matches!(b, b'\n' | b'\r'));
            let content = buffer.get(..end.unwrap_or(buffer.len())).unwrap_or_default();
            let room = MAX_LINE.saturating_sub(kept.len());
            kept.extend(content.iter().take(room));
            let Some(end) = end else {
                let length = buffer.len();
                self.input.consume(length);
                continue;
            };
            self.last_was_cr = buffer.get(end) == Some(&b'\r');
            self.input.consume(end + 1);
            return Ok(Some(self.line(&kept)));
        }
    }

    fn line(&mut self, bytes: &[u8]) -> Line {
        self.number += 1;
        // Files are UTF-8 or, from older systems, Latin-1, where every byte is the character of its number.
        let mut text: String = match std::str::from_utf8(bytes) {
            Ok(text) => text.trim_start_matches('\u{feff}').to_owned(),
            Err(_) => bytes.iter().map(|b| char::from(*b)).collect(),
        };
        let is_control = |c: char| c.is_ascii_control() && c != '\t';
        let control = text.contains(is_control);
        if control {
            text = text.replace(is_control, " ");
        }
        Line { number: self.number, text, control }
    }
}
