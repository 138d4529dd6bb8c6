//! The published document of the mapper (`mapper_core_api_v1.0.0.yaml` in `G2P_SPECS_DIR`): messages made up from its schemas are
//! taken and answered as it says; the same with something wrong in them are not.
//!
//! Faults of the document that are put right here, because no message could be right otherwise, or no answer:
//! - the answers of the synchronous operations have `action: on-search`;
//! - the action of a synchronous update is said to be `link`;
//! - an answered update requires `fa`, which it does not have;
//! - the codes of update and unlink lack `rjct.id.invalid` and `rjct.fa.invalid`;
//! - values that are one of several types match two of them (`integer` and `number`; two texts), so any of them counts;
//! - patterns stand under `format`; they would refuse the ids of its own examples;
//! - the answered status names the answer of a link beside its own members;
//! - an encrypted message is admitted everywhere, and can be read by nobody without a key: it is refused;
//! - a list may be empty, and a text may hold U+0000, which the database does not take: both are refused;
//! - the acknowledgement of a status, and the status itself, are for partners that sent something.
//!
//! Taken although it should not be: an item without a time, with which nothing is done.
//!
//! Multipart forms, which every asynchronous operation admits, have tests of their own (`forms`).

mod schema;

use std::path::PathBuf;

use platform::{Mode, Policy};
use rand::{Rng, SeedableRng, seq::IndexedRandom};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use testkit::{TestPartner, TestService};

use self::schema::Document;
use crate::Service;

/// Right messages, and wrong ones, of each operation.
const CASES: usize = 25;

/// Path, action, member of the message that holds its items.
const OPERATIONS: [(&str, &str, &str); 9] = [
    ("/mapper/sync/link", "link", "link_request"),
    ("/mapper/sync/update", "update", "update_request"),
    ("/mapper/sync/unlink", "unlink", "unlink_request"),
    ("/mapper/sync/resolve", "resolve", "resolve_request"),
    ("/mapper/link", "link", "link_request"),
    ("/mapper/update", "update", "update_request"),
    ("/mapper/unlink", "unlink", "unlink_request"),
    ("/mapper/resolve", "resolve", "resolve_request"),
    ("/mapper/txn/status", "txn-status", "txnstatus_request"),
];

fn document() -> Option<Document> {
    let Some(folder) = std::env::var_os("G2P_SPECS_DIR") else {
        eprintln!("G2P_SPECS_DIR is not set: nothing is held against the published document");
        return None;
    };
    let file = PathBuf::from(folder).join("mapper_core_api_v1.0.0.yaml");
    let text = std::fs::read_to_string(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    let mut document = Document(serde_yaml_ng::from_str(&text).unwrap());
    put_right(&mut document.0);
    Some(document)
}

fn put_right(document: &mut Value) {
    let schemas = &mut document["components"]["schemas"];
    schemas["UpdateResponse"]["properties"]["update_response"]["items"]["required"] =
        json!(["reference_id", "timestamp", "status"]);
    for codes in ["UpdateStatusReasonCode", "UnlinkStatusReasonCode"] {
        let codes = schemas[codes]["enum"].as_array_mut().unwrap();
        codes.extend([json!("rjct.id.invalid"), json!("rjct.fa.invalid")]);
    }
    for path in ["link", "update", "unlink", "resolve"] {
        let answer = &mut document["paths"][format!("/mapper/sync/{path}")]["post"]["responses"]["default"];
        answer["content"]["application/json"]["schema"]["properties"]["header"]["allOf"]
            .as_array_mut()
            .unwrap()
            .truncate(1);
    }
}

struct World {
    document: Document,
    mapper: TestService<Service>,
    partner: TestPartner,
}

async fn world(mode: Mode) -> Option<World> {
    let document = document()?;
    let mapper = crate::later::start().await;
    let policy = Policy {
        permissions: ["mapper:call".to_owned()].into(),
        // Nobody listens there.
        callback_urls: ["http://127.0.0.1:9/".to_owned()].into(),
        ..Policy::default()
    };
    let partner = mapper.partner_with("SPEC", mode, policy).await;
    Some(World { document, mapper, partner })
}

impl World {
    /// A message that the document admits, and that this partner may send.
    fn message(&self, (path, action, list): (&str, &str, &str), dice: &mut ChaCha8Rng) -> Value {
        let schema = self.document.at(&[
            "paths",
            path,
            "post",
            "requestBody",
            "content",
            "application/json",
            "schema",
        ]);
        let mut message = self.document.make(schema, dice);
        let count = message["message"][list].as_array().map_or(1, Vec::len);
        let header = message["header"].as_object_mut().unwrap();
        header.remove("sender_uri");
        for (name, value) in [
            ("action", json!(action)),
            ("sender_id", json!("SPEC")),
            ("version", json!("1.0.0")),
            ("message_id", json!(uuid::Uuid::new_v4().to_string())),
            ("total_count", json!(count)),
            ("is_msg_encrypted", json!(false)),
        ] {
            header.insert(name.to_owned(), value);
        }
        message.as_object_mut().unwrap().remove("signature");
        message
    }

    fn answer(&self, path: &str) -> &Value {
        let answer = self.document.at(&["paths", path, "post", "responses", "default"]);
        let keys: Vec<&str> =
            answer["$ref"].as_str().map(|path| path[2..].split('/').collect()).unwrap_or_default();
        let answer = if keys.is_empty() { answer } else { self.document.at(&keys) };
        &answer["content"]["application/json"]["schema"]
    }
}

#[tokio::test]
async fn what_the_document_admits_is_taken_and_answered_as_it_says() {
    let Some(world) = world(Mode::Compat).await else { return };
    let mut dice = ChaCha8Rng::seed_from_u64(1);
    for operation @ (path, _, list) in OPERATIONS {
        for case in 0..CASES {
            let message = world.message(operation, &mut dice);
            let told = || format!("{path}, case {case}: {message}");
            let reply = world.mapper.anonymous().post(path, &message).await;
            assert_eq!(reply.status, 200, "{}\n{}", reply.text, told());
            let body = reply.json();
            world
                .document
                .check(world.answer(path), &body, "")
                .unwrap_or_else(|why| panic!("{why}\n{body}\n{}", told()));
            if !path.contains("sync") {
                assert_eq!(body["message"]["ack_status"], "ACK", "{body}\n{}", told());
                continue;
            }
            assert_eq!(body["header"]["status"], "succ", "{body}\n{}", told());
            assert_eq!(body["message"]["transaction_id"], message["message"]["transaction_id"]);
            let references = |items: &Value| -> Vec<Value> {
                items.as_array().unwrap().iter().map(|item| item["reference_id"].clone()).collect()
            };
            let answered = &body["message"][list.replace("request", "response")];
            assert_eq!(references(answered), references(&message["message"][list]), "{}", told());
        }
    }
}

/// Something that must be there is missing or of another type; returns what.
fn spoil(message: &mut Value, (path, _, list): (&str, &str, &str), dice: &mut ChaCha8Rng) -> String {
    let item = format!("/message/{list}{}", if message["message"][list].is_array() { "/0" } else { "" });
    let mut places: Vec<String> = ["message_id", "message_ts", "action", "sender_id", "total_count"]
        .map(|m| format!("/header/{m}"))
        .into();
    places.extend(["/header", "/message", "/message/transaction_id"].map(str::to_owned));
    places.push(format!("/message/{list}"));
    places.push(format!("{item}/reference_id"));
    if list.starts_with("txn") {
        places.extend(["txn_type", "attribute_type", "attribute_value"].map(|m| format!("{item}/{m}")));
    }
    // An item without an id is refused by itself, and its neighbours are served.
    if path.contains("sync") && list != "resolve_request" {
        places.push(format!("{item}/id"));
    }
    let place = places.choose(dice).unwrap();
    let (parent, name) = place.rsplit_once('/').unwrap();
    let parent = message.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    if dice.random_bool(0.5) {
        parent.remove(name);
        return format!("{place} is missing");
    }
    parent.insert(name.to_owned(), json!({"of": ["another", "type"]}));
    format!("{place} is an object of no meaning")
}

#[tokio::test]
async fn what_the_document_does_not_admit_is_not_taken() {
    let Some(world) = world(Mode::Strict).await else { return };
    let (mut dice, mut found) = (ChaCha8Rng::seed_from_u64(2), Vec::new());
    for operation @ (path, _, list) in OPERATIONS {
        for _ in 0..CASES {
            let mut message = world.message(operation, &mut dice);
            let wrong = spoil(&mut message, operation, &mut dice);
            let reply = world.partner.post_signed(path, &message).await;
            let taken = match reply.status {
                200 => {
                    let body = reply.json();
                    let first = &body["message"][list.replace("request", "response")][0];
                    let refused = body["header"]["status"] == "rjct" || first["status"] == "rjct";
                    !refused && body["message"]["ack_status"] != "ERR"
                }
                400 => false,
                _ => true,
            };
            if taken {
                found.push(format!("{path}: {wrong}: HTTP {} {}", reply.status, reply.text));
            }
        }
        let mut encrypted = world.message(operation, &mut dice);
        encrypted["header"]["is_msg_encrypted"] = json!(true);
        encrypted["message"] = json!({"header": {"alg": "RSA-OAEP", "enc": "A256GCM", "kid": "1"}, "ciphertext": "x",
            "encrypted_key": "x", "tag": "x", "iv": "x"});
        let reply = world.partner.post_signed(path, &encrypted).await;
        if reply.status != 400 && reply.json()["message"]["ack_status"] != "ERR" {
            found.push(format!("{path}: encrypted: HTTP {} {}", reply.status, reply.text));
        }
    }
    for path in
        world.document.at(&["paths"]).as_object().unwrap().keys().filter(|path| !path.contains("/on-"))
    {
        let reply = world.mapper.anonymous().get(path).await;
        assert_eq!(reply.status, 405, "GET {path}");
    }
    assert!(found.is_empty(), "{} messages were taken:\n{}", found.len(), found.join("\n"));
}
