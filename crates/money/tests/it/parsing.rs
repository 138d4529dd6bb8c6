use money::{Amount, Currency, MoneyError, Rounding};
use proptest::prelude::*;

fn minor(text: &str, currency: Currency) -> i64 {
    Amount::parse(text, currency).unwrap_or_else(|e| panic!("{text}: {e}")).minor()
}

fn refused(text: &str, currency: Currency) -> MoneyError {
    Amount::parse(text, currency).unwrap_err()
}

#[test]
fn decimal_text_is_read_exactly() {
    for (text, expected) in [
        ("500.00", 50_000),
        ("500", 50_000),
        ("0.1", 10),
        ("0.10000000000000000000000000", 10),
        ("-0.05", -5),
        ("-0", 0),
        ("0007.50", 750),
        ("5e2", 50_000),
        ("5E+2", 50_000),
        ("50000e-2", 50_000),
        ("1.5e-1", 15),
        ("0e999999999999999999999", 0),
        ("92233720368547758.07", i64::MAX),
        ("-92233720368547758.08", i64::MIN),
        // A double would make 90071992547409.92 of it.
        ("90071992547409.93", 9_007_199_254_740_993),
    ] {
        assert_eq!(minor(text, Currency::KES), expected, "{text}");
    }
}

#[test]
fn decimals_follow_the_currency() {
    assert_eq!(minor("100.00", Currency::JPY), 100);
    assert_eq!(minor("1.250", Currency::KWD), 1250);
    let excess = refused("100.50", Currency::JPY);
    assert_eq!(
        excess,
        MoneyError::TooManyDecimals { text: "100.50".into(), currency: Currency::JPY, allowed: 0 }
    );
    assert_eq!(excess.to_string(), "the amount \"100.50\" has more than the 0 decimals of JPY");
    assert!(matches!(refused("0.001", Currency::KES), MoneyError::TooManyDecimals { .. }));
    assert!(matches!(refused("1e-400", Currency::KES), MoneyError::TooManyDecimals { .. }));
    assert!(matches!(refused("1e-99999999999999999999", Currency::KES), MoneyError::TooManyDecimals { .. }));
}

#[test]
fn problems_are_named() {
    assert_eq!(refused("", Currency::KES), MoneyError::Empty);
    for text in ["NaN", "nan", "inf", "-Infinity", "+inf"] {
        assert_eq!(refused(text, Currency::KES), MoneyError::NotFinite(text.into()));
    }
    let not_numbers = [
        " 5", "5 ", "+5", "--5", "-", ".", ".5", "5.", "1,000.00", "1 000", "1_000", "0x10", "5e", "5e+",
        "e5", "5e1.5", "1.2.3", "\u{0665}", "KES 5", "5\0", "-.5", "null",
    ];
    for text in not_numbers {
        assert!(matches!(refused(text, Currency::KES), MoneyError::NotANumber(_)), "{text:?}");
    }
    for text in
        ["92233720368547758.08", "1e17", "1e999999999", "1e99999999999999999999", "-92233720368547758.09"]
    {
        assert_eq!(refused(text, Currency::KES), MoneyError::TooLarge(text.into()));
    }
}

#[test]
fn json_numbers_have_no_leading_zeros() {
    assert_eq!(Amount::from_json_number_text("5e2", Currency::KES).unwrap().minor(), 50_000);
    assert_eq!(Amount::from_json_number_text("0.50", Currency::KES).unwrap().minor(), 50);
    assert!(Amount::from_json_number_text("007", Currency::KES).is_err());
}

#[test]
fn text_is_written_with_the_currencys_decimals() {
    for (minor, currency, text) in [
        (50_000, Currency::KES, "500.00"),
        (-5, Currency::KES, "-0.05"),
        (0, Currency::KES, "0.00"),
        (100, Currency::JPY, "100"),
        (-1250, Currency::KWD, "-1.250"),
        (i64::MIN, Currency::KES, "-92233720368547758.08"),
    ] {
        let amount = Amount::from_minor(minor, currency);
        assert_eq!(amount.to_string(), text);
        assert_eq!(amount.to_decimal_string(), text);
        assert_eq!(amount.with_code().to_string(), format!("{} {text}", currency.code()));
    }
    assert_eq!(format!("{:>8}|", Amount::from_minor(50, Currency::KES)), "    0.50|");
}

#[test]
fn rounding_on_request() {
    let cases = [
        // text, half up, half even, down
        ("0.005", 1, 0, 0),
        ("0.015", 2, 2, 1),
        ("0.0149999", 1, 1, 1),
        ("0.00500000001", 1, 1, 0),
        ("-0.005", -1, 0, 0),
        ("-0.015", -2, -2, -1),
        ("0.0005", 0, 0, 0),
        ("9e-30", 0, 0, 0),
        ("1.23", 123, 123, 123),
        (
            "12345678901234567.895",
            1_234_567_890_123_456_790,
            1_234_567_890_123_456_790,
            1_234_567_890_123_456_789,
        ),
    ];
    for (text, up, even, down) in cases {
        for (rounding, expected) in
            [(Rounding::HalfUp, up), (Rounding::HalfEven, even), (Rounding::Down, down)]
        {
            let rounded = Amount::parse_rounded(text, Currency::KES, rounding).unwrap().minor();
            assert_eq!(rounded, expected, "{text} {rounding:?}");
        }
    }
}

proptest! {
    #[test]
    fn text_round_trips(minor in any::<i64>(), at in any::<prop::sample::Index>()) {
        let all: Vec<_> = Currency::all().collect();
        let amount = Amount::from_minor(minor, all[at.index(all.len())]);
        prop_assert_eq!(Amount::parse(&amount.to_string(), amount.currency()), Ok(amount));
        let decimals = amount.to_string().split_once('.').map_or(0, |(_, fraction)| fraction.len());
        prop_assert_eq!(decimals, usize::from(amount.currency().exponent()));
    }

    #[test]
    fn spellings_of_one_number_are_equal(minor in any::<i32>(), zeros in 0_usize..30, power in -20_i32..20) {
        let amount = Amount::from_minor(i64::from(minor), Currency::KES);
        let padded = format!("{amount}{}", "0".repeat(zeros));
        prop_assert_eq!(Amount::parse(&padded, Currency::KES), Ok(amount));
        // minor × 10^-2 written with another power.
        let digits = format!("{minor}{}", "0".repeat(20));
        let shifted = format!("{digits}e{}", -22);
        prop_assert_eq!(Amount::parse(&shifted, Currency::KES), Ok(amount));
        let scaled = Amount::parse(&format!("{minor}e{power}"), Currency::KWD);
        if let Ok(scaled) = scaled {
            let back = i128::from(scaled.minor());
            let expected = if power + 3 >= 0 { i128::from(minor) * 10_i128.pow((power + 3).unsigned_abs()) }
                else { i128::from(minor) / 10_i128.pow((power + 3).unsigned_abs()) };
            prop_assert_eq!(back, expected);
        }
    }

    #[test]
    fn no_text_panics(text in prop_oneof![any::<String>(), "[-+0-9.eE]{0,40}", "-?[0-9]{0,30}(\\.[0-9]{0,30})?([eE][+-]?[0-9]{0,25})?"]) {
        for currency in [Currency::KES, Currency::JPY, Currency::KWD] {
            let exact = Amount::parse(&text, currency);
            let rounded = Amount::parse_rounded(&text, currency, Rounding::HalfEven);
            if let Ok(exact) = exact {
                prop_assert_eq!(rounded, Ok(exact));
            }
        }
    }
}
