//! Changes of staff that a second person has to approve.

use std::time::Duration;

use serde_json::{Value, json};
use spar_mapper::Service;
use testkit::{TestService, wait_for};

use crate::{control::fas, start_plain as start};

#[tokio::test]
async fn a_second_person_approves_where_that_is_required() {
    let mapper = TestService::<Service>::start(|loaded| {
        loaded.service.second_approver = true;
        loaded.service.encryption = false;
    })
    .await;
    let (maker, checker, admin) = (mapper.user("maker"), mapper.user("checker"), mapper.user("admin"));
    let body = json!({"id": "a", "operation": "link", "fa": "account:1@bank", "reason": "first account"});
    checker.post("/api/v1/changes", &body).await.expect_status(403);
    let change = admin.post("/api/v1/changes", &body).await.expect_status(202).json();
    assert_eq!(change["state"], "proposed");
    let path = format!("/api/v1/changes/{}/approve", change["change_id"].as_str().unwrap());
    maker.post(&path, &json!({})).await.expect_status(403);
    admin.post(&path, &json!({})).await.expect_status(403);
    assert!(fas(&mapper).await.is_empty());
    let approved = checker.post(&path, &json!({})).await.expect_status(200).json();
    assert_eq!((&approved["state"], &approved["approved_by"]), (&json!("scheduled"), &json!("user:checker")));
    wait_for("the change to be made", Duration::from_secs(30), || async {
        (fas(&mapper).await == ["a account:1@bank"]).then_some(())
    })
    .await;
    let history = admin.post("/api/v1/mappings/history", &json!({"id": "a"})).await.json();
    let entry = &history["items"][0];
    assert_eq!((&entry["actor"], &entry["approved_by"]), (&json!("user:admin"), &json!("user:checker")));
}

#[tokio::test]
async fn a_system_that_vouches_for_its_users_acts_in_their_names_and_two_of_them_are_needed() {
    let mapper = start().await;
    let granted = ["mapper:write", "mapper:approve", "mapper:freeze", "mapper:on_behalf"];
    let (desk, other) =
        (mapper.partner("DESK", &granted).await, mapper.partner("OTHER", &granted[..3]).await);
    let send = async |partner: &testkit::TestPartner, user: &str, path: &str, body: Value| {
        let token = partner.http_client().service_token("spar-mapper").unwrap();
        let request =
            |r: reqwest::RequestBuilder| r.bearer_auth(token).header("On-Behalf-Of", user).json(&body);
        mapper.anonymous().send(path, reqwest::Method::POST, request).await
    };
    let body = json!({"id": "a", "operation": "link", "fa": "account:1@bank", "reason": "asked at the desk", "needs_approval": true});
    send(&other, "ada", "/api/v1/changes", body.clone()).await.expect_status(403);
    send(&desk, "a b", "/api/v1/changes", body.clone()).await.expect_status(400);
    let change = send(&desk, "ada", "/api/v1/changes", body).await.expect_status(202).json();
    assert_eq!((&change["state"], &change["requested_by"]), (&json!("proposed"), &json!("user:ada")));
    let approve = format!("/api/v1/changes/{}/approve", change["change_id"].as_str().unwrap());
    send(&desk, "ada", &approve, json!({})).await.expect_status(403);
    assert!(fas(&mapper).await.is_empty());
    send(&desk, "ben", &approve, json!({})).await.expect_status(200);
    wait_for("the change to be made", Duration::from_secs(30), || async {
        (fas(&mapper).await == ["a account:1@bank"]).then_some(())
    })
    .await;
    let freeze = json!({"id": "a", "reason": "a complaint"});
    send(&desk, "ben", "/api/v1/mappings/freeze", freeze).await.expect_status(204);
    let history = mapper.user("admin").post("/api/v1/mappings/history", &json!({"id": "a"})).await.json();
    let told: Vec<(&Value, &Value)> =
        history["items"].as_array().unwrap().iter().map(|i| (&i["actor"], &i["approved_by"])).collect();
    assert_eq!(told, [(&json!("user:ada"), &json!("user:ben")), (&json!("user:ben"), &Value::Null)]);
}
