use g2p_connect::envelope::*;
use g2p_connect::header_v2::*;
use g2p_connect::reason::{BridgeReason, HeaderReason};
use serde_json::{Value, json};

use crate::{parse, written};

const PLACEHOLDERS: &str = r#"{"signature":"string",
 "header":{"version":"1.0.0","message_id":"string","message_ts":"string","action":"string","sender_id":"string",
  "sender_uri":"","receiver_id":"","total_count":0,"is_msg_encrypted":false,"meta":"string","unknown":[1,{"a":2}]},
 "message":{"anything":true}}"#;

#[test]
fn a_request_full_of_placeholders_parses() {
    let request: Request<Value> = parse(PLACEHOLDERS);
    assert_eq!(request.signature.as_deref(), Some("string"));
    assert_eq!(request.header.message_ts, "string");
    assert_eq!(request.header.meta, Some(json!("string")));
    assert_eq!(request.header.total_count, 0);
    assert_eq!(request.header.sender_uri, "");
}

#[test]
fn left_out_and_null_fields_take_their_defaults() {
    let short = r#"{"message_id":"m","message_ts":"t","action":"link","sender_id":"","total_count":-3}"#;
    let nulls = r#"{"version":null,"message_id":"m","message_ts":"t","action":"link","sender_id":"","total_count":-3,
        "sender_uri":null,"receiver_id":null,"is_msg_encrypted":null,"meta":null}"#;
    let header: MsgHeader = parse(short);
    assert_eq!(header, parse::<MsgHeader>(nulls));
    assert_eq!(header.version, "1.0.0");
    assert_eq!(header.total_count, -3, "a negative count is the receiver's to refuse");
}

#[test]
fn the_old_name_of_the_encryption_flag_is_read() {
    let json = r#"{"message_id":"m","message_ts":"t","action":"a","sender_id":"s","total_count":1,"is_encrypted":true}"#;
    assert!(parse::<MsgHeader>(json).is_msg_encrypted);
}

#[test]
fn an_answer_swaps_the_parties_and_leaves_empty_fields_out() {
    let request = MsgHeader::new("m-1", "2026-01-01T00:00:00Z", "search", "pbms", 2).to_receiver("registry");
    let header =
        MsgCallbackHeader::for_request(&request, "on-search", MsgStatus::Succ, "2026-01-01T00:00:01Z");
    assert_eq!(
        written(&header.clone().counts(2, 1)),
        json!({"version":"1.0.0","message_id":"m-1","message_ts":"2026-01-01T00:00:01Z","action":"on-search",
            "status":"succ","total_count":2,"completed_count":1,"sender_id":"registry","receiver_id":"pbms",
            "is_msg_encrypted":false})
    );
    let echoed = header.echoing_parties(&request);
    assert_eq!(
        (echoed.sender_id.as_deref(), echoed.receiver_id.as_deref()),
        (Some("pbms"), Some("registry"))
    );
}

#[test]
fn an_answer_to_nobody_in_particular_names_no_empty_sender() {
    let request = MsgHeader::new("m", "t", "link", "", 1);
    let header = MsgCallbackHeader::for_request(&request, "link", MsgStatus::Rjct, "2026-01-01T00:00:01Z")
        .because(Some(HeaderReason::ActionNotSupported.as_str()), "action must be link");
    let json = written(&header);
    assert_eq!(json.get("sender_id"), None);
    assert_eq!(json["status_reason_code"], "rjct.action.not_supported");
    let bridge = MsgCallbackHeader::for_request(&request, "create", MsgStatus::Rjct, "t")
        .because(None, BridgeReason::InvalidProgramMnemonic.as_str());
    let json = written(&bridge);
    assert_eq!(
        (json.get("status_reason_code"), &json["status_reason_message"]),
        (None, &json!("INVALID_PROGRAM_MNEMONIC"))
    );
}

#[test]
fn a_header_rejection_of_a_deployed_mapper_parses() {
    let response: Response<Value> = parse(
        r#"{"signature":null,"header":{"version":"1.0.0","message_id":"m-6","message_ts":"2026-01-01T00:00:00.123456",
        "action":"string","status":"rjct","status_reason_code":"rjct.action.not_supported",
        "status_reason_message":"rjct.action.not_supported","total_count":null,"completed_count":null,"sender_id":null,
        "receiver_id":null,"is_msg_encrypted":false,"meta":{}},"message":{}}"#,
    );
    assert_eq!(response.header.status, MsgStatus::Rjct);
    assert_eq!(response.header.total_count, None);
}

#[test]
fn a_raw_request_keeps_the_exact_bytes() {
    let body = "{ \"header\" : {\"message_id\":\"m\",\"message_ts\":\"t\",\"action\":\"a\", \"sender_id\":\"s\",\"total_count\":1.0e0 }, \"message\":{\"b\":1.10, \"a\":\"\\u00e9\"}}";
    let raw = RawRequest::parse(body.as_bytes()).unwrap();
    assert_eq!(raw.message_text(), Some("{\"b\":1.10, \"a\":\"\\u00e9\"}"));
    assert!(body.contains(raw.header_text()));
    assert_eq!(raw.signature, None);
    let err = raw.header().unwrap_err();
    assert!(matches!(err, ParseError::Shape { place: "header", .. }), "{err}");
}

#[test]
fn a_missing_message_is_told_apart_from_a_malformed_one() {
    let header =
        r#""header":{"message_id":"m","message_ts":"t","action":"a","sender_id":"s","total_count":1}"#;
    for body in [format!("{{{header}}}"), format!("{{{header},\"message\":null}}")] {
        let raw = RawRequest::parse(body.as_bytes()).unwrap();
        assert!(raw.header().is_ok(), "the sender is known without a message");
        let err = raw.typed::<Value>().unwrap_err();
        assert_eq!(err.to_string(), "body lacks the field message");
    }
    let err = RawRequest::parse(b"{\"message\":{}}").unwrap_err();
    assert_eq!(err.to_string(), "body lacks the field header");
    let err = RawRequest::parse(b"{\"header\":{}").unwrap_err();
    assert!(matches!(err, ParseError::Syntax { .. }));
    let twice = format!("{{{header},{header}}}");
    assert!(RawRequest::parse(twice.as_bytes()).is_err(), "which of the two was signed?");
}

#[test]
fn an_escaped_signature_is_read() {
    let body = r#"{"signature":"a\/b\u003d","header":{},"message":{}}"#;
    assert_eq!(RawRequest::parse(body.as_bytes()).unwrap().signature.as_deref(), Some("a/b="));
}

#[test]
fn parse_errors_never_repeat_what_was_sent() {
    let body = r#"{"header":{"message_id":"m","message_ts":"t","action":"a","sender_id":"s","total_count":"Amina Otieno"},"message":{"status":"Amina Otieno"}}"#;
    let raw = RawRequest::parse(body.as_bytes()).unwrap();
    let header = raw.header().unwrap_err();
    let message = raw.message::<MsgCallbackHeader>().unwrap_err();
    for err in [header, message] {
        let shown = format!("{err} {err:?}");
        assert!(!shown.contains("Amina"), "{shown}");
    }
}

#[test]
fn acknowledgements_have_the_specified_form() {
    let ack = AckResponse::ack("2026-01-01T00:00:00Z", "c-1");
    assert_eq!(
        written(&ack),
        json!({"message":{"ack_status":"ACK","timestamp":"2026-01-01T00:00:00Z","correlation_id":"c-1"}})
    );
    let error = AckError { code: "err.request.bad".to_owned(), message: "no message".to_owned() };
    assert_eq!(
        written(&AckResponse::err("2026-01-01T00:00:00Z", "c-1", error)),
        json!({"message":{"ack_status":"ERR","timestamp":"2026-01-01T00:00:00Z","correlation_id":"c-1",
            "error":{"code":"err.request.bad","message":"no message"}},
            "errors":[{"code":"err.request.bad","message":"no message"}]})
    );
    let nack: AckResponse = parse(
        r#"{"message":{"ack_status":"NACK","timestamp":"t","error":{"code":"rjct.jwt.invalid","message":"x"},"correlation_id":null}}"#,
    );
    assert_eq!(nack.message.ack_status, AckStatus::Nack);
}

#[test]
fn the_newer_envelope_is_read_and_answered() {
    let body = r#"{"request_header":{"sender_app_mnemonic":"PBMS","sender_app_url":"","request_id":"string",
        "request_timestamp":"2026-01-01T10:00:00","instance_id":"string"},
        "request_body":{"pagination_request":null,"request_payload":["d-1"],"disbursement_batch_control_id":"b-1"}}"#;
    let raw = RawRequestV2::parse(body.as_bytes()).unwrap();
    let request: RequestV2<Vec<String>> = raw.typed().unwrap();
    assert_eq!(request.request_body.disbursement_batch_control_id.as_deref(), Some("b-1"));
    let answer = ResponseV2::success(&request.request_header, "2026-01-01T10:00:01Z", json!([]));
    assert_eq!(
        written(&answer),
        json!({"response_header":{"request_id":"string","response_status":"SUCCESS","response_error_code":null,
            "response_error_message":null,"response_timestamp":"2026-01-01T10:00:01Z"},
            "response_body":{"pagination_response":null,"response_payload":[]}})
    );
    let refused =
        ResponseV2::error(&request.request_header, "t", "rjct.request.validation", "empty list", Value::Null);
    assert!(!refused.response_header.is_success());
    let missing = RawRequestV2::parse(br#"{"request_header":{}}"#).unwrap().body::<Value>().unwrap_err();
    assert_eq!(missing.to_string(), "body lacks the field request_body");
}
