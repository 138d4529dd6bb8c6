//! The filter language of `expression` queries: a small, typed part of what document databases use.
//!
//! `{"poverty_score": {"$lt": 5}}`, `{"a": 1}` (equals), `{"a": {"$gte": 1, "$lt": 9}}` (both), `$and`, `$or`,
//! `$not`, `$in`. Anything else is refused: a filter that is only half understood would answer the wrong people.

use std::fmt;

use serde_json::{Map, Number, Value, json};

use crate::checks::is_attribute_name;
use crate::reason::SearchReason;
use money::DecimalText;

/// How large a filter may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Levels of nesting.
    pub depth: usize,
    /// Comparisons and connectives in all.
    pub nodes: usize,
    /// Values of one `$in`.
    pub in_values: usize,
    /// Characters (bytes) of one text value.
    pub text: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { depth: 16, nodes: 500, in_values: 1_000, text: 1_000 }
    }
}

/// A filter over attributes of a record. It may hold personal data: its `Debug` hides the values.
#[derive(Clone, Debug, PartialEq)]
pub enum Expression {
    /// All parts hold. Without parts it matches everything; that can only be the whole filter.
    And(Vec<Expression>),
    /// At least one part holds; has at least one.
    Or(Vec<Expression>),
    /// The part does not hold.
    Not(Box<Expression>),
    /// An attribute compared with a value.
    Compare {
        /// The attribute, possibly a dotted path.
        attribute: String,
        /// How.
        comparison: Comparison,
        /// With what.
        value: Scalar,
    },
    /// An attribute equal to one of some values; has at least one.
    In {
        /// The attribute, possibly a dotted path.
        attribute: String,
        /// The values.
        values: Vec<Scalar>,
    },
}

/// How an attribute is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// Equal.
    Eq,
    /// Less.
    Lt,
    /// Less or equal.
    Lte,
    /// Greater.
    Gt,
    /// Greater or equal.
    Gte,
}

impl Comparison {
    /// The operator in an expression, for example `$lte`.
    pub const fn operator(self) -> &'static str {
        match self {
            Self::Eq => "$eq",
            Self::Lt => "$lt",
            Self::Lte => "$lte",
            Self::Gt => "$gt",
            Self::Gte => "$gte",
        }
    }

    fn from_operator(operator: &str) -> Option<Self> {
        [Self::Eq, Self::Lt, Self::Lte, Self::Gt, Self::Gte].into_iter().find(|c| c.operator() == operator)
    }
}

/// A single value of a filter.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Scalar {
    /// No value; only for equality.
    Null,
    /// True or false.
    Bool(bool),
    /// A number as text. Where the attribute is text, the number's text is the value.
    Number(DecimalText),
    /// Text, also dates.
    Text(String),
}

impl fmt::Debug for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Null => "Null",
            Self::Bool(_) => "Bool(***)",
            Self::Number(_) => "Number(***)",
            Self::Text(_) => "Text(***)",
        })
    }
}

impl Scalar {
    /// Reads a JSON value that is no list and no object.
    pub fn from_json(value: &Value) -> Result<Self, SearchReason> {
        match value {
            Value::Null => Ok(Self::Null),
            Value::Bool(b) => Ok(Self::Bool(*b)),
            Value::Number(n) => {
                n.to_string().parse().map(Self::Number).map_err(|_| SearchReason::SearchCriteriaInvalid)
            }
            Value::String(text) => Ok(Self::Text(text.clone())),
            Value::Array(_) | Value::Object(_) => Err(SearchReason::SearchCriteriaInvalid),
        }
    }

    /// As [`Self::from_json`], and text that is a number becomes one: predicates send all values as text.
    /// Text such as `0712` is none and stays text.
    pub fn coerced(value: &Value) -> Result<Self, SearchReason> {
        Ok(match Self::from_json(value)? {
            Self::Text(text) => match text.parse() {
                Ok(number) => Self::Number(number),
                Err(_) => Self::Text(text),
            },
            other => other,
        })
    }

    /// The JSON value. A number that a binary float cannot hold becomes text.
    pub fn to_json(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(b) => Value::Bool(*b),
            Self::Text(text) => Value::String(text.clone()),
            Self::Number(number) => {
                let exact = |n: &Number| shortest(&n.to_string()) == shortest(number.as_str());
                let parsed = serde_json::from_str::<Number>(number.as_str()).ok().filter(exact);
                parsed.map_or_else(|| Value::String(number.to_string()), Value::Number)
            }
        }
    }
}

impl Expression {
    /// The filter that matches everything.
    pub const fn all() -> Self {
        Self::And(Vec::new())
    }

    /// One comparison.
    pub fn compare(attribute: impl Into<String>, comparison: Comparison, value: Scalar) -> Self {
        Self::Compare { attribute: attribute.into(), comparison, value }
    }

    /// Reads a filter; `{}` matches everything. [`SearchReason::SearchCriteriaInvalid`] when it is malformed,
    /// has an unknown operator, or is larger than the limits allow.
    pub fn parse(filter: &Value, limits: &Limits) -> Result<Self, SearchReason> {
        if filter.as_object().is_some_and(Map::is_empty) {
            return Ok(Self::all());
        }
        Parser { limits, nodes: 0 }.filter(filter, 1)
    }

    /// The filter as JSON; [`Self::parse`] reads it back.
    pub fn to_json(&self) -> Value {
        let list = |parts: &[Self]| Value::Array(parts.iter().map(Self::to_json).collect());
        match self {
            Self::And(parts) if parts.is_empty() => json!({}),
            Self::And(parts) => json!({ "$and": list(parts) }),
            Self::Or(parts) => json!({ "$or": list(parts) }),
            Self::Not(part) => json!({ "$not": part.to_json() }),
            Self::Compare { attribute, comparison, value } => {
                json!({ attribute.as_str(): { comparison.operator(): value.to_json() } })
            }
            Self::In { attribute, values } => {
                let values: Vec<Value> = values.iter().map(Scalar::to_json).collect();
                json!({ attribute.as_str(): { "$in": values } })
            }
        }
    }

    /// All attributes the filter names, with repetitions.
    pub fn attributes(&self) -> Vec<&str> {
        let mut found = Vec::new();
        let mut open = vec![self];
        while let Some(next) = open.pop() {
            match next {
                Self::And(parts) | Self::Or(parts) => open.extend(parts.iter().rev()),
                Self::Not(part) => open.push(part),
                Self::Compare { attribute, .. } | Self::In { attribute, .. } => {
                    found.push(attribute.as_str());
                }
            }
        }
        found
    }
}

const INVALID: SearchReason = SearchReason::SearchCriteriaInvalid;

struct Parser<'a> {
    limits: &'a Limits,
    nodes: usize,
}

impl Parser<'_> {
    fn enter(&mut self, depth: usize) -> Result<(), SearchReason> {
        self.nodes = self.nodes.saturating_add(1);
        if depth > self.limits.depth || self.nodes > self.limits.nodes { Err(INVALID) } else { Ok(()) }
    }

    fn filter(&mut self, filter: &Value, depth: usize) -> Result<Expression, SearchReason> {
        self.enter(depth)?;
        let map = filter.as_object().filter(|map| !map.is_empty()).ok_or(INVALID)?;
        let mut parts = Vec::with_capacity(map.len());
        for (key, value) in map {
            parts.push(match key.as_str() {
                "$and" => Expression::And(self.list(value, depth)?),
                "$or" => Expression::Or(self.list(value, depth)?),
                "$not" => Expression::Not(Box::new(self.filter(value, depth + 1)?)),
                attribute if is_attribute_name(attribute) => self.attribute(attribute, value, depth)?,
                _ => return Err(INVALID),
            });
        }
        Ok(single_or_and(parts))
    }

    fn list(&mut self, value: &Value, depth: usize) -> Result<Vec<Expression>, SearchReason> {
        let list = value.as_array().filter(|list| !list.is_empty()).ok_or(INVALID)?;
        list.iter().map(|part| self.filter(part, depth + 1)).collect()
    }

    /// What stands after an attribute: a value, or an object of operators that must all hold.
    fn attribute(
        &mut self,
        attribute: &str,
        value: &Value,
        depth: usize,
    ) -> Result<Expression, SearchReason> {
        let Some(operators) = value.as_object() else {
            return self.compare(attribute, Comparison::Eq, value, depth);
        };
        let mut parts = Vec::with_capacity(operators.len());
        for (operator, operand) in operators {
            parts.push(match operator.as_str() {
                "$in" => self.one_of(attribute, operand, depth)?,
                "$not" => {
                    // `{"a": {"$not": 5}}` has no meaning in the language this is a part of.
                    if !operand.is_object() {
                        return Err(INVALID);
                    }
                    self.enter(depth + 1)?;
                    let inner = self.attribute(attribute, operand, depth + 1)?;
                    Expression::Not(Box::new(inner))
                }
                other => {
                    let comparison = Comparison::from_operator(other).ok_or(INVALID)?;
                    self.compare(attribute, comparison, operand, depth)?
                }
            });
        }
        if parts.is_empty() { Err(INVALID) } else { Ok(single_or_and(parts)) }
    }

    fn compare(
        &mut self,
        attribute: &str,
        comparison: Comparison,
        operand: &Value,
        depth: usize,
    ) -> Result<Expression, SearchReason> {
        self.enter(depth)?;
        let value = self.scalar(operand)?;
        if value == Scalar::Null && comparison != Comparison::Eq {
            return Err(INVALID);
        }
        Ok(Expression::Compare { attribute: attribute.to_owned(), comparison, value })
    }

    fn one_of(&mut self, attribute: &str, operand: &Value, depth: usize) -> Result<Expression, SearchReason> {
        self.enter(depth)?;
        let list = operand.as_array().ok_or(INVALID)?;
        if list.is_empty() || list.len() > self.limits.in_values {
            return Err(INVALID);
        }
        let values = list.iter().map(|value| self.scalar(value)).collect::<Result<_, _>>()?;
        Ok(Expression::In { attribute: attribute.to_owned(), values })
    }

    fn scalar(&self, value: &Value) -> Result<Scalar, SearchReason> {
        match Scalar::from_json(value)? {
            Scalar::Text(text) if text.len() > self.limits.text => Err(INVALID),
            scalar => Ok(scalar),
        }
    }
}

/// The number without trailing zeros in its fraction; numbers with an exponent as they are.
fn shortest(number: &str) -> &str {
    if number.contains(['e', 'E']) || !number.contains('.') {
        return number;
    }
    number.trim_end_matches('0').trim_end_matches('.')
}

fn single_or_and(mut parts: Vec<Expression>) -> Expression {
    match parts.len() {
        1 => parts.pop().unwrap_or_else(Expression::all),
        _ => Expression::And(parts),
    }
}
