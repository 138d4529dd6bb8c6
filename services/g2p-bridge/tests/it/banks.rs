//! Several banks at once.

use std::time::Duration;

use serde_json::json;
use testkit::wait_until;

use crate::{
    bank::{FakeBank, Pay},
    world::{LIMIT, World, newer, payments, today},
};

#[tokio::test]
async fn a_bank_that_does_not_answer_holds_up_nobody_elses_payments() {
    let other = FakeBank::start().await;
    let url = other.server.uri();
    let world = World::start_with(|loaded| {
        loaded.common.call_timeout_seconds = 20;
        loaded.service.payment_parallel = 1;
        let bank = json!({"connector": "example", "url": url});
        loaded.service.banks.insert("Other".to_owned(), serde_json::from_value(bank).unwrap());
    })
    .await;
    world.program("ELSEWHERE", &json!({"sponsor_bank_code": "OTHER"})).await;
    world.bank.books().pay = Pay::Late(Duration::from_secs(19));
    let slow = world.envelope(12, "120.00", &today()).await;
    world.create(&payments(&slow, "S", 12, "10.00")).await;
    wait_until("the slow bank is called", LIMIT, || !world.bank.books().arrivals.is_empty()).await;
    let quick = world.envelope_of("ELSEWHERE", 12, "120.00", &today()).await;
    world.create(&payments(&quick, "Q", 12, "10.00")).await;
    world.wait_sent(12).await;
    assert!(other.books().payments.keys().all(|key| key.starts_with('Q')));
    assert!(world.bank.books().arrivals.keys().all(|key| key.starts_with('S')));
    let states = world.states(&slow).await;
    assert!(states.iter().any(|s| s.1 == "SENDING"), "the first call is still waiting: {states:?}");
    world.check().await;
}

#[tokio::test]
async fn a_programme_is_paid_by_a_bank_that_is_configured() {
    let world = World::start().await;
    let payload = json!({"benefit_program_mnemonic": "NOBANK", "sponsor_bank_code": "NOWHERE",
        "sponsor_bank_account_number": "1", "sponsor_bank_account_currency": "KES"});
    let reply = world
        .driver
        .post_signed("/create_benefit_program_configuration", &newer("DEMO", &payload))
        .await
        .json();
    assert_eq!(reply["response_header"]["response_error_code"], "INVALID_SPONSOR_BANK_CODE");
}
