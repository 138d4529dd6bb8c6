//! From lines to statements.

use std::io::{self, BufRead};

use money::{Amount, Currency};

use super::fields::{self, StatementLine};
use super::lines::{Line, LineReader};
use crate::statement::{Entry, Statement};

/// Why a line is not believed.
const CONTROL: &str = "the line holds a control character";

/// Reads statements one by one; holds one statement in memory.
///
/// Yields an error only when the input cannot be read; then it ends.
pub struct Parser<R> {
    lines: LineReader<R>,
    current: Option<Draft>,
    /// A `:20:` in the middle of a statement: a new one begins only if its next tag fits.
    doubtful: Option<Line>,
    ended: bool,
}

/// Where text without a tag belongs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Field {
    /// Nowhere: after the end of a message, an unreadable line or a field we do not read.
    Ignored,
    /// Below `:61:`.
    Entry,
    /// In the `:86:` of the last entry.
    Narrative,
    /// In the `:86:` of the statement.
    Information,
}

/// A statement being read.
struct Draft {
    statement: Statement,
    entries: Vec<DraftEntry>,
    field: Field,
    /// Where the next `:86:` belongs: to the last entry, after the closing balance to the statement, and with an
    /// unreadable `:61:` nowhere.
    narrative_of: Field,
    /// Where the statement begins in the file.
    first_line: usize,
    /// Empty lines that count only if text follows.
    blank_lines: usize,
    has_number: bool,
    ordinal: u32,
}

struct DraftEntry {
    line: usize,
    text: String,
    ordinal: u32,
    parsed: StatementLine,
    supplementary: Option<String>,
    narratives: Vec<String>,
}

impl<R: BufRead> Parser<R> {
    /// Reads from any buffered input.
    pub fn new(input: R) -> Self {
        Self { lines: LineReader::new(input), current: None, doubtful: None, ended: false }
    }

    fn next_statement(&mut self) -> io::Result<Option<Statement>> {
        while let Some(line) = self.lines.next_line()? {
            if let Some(done) = self.take(&line) {
                return Ok(Some(done));
            }
        }
        self.settle_doubt(None);
        self.ended = true;
        Ok(self.current.take().map(Draft::finish))
    }

    /// Takes a line; returns the statement that it ended.
    fn take(&mut self, line: &Line) -> Option<Statement> {
        let line = Line { text: self.without_envelope(&line.text)?, ..*line };
        let Some((tag, value)) = fields::split_tag(&line.text) else {
            self.settle_doubt(None);
            if let Some(draft) = &mut self.current {
                draft.text(&line);
            }
            return None;
        };
        let value = value.trim_end();
        let begun = self.settle_doubt(Some(tag));
        if tag != "20" {
            // A tag before any :20: belongs to a statement whose reference is missing.
            self.current.get_or_insert_with(|| Draft::new(line.number)).tag(&line, tag, value);
            return begun;
        }
        if self
            .current
            .as_ref()
            .is_some_and(|draft| draft.statement.closing.is_none() && !draft.entries.is_empty())
        {
            self.doubtful = Some(line);
            return begun;
        }
        self.begin(&line, value).or(begun)
    }

    fn begin(&mut self, line: &Line, reference: &str) -> Option<Statement> {
        let mut next = Draft::new(line.number);
        match fields::identity(reference) {
            _ if line.control => next.statement.problem(line.number, format!(":20: {CONTROL}"), &line.text),
            Some(reference) => next.statement.reference = reference,
            None => next.statement.problem(line.number, ":20: is too long", &line.text),
        }
        self.current.replace(next).map(Draft::finish)
    }

    /// Decides about a `:20:` inside a statement by the tag behind it: a header goes on with `:21:`, `:25:` or `:28C:`,
    /// free text does not.
    fn settle_doubt(&mut self, next_tag: Option<&str>) -> Option<Statement> {
        let line = self.doubtful.take()?;
        if matches!(next_tag, Some("21" | "25" | "25P" | "28" | "28C")) {
            return self.begin(&line, line.text.strip_prefix(":20:").unwrap_or_default());
        }
        if let Some(draft) = &mut self.current {
            draft.statement.problem(
                line.number,
                "a :20: that starts no statement was taken as text",
                &line.text,
            );
            draft.text(&line);
        }
        None
    }

    /// The line without the SWIFT envelope; `None` when nothing is left of it.
    fn without_envelope(&mut self, text: &str) -> Option<String> {
        let after_end = text.strip_prefix("-}");
        let block = after_end.unwrap_or(text);
        let is_block = matches!(block.as_bytes(), [b'{', b'1'..=b'5', b':', ..]);
        // A message ends with "-}", or a lone "-" in files without envelope; inside free text that is just a dash.
        let in_narrative = self.current.as_ref().is_some_and(|draft| draft.field == Field::Narrative);
        let is_dash = text.trim_end() == "-" && !in_narrative;
        if after_end.is_none() && !is_block && !is_dash {
            return Some(text.to_owned());
        }
        if let Some(draft) = &mut self.current {
            draft.field = Field::Ignored;
        }
        let (_, content) = block.split_once("{4:").filter(|_| is_block)?;
        (!content.trim().is_empty()).then(|| content.to_owned())
    }
}

impl<R: BufRead> Iterator for Parser<R> {
    type Item = io::Result<Statement>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let next = self.next_statement();
        self.ended |= next.is_err();
        next.transpose()
    }
}

impl Draft {
    fn new(first_line: usize) -> Self {
        Self {
            statement: Statement::default(),
            entries: Vec::new(),
            field: Field::Ignored,
            narrative_of: Field::Ignored,
            first_line,
            blank_lines: 0,
            has_number: false,
            ordinal: 0,
        }
    }

    fn tag(&mut self, line: &Line, tag: &str, value: &str) {
        let (number, text) = (line.number, line.text.as_str());
        if self.field == Field::Narrative && !self.plausible_after_narrative(tag, value) {
            self.statement.problem(number, format!("a line of free text looks like the tag :{tag}:"), text);
            self.text(line);
            return;
        }
        self.blank_lines = 0;
        if line.control {
            self.statement.problem(number, format!(":{tag}: {CONTROL}"), text);
        }
        match tag {
            "61" => self.entry(line, value),
            "86" => {
                self.field = self.narrative_of;
                self.continuation(value);
            }
            _ => {
                self.field = Field::Ignored;
                if !line.control {
                    self.header_or_balance(number, tag, value, text);
                } else if tag.starts_with("62") {
                    self.narrative_of = Field::Information;
                }
            }
        }
    }

    /// A line of free text. It tells nobody who is paid, so it stays, without its control characters.
    fn text(&mut self, line: &Line) {
        if line.control && self.field != Field::Ignored {
            self.statement.problem(line.number, CONTROL, &line.text);
        }
        self.continuation(line.text.trim_end());
    }

    /// Free text may hold lines that look like tags. What follows a `:86:` in a sound file is another entry, a balance
    /// or more text; anything else stays text.
    fn plausible_after_narrative(&self, tag: &str, value: &str) -> bool {
        match tag {
            "61" => {
                value.as_bytes().first_chunk::<6>().is_some_and(|start| start.iter().all(u8::is_ascii_digit))
            }
            "62F" | "62M" | "64" | "65" => fields::looks_like_balance(value),
            "86" | "90C" | "90D" | "NS" => true,
            _ => false,
        }
    }

    fn entry(&mut self, line: &Line, value: &str) {
        self.ordinal = self.ordinal.saturating_add(1);
        let (control, line, text) = (line.control, line.number, line.text.as_str());
        if control {
            (self.field, self.narrative_of) = (Field::Ignored, Field::Ignored);
            return;
        }
        match fields::statement_line(value) {
            Ok(parsed) => {
                let (ordinal, text) = (self.ordinal, text.chars().take(80).collect());
                let entry =
                    DraftEntry { line, text, ordinal, parsed, supplementary: None, narratives: Vec::new() };
                self.entries.push(entry);
                (self.field, self.narrative_of) = (Field::Entry, Field::Narrative);
            }
            Err(reason) => {
                self.statement.problem(line, format!(":61: {reason}"), text);
                (self.field, self.narrative_of) = (Field::Ignored, Field::Ignored);
            }
        }
    }

    fn header_or_balance(&mut self, line: usize, tag: &str, value: &str, text: &str) {
        let statement = &mut self.statement;
        match tag {
            "25" | "25P" => match fields::identity(value) {
                None => statement.problem(line, ":25: is too long", text),
                Some(account) if statement.account.is_empty() => statement.account = account,
                Some(_) => statement.problem(line, "a second :25: in the same statement", text),
            },
            "28" | "28C" => match fields::numbers(value) {
                Some((number, sequence)) if !self.has_number => {
                    self.has_number = true;
                    (statement.statement_number, statement.sequence_number) = (number, sequence);
                }
                Some(_) => statement.problem(line, "a second :28C: in the same statement", text),
                None => statement.problem(line, ":28C: is not a number or number/number", text),
            },
            "60F" | "60M" | "62F" | "62M" => {
                let opening = tag.starts_with("60");
                if !opening {
                    self.narrative_of = Field::Information;
                }
                let place = if opening { &mut statement.opening } else { &mut statement.closing };
                let reason = match fields::balance(value, tag.ends_with('M')) {
                    Ok(balance) if place.is_none() => {
                        *place = Some(balance);
                        return;
                    }
                    Ok(_) => format!("a second :{tag}: in the same statement"),
                    Err(reason) => format!(":{tag}: {reason}"),
                };
                statement.problem(line, reason, text);
            }
            // Related reference, available balances, floor limit, totals, bank's own fields: read by nobody here.
            "21" | "13" | "13D" | "34F" | "64" | "65" | "90C" | "90D" | "NS" => {}
            _ => statement.problem(line, format!("the tag :{tag}: is not known in a statement"), text),
        }
    }

    fn continuation(&mut self, text: &str) {
        let (Field::Entry | Field::Narrative | Field::Information) = self.field else { return };
        if text.is_empty() {
            self.blank_lines += 1;
            return;
        }
        let blanks = std::mem::take(&mut self.blank_lines);
        let lines = match (self.field, self.entries.last_mut()) {
            (Field::Information, _) => &mut self.statement.information,
            (Field::Narrative, Some(entry)) => &mut entry.narratives,
            (Field::Entry, Some(entry)) => {
                let known = entry.supplementary.take().map(|before| before + " ").unwrap_or_default();
                entry.supplementary = Some(known + text);
                return;
            }
            _ => return,
        };
        // Positions carry meaning, so empty lines between texts stay. A lone point is how the writer spells an empty one.
        lines.extend(std::iter::repeat_n(String::new(), blanks.min(100)));
        lines.push(if text == "." { String::new() } else { text.to_owned() });
    }

    fn finish(mut self) -> Statement {
        let currency = self.statement.currency();
        let mut entries = Vec::with_capacity(self.entries.len());
        for mut draft in self.entries {
            let (line, text) = (draft.line, std::mem::take(&mut draft.text));
            match draft.finish(currency) {
                Ok(entry) => entries.push(entry),
                Err(reason) => self.statement.problem(line, reason, &text),
            }
        }
        self.statement.entries = entries;
        for (missing, what) in [
            (self.statement.reference.is_empty(), "the statement has no :20: reference"),
            (self.statement.account.is_empty(), "the statement has no :25: account"),
            (self.statement.opening.is_none(), "the statement has no readable opening balance :60F:"),
            (self.statement.closing.is_none(), "the statement has no readable closing balance :62F:"),
        ] {
            if missing {
                self.statement.problem(self.first_line, what, "");
            }
        }
        self.statement.problems.sort_by_key(|problem| problem.line);
        self.statement
    }
}

impl DraftEntry {
    fn finish(self, currency: Option<Currency>) -> Result<Entry, String> {
        let currency = currency.ok_or("the statement has no balance that names its currency")?;
        let amount = Amount::parse(&self.parsed.amount, currency).map_err(|e| format!(":61: {e}"))?;
        Ok(Entry {
            value_date: self.parsed.value_date,
            entry_date: self.parsed.entry_date,
            mark: self.parsed.mark,
            funds_code: self.parsed.funds_code,
            amount,
            type_code: self.parsed.type_code,
            customer_reference: self.parsed.customer_reference,
            bank_reference: self.parsed.bank_reference,
            supplementary: self.supplementary,
            narratives: self.narratives,
            payee_name: None,
            return_reason: None,
            ordinal: self.ordinal,
        })
    }
}
