//! What the APIs take and give. Amounts are decimal strings in the programme's currency.

mod cycles;
mod people;
mod programs;

pub use cycles::*;
pub use people::*;
pub use programs::*;
use time::{Date, macros::format_description};

/// A day as `YYYY-MM-DD`.
pub mod day {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};
    use time::Date;

    /// # Errors
    /// The serializer's own.
    pub fn serialize<S: Serializer>(date: &Date, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&super::day_text(*date))
    }

    /// # Errors
    /// When it is not a day.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Date, D::Error> {
        let text = String::deserialize(deserializer)?;
        super::parse_day(&text).ok_or_else(|| D::Error::custom("a day is written as 2026-01-31"))
    }
}

/// `2026-01-31`.
#[must_use]
pub fn day_text(date: Date) -> String {
    date.format(format_description!("[year]-[month]-[day]")).unwrap_or_default()
}

/// The day of `2026-01-31`.
#[must_use]
pub fn parse_day(text: &str) -> Option<Date> {
    Date::parse(text, format_description!("[year]-[month]-[day]")).ok()
}
