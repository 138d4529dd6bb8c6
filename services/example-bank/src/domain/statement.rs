//! Statements: what the ledger did to an account, as MT940 or camt.053.

use bank_formats::{
    iso20022::{self, camt},
    mt940::{self, Balance, Entry, Mark, ReturnReason, Statement, WriteError},
};
use money::{Amount, MoneyError};
use thiserror::Error;
use time::{Date, OffsetDateTime};

/// Statement numbers have five digits; the next one after this is 1 again.
const MAX_NUMBER: i64 = 99_999;

/// The format a statement is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// SWIFT MT940.
    Mt940,
    /// ISO 20022 camt.053.
    Camt053,
}

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
    /// MT940 has no room for it.
    #[error(transparent)]
    Mt940(#[from] WriteError),
    /// camt.053 has no room for it.
    #[error(transparent)]
    Camt053(#[from] iso20022::WriteError),
    /// The balances do not fit.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

/// The text of the statement and its closing balance.
///
/// # Errors
/// [`StatementError`].
pub fn to_text(draft: &Draft, format: Written) -> Result<(String, Amount), StatementError> {
    let moved = draft.lines.iter().map(|line| line.amount);
    let closing = Amount::sum(draft.opening.currency(), std::iter::once(draft.opening).chain(moved))?;
    let entries = draft.lines.iter().zip(1..).map(|(line, ordinal)| entry(line, ordinal, format));
    let number = match format {
        Written::Mt940 => (draft.number - 1).rem_euclid(MAX_NUMBER) + 1,
        Written::Camt053 => draft.number,
    };
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
    let statement = std::slice::from_ref(&statement);
    let text = match format {
        Written::Mt940 => mt940::to_text(statement)?,
        Written::Camt053 => camt::to_text(statement)?,
    };
    Ok((text, closing))
}

fn entry(line: &Line, ordinal: u32, format: Written) -> Result<Entry, MoneyError> {
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
            LineKind::Deposit if format == Written::Camt053 => String::new(),
            LineKind::Deposit => "NONREF".to_owned(),
            LineKind::Payment | LineKind::Reversal => line.reference.clone(),
        },
        bank_reference: Some(format!("E{:015}", line.entry_id)),
        supplementary: None,
        narratives: narratives(line, format),
        payee_name: None,
        return_reason: reason(line).map(|code| ReturnReason { code: Some(code), ..ReturnReason::default() }),
        ordinal,
    })
}

/// The standard's code for why a payment came back; without one the bank's own word.
fn reason(line: &Line) -> Option<String> {
    let word = line.return_reason.as_deref().filter(|_| line.kind == LineKind::Reversal)?;
    let code = match word {
        "ACCOUNT_NOT_FOUND" => "AC01",
        "ACCOUNT_CLOSED" => "AC04",
        "ACCOUNT_FROZEN" | "ACCOUNT_DORMANT" => "AC06",
        "ACCOUNT_DECEASED" => "MD07",
        other => other,
    };
    Some(code.to_owned())
}

/// The payer's lines; in MT940 the last line of a reversal is the reason.
fn narratives(line: &Line, format: Written) -> Vec<String> {
    let mut lines: Vec<String> = match line.kind {
        LineKind::Deposit => vec!["DEPOSIT".to_owned()],
        _ => line.narratives.lines().map(str::to_owned).collect(),
    };
    if format == Written::Camt053 {
        return lines;
    }
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

    use super::{Draft, Line, LineKind, Written, to_text};

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
        let (text, closing) = to_text(&draft(0, lines), Written::Mt940).unwrap();
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

    #[test]
    fn a_payment_that_came_back_says_why_in_the_codes_of_the_standard() {
        let lines = vec![
            line(1, LineKind::Deposit, 1000, ""),
            line(2, LineKind::Payment, -100, "Food\n\n<July>"),
            line(3, LineKind::Reversal, 100, "a"),
        ];
        let (text, closing) = to_text(&draft(0, lines), Written::Camt053).unwrap();
        let read = bank_formats::statements(text.as_bytes()).remove(0);
        assert_eq!(closing.minor(), 1000);
        assert_eq!((read.problems.len(), read.verify_balances()), (0, Ok(())));
        assert_eq!((read.statement_number, read.account.as_str()), (100_000, "SP-1"));
        let marks: Vec<Mark> = read.entries.iter().map(|e| e.mark).collect();
        assert_eq!(marks, [Mark::Credit, Mark::Debit, Mark::ReversalOfDebit]);
        assert_eq!(
            (read.entries[1].customer_reference.as_str(), read.entries[1].narratives.len()),
            ("PAY2", 2)
        );
        let reason = read.entries[2].return_reason.as_ref().unwrap();
        assert_eq!(reason.code.as_deref(), Some("AC04"));
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
            let (text, closing) = to_text(&draft(opening, lines), Written::Mt940).unwrap();
            let read = parse(text.as_bytes());
            prop_assert_eq!(read.len(), 1);
            prop_assert_eq!(read[0].entries.len(), count);
            prop_assert!(read[0].problems.is_empty() && read[0].verify_balances().is_ok());
            prop_assert_eq!(read[0].closing.unwrap().signed().unwrap(), closing);
        }
    }
}
