//! Who may do what.

use example_bank::Service;
use serde_json::{Value, json};

use crate::support::Bank;

#[tokio::test]
async fn nothing_but_the_ping_answers_without_a_token() {
    let bank = Bank::start(|_| {}).await;
    let document: Value = serde_json::to_value(platform::openapi::<Service>()).unwrap();
    let nobody = bank.service.anonymous();
    let mut routes = 0;
    for (path, operations) in document["paths"].as_object().unwrap() {
        let path = path.replace("{statement_id}", "1");
        for method in operations.as_object().unwrap().keys() {
            let reply =
                if method == "get" { nobody.get(&path).await } else { nobody.post(&path, &json!({})).await };
            assert_eq!(reply.status, if path == "/ping" { 200 } else { 401 }, "{method} {path}");
            routes += 1;
        }
    }
    assert_eq!(routes, 13);
}

#[tokio::test]
async fn each_call_needs_its_permission() {
    let bank = Bank::start(|_| {}).await;
    let asks = bank.service.partner("ASKS", &["bank:call"]).await;
    asks.session().post("/initiate_payment", &json!([])).await.expect_status(403);
    asks.session().get("/api/v1/payments").await.expect_status(403);
    let pays = bank.service.partner("PAYS", &["bank:pay"]).await;
    pays.session().post("/initiate_payment", &json!([])).await.expect_status(200);
    let ask = json!({"payment_reference_numbers": []});
    pays.session().post("/payment_status", &ask).await.expect_status(403);
    let checker = bank.service.user("checker");
    checker.post("/api/v1/accounts", &json!({"accounts": []})).await.expect_status(403);
    checker.get("/api/v1/ledger/summary").await.expect_status(200);
    bank.service.user("helpdesk").get("/api/v1/ledger/summary").await.expect_status(403);
}
