//! The head of a statement being read.

use money::Currency;
use time::Date;

use super::super::xml::Text;
use crate::statement::{Format, Statement};

pub(super) struct Head {
    pub(super) statement: Statement,
    /// When it was made: the day of entries that have none.
    pub(super) made: Option<Date>,
    legal_number: Option<u32>,
}

impl Head {
    pub(super) fn new(format: Format) -> Self {
        Self { statement: Statement { format, ..Statement::default() }, made: None, legal_number: None }
    }

    pub(super) fn set(&mut self, path: &str, text: &Text) {
        let result = match path {
            "Id" => text.identity().map(|id| self.statement.reference = id),
            "ElctrncSeqNb" => number(text).map(|n| self.statement.statement_number = n),
            "LglSeqNb" => number(text).map(|n| self.legal_number = Some(n)),
            "StmtPgntn/PgNb" | "NtfctnPgntn/PgNb" => {
                number(text).map(|n| self.statement.sequence_number = Some(n))
            }
            "CreDtTm" => text.date().map(|date| self.made = Some(date)),
            "Acct/Id/IBAN" | "Acct/Id/Othr/Id" => text.identity().map(|id| self.statement.account = id),
            "Acct/Ccy" => text
                .exact()
                .and_then(|code| Currency::from_code(code).map_err(|_| "is no currency of ISO 4217"))
                .map(|currency| self.statement.account_currency = Some(currency)),
            _ => return,
        };
        if let Err(reason) = result {
            self.statement.problem(0, format!("{path} {reason}"), &text.free());
        }
    }

    /// The head as far as it goes, with what is missing in it.
    pub(super) fn finish(mut self) -> Statement {
        let statement = &mut self.statement;
        if let Some(number) = self.legal_number.filter(|_| statement.statement_number == 0) {
            statement.statement_number = number;
        }
        let balances = statement.format == Format::Camt053;
        for (missing, what) in [
            (statement.reference.is_empty(), "the statement has no readable Id"),
            (statement.account.is_empty(), "the statement has no readable account"),
            (balances && statement.opening.is_none(), "the statement has no readable opening balance OPBD"),
            (balances && statement.closing.is_none(), "the statement has no readable closing balance CLBD"),
        ] {
            if missing {
                statement.problem(0, what, "");
            }
        }
        self.statement
    }
}

/// A whole number; the standard's type is a decimal.
fn number(text: &Text) -> Result<u32, &'static str> {
    let digits = text.exact()?;
    let digits = digits
        .split_once('.')
        .map_or(digits, |(whole, zeros)| if zeros.bytes().all(|b| b == b'0') { whole } else { "" });
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err("is not a number");
    }
    digits.parse().map_err(|_| "is not a number")
}
