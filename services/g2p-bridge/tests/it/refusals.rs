//! Bad input: a clear answer, never a 500, nothing changed.

use serde_json::{Value, json};
use testkit::unique;

use crate::world::{World, day, envelope, newer, now, payments};

const WRITES: [&str; 7] = [
    "create_benefit_program_configuration",
    "create_disbursement_envelopes",
    "create_disbursements",
    "cancel_disbursement_envelope",
    "cancel_disbursements",
    "amend_disbursement_envelope",
    "get_disbursement_status",
];

fn first_error(reply: &testkit::Reply) -> (String, String) {
    let error = &reply.json()["errors"][0];
    (
        error["code"].as_str().unwrap_or_default().to_owned(),
        error["message"].as_str().unwrap_or_default().to_owned(),
    )
}

#[tokio::test]
async fn what_is_not_of_the_shape_is_g2p_req_102_naming_the_field() {
    let world = World::start().await;
    for operation in WRITES {
        let path = format!("/{operation}");
        for body in ["", "{", "[]", "null", "{\"request_header\": 5}", "\u{0}"] {
            let reply = world.bridge.anonymous().post_bytes(&path, "application/json", body).await;
            assert_eq!(
                (reply.status, first_error(&reply).0.as_str()),
                (400, "G2P-REQ-102"),
                "{operation} {body:?}"
            );
        }
        let reply = world.call(operation, &json!({"x": 1, "y": [2]})).await;
        if operation != "create_benefit_program_configuration" {
            assert_ne!(reply.status, 500, "{operation}: {}", reply.text);
        }
        let reply = world.call(operation, &json!(5)).await;
        assert_eq!((reply.status, first_error(&reply).0.as_str()), (400, "G2P-REQ-102"), "{operation}");
    }
    let mut row = payments("e", "A", 1, "1.00");
    for wrong in [json!("abc"), json!("NaN"), json!("Infinity"), json!(true), json!("1e999")] {
        row[0]["disbursement_quantity"] = wrong.clone();
        let reply = world.call("create_disbursements", &json!(row)).await;
        let (code, message) = first_error(&reply);
        assert_eq!((reply.status, code.as_str()), (400, "G2P-REQ-102"), "{wrong}");
        assert!(message.contains("request_payload[0].disbursement_quantity"), "{message}");
        assert!(
            !message.contains("abc") && !message.contains("NaN"),
            "the wrong value is not repeated: {message}"
        );
    }
    // A number that no float holds is read from its text.
    let text = newer("PBMS", &json!([envelope("PROG", 1, "1", &day(1))])).to_string();
    let text = text.replace("\"total_disbursement_quantity\":\"1\"", "\"total_disbursement_quantity\":1e400");
    let signature = g2p_crypto::sign_detached(world.pbms.key(), text.as_bytes()).unwrap();
    let reply =
        world.pbms.post_with_signature("/create_disbursement_envelopes", text.into_bytes(), &signature).await;
    assert_eq!(reply.status, 400, "{}", reply.text);
}

#[tokio::test]
async fn too_many_rows_and_too_large_bodies_are_refused() {
    let world = World::start_with(|loaded| {
        loaded.service.max_rows_per_call = 5;
        loaded.common.max_body_bytes = 100_000;
    })
    .await;
    let id = world.envelope(10, "100.00", &day(1)).await;
    let reply = world.call("create_disbursements", &json!(payments(&id, "A", 6, "10.00"))).await;
    assert_eq!((reply.status, first_error(&reply).0.as_str()), (400, "G2P-REQ-102"), "{}", reply.text);
    let reply = world.call("create_disbursements", &json!("x".repeat(200_000))).await;
    assert_eq!(reply.status, 413, "{}", reply.text);
}

#[tokio::test]
async fn unknown_unsigned_and_wrongly_signed_senders_get_a_refusal_and_nothing_happens() {
    let world = World::start().await;
    let payload = json!([envelope("PROG", 1, "10.00", &day(1))]);
    let status = |reply: &testkit::Reply| reply.json()["response_header"]["response_status"].clone();
    let stranger = newer("STRANGER", &payload);
    let reply = world.pbms.post_signed("/create_disbursement_envelopes", &stranger).await;
    assert_eq!((reply.status, status(&reply)), (200, json!("ERROR")));
    let reply =
        world.bridge.anonymous().post("/create_disbursement_envelopes", &newer("PBMS", &payload)).await;
    assert_eq!((reply.status, status(&reply)), (200, json!("ERROR")));
    let message = newer("PBMS", &payload);
    let other = newer("PBMS", &json!([]));
    let signature = g2p_crypto::sign_detached_json(world.pbms.key(), &other).unwrap();
    let bytes = serde_json::to_vec(&message).unwrap();
    let reply = world.pbms.post_with_signature("/create_disbursement_envelopes", bytes, &signature).await;
    assert_eq!((reply.status, status(&reply)), (200, json!("ERROR")));
    // A partner without the permission: PBMS must not say where the money comes from.
    let reply =
        world.call("create_benefit_program_configuration", &json!({"benefit_program_mnemonic": "X"})).await;
    assert_eq!(reply.status, 403, "{}", reply.text);
    let made: Option<i64> =
        storage::sql::scalar(world.db().conn(), "SELECT count(*) FROM envelopes", []).await.unwrap();
    assert_eq!(made, Some(0));
    for path in [
        "/api/v1/envelopes",
        "/api/v1/envelopes/x",
        "/api/v1/envelopes/x/disbursements",
        "/api/v1/statement-problems",
        "/api/v1/statement-files",
        "/api/v1/statements",
    ] {
        assert_eq!(world.bridge.anonymous().get(path).await.status, 401, "{path}");
        assert_eq!(world.pbms.session().get(path).await.status, 403, "{path}");
    }
}

#[tokio::test]
async fn a_strict_partners_message_is_done_once_and_its_id_stands_for_one_message() {
    let world = World::start().await;
    let message = newer("PBMS", &json!([envelope("PROG", 1, "10.00", &day(1))]));
    let first = world.pbms.post_signed("/create_disbursement_envelopes", &message).await;
    let again = world.pbms.post_signed("/create_disbursement_envelopes", &message).await;
    assert_eq!(first.json(), again.json());
    let mut other = newer("PBMS", &json!([envelope("PROG", 1, "10.00", &day(1))]));
    other["request_header"]["request_id"] = message["request_header"]["request_id"].clone();
    let refused = world.pbms.post_signed("/create_disbursement_envelopes", &other).await.json();
    assert_eq!(refused["response_header"]["response_error_code"], "rjct.message_id.duplicate");
    // Of what only looks, too: the same bytes are answered again, others are not.
    for operation in [
        "get_disbursement_status",
        "get_disbursement_envelope_status",
        "get_disbursement_batch_control",
        "list_benefit_program_configurations",
    ] {
        let payload =
            |text: &str| if operation == "get_disbursement_status" { json!([text]) } else { json!(text) };
        let (partner, name) =
            if operation.starts_with("list") { (&world.driver, "DEMO") } else { (&world.pbms, "PBMS") };
        let path = format!("/{operation}");
        let message = newer(name, &payload("x"));
        let duplicate = "rjct.message_id.duplicate";
        for _ in 0..2 {
            let answer = partner.post_signed(&path, &message).await.json();
            assert_ne!(answer["response_header"]["response_error_code"], duplicate, "{operation}");
        }
        let mut other = newer(name, &payload("y"));
        other["request_header"]["request_id"] = message["request_header"]["request_id"].clone();
        let refused = partner.post_signed(&path, &other).await.json();
        assert_eq!(refused["response_header"]["response_error_code"], duplicate, "{operation}");
    }
}

#[tokio::test]
async fn a_programme_is_configured_once_and_changed_by_a_new_version() {
    let world = World::start().await;
    let base = json!({"benefit_program_mnemonic": "P2", "sponsor_bank_code": "EXAMPLE_BANK",
        "sponsor_bank_account_number": "ACC-2", "sponsor_bank_account_currency": "KES", "time_zone": "Africa/Nairobi"});
    let call = async |operation: &str, change: Value| {
        let mut payload = base.clone();
        payload.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let message = newer("DEMO", &payload);
        let reply =
            world.driver.post_signed(&format!("/{operation}"), &message).await.expect_status(200).json();
        let code = reply["response_header"]["response_error_code"].as_str().unwrap_or("SUCCESS").to_owned();
        (code, reply["response_body"]["response_payload"]["version"].clone())
    };
    let create = "create_benefit_program_configuration";
    let update = "update_benefit_program_configuration";
    assert_eq!(call(update, json!({})).await.0, "INVALID_PROGRAM_MNEMONIC");
    assert_eq!(call(create, json!({})).await, ("SUCCESS".to_owned(), json!(1)));
    assert_eq!(call(create, json!({})).await, ("SUCCESS".to_owned(), json!(1)));
    let other = json!({"sponsor_bank_account_number": "ACC-3"});
    assert_eq!(call(create, other.clone()).await.0, "BENEFIT_PROGRAM_CONFIGURATION_EXISTS");
    assert_eq!(call(update, other).await, ("SUCCESS".to_owned(), json!(2)));
    for (change, code) in [
        (json!({"benefit_program_mnemonic": ""}), "INVALID_PROGRAM_MNEMONIC"),
        (
            json!({"benefit_program_mnemonic": "Q", "sponsor_bank_code": "NOBODY"}),
            "INVALID_SPONSOR_BANK_CODE",
        ),
        (
            json!({"benefit_program_mnemonic": "Q", "sponsor_bank_account_number": ""}),
            "INVALID_ACCOUNT_NUMBER",
        ),
        (
            json!({"benefit_program_mnemonic": "Q", "sponsor_bank_account_currency": "XXXX"}),
            "INVALID_DISBURSEMENT_CURRENCY_CODE",
        ),
        (json!({"benefit_program_mnemonic": "Q", "time_zone": "Mars/Olympus"}), "INVALID_TIME_ZONE"),
    ] {
        assert_eq!(call(create, change).await.0, code);
    }
    let list = world
        .driver
        .post_signed("/list_benefit_program_configurations", &newer("DEMO", &json!("")))
        .await
        .json();
    let names: Vec<&str> = list["response_body"]["response_payload"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| p["benefit_program_mnemonic"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["P2", "PROG"]);
}

#[tokio::test]
async fn a_batch_of_the_sender_can_be_looked_up_by_its_id() {
    let world = World::start().await;
    let id = world.envelope(2, "20.00", &day(1)).await;
    let mut message = newer("PBMS", &json!(payments(&id, "A", 2, "10.00")));
    let batch = unique("b");
    message["request_body"]["disbursement_batch_control_id"] = json!(batch);
    world.pbms.post_signed("/create_disbursements", &message).await;
    let reply = world.call("get_disbursement_batch_control", &json!(batch)).await.json();
    let found = &reply["response_body"]["response_payload"];
    assert_eq!(
        (found["number_of_disbursements"].as_i64(), found["fa_resolution_status"].as_str()),
        (Some(2), Some("PENDING"))
    );
    let unknown = world.call("get_disbursement_batch_control", &json!("nobody")).await.json();
    assert_eq!(unknown["response_header"]["response_status"], "ERROR");
    assert!(!now().is_empty());
}
