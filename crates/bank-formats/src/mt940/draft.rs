//! A statement being read.

use std::collections::VecDeque;

use money::{Amount, Currency};

use super::fields::{self, StatementLine};
use super::lines::Line;
use crate::statement::{Entry, LineProblem, Part, Statement, Tail};

/// Why a line is not believed.
pub(super) const CONTROL: &str = "the line holds a control character";

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
pub(super) struct Draft {
    pub(super) statement: Statement,
    /// Entries that were not handed out; text may still be added to the last one.
    entries: VecDeque<DraftEntry>,
    /// Whether there was any entry that could be read.
    has_entries: bool,
    /// Whether the head was handed out.
    head_out: bool,
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

impl Draft {
    pub(super) fn new(first_line: usize) -> Self {
        Self {
            statement: Statement::default(),
            entries: VecDeque::new(),
            has_entries: false,
            head_out: false,
            field: Field::Ignored,
            narrative_of: Field::Ignored,
            first_line,
            blank_lines: 0,
            has_number: false,
            ordinal: 0,
        }
    }

    pub(super) fn tag(&mut self, line: &Line, tag: &str, value: &str) {
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
    pub(super) fn text(&mut self, line: &Line) {
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
                self.entries.push_back(entry);
                self.has_entries = true;
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
        let lines = match (self.field, self.entries.back_mut()) {
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

    /// Whether a `:20:` may be text of an entry.
    pub(super) fn is_among_entries(&self) -> bool {
        self.statement.closing.is_none() && self.has_entries
    }

    pub(super) fn is_in_narrative(&self) -> bool {
        self.field == Field::Narrative
    }

    /// What follows without a tag belongs nowhere.
    pub(super) fn close_field(&mut self) {
        self.field = Field::Ignored;
    }

    /// Hands out what is complete. Entries wait until the statement has said whose it is and in which currency, unless more
    /// than `held` would wait.
    pub(super) fn hand_out(&mut self, held: usize, ready: &mut VecDeque<Part>) {
        if self.head_out {
            ready.extend(self.statement.problems.drain(..).map(Part::Problem));
        }
        if self.entries.len() < 2 {
            return;
        }
        let said = !self.statement.account.is_empty() && self.statement.currency().is_some();
        if !self.head_out && !said && self.entries.len() <= held {
            return;
        }
        self.hand_out_all_but(1, ready);
    }

    fn hand_out_all_but(&mut self, kept: usize, ready: &mut VecDeque<Part>) {
        let currency = self.statement.currency();
        if !self.head_out {
            self.head_out = true;
            ready.push_back(Part::Head(Box::new(self.statement.clone())));
            self.statement.problems.clear();
        }
        while self.entries.len() > kept {
            let Some(mut draft) = self.entries.pop_front() else { break };
            let (line, text) = (draft.line, std::mem::take(&mut draft.text));
            ready.push_back(match draft.finish(currency) {
                Ok(entry) => Part::Entry(Box::new(entry)),
                Err(reason) => Part::Problem(LineProblem { line, reason, text }),
            });
        }
        ready.extend(self.statement.problems.drain(..).map(Part::Problem));
    }

    /// Hands out the rest.
    pub(super) fn finish(mut self, ready: &mut VecDeque<Part>) {
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
        self.hand_out_all_but(0, ready);
        let Statement { closing, information, .. } = self.statement;
        ready.push_back(Part::End(Box::new(Tail { closing, information })));
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
