//! Amounts, dates and times as the reader's language writes them. The patterns are texts of the shell, so a language
//! brings its own.

use money::Amount;
use time::{Date, OffsetDateTime};

use crate::{Key, Translator};

const MONTHS: [Key; 12] = [
    Key("month-1"),
    Key("month-2"),
    Key("month-3"),
    Key("month-4"),
    Key("month-5"),
    Key("month-6"),
    Key("month-7"),
    Key("month-8"),
    Key("month-9"),
    Key("month-10"),
    Key("month-11"),
    Key("month-12"),
];

impl Translator {
    /// `KES 1,234.50`: never without the currency.
    #[must_use]
    pub fn money(&self, amount: Amount) -> String {
        let text = amount.to_decimal_string();
        let (sign, digits) = text.strip_prefix('-').map_or(("", text.as_str()), |rest| ("−", rest));
        let (whole, fraction) = digits.split_once('.').map_or((digits, None), |(w, f)| (w, Some(f)));
        let mut number = format!("{sign}{}", grouped(whole, &self.say("number-group")));
        if let Some(fraction) = fraction {
            number.push_str(&self.say("number-decimal"));
            number.push_str(fraction);
        }
        self.say_all("money", &[("currency", amount.currency().code()), ("number", &number)])
    }

    /// `21 November 2026`.
    #[must_use]
    pub fn date(&self, date: Date) -> String {
        let month = MONTHS.get(usize::from(u8::from(date.month()).saturating_sub(1)));
        let month = month.map(|key| self.say(key)).unwrap_or_default();
        let (day, year) = (date.day().to_string(), date.year().to_string());
        self.say_all("date", &[("day", &day), ("month", &month), ("year", &year)])
    }

    /// `21 November 2026, 14:05 (EAT)`: the time as it stands in `at`, with the name of its zone.
    #[must_use]
    pub fn date_time(&self, at: OffsetDateTime, zone: &str) -> String {
        let time = format!("{:02}:{:02}", at.hour(), at.minute());
        self.say_all("date-time", &[("date", &self.date(at.date())), ("time", &time), ("zone", zone)])
    }
}

/// `1234567` → `1,234,567`.
fn grouped(digits: &str, separator: &str) -> String {
    let count = digits.chars().count();
    let mut out = String::with_capacity(digits.len() + count / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (count - at).is_multiple_of(3) {
            out.push_str(separator);
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use money::{Amount, Currency};
    use proptest::prelude::*;
    use time::macros::{date, datetime};

    use crate::{Translations, Translator};

    fn english() -> Translator {
        Translations::new(&[]).unwrap().choose(None, None)
    }

    #[test]
    fn an_amount_has_its_currency_its_groups_and_all_its_decimals() {
        let shown = |text: &str, code: &str| {
            let currency = Currency::from_code(code).unwrap();
            english().money(Amount::parse(text, currency).unwrap())
        };
        assert_eq!(shown("1234567.50", "KES"), "KES\u{a0}1,234,567.50");
        assert_eq!(shown("650.00", "KES"), "KES\u{a0}650.00");
        assert_eq!(shown("-1000", "JPY"), "JPY\u{a0}−1,000");
        assert_eq!(shown("0.125", "KWD"), "KWD\u{a0}0.125");
    }

    #[test]
    fn dates_are_written_out() {
        assert_eq!(english().date(date!(2026 - 01 - 05)), "5 January 2026");
        assert_eq!(
            english().date_time(datetime!(2026-12-31 09:05 +3), "EAT"),
            "31 December 2026, 09:05 (EAT)"
        );
    }

    #[test]
    fn a_language_writes_dates_and_amounts_its_own_way() {
        let source = |language| crate::Source { language, area: "test", text: "a-text = x\n" };
        let all = Translations::new(&["en", "fr", "ar", "es", "fil", "am"].map(source)).unwrap();
        let amount = Amount::parse("1234567.50", Currency::KES).unwrap();
        for (language, day, money) in [
            ("fr", "5 janvier 2026", "1\u{202f}234\u{202f}567,50\u{a0}KES"),
            ("es", "5 de enero de 2026", "1.234.567,50\u{a0}KES"),
            ("fil", "Enero 5, 2026", "KES\u{a0}1,234,567.50"),
            ("am", "5 ጃንዩወሪ 2026", "KES\u{a0}1,234,567.50"),
            // Without the first mark a reader would see the year in front.
            ("ar", "\u{200f}5 يناير 2026", "1,234,567.50\u{a0}KES"),
        ] {
            let plain = |text: String| text.replace(['\u{2068}', '\u{2069}'], "");
            let t = all.choose(Some(language), None);
            assert_eq!(plain(t.date(date!(2026 - 01 - 05))), day);
            assert_eq!(plain(t.money(amount)), money);
        }
    }

    proptest! {
        #[test]
        fn no_digit_is_lost_in_an_amount(minor in any::<i64>()) {
            let amount = Amount::from_minor(minor, Currency::KES);
            let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
            prop_assert_eq!(digits(&english().money(amount)), digits(&amount.to_decimal_string()));
        }
    }
}
