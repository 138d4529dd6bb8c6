//! From elements to statements.

use std::collections::VecDeque;
use std::io::{self, BufRead};

use super::super::xml::{Fault, Node, Pull, Text};
use super::balance::BalanceDraft;
use super::entry::{DETAILS, EntryDraft, Line};
use super::head::Head;
use crate::statement::{Entry, Format, LineProblem, Part, Statement, Tail};

/// Most lines of information about a statement that are kept.
const MAX_INFORMATION: usize = 100;

/// Reads part by part; holds one entry in memory. Every [`Part::Head`] is followed by its [`Part::End`].
///
/// Yields an error only when the input cannot be read; then it ends.
pub struct Parser<R> {
    xml: Pull<R>,
    current: Option<Draft>,
    ready: VecDeque<Part>,
    ended: bool,
}

struct Draft {
    /// Gone when it was handed out.
    head: Option<Head>,
    made: Option<time::Date>,
    currency: Option<money::Currency>,
    balance: BalanceDraft,
    entry: Option<EntryDraft>,
    ordinal: u32,
    information: Vec<String>,
}

/// The path within a statement, if it is within one: empty for the statement itself.
fn within(path: &str) -> Option<(Format, &str)> {
    let roots = [(Format::Camt053, "BkToCstmrStmt/Stmt"), (Format::Camt054, "BkToCstmrDbtCdtNtfctn/Ntfctn")];
    roots.into_iter().find_map(|(format, root)| {
        let rest = path.strip_prefix(root)?;
        if rest.is_empty() { Some((format, rest)) } else { Some((format, rest.strip_prefix('/')?)) }
    })
}

impl<R: BufRead> Parser<R> {
    /// Reads from any buffered input.
    pub fn new(input: R) -> Self {
        Self { xml: Pull::new(input), current: None, ready: VecDeque::new(), ended: false }
    }

    fn read(&mut self) -> io::Result<Option<Part>> {
        while self.ready.is_empty() && !self.ended {
            match self.xml.step() {
                Ok(Node::Open) => {
                    if let Some((format, path)) = within(self.xml.path()) {
                        open(&mut self.current, format, path, &mut self.ready);
                    }
                }
                Ok(Node::Close(text)) => {
                    if let Some((_, path)) = within(self.xml.path()) {
                        close(&mut self.current, path, &text, &mut self.ready);
                    }
                }
                Ok(Node::End) => self.ended = true,
                Err(Fault::Io(error)) => return Err(error),
                Err(Fault::Xml(reason)) => {
                    self.ended = true;
                    if let Some(draft) = self.current.take() {
                        draft.cut_off(&reason, &mut self.ready);
                    }
                }
            }
        }
        Ok(self.ready.pop_front())
    }
}

fn open(current: &mut Option<Draft>, format: Format, path: &str, ready: &mut VecDeque<Part>) {
    if path.is_empty() {
        *current = Some(Draft::new(format));
    }
    let Some(draft) = current else { return };
    match path {
        "Ntry" => draft.entry = Some(EntryDraft::default()),
        "Bal" => draft.balance = BalanceDraft::default(),
        _ if path.strip_prefix("Ntry/") == Some(DETAILS) => {
            let before = draft.entry.as_mut().and_then(|entry| entry.next_details(draft.made));
            if let Some(line) = before {
                draft.line(line, ready);
            }
        }
        _ => {}
    }
}

fn close(current: &mut Option<Draft>, path: &str, text: &Text, ready: &mut VecDeque<Part>) {
    if path.is_empty() {
        if let Some(draft) = current.take() {
            draft.end(ready);
        }
        return;
    }
    let Some(draft) = current else { return };
    match path {
        "Ntry" => draft.end_entry(ready),
        "Bal" => {
            let balance = std::mem::take(&mut draft.balance);
            if let Some(head) = &mut draft.head {
                balance.finish(&mut head.statement);
            }
        }
        "AddtlStmtInf" | "AddtlNtfctnInf" => {
            let text = text.free();
            if !text.is_empty() && draft.information.len() < MAX_INFORMATION {
                draft.information.push(text);
            }
        }
        _ => draft.set(path, text),
    }
}

impl Draft {
    fn new(format: Format) -> Self {
        Self {
            head: Some(Head::new(format)),
            made: None,
            currency: None,
            balance: BalanceDraft::default(),
            entry: None,
            ordinal: 0,
            information: Vec::new(),
        }
    }

    fn set(&mut self, path: &str, text: &Text) {
        if let Some(path) = path.strip_prefix("Ntry/") {
            if let Some(entry) = &mut self.entry {
                entry.set(path, text);
            }
        } else if let Some(path) = path.strip_prefix("Bal/") {
            self.balance.set(path, text);
        } else if let Some(head) = &mut self.head {
            head.set(path, text);
            self.made = head.made;
        }
    }

    fn end_entry(&mut self, ready: &mut VecDeque<Part>) {
        let Some(entry) = self.entry.take() else { return };
        let (line, differs) = entry.finish(self.made);
        self.line(line, ready);
        if let Some(reason) = differs {
            ready.push_back(self.problem(reason));
        }
    }

    fn line(&mut self, line: Line, ready: &mut VecDeque<Part>) {
        self.ordinal = self.ordinal.saturating_add(1);
        let Some(line) = line else { return };
        let currency = line.as_ref().ok().map(|entry| entry.amount.currency());
        self.begin(currency, ready);
        self.currency = self.currency.or(currency);
        ready.push_back(match (line, self.currency) {
            (Ok(entry), Some(of_all)) if entry.amount.currency() == of_all => {
                Part::Entry(Box::new(Entry { ordinal: self.ordinal, ..entry }))
            }
            (Ok(_), _) => self.problem("the entry is in another currency than its statement"),
            (Err(reason), _) => self.problem(reason),
        });
    }

    /// Hands the head out, once. An account that names no currency has the one of its first entry.
    fn begin(&mut self, currency: Option<money::Currency>, ready: &mut VecDeque<Part>) {
        if let Some(head) = self.head.take() {
            let mut statement = head.finish();
            if statement.currency().is_none() {
                statement.account_currency = currency;
            }
            self.currency = statement.currency();
            ready.push_back(Part::Head(Box::new(statement)));
        }
    }

    fn problem(&self, reason: impl Into<String>) -> Part {
        let line = usize::try_from(self.ordinal).unwrap_or(usize::MAX);
        Part::Problem(LineProblem { line, reason: reason.into(), text: String::new() })
    }

    fn end(mut self, ready: &mut VecDeque<Part>) {
        self.begin(None, ready);
        ready.push_back(Part::End(Box::new(Tail { closing: None, information: self.information })));
    }

    fn cut_off(mut self, reason: &str, ready: &mut VecDeque<Part>) {
        self.begin(None, ready);
        self.ordinal = self.ordinal.saturating_add(1);
        ready.push_back(self.problem(format!("the statement cannot be read from here on: {reason}")));
        ready.push_back(Part::End(Box::new(Tail { closing: None, information: self.information })));
    }
}

impl<R: BufRead> Iterator for Parser<R> {
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

/// Statements of a file, each as a whole.
pub struct Statements<R> {
    parts: Parser<R>,
}

impl<R> Statements<R> {
    pub(super) fn new(parts: Parser<R>) -> Self {
        Self { parts }
    }
}

impl<R: BufRead> Iterator for Statements<R> {
    type Item = io::Result<Statement>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut statement = Statement::default();
        for part in self.parts.by_ref() {
            match part {
                Ok(Part::Head(head)) => statement = *head,
                Ok(Part::Entry(entry)) => {
                    // Of the first entry that can be read, when the head was handed out without one.
                    if statement.currency().is_none() {
                        statement.account_currency = Some(entry.amount.currency());
                    }
                    statement.entries.push(*entry);
                }
                Ok(Part::Problem(problem)) => statement.add_problem(problem),
                Ok(Part::End(tail)) => {
                    statement.information = tail.information;
                    return Some(Ok(statement));
                }
                Err(error) => return Some(Err(error)),
            }
        }
        None
    }
}
