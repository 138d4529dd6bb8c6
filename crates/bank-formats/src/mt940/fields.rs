//! The contents of single fields.

use money::{Amount, Currency};
use time::{Date, Month};

use crate::statement::{Balance, DebitCredit, LONGEST_REFERENCE, Mark};

/// Contents of a `:61:` line; the amount stays text until the currency is known.
pub(super) struct StatementLine {
    pub(super) value_date: Date,
    pub(super) entry_date: Option<Date>,
    pub(super) mark: Mark,
    pub(super) funds_code: Option<char>,
    pub(super) amount: String,
    pub(super) type_code: String,
    pub(super) customer_reference: String,
    pub(super) bank_reference: Option<String>,
}

/// Tag and value of a line like `:61:…`; `None` for continuation text.
pub(super) fn split_tag(line: &str) -> Option<(&str, &str)> {
    let (tag, value) = line.strip_prefix(':')?.split_once(':')?;
    let known_form = match tag.as_bytes() {
        [a, b] => (a.is_ascii_digit() && b.is_ascii_digit()) || tag == "NS",
        [a, b, c] => a.is_ascii_digit() && b.is_ascii_digit() && c.is_ascii_uppercase(),
        _ => false,
    };
    known_form.then_some((tag, value))
}

/// `YYMMDD [MMDD] [R](C|D) [letter] amount type(4) reference [// bank reference]`.
pub(super) fn statement_line(value: &str) -> Result<StatementLine, &'static str> {
    let mut rest = Cursor(value);
    let value_date = rest.digits(6).and_then(date).ok_or("the value date is not a date YYMMDD")?;
    let entry_date = match rest.digits(4) {
        Some(text) => Some(month_day(text, value_date).ok_or("the entry date is not a date MMDD")?),
        None => None,
    };
    let mark = [Mark::ReversalOfCredit, Mark::ReversalOfDebit, Mark::Credit, Mark::Debit]
        .into_iter()
        .find(|mark| rest.literal(mark.as_str()))
        .ok_or("the mark is not C, D, RC or RD")?;
    let funds_code = rest.letter();
    let amount =
        decimal(rest.take_while(|c| c.is_ascii_digit() || c == ',')).ok_or("the amount is malformed")?;
    let type_code = rest.type_code().ok_or("the transaction type is not a letter and three characters")?;
    let (customer, bank) = rest.0.split_once("//").map_or((rest.0, None), |(c, b)| (c, Some(b)));
    let bank_reference = bank.map(str::trim).filter(|b| !b.is_empty());
    let customer = identity(customer).ok_or("the reference is too long")?;
    let bank_reference = match bank_reference {
        Some(text) => Some(identity(text).ok_or("the bank's reference is too long")?),
        None => None,
    };
    Ok(StatementLine {
        value_date,
        entry_date,
        mark,
        funds_code,
        amount,
        type_code: type_code.to_owned(),
        customer_reference: customer,
        bank_reference,
    })
}

/// The trimmed text, unless it is too long to name anything.
pub(super) fn identity(text: &str) -> Option<String> {
    let text = text.trim();
    (text.chars().count() <= LONGEST_REFERENCE).then(|| text.to_owned())
}

/// `(C|D) YYMMDD currency amount`.
pub(super) fn balance(value: &str, intermediate: bool) -> Result<Balance, String> {
    let mut rest = Cursor(value.trim_end());
    let mark = match () {
        () if rest.literal("C") => DebitCredit::Credit,
        () if rest.literal("D") => DebitCredit::Debit,
        () => return Err("the balance does not start with C or D".into()),
    };
    let date = rest.digits(6).and_then(date).ok_or("the balance's date is not a date YYMMDD")?;
    let code = rest.take_while(|c| c.is_ascii_alphabetic());
    let currency = Currency::from_code(code).map_err(|e| e.to_string())?;
    let text = decimal(rest.0).ok_or("the balance's amount is malformed")?;
    let amount = Amount::parse(&text, currency).map_err(|e| e.to_string())?;
    Ok(Balance { mark, date, amount, intermediate })
}

/// Whether text could be meant as a balance, however malformed its end.
pub(super) fn looks_like_balance(value: &str) -> bool {
    let mut rest = Cursor(value);
    (rest.literal("C") || rest.literal("D")) && rest.digits(6).is_some()
}

/// `number [/ number]`.
pub(super) fn numbers(value: &str) -> Option<(u32, Option<u32>)> {
    let number = |text: &str| text.trim().parse::<u32>().ok().filter(|_| !text.trim().starts_with('+'));
    match value.split_once('/') {
        Some((statement, sequence)) => Some((number(statement)?, Some(number(sequence)?))),
        None => Some((number(value)?, None)),
    }
}

/// A day and month next to a full date: of the years before, of and after it the nearest, because statements around New
/// Year hold entries of both years.
pub(super) fn nearest(value_date: Date, month: Month, day: u8) -> Option<Date> {
    let year = value_date.year();
    (year - 1..=year + 1)
        .filter_map(|year| Date::from_calendar_date(year, month, day).ok())
        .min_by_key(|date| (*date - value_date).whole_days().abs())
}

fn month_day(text: &str, value_date: Date) -> Option<Date> {
    let (month, day) = text.split_at_checked(2)?;
    nearest(value_date, Month::try_from(month.parse::<u8>().ok()?).ok()?, day.parse().ok()?)
}

/// `YYMMDD`; by SWIFT's rule 80 to 99 are the last century.
fn date(text: &str) -> Option<Date> {
    let (year, rest) = text.split_at_checked(2)?;
    let (month, day) = rest.split_at_checked(2)?;
    let year: i32 = year.parse().ok()?;
    let century = if year >= 80 { 1900 } else { 2000 };
    Date::from_calendar_date(
        century + year,
        Month::try_from(month.parse::<u8>().ok()?).ok()?,
        day.parse().ok()?,
    )
    .ok()
}

/// `100,` / `100,5` / `100` / `,5` as decimal text with a point.
fn decimal(text: &str) -> Option<String> {
    let (whole, fraction) = text.split_once(',').unwrap_or((text, ""));
    let all_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !all_digits(whole) || !all_digits(fraction) {
        return None;
    }
    let whole = if whole.is_empty() { "0" } else { whole };
    Some(if fraction.is_empty() { whole.to_owned() } else { format!("{whole}.{fraction}") })
}

/// The unread rest of a field.
struct Cursor<'a>(&'a str);

impl<'a> Cursor<'a> {
    /// Exactly `n` digits, or nothing.
    fn digits(&mut self, n: usize) -> Option<&'a str> {
        let (taken, rest) = self.0.split_at_checked(n)?;
        taken.bytes().all(|b| b.is_ascii_digit()).then(|| {
            self.0 = rest;
            taken
        })
    }

    fn literal(&mut self, text: &str) -> bool {
        self.0.strip_prefix(text).map(|rest| self.0 = rest).is_some()
    }

    fn letter(&mut self) -> Option<char> {
        let letter = self.0.chars().next().filter(char::is_ascii_uppercase)?;
        self.0 = self.0.get(1..).unwrap_or_default();
        Some(letter)
    }

    fn take_while(&mut self, keep: impl Fn(char) -> bool) -> &'a str {
        let end = self.0.find(|c| !keep(c)).unwrap_or(self.0.len());
        let (taken, rest) = self.0.split_at(end);
        self.0 = rest;
        taken
    }

    fn type_code(&mut self) -> Option<&'a str> {
        let (code, rest) = self.0.split_at_checked(4)?;
        let fits =
            |(i, c): (usize, char)| c.is_ascii_uppercase() || (i > 0 && (c.is_ascii_digit() || c == ' '));
        code.char_indices().all(fits).then(|| {
            self.0 = rest;
            code
        })
    }
}
