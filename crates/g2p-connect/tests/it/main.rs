//! One integration binary: examples as they stand on the wire, properties, schemas.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::needless_pass_by_value, reason = "json!() reads better unborrowed")]

mod disburse;
mod envelope;
mod mapper;
mod properties;
mod registry;
mod schema;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Reads a type from JSON text.
fn parse<T: DeserializeOwned>(json: &str) -> T {
    serde_json::from_str(json).unwrap_or_else(|e| panic!("{e} in {json}"))
}

/// What a type writes, as a JSON value to compare with.
fn written<T: Serialize>(value: &T) -> Value {
    serde_json::from_str(&serde_json::to_string(value).unwrap()).unwrap()
}

/// Removes members that are `null`, at all levels.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(map) => Value::Object(
            map.into_iter().filter(|(_, v)| !v.is_null()).map(|(k, v)| (k, without_nulls(v))).collect(),
        ),
        Value::Array(list) => Value::Array(list.into_iter().map(without_nulls).collect()),
        other => other,
    }
}

/// The JSON, read as `T` and written again, says the same; `null` and "not there" count as the same.
fn stays_the_same<T: DeserializeOwned + Serialize>(json: &str) {
    let before = without_nulls(serde_json::from_str(json).unwrap());
    let after = without_nulls(written(&parse::<T>(json)));
    assert_eq!(after, before);
}
