//! Filters become conditions that hold no text of a value.
#![allow(clippy::unwrap_used)]
use proptest::prelude::*;
use serde_json::json;
use time::macros::date;

use super::*;

fn compile(filter: &serde_json::Value, attributes: &[&str]) -> Result<Condition, SearchReason> {
    let filter = Expression::parse(filter, &Default::default())?;
    let policy = Visible::new(&attributes.iter().map(|a| (*a).to_owned()).collect(), None);
    let scores = ["poverty_score".to_owned()];
    let scope = Scope {
        collection: Collection::Group,
        policy: &policy,
        scores: &scores,
        today: date!(2026 - 01 - 01),
    };
    Condition::compile(&filter, &scope, 4)
}

#[test]
fn values_are_parameters_never_text_of_the_statement() {
    let filter = json!({"$and": [{"poverty_score": {"$lt": 31.5}}, {"district": "x' OR 1=1"}]});
    let condition = compile(&filter, &["poverty_score", "district"]).unwrap();
    assert!(!condition.sql.contains("OR 1=1") && !condition.sql.contains("31.5"), "{}", condition.sql);
    assert_eq!(condition.values.len(), 3);
    assert!(condition.sql.contains("$4") && condition.sql.contains("$6"));
}

#[test]
fn what_the_partner_may_not_see_cannot_be_asked_for() {
    assert!(compile(&json!({"district": "Nyeri"}), &["poverty_score"]).is_err());
    assert!(compile(&json!({"members.birth_date": "2020-01-01"}), &["birth_date"]).is_err());
    assert!(compile(&json!({"members.age": {"$lt": 5}}), &["members.birth_date"]).is_ok());
    assert!(compile(&json!({"attributes.roof": "grass"}), &[]).is_err());
    assert!(compile(&json!({"no_such": 1}), &["*"]).is_err());
}

#[test]
fn the_conformance_suites_filter_is_understood() {
    let filter = json!({"$and": [{"poverty_score": {"$lt": 5}}, {"location": {"$eq": "central_region"}},
                                 {"group_size": {"$lt": 5}}]});
    assert!(compile(&filter, &["poverty_score", "region", "group_size"]).is_ok());
}

#[test]
fn values_must_fit_their_attribute() {
    let all = &["*"];
    for wrong in [
        json!({"poverty_score": "low"}),
        json!({"registration_date": "yesterday"}),
        json!({"district": {"$lt": "N"}}),
        json!({"district": "a\u{0}b"}),
        json!({"poverty_score": {"$lt": "1e9"}}),
    ] {
        assert_eq!(compile(&wrong, all).err(), Some(SearchReason::FilterInvalid), "{wrong}");
    }
    assert!(compile(&json!({"poverty_score": null}), all).is_ok());
    assert!(compile(&json!({"members.kind": {"$in": ["Head", "Child"]}}), all).is_ok());
}

#[test]
fn many_values_are_one_parameter() {
    let many: Vec<String> = (0..1_000).map(|n| format!("place {n}")).collect();
    let parts: Vec<_> = (0..70).map(|_| json!({"district": {"$in": many}})).collect();
    assert_eq!(compile(&json!({ "$or": parts }), &["*"]).unwrap().values.len(), 70);
}

proptest! {
    #[test]
    fn no_text_of_a_value_reaches_the_statement(text in "[a-z';$%-]{3,20}") {
        let condition = compile(&json!({"district": format!("~{text}~")}), &["*"]).unwrap();
        let marked = format!("~{text}~");
        prop_assert!(!condition.sql.contains(&marked));
    }
}
