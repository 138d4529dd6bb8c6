//! What all writers share.

use std::fmt::{self, Write};

use money::{Amount, MoneyError};
use quick_xml::escape::escape;
use thiserror::Error;
use time::Date;

/// Longest identifier (`MsgId`, `PmtInfId`, `EndToEndId`, …).
pub const MAX_ID: usize = 35;
/// Longest account number that is no IBAN.
pub const MAX_ACCOUNT: usize = 34;
/// Longest name of a party, and longest line of remittance information.
pub const MAX_NAME: usize = 140;
/// Longest additional information about an entry or a statement.
pub const MAX_TEXT: usize = 500;

/// A message cannot be written in the format.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum WriteError {
    /// An identifier does not fit. Identifiers are never cut: a payment could not be matched by half of one.
    #[error("the {field} \"{text}\" does not fit: {reason}")]
    Identifier {
        /// Which one.
        field: &'static str,
        /// Its text, at most 40 characters of it.
        text: String,
        /// Why.
        reason: String,
    },
    /// A balance is missing.
    #[error("a statement needs an {0} balance to be written")]
    NoBalance(&'static str),
    /// An amount is below zero.
    #[error("the amount {0} cannot be written: it is below zero")]
    Amount(Amount),
    /// Two currencies in one statement or message, or a sum out of range.
    #[error(transparent)]
    Money(#[from] MoneyError),
    /// A date outside the years 1 to 9999.
    #[error("the date {0} cannot be written")]
    Date(Date),
    /// A number that has too many digits.
    #[error("the {0} number is above 99999")]
    Number(&'static str),
    /// A message without content.
    #[error("a message needs at least one {0}")]
    Empty(&'static str),
    /// The sink failed.
    #[error("the text could not be written")]
    Sink,
}

impl From<fmt::Error> for WriteError {
    fn from(_: fmt::Error) -> Self {
        Self::Sink
    }
}

/// Free text as it is written: what XML cannot carry becomes a space, the ends are trimmed, and it is cut to `length`
/// characters. Text that was fitted stays as it is.
#[must_use]
pub fn fit_text(text: &str, length: usize) -> String {
    let replaced: String = text.chars().map(|c| if carried(c) { c } else { ' ' }).collect();
    let fitted: String = replaced.trim().chars().take(length).collect();
    fitted.trim_end().to_owned()
}

fn carried(c: char) -> bool {
    !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}')
}

/// Text that must arrive as it is.
pub(super) fn identifier<'a>(
    field: &'static str,
    text: &'a str,
    length: usize,
) -> Result<&'a str, WriteError> {
    let reason = if text.is_empty() {
        "it is empty".to_owned()
    } else if text.chars().count() > length {
        format!("it is longer than {length} characters")
    } else if !text.chars().all(carried) {
        "it holds a control character".to_owned()
    } else if text.trim() != text {
        "it begins or ends with a space".to_owned()
    } else {
        return Ok(text);
    };
    Err(WriteError::Identifier { field, text: text.chars().take(40).collect(), reason })
}

/// `YYYY-MM-DD`.
pub(super) fn iso_date(date: Date) -> Result<String, WriteError> {
    if !(1..=9999).contains(&date.year()) {
        return Err(WriteError::Date(date));
    }
    Ok(format!("{:04}-{:02}-{:02}", date.year(), u8::from(date.month()), date.day()))
}

/// Writes elements.
pub(super) struct Xml<'a, W> {
    out: &'a mut W,
}

impl<'a, W: Write> Xml<'a, W> {
    /// The declaration and the opening `Document` of a message like `camt.053.001.08`.
    pub(super) fn document(out: &'a mut W, message: &str) -> Result<Self, WriteError> {
        out.write_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")?;
        writeln!(out, "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:{message}\">")?;
        Ok(Self { out })
    }

    pub(super) fn open(&mut self, names: &[&str]) -> Result<(), WriteError> {
        for name in names {
            write!(self.out, "<{name}>")?;
        }
        Ok(())
    }

    /// Closes elements, the last of `names` first.
    pub(super) fn close(&mut self, names: &[&str]) -> Result<(), WriteError> {
        for name in names.iter().rev() {
            write!(self.out, "</{name}>")?;
        }
        Ok(())
    }

    /// A line end, for whoever looks at the file.
    pub(super) fn line(&mut self) -> Result<(), WriteError> {
        Ok(self.out.write_str("\n")?)
    }

    pub(super) fn leaf(&mut self, name: &str, text: &str) -> Result<(), WriteError> {
        Ok(write!(self.out, "<{name}>{}</{name}>", escape(text))?)
    }

    /// A leaf within other elements.
    pub(super) fn nested(&mut self, names: &[&str], leaf: &str, text: &str) -> Result<(), WriteError> {
        self.open(names)?;
        self.leaf(leaf, text)?;
        self.close(names)
    }

    /// A leaf of free text; nothing when nothing is left of it.
    pub(super) fn free(&mut self, name: &str, text: &str, length: usize) -> Result<(), WriteError> {
        let text = fit_text(text, length);
        if text.is_empty() { Ok(()) } else { self.leaf(name, &text) }
    }

    pub(super) fn amount(&mut self, name: &str, amount: Amount) -> Result<(), WriteError> {
        if amount.is_negative() {
            return Err(WriteError::Amount(amount));
        }
        let code = amount.currency().code();
        Ok(write!(self.out, "<{name} Ccy=\"{code}\">{}</{name}>", amount.to_decimal_string())?)
    }
}
