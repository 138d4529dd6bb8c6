//! Defining programmes.

use serde_json::json;

use crate::support::{World, demo_program};

#[tokio::test]
async fn a_programme_is_defined_read_and_listed() {
    let world = World::new().await;
    let made = world.post("maker", "/programs", &demo_program("GRANT")).await;
    assert_eq!(made.status, 201, "{made:?}");
    assert_eq!(made.body["benefit"]["additions"][0]["amount"], "150.00");
    let read = world.get("checker", &format!("/programs/{}", made.id())).await.ok();
    assert_eq!(read.body, made.body);
    world.program("AID").await;
    let list = world.get("maker", "/programs?limit=1").await.ok().body;
    assert_eq!((list["items"][0]["mnemonic"].as_str(), list["next"].as_str()), (Some("AID"), Some("AID")));
    let rest = world.get("maker", "/programs?limit=1&after=AID").await.ok().body;
    assert_eq!((rest["items"][0]["mnemonic"].as_str(), rest["next"].as_str()), (Some("GRANT"), None));
}

#[tokio::test]
async fn the_same_definition_again_changes_nothing_and_another_one_is_refused() {
    let world = World::new().await;
    let id = world.program("GRANT").await;
    assert_eq!(world.program("GRANT").await, id);
    let mut other = demo_program("GRANT");
    other["benefit"]["base"] = "501.00".into();
    let refused = world.post("maker", "/programs", &other).await;
    assert_eq!((refused.status, refused.code()), (409, "mnemonic_taken"));
}

#[tokio::test]
async fn wrong_definitions_are_refused_with_the_field_and_leave_nothing_behind() {
    let world = World::new().await;
    for (pointer, value, field) in [
        ("/eligibility_rule", json!("income < 5"), "eligibility_rule"),
        ("/eligibility_rule", json!("poverty_score < 'x'"), "eligibility_rule"),
        ("/eligibility_rule", json!("group_size < 5"), "eligibility_rule"),
        ("/benefit/additions/0/rule", json!("m.name == 'x'"), "benefit.additions[0].rule"),
        ("/benefit/base", json!("500.001"), "benefit.base"),
        ("/benefit/base", json!("-1.00"), "benefit.base"),
        ("/benefit/cap", json!("1e400"), "benefit.cap"),
        ("/field_policy/0", json!("members.given_name"), "field_policy[0]"),
        ("/currency", json!("XXX"), "currency"),
        ("/time_zone", json!("Mars/Olympus"), "time_zone"),
        ("/target", json!("person"), "target"),
        ("/mnemonic", json!("has space"), "mnemonic"),
    ] {
        let mut program = demo_program("GRANT");
        *program.pointer_mut(pointer).unwrap() = value;
        let refused = world.post("maker", "/programs", &program).await;
        assert_eq!((refused.status, refused.code()), (422, "definition_invalid"), "{pointer}: {refused:?}");
        let fields: Vec<&str> =
            refused.body["errors"].as_array().unwrap().iter().map(|e| e["field"].as_str().unwrap()).collect();
        assert!(fields.contains(&field), "{pointer}: {fields:?}");
    }
    assert_eq!(world.number("SELECT count(*) FROM programs").await, 0);
}

#[tokio::test]
async fn malformed_bodies_are_client_errors() {
    let world = World::new().await;
    for body in ["", "{", "[]", "{\"mnemonic\": 5}", "{\"unknown\": 1}", "null"] {
        let request = world.client().post(world.at("/programs")).bearer_auth(world.token("maker"));
        let reply = world.send(request.header("Content-Type", "application/json").body(body)).await;
        assert_eq!(reply.status, 400, "{body}: {reply:?}");
    }
}

#[tokio::test]
async fn a_deposit_with_a_key_is_booked_once() {
    let world = World::new().await;
    let program = world.program("GRANT").await;
    let deposit = async |key: &str, amount: &str| {
        let url = world.at(&format!("/programs/{program}/funds"));
        let request =
            world.client().post(url).bearer_auth(world.token("maker")).header("Idempotency-Key", key);
        world.send(request.json(&json!({"amount": amount}))).await
    };
    let first = deposit("k1", "100.00").await.ok();
    assert_eq!(deposit("k1", "100.00").await.ok().body, first.body);
    assert_eq!(deposit("k1", "200.00").await.code(), "idempotency_key_reused");
    assert_eq!(deposit("k2", "0.50").await.ok().body["available"], "100.50");
    for wrong in ["0", "-5.00", "0.001", "NaN", "ten"] {
        assert_eq!(deposit("k3", wrong).await.status, 422, "{wrong}");
    }
}
