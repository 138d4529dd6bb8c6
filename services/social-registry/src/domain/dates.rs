//! Dates of records: real days of the calendar, and none in the future.

use time::{Date, Duration, Month, OffsetDateTime};

/// The earliest year a record may hold.
const FIRST_YEAR: i32 = 1850;

/// Why a date was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DateError {
    /// Not `YYYY-MM-DD`.
    #[error("is not a date; write YYYY-MM-DD")]
    Format,
    /// No calendar has that day.
    #[error("is a day that does not exist")]
    NoSuchDay,
    /// Before 1850.
    #[error("lies before the year 1850")]
    TooEarly,
    /// After today.
    #[error("lies in the future")]
    Future,
}

/// Reads `YYYY-MM-DD`.
///
/// # Errors
/// [`DateError`], not [`DateError::Future`].
pub fn parse(text: &str) -> Result<Date, DateError> {
    let mut parts = text.split('-');
    let mut part = |length: usize| {
        let text = parts.next().filter(|p| p.len() == length && p.bytes().all(|b| b.is_ascii_digit()))?;
        text.parse::<u16>().ok()
    };
    let (year, month, day) = (part(4), part(2), part(2));
    let (Some(year), Some(month), Some(day), None) = (year, month, day, parts.next()) else {
        return Err(DateError::Format);
    };
    let (Ok(month), Ok(day)) = (u8::try_from(month), u8::try_from(day)) else {
        return Err(DateError::NoSuchDay);
    };
    let month = Month::try_from(month).map_err(|_| DateError::NoSuchDay)?;
    let date = Date::from_calendar_date(year.into(), month, day).map_err(|_| DateError::NoSuchDay)?;
    if date.year() < FIRST_YEAR { Err(DateError::TooEarly) } else { Ok(date) }
}

/// The last day that is not in the future anywhere on Earth: officers may work 14 hours ahead of UTC.
#[must_use]
pub fn latest(now: OffsetDateTime) -> Date {
    (now + Duration::hours(14)).date()
}

/// Reads a date that may not lie after `latest`.
///
/// # Errors
/// [`DateError`].
pub fn parse_past(text: &str, latest: Date) -> Result<Date, DateError> {
    let date = parse(text)?;
    if date > latest { Err(DateError::Future) } else { Ok(date) }
}

/// `YYYY-MM-DD`.
#[must_use]
pub fn iso(date: Date) -> String {
    format!("{:04}-{:02}-{:02}", date.year(), u8::from(date.month()), date.day())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use time::macros::{date, datetime};

    use super::*;

    #[test]
    fn real_days_are_read_and_others_refused() {
        assert_eq!(parse("2024-02-29"), Ok(date!(2024 - 02 - 29)));
        for (text, why) in [
            ("2021-02-29", DateError::NoSuchDay),
            ("2021-13-05", DateError::NoSuchDay),
            ("2021-00-12", DateError::NoSuchDay),
            ("1849-12-31", DateError::TooEarly),
            ("29/02/2024", DateError::Format),
            ("2024-2-9", DateError::Format),
            ("2024-02-09 ", DateError::Format),
            ("2024-02-09-1", DateError::Format),
            ("", DateError::Format),
            ("２０２４-02-09", DateError::Format),
        ] {
            assert_eq!(parse(text), Err(why), "{text}");
        }
    }

    #[test]
    fn the_future_begins_when_it_is_tomorrow_everywhere() {
        let now = datetime!(2026-01-01 11:00 UTC);
        assert_eq!(latest(now), date!(2026 - 01 - 02));
        assert!(parse_past("2026-01-02", latest(now)).is_ok());
        assert_eq!(parse_past("2026-01-03", latest(now)), Err(DateError::Future));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(days in 0i32..100_000) {
            if let Some(date) = date!(1900 - 01 - 01).checked_add(Duration::days(days.into())) {
                prop_assert_eq!(parse(&iso(date)), Ok(date));
            }
        }

        #[test]
        fn any_text_gets_an_answer(text in ".{0,20}") {
            let _ = parse(&text);
        }
    }
}
