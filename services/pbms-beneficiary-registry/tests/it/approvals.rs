//! Two people decide.

use serde_json::json;

use crate::{registry::five, support::World};

async fn draft(world: &World) -> String {
    world.registry.hold(five());
    let program = world.enrolled("GRANT").await;
    world.deposit(&program, "10000.00").await;
    let cycle = world.computed(&program, 1).await;
    world.post("maker", &format!("/cycles/{cycle}/fund-check"), &json!({})).await.ok();
    cycle
}

#[tokio::test]
async fn nobody_approves_what_they_submitted() {
    let world = World::new().await;
    let cycle = draft(&world).await;
    let path = format!("/cycles/{cycle}/approvals");
    let early = world.post("checker", &path, &json!({})).await;
    assert_eq!(early.status, 403, "the checker does not submit: {early:?}");
    // An administrator holds both rights, and still is one person.
    let submitted = world.post("admin", &path, &json!({})).await.ok();
    assert_eq!(submitted.body["state"], "to_approve");
    for user in ["admin", "maker"] {
        let refused = world.post(user, &path, &json!({})).await;
        assert_eq!((refused.status, refused.code()), (403, "forbidden"), "{user}");
    }
    let approved = world.post("checker", &path, &json!({"comment": "seen"})).await.ok().body;
    assert_eq!(approved["state"], "approved");
    assert_eq!(approved["approved"], json!({"count": 3, "amount": "2250.00"}));
    assert_eq!(
        (approved["submitted_by"].as_str(), approved["approved_by"].as_str()),
        (Some("user:admin"), Some("user:checker"))
    );
    let again = world.post("checker", &path, &json!({})).await;
    assert_eq!((again.status, again.code()), (409, "cycle_state"));
}

#[tokio::test]
async fn what_was_submitted_cannot_change_until_it_is_sent_back() {
    let world = World::new().await;
    let cycle = draft(&world).await;
    let path = format!("/cycles/{cycle}/approvals");
    world.post("maker", &path, &json!({})).await.ok();
    let compute = format!("/cycles/{cycle}/entitlements");
    assert_eq!(world.post("maker", &compute, &json!({})).await.code(), "cycle_state");
    let returned =
        world.post("checker", &path, &json!({"decision": "return", "comment": "too high"})).await.ok();
    assert_eq!(returned.body["state"], "draft");
    world.post("maker", &compute, &json!({})).await.ok();
    world.work().await;
    world.approve(&cycle).await;
    for path in [compute, format!("/cycles/{cycle}/fund-check")] {
        let late = world.post("maker", &path, &json!({})).await;
        assert_eq!((late.status, late.code()), (409, "cycle_state"), "{path}");
    }
    let history = world.texts("SELECT to_state || ':' || reason FROM cycle_history ORDER BY id").await;
    assert_eq!(history, ["draft:", "to_approve:", "draft:too high", "to_approve:", "approved:"]);
}

#[tokio::test]
async fn amounts_changed_behind_the_back_are_not_approved() {
    let world = World::new().await;
    let cycle = draft(&world).await;
    let path = format!("/cycles/{cycle}/approvals");
    world.post("maker", &path, &json!({})).await.ok();
    let change =
        "UPDATE entitlements SET amount_minor = amount_minor + 1 WHERE household_id LIKE '%h000001@%'";
    storage::sql::execute(world.db.conn(), change, []).await.unwrap();
    let refused = world.post("checker", &path, &json!({})).await;
    assert_eq!((refused.status, refused.code()), (409, "amounts_changed"));
}

#[tokio::test]
async fn cycles_are_made_once_and_must_be_well_formed() {
    let world = World::new().await;
    let program = world.program("GRANT").await;
    let path = format!("/programs/{program}/cycles");
    let good = json!({"name": "January", "schedule_date": "2026-01-31", "sequence": 1});
    let id = world.post("maker", &path, &good).await.ok().id();
    assert_eq!(world.post("maker", &path, &good).await.ok().id(), id);
    for (field, value, status) in [
        ("sequence", json!(2), 409),
        ("name", json!("February"), 409),
        ("name", json!(""), 422),
        ("sequence", json!(0), 422),
        ("schedule_date", json!("2026-02-30"), 400),
        ("schedule_date", json!("9999-01-01"), 422),
        ("extra", json!(1), 400),
    ] {
        let mut wrong = good.clone();
        wrong[field] = value;
        let reply = world.post("maker", &path, &wrong).await;
        assert_eq!(reply.status, status, "{field}: {reply:?}");
    }
    let list = world.get("maker", &path).await.ok().body;
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    assert_eq!(world.get("maker", "/cycles/01890000-0000-7000-8000-000000000000").await.status, 404);
}
