//! Queries of type `predicate`: a list of one or two comparisons each.

use serde::Deserialize;
use serde_json::Value;

use super::expression::{Comparison, Expression, Limits, Scalar};
use crate::checks::is_attribute_name;
use crate::reason::SearchReason;

/// One predicate: a comparison, or two of them joined by a condition.
#[derive(Clone, Debug, PartialEq)]
pub struct Predicate {
    /// The predicate's place in the list, when the sender numbers them.
    pub seq_num: Option<i64>,
    /// The first comparison.
    pub first: PredicateExpression,
    /// The condition and the second comparison, if any.
    pub rest: Option<(Condition, Option<PredicateExpression>)>,
}

/// A comparison of a predicate. Numbers sent as text are numbers here.
#[derive(Clone, Debug, PartialEq)]
pub struct PredicateExpression {
    /// The attribute.
    pub attribute: String,
    /// How it is compared; none for `in`.
    pub comparison: Option<Comparison>,
    /// The value; for `in` one or more.
    pub values: Vec<Scalar>,
}

/// How the two comparisons of a predicate belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Condition {
    /// Both hold.
    And,
    /// At least one holds.
    Or,
    /// The first holds and the second does not; alone: the first does not hold. The specification leaves
    /// this open; this is what it means in the query languages that have such an operator.
    Not,
}

#[derive(Deserialize)]
struct RawPredicate {
    #[serde(default)]
    seq_num: Option<f64>,
    expression1: RawExpression,
    #[serde(default)]
    condition: Option<Value>,
    #[serde(default)]
    expression2: Option<RawExpression>,
}

#[derive(Deserialize)]
struct RawExpression {
    attribute_name: String,
    operator: String,
    attribute_value: Value,
}

const INVALID: SearchReason = SearchReason::SearchCriteriaInvalid;

/// Reads a list of predicates; at least one, and no more than the limits allow.
pub(super) fn parse(query: &Value, limits: &Limits) -> Result<Vec<Predicate>, SearchReason> {
    let list = query.as_array().ok_or(INVALID)?;
    if list.is_empty() || list.len() > limits.nodes {
        return Err(INVALID);
    }
    let mut predicates = list.iter().map(|one| predicate(one, limits)).collect::<Result<Vec<_>, _>>()?;
    // Stable: those without a number, or with the same, stay in the order sent.
    predicates.sort_by_key(|predicate| predicate.seq_num.unwrap_or(i64::MAX));
    Ok(predicates)
}

/// The filter of a list of predicates: all of them hold.
pub(super) fn to_expression(predicates: &[Predicate]) -> Expression {
    let mut parts: Vec<Expression> = predicates.iter().map(Predicate::to_expression).collect();
    match parts.len() {
        1 => parts.pop().unwrap_or_else(Expression::all),
        _ => Expression::And(parts),
    }
}

impl Predicate {
    /// The predicate as a filter.
    pub fn to_expression(&self) -> Expression {
        let first = self.first.to_expression();
        let not = |part: Expression| Expression::Not(Box::new(part));
        match &self.rest {
            None | Some((Condition::And | Condition::Or, None)) => first,
            Some((Condition::Not, None)) => not(first),
            Some((Condition::And, Some(second))) => Expression::And(vec![first, second.to_expression()]),
            Some((Condition::Or, Some(second))) => Expression::Or(vec![first, second.to_expression()]),
            Some((Condition::Not, Some(second))) => Expression::And(vec![first, not(second.to_expression())]),
        }
    }
}

impl PredicateExpression {
    fn to_expression(&self) -> Expression {
        let attribute = self.attribute.clone();
        match (self.comparison, self.values.as_slice()) {
            (Some(comparison), [value]) => {
                Expression::Compare { attribute, comparison, value: value.clone() }
            }
            (_, values) => Expression::In { attribute, values: values.to_vec() },
        }
    }
}

fn predicate(value: &Value, limits: &Limits) -> Result<Predicate, SearchReason> {
    let raw = RawPredicate::deserialize(value).map_err(|_| INVALID)?;
    let condition = match raw.condition.as_ref().filter(|value| !value.is_null()) {
        None => None,
        Some(value) => Some(match value.as_str() {
            Some("and") => Condition::And,
            Some("or") => Condition::Or,
            Some("not") => Condition::Not,
            // One specification declares the condition as an object, by mistake: nobody can mean that.
            _ => return Err(INVALID),
        }),
    };
    let second = raw.expression2.map(|raw| comparison(raw, limits)).transpose()?;
    let rest = match (condition, second) {
        // Two comparisons and nothing said about them, or an "or" without the other side, would be a guess.
        (None, Some(_)) | (Some(Condition::Or), None) => return Err(INVALID),
        (None, None) => None,
        (Some(condition), second) => Some((condition, second)),
    };
    #[allow(clippy::cast_possible_truncation, reason = "only an order: saturates, and NaN is no JSON")]
    let seq_num = raw.seq_num.map(|n| n as i64);
    Ok(Predicate { seq_num, first: comparison(raw.expression1, limits)?, rest })
}

fn comparison(raw: RawExpression, limits: &Limits) -> Result<PredicateExpression, SearchReason> {
    if !is_attribute_name(&raw.attribute_name) {
        return Err(INVALID);
    }
    let comparison = match raw.operator.as_str() {
        "eq" => Some(Comparison::Eq),
        "lt" => Some(Comparison::Lt),
        "gt" => Some(Comparison::Gt),
        // The long forms stand in published test data.
        "le" | "lte" => Some(Comparison::Lte),
        "ge" | "gte" => Some(Comparison::Gte),
        "in" => None,
        _ => return Err(INVALID),
    };
    let values = match (comparison, &raw.attribute_value) {
        (None, Value::Array(list)) => list.iter().map(Scalar::coerced).collect::<Result<Vec<_>, _>>()?,
        // The schema allows no list, so clients send one as text.
        (None, Value::String(list)) => list.split(',').map(|part| coerced_text(part.trim())).collect(),
        (_, value) => vec![Scalar::coerced(value)?],
    };
    let too_long = |value: &Scalar| matches!(value, Scalar::Text(text) if text.len() > limits.text);
    let null = |value: &Scalar| *value == Scalar::Null;
    if values.is_empty() || values.len() > limits.in_values || values.iter().any(too_long) {
        return Err(INVALID);
    }
    if comparison.is_some_and(|c| c != Comparison::Eq) && values.iter().any(null) {
        return Err(INVALID);
    }
    Ok(PredicateExpression { attribute: raw.attribute_name, comparison, values })
}

fn coerced_text(text: &str) -> Scalar {
    text.parse().map_or_else(|_| Scalar::Text(text.to_owned()), Scalar::Number)
}
