//! Birth dates: equal, swapped, one digit off, only the year known, …

use super::{Context, Finding};
use crate::encode::Row;
use crate::frequency::Column;
use crate::model::{Birth, Ladder};
use crate::normalise::date::PartialDate;

pub(super) fn birth(a: &Row, b: &Row, context: Context<'_>) -> Option<Finding> {
    let (x, y) = (a.birth?, b.birth?);
    let level = level(x, y)?;
    let mut finding = Finding { level: level as u8, frequency: None };
    if level == Birth::Exact
        && let Some(numbers) = context.model.level(Ladder::Birth, finding.level)
    {
        let value = u64::from(x.packed());
        finding.frequency = Some(context.frequencies.value(Column::Birth, value, numbers, context));
    }
    Some(finding)
}

/// `None` when the known parts do not overlap.
fn level(x: PartialDate, y: PartialDate) -> Option<Birth> {
    let (year_x, year_y) = (x.year()?, y.year()?);
    let apart = year_x.abs_diff(year_y);
    if !(x.is_whole() && y.is_whole()) {
        return Some(match (apart, x.month(), y.month()) {
            (0, Some(m), Some(n)) if m == n => Birth::YearMonth,
            (0, Some(_), Some(_)) => Birth::Year,
            (0, _, _) => Birth::YearKnown,
            (1 | 2, _, _) => Birth::NearYear,
            _ => Birth::Different,
        });
    }
    if x == y {
        return Some(Birth::Exact);
    }
    if x.swapped() == Some(y) {
        return Some(Birth::Swapped);
    }
    let default = x.is_new_year() || y.is_new_year();
    if apart == 0 && default {
        return Some(Birth::YearKnown);
    }
    Some(if !default && one_off(x, y) {
        Birth::OneOff
    } else if one_digit(x, y) && !(default && apart > 0) {
        Birth::OneDigit
    } else if apart == 0 && (x.month() == y.month() || x.day() == y.day()) {
        Birth::YearMonth
    } else if !default && x.month() == y.month() && x.day() == y.day() && apart <= 10 {
        Birth::DayMonth
    } else if apart == 0 {
        Birth::Year
    } else if apart <= 2 {
        Birth::NearYear
    } else {
        Birth::Different
    })
}

/// The day before or after, or the same day of the year before or after.
fn one_off(x: PartialDate, y: PartialDate) -> bool {
    let step = |a: Option<u8>, b: Option<u8>| matches!((a, b), (Some(a), Some(b)) if a.abs_diff(b) == 1);
    let years = x.year().zip(y.year()).is_some_and(|(a, b)| a.abs_diff(b) == 1);
    x.month() == y.month()
        && ((x.year() == y.year() && step(x.day(), y.day())) || (years && x.day() == y.day()))
}

/// One digit replaced, or two neighbouring digits swapped, in `YYYYMMDD`.
fn one_digit(x: PartialDate, y: PartialDate) -> bool {
    let (x, y) = (x.digits(), y.digits());
    let mut differing = x.iter().zip(&y).enumerate().filter(|(_, (p, q))| p != q);
    match (differing.next(), differing.next(), differing.next()) {
        (Some(_), None, None) => true,
        (Some((i, (p, q))), Some((j, (r, s))), None) => j == i + 1 && p == s && q == r,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn levels_of_dates() {
        let cases = [
            ("2001-02-03", "2001-02-03", Some(Birth::Exact)),
            ("2001-02-03", "2001-03-02", Some(Birth::Swapped)),
            ("2001-02-03", "2001-02-08", Some(Birth::OneDigit)),
            ("2001-02-13", "2001-02-31", Some(Birth::OneDigit)),
            ("2001-02-19", "2001-02-20", Some(Birth::OneOff)),
            ("1999-06-20", "2000-06-20", Some(Birth::OneOff)),
            ("1987-05-20", "1978-05-20", Some(Birth::OneDigit)),
            ("2001-07-13", "2001-01-01", Some(Birth::YearKnown)),
            ("2001-07-13", "2001", Some(Birth::YearKnown)),
            ("2001-07-13", "2001-07-25", Some(Birth::YearMonth)),
            ("2001-07-13", "1994-07-13", Some(Birth::DayMonth)),
            ("2001-01-01", "1999-01-01", Some(Birth::NearYear)),
            ("2001-07-13", "2002-11-25", Some(Birth::NearYear)),
            ("2001-07-13", "1966-11-25", Some(Birth::Different)),
        ];
        for (a, b, expected) in cases {
            let (a, b) = (PartialDate::parse(a).unwrap(), PartialDate::parse(b).unwrap());
            assert_eq!(level(a, b), expected);
            assert_eq!(level(b, a), expected);
        }
        assert_eq!(
            level(PartialDate::new(None, Some(3), Some(4)).unwrap(), PartialDate::parse("2001").unwrap()),
            None
        );
    }
}
