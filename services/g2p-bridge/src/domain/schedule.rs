//! Days in a programme's time zone.

use std::time::Duration;

use time::{Date, OffsetDateTime, PrimitiveDateTime, Time};
use time_tz::{OffsetDateTimeExt, PrimitiveDateTimeExt, Tz, timezones};

/// The time zone of this IANA name, for example `Africa/Nairobi`.
#[must_use]
pub fn zone(name: &str) -> Option<&'static Tz> {
    timezones::get_by_name(name)
}

/// The date at `now` in the zone.
#[must_use]
pub fn today(now: OffsetDateTime, zone: &Tz) -> Date {
    now.to_timezone(zone).date()
}

/// When the date begins in the zone. Where clocks skip midnight, the first hour that exists.
#[must_use]
pub fn start_of(date: Date, zone: &Tz) -> OffsetDateTime {
    for hour in 0..4 {
        let Ok(time) = Time::from_hms(hour, 0, 0) else { continue };
        if let Some(at) = PrimitiveDateTime::new(date, time).assume_timezone(zone).take_first() {
            return at;
        }
    }
    PrimitiveDateTime::new(date, Time::MIDNIGHT).assume_utc()
}

/// How long until the date begins in the zone; zero when it has come. A missed day is late, never lost.
#[must_use]
pub fn until(date: Date, now: OffsetDateTime, zone: &Tz) -> Duration {
    if today(now, zone) >= date {
        return Duration::ZERO;
    }
    Duration::try_from(start_of(date, zone) - now).unwrap_or(Duration::ZERO)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
    use proptest::prelude::*;
    use time::{
        Date, Duration as Span, OffsetDateTime,
        macros::{date, datetime},
    };

    use super::{start_of, today, until, zone};

    #[test]
    fn a_day_begins_with_the_programme_not_with_utc() {
        let nairobi = zone("Africa/Nairobi").unwrap();
        assert_eq!(today(datetime!(2026-01-31 20:59 UTC), nairobi), date!(2026 - 01 - 31));
        assert_eq!(today(datetime!(2026-01-31 21:00 UTC), nairobi), date!(2026 - 02 - 01));
        assert_eq!(start_of(date!(2026 - 02 - 01), nairobi), datetime!(2026-01-31 21:00 UTC));
    }

    #[test]
    fn a_midnight_that_clocks_skip_is_replaced_by_the_next_hour() {
        // In Cairo clocks go from 00:00 to 01:00 on the last Friday of April.
        let cairo = zone("Africa/Cairo").unwrap();
        let begins = start_of(date!(2025 - 04 - 25), cairo);
        assert_eq!(today(begins, cairo), date!(2025 - 04 - 25));
        assert_eq!(today(begins - Span::seconds(1), cairo), date!(2025 - 04 - 24));
    }

    #[test]
    fn an_unknown_zone_is_none() {
        assert!(zone("Mars/Olympus").is_none());
    }

    proptest! {
        #[test]
        fn after_the_wait_the_day_has_come(days in 0_i64..20_000, seconds in 0_i64..86_400, ahead in 0_i64..400, index in 0_usize..6) {
            let names = ["Africa/Nairobi", "Asia/Kolkata", "America/Sao_Paulo", "Africa/Cairo", "Pacific/Apia", "UTC"];
            let tz = zone(names[index]).unwrap();
            let now = OffsetDateTime::UNIX_EPOCH + Span::days(days) + Span::seconds(seconds);
            let target: Date = today(now, tz) + Span::days(ahead);
            let wait = until(target, now, tz);
            prop_assert!(today(now + wait, tz) >= target);
            if ahead == 0 {
                prop_assert!(wait.is_zero());
            } else {
                prop_assert!(today(now + wait - Span::seconds(1), tz) < target);
            }
        }
    }
}
