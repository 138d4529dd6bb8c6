//! From a report's elements to what it says.

use std::io::{self, BufRead};

use super::super::xml::{Fault, Node, Pull, Text};
use super::{Batch, Group, Report, Status, Transaction};
use crate::statement::{LineProblem, ReturnReason};

const ROOT: &str = "CstmrPmtStsRpt/";
/// Most lines of information about a status that are kept.
const MAX_LINES: usize = 20;
/// Most problems that are kept.
const MAX_PROBLEMS: usize = 1000;

/// A part of a report, in the order of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// The whole message. Comes before the payments when the bank keeps the order of the standard.
    Group(Group),
    /// A payment.
    Transaction(Box<Transaction>),
    /// A batch; comes after its payments.
    Batch(Batch),
    /// Something that cannot be read.
    Problem(LineProblem),
}

/// Reads part by part; holds one payment in memory.
///
/// Yields an error only when the input cannot be read; then it ends.
pub struct Parser<R> {
    xml: Pull<R>,
    group: Group,
    batch: Batch,
    transaction: Draft,
    count: usize,
    ended: bool,
}

#[derive(Default)]
struct Draft {
    instruction_id: Option<String>,
    end_to_end_id: String,
    status: Option<Status>,
    reason: ReturnReason,
    bank_reference: Option<String>,
    fault: Option<String>,
}

impl<R: BufRead> Parser<R> {
    /// Reads from any buffered input.
    pub fn new(input: R) -> Self {
        Self {
            xml: Pull::new(input),
            group: Group::default(),
            batch: Batch::default(),
            transaction: Draft::default(),
            count: 0,
            ended: false,
        }
    }

    fn read(&mut self) -> io::Result<Option<Part>> {
        loop {
            let node = match self.xml.step() {
                Ok(node) => node,
                Err(Fault::Io(error)) => return Err(error),
                Err(Fault::Xml(reason)) => {
                    self.ended = true;
                    self.count += 1;
                    return Ok(Some(
                        self.problem(format!("the report cannot be read from here on: {reason}")),
                    ));
                }
            };
            let Some(path) = self.xml.path().strip_prefix(ROOT) else {
                if matches!(node, Node::End) {
                    self.ended = true;
                    return Ok(None);
                }
                continue;
            };
            let path = path.to_owned();
            let part = match node {
                Node::Open => {
                    self.open(&path);
                    None
                }
                Node::Close(text) => self.close(&path, &text),
                Node::End => None,
            };
            if part.is_some() {
                return Ok(part);
            }
        }
    }

    fn open(&mut self, path: &str) {
        match path {
            "GrpHdr" => self.group = Group::default(),
            "OrgnlPmtInfAndSts" => self.batch = Batch::default(),
            "OrgnlPmtInfAndSts/TxInfAndSts" => self.transaction = Draft::default(),
            _ => {}
        }
    }

    fn close(&mut self, path: &str, text: &Text) -> Option<Part> {
        match path {
            "GrpHdr/MsgId" => text.identity().map(|id| self.group.message_id = id).ok()?,
            "OrgnlGrpInfAndSts" => return Some(Part::Group(std::mem::take(&mut self.group))),
            "OrgnlPmtInfAndSts" => {
                let batch = std::mem::take(&mut self.batch);
                return Some(Part::Batch(batch));
            }
            "OrgnlPmtInfAndSts/TxInfAndSts" => return Some(self.transaction()),
            _ => {}
        }
        if let Some(path) = path.strip_prefix("OrgnlGrpInfAndSts/") {
            let group = &mut self.group;
            let problem = match path {
                "OrgnlMsgId" => named(path, text).map(|id| group.original_message_id = id),
                "GrpSts" => status(path, text).map(|status| group.status = Some(status)),
                _ => reason(&mut group.reason, path, text),
            };
            return problem.err().map(|reason| self.problem(reason));
        }
        let path = path.strip_prefix("OrgnlPmtInfAndSts/")?;
        if let Some(path) = path.strip_prefix("TxInfAndSts/") {
            if let Err(reason) = self.transaction.set(path, text) {
                self.transaction.fault.get_or_insert(reason);
            }
            return None;
        }
        let batch = &mut self.batch;
        let problem = match path {
            "OrgnlPmtInfId" => named(path, text).map(|id| batch.id = id),
            "PmtInfSts" => status(path, text).map(|status| batch.status = Some(status)),
            _ => reason(&mut batch.reason, path, text),
        };
        problem.err().map(|reason| self.problem(reason))
    }

    fn transaction(&mut self) -> Part {
        self.count += 1;
        match std::mem::take(&mut self.transaction).finish(&self.batch.id) {
            Ok(transaction) => Part::Transaction(Box::new(transaction)),
            Err(reason) => self.problem(reason),
        }
    }

    fn problem(&self, reason: String) -> Part {
        Part::Problem(LineProblem { line: self.count, reason, text: String::new() })
    }
}

impl Draft {
    fn set(&mut self, path: &str, text: &Text) -> Result<(), String> {
        match path {
            "OrgnlInstrId" => self.instruction_id = filled(named(path, text)?),
            "OrgnlEndToEndId" => self.end_to_end_id = named(path, text)?,
            "AcctSvcrRef" => self.bank_reference = filled(named(path, text)?),
            "TxSts" => self.status = Some(status(path, text)?),
            _ => reason(&mut self.reason, path, text)?,
        }
        Ok(())
    }

    fn finish(self, batch_id: &str) -> Result<Transaction, String> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        if self.end_to_end_id.is_empty() {
            return Err("OrgnlEndToEndId is missing".to_owned());
        }
        Ok(Transaction {
            batch_id: batch_id.to_owned(),
            instruction_id: self.instruction_id,
            end_to_end_id: self.end_to_end_id,
            status: self.status.ok_or("TxSts is missing")?,
            reason: self.reason,
            bank_reference: self.bank_reference,
        })
    }
}

fn filled(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

fn named(path: &str, text: &Text) -> Result<String, String> {
    text.identity().map_err(|reason| format!("{path} {reason}"))
}

fn status(path: &str, text: &Text) -> Result<Status, String> {
    let known = text.exact().ok().and_then(Status::from_code);
    known.ok_or_else(|| format!("{path} is no status that is known"))
}

fn reason(of: &mut ReturnReason, path: &str, text: &Text) -> Result<(), String> {
    match path {
        "StsRsnInf/Rsn/Cd" | "StsRsnInf/Rsn/Prtry" => of.code = filled(named(path, text)?),
        "StsRsnInf/AddtlInf" if of.information.len() < MAX_LINES => {
            of.information.extend(filled(text.free()));
        }
        _ => {}
    }
    Ok(())
}

impl<R: BufRead> Iterator for Parser<R> {
    type Item = io::Result<Part>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let next = self.read();
        self.ended |= next.is_err();
        next.transpose()
    }
}

/// Reads a whole report; `None` when the bytes hold nothing of one.
#[must_use]
pub fn parse(bytes: &[u8]) -> Option<Report> {
    let mut report = Report::default();
    // Reading from memory has no I/O errors to report.
    for part in Parser::new(bytes).filter_map(Result::ok) {
        match part {
            Part::Group(group) => report.group = group,
            Part::Batch(batch) => report.batches.push(batch),
            Part::Transaction(transaction) => report.transactions.push(*transaction),
            Part::Problem(problem) if report.problems.len() < MAX_PROBLEMS => report.problems.push(problem),
            Part::Problem(_) => {}
        }
    }
    (!report.is_empty()).then_some(report)
}
