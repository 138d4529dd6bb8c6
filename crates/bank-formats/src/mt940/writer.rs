//! From statements to text.

use std::fmt::{self, Write};

use money::Amount;
use thiserror::Error;
use time::Date;

use super::fields::nearest;
use crate::statement::{Balance, DebitCredit, Entry, Statement};

/// Longest `:20:`, customer and bank reference.
pub const MAX_REFERENCE: usize = 16;
/// Longest `:25:`.
pub const MAX_ACCOUNT: usize = 35;
/// Longest line of `:86:`.
pub const MAX_NARRATIVE: usize = 65;
/// Most lines of `:86:`.
pub const MAX_NARRATIVES: usize = 6;
/// Longest line below `:61:`.
const MAX_SUPPLEMENTARY: usize = 34;
/// Longest amount with its comma.
const MAX_AMOUNT: usize = 15;

/// A statement cannot be written in the format.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum WriteError {
    /// An identifier does not fit. Identifiers are never cut: a payment could not be matched by half of one.
    #[error("the {field} \"{text}\" does not fit: {reason}")]
    Identifier {
        /// Which one.
        field: &'static str,
        /// Its text.
        text: String,
        /// Why.
        reason: &'static str,
    },
    /// A balance is missing.
    #[error("a statement needs an {0} balance to be written")]
    NoBalance(&'static str),
    /// An amount is negative or too long for 15 characters.
    #[error("the amount {0} cannot be written: it must not be negative nor longer than 15 characters")]
    Amount(Amount),
    /// An entry is in another currency than the balances.
    #[error("entry {0} is in another currency than the statement")]
    Currency(u32),
    /// A date outside 1980 to 2079, or an entry date that is not within half a year of the value date.
    #[error("the date {0} cannot be written with the digits the format has")]
    Date(Date),
    /// A number above 99999.
    #[error("the {0} number is above 99999")]
    Number(&'static str),
    /// The sink failed.
    #[error("the text could not be written")]
    Sink,
}

impl From<fmt::Error> for WriteError {
    fn from(_: fmt::Error) -> Self {
        Self::Sink
    }
}

/// Writes statements one after the other, lines ended by CR LF, without an envelope.
///
/// # Errors
/// As [`write`].
pub fn to_text(statements: &[Statement]) -> Result<String, WriteError> {
    let mut text = String::new();
    for statement in statements {
        write(&mut text, statement)?;
    }
    Ok(text)
}

/// Writes one statement. Free text is fitted into the format ([`fit_narrative`]); of more than six narratives the first
/// six are written. [`super::parse`] reads the result back as the same statement, ordinals counted anew.
///
/// # Errors
/// [`WriteError`] for what must not be changed to fit: references, account, amounts, dates.
pub fn write(out: &mut impl Write, statement: &Statement) -> Result<(), WriteError> {
    identifier("statement reference", &statement.reference, MAX_REFERENCE)?;
    identifier("account", &statement.account, MAX_ACCOUNT)?;
    let number = checked_number("statement", statement.statement_number)?;
    let opening = statement.opening.as_ref().ok_or(WriteError::NoBalance("opening"))?;
    let closing = statement.closing.as_ref().ok_or(WriteError::NoBalance("closing"))?;

    write!(out, ":20:{}\r\n:25:{}\r\n:28C:{number}", statement.reference, statement.account)?;
    if let Some(sequence) = statement.sequence_number {
        write!(out, "/{}", checked_number("sequence", sequence)?)?;
    }
    out.write_str("\r\n")?;
    write_balance(out, "60", opening)?;
    for entry in &statement.entries {
        if entry.amount.currency() != opening.amount.currency() {
            return Err(WriteError::Currency(entry.ordinal));
        }
        write_entry(out, entry)?;
    }
    write_balance(out, "62", closing)?;
    write_narratives(out, &statement.information)
}

fn write_balance(out: &mut impl Write, tag: &str, balance: &Balance) -> Result<(), WriteError> {
    let kind = if balance.intermediate { 'M' } else { 'F' };
    let mark = match balance.mark {
        DebitCredit::Debit => 'D',
        DebitCredit::Credit => 'C',
    };
    let (date, amount) = (six_digits(balance.date)?, amount(balance.amount)?);
    write!(out, ":{tag}{kind}:{mark}{date}{}{amount}\r\n", balance.amount.currency())?;
    Ok(())
}

fn write_entry(out: &mut impl Write, entry: &Entry) -> Result<(), WriteError> {
    let customer = if entry.customer_reference.is_empty() { "NONREF" } else { &entry.customer_reference };
    identifier("customer reference", customer, MAX_REFERENCE)?;
    let code = entry.type_code.as_bytes();
    if !matches!(code, [b'A'..=b'Z', rest @ ..] if rest.len() == 3
        && rest.iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()))
    {
        return Err(refused(
            "transaction type",
            &entry.type_code,
            "it is a capital letter and three more or digits",
        ));
    }
    write!(out, ":61:{}", six_digits(entry.value_date)?)?;
    if let Some(date) = entry.entry_date {
        // The format has no year here; a reader takes the nearest.
        if nearest(entry.value_date, date.month(), date.day()) != Some(date) {
            return Err(WriteError::Date(date));
        }
        write!(out, "{:02}{:02}", u8::from(date.month()), date.day())?;
    }
    out.write_str(entry.mark.as_str())?;
    if let Some(letter) = entry.funds_code.filter(char::is_ascii_uppercase) {
        out.write_char(letter)?;
    }
    write!(out, "{}{}{customer}", amount(entry.amount)?, entry.type_code)?;
    if let Some(bank) = &entry.bank_reference {
        identifier("bank reference", bank, MAX_REFERENCE)?;
        write!(out, "//{bank}")?;
    }
    out.write_str("\r\n")?;
    if let Some(text) = &entry.supplementary {
        let text = fit(text, MAX_SUPPLEMENTARY);
        if !text.is_empty() {
            write!(out, "{text}\r\n")?;
        }
    }
    write_narratives(out, &entry.narratives)
}

fn write_narratives(out: &mut impl Write, narratives: &[String]) -> Result<(), WriteError> {
    for (i, narrative) in narratives.iter().take(MAX_NARRATIVES).enumerate() {
        let text = fit_narrative(narrative);
        // The standard knows no empty line; a lone point keeps the positions of the others.
        let text = if text.is_empty() { "." } else { &text };
        write!(out, "{}{text}\r\n", if i == 0 { ":86:" } else { "" })?;
    }
    Ok(())
}

/// Free text as it is written into a line of `:86:`: characters outside SWIFT's set replaced, cut to 65, and with a
/// point in front when it would begin like a tag (`:`) or an end of message (`-`). Text that was fitted stays as it is.
#[must_use]
pub fn fit_narrative(text: &str) -> String {
    fit(text, MAX_NARRATIVE)
}

fn fit(text: &str, length: usize) -> String {
    let replaced: String = text
        .chars()
        .map(|c| match c {
            c if in_swift_set(c) => c,
            '{' | '[' => '(',
            '}' | ']' => ')',
            c if c.is_whitespace() || c.is_control() => ' ',
            _ => '?',
        })
        .collect();
    // Look at the beginning only after the replacements: a control character may hide a colon.
    let replaced = replaced.trim();
    let guard = if replaced.starts_with([':', '-']) { "." } else { "" };
    let fitted: String = guard.chars().chain(replaced.chars()).take(length).collect();
    let fitted = fitted.trim_end();
    // What the reader takes for an empty line.
    if fitted == "." { String::new() } else { fitted.to_owned() }
}

/// SWIFT's character set x, without the braces that delimit its blocks.
fn in_swift_set(c: char) -> bool {
    c.is_ascii_alphanumeric() || " /-?:().,'+".contains(c)
}

fn identifier(field: &'static str, text: &str, length: usize) -> Result<(), WriteError> {
    let reason = if text.is_empty() {
        "it is empty"
    } else if text.chars().count() > length {
        if length == MAX_REFERENCE {
            "it is longer than 16 characters"
        } else {
            "it is longer than 35 characters"
        }
    // Not SWIFT's, but what programme systems make their ids of, and no reader takes it for anything else.
    } else if !text.chars().all(|c| in_swift_set(c) || c == '_') {
        "it holds characters outside letters, digits, space and _/-?:().,'+"
    } else if text.trim() != text {
        "it begins or ends with a space"
    } else if text.starts_with('/') || text.ends_with('/') || text.contains("//") {
        "it begins or ends with a slash or holds two in a row"
    } else {
        return Ok(());
    };
    Err(refused(field, text, reason))
}

fn refused(field: &'static str, text: &str, reason: &'static str) -> WriteError {
    WriteError::Identifier { field, text: text.chars().take(40).collect(), reason }
}

fn checked_number(name: &'static str, number: u32) -> Result<u32, WriteError> {
    if number > 99_999 { Err(WriteError::Number(name)) } else { Ok(number) }
}

fn six_digits(date: Date) -> Result<String, WriteError> {
    if !(1980..2080).contains(&date.year()) {
        return Err(WriteError::Date(date));
    }
    Ok(format!("{:02}{:02}{:02}", date.year() % 100, u8::from(date.month()), date.day()))
}

/// With a comma, always: `500,00`, `100,`.
fn amount(amount: Amount) -> Result<String, WriteError> {
    let mut text = amount.to_decimal_string().replace('.', ",");
    if !text.contains(',') {
        text.push(',');
    }
    if amount.is_negative() || text.len() > MAX_AMOUNT { Err(WriteError::Amount(amount)) } else { Ok(text) }
}
