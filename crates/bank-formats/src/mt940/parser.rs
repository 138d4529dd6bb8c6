//! From lines to statements.

use std::collections::VecDeque;
use std::io::{self, BufRead};

use super::draft::{CONTROL, Draft};
use super::fields;
use super::lines::{Line, LineReader};
use crate::statement::{Part, Statement};

/// Most entries that are held back because their statement has not said its account or currency.
const MAX_HELD: usize = 10_000;

/// Reads part by part. Holds one entry in memory; more only while the statement has not said whose it is and in which
/// currency. Every [`Part::Head`] is followed by its [`Part::End`].
///
/// Yields an error only when the input cannot be read; then it ends.
pub struct Parts<R> {
    lines: LineReader<R>,
    current: Option<Draft>,
    /// A `:20:` in the middle of a statement: a new one begins only if its next tag fits.
    doubtful: Option<Line>,
    ready: VecDeque<Part>,
    held: usize,
    ended: bool,
}

/// Reads statements one by one; holds one statement in memory.
///
/// Yields an error only when the input cannot be read; then it ends.
pub struct Parser<R> {
    parts: Parts<R>,
}

impl<R: BufRead> Parser<R> {
    /// Reads from any buffered input.
    pub fn new(input: R) -> Self {
        Self { parts: Parts { held: usize::MAX, ..Parts::new(input) } }
    }
}

impl<R: BufRead> Iterator for Parser<R> {
    type Item = io::Result<Statement>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut statement = Statement::default();
        for part in self.parts.by_ref() {
            match part {
                Ok(Part::Head(head)) => statement = *head,
                Ok(Part::Entry(entry)) => statement.entries.push(*entry),
                Ok(Part::Problem(problem)) => statement.add_problem(problem),
                Ok(Part::End(tail)) => {
                    statement.closing = tail.closing;
                    statement.information = tail.information;
                    statement.problems.sort_by_key(|problem| problem.line);
                    return Some(Ok(statement));
                }
                Err(error) => return Some(Err(error)),
            }
        }
        None
    }
}

impl<R: BufRead> Parts<R> {
    /// Reads from any buffered input.
    pub fn new(input: R) -> Self {
        Self {
            lines: LineReader::new(input),
            current: None,
            doubtful: None,
            ready: VecDeque::new(),
            held: MAX_HELD,
            ended: false,
        }
    }

    fn read(&mut self) -> io::Result<Option<Part>> {
        while self.ready.is_empty() && !self.ended {
            match self.lines.next_line()? {
                Some(line) => {
                    self.take(&line);
                    if let Some(draft) = &mut self.current {
                        draft.hand_out(self.held, &mut self.ready);
                    }
                }
                None => {
                    self.settle_doubt(None);
                    self.ended = true;
                    self.end();
                }
            }
        }
        Ok(self.ready.pop_front())
    }

    fn end(&mut self) {
        if let Some(draft) = self.current.take() {
            draft.finish(&mut self.ready);
        }
    }

    fn take(&mut self, line: &Line) {
        let Some(text) = self.without_envelope(&line.text) else { return };
        let line = Line { text, ..*line };
        let Some((tag, value)) = fields::split_tag(&line.text) else {
            self.settle_doubt(None);
            if let Some(draft) = &mut self.current {
                draft.text(&line);
            }
            return;
        };
        let value = value.trim_end();
        self.settle_doubt(Some(tag));
        if tag != "20" {
            // A tag before any :20: belongs to a statement whose reference is missing.
            self.current.get_or_insert_with(|| Draft::new(line.number)).tag(&line, tag, value);
        } else if self.current.as_ref().is_some_and(Draft::is_among_entries) {
            self.doubtful = Some(line);
        } else {
            self.begin(&line, value);
        }
    }

    fn begin(&mut self, line: &Line, reference: &str) {
        let mut next = Draft::new(line.number);
        match fields::identity(reference) {
            _ if line.control => next.statement.problem(line.number, format!(":20: {CONTROL}"), &line.text),
            Some(reference) => next.statement.reference = reference,
            None => next.statement.problem(line.number, ":20: is too long", &line.text),
        }
        self.end();
        self.current = Some(next);
    }

    /// Decides about a `:20:` inside a statement by the tag behind it: a header goes on with `:21:`, `:25:` or `:28C:`,
    /// free text does not.
    fn settle_doubt(&mut self, next_tag: Option<&str>) {
        let Some(line) = self.doubtful.take() else { return };
        if matches!(next_tag, Some("21" | "25" | "25P" | "28" | "28C")) {
            self.begin(&line, line.text.strip_prefix(":20:").unwrap_or_default());
        } else if let Some(draft) = &mut self.current {
            let what = "a :20: that starts no statement was taken as text";
            draft.statement.problem(line.number, what, &line.text);
            draft.text(&line);
        }
    }

    /// The line without the SWIFT envelope; `None` when nothing is left of it.
    fn without_envelope(&mut self, text: &str) -> Option<String> {
        let after_end = text.strip_prefix("-}");
        let block = after_end.unwrap_or(text);
        let is_block = matches!(block.as_bytes(), [b'{', b'1'..=b'5', b':', ..]);
        // A message ends with "-}", or a lone "-" in files without envelope; inside free text that is just a dash.
        let in_narrative = self.current.as_ref().is_some_and(Draft::is_in_narrative);
        let is_dash = text.trim_end() == "-" && !in_narrative;
        if after_end.is_none() && !is_block && !is_dash {
            return Some(text.to_owned());
        }
        if let Some(draft) = &mut self.current {
            draft.close_field();
        }
        let (_, content) = block.split_once("{4:").filter(|_| is_block)?;
        (!content.trim().is_empty()).then(|| content.to_owned())
    }
}

impl<R: BufRead> Iterator for Parts<R> {
    type Item = io::Result<Part>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended && self.ready.is_empty() {
            return None;
        }
        let next = self.read();
        self.ended |= next.is_err();
        next.transpose()
    }
}
