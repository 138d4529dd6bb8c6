#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
use proptest::prelude::*;

use super::{Compiler, Param, household_rule, member_rule};

fn sql(text: &str) -> (String, Vec<Param>) {
    let rule = household_rule(text).unwrap();
    let mut compiler = Compiler::new(4, "$3");
    let sql = compiler.condition(&rule.expr);
    (sql, compiler.into_params())
}

#[test]
fn the_demo_rule_becomes_parameterised_sql() {
    let (sql, params) = sql("poverty_score < 50.0 && members.exists(m, m.age < 18)");
    assert!(
        sql.starts_with("((h.poverty_score < $4::double precision) AND (SELECT CASE WHEN bool_or"),
        "{sql}"
    );
    assert!(sql.contains("m0.birth_date"), "{sql}");
    assert_eq!(params, [Param::Double(50.0), Param::Int(18)]);
}

#[test]
fn a_rule_says_what_must_be_pulled() {
    let rule =
        household_rule("poverty_score < 50 && members.exists(m, m.age < 18 || 'Head' in m.kind)").unwrap();
    let needs: Vec<_> = rule.needs.into_iter().collect();
    assert_eq!(needs, ["members.birth_date", "members.kind", "poverty_score"]);
}

#[test]
fn constants_never_reach_the_text_of_the_statement() {
    let (sql, params) = sql("district == \"'; DROP TABLE members; --\"");
    assert!(!sql.contains("DROP"), "{sql}");
    assert_eq!(params, [Param::Text("'; DROP TABLE members; --".to_owned())]);
}

#[test]
fn what_rules_do_not_know_is_refused_with_the_reason() {
    for (text, part) in [
        ("", "empty"),
        ("income < 5", "not known; a household has: poverty_score"),
        ("members.exists(m, m.name == 'x')", "not known; a member has: age"),
        ("m.age < 5", "does not stand for a member"),
        ("members.exists(m, n.age < 5)", "does not stand for a member"),
        ("poverty_score < 'a'", "a number cannot be compared with a text"),
        ("district < 'a'", "== and != only"),
        ("district == 5", "a text cannot be compared with a number"),
        ("poverty_score", "compare it with something"),
        ("poverty_score + 1 < 5", "does not give a value"),
        ("poverty_score < 5 ? true : false", "is not a condition"),
        ("members.map(m, m.age) == 5", "does not give a value"),
        ("members.exists_one(m, m.age < 5)", "is not a condition"),
        ("other.exists(m, m.age < 5)", "only \"members\""),
        ("members.exists(m, members.exists(m, m.age < 5))", "already stands for"),
        ("1 < 2", "two constants"),
        ("registration_date < '2026-02-30'", "a day is written as"),
        ("district in []", "1 to 500"),
        ("district in ['a', 5]", "district is a text"),
        ("members.exists(m, 5 in m.kind)", "a text is expected before"),
        ("members.exists(m, m.kind == 'Head')", "cannot be compared"),
        ("poverty_score < 1e999", "invalid double"),
        ("poverty_score <", "not CEL"),
        ("poverty_score < 5 &", "not CEL"),
        ("null == district", "a constant is expected"),
        ("has(district)", "is not a condition"),
        ("f(district)", "is not a condition"),
    ] {
        let error = household_rule(text).expect_err(text);
        assert!(error.to_string().contains(part), "{text}: {error}");
    }
}

#[test]
fn the_place_of_an_error_is_told() {
    let error = household_rule("poverty_score < 5 && income < 3").unwrap_err();
    assert_eq!(error.at, Some(22), "{error}");
}

#[test]
fn a_member_rule_speaks_of_m() {
    let rule = member_rule("m.age < 5").unwrap();
    let mut compiler = Compiler::new(2, "$1");
    let sql = compiler.count_of(rule.member.unwrap(), &rule.expr);
    assert!(sql.starts_with("(SELECT count(*) FROM members m0 WHERE m0.tenant_id = h.tenant_id"), "{sql}");
    assert!(household_rule("true").unwrap().member.is_none());
}

#[test]
fn long_and_deep_rules_are_refused_without_harm() {
    for deep in ["(".repeat(900), "!".repeat(900), "[".repeat(900), "-".repeat(900)] {
        assert!(household_rule(&format!("{deep}true")).is_err());
    }
    let open = "members.exists(m, ".repeat(100);
    assert!(household_rule(&open).is_err());
    assert!(household_rule(&"a.".repeat(900)).is_err());
    assert!(household_rule(&"poverty_score < 5 && ".repeat(90)).is_err());
    let wide = vec!["group_size < 5"; 90].join(" && ");
    assert!(household_rule(&wide).is_ok());
    assert!(household_rule(&format!("district == '{}'", "x".repeat(3_000))).is_err());
}

proptest! {
    #[test]
    fn any_text_gives_a_rule_or_an_error(text in ".{0,120}") {
        let _ = household_rule(&text);
        let _ = member_rule(&text);
    }

    #[test]
    fn texts_that_look_like_rules_give_a_rule_or_an_error(
        parts in proptest::collection::vec(prop_oneof![
            Just("poverty_score"), Just("members"), Just(".exists("), Just("m"), Just(", "), Just("m.age"), Just(")"),
            Just(" < "), Just(" && "), Just("||"), Just("!"), Just("-"), Just("5"), Just("5.5"), Just("'a'"), Just(" in "),
            Just("["), Just("]"), Just(".size()"), Just(".filter("), Just("("), Just("{"), Just("}"), Just("`"),
            Just("\\"), Just("\""), Just("?"), Just(":"), Just("1u"), Just("b'a'"), Just("null"), Just("9999999999999999999"),
        ], 0..20)
    ) {
        let _ = household_rule(&parts.concat());
    }
}
