//! Scores computed from what a household owns, by a definition that is data and not code.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::mapping::is_attribute_name;

/// Most items of a definition.
const MAX_ITEMS: usize = 200;
/// Largest number of a definition, so that sums stay exact enough.
const MAX_POINTS: f64 = 1e9;

/// How a score is computed: `intercept` plus the points of each item, kept between `minimum` and `maximum`, rounded to
/// four decimals.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ScoreDefinition {
    /// Name of the score, for example `poverty_score`; the attribute that partners ask for.
    pub name: String,
    /// What has the score: `household`.
    pub target: ScoreTarget,
    /// What it means, for people.
    #[serde(default)]
    pub description: String,
    /// Added to the sum.
    #[serde(default)]
    pub intercept: f64,
    /// Smallest score.
    pub minimum: f64,
    /// Largest score.
    pub maximum: f64,
    /// What is added up.
    pub items: Vec<ScoreItem>,
}

/// What has a score.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ScoreTarget {
    /// Each household.
    Household,
}

/// One attribute's part of a score. A value that is missing or does not fit counts `missing` points.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum ScoreItem {
    /// Points by the text of the value.
    Category {
        /// The attribute.
        attribute: String,
        /// Points of each text.
        points: BTreeMap<String, f64>,
        /// Points without a listed value.
        #[serde(default)]
        missing: f64,
    },
    /// Points of the highest band whose `from` is not above the number.
    Bands {
        /// The attribute.
        attribute: String,
        /// The bands, lowest first.
        bands: Vec<Band>,
        /// Points without a number, or with one below the first band.
        #[serde(default)]
        missing: f64,
    },
    /// The number times a weight; true counts as 1 and false as 0.
    Weight {
        /// The attribute.
        attribute: String,
        /// The weight.
        weight: f64,
        /// Points without a number.
        #[serde(default)]
        missing: f64,
    },
}

/// A band of numbers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Band {
    /// The lowest number of the band.
    pub from: f64,
    /// Its points.
    pub points: f64,
}

/// Which part of a definition is wrong, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field} {why}")]
pub struct DefinitionError {
    /// Path of the field.
    pub field: String,
    /// What is wrong.
    pub why: &'static str,
}

impl ScoreItem {
    /// The attribute it reads.
    #[must_use]
    pub fn attribute(&self) -> &str {
        match self {
            Self::Category { attribute, .. }
            | Self::Bands { attribute, .. }
            | Self::Weight { attribute, .. } => attribute,
        }
    }

    fn points(&self, attributes: &Map<String, Value>) -> f64 {
        let value = attributes.get(self.attribute());
        match self {
            Self::Category { points, missing, .. } => {
                value.and_then(as_text).and_then(|text| points.get(&text)).copied().unwrap_or(*missing)
            }
            Self::Bands { bands, missing, .. } => value
                .and_then(as_number)
                .and_then(|n| bands.iter().rev().find(|band| band.from <= n))
                .map_or(*missing, |band| band.points),
            Self::Weight { weight, missing, .. } => {
                value.and_then(as_number).map_or(*missing, |n| n * weight)
            }
        }
    }

    fn check(&self) -> Result<(), &'static str> {
        if !is_attribute_name(self.attribute()) {
            return Err("reads an attribute whose name is not made of a-z, digits and _");
        }
        let sane = |n: &f64| n.is_finite() && n.abs() <= MAX_POINTS;
        let ok = match self {
            Self::Category { points, missing, .. } => points.values().all(sane) && sane(missing),
            Self::Bands { bands, missing, .. } => {
                if bands.is_empty() || bands.windows(2).any(|w| matches!(w, [a, b] if a.from >= b.from)) {
                    return Err("needs bands whose `from` grows");
                }
                bands.iter().all(|b| sane(&b.from) && sane(&b.points)) && sane(missing)
            }
            Self::Weight { weight, missing, .. } => sane(weight) && sane(missing),
        };
        if ok { Ok(()) } else { Err("has a number beyond a thousand million") }
    }
}

/// How a value is looked up: numbers and truth values as JSON writes them.
fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn as_number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(n) => n.as_f64(),
        Value::Bool(b) => Some(f64::from(u8::from(*b))),
        Value::String(text) => text.parse().ok().filter(|n: &f64| n.is_finite()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

impl ScoreDefinition {
    /// Checks what types cannot.
    ///
    /// # Errors
    /// The first wrong field.
    pub fn check(&self) -> Result<(), DefinitionError> {
        let wrong = |field: String, why| Err(DefinitionError { field, why });
        if !is_attribute_name(&self.name) {
            return wrong("name".into(), "must be made of a-z, digits and _, and start with a letter");
        }
        if self.items.is_empty() || self.items.len() > MAX_ITEMS {
            return wrong("items".into(), "must have 1 to 200 items");
        }
        let bounds = [self.intercept, self.minimum, self.maximum];
        if !bounds.iter().all(|n| n.is_finite() && n.abs() <= MAX_POINTS) || self.minimum > self.maximum {
            return wrong("maximum".into(), "must not be below minimum, and all numbers must be reasonable");
        }
        for (at, item) in self.items.iter().enumerate() {
            if let Err(why) = item.check() {
                return wrong(format!("items[{at}]"), why);
            }
        }
        Ok(())
    }

    /// The score of a household with these attributes.
    #[must_use]
    pub fn evaluate(&self, attributes: &Map<String, Value>) -> f64 {
        let sum: f64 = self.items.iter().map(|item| item.points(attributes)).sum();
        let score = (self.intercept + sum).clamp(self.minimum, self.maximum);
        (score * 10_000.0).round() / 10_000.0
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::float_cmp)]
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn attributes(value: &Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    fn demo() -> ScoreDefinition {
        serde_json::from_value(json!({
            "name": "poverty_score", "target": "household", "minimum": 0, "maximum": 20,
            "items": [
                {"attribute": "roof", "type": "category", "points": {"grass": 0, "tiles": 8}, "missing": 1},
                {"attribute": "tv", "type": "category", "points": {"true": 6, "false": 0}},
                {"attribute": "rooms", "type": "bands", "missing": 0,
                 "bands": [{"from": 0, "points": 0}, {"from": 2.0, "points": 2}, {"from": 3, "points": 3}]},
            ]
        }))
        .unwrap()
    }

    #[test]
    fn points_are_added_and_kept_within_the_bounds() {
        let demo = demo();
        assert_eq!(demo.check(), Ok(()));
        assert_eq!(demo.evaluate(&attributes(&json!({"roof": "tiles", "tv": true, "rooms": 2}))), 16.0);
        assert_eq!(demo.evaluate(&attributes(&json!({"roof": "straw", "rooms": 2.99}))), 3.0);
        assert_eq!(demo.evaluate(&attributes(&json!({"rooms": "many"}))), 1.0);
        let low = ScoreDefinition { maximum: 5.0, ..demo };
        assert_eq!(low.evaluate(&attributes(&json!({"roof": "tiles"}))), 5.0);
    }

    /// A published outside example: 39.84 + 6.50 wall + 6.10 water - 2.85 size - 4.88 female - 6.50 elderly - 9.76 child.
    #[test]
    fn a_weighted_sum_with_an_intercept() {
        let weight = |attribute: &str, weight: f64| json!({"attribute": attribute, "type": "weight", "weight": weight});
        let nsr: ScoreDefinition = serde_json::from_value(json!({
            "name": "pmt", "target": "household", "intercept": 39.84, "minimum": 0, "maximum": 100,
            "items": [weight("wall", 6.50), weight("water", 6.10), weight("size", -2.85), weight("female", -4.88)]
        }))
        .unwrap();
        let house = attributes(&json!({"wall": 2, "water": 1, "size": 4, "female": true}));
        assert_eq!(nsr.evaluate(&house), 42.66);
    }

    #[test]
    fn a_wrong_definition_is_refused_and_the_place_is_named() {
        let mut wrong = demo();
        wrong.items.push(ScoreItem::Bands { attribute: "x".into(), bands: vec![], missing: 0.0 });
        assert_eq!(wrong.check().unwrap_err().field, "items[3]");
        assert!(serde_json::from_value::<ScoreDefinition>(json!({"name": "x", "target": "planet"})).is_err());
    }

    proptest! {
        #[test]
        fn a_score_stays_within_its_bounds(rooms in any::<f64>(), roof in ".{0,8}") {
            let score = demo().evaluate(&attributes(&json!({"rooms": rooms, "roof": roof})));
            prop_assert!((0.0..=20.0).contains(&score));
        }
    }
}
