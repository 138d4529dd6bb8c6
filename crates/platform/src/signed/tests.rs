//! The reader of envelopes meets everything.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use proptest::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{RawEnvelope, escapes_nul, parse_json, read_head};

#[derive(Debug, Deserialize)]
#[allow(dead_code, reason = "only whether it can be read matters")]
struct Shape {
    name: String,
    count: u32,
    inner: Option<Box<Shape>>,
    list: Vec<bool>,
}

#[test]
fn a_fault_names_the_field_and_not_the_value() {
    let fault = |text: &str| parse_json::<Shape>(text.as_bytes()).unwrap_err();
    let wrong = fault(r#"{"name":"a","count":1,"inner":{"name":"b","count":"Amina","list":[]},"list":[]}"#);
    assert_eq!(wrong.field(), "inner.count");
    assert!(wrong.message().starts_with("expected u32"), "{wrong}");
    let item = fault(r#"{"name":"a","count":1,"list":[true,"Amina, expected Amina"]}"#);
    assert_eq!((item.field(), item.to_string().contains("Amina")), ("list[1]", false), "{item}");
    assert!(fault(r#"{"name":"a"}"#).message().starts_with("missing field `count`"));
    assert!(fault(r#"{"name":"a","count":1,"list":[]} x"#).message().contains("not JSON"));
}

#[test]
fn only_the_escape_of_nul_is_one() {
    let holds = |value: Value| escapes_nul(value.to_string().as_bytes());
    assert!(holds(json!("\u{0}")) && holds(json!({"a": ["b\u{0}"]})) && holds(json!({"\u{0}": 1})));
    assert!(!holds(json!("\\u0000")) && !holds(json!("\u{1}")) && !holds(json!("u0000")));
    assert!(holds(json!("\\\u{0}")) && !escapes_nul(b"\\") && !escapes_nul(b"\\\\u0000"));
}

#[test]
fn both_envelopes_have_a_head() {
    let head = |value: Value| {
        let bytes = value.to_string();
        let envelope: RawEnvelope<'_> = parse_json(bytes.as_bytes()).unwrap();
        read_head(&envelope)
    };
    let older = head(json!({"header": {"sender_id": "A", "message_id": "m", "message_ts": "t"}})).unwrap();
    assert_eq!((older.sender_id.as_str(), older.message_id.as_str(), older.newer), ("A", "m", false));
    let newer = head(json!({"request_header": {"sender_app_mnemonic": "A", "request_id": "m"}})).unwrap();
    assert_eq!((newer.sender_id.as_str(), newer.message_id.as_str(), newer.newer), ("A", "m", true));
    for wrong in [json!({}), json!({"header": null}), json!({"header": []}), json!({"header": "x"})] {
        assert!(head(wrong.clone()).is_err(), "{wrong}");
    }
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,8}".prop_map(Value::from),
        Just(json!("\u{0}")),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        let key = prop_oneof![
            "(header|request_header|message|signature|sender_id|message_id|name|count|list|inner)",
            "\\PC{0,5}"
        ];
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            proptest::collection::btree_map(key, inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn read_everything(bytes: &[u8]) {
    let _ = parse_json::<Shape>(bytes).map_err(|fault| fault.to_string());
    let _ = parse_json::<Value>(bytes);
    if let Ok(envelope) = parse_json::<RawEnvelope<'_>>(bytes) {
        let _ = read_head(&envelope);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn bytes_never_stop_the_reader(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        read_everything(&bytes);
    }

    #[test]
    fn nearly_right_messages_never_stop_it(value in json_value(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = value.to_string().into_bytes();
        read_everything(&bytes);
        let at = at.index(bytes.len());
        if let Some(place) = bytes.get_mut(at) {
            *place = byte;
        }
        read_everything(&bytes);
    }

    /// What it lets through can be stored: no text holds U+0000, whatever the spelling.
    #[test]
    fn what_is_read_can_be_stored(value in json_value()) {
        let bytes = value.to_string();
        let holds = bytes.contains("\\u0000") && value_holds_nul(&value);
        prop_assert_eq!(parse_json::<Value>(bytes.as_bytes()).is_err(), holds);
    }
}

fn value_holds_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\u{0}'),
        Value::Array(items) => items.iter().any(value_holds_nul),
        Value::Object(members) => {
            members.iter().any(|(key, value)| key.contains('\u{0}') || value_holds_nul(value))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}
