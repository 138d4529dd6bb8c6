//! Birth dates as registers hold them: whole, year only, swapped, in several notations.

use std::fmt;

use deunicode::deunicode_char;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::text::clip;

/// A birth date of which any part may be unknown. Parts are plausible (year 1850–2150, month 1–12, day 1–31)
/// but the day is not checked against the month: a clerk's 30 February still compares well.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, PartialOrd, Ord)]
pub struct PartialDate {
    year: u16,
    month: u8,
    day: u8,
}

impl PartialDate {
    /// From parts; implausible parts are dropped. A "month" above 12 beside a day up to 12 is read as swapped.
    /// `None` when nothing is left.
    #[must_use]
    pub fn new(year: Option<u16>, month: Option<u8>, day: Option<u8>) -> Option<Self> {
        let (month, day) = match (month, day) {
            (Some(m @ 13..=31), Some(d @ 1..=12)) => (Some(d), Some(m)),
            other => other,
        };
        let date = Self {
            year: year.filter(|y| (1850..=2150).contains(y)).unwrap_or(0),
            month: month.filter(|m| (1..=12).contains(m)).unwrap_or(0),
            day: day.filter(|d| (1..=31).contains(d)).unwrap_or(0),
        };
        (date != Self::default()).then_some(date)
    }

    /// Reads `2001-02-03`, `2001-02`, `2001`, `20010203`, `3/2/2001`, `03.02.2001`, `02/2001`, an ISO date-time,
    /// and the same in other scripts' digits. Where day and month cannot be told apart the day is read first.
    /// Anything else is `None`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut numbers: Vec<(u32, usize)> = Vec::new();
        let mut open = false;
        for c in clip(text).trim().chars().take(40) {
            let latin = if c.is_ascii() { Some(c) } else { deunicode_char(c).and_then(|t| t.chars().next()) };
            let digit = latin.and_then(|c| c.to_digit(10));
            match (digit, latin) {
                (Some(digit), _) if open => {
                    let (value, count) = numbers.last_mut()?;
                    *value = value.checked_mul(10)?.checked_add(digit)?;
                    *count += 1;
                }
                (Some(digit), _) => {
                    numbers.push((digit, 1));
                    open = true;
                }
                (None, Some('T' | 't' | ' ')) if numbers.len() == 3 => break,
                (None, Some('-' | '/' | '.' | ' ' | ',')) => open = false,
                _ => return None,
            }
        }
        let year = |n: u32| u16::try_from(n).ok();
        let part = |n: u32| u8::try_from(n).ok();
        match numbers.as_slice() {
            [(n, 8)] => Self::new(year(n / 10_000), part(n / 100 % 100), part(n % 100)),
            [(y, 4)] => Self::new(year(*y), None, None),
            [(y, 4), (m, 1 | 2)] | [(m, 1 | 2), (y, 4)] => Self::new(year(*y), part(*m), None),
            [(y, 4), (m, 1 | 2), (d, 1 | 2)] | [(d, 1 | 2), (m, 1 | 2), (y, 4)] => {
                Self::new(year(*y), part(*m), part(*d))
            }
            _ => None,
        }
    }

    /// Year, if known.
    #[must_use]
    pub fn year(self) -> Option<u16> {
        (self.year != 0).then_some(self.year)
    }
    /// Month 1–12, if known.
    #[must_use]
    pub fn month(self) -> Option<u8> {
        (self.month != 0).then_some(self.month)
    }
    /// Day 1–31, if known.
    #[must_use]
    pub fn day(self) -> Option<u8> {
        (self.day != 0).then_some(self.day)
    }
    /// Year, month and day are all known.
    #[must_use]
    pub fn is_whole(self) -> bool {
        self.year != 0 && self.month != 0 && self.day != 0
    }
    /// 1 January: what many registers write when only the year is known.
    #[must_use]
    pub fn is_new_year(self) -> bool {
        self.month == 1 && self.day == 1
    }
    /// Day and month exchanged, when both could be a month.
    #[must_use]
    pub fn swapped(self) -> Option<Self> {
        (self.month != 0 && (1..=12).contains(&self.day) && self.day != self.month).then_some(Self {
            year: self.year,
            month: self.day,
            day: self.month,
        })
    }
    /// The eight digits `YYYYMMDD`, unknown parts as zeros.
    #[must_use]
    pub fn digits(self) -> [u8; 8] {
        let mut rest = u32::from(self.year) * 10_000 + u32::from(self.month) * 100 + u32::from(self.day);
        let mut out = [0; 8];
        for place in out.iter_mut().rev() {
            *place = u8::try_from(rest % 10).unwrap_or(0);
            rest /= 10;
        }
        out
    }
    /// All parts in one number; equal only for equal dates.
    #[must_use]
    pub fn packed(self) -> u32 {
        (u32::from(self.year) << 9) | (u32::from(self.month) << 5) | u32::from(self.day)
    }
}

impl fmt::Display for PartialDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.year, self.month, self.day) {
            (y, 0, _) => write!(f, "{y:04}"),
            (y, m, 0) => write!(f, "{y:04}-{m:02}"),
            (y, m, d) => write!(f, "{y:04}-{m:02}-{d:02}"),
        }
    }
}

impl fmt::Debug for PartialDate {
    /// A birth date is personal data: only its shape is shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_whole() { "PartialDate(whole)" } else { "PartialDate(partial)" })
    }
}

impl Serialize for PartialDate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PartialDate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text)
            .ok_or_else(|| serde::de::Error::custom("not a date: write YYYY-MM-DD, YYYY-MM or YYYY"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_usual_notations() {
        for text in ["2001-02-03", "20010203", "3/2/2001", "03.02.2001", "2001-02-03T10:00:00Z", "٢٠٠١-٠٢-٠٣"]
        {
            assert_eq!(
                PartialDate::parse(text).map(|d| d.to_string()).as_deref(),
                Some("2001-02-03"),
                "{text}"
            );
        }
        assert_eq!(PartialDate::parse("1988").map(|d| d.to_string()).as_deref(), Some("1988"));
        assert_eq!(PartialDate::parse("1988-07").map(|d| d.to_string()).as_deref(), Some("1988-07"));
        assert_eq!(PartialDate::parse("1990-25-03").map(|d| d.to_string()).as_deref(), Some("1990-03-25"));
        for text in ["", "yesterday", "99999999999999999999", "1-1-1", "0000-00-00", "2001-02-03-04-05"] {
            assert_eq!(PartialDate::parse(text), None, "{text}");
        }
    }
}
