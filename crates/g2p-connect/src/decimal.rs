//! Decimal numbers as exact text, for the dialects that send money as JSON numbers.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// Most digits a number may have once written without an exponent.
const MAX_DIGITS: usize = 60;

/// A decimal number as its exact text: digits, an optional `-`, an optional fraction, no exponent.
///
/// Read from a JSON number or from a JSON string that holds one, taken from the bytes and never through a
/// binary float: `5000.10` stays `5000.10`. Written as a JSON number with the same digits. `1e3` becomes
/// `1000`; numbers of more than 60 digits, `NaN` and infinities are refused.
///
/// Reading needs serde_json, and exactness needs text: through `serde_json::Value` the digits beyond what a
/// float holds are gone before this type sees them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DecimalText(String);

/// The text is no decimal number, or too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a decimal number of at most {MAX_DIGITS} digits")]
pub struct NotADecimal;

impl DecimalText {
    /// The number's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text itself.
    pub fn into_string(self) -> String {
        self.0
    }

    /// Whether the number is zero, however many digits and whichever sign it has.
    pub fn is_zero(&self) -> bool {
        !self.0.bytes().any(|b| b.is_ascii_digit() && b != b'0')
    }

    /// Whether the number is below zero.
    pub fn is_negative(&self) -> bool {
        self.0.starts_with('-') && !self.is_zero()
    }

    /// The shortest text of the same number: no trailing zeros in the fraction, no `-0`.
    pub fn canonical(&self) -> &str {
        if self.is_zero() {
            return "0";
        }
        if self.0.contains('.') { self.0.trim_end_matches('0').trim_end_matches('.') } else { &self.0 }
    }
}

impl fmt::Display for DecimalText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<i64> for DecimalText {
    fn from(number: i64) -> Self {
        Self(number.to_string())
    }
}

impl FromStr for DecimalText {
    type Err = NotADecimal;

    /// Reads the grammar of JSON numbers: no `+`, no leading zeros, no bare `.5` or `5.`, no blanks.
    fn from_str(text: &str) -> Result<Self, NotADecimal> {
        let (sign, unsigned) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, Some(exponent)),
            None => (unsigned, None),
        };
        let (whole, fraction) = match mantissa.split_once('.') {
            Some((whole, fraction)) if digits(fraction) => (whole, fraction),
            Some(_) => return Err(NotADecimal),
            None => (mantissa, ""),
        };
        if !digits(whole) || (whole.len() > 1 && whole.starts_with('0')) {
            return Err(NotADecimal);
        }
        let body = match exponent {
            None => Cow::Borrowed(mantissa),
            Some(exponent) => Cow::Owned(shift(whole, fraction, parse_exponent(exponent)?)?),
        };
        if body.len() > MAX_DIGITS + 1 {
            return Err(NotADecimal);
        }
        Ok(Self(format!("{sign}{body}")))
    }
}

/// At least one character, all of them ASCII digits.
fn digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

fn parse_exponent(text: &str) -> Result<i32, NotADecimal> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    // Three digits are more than MAX_DIGITS can ever need, and cannot overflow.
    if !digits(unsigned) || unsigned.len() > 3 {
        return Err(NotADecimal);
    }
    text.parse().map_err(|_| NotADecimal)
}

/// Writes `whole.fraction * 10^exponent` without an exponent.
fn shift(whole: &str, fraction: &str, exponent: i32) -> Result<String, NotADecimal> {
    let all = format!("{whole}{fraction}");
    if all.len() > MAX_DIGITS {
        return Err(NotADecimal);
    }
    let whole_len = i32::try_from(whole.len()).map_err(|_| NotADecimal)?;
    let point = whole_len.saturating_add(exponent);
    let padded = match usize::try_from(point) {
        Ok(point) if point >= all.len() => format!("{all:0<point$}"),
        Ok(point) => {
            let (left, right) = all.split_at(point);
            format!("{}.{right}", if left.is_empty() { "0" } else { left })
        }
        Err(_) => {
            let zeros = usize::try_from(point.unsigned_abs()).map_err(|_| NotADecimal)?;
            format!("0.{}{all}", "0".repeat(zeros.min(MAX_DIGITS + 1)))
        }
    };
    // "0.5e1" gives "05": drop the zeros that the shift left in front.
    let trimmed = padded.trim_start_matches('0');
    Ok(if trimmed.is_empty() || trimmed.starts_with('.') {
        format!("0{trimmed}")
    } else {
        trimmed.to_owned()
    })
}

impl<'de> Deserialize<'de> for DecimalText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let text: Cow<'_, str> = match raw.get().as_bytes().first() {
            Some(b'"') => Cow::Owned(serde_json::from_str(raw.get()).map_err(D::Error::custom)?),
            _ => Cow::Borrowed(raw.get()),
        };
        text.parse().map_err(D::Error::custom)
    }
}

impl Serialize for DecimalText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::Error as _;
        RawValue::from_string(self.0.clone()).map_err(S::Error::custom)?.serialize(serializer)
    }
}

impl PartialSchema for DecimalText {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(SchemaType::from_iter([Type::Number, Type::String]))
            .description(Some(
                "An exact decimal number. Written as a JSON number; a string that holds a number is read too.",
            ))
            .into()
    }
}

impl ToSchema for DecimalText {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("DecimalText")
    }
}
