//! An entry being read.

use money::Amount;
use time::Date;

use super::super::xml::Text;
use super::balance::side;
use crate::statement::{DebitCredit, Entry, Mark, ReturnReason};

/// Most lines of free text kept for one line.
const MAX_LINES: usize = 100;
/// Where the transactions of an entry stand.
pub(super) const DETAILS: &str = "NtryDtls/TxDtls";

/// What was made of a line: nothing when it moved nothing.
pub(super) type Line = Option<Result<Entry, String>>;

#[derive(Default)]
pub(super) struct EntryDraft {
    amount: Option<Result<Amount, String>>,
    side: Option<DebitCredit>,
    reversal: bool,
    pending: bool,
    booked_on: Option<Date>,
    value_date: Option<Date>,
    reference: String,
    bank_reference: Option<String>,
    type_code: String,
    information: Option<String>,
    /// The first thing that is wrong.
    fault: Option<String>,
    details: Option<Details>,
    /// Transactions that are done with.
    done: usize,
    /// The sum of those that could be read.
    sum: Option<Amount>,
    /// One of them could not, so the sum says nothing.
    unreadable: bool,
}

/// One transaction of an entry.
#[derive(Default)]
struct Details {
    /// Of the transaction, in the account's currency.
    amount: Option<Result<Amount, String>>,
    /// Where no such stands.
    other_amount: Option<Result<Amount, String>>,
    side: Option<DebitCredit>,
    end_to_end: String,
    instruction: String,
    bank_reference: Option<String>,
    payee_name: Option<String>,
    returned: Option<ReturnReason>,
    narratives: Vec<String>,
    fault: Option<String>,
}

fn note<T>(fault: &mut Option<String>, path: &str, read: Result<T, &'static str>) -> Option<T> {
    read.map_err(|reason| fault.get_or_insert_with(|| format!("{path} {reason}"))).ok()
}

fn filled(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

impl EntryDraft {
    pub(super) fn set(&mut self, path: &str, text: &Text) {
        if let Some(path) = path.strip_prefix(DETAILS).and_then(|p| p.strip_prefix('/')) {
            if let Some(details) = &mut self.details {
                details.set(path, text);
            }
            return;
        }
        let fault = &mut self.fault;
        match path {
            "NtryRef" => self.reference = note(fault, path, text.identity()).unwrap_or_default(),
            "Amt" => self.amount = Some(text.amount()),
            "CdtDbtInd" => self.side = side(text),
            "RvslInd" => match text.exact() {
                Ok("true" | "1") => self.reversal = true,
                Ok("false" | "0") => {}
                _ => drop(note::<()>(fault, path, Err("is neither true nor false"))),
            },
            // In version 2 the status itself, later a code.
            "Sts" | "Sts/Cd" => self.pending |= matches!(text.exact(), Ok("PDNG" | "INFO" | "FUTR")),
            "BookgDt/Dt" | "BookgDt/DtTm" => self.booked_on = note(fault, path, text.date()),
            "ValDt/Dt" | "ValDt/DtTm" => self.value_date = note(fault, path, text.date()),
            "AcctSvcrRef" => self.bank_reference = note(fault, path, text.identity()).and_then(filled),
            "BkTxCd/Prtry/Cd" => self.type_code = text.free(),
            "BkTxCd/Domn/Fmly/SubFmlyCd" if self.type_code.is_empty() => self.type_code = text.free(),
            "AddtlNtryInf" => self.information = filled(text.free()),
            _ => {}
        }
    }

    /// Another transaction begins: what becomes of the one before it.
    pub(super) fn next_details(&mut self, made: Option<Date>) -> Option<Line> {
        self.details.replace(Details::default()).map(|before| {
            self.done += 1;
            self.line(Some(before), false, made)
        })
    }

    /// The entry's last or only line, and what is wrong with the entry as a whole.
    pub(super) fn finish(mut self, made: Option<Date>) -> (Line, Option<String>) {
        let details = self.details.take();
        let alone = self.done == 0;
        let last = self.line(details, alone, made);
        let stated = self.amount.as_ref().and_then(|amount| amount.as_ref().ok()).copied();
        let sum = self.sum.and_then(|sum| sum.checked_abs().ok());
        let differs = match (sum, stated) {
            (Some(sum), Some(stated)) if !alone && !self.unreadable && sum != stated => Some(format!(
                "the transactions of a batch make {}, the entry says {}",
                sum.with_code(),
                stated.with_code()
            )),
            _ => None,
        };
        (last, differs)
    }

    fn line(&mut self, details: Option<Details>, alone: bool, made: Option<Date>) -> Line {
        if self.pending {
            return None;
        }
        let line = self.entry(details.unwrap_or_default(), alone, made);
        match (self.sum, line.as_ref().ok().and_then(|entry| entry.signed().ok())) {
            (None, Some(amount)) => self.sum = Some(amount),
            (Some(sum), Some(amount)) => match sum.checked_add(amount) {
                Ok(sum) => self.sum = Some(sum),
                Err(_) => self.unreadable = true,
            },
            (_, None) => self.unreadable = true,
        }
        Some(line)
    }

    fn entry(&self, details: Details, alone: bool, made: Option<Date>) -> Result<Entry, String> {
        if let Some(fault) = self.fault.as_ref().or(details.fault.as_ref()) {
            return Err(fault.clone());
        }
        let side = self.side.ok_or("CdtDbtInd is neither CRDT nor DBIT")?;
        let of_entry = || self.amount.clone().unwrap_or_else(|| Err("is missing".to_owned()));
        let amount = if alone {
            of_entry()
        } else {
            details
                .amount
                .or(details.other_amount)
                .unwrap_or_else(|| Err("of a transaction is missing".into()))
        };
        let takes_back = self.reversal || details.returned.is_some();
        let side = if alone { side } else { details.side.unwrap_or(side) };
        let references = [details.end_to_end, details.instruction, self.reference.clone()];
        Ok(Entry {
            value_date: self
                .value_date
                .or(self.booked_on)
                .or(made)
                .ok_or("has neither a booking nor a value date")?,
            entry_date: self.booked_on,
            mark: match (side, takes_back) {
                (DebitCredit::Credit, false) => Mark::Credit,
                (DebitCredit::Credit, true) => Mark::ReversalOfDebit,
                (DebitCredit::Debit, false) => Mark::Debit,
                (DebitCredit::Debit, true) => Mark::ReversalOfCredit,
            },
            funds_code: None,
            amount: amount.map_err(|reason| format!("Amt {reason}"))?,
            type_code: self.type_code.clone(),
            customer_reference: references.into_iter().find(|r| !r.is_empty()).unwrap_or_default(),
            bank_reference: details.bank_reference.or_else(|| self.bank_reference.clone()),
            supplementary: self.information.clone(),
            narratives: details.narratives,
            payee_name: details.payee_name,
            return_reason: details.returned,
            ordinal: 0,
        })
    }
}

impl Details {
    fn set(&mut self, path: &str, text: &Text) {
        let fault = &mut self.fault;
        // `NOTPROVIDED` is how the standard says that there is none.
        let reference = |r: String| if r == "NOTPROVIDED" { String::new() } else { r };
        match path {
            "Refs/EndToEndId" => {
                self.end_to_end = note(fault, path, text.identity()).map(reference).unwrap_or_default();
            }
            "Refs/InstrId" => {
                self.instruction = note(fault, path, text.identity()).map(reference).unwrap_or_default();
            }
            "Refs/AcctSvcrRef" => self.bank_reference = note(fault, path, text.identity()).and_then(filled),
            "Amt" => self.amount = Some(text.amount()),
            "AmtDtls/TxAmt/Amt" => self.other_amount = Some(text.amount()),
            "CdtDbtInd" => self.side = side(text),
            "RltdPties/Cdtr/Nm" | "RltdPties/Cdtr/Pty/Nm" => self.payee_name = filled(text.free()),
            "RtrInf/Rsn/Cd" | "RtrInf/Rsn/Prtry" => {
                self.returned.get_or_insert_default().code = filled(text.free());
            }
            "RtrInf/AddtlInf" => {
                keep(&mut self.returned.get_or_insert_default().information, text);
            }
            "RmtInf/Ustrd" | "AddtlTxInf" => keep(&mut self.narratives, text),
            _ => {}
        }
    }
}

fn keep(lines: &mut Vec<String>, text: &Text) {
    if lines.len() < MAX_LINES {
        lines.extend(filled(text.free()));
    }
}
