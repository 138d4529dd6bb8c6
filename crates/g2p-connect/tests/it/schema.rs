use g2p_connect::disburse::core::{DisburseRequest, DisburseResponse};
use g2p_connect::disburse::v1::{DisbursementPayloadV1, EnvelopePayloadV1, StatementUploadResponse};
use g2p_connect::disburse::v2::*;
use g2p_connect::disburse::{DisbursementStatus, EnvelopeStatus};
use g2p_connect::envelope::*;
use g2p_connect::header_v2::*;
use g2p_connect::mapper::*;
use g2p_connect::reason::*;
use g2p_connect::registry::*;
use serde_json::Value;
use utoipa::OpenApi;

#[derive(OpenApi)]
#[openapi(components(schemas(
    Request<LinkRequest>, Response<LinkResponse>, Request<UpdateRequest>, Response<UpdateResponse>,
    Request<UnlinkRequest>, Response<UnlinkResponse>, Request<ResolveRequest>, Response<ResolveResponse>,
    Request<MapperTxnStatusRequest>, Response<MapperTxnStatusResponse>,
    Request<SearchRequest>, Response<SearchResponse>, Request<RegistryTxnStatusRequest>, Response<RegistryTxnStatusResponse>,
    Request<EnvelopePayloadV1>, Response<EnvelopePayloadV1>, Request<Vec<DisbursementPayloadV1>>,
    Response<Vec<DisbursementStatus>>, Response<EnvelopeStatus>, StatementUploadResponse,
    RequestV2<Vec<DisbursementPayload>>, ResponseV2<Vec<DisbursementEnvelopePayload>>,
    ResponseV2<DisbursementBatchControlPayload>, RequestV2<Vec<EnvelopeReference>>,
    Request<DisburseRequest>, Response<DisburseResponse>,
    AckResponse, HttpErrorResponse, EncryptedMessage,
    HeaderReason, ErrReason, LinkReason, ResolveReason, SearchReason, BridgeReason,
)))]
struct Api;

fn schemas() -> Value {
    let text = Api::openapi().to_json().unwrap();
    serde_json::from_str::<Value>(&text).unwrap()["components"]["schemas"].clone()
}

/// All `$ref`s of a document.
fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::Object(map) => {
            if let Some(target) = map.get("$ref").and_then(Value::as_str) {
                found.push(target);
            }
            map.values().for_each(|inner| references(inner, found));
        }
        Value::Array(list) => list.iter().for_each(|inner| references(inner, found)),
        _ => {}
    }
}

#[test]
fn every_reference_has_its_schema() {
    let schemas = schemas();
    let mut found = Vec::new();
    references(&schemas, &mut found);
    assert!(found.len() > 50);
    for target in found {
        let name = target.trim_start_matches("#/components/schemas/");
        assert!(schemas.get(name).is_some(), "{target} is missing");
    }
}

#[test]
fn schemas_say_what_the_types_do() {
    let schemas = schemas();
    let required = |name: &str| -> Vec<String> {
        serde_json::from_value(schemas[name]["required"].clone()).unwrap_or_default()
    };
    let mut header = required("MsgHeader");
    header.sort();
    assert_eq!(header, ["action", "message_id", "message_ts", "sender_id", "total_count"]);
    assert_eq!(required("ResolveRequestItem"), ["reference_id", "timestamp"]);
    assert_eq!(required("LinkRequestItem"), ["reference_id", "timestamp", "id", "fa"]);
    assert_eq!(required("DisbursementPayloadV1"), Vec::<String>::new());
    assert!(schemas["BridgeReason"].to_string().contains("NO_OF_DISBUESEMENTS_EXCEEDS_DECLARED"));
    assert!(schemas["MsgStatus"].to_string().contains("rcvd"));
    assert!(!schemas["ResolveScope"].to_string().contains("nsupported"));
    assert_eq!(schemas["MsgHeader"]["properties"]["message_id"]["type"], "string");
}

#[test]
fn every_schema_and_field_is_described() {
    for (name, schema) in schemas().as_object().unwrap() {
        assert!(schema.get("description").is_some(), "{name} has no description");
    }
}
