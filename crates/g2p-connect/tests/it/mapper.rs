use g2p_connect::envelope::{MsgStatus, RawRequest, Request, Response};
use g2p_connect::header_v2::RequestV2;
use g2p_connect::mapper::*;
use g2p_connect::reason::{Reason, ResolveReason};
use g2p_connect::txn::{MapperTxnResultType, MapperTxnType, TxnAttributeType};
use serde_json::json;

use crate::{parse, stays_the_same, written};

fn request(action: &str, message: &str) -> String {
    format!(
        r#"{{"signature":"string","header":{{"version":"1.0.0","message_id":"m-1","message_ts":"2026-03-06T09:32:48.724Z",
        "action":"{action}","sender_id":"pbms","sender_uri":"","receiver_id":"","total_count":1,"is_msg_encrypted":false,
        "meta":{{}}}},"message":{message}}}"#
    )
}

fn response(action: &str, message: &str) -> String {
    format!(
        r#"{{"signature":null,"header":{{"version":"1.0.0","message_id":"m-1","message_ts":"2026-03-06T09:32:48.900123",
        "action":"{action}","status":"succ","status_reason_code":null,"status_reason_message":null,"total_count":1,
        "completed_count":1,"sender_id":"pbms","receiver_id":"","is_msg_encrypted":false,"meta":{{}}}},"message":{message}}}"#
    )
}

#[test]
fn link_update_and_unlink_requests_stay_the_same() {
    stays_the_same::<Request<LinkRequest>>(&request(
        "link",
        r#"{"transaction_id":"t-1","link_request":[{"reference_id":"r-1","timestamp":"2026-03-06T09:32:48.724Z",
        "id":"token:AbC123xyz9@nationalId","fa":"account:700100200@branch.bank.bank_acc","name":"N N",
        "phone_number":"+254700000099","additional_info":[{"name":"string","value":0}],"locale":"eng"}]}"#,
    ));
    stays_the_same::<Request<UpdateRequest>>(&request(
        "update",
        r#"{"transaction_id":"t-2","update_request":[{"reference_id":"r-1","timestamp":"2026-03-11T18:23:39.498Z",
        "id":"token:AbC123xyz9@nationalId","fa":"account:700100201@branch.bank.bank_acc"}]}"#,
    ));
    stays_the_same::<Request<UnlinkRequest>>(&request(
        "unlink",
        r#"{"transaction_id":"t-4","unlink_request":[{"reference_id":"9876","timestamp":"2026-04-05T11:35:29.707Z",
        "id":"token:AbC123xyz9@nationalId","fa":"account:700100201@branch.bank.bank_acc","name":"string",
        "phone_number":"string","additional_info":["string"],"locale":"eng"}]}"#,
    ));
}

#[test]
fn answers_of_deployed_mappers_stay_the_same() {
    stays_the_same::<Response<LinkResponse>>(&response(
        "link",
        r#"{"transaction_id":"t-5","correlation_id":null,"link_response":[
        {"reference_id":"r-1","timestamp":"x","fa":"account:1@b.k.bank_acc","status":"succ","status_reason_code":null,
         "status_reason_message":null,"additional_info":null,"locale":"en"},
        {"reference_id":"r-2","timestamp":"x","fa":"account:2@b.k.bank_acc","status":"rjct",
         "status_reason_code":"rjct.reference_id.duplicate","status_reason_message":"ID and FA are already mapped",
         "additional_info":null,"locale":"en"}]}"#,
    ));
    stays_the_same::<Response<UpdateResponse>>(&response(
        "update",
        r#"{"transaction_id":"t-2","correlation_id":null,"update_response":[{"reference_id":"r-1","timestamp":"x",
        "id":"token:AbC123xyz9@nationalId","status":"succ","status_reason_code":null,"locale":"eng"}]}"#,
    ));
    stays_the_same::<Response<UnlinkResponse>>(&response(
        "unlink",
        r#"{"transaction_id":"t-4","correlation_id":null,"unlink_response":[{"reference_id":"9876","timestamp":"x",
        "id":"","status":"succ"}]}"#,
    ));
    stays_the_same::<Response<ResolveResponse>>(&response(
        "on-resolve",
        r#"{"transaction_id":"t-3","correlation_id":"c-1","resolve_response":[{"reference_id":"r-1",
        "timestamp":"2026-03-06T09:32:50+00:00","id":"token:AbC123xyz9@nationalId","fa":"account:1@b.k.bank_acc",
        "account_provider_info":{"name":"National Bank","code":"BANKXXX","subcode":"001"},"status":"succ",
        "status_reason_code":"succ.id.active","locale":"eng"}]}"#,
    ));
}

#[test]
fn empty_optional_fields_are_left_out_because_the_schema_forbids_null() {
    let message: LinkResponse = parse(
        r#"{"transaction_id":"t","correlation_id":null,"link_response":[{"reference_id":"r","timestamp":"x","status":"succ"}]}"#,
    );
    assert_eq!(
        written(&message),
        json!({"transaction_id":"t","link_response":[{"reference_id":"r","timestamp":"x","status":"succ"}]})
    );
}

#[test]
fn an_incomplete_item_does_not_spoil_its_neighbours() {
    let message: LinkRequest = parse(
        r#"{"transaction_id":"t","link_request":[{"reference_id":"1"},{"reference_id":"2","timestamp":null,"id":null,"fa":null},
        {"reference_id":"3","timestamp":"x","id":"i","fa":"f"}]}"#,
    );
    let ids: Vec<&str> = message.link_request.iter().map(|item| item.id.as_str()).collect();
    assert_eq!(ids, ["", "", "i"]);
    assert!(
        serde_json::from_str::<LinkRequest>(r#"{"transaction_id":"t","link_request":[{"id":"i","fa":"f"}]}"#)
            .is_err()
    );
}

#[test]
fn resolve_items_of_every_sort_parse() {
    let message: ResolveRequest = parse(
        r#"{"transaction_id":"t-3","resolve_request":[
        {"reference_id":"1","timestamp":"x","fa":"","id":"token:a@nationalId","name":"string","scope":"details","additional_info":[],"locale":"eng"},
        {"reference_id":"2","timestamp":"x","id":"token:b@nationalId"},
        {"reference_id":"3","timestamp":"x","fa":"account:1@b","id":null,"scope":null},
        {"reference_id":"4","timestamp":"x","id":"token:c@nationalId","scope":"string"}]}"#,
    );
    let scopes: Vec<ResolveScope> = message.resolve_request.iter().map(|item| item.scope).collect();
    assert_eq!(
        scopes,
        [ResolveScope::Details, ResolveScope::YesNo, ResolveScope::YesNo, ResolveScope::Unsupported],
        "an unknown scope is that item's error"
    );
    let asked = ResolveRequestItem::details("r", "2026-01-01T00:00:00Z", "token:a@nationalId");
    assert_eq!(
        written(&asked),
        json!({"reference_id":"r","timestamp":"2026-01-01T00:00:00Z","id":"token:a@nationalId","scope":"details"})
    );
}

#[test]
fn a_resolve_without_a_code_is_still_a_result() {
    let item: ResolveResponseItem = parse(
        r#"{"reference_id":"r","timestamp":"x","fa":"account:1@b","id":"i","account_provider_info":null,"status":"succ","status_reason_code":null}"#,
    );
    assert_eq!((item.status, item.status_reason_code), (MsgStatus::Succ, None));
    assert!(ResolveReason::from_code("succ.fa.not_linked_to_id").unwrap().is_success());
    assert!(!ResolveReason::IdInvalid.is_success());
}

#[test]
fn transaction_status_is_read_as_object_and_as_list() {
    let question = r#"{"reference_id":"r-9","txn_type":"link","attribute_type":"reference_id_list","attribute_value":["a","b"]}"#;
    let one: MapperTxnStatusRequest =
        parse(&format!(r#"{{"transaction_id":"t-9","txnstatus_request":{question}}}"#));
    let many: MapperTxnStatusRequest =
        parse(&format!(r#"{{"transaction_id":"t-9","txnstatus_request":[{question}]}}"#));
    assert_eq!(one.txnstatus_request.as_slice(), many.txnstatus_request.as_slice());
    let query = &one.txnstatus_request.as_slice()[0];
    assert_eq!(
        (query.txn_type, query.attribute_type),
        (MapperTxnType::Link, TxnAttributeType::ReferenceIdList)
    );
    assert_eq!(query.attribute_value.as_slice(), ["a", "b"]);
    assert!(written(&one)["txnstatus_request"].is_object());

    let json = r#"{"transaction_id":"t-9","correlation_id":"c-9","txnstatus_response":{"txn_type":"on-link","txn_status":
        {"transaction_id":"t-1","link_response":[{"reference_id":"r-1","timestamp":"x","status":"succ"}]}}}"#;
    stays_the_same::<MapperTxnStatusResponse>(json);
    let response: MapperTxnStatusResponse = parse(json);
    assert_eq!(response.txnstatus_response.txn_type, MapperTxnResultType::OnLink);
}

#[test]
fn a_resolve_fits_into_the_newer_envelope() {
    let json = r#"{"request_header":{"sender_app_mnemonic":"G2P_BRIDGE","sender_app_url":"https://bridge","request_id":"q-2",
        "request_timestamp":"2026-01-01T10:00:00Z"},"request_body":{"request_payload":{"transaction_id":"t-2",
        "resolve_request":[{"reference_id":"r-1","timestamp":"x","id":"1234567890","scope":"details"}]}}}"#;
    stays_the_same::<RequestV2<ResolveRequest>>(json);
}

#[test]
fn debug_shows_no_person_and_no_account() {
    let item: LinkRequestItem = parse(
        r#"{"reference_id":"r-1","timestamp":"x","id":"token:secret@nationalId","fa":"account:778899@bank","name":"Amina",
        "phone_number":"+254700000099","additional_info":["note"]}"#,
    );
    let shown = format!("{item:?}");
    assert!(shown.contains("r-1"));
    for hidden in ["secret", "778899", "Amina", "254700000099", "note"] {
        assert!(!shown.contains(hidden), "{shown}");
    }
    let body = request(
        "link",
        r#"{"transaction_id":"t","link_request":[{"reference_id":"r","id":"token:secret@nationalId"}]}"#,
    );
    let raw = RawRequest::parse(body.as_bytes()).unwrap();
    assert!(!format!("{raw:?}").contains("secret"));
}
