use money::{Amount, Currency, DecimalText};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::{PartialSchema, ToSchema};

#[derive(Debug, Serialize, Deserialize)]
struct Line {
    number: DecimalText,
    #[serde(with = "money::as_string")]
    text: DecimalText,
    missing: Option<DecimalText>,
}

#[test]
fn numbers_keep_their_characters() {
    let line: Line = serde_json::from_str(r#"{"number": 500.10, "text": "90071992547409.93"}"#).unwrap();
    assert_eq!(line.number.as_str(), "500.10");
    assert_eq!(line.text.to_amount(Currency::KES).unwrap().minor(), 9_007_199_254_740_993);
    let written = serde_json::to_string(&line).unwrap();
    assert_eq!(written, r#"{"number":500.10,"text":"90071992547409.93","missing":null}"#);

    let line: Line =
        serde_json::from_str(r#"{"number": "1e2", "text": -0.0, "missing": 12345678901234567890.12}"#)
            .unwrap();
    assert_eq!(line.number.to_amount(Currency::JPY).unwrap().minor(), 100);
    assert!(line.text.is_zero() && !line.text.is_negative());
    assert_eq!(line.missing.unwrap().as_str(), "12345678901234567890.12");
}

#[test]
fn other_json_is_refused() {
    for json in [
        "null", "true", "[]", "{}", r#""""#, r#""NaN""#, r#""1,5""#, r#"" 1""#, r#""007""#, "1.", "01", "NaN",
    ] {
        assert!(serde_json::from_str::<DecimalText>(json).is_err(), "{json}");
    }
}

#[test]
fn amounts_are_pairs_of_text_and_currency() {
    let amount = Amount::from_minor(50_000, Currency::KES);
    let json = serde_json::to_string(&amount).unwrap();
    assert_eq!(json, r#"{"amount":"500.00","currency":"KES"}"#);
    assert_eq!(serde_json::from_str::<Amount>(&json).unwrap(), amount);
    assert_eq!(serde_json::from_str::<Amount>(r#"{"amount":500,"currency":"KES"}"#).unwrap(), amount);
    let value = serde_json::to_value(amount).unwrap();
    assert_eq!(serde_json::from_value::<Amount>(value).unwrap(), amount);

    let refused = serde_json::from_str::<Amount>(r#"{"amount":"500.005","currency":"KES"}"#).unwrap_err();
    assert!(refused.to_string().contains("more than the 2 decimals of KES"), "{refused}");
    let refused = serde_json::from_str::<Amount>(r#"{"amount":"5","currency":"Shilling"}"#).unwrap_err();
    assert!(refused.to_string().contains("ISO 4217"), "{refused}");
    assert_eq!(amount.to_decimal_text().as_str(), "500.00");
}

#[test]
fn schemas_have_names() {
    assert_eq!(
        (Amount::name(), Currency::name(), DecimalText::name()),
        ("Amount".into(), "Currency".into(), "DecimalText".into())
    );
    let schema = serde_json::to_value(Amount::schema()).unwrap();
    assert_eq!(schema["required"], serde_json::json!(["amount", "currency"]));
    assert_eq!(schema["properties"]["amount"]["type"], "string");
    assert_eq!(
        serde_json::to_value(DecimalText::schema()).unwrap()["type"],
        serde_json::json!(["number", "string"])
    );
}

proptest! {
    #[test]
    fn whatever_is_read_is_written_back(text in "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?") {
        let number: DecimalText = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(number.as_str(), &text);
        prop_assert_eq!(serde_json::to_string(&number).unwrap(), text.as_str());
        let quoted: DecimalText = serde_json::from_str(&format!("\"{text}\"")).unwrap();
        prop_assert_eq!(quoted, number);
    }

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
        let _ = serde_json::from_slice::<DecimalText>(&bytes);
        let _ = serde_json::from_slice::<Amount>(&bytes);
    }
}
