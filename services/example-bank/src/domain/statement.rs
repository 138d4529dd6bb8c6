//! Statements: what the ledger did to an account, as MT940.

use bank_formats::mt940::{self, Balance, Entry, Mark, Statement, WriteError};
use money::{Amount, MoneyError};
use thiserror::Error;
use time::{Date, OffsetDateTime};

/// Statement numbers have five digits; the next one after this is 1 again.
const MAX_NUMBER: i64 = 99_999;

/// What kind of movement a line reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineKind {
    /// Money came in.
    Deposit,
    /// A payment left.
    Payment,
    /// A payment came back.
    Reversal,
}

impl LineKind {
    /// The kind of a journal entry.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "deposit" => Some(Self::Deposit),
            "payment" => Some(Self::Payment),
            "reversal" => Some(Self::Reversal),
            _ => None,
        }
    }
}

/// One movement of the account. No `Debug`: narratives may name people.
#[derive(Clone, PartialEq, Eq)]
pub struct Line {
    /// Number of the journal entry.
    pub entry_id: i64,
    /// What it is.
    pub kind: LineKind,
    /// The payment's key, or the deposit's.
    pub reference: String,
    /// With its sign: above zero when the account has more after it.
    pub amount: Amount,
    /// When it was booked.
    pub booked_at: OffsetDateTime,
    /// Lines of the payment.
    pub narratives: String,
    /// Why a payment came back.
    pub return_reason: Option<String>,
}

/// A statement to be written.
#[derive(Clone, PartialEq, Eq)]
pub struct Draft {
    /// Number of the statement in the bank.
    pub statement_id: i64,
    /// The account.
    pub account: String,
    /// 1, 2, 3 … for the account.
    pub number: i64,
    /// Balance before the lines.
    pub opening: Amount,
    /// Day of the statement.
    pub date: Date,
    /// The lines, in the order of booking.
    pub lines: Vec<Line>,
}

/// A statement cannot be made.
#[derive(Debug, Error)]
pub enum StatementError {
    /// The format has no room for it.
    #[error(transparent)]
    Format(#[from] WriteError),
    /// The balances do not fit.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

/// The text of the statement and its closing balance.
///
/// # Errors
/// [`StatementError`].
pub fn to_mt940(draft: &Draft) -> Result<(String, Amount), StatementError> {
    let moved = draft.lines.iter().map(|line| line.amount);
    let closing = Amount::sum(draft.opening.currency(), std::iter::once(draft.opening).chain(moved))?;
    let entries = draft.lines.iter().zip(1..).map(|(line, ordinal)| entry(line, ordinal));
    let number = (draft.number - 1).rem_euclid(MAX_NUMBER) + 1;
    let statement = Statement {
        reference: format!("S{:015}", draft.statement_id),
        account: draft.account.clone(),
        statement_number: u32::try_from(number).unwrap_or(1),
        sequence_number: Some(1),
        opening: Some(Balance::from_signed(draft.opening, draft.date)?),
        entries: entries.collect::<Result<_, _>>()?,
        closing: Some(Balance::from_signed(closing, draft.date)?),
        ..Statement::default()
    };
    Ok((mt940::to_text(std::slice::from_ref(&statement))?, closing))
}

fn entry(line: &Line, ordinal: u32) -> Result<Entry, MoneyError> {
    let date = line.booked_at.date();
    Ok(Entry {
        value_date: date,
        entry_date: Some(date),
        mark: match line.kind {
            LineKind::Deposit => Mark::Credit,
            LineKind::Payment => Mark::Debit,
            LineKind::Reversal => Mark::ReversalOfDebit,
        },
        funds_code: None,
        amount: line.amount.checked_abs()?,
        type_code: if line.kind == LineKind::Deposit { "NMSC" } else { "NTRF" }.to_owned(),
        customer_reference: match line.kind {
            LineKind::Deposit => "NONREF".to_owned(),
            LineKind::Payment | LineKind::Reversal => line.reference.clone(),
        },
        bank_reference: Some(format!("E{:015}", line.entry_id)),
        supplementary: None,
        narratives: narratives(line),
        ordinal,
    })
}

/// The payer's lines; on a reversal the last line is the reason.
fn narratives(line: &Line) -> Vec<String> {
    let mut lines: Vec<String> = match line.kind {
        LineKind::Deposit => vec!["DEPOSIT".to_owned()],
        _ => line.narratives.lines().map(str::to_owned).collect(),
    };
    if let Some(reason) = line.return_reason.as_ref().filter(|_| line.kind == LineKind::Reversal) {
        lines.truncate(mt940::MAX_NARRATIVES - 1);
        // The format has no underscore.
        lines.push(reason.replace('_', " "));
    }
    if lines.is_empty() {
        lines.push(String::new());
    }
    lines
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
    use bank_formats::mt940::{Mark, parse};
    use money::{Amount, Currency};
    use proptest::prelude::*;
    use time::macros::datetime;

    use super::{Draft, Line, LineKind, to_mt940};

    fn line(entry_id: i64, kind: LineKind, minor: i64, narratives: &str) -> Line {
        Line {
            entry_id,
            kind,
            reference: format!("PAY{entry_id}"),
            amount: Amount::from_minor(minor, Currency::KES),
            booked_at: datetime!(2026-01-01 23:59 UTC),
            narratives: narratives.to_owned(),
            return_reason: (kind == LineKind::Reversal).then(|| "ACCOUNT_CLOSED".to_owned()),
        }
    }

    fn draft(opening: i64, lines: Vec<Line>) -> Draft {
        Draft {
            statement_id: 12,
            account: "SP-1".to_owned(),
            number: 100_000,
            opening: Amount::from_minor(opening, Currency::KES),
            date: datetime!(2026-01-02 0:00 UTC).date(),
            lines,
        }
    }

    #[test]
    fn a_statement_says_what_the_bridge_needs() {
        let lines = vec![
            line(1, LineKind::Deposit, 100_000, ""),
            line(2, LineKind::Payment, -50_010, "Food\n\nJuly\n\nPAY2"),
            line(3, LineKind::Reversal, 50_010, "a\nb\nc\nd\ne\nf"),
        ];
        let (text, closing) = to_mt940(&draft(0, lines)).unwrap();
        assert_eq!(closing.minor(), 100_000);
        let read = parse(text.as_bytes()).remove(0);
        assert!(read.problems.is_empty(), "{:?}", read.problems);
        read.verify_balances().unwrap();
        assert_eq!((read.statement_number, read.sequence_number), (1, Some(1)));
        let marks: Vec<Mark> = read.entries.iter().map(|e| e.mark).collect();
        assert_eq!(marks, [Mark::Credit, Mark::Debit, Mark::ReversalOfDebit]);
        assert_eq!(read.entries[1].customer_reference, "PAY2");
        assert_eq!(read.entries[1].narratives, ["Food", "", "July", "", "PAY2"]);
        assert_eq!(read.entries[2].narratives, ["a", "b", "c", "d", "e", "ACCOUNT CLOSED"]);
        assert_eq!(read.entries[2].bank_reference.as_deref(), Some("E000000000000003"));
    }

    proptest! {
        #[test]
        fn whatever_payers_write_the_statement_adds_up(
            lines in proptest::collection::vec((1_i64..1_000_000, "\\PC{0,80}(\n\\PC{0,20})?"), 0..20),
            opening in -1_000_000_i64..1_000_000,
        ) {
            let lines: Vec<Line> = lines.iter().zip(1..)
                .map(|((minor, text), id)| line(id, LineKind::Payment, -minor, text)).collect();
            let count = lines.len();
            let (text, closing) = to_mt940(&draft(opening, lines)).unwrap();
            let read = parse(text.as_bytes());
            prop_assert_eq!(read.len(), 1);
            prop_assert_eq!(read[0].entries.len(), count);
            prop_assert!(read[0].problems.is_empty() && read[0].verify_balances().is_ok());
            prop_assert_eq!(read[0].closing.unwrap().signed().unwrap(), closing);
        }
    }
}
