//! What a statement says, in whichever format it came.

use std::fmt;

use money::{Amount, Currency, MoneyError};
use thiserror::Error;
use time::Date;

/// Most problems kept per statement, so that a hostile file cannot fill the memory with them.
const MAX_PROBLEMS: usize = 1000;

/// Longest reference or account number that is read, in characters: eight times the standard's, and short enough for
/// any index.
pub const LONGEST_REFERENCE: usize = 128;

/// The format a statement came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Format {
    /// SWIFT MT940 customer statement.
    #[default]
    Mt940,
    /// ISO 20022 statement.
    Camt053,
    /// ISO 20022 debit and credit notification: entries without balances.
    Camt054,
}

/// One customer statement.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Statement {
    /// What it came as.
    pub format: Format,
    /// `:20:` transaction reference, up to 16 characters; `Id`.
    pub reference: String,
    /// `:25:` the account, as the bank writes it; `Acct`.
    pub account: String,
    /// The account's currency where the head names it apart from the balances.
    pub account_currency: Option<Currency>,
    /// `:28C:` statement number, `ElctrncSeqNb` or `LglSeqNb`; 0 when it is missing.
    pub statement_number: u32,
    /// `:28C:` sequence (page) number after the slash; `PgNb`.
    pub sequence_number: Option<u32>,
    /// `:60F:` or `:60M:`, `OPBD`; `None` when missing or unreadable (then there is a problem that says so).
    pub opening: Option<Balance>,
    /// The lines that could be read, in the order of the file: `:61:`; `Ntry`, or each `TxDtls` of an `Ntry`.
    pub entries: Vec<Entry>,
    /// `:62F:` or `:62M:`, `CLBD`; `None` when missing or unreadable.
    pub closing: Option<Balance>,
    /// `:86:` after the closing balance, `AddtlStmtInf`: information about the whole statement.
    pub information: Vec<String>,
    /// What could not be read, at most 1000; see [`Statement::problems_omitted`].
    pub problems: Vec<LineProblem>,
    /// How many further problems were not kept.
    pub problems_omitted: usize,
}

impl Statement {
    /// The currency of the balances, or else of the account, and so of all entries.
    #[must_use]
    pub fn currency(&self) -> Option<Currency> {
        self.opening.or(self.closing).map(|balance| balance.amount.currency()).or(self.account_currency)
    }

    /// Checks that the opening balance and the entries make the closing balance.
    ///
    /// # Errors
    /// [`BalanceError`]: a balance is missing, or the sum differs (an entry is missing, unreadable or was slipped in).
    pub fn verify_balances(&self) -> Result<(), BalanceError> {
        let mut movement = Movement::default();
        for entry in &self.entries {
            movement.add(entry);
        }
        movement.verify(self.opening, self.closing, self.problems.len() + self.problems_omitted)
    }

    pub(crate) fn problem(&mut self, line: usize, reason: impl Into<String>, text: &str) {
        let text = text.chars().take(80).collect();
        self.add_problem(LineProblem { line, reason: reason.into(), text });
    }

    pub(crate) fn add_problem(&mut self, problem: LineProblem) {
        if self.problems.len() < MAX_PROBLEMS {
            self.problems.push(problem);
        } else {
            self.problems_omitted += 1;
        }
    }
}

/// A part of a file, in the order of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// A statement begins: what is known of it before its lines, without entries. Its problems are those of the head.
    Head(Box<Statement>),
    /// A line of it.
    Entry(Box<Entry>),
    /// A line of it that cannot be read.
    Problem(LineProblem),
    /// The statement ends.
    End(Box<Tail>),
}

/// What stands behind the lines of a statement.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tail {
    /// The closing balance; in ISO 20022 it stands in the head.
    pub closing: Option<Balance>,
    /// What the bank says about the whole of it.
    pub information: Vec<String>,
}

/// The sum of entries that are not kept.
#[derive(Debug, Clone, Default)]
pub struct Movement {
    minor: i128,
    currency: Option<Currency>,
    fault: Option<MoneyError>,
}

impl Movement {
    /// Adds an entry.
    pub fn add(&mut self, entry: &Entry) {
        let added = entry.signed().and_then(|amount| {
            let currency = *self.currency.get_or_insert_with(|| amount.currency());
            // For the check that the currencies are the same.
            Amount::zero(currency).checked_add(amount)?;
            self.minor = self.minor.checked_add(i128::from(amount.minor())).ok_or(MoneyError::Overflow)?;
            Ok(())
        });
        if let Err(error) = added {
            self.fault.get_or_insert(error);
        }
    }

    /// Checks that the opening balance and the entries make the closing balance.
    ///
    /// # Errors
    /// [`BalanceError`]: a balance is missing, or the sum differs (an entry is missing, unreadable or was slipped in).
    pub fn verify(
        &self,
        opening: Option<Balance>,
        closing: Option<Balance>,
        unreadable: usize,
    ) -> Result<(), BalanceError> {
        let opening = opening.ok_or(BalanceError::Missing("opening"))?.signed()?;
        let stated = closing.ok_or(BalanceError::Missing("closing"))?.signed()?;
        if let Some(fault) = &self.fault {
            return Err(fault.clone().into());
        }
        // Of the same currency, or that is the error.
        opening
            .checked_sub(opening)?
            .checked_add(Amount::zero(self.currency.unwrap_or(opening.currency())))?;
        let sum = self.minor.checked_add(i128::from(opening.minor()));
        let sum = sum.and_then(|sum| i64::try_from(sum).ok()).ok_or(MoneyError::Overflow)?;
        let computed = Amount::from_minor(sum, opening.currency());
        if computed.checked_sub(stated)?.is_zero() {
            return Ok(());
        }
        Err(BalanceError::Differs { computed, stated, unreadable })
    }
}

/// A balance of the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Balance {
    /// Whether the account owes (debit) or has (credit).
    pub mark: DebitCredit,
    /// The day it is of.
    pub date: Date,
    /// Never negative; the sign is in `mark`.
    pub amount: Amount,
    /// `:60M:`/`:62M:`: a page's balance, not the statement's.
    pub intermediate: bool,
}

impl Balance {
    /// A balance of the whole statement (`F`) with the sign of `amount`.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] for the one amount that has no opposite.
    pub fn from_signed(amount: Amount, date: Date) -> Result<Self, MoneyError> {
        let mark = if amount.is_negative() { DebitCredit::Debit } else { DebitCredit::Credit };
        Ok(Self { mark, date, amount: amount.checked_abs()?, intermediate: false })
    }

    /// The amount with its sign: credit above zero, debit below.
    ///
    /// # Errors
    /// Does not fail for a balance that was read.
    pub fn signed(&self) -> Result<Amount, MoneyError> {
        match self.mark {
            DebitCredit::Credit => Ok(self.amount),
            DebitCredit::Debit => self.amount.checked_neg(),
        }
    }
}

/// Side of an account, seen from its owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DebitCredit {
    /// `D`
    Debit,
    /// `C`
    Credit,
}

/// What an entry does to the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mark {
    /// `C`: money came in.
    Credit,
    /// `D`: money went out.
    Debit,
    /// `RC`: an earlier credit is taken back; money goes out.
    ReversalOfCredit,
    /// `RD`: an earlier debit is taken back; money comes in.
    ReversalOfDebit,
}

impl Mark {
    /// `C`, `D`, `RC` or `RD`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Credit => "C",
            Self::Debit => "D",
            Self::ReversalOfCredit => "RC",
            Self::ReversalOfDebit => "RD",
        }
    }

    /// Whether it takes an earlier entry back.
    #[must_use]
    pub const fn is_reversal(self) -> bool {
        matches!(self, Self::ReversalOfCredit | Self::ReversalOfDebit)
    }

    /// Whether the account has more after it.
    #[must_use]
    pub const fn adds(self) -> bool {
        matches!(self, Self::Credit | Self::ReversalOfDebit)
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One line of a statement. `Debug` does not show free text: it may name people.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    /// The day from which the money counts.
    pub value_date: Date,
    /// The day of booking, when the line names one.
    pub entry_date: Option<Date>,
    /// What it does to the account.
    pub mark: Mark,
    /// Third letter of the currency, when the line has one.
    pub funds_code: Option<char>,
    /// Never negative; the sign is in `mark`.
    pub amount: Amount,
    /// Four characters: `NTRF`, `NMSC`, …
    pub type_code: String,
    /// Reference for the account owner: `EndToEndId` in ISO 20022. 16 characters by the standard; longer ones are kept whole when read, up to
    /// [`LONGEST_REFERENCE`].
    pub customer_reference: String,
    /// Reference of the bank, after `//`; `AcctSvcrRef`.
    pub bank_reference: Option<String>,
    /// The line below `:61:`, when there is one.
    pub supplementary: Option<String>,
    /// The lines of `:86:`, by position; an empty one is `""`. The remittance information of ISO 20022.
    pub narratives: Vec<String>,
    /// Who was paid; ISO 20022 only.
    pub payee_name: Option<String>,
    /// Why the money came back; ISO 20022 only.
    pub return_reason: Option<ReturnReason>,
    /// Position among the lines of the statement, from 1, unreadable ones counted.
    pub ordinal: u32,
}

impl Entry {
    /// The amount with its sign: above zero when the account has more after it.
    ///
    /// # Errors
    /// Does not fail for an entry that was read.
    pub fn signed(&self) -> Result<Amount, MoneyError> {
        if self.mark.adds() { Ok(self.amount) } else { self.amount.checked_neg() }
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry")
            .field("ordinal", &self.ordinal)
            .field("value_date", &self.value_date)
            .field("entry_date", &self.entry_date)
            .field("mark", &self.mark)
            .field("amount", &self.amount)
            .field("type_code", &self.type_code)
            .field("customer_reference", &self.customer_reference)
            .field("bank_reference", &self.bank_reference)
            .field("return_reason", &self.return_reason)
            .field("narratives", &self.narratives.len())
            .finish_non_exhaustive()
    }
}

/// Why a payment came back. `Debug` does not show the bank's words: they may name people.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct ReturnReason {
    /// A code of ISO 20022 (`AC04`), or the bank's own.
    pub code: Option<String>,
    /// What the bank says besides.
    pub information: Vec<String>,
}

impl fmt::Debug for ReturnReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ReturnReason({}, {} lines)", self.code.as_deref().unwrap_or("-"), self.information.len())
    }
}

/// A line that could not be read. `Debug` and `Display` do not show its text: it may name people.
#[derive(Clone, PartialEq, Eq, Error)]
#[error("line {line}: {reason}")]
pub struct LineProblem {
    /// MT940: line of the file, from 1. ISO 20022: number of the entry in its statement, from 1; 0 for the head.
    pub line: usize,
    /// What is wrong.
    pub reason: String,
    /// The line's first 80 characters, for an operator who may see statements.
    pub text: String,
}

impl fmt::Debug for LineProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LineProblem({self})")
    }
}

/// The balances of a statement do not add up.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BalanceError {
    /// No such balance.
    #[error("the statement has no readable {0} balance")]
    Missing(&'static str),
    /// The sum differs.
    #[error(
        "opening balance and entries make {}, the statement closes with {} ({unreadable} unreadable lines)",
        computed.with_code(),
        stated.with_code()
    )]
    Differs {
        /// Opening balance and entries.
        computed: Amount,
        /// Closing balance.
        stated: Amount,
        /// Lines that could not be read.
        unreadable: usize,
    },
    /// Two currencies, or sums out of range.
    #[error(transparent)]
    Money(#[from] MoneyError),
}
