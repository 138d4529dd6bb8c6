//! Pauses and daily limits: at once when they stop payments, by two people when they let them go on.

use crate::world::{ACCOUNT, World, payments, today, until};
use serde_json::{Value, json};

async fn approve(world: &World, proposal: &Value) -> Value {
    let path = format!("/api/v1/proposals/{}/approve", proposal["proposal_id"].as_str().unwrap());
    world.bridge.user("checker").post(&path, &json!({"reason": "agreed"})).await.expect_status(200).json()
}

fn sent(world: &World) -> usize {
    world.bank.books().payments.len()
}

#[tokio::test]
async fn one_call_stops_payments_and_two_people_let_them_go_on() {
    let world = World::start().await;
    world.program("OTHER", &json!({})).await;
    let (maker, checker) = (world.bridge.user("maker"), world.bridge.user("checker"));
    let stop = json!({"scope": "PROGRAM", "name": "PROG", "reason": "wrong amounts"});
    world.bridge.user("nobody").post("/api/v1/pauses", &stop).await.expect_status(403);
    maker
        .post("/api/v1/pauses", &json!({"scope": "ALL", "name": "x", "reason": "y"}))
        .await
        .expect_status(422);
    maker
        .post("/api/v1/pauses", &json!({"scope": "BANK", "name": "NONE", "reason": "y"}))
        .await
        .expect_status(404);
    maker.post("/api/v1/pauses/resume", &stop).await.expect_status(404);
    let pauses = checker.post("/api/v1/pauses", &stop).await.expect_status(200).json();
    assert_eq!((&pauses[0]["name"], &pauses[0]["paused_by"]), (&json!("PROG"), &json!("user:checker")));
    maker.post("/api/v1/pauses", &stop).await.expect_status(200);

    let paused = world.envelope(4, "40.00", &today()).await;
    world.create(&payments(&paused, "P", 4, "10.00")).await;
    let free = world.envelope_of("OTHER", 2, "20.00", &today()).await;
    world.create(&payments(&free, "F", 2, "10.00")).await;
    world.wait_problem(&paused, "PAUSED").await;
    world.wait_sent(2).await;
    assert_eq!(sent(&world), 2);
    assert!(world.bank.books().blocks.len() == 1, "no money is blocked while paused");

    let proposal = maker.post("/api/v1/pauses/resume", &stop).await.expect_status(202).json();
    let path = format!("/api/v1/proposals/{}/approve", proposal["proposal_id"].as_str().unwrap());
    maker.post(&path, &json!({"reason": "mine"})).await.expect_status(403);
    assert_eq!(world.driver.session().get("/api/v1/pauses").await.json().as_array().unwrap().len(), 1);
    approve(&world, &proposal).await;
    world.wait_sent(6).await;
    assert_eq!(world.driver.session().get("/api/v1/pauses").await.json(), json!([]));
    world.check().await;
}

#[tokio::test]
async fn a_pause_in_the_middle_of_paying_lets_nothing_more_out() {
    let world = World::start_with(|loaded| {
        loaded.service.payment_batch = 1;
        loaded.service.payment_parallel = 1;
    })
    .await;
    let id = world.envelope(120, "1200.00", &today()).await;
    world.create(&payments(&id, "Q", 120, "10.00")).await;
    until("some are sent", async || sent(&world) > 5).await;
    let stop = json!({"scope": "ALL", "reason": "stop"});
    world.bridge.user("maker").post("/api/v1/pauses", &stop).await.expect_status(200);
    world.wait_problem(&id, "PAUSED").await;
    let at_pause = sent(&world);
    assert!(at_pause < 120, "all {at_pause} were sent before the pause");
    let proposal =
        world.bridge.user("maker").post("/api/v1/pauses/resume", &stop).await.expect_status(202).json();
    assert_eq!(sent(&world), at_pause);
    approve(&world, &proposal).await;
    world.wait_sent(120).await;
    assert!(world.bank.books().arrivals.values().all(|n| *n == 1));
    world.check().await;
}

#[tokio::test]
async fn no_more_than_the_daily_limit_leaves_an_account() {
    let world = World::start().await;
    let maker = world.bridge.user("maker");
    let limit = |amount: Value| {
        let mut body = json!({"account_number": ACCOUNT, "currency": "KES", "reason": "by the treasury"});
        if !amount.is_null() {
            body["amount"] = amount;
        }
        body
    };
    let path = "/api/v1/daily-limits";
    let put = async |body: Value| {
        let request = |r: reqwest::RequestBuilder| r.json(&body);
        maker.send(path, reqwest::Method::PUT, request).await
    };
    put(limit(json!("1.005"))).await.expect_status(422);
    put(limit(json!("-1"))).await.expect_status(422);
    let mut unknown = limit(json!("1"));
    unknown["account_number"] = json!("NONE");
    put(unknown).await.expect_status(404);
    let set = put(limit(json!("55.00"))).await.expect_status(200).json();
    assert_eq!((&set["amount"], &set["set_by"]), (&json!("55.00"), &json!("user:maker")));

    let id = world.envelope(10, "100.00", &today()).await;
    world.create(&payments(&id, "D", 10, "10.00")).await;
    world.wait_sent(5).await;
    world.wait_problem(&id, "DAILY_LIMIT_REACHED").await;
    assert_eq!(sent(&world), 5);
    let listed = world.driver.session().get(path).await.json();
    assert_eq!(listed["items"][0]["amount"], "55.00");

    // More is for two people.
    let proposal = put(limit(json!("90.00"))).await.expect_status(202).json();
    assert_eq!(sent(&world), 5);
    approve(&world, &proposal).await;
    world.wait_sent(9).await;
    let proposal = put(limit(Value::Null)).await.expect_status(202).json();
    assert_eq!(approve(&world, &proposal).await["outcome"], "NO LIMIT");
    world.wait_sent(10).await;
    assert_eq!(world.driver.session().get(path).await.json()["items"], json!([]));
    world.check().await;
}
