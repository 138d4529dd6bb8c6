//! Taking back: it wins or it loses against paying, never both.

use serde_json::json;

use crate::{
    bank::{Funds, Pay},
    world::{LIMIT, World, day, payments, today},
};

#[tokio::test]
async fn payments_taken_back_before_their_day_make_room_for_others() {
    let world = World::start().await;
    let id = world.envelope(3, "30.00", &day(1)).await;
    world.create(&payments(&id, "A", 3, "10.00")).await;
    world.wait_state(&id, "SCHEDULED").await;
    let two = json!([{"disbursement_id": "A0000000"}, {"disbursement_id": "A0000002"}]);
    assert_eq!(world.code("cancel_disbursements", &two).await, "SUCCESS");
    let view = world.wait_state(&id, "RECEIVING").await;
    assert_eq!((view["received_count"].as_i64(), view["received_amount"].as_str()), (Some(1), Some("10.00")));
    let reply = world.call("cancel_disbursements", &json!(["A0000001", "A0000002", "nobody"])).await.json();
    assert_eq!(reply["response_header"]["response_error_code"], "INVALID_DISBURSEMENT_PAYLOAD");
    let rows = &reply["response_body"]["response_payload"];
    assert_eq!(rows[1]["response_error_codes"], json!(["DISBURSEMENT_ALREADY_CANCELED"]));
    assert_eq!(rows[2]["response_error_codes"], json!(["INVALID_DISBURSEMENT_ID"]));
    assert_eq!(world.states(&id).await[1].1, "RECEIVED", "all or none");
    world.create(&payments(&id, "N", 2, "10.00")).await;
    world.wait_state(&id, "SCHEDULED").await;
    assert_eq!(world.code("cancel_disbursements", &json!(["nobody"])).await, "INVALID_DISBURSEMENT_ID");
    world.check().await;
}

#[tokio::test]
async fn nothing_can_be_taken_back_once_its_day_has_come() {
    let world = World::start().await;
    world.bank.books().funds = false;
    let id = world.envelope(2, "20.00", &today()).await;
    world.create(&payments(&id, "A", 2, "10.00")).await;
    let code = world.code("cancel_disbursements", &json!(["A0000000"])).await;
    assert_eq!(code, "DISBURSEMENT_ENVELOPE_SCHEDULE_DATE_REACHED");
    let amend = json!([{"id": id, "number_of_beneficiaries": 1, "number_of_disbursements": 2,
        "total_disbursement_quantity": 20, "disbursement_schedule_date": day(3)}]);
    assert_eq!(world.code("amend_disbursement_envelope", &amend).await, "DISBURSEMENT_ENVELOPE_DATE_PASSED");
}

#[tokio::test]
async fn a_cancelled_envelope_pays_nobody_and_gives_its_block_back() {
    let world = World::start().await;
    world.bank.books().funds = false;
    let id = world.envelope(9, "90.00", &today()).await;
    world.create(&payments(&id, "A", 9, "10.00")).await;
    world.wait_problem(&id, "FUNDS_NOT_AVAILABLE").await;
    let name = json!([{"id": id}]);
    assert_eq!(world.code("cancel_disbursement_envelope", &name).await, "SUCCESS");
    // Acknowledged means cancelled, at once and for every payment.
    assert!(world.states(&id).await.iter().all(|s| s.1 == "CANCELLED"));
    world.bank.books().funds = true;
    world.bridge.settled().await;
    assert!(world.bank.books().arrivals.is_empty());
    assert_eq!(
        world.code("cancel_disbursement_envelope", &name).await,
        "DISBURSEMENT_ENVELOPE_ALREADY_CANCELED"
    );
    assert_eq!(
        world.code("cancel_disbursements", &json!(["A0000000"])).await,
        "SUCCESS",
        "it is cancelled already"
    );
    let code = world.code("create_disbursements", &json!(payments(&id, "M", 1, "1.00"))).await;
    assert_eq!(code, "DISBURSEMENT_ENVELOPE_ALREADY_CANCELED");
    assert_eq!(
        world.code("cancel_disbursement_envelope", &json!([{"id": "nobody"}])).await,
        "DISBURSEMENT_ENVELOPE_NOT_FOUND"
    );
    world.check().await;
}

#[tokio::test]
async fn an_envelope_that_is_being_paid_cannot_be_cancelled() {
    let world = World::start().await;
    let id = world.envelope(2, "20.00", &today()).await;
    world.create(&payments(&id, "A", 2, "10.00")).await;
    world.wait_state(&id, "PAYING").await;
    let code = world.code("cancel_disbursement_envelope", &json!([{"id": id}])).await;
    assert_eq!(code, "DISBURSEMENT_ENVELOPE_DATE_PASSED");
    world.wait_sent(2).await;
}

#[tokio::test]
async fn cancel_against_pay_has_one_winner() {
    let world = World::start().await;
    world.bank.books().pay = Pay::Good;
    let mut outcomes = (0, 0);
    // The pause moves to where the race is close: later after cancel won, earlier after pay won.
    let mut pause = std::time::Duration::from_millis(20);
    for n in 0..60 {
        if n >= 12 && outcomes.0 > 0 && outcomes.1 > 0 {
            break;
        }
        let id = world.envelope(2, "20.00", &today()).await;
        let prefix = format!("R{n:02}");
        world.create(&payments(&id, &prefix, 2, "10.00")).await;
        tokio::time::sleep(pause).await;
        let code = world.code("cancel_disbursement_envelope", &json!([{"id": id}])).await;
        if code == "SUCCESS" {
            outcomes.0 += 1;
            pause += std::time::Duration::from_millis(25);
            world
                .wait_view(&id, "all cancelled", |v| {
                    v["payments"] == json!([{"state": "CANCELLED", "count": 2, "amount": "20.00"}])
                })
                .await;
            world.bridge.settled().await;
            let books = world.bank.books();
            assert!(!books.arrivals.keys().any(|key| key.starts_with(&prefix)), "cancelled and sent");
            let key = format!("{id}/block");
            if let Some((reference, _)) = books.blocks.get(&key) {
                assert!(books.releases.iter().any(|(r, _)| r == reference), "its block is given back");
            }
        } else {
            outcomes.1 += 1;
            pause /= 2;
            assert_eq!(code, "DISBURSEMENT_ENVELOPE_DATE_PASSED");
            testkit::wait_until("it is paid", crate::world::LIMIT, || {
                world.bank.books().payments.keys().filter(|key| key.starts_with(&prefix)).count() == 2
            })
            .await;
            world
                .statement(&[
                    ("D", &format!("{prefix}0000000"), "10.00"),
                    ("D", &format!("{prefix}0000001"), "10.00"),
                ])
                .await;
            world.wait_state(&id, "FINISHED").await;
        }
    }
    assert!(outcomes.0 > 0 && outcomes.1 > 0, "both must win sometimes: {outcomes:?}");
    world.check().await;
}

/// An envelope whose first request to block is under way at the bank, and whose second one the bank refused.
async fn with_a_block_under_way(world: &World) -> String {
    world.bank.books().funds_calls = Funds::Queued;
    let id = world.envelope(2, "20.00", &today()).await;
    world.create(&payments(&id, "A", 2, "10.00")).await;
    testkit::wait_until("a request", LIMIT, || !world.bank.books().queued.is_empty()).await;
    {
        let mut books = world.bank.books();
        (books.funds, books.funds_calls) = (false, Funds::Good);
    }
    world.wait_problem(&id, "FUNDS_BLOCK_REFUSED:INSUFFICIENT_FUNDS").await;
    id
}

#[tokio::test]
async fn a_block_that_the_bank_makes_late_pays_the_envelope() {
    let world = World::start().await;
    let id = with_a_block_under_way(&world).await;
    // A deposit came, and the block took all of it: a check finds nothing left.
    world.bank.books().act_on_queued();
    world.wait_state(&id, "PAYING").await;
    world.wait_sent(2).await;
    assert_eq!(world.bank.books().blocks.len(), 1);
    world.check().await;
}

#[tokio::test]
async fn a_block_under_way_when_its_envelope_is_cancelled_is_never_made() {
    let world = World::start().await;
    let id = with_a_block_under_way(&world).await;
    assert_eq!(world.code("cancel_disbursement_envelope", &json!([{"id": id}])).await, "SUCCESS");
    world.bridge.settled().await;
    let mut books = world.bank.books();
    assert_eq!(books.closed_keys, [format!("{id}/block")]);
    books.act_on_queued();
    assert!(books.blocks.is_empty(), "the key was given up");
}

#[tokio::test]
async fn lost_answers_of_block_and_release_are_asked_for_again_under_the_same_key() {
    let world = World::start().await;
    world.bank.books().funds_calls = Funds::ErrorAfter;
    let id = world.envelope(2, "20.00", &today()).await;
    world.create(&payments(&id, "A", 2, "10.00")).await;
    world.wait_problem(&id, "BANK_NOT_REACHED").await;
    world.bank.books().funds_calls = Funds::Good;
    world.wait_state(&id, "PAYING").await;
    world.wait_sent(2).await;
    assert_eq!(world.bank.books().blocks.len(), 1);
    world.bank.books().funds_calls = Funds::ErrorAfter;
    world.statement(&[("D", "A0000000", "10.00"), ("D", "A0000001", "10.00")]).await;
    world.wait_problem(&id, "BANK_NOT_REACHED").await;
    world.bank.books().funds_calls = Funds::Good;
    let view = world.wait_state(&id, "FINISHED").await;
    assert_eq!(view["released_amount"], "1.50", "counted once");
    let releases = world.bank.books().releases.clone();
    assert!(releases.len() > 1 && releases.iter().all(|r| *r == releases[0]), "{releases:?}");
    world.check().await;
}

#[tokio::test]
async fn an_envelope_is_its_makers() {
    let world = World::start().await;
    let id = world.envelope(1, "10.00", &day(1)).await;
    let other = world.bridge.partner("OTHER", &["bridge:call"]).await;
    let mighty = world.bridge.partner("MIGHTY", &["*"]).await;
    let ask = async |who: &testkit::TestPartner, name: &str, operation: &str, payload: serde_json::Value| {
        let message = crate::world::newer(name, &payload);
        let reply = who.post_signed(&format!("/{operation}"), &message).await.expect_status(200).json();
        reply["response_header"]["response_error_code"].as_str().unwrap_or("SUCCESS").to_owned()
    };
    let rows = json!(payments(&id, "A", 1, "10.00"));
    let not_found = "DISBURSEMENT_ENVELOPE_NOT_FOUND";
    assert_eq!(ask(&other, "OTHER", "create_disbursements", rows.clone()).await, not_found);
    let name = json!([{"id": id}]);
    assert_eq!(ask(&other, "OTHER", "cancel_disbursement_envelope", name.clone()).await, not_found);
    let amend = json!([{"id": id, "number_of_beneficiaries": 1, "number_of_disbursements": 2,
        "total_disbursement_quantity": 20, "disbursement_schedule_date": day(3)}]);
    assert_eq!(ask(&other, "OTHER", "amend_disbursement_envelope", amend).await, not_found);
    assert_eq!(ask(&mighty, "MIGHTY", "create_disbursements", rows).await, "SUCCESS");
    let payment = json!(["A0000000"]);
    assert_eq!(ask(&other, "OTHER", "cancel_disbursements", payment.clone()).await, not_found);
    assert_eq!(world.code("cancel_disbursements", &payment).await, "SUCCESS");
    assert_eq!(ask(&mighty, "MIGHTY", "cancel_disbursement_envelope", name).await, "SUCCESS");
}
