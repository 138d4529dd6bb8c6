//! A balance being read.

use money::Amount;
use time::Date;

use super::super::xml::Text;
use crate::statement::{Balance, DebitCredit, Statement};

#[derive(Default)]
pub(super) struct BalanceDraft {
    code: String,
    part: String,
    amount: Option<Result<Amount, String>>,
    mark: Option<DebitCredit>,
    date: Option<Date>,
}

/// `CRDT` or `DBIT`.
pub(super) fn side(text: &Text) -> Option<DebitCredit> {
    match text.exact().ok()? {
        "CRDT" => Some(DebitCredit::Credit),
        "DBIT" => Some(DebitCredit::Debit),
        _ => None,
    }
}

impl BalanceDraft {
    pub(super) fn set(&mut self, path: &str, text: &Text) {
        match path {
            "Tp/CdOrPrtry/Cd" => self.code = text.free(),
            "Tp/SubTp/Cd" => self.part = text.free(),
            "Amt" => self.amount = Some(text.amount()),
            "CdtDbtInd" => self.mark = side(text),
            "Dt/Dt" | "Dt/DtTm" => self.date = text.date().ok(),
            _ => {}
        }
    }

    /// Puts the balance where it belongs. Others than those of bookings (available, expected) belong nowhere.
    pub(super) fn finish(self, statement: &mut Statement) {
        let opening = match self.code.as_str() {
            "OPBD" | "PRCD" => true,
            "CLBD" => false,
            // Between pages: the first one opens the page.
            "ITBD" => statement.opening.is_none(),
            _ => return,
        };
        // The closing balance of the day before says the same as the opening one.
        if self.code == "PRCD" && statement.opening.is_some() {
            return;
        }
        let (code, replaces) = (self.code.clone(), self.code == "OPBD" || self.code == "CLBD");
        match self.read() {
            Ok(balance) => {
                let place = if opening { &mut statement.opening } else { &mut statement.closing };
                if place.is_none() || replaces {
                    *place = Some(balance);
                }
            }
            Err(reason) => statement.problem(0, format!("the balance {code} {reason}"), ""),
        }
    }

    fn read(self) -> Result<Balance, String> {
        Ok(Balance {
            mark: self.mark.ok_or("says neither CRDT nor DBIT")?,
            date: self.date.ok_or("has no date YYYY-MM-DD")?,
            amount: self.amount.ok_or("has no amount")??,
            intermediate: self.code == "ITBD" || self.part == "INTM",
        })
    }
}
