//! Amounts of money.

use std::cmp::Ordering;
use std::fmt;

use serde::{Deserialize, Serialize, Serializer};

use crate::currency::Currency;
use crate::decimal::{Decimal, Grammar};
use crate::decimal_text::DecimalText;
use crate::error::MoneyError;
use crate::rounding::Rounding;

/// A whole number of minor units of a currency, positive or negative.
///
/// There is no order across currencies, so there is no `PartialOrd`: see [`Amount::compare`]. As JSON it is
/// `{"amount": "500.00", "currency": "KES"}`; a JSON number is read as well, exactly.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Amount {
    minor: i64,
    currency: Currency,
}

impl Amount {
    /// So many minor units: `from_minor(50_000, KES)` is 500.00.
    #[must_use]
    pub const fn from_minor(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// Nothing, in this currency.
    #[must_use]
    pub const fn zero(currency: Currency) -> Self {
        Self::from_minor(0, currency)
    }

    /// Reads decimal text: `"500.00"`, `"-0.5"`, `"5e2"`. Trailing zeros are no excess decimals: `"100.00"` is 100 yen.
    ///
    /// # Errors
    /// [`MoneyError`] that names the problem: empty, not a number, not finite, too many decimals, too large.
    pub fn parse(text: &str, currency: Currency) -> Result<Self, MoneyError> {
        let minor = Decimal::parse(text, Grammar::Text)?.to_minor(text, currency, None)?;
        Ok(Self { minor, currency })
    }

    /// Reads the text of a JSON number (no leading zeros), as it stood in the message.
    ///
    /// # Errors
    /// As [`Amount::parse`].
    pub fn from_json_number_text(text: &str, currency: Currency) -> Result<Self, MoneyError> {
        let minor = Decimal::parse(text, Grammar::Json)?.to_minor(text, currency, None)?;
        Ok(Self { minor, currency })
    }

    /// Reads decimal text and rounds what is smaller than a minor unit.
    ///
    /// # Errors
    /// As [`Amount::parse`], but never too many decimals.
    pub fn parse_rounded(text: &str, currency: Currency, rounding: Rounding) -> Result<Self, MoneyError> {
        let minor = Decimal::parse(text, Grammar::Text)?.to_minor(text, currency, Some(rounding))?;
        Ok(Self { minor, currency })
    }

    /// The number of minor units.
    #[must_use]
    pub const fn minor(self) -> i64 {
        self.minor
    }

    /// The currency.
    #[must_use]
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// Whether it is nothing.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.minor == 0
    }

    /// Whether it is above zero.
    #[must_use]
    pub const fn is_positive(self) -> bool {
        self.minor > 0
    }

    /// Whether it is below zero.
    #[must_use]
    pub const fn is_negative(self) -> bool {
        self.minor < 0
    }

    /// The sum of two amounts.
    ///
    /// # Errors
    /// [`MoneyError::CurrencyMismatch`], [`MoneyError::Overflow`].
    pub fn checked_add(self, other: Self) -> Result<Self, MoneyError> {
        self.same_currency(other)?;
        self.with(self.minor.checked_add(other.minor))
    }

    /// The difference of two amounts.
    ///
    /// # Errors
    /// [`MoneyError::CurrencyMismatch`], [`MoneyError::Overflow`].
    pub fn checked_sub(self, other: Self) -> Result<Self, MoneyError> {
        self.same_currency(other)?;
        self.with(self.minor.checked_sub(other.minor))
    }

    /// A whole multiple.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`].
    pub fn checked_mul(self, factor: i64) -> Result<Self, MoneyError> {
        self.with(self.minor.checked_mul(factor))
    }

    /// The amount with the other sign.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] for the one amount that has no opposite.
    pub fn checked_neg(self) -> Result<Self, MoneyError> {
        self.with(self.minor.checked_neg())
    }

    /// The amount without its sign.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] for the one amount that has no opposite.
    pub fn checked_abs(self) -> Result<Self, MoneyError> {
        self.with(self.minor.checked_abs())
    }

    /// `self × numerator / denominator`, rounded once: percentages, days of a month, exchange within one currency.
    ///
    /// # Errors
    /// [`MoneyError::DivisionByZero`], [`MoneyError::Overflow`].
    pub fn mul_ratio(self, numerator: i64, denominator: i64, rounding: Rounding) -> Result<Self, MoneyError> {
        if denominator == 0 {
            return Err(MoneyError::DivisionByZero);
        }
        let product = i128::from(self.minor) * i128::from(numerator);
        self.with(rounding.divide(product, i128::from(denominator)).and_then(|r| i64::try_from(r).ok()))
    }

    /// The sum of any number of amounts, zero for none. Intermediate results may exceed the range, the sum may not.
    ///
    /// # Errors
    /// [`MoneyError::CurrencyMismatch`] when one is in another currency, [`MoneyError::Overflow`].
    pub fn sum(currency: Currency, amounts: impl IntoIterator<Item = Self>) -> Result<Self, MoneyError> {
        let zero = Self::zero(currency);
        let mut sum = 0_i128;
        for amount in amounts {
            zero.same_currency(amount)?;
            sum = sum.checked_add(i128::from(amount.minor)).ok_or(MoneyError::Overflow)?;
        }
        zero.with(i64::try_from(sum).ok())
    }

    /// Which of two amounts is larger.
    ///
    /// # Errors
    /// [`MoneyError::CurrencyMismatch`].
    pub fn compare(self, other: Self) -> Result<Ordering, MoneyError> {
        self.same_currency(other)?;
        Ok(self.minor.cmp(&other.minor))
    }

    /// The smaller of two amounts: caps.
    ///
    /// # Errors
    /// [`MoneyError::CurrencyMismatch`].
    pub fn min(self, other: Self) -> Result<Self, MoneyError> {
        Ok(if self.compare(other)? == Ordering::Greater { other } else { self })
    }

    /// The larger of two amounts: floors.
    ///
    /// # Errors
    /// [`MoneyError::CurrencyMismatch`].
    pub fn max(self, other: Self) -> Result<Self, MoneyError> {
        Ok(if self.compare(other)? == Ordering::Less { other } else { self })
    }

    /// Decimal text with exactly the currency's decimals: `500.00`, `-0.05`, `100` (JPY), `1.250` (KWD).
    #[must_use]
    pub fn to_decimal_string(self) -> String {
        let places = usize::from(self.currency.exponent());
        let sign = if self.minor < 0 { "-" } else { "" };
        let digits = format!("{:0>width$}", self.minor.unsigned_abs(), width = places + 1);
        let (whole, fraction) = digits.split_at(digits.len() - places);
        if places == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
    }

    /// [`Amount::to_decimal_string`] as a [`DecimalText`], for messages that carry amount and currency apart.
    #[must_use]
    pub fn to_decimal_text(self) -> DecimalText {
        DecimalText::from_amount(self)
    }

    /// For people: `KES 500.00`.
    #[must_use]
    pub const fn with_code(self) -> AmountWithCode {
        AmountWithCode(self)
    }

    fn same_currency(self, other: Self) -> Result<(), MoneyError> {
        if self.currency == other.currency {
            return Ok(());
        }
        Err(MoneyError::CurrencyMismatch { left: self.currency, right: other.currency })
    }

    fn with(self, minor: Option<i64>) -> Result<Self, MoneyError> {
        minor.map(|minor| Self { minor, ..self }).ok_or(MoneyError::Overflow)
    }
}

/// The decimal text alone; see [`Amount::with_code`] for text with the currency.
impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.to_decimal_string())
    }
}

impl fmt::Debug for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.currency, self.to_decimal_string())
    }
}

/// Shows an amount with its currency's code in front.
#[derive(Debug, Clone, Copy)]
pub struct AmountWithCode(Amount);

impl fmt::Display for AmountWithCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{:?}", self.0))
    }
}

#[derive(Serialize)]
struct Written<'a> {
    amount: &'a str,
    currency: Currency,
}

#[derive(Deserialize)]
struct Read {
    amount: DecimalText,
    currency: Currency,
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Written { amount: &self.to_decimal_string(), currency: self.currency }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let read = Read::deserialize(deserializer)?;
        read.amount.to_amount(read.currency).map_err(serde::de::Error::custom)
    }
}
