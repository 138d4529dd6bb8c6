//! Strategies write what deployed mappers write, and never one text for two sets of values.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use proptest::prelude::*;

use super::{Fields, Strategy, StrategyError};

/// Templates and patterns of the shipped strategies, from the file that stores them.
fn shipped() -> Vec<(&'static str, &'static str)> {
    let quoted = include_str!("../../../migrations/m0002_strategies.sql")
        .lines()
        .filter_map(|line| line.strip_prefix("     '")?.split_once('\'').map(|(text, _)| text));
    let texts: Vec<&str> = quoted.collect();
    texts.chunks(2).map(|pair| (pair[0], pair[1])).collect()
}

fn seeded() -> Vec<Strategy> {
    shipped()
        .iter()
        .zip(1..)
        .map(|((construct, deconstruct), id)| Strategy::new(id, construct, deconstruct).unwrap())
        .collect()
}

fn fields(pairs: &[(&str, &str)]) -> Fields {
    pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
}

fn bank(bank_name: &str, bank_code: &str) -> Fields {
    fields(&[
        ("account_number", "1234567890"),
        ("branch_name", "Pune"),
        ("branch_code", "HDFC0001"),
        ("bank_name", bank_name),
        ("bank_code", bank_code),
        ("fa_type", "BANK"),
    ])
}

#[test]
fn the_texts_are_those_of_deployed_mappers() {
    let strategies = seeded();
    let text = strategies[1].construct(&bank("HDFC Bank", "HDFC")).unwrap();
    assert_eq!(
        text,
        "account_number:1234567890.branch_name:Pune.branch_code:HDFC0001.bank_name:HDFC Bank.bank_code:HDFC.fa_type:BANK"
    );
    assert_eq!(strategies[1].deconstruct(&text), Some(bank("HDFC Bank", "HDFC")));
    assert_eq!(
        strategies[0].deconstruct("token:2OsmelWj9g@nationalId"),
        Some(fields(&[("sub", "2OsmelWj9g")]))
    );
    assert_eq!(strategies[1].deconstruct("mobile_number:1.fa_type:MOBILE_WALLET"), None);
}

#[test]
fn values_that_would_read_as_others_are_escaped_and_only_those() {
    let strategy = &seeded()[1];
    let one = strategy.construct(&bank("x", "y.bank_code:Z")).unwrap();
    let other = strategy.construct(&bank("x.bank_code:y", "Z")).unwrap();
    assert_ne!(one, other);
    assert!(one.starts_with('!') && other.starts_with('!'));
    assert_eq!(strategy.deconstruct(&one), Some(bank("x", "y.bank_code:Z")));
    // Dots, colons, signs and percents alone stay as they are.
    let plain = strategy.construct(&bank("St. John's: 100% !", "A.B")).unwrap();
    assert!(plain.contains("bank_name:St. John's: 100% !.bank_code:A.B"), "{plain}");
}

#[test]
fn templates_and_patterns_that_cannot_work_are_refused() {
    let new = |construct: &str, deconstruct: &str| Strategy::new(9, construct, deconstruct).map(|_| ());
    let ok = "^a:(?P<x>.*)$";
    assert_eq!(new("a:{x}", ok), Ok(()));
    for bad in ["a:{x.y}", "a:{x", "a:x}", "a", "a:{x}{y}", "a:{}", "a:{x!r}", "a%:{x}", "a:{x} {x}"] {
        assert!(matches!(new(bad, ok), Err(StrategyError::Template(_))), "{bad}");
    }
    assert!(matches!(new("a:{x}", "(?P<x>"), Err(StrategyError::Pattern(_))));
    assert!(matches!(new("a:{x}", "(?P<x>(a{1000}){1000})"), Err(StrategyError::Pattern(_))));
    assert_eq!(new("a:{x}", "^a:(?P<y>.*)$"), Err(StrategyError::NamesDiffer));
}

#[test]
fn a_missing_or_unfit_value_is_an_error_not_another_address() {
    let strategies = seeded();
    let mut some = bank("x", "y");
    some.remove("bank_code");
    assert_eq!(strategies[1].construct(&some), Err(StrategyError::Missing("bank_code".to_owned())));
    assert_eq!(strategies[0].construct(&fields(&[("sub", "")])), Err(StrategyError::NotReadable));
}

/// Values with much of what templates are made of.
fn value() -> impl Strategy2 {
    "(\\.bank_code:|\\.fa_type:|\\.branch_name:|@|\\.|:|!|%|%2E|é|[a-z0-9]){1,6}"
}
trait Strategy2: proptest::strategy::Strategy<Value = String> {}
impl<T: proptest::strategy::Strategy<Value = String>> Strategy2 for T {}

proptest! {
    #[test]
    fn what_is_written_reads_back_and_is_plain_where_it_can_be(which in 0_usize..6, values in proptest::collection::vec(value(), 6)) {
        let strategy = &seeded()[which];
        let names: Vec<String> = strategy.names().map(str::to_owned).collect();
        let given: Fields = names.iter().cloned().zip(values).collect();
        if let Ok(text) = strategy.construct(&given) {
            prop_assert_eq!(strategy.deconstruct(&text), Some(given.clone()));
            let construct = shipped()[which].0;
            let naive = names.iter().fold(construct.to_owned(), |t, n| t.replace(&format!("{{{n}}}"), &given[n]));
            let own = |v: &String| names.iter().any(|n| v.contains(&format!(".{n}:")))
                || (construct.contains("}.{") && v.contains(['@', '.']));
            if !given.values().any(own) {
                prop_assert_eq!(text, naive);
            }
        }
    }

    #[test]
    fn two_sets_of_values_never_share_a_text(a in proptest::collection::vec(value(), 6), b in proptest::collection::vec(value(), 6)) {
        let strategy = &seeded()[1];
        let of = |values: Vec<String>| -> Fields { strategy.names().map(str::to_owned).zip(values).collect() };
        let (a, b) = (of(a), of(b));
        if let (Ok(one), Ok(other)) = (strategy.construct(&a), strategy.construct(&b)) {
            prop_assert_eq!(a == b, one == other);
        }
    }

    #[test]
    fn reading_never_panics(text in "(!|%|account_number:|\\.fa_type:|@|token:|\\PC){0,20}") {
        for strategy in seeded() {
            let _ = strategy.deconstruct(&text);
        }
        prop_assert!(true);
    }
}
