//! Helpers for reading what careless clients send.

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
