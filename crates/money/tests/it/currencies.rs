use std::collections::HashSet;

use money::{Amount, Currency, MoneyError};

#[test]
fn exponents_are_those_of_the_standard() {
    let by_exponent = [
        (0, &["JPY", "XOF", "XAF", "UGX", "RWF", "KRW", "VND", "ISK"][..]),
        (2, &["KES", "USD", "EUR", "INR", "PHP", "ETB", "GBP", "MGA", "MRU", "XCG", "ZWG"]),
        (3, &["KWD", "BHD", "IQD", "JOD", "LYD", "OMR", "TND"]),
        (4, &["CLF", "UYW"]),
    ];
    for (exponent, codes) in by_exponent {
        for code in codes {
            assert_eq!(Currency::from_code(code).unwrap().exponent(), exponent, "{code}");
        }
    }
}

#[test]
fn the_list_is_whole_and_without_doubles() {
    let all: Vec<_> = Currency::all().collect();
    let codes: HashSet<_> = all.iter().map(|c| c.code()).collect();
    assert_eq!(codes.len(), all.len());
    assert!(all.iter().all(|c| c.code().len() == 3 && c.code().bytes().all(|b| b.is_ascii_uppercase())));
    assert!((165..180).contains(&all.len()), "{}", all.len());
    for constant in [Currency::KES, Currency::USD, Currency::EUR, Currency::INR, Currency::PHP, Currency::ETB]
    {
        assert!(all.contains(&constant));
    }
    for constant in [Currency::JPY, Currency::XOF, Currency::KWD] {
        assert!(all.contains(&constant));
    }
}

#[test]
fn unknown_codes_are_refused() {
    for code in ["", "kes", "KE", "KESX", "XXX", "XAU", "HRK", "\u{1F4B0}"] {
        let refused = Currency::from_code(code).unwrap_err();
        assert_eq!(refused, MoneyError::UnknownCurrency(code.into()));
    }
    assert!(Currency::from_code("kes").unwrap_err().to_string().contains("three capital letters"));
}

#[test]
fn minor_units_make_a_major_unit() {
    for currency in Currency::all() {
        let one = Amount::parse("1", currency).unwrap();
        assert_eq!(one.minor(), currency.minor_per_major());
    }
}
