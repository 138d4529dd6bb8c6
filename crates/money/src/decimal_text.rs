//! Decimal numbers as their exact text, for messages that carry an amount and its currency apart.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::amount::Amount;
use crate::currency::Currency;
use crate::decimal::{Decimal, Grammar};
use crate::error::MoneyError;

/// A decimal number as it was written: `5000.10` stays `5000.10`, never a float.
///
/// Read from a JSON number or from a JSON string that holds one (the grammar of JSON numbers: no `+`, no leading zeros,
/// no spaces). Written as a JSON number with the same characters, or as a JSON string with
/// `#[serde(serialize_with = "money::as_string::serialize")]`.
///
/// Reading needs serde_json on text: inside `#[serde(flatten)]` and untagged enums serde has already parsed the number
/// and this type refuses it; after a `serde_json::Value` the digits beyond a double are gone.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DecimalText(String);

impl DecimalText {
    /// The characters of the number.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The characters of the number.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }

    /// Whether the number is zero, however it is written.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.parsed().is_some_and(|number| number.is_zero())
    }

    /// Whether the number is below zero.
    #[must_use]
    pub fn is_negative(&self) -> bool {
        self.parsed().is_some_and(|number| number.negative)
    }

    /// The number as an amount.
    ///
    /// # Errors
    /// [`MoneyError::TooManyDecimals`], [`MoneyError::TooLarge`].
    pub fn to_amount(&self, currency: Currency) -> Result<Amount, MoneyError> {
        Amount::from_json_number_text(&self.0, currency)
    }

    pub(crate) fn from_amount(amount: Amount) -> Self {
        Self(amount.to_decimal_string())
    }

    fn parsed(&self) -> Option<Decimal> {
        Decimal::parse(&self.0, Grammar::Json).ok()
    }
}

impl fmt::Display for DecimalText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for DecimalText {
    type Err = MoneyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Decimal::parse(text, Grammar::Json).map(|_| Self(text.to_owned()))
    }
}

impl From<i64> for DecimalText {
    fn from(number: i64) -> Self {
        Self(number.to_string())
    }
}

impl From<Amount> for DecimalText {
    fn from(amount: Amount) -> Self {
        Self::from_amount(amount)
    }
}

impl<'de> Deserialize<'de> for DecimalText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let text: Cow<'_, str> = match raw.get().as_bytes().first() {
            Some(b'"') => Cow::Owned(serde_json::from_str(raw.get()).map_err(D::Error::custom)?),
            Some(b'-' | b'0'..=b'9') => Cow::Borrowed(raw.get()),
            _ => return Err(D::Error::custom("expected a number or a string that holds one")),
        };
        text.parse().map_err(D::Error::custom)
    }
}

impl Serialize for DecimalText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.0.clone()).map_err(S::Error::custom)?.serialize(serializer)
    }
}

/// Writes a [`DecimalText`] as a JSON string: `#[serde(with = "money::as_string")]`.
pub mod as_string {
    use serde::{Deserialize, Deserializer, Serializer};

    use super::DecimalText;

    /// Writes the number's characters as a string.
    ///
    /// # Errors
    /// The serializer's own.
    pub fn serialize<S: Serializer>(number: &DecimalText, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(number.as_str())
    }

    /// Reads a number or a string.
    ///
    /// # Errors
    /// When it is neither.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<DecimalText, D::Error> {
        DecimalText::deserialize(deserializer)
    }
}
