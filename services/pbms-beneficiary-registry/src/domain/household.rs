//! A household as the registry gives it, reduced at once to what the programme may keep.

use std::collections::{BTreeMap, BTreeSet};

use g2p_crypto::sha256_hex;
use serde::Serialize;
use serde_json::Value;
use time::{Date, macros::format_description};

use super::identifier::{IdHasher, normal_type};

/// Longest pseudonym or text that is kept.
const MAX_TEXT: usize = 512;

/// A household under its pseudonym. Attributes that the field policy does not name are `None`, whatever was sent.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Household {
    /// Pseudonym.
    pub id: String,
    /// `poverty_score`.
    pub poverty_score: Option<f64>,
    /// `group_size`.
    pub group_size: Option<i64>,
    /// `district`.
    pub district: Option<String>,
    /// `registration_date`.
    pub registration_date: Option<Date>,
    /// By pseudonym.
    pub members: Vec<Member>,
}

/// A member under a pseudonym.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Member {
    /// Pseudonym.
    pub id: String,
    /// `Head`, `Spouse`, …
    pub kinds: Option<Vec<String>>,
    /// Date of birth.
    pub birth_date: Option<Date>,
    /// As the registry calls it.
    pub gender: Option<String>,
    /// Type and keyed hash; the values are gone.
    pub identifiers: BTreeSet<(String, String)>,
}

/// Why a record was left out. Never holds a value of the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RecordFault {
    /// Not a JSON object.
    #[error("the record is not an object")]
    NotAnObject,
    /// No usable pseudonym.
    #[error("the record or one of its members has no id")]
    NoId,
}

impl Household {
    /// Reads a record of `registry/sync/search`. A value of the wrong type counts as missing: rules then say no.
    ///
    /// # Errors
    /// [`RecordFault`].
    pub fn read(record: &Value, policy: &BTreeSet<String>, hasher: &IdHasher) -> Result<Self, RecordFault> {
        let fields = record.as_object().ok_or(RecordFault::NotAnObject)?;
        let allowed = |name: &str| if policy.contains(name) { fields.get(name) } else { None };
        let members = match fields.get("members") {
            Some(Value::Array(members)) => members.as_slice(),
            _ => &[],
        };
        let mut by_id = BTreeMap::new();
        for member in members {
            let member = Member::read(member, policy, hasher)?;
            by_id.entry(member.id.clone()).or_insert(member);
        }
        Ok(Self {
            id: text(fields.get("id")).ok_or(RecordFault::NoId)?,
            poverty_score: allowed("poverty_score").and_then(number).filter(|n| n.is_finite()),
            group_size: allowed("group_size").and_then(whole),
            district: text(allowed("district")),
            registration_date: date(allowed("registration_date")),
            members: by_id.into_values().collect(),
        })
    }

    /// Changes exactly when something that is kept changes.
    #[must_use]
    pub fn content_hash(&self) -> String {
        sha256_hex(&serde_json::to_vec(self).unwrap_or_default())
    }
}

impl Member {
    fn read(record: &Value, policy: &BTreeSet<String>, hasher: &IdHasher) -> Result<Self, RecordFault> {
        let fields = record.as_object().ok_or(RecordFault::NotAnObject)?;
        let allowed = |name: &str| {
            if policy.contains(&format!("members.{name}")) { fields.get(name) } else { None }
        };
        let kinds = match allowed("kind") {
            Some(Value::Array(kinds)) => {
                let mut kinds: Vec<String> = kinds.iter().filter_map(|kind| text(Some(kind))).collect();
                kinds.sort_unstable();
                Some(kinds)
            }
            Some(kind @ Value::String(_)) => text(Some(kind)).map(|kind| vec![kind]),
            _ => None,
        };
        let identifiers = match allowed("identifiers") {
            Some(Value::Array(identifiers)) => {
                identifiers.iter().filter_map(|identifier| hashed(identifier, hasher)).collect()
            }
            _ => BTreeSet::new(),
        };
        Ok(Self {
            id: text(fields.get("id")).ok_or(RecordFault::NoId)?,
            kinds,
            birth_date: date(allowed("birth_date")),
            gender: text(allowed("gender")),
            identifiers,
        })
    }
}

fn hashed(identifier: &Value, hasher: &IdHasher) -> Option<(String, String)> {
    let kind = text(identifier.get("identifier_type"))?;
    let value = text(identifier.get("identifier_value"))?;
    Some((normal_type(&kind), hasher.hash(&kind, &value)))
}

/// A text that can be stored: not empty, not endless, without NUL.
fn text(value: Option<&Value>) -> Option<String> {
    let text = value?.as_str()?.trim();
    (!text.is_empty() && text.len() <= MAX_TEXT && !text.contains('\0')).then(|| text.to_owned())
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// The day of `2001-02-03` or `2001-02-03T…`; years that Postgres and people know.
fn date(value: Option<&Value>) -> Option<Date> {
    let day = value?.as_str()?.get(..10)?;
    Date::parse(day, format_description!("[year]-[month]-[day]")).ok().filter(|date| date.year() > 0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
    use std::collections::BTreeSet;

    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::Household;
    use crate::domain::{identifier::IdHasher, rule::catalogue::PULLABLE};

    fn everything() -> BTreeSet<String> {
        PULLABLE.iter().map(|name| (*name).to_owned()).collect()
    }

    fn hasher() -> IdHasher {
        IdHasher::new("0123456789abcdef0123456789abcdef")
    }

    fn record() -> Value {
        json!({"id": "token:h1@household", "poverty_score": 31.5, "district": "Moru", "group_size": 2,
            "registration_date": "2024-05-01", "name": "Never kept",
            "members": [
                {"id": "token:p1@nationalId", "kind": ["Head"], "birth_date": "1990-02-03", "gender": "female",
                 "name": "Never kept", "identifiers": [{"identifier_type": "NATIONAL_ID", "identifier_value": "123456789"}]},
                {"id": "token:p2@nationalId", "kind": ["Child"], "birth_date": "2024-01-01"}]})
    }

    #[test]
    fn identifiers_and_names_do_not_survive() {
        let household = Household::read(&record(), &everything(), &hasher()).unwrap();
        let kept = serde_json::to_string(&household).unwrap();
        assert!(!kept.contains("123456789") && !kept.contains("Never kept"), "{kept}");
        assert_eq!(household.members[0].identifiers.len(), 1);
        assert_eq!(household.poverty_score, Some(31.5));
    }

    #[test]
    fn what_the_policy_does_not_name_is_dropped_even_when_sent() {
        let policy = BTreeSet::from(["members.kind".to_owned()]);
        let household = Household::read(&record(), &policy, &hasher()).unwrap();
        assert_eq!((household.poverty_score, household.district.as_deref()), (None, None));
        assert_eq!(household.members[0].birth_date, None);
        assert!(household.members[0].identifiers.is_empty());
        assert_eq!(household.members[0].kinds.as_deref(), Some(&["Head".to_owned()][..]));
    }

    #[test]
    fn the_content_hash_does_not_depend_on_order() {
        let mut other = record();
        other["members"].as_array_mut().unwrap().reverse();
        let read = |record: &Value| Household::read(record, &everything(), &hasher()).unwrap().content_hash();
        assert_eq!(read(&record()), read(&other));
        other["members"][0]["birth_date"] = "2024-01-02".into();
        assert_ne!(read(&record()), read(&other));
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            ".{0,12}".prop_map(Value::from),
        ];
        let key = prop_oneof![
            Just("id".to_owned()),
            Just("members".to_owned()),
            Just("kind".to_owned()),
            Just("birth_date".to_owned()),
            Just("identifiers".to_owned()),
            Just("poverty_score".to_owned()),
            ".{0,4}",
        ];
        leaf.prop_recursive(4, 32, 6, move |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                proptest::collection::hash_map(key.clone(), inner, 0..6)
                    .prop_map(|m| m.into_iter().collect()),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_json_gives_a_household_or_a_reason(record in any_json()) {
            let _ = Household::read(&record, &everything(), &hasher());
        }
    }
}
