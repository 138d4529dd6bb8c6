//! Programme systems are told of every change by signed calls: in order, at least once, and only where that is registered.

use platform::{Mode, Policy};
use serde_json::{Value, json};
use storage::sql;
use testkit::{TestPartner, wait_for};
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::method};

use crate::world::{LIMIT, World, newer, payments, today, until};

async fn host(failures: u64, then: u16) -> MockServer {
    let server = MockServer::start().await;
    if failures > 0 {
        let busy = Mock::given(method("POST")).respond_with(ResponseTemplate::new(503));
        busy.up_to_n_times(failures).mount(&server).await;
    }
    Mock::given(method("POST"))
        .respond_with(ResponseTemplate::new(then).set_body_json(json!({})))
        .mount(&server)
        .await;
    server
}

/// A programme whose system wants to be told at `url`, and the partner that makes its envelopes.
async fn told_at(world: &World, url: &str, registered: &str) -> TestPartner {
    world.program("TOLD", &json!({"notify_url": url})).await;
    let policy = Policy {
        permissions: ["bridge:call".to_owned()].into(),
        callback_urls: [registered.to_owned()].into(),
        ..Policy::default()
    };
    world.bridge.partner_with("MIS", Mode::Compat, policy).await
}

async fn pay(world: &World, mis: &TestPartner, prefix: &str) -> String {
    let envelope = crate::world::envelope("TOLD", 2, "20.00", &today());
    let reply =
        mis.post_signed("/create_disbursement_envelopes", &newer("MIS", &json!([envelope]))).await.json();
    let id = reply["response_body"]["response_payload"][0]["id"].as_str().unwrap().to_owned();
    let rows = json!(payments(&id, prefix, 2, "10.00"));
    mis.post_signed("/create_disbursements", &newer("MIS", &rows)).await.expect_status(200);
    world.wait_sent(2).await;
    id
}

async fn bodies(server: &MockServer) -> Vec<Value> {
    let got = server.received_requests().await.unwrap_or_default();
    got.iter().map(|request| serde_json::from_slice(&request.body).unwrap()).collect()
}

async fn started() -> World {
    World::start_with(|loaded| loaded.service.callback_loopback = true).await
}

#[tokio::test]
async fn every_change_is_told_in_order_and_signed() {
    let world = started().await;
    let server = host(2, 200).await;
    let mis = told_at(&world, &format!("{}/hooks/payments", server.uri()), &server.uri()).await;
    let id = pay(&world, &mis, "N").await;
    world.statement(&[("D", "N0000000", "10.00"), ("D", "N0000001", "10.00")]).await;
    world.wait_state(&id, "FINISHED").await;
    let told = wait_for("the last message", LIMIT, || async {
        let told = bodies(&server).await;
        told.iter().any(|t| t["message"]["data"]["state"] == "FINISHED").then_some(told)
    })
    .await;
    // What was answered 503 came again under the same id.
    let ids: Vec<&str> = told.iter().map(|t| t["header"]["message_id"].as_str().unwrap()).collect();
    assert_eq!((ids[0], ids[1]), (ids[1], ids[2]), "{ids:?}");
    let states: Vec<&str> = told[2..].iter().filter_map(|t| t["message"]["data"]["state"].as_str()).collect();
    let whole = ["RECEIVING", "SCHEDULED", "RESOLVING", "FUNDING", "PAYING", "RELEASING", "FINISHED"];
    assert_eq!(states, whole);
    let items: Vec<(String, String)> = told[2..]
        .iter()
        .filter_map(|t| t["message"]["data"]["items"].as_array())
        .flatten()
        .filter(|i| i["disbursement_id"] == "N0000000")
        .map(|i| (i["disbursement_id"].to_string(), i["state"].as_str().unwrap().to_owned()))
        .collect();
    let items: Vec<&str> = items.iter().map(|(_, state)| state.as_str()).collect();
    assert_eq!(items, ["ACCEPTED", "PAID"]);
    let first = &server.received_requests().await.unwrap()[0];
    assert_eq!(first.url.path(), "/hooks/payments");
    assert!(first.headers.contains_key("signature"), "{:?}", first.headers);
    assert!(told[0]["signature"].is_string());
    assert_eq!(told[0]["header"]["action"], "on-status-change");
    // A programme that did not ask is not told.
    let other = world.envelope(1, "1.00", &today()).await;
    let mine: Option<i64> = sql::scalar(
        world.db().conn(),
        "SELECT count(*) FROM notifications WHERE envelope_id = $1",
        [other.into()],
    )
    .await
    .unwrap();
    assert_eq!(mine, Some(0));
}

#[tokio::test]
async fn what_is_not_taken_is_kept_for_an_operator_who_can_send_it_again() {
    let world = started().await;
    let server = host(0, 400).await;
    let mis = told_at(&world, &server.uri(), &server.uri()).await;
    let id = pay(&world, &mis, "K").await;
    let dead = async || {
        let query = "SELECT count(*) FROM notifications WHERE state = 'DEAD'";
        let count: Option<i64> = sql::scalar(world.db().conn(), query, []).await.unwrap();
        count.unwrap()
    };
    until("they are set aside", async || dead().await >= 6).await;
    server.reset().await;
    Mock::given(method("POST")).respond_with(ResponseTemplate::new(200)).mount(&server).await;
    let retry = format!("/api/v1/envelopes/{id}/retry");
    world
        .bridge
        .user("maker")
        .post(&retry, &json!({"reason": "their server is mended"}))
        .await
        .expect_status(202);
    until("all are taken", async || {
        let query = "SELECT count(*) FROM notifications";
        let left: Option<i64> = sql::scalar(world.db().conn(), query, []).await.unwrap();
        left == Some(0)
    })
    .await;
    assert!(bodies(&server).await.len() >= 6);
}

#[tokio::test]
async fn nothing_is_told_to_an_address_that_is_not_the_partners() {
    let world = started().await;
    let (wanted, registered) = (host(0, 200).await, host(0, 200).await);
    let mis = told_at(&world, &wanted.uri(), &registered.uri()).await;
    pay(&world, &mis, "X").await;
    until("they are set aside", async || {
        let query = "SELECT min(problem) FROM notifications WHERE state = 'DEAD'";
        let why: Option<Option<String>> = sql::scalar(world.db().conn(), query, []).await.unwrap();
        why.flatten().is_some_and(|why| why.contains("registered"))
    })
    .await;
    assert!(bodies(&wanted).await.is_empty() && bodies(&registered).await.is_empty());
    let reply = world
        .driver
        .post_signed(
            "/create_benefit_program_configuration",
            &newer("DEMO", &json!({"benefit_program_mnemonic": "BAD", "sponsor_bank_code": "EXAMPLE_BANK",
                "sponsor_bank_account_number": "A1", "sponsor_bank_account_currency": "KES", "notify_url": "ftp://x"})),
        )
        .await
        .json();
    assert_eq!(reply["response_header"]["response_error_code"], "INVALID_NOTIFY_URL");
}
