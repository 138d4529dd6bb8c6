//! What can be wrong with money, in words for whoever sent it.

use thiserror::Error;

use crate::currency::Currency;

/// An amount or currency cannot be read or computed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum MoneyError {
    /// No text.
    #[error("the amount is empty")]
    Empty,
    /// `NaN` or an infinity.
    #[error("the amount is \"{0}\", not a finite number")]
    NotFinite(String),
    /// Letters, separators, spaces, two points, …
    #[error(
        "the amount \"{0}\" is not a decimal number: write digits, optionally a minus sign in front and a point"
    )]
    NotANumber(String),
    /// More decimals than the currency has.
    #[error("the amount \"{text}\" has more than the {allowed} decimals of {currency}")]
    TooManyDecimals {
        /// The amount as sent (shortened).
        text: String,
        /// Its currency.
        currency: Currency,
        /// Decimals the currency has.
        allowed: u8,
    },
    /// Too large to hold.
    #[error("the amount \"{0}\" is too large")]
    TooLarge(String),
    /// A computation left the range.
    #[error("the result of the computation is too large for an amount")]
    Overflow,
    /// Two currencies in one computation or comparison.
    #[error("amounts in {left} and {right} cannot be combined")]
    CurrencyMismatch {
        /// Left currency.
        left: Currency,
        /// Right currency.
        right: Currency,
    },
    /// Not an active ISO 4217 code.
    #[error("\"{0}\" is not an active ISO 4217 currency code (three capital letters, for example KES)")]
    UnknownCurrency(String),
    /// Denominator zero.
    #[error("an amount cannot be divided by zero")]
    DivisionByZero,
    /// Nothing to allocate to.
    #[error("an amount cannot be shared out: there is no weight above zero")]
    NoWeights,
}

/// A short, printable copy of text from outside.
pub(crate) fn shown(text: &str) -> String {
    text.chars().take(40).map(|c| if c.is_control() { '?' } else { c }).collect()
}
