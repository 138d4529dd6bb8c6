//! Functions for reading what careless clients send.

use serde::{Deserialize, Deserializer};

/// Reads `null` as the type's default. Clients of all dialects send `null` for fields the specification
/// calls optional strings; refusing a payment for that helps nobody.
pub(crate) fn null_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

/// The version of both envelope specifications; the default when a client leaves it out.
pub(crate) fn version_1() -> String {
    "1.0.0".to_owned()
}

/// As [`null_default`], with the default of [`version_1`].
pub(crate) fn version_or_default<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.unwrap_or_else(version_1))
}

/// Reads a whole number that may be written as `10`, `10.0` or `1e1`: the schemas say "number". What is too
/// large for an `i64` becomes the largest or smallest one, so that the receiver's limit refuses it.
pub(crate) fn count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    use serde::de::Error as _;
    let number = serde_json::Number::deserialize(deserializer)?;
    if let Some(whole) = number.as_i64() {
        return Ok(whole);
    }
    match number.as_f64() {
        // A float this large has no fraction, and is outside of every limit.
        Some(float) if float >= 9.2e18 => Ok(i64::MAX),
        Some(float) if float <= -9.2e18 => Ok(i64::MIN),
        #[allow(clippy::cast_possible_truncation, reason = "checked: whole and within the range of i64")]
        Some(float) if float.fract() == 0.0 => Ok(float as i64),
        _ => Err(D::Error::custom("a whole number is expected")),
    }
}
