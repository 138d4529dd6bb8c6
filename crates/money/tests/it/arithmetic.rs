use std::cmp::Ordering;

use money::{Amount, Currency, MoneyError, Rounding};
use proptest::prelude::*;

fn kes(minor: i64) -> Amount {
    Amount::from_minor(minor, Currency::KES)
}

#[test]
fn currencies_do_not_mix() {
    let dollars = Amount::from_minor(1, Currency::USD);
    let mismatch = MoneyError::CurrencyMismatch { left: Currency::KES, right: Currency::USD };
    assert_eq!(kes(1).checked_add(dollars).unwrap_err(), mismatch);
    assert_eq!(kes(1).checked_sub(dollars).unwrap_err(), mismatch);
    assert_eq!(kes(1).compare(dollars).unwrap_err(), mismatch);
    assert_eq!(kes(1).min(dollars).unwrap_err(), mismatch);
    assert_eq!(Amount::sum(Currency::KES, [kes(1), dollars]).unwrap_err(), mismatch);
    assert_ne!(kes(1), dollars);
    assert_eq!(mismatch.to_string(), "amounts in KES and USD cannot be combined");
}

#[test]
fn overflow_is_an_error() {
    assert_eq!(kes(i64::MAX).checked_add(kes(1)).unwrap_err(), MoneyError::Overflow);
    assert_eq!(kes(i64::MIN).checked_sub(kes(1)).unwrap_err(), MoneyError::Overflow);
    assert_eq!(kes(i64::MAX).checked_mul(2).unwrap_err(), MoneyError::Overflow);
    assert_eq!(kes(i64::MIN).checked_neg().unwrap_err(), MoneyError::Overflow);
    assert_eq!(kes(i64::MIN).checked_abs().unwrap_err(), MoneyError::Overflow);
    assert_eq!(kes(i64::MAX).mul_ratio(3, 2, Rounding::Down).unwrap_err(), MoneyError::Overflow);
    assert_eq!(kes(1).mul_ratio(1, 0, Rounding::Down).unwrap_err(), MoneyError::DivisionByZero);
    assert_eq!(kes(i64::MIN).mul_ratio(i64::MIN, 1, Rounding::HalfUp).unwrap_err(), MoneyError::Overflow);
}

#[test]
fn sums_may_pass_through_the_range_but_not_end_outside() {
    assert_eq!(Amount::sum(Currency::KES, [kes(i64::MAX), kes(5), kes(-10)]).unwrap(), kes(i64::MAX - 5));
    assert_eq!(Amount::sum(Currency::KES, [kes(i64::MAX), kes(1)]).unwrap_err(), MoneyError::Overflow);
    assert_eq!(Amount::sum(Currency::KES, []).unwrap(), Amount::zero(Currency::KES));
}

#[test]
fn the_benefit_of_the_demo() {
    // 500.00 plus 150.00 per child under five, at most 1,100.00.
    let cap = Amount::parse("1100.00", Currency::KES).unwrap();
    let benefit = |children: i64| {
        let extra = Amount::parse("150.00", Currency::KES).unwrap().checked_mul(children).unwrap();
        Amount::parse("500.00", Currency::KES)
            .unwrap()
            .checked_add(extra)
            .unwrap()
            .min(cap)
            .unwrap()
            .to_string()
    };
    assert_eq!([benefit(0), benefit(2), benefit(4), benefit(5)], ["500.00", "800.00", "1100.00", "1100.00"]);
    assert_eq!(cap.compare(kes(0)).unwrap(), Ordering::Greater);
    assert_eq!(kes(1).max(kes(2)).unwrap(), kes(2));
}

#[test]
fn ratios_round_once() {
    assert_eq!(kes(1000).mul_ratio(1, 3, Rounding::HalfUp).unwrap(), kes(333));
    assert_eq!(kes(5).mul_ratio(1, 2, Rounding::HalfUp).unwrap(), kes(3));
    assert_eq!(kes(5).mul_ratio(1, 2, Rounding::HalfEven).unwrap(), kes(2));
    assert_eq!(kes(7).mul_ratio(1, 2, Rounding::HalfEven).unwrap(), kes(4));
    assert_eq!(kes(-5).mul_ratio(1, 2, Rounding::HalfUp).unwrap(), kes(-3));
    assert_eq!(kes(5).mul_ratio(1, -2, Rounding::HalfUp).unwrap(), kes(-3));
    assert_eq!(kes(-5).mul_ratio(-1, 2, Rounding::Down).unwrap(), kes(2));
    assert_eq!(kes(i64::MIN).mul_ratio(i64::MIN, i64::MIN, Rounding::HalfUp).unwrap(), kes(i64::MIN));
}

#[test]
fn allocation_gives_the_rest_to_the_largest_remainders() {
    let minors = |parts: Vec<Amount>| parts.into_iter().map(Amount::minor).collect::<Vec<_>>();
    assert_eq!(minors(kes(100).split(3).unwrap()), [34, 33, 33]);
    assert_eq!(minors(kes(-100).split(3).unwrap()), [-34, -33, -33]);
    assert_eq!(minors(kes(10).allocate(&[1, 2, 0]).unwrap()), [3, 7, 0]);
    assert_eq!(minors(kes(1).allocate(&[0, 0, 5]).unwrap()), [0, 0, 1]);
    assert_eq!(minors(kes(0).allocate(&[1, 1]).unwrap()), [0, 0]);
    assert_eq!(kes(1).allocate(&[]).unwrap_err(), MoneyError::NoWeights);
    assert_eq!(kes(1).allocate(&[0, 0]).unwrap_err(), MoneyError::NoWeights);
    assert_eq!(kes(1).split(0).unwrap_err(), MoneyError::NoWeights);
    assert_eq!(minors(kes(i64::MIN).allocate(&[u64::MAX, u64::MAX]).unwrap()), [i64::MIN / 2, i64::MIN / 2]);
}

proptest! {
    #[test]
    fn adding_and_taking_away_is_nothing(a in any::<i64>(), b in any::<i64>()) {
        if let Ok(sum) = kes(a).checked_add(kes(b)) {
            prop_assert_eq!(sum.checked_sub(kes(b)), Ok(kes(a)));
            prop_assert_eq!(kes(b).checked_add(kes(a)), Ok(sum));
            prop_assert_eq!(Amount::sum(Currency::KES, [kes(a), kes(b)]), Ok(sum));
        }
    }

    #[test]
    fn allocation_is_exact_and_fair(
        minor in any::<i64>(),
        weights in proptest::collection::vec(prop_oneof![0_u64..10, any::<u64>()], 1..20),
    ) {
        prop_assume!(weights.iter().any(|w| *w > 0));
        let parts = kes(minor).allocate(&weights).unwrap();
        prop_assert_eq!(parts.len(), weights.len());
        prop_assert_eq!(Amount::sum(Currency::KES, parts.iter().copied()), Ok(kes(minor)));
        let total: u128 = weights.iter().map(|w| u128::from(*w)).sum();
        for (part, weight) in parts.iter().zip(&weights) {
            let exact = u128::from(minor.unsigned_abs()) * u128::from(*weight) / total;
            let got = u128::from(part.minor().unsigned_abs());
            prop_assert!(got == exact || got == exact + 1);
            prop_assert!(*weight > 0 || part.is_zero());
            prop_assert!(part.is_zero() || part.is_negative() == (minor < 0));
        }
    }

    #[test]
    fn rounding_is_off_by_half_a_unit_at_most(minor in any::<i64>(), n in any::<i32>(), d in any::<i32>()) {
        prop_assume!(d != 0);
        let exact_times_d = i128::from(minor) * i128::from(n);
        for rounding in [Rounding::HalfUp, Rounding::HalfEven] {
            if let Ok(rounded) = kes(minor).mul_ratio(i64::from(n), i64::from(d), rounding) {
                let off = (i128::from(rounded.minor()) * i128::from(d) - exact_times_d).unsigned_abs();
                prop_assert!(off * 2 <= u128::from(d.unsigned_abs()));
            }
        }
        if let Ok(down) = kes(minor).mul_ratio(i64::from(n), i64::from(d), Rounding::Down) {
            prop_assert_eq!(i128::from(down.minor()), exact_times_d / i128::from(d));
        }
    }
}
