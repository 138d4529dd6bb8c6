//! Taking payments in: never more than declared, never twice.

use std::collections::HashMap;

use serde_json::{Value, json};
use storage::sql;

use crate::world::{World, day, envelope, newer, payments, today};

#[tokio::test]
async fn sixty_four_callers_get_no_more_into_an_envelope_than_was_declared() {
    let world = World::start().await;
    let id = world.envelope(5, "50.00", &day(1)).await;
    let calls = (0..64).map(|n| {
        let mut rows = payments(&id, "X", 1, "10.00");
        rows[0]["disbursement_id"] = json!(format!("X{n}"));
        let world = &world;
        async move { world.code("create_disbursements", &json!(rows)).await }
    });
    let mut codes: HashMap<String, usize> = HashMap::new();
    for code in futures_util::future::join_all(calls).await {
        *codes.entry(code).or_default() += 1;
    }
    let wanted = [("SUCCESS".to_owned(), 5), ("NO_OF_DISBUESEMENTS_EXCEEDS_DECLARED".to_owned(), 59)];
    assert_eq!(codes, HashMap::from(wanted));
    let view = world.view(&id).await;
    assert_eq!((view["received_count"].as_i64(), view["received_amount"].as_str()), (Some(5), Some("50.00")));
    assert_eq!(view["state"], "SCHEDULED");
    world.check().await;
}

#[tokio::test]
async fn the_sum_is_exact_and_more_than_it_is_refused() {
    let world = World::start().await;
    // Three times 33.50 is what the reference counted as 99.
    let id = world.envelope(3, "100.50", &day(1)).await;
    world.create(&payments(&id, "S", 2, "33.50")).await;
    let mut last = payments(&id, "T", 1, "33.51");
    let code = world.code("create_disbursements", &json!(last)).await;
    assert_eq!(code, "TOTAL_DISBURSEMENT_AMOUNT_EXCEEDS_DECLARED");
    last[0]["disbursement_quantity"] = json!(33.5);
    world.create(&last).await;
    world.wait_state(&id, "SCHEDULED").await;
}

#[tokio::test]
async fn a_call_sent_again_changes_nothing_and_an_id_never_stands_for_two_payments() {
    let world = World::start().await;
    let id = world.envelope(3, "30.00", &day(1)).await;
    let rows = payments(&id, "R", 2, "10.00");
    world.create(&rows).await;
    // Another request id, the same rows, and one more: only that one is new.
    let three = payments(&id, "R", 3, "10.00");
    world.create(&three).await;
    world.create(&three).await;
    assert_eq!(world.view(&id).await["received_count"], 3);
    let mut other = rows;
    other[1]["disbursement_quantity"] = json!("11.00");
    let reply = world.call("create_disbursements", &json!(other)).await.expect_status(200).json();
    assert_eq!(reply["response_header"]["response_error_code"], "INVALID_DISBURSEMENT_PAYLOAD");
    let rows = reply["response_body"]["response_payload"].as_array().unwrap();
    assert_eq!(rows[1]["response_error_codes"], json!(["DUPLICATE_DISBURSEMENT"]));
    assert!(rows[0].get("response_error_codes").is_none());
    world.check().await;
}

#[tokio::test]
async fn twins_of_one_call_at_the_same_moment_are_one_call() {
    let world = World::start().await;
    let id = world.envelope(20, "200.00", &day(1)).await;
    let rows = json!(payments(&id, "W", 20, "10.00"));
    let calls = (0..8).map(|_| world.code("create_disbursements", &rows));
    let codes = futures_util::future::join_all(calls).await;
    assert!(codes.iter().all(|code| code == "SUCCESS"), "{codes:?}");
    let view = world.view(&id).await;
    assert_eq!((view["received_count"].as_i64(), view["state"].as_str()), (Some(20), Some("SCHEDULED")));
    let jobs: Option<i64> =
        sql::scalar(world.db().conn(), "SELECT count(*) FROM jobs WHERE kind = 'bridge.envelope'", [])
            .await
            .unwrap();
    assert_eq!(jobs, Some(1));
    world.check().await;
}

#[tokio::test]
async fn an_envelope_asked_for_again_is_the_same_and_another_declaration_is_refused() {
    let world = World::start().await;
    let wanted = envelope("PROG", 2, "20.00", &day(1));
    let ask = |payload: &Value| newer("PBMS", &json!([payload]));
    let id = |reply: &testkit::Reply| reply.json()["response_body"]["response_payload"][0]["id"].clone();
    let first = world.pbms.post_signed("/create_disbursement_envelopes", &ask(&wanted)).await;
    let mut again = wanted.clone();
    again["id"] = json!("another-id-of-a-retry");
    let second = world.pbms.post_signed("/create_disbursement_envelopes", &ask(&again)).await;
    assert_eq!(id(&first), id(&second));
    assert_eq!(id(&first), wanted["id"]);
    again["number_of_disbursements"] = json!(3);
    let third = world.pbms.post_signed("/create_disbursement_envelopes", &ask(&again)).await.json();
    assert_eq!(third["response_header"]["response_error_code"], "MULTIPLE_ENVELOPES_FOUND");
    // The prefix of deployments serves the same.
    let prefixed =
        world.pbms.post_signed("/api/g2p-bridge/create_disbursement_envelopes", &ask(&wanted)).await;
    assert_eq!(id(&prefixed), id(&first));
}

#[tokio::test]
async fn an_envelope_waits_for_its_day_in_the_programmes_zone_and_a_missed_day_is_late_not_lost() {
    let world = World::start().await;
    let id = world.envelope(1, "10.00", &day(1)).await;
    world.create(&payments(&id, "L", 1, "10.00")).await;
    world.wait_state(&id, "SCHEDULED").await;
    // Nobody was there on its day; two days later the bridge comes up again.
    let world = world.restart(|_| async {}, |loaded| loaded.common.clock_offset_seconds = 3 * 86_400).await;
    let query = "UPDATE jobs SET run_at = now() WHERE kind = 'bridge.envelope'";
    sql::execute(world.db().conn(), query, []).await.unwrap();
    storage_wait(&world, &id).await;
}

/// The view needs a token of the shifted clock, so this looks at the row.
async fn storage_wait(world: &World, id: &str) {
    testkit::wait_for("the late envelope is paid", crate::world::LIMIT, || async {
        let query = "SELECT state FROM envelopes WHERE envelope_id = $1";
        let state: Option<String> = sql::scalar(world.db().conn(), query, [id.into()]).await.unwrap();
        (state.as_deref() == Some("PAYING")).then_some(())
    })
    .await;
    testkit::wait_until("the payment is sent", crate::world::LIMIT, || {
        world.bank.books().payments.len() == 1
    })
    .await;
}

#[tokio::test]
async fn wrong_rows_are_named_each_with_its_codes_and_none_is_taken() {
    let world = World::start().await;
    let id = world.envelope(10, "1000.00", &day(1)).await;
    let mut rows = payments(&id, "C", 6, "10.00");
    rows[0]["disbursement_quantity"] = json!(0);
    rows[1]["disbursement_quantity"] = json!("10.001");
    rows[2]["beneficiary_id"] = json!("  ");
    rows[3]["narrative"] = Value::Null;
    rows[4]["disbursement_id"] = json!("longer-than-sixteen-characters");
    let reply = world.call("create_disbursements", &json!(rows)).await.expect_status(200).json();
    let codes: Vec<Value> = reply["response_body"]["response_payload"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row.get("response_error_codes").cloned().unwrap_or(json!([])))
        .collect();
    assert_eq!(
        json!(codes),
        json!([
            ["INVALID_DISBURSEMENT_AMOUNT"],
            ["INVALID_DISBURSEMENT_AMOUNT"],
            ["INVALID_BENEFICIARY_ID"],
            ["INVALID_NARRATIVE"],
            ["INVALID_DISBURSEMENT_ID"],
            []
        ])
    );
    assert_eq!(world.view(&id).await["received_count"], 0);
    for (payload, code) in [
        (json!([]), "INVALID_DISBURSEMENT_PAYLOAD"),
        (json!(payments("nowhere", "C", 1, "1.00")), "DISBURSEMENT_ENVELOPE_NOT_FOUND"),
        (
            json!([payments(&id, "C", 1, "1.00")[0], payments("x", "D", 1, "1.00")[0]]),
            "MULTIPLE_ENVELOPES_FOUND",
        ),
    ] {
        assert_eq!(world.code("create_disbursements", &payload).await, code);
    }
}

#[tokio::test]
async fn an_envelope_is_judged_in_the_order_of_the_reference() {
    let world = World::start().await;
    let good = envelope("PROG", 2, "20.00", &today());
    let cases: [(&str, Value, &str); 10] = [
        ("benefit_program_mnemonic", json!(" "), "INVALID_PROGRAM_MNEMONIC"),
        ("benefit_program_mnemonic", json!("NOBODY"), "INVALID_PROGRAM_MNEMONIC"),
        ("disbursement_frequency", json!("Sometimes"), "INVALID_DISBURSEMENT_FREQUENCY"),
        ("cycle_code_mnemonic", Value::Null, "INVALID_CYCLE_CODE_MNEMONIC"),
        ("number_of_beneficiaries", json!(0), "INVALID_NO_OF_BENEFICIARIES"),
        ("number_of_disbursements", json!(-1), "INVALID_NO_OF_DISBURSEMENTS"),
        ("total_disbursement_quantity", json!(-0.01), "INVALID_TOTAL_DISBURSEMENT_AMOUNT"),
        ("total_disbursement_quantity", json!("20.005"), "INVALID_TOTAL_DISBURSEMENT_AMOUNT"),
        ("disbursement_schedule_date", json!(day(-1)), "INVALID_DISBURSEMENT_SCHEDULE_DATE"),
        ("measurement_unit", json!("USD"), "INVALID_DISBURSEMENT_CURRENCY_CODE"),
    ];
    for (field, value, code) in cases {
        let mut wrong = good.clone();
        wrong[field] = value;
        assert_eq!(world.code("create_disbursement_envelopes", &json!([wrong])).await, code, "{field}");
    }
    // All or none: the good one is not kept when its neighbour is wrong.
    let mut wrong = envelope("PROG", 2, "20.00", &today());
    wrong["number_of_disbursements"] = json!(0);
    world.code("create_disbursement_envelopes", &json!([good, wrong])).await;
    let kept: Option<i64> =
        sql::scalar(world.db().conn(), "SELECT count(*) FROM envelopes", []).await.unwrap();
    assert_eq!(kept, Some(0));
}
