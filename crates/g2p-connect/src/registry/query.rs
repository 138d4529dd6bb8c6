//! Interpreting a search query by its type.

use serde_json::{Map, Value, json};

use super::expression::{Expression, Limits, Scalar};
use super::predicate::{self, Predicate};
use crate::reason::SearchReason;

/// Longest query text of another language that is passed on.
const MAX_TEXT: usize = 20_000;

/// A search query whose shape fits its type. It may hold personal data: do not log it.
#[derive(Clone, PartialEq)]
pub enum Query {
    /// `idtype-value` (SPDCI), `idtype` (G2P-Connect): records with this identifier.
    IdType(IdTypeQuery),
    /// `expression`: records that match a filter.
    Expression {
        /// The collection searched, for example `Group`.
        collection: Option<String>,
        /// The filter; an empty `$and` matches everything.
        filter: Expression,
    },
    /// `predicate`: records that match all predicates; see [`Query::filter`].
    Predicate(Vec<Predicate>),
    /// `namedQuery` (G2P-Connect): a query the registry knows by name.
    Named {
        /// The name.
        name: String,
        /// Its parameters.
        params: Value,
    },
    /// `graphql` (older OpenG2P clients): text in that language.
    Graphql(String),
}

impl std::fmt::Debug for Query {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::IdType(_) => "IdType(***)",
            Self::Expression { .. } => "Expression(***)",
            Self::Predicate(_) => "Predicate(***)",
            Self::Named { .. } => "Named(***)",
            Self::Graphql(_) => "Graphql(***)",
        })
    }
}

/// An identifier to search.
#[derive(Clone, PartialEq, Eq)]
pub struct IdTypeQuery {
    /// The type, for example `UIN`.
    pub id_type: String,
    /// The value; numbers are read as their text.
    pub value: String,
}

impl std::fmt::Debug for IdTypeQuery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IdTypeQuery").field("id_type", &self.id_type).field("value", &"***").finish()
    }
}

impl Query {
    /// Interprets `query` as `query_type` says. A mismatch, an unknown type and a query beyond the limits are
    /// [`SearchReason::SearchCriteriaInvalid`].
    pub fn parse(query_type: &str, query: &Value, limits: &Limits) -> Result<Self, SearchReason> {
        match query_type {
            "idtype-value" | "idtype" => id_type(query).map(Self::IdType),
            "expression" => expression(query, limits),
            "predicate" => predicate::parse(query, limits).map(Self::Predicate),
            "namedQuery" => named(query),
            "graphql" => graphql(query).map(Self::Graphql),
            _ => Err(SearchReason::SearchCriteriaInvalid),
        }
    }

    /// The filter of an expression or of predicates; none for the other types.
    pub fn filter(&self) -> Option<Expression> {
        match self {
            Self::Expression { filter, .. } => Some(filter.clone()),
            Self::Predicate(predicates) => Some(predicate::to_expression(predicates)),
            Self::IdType(_) | Self::Named { .. } | Self::Graphql(_) => None,
        }
    }
}

/// The JSON of an expression query as SPDCI shows it.
pub(super) fn expression_template(collection: &str, filter: &Expression) -> Value {
    json!({
        "type": "ns:org:QueryType:expression",
        "value": { "expression": { "collection": collection, "query": filter.to_json() } }
    })
}

fn object(value: &Value) -> Result<&Map<String, Value>, SearchReason> {
    value.as_object().ok_or(SearchReason::SearchCriteriaInvalid)
}

fn text<'a>(map: &'a Map<String, Value>, key: &str) -> Result<&'a str, SearchReason> {
    match map.get(key).and_then(Value::as_str) {
        Some(text) if !text.is_empty() && text.len() <= MAX_TEXT => Ok(text),
        _ => Err(SearchReason::SearchCriteriaInvalid),
    }
}

fn id_type(query: &Value) -> Result<IdTypeQuery, SearchReason> {
    let map = object(query)?;
    let id_type = text(map, "type")?.to_owned();
    let value = match map.get("value").map(Scalar::from_json) {
        Some(Ok(Scalar::Text(text))) if !text.is_empty() => text,
        Some(Ok(Scalar::Number(number))) => number.into_string(),
        _ => return Err(SearchReason::SearchCriteriaInvalid),
    };
    Ok(IdTypeQuery { id_type, value })
}

fn expression(query: &Value, limits: &Limits) -> Result<Query, SearchReason> {
    let value = object(object(query)?.get("value").unwrap_or(&Value::Null))?;
    let template = object(value.get("expression").unwrap_or(&Value::Null))?;
    let collection = match template.get("collection") {
        None | Some(Value::Null) => None,
        Some(_) => Some(text(template, "collection")?.to_owned()),
    };
    let filter = template.get("query").ok_or(SearchReason::SearchCriteriaInvalid)?;
    Ok(Query::Expression { collection, filter: Expression::parse(filter, limits)? })
}

fn named(query: &Value) -> Result<Query, SearchReason> {
    let map = object(query)?;
    let params = map.get("query_params").cloned().ok_or(SearchReason::SearchCriteriaInvalid)?;
    Ok(Query::Named { name: text(map, "query_name")?.to_owned(), params })
}

/// A bare string from older clients, `{type, value: {expression: "..."}}` by SPDCI.
fn graphql(query: &Value) -> Result<String, SearchReason> {
    match query {
        Value::String(text) if !text.is_empty() && text.len() <= MAX_TEXT => Ok(text.clone()),
        Value::Object(map) => {
            let value = object(map.get("value").unwrap_or(&Value::Null))?;
            text(value, "expression").map(str::to_owned)
        }
        _ => Err(SearchReason::SearchCriteriaInvalid),
    }
}
