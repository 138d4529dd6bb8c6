//! Enrolment and entitlements.

use serde_json::{Value, json};
use storage::sql;

use crate::{
    registry::{five, household},
    support::{World, demo_program, timed},
};

#[tokio::test]
async fn each_household_is_decided_on_with_its_reason() {
    let world = World::new().await;
    let mut households = five();
    households.push(household(6, Value::Null, &["1980-01-01", "2020-01-01"]));
    world.registry.hold(households);
    let program = world.program("GRANT").await;
    world.pull(&program).await;
    let run = world.enrol(&program).await;
    let expected = json!({"considered": 6, "eligible": 4, "enrolled": 3, "not_eligible": 2, "rejected": 1, "changed": 6,
        "reason.MISSING_DATA": 1, "reason.NO_PAYEE": 1, "reason.RULE_NOT_MET": 1});
    assert_eq!(run["counts"], expected);
    let again = world.enrol(&program).await;
    assert_eq!(again["counts"]["changed"], 0);
    let history = "SELECT count(*) FROM membership_history";
    assert_eq!(world.number(history).await, 6);
    let payee = "SELECT payee FROM memberships WHERE household_id LIKE '%h000001@%'";
    assert_eq!(world.texts(payee).await, ["token:p000001-0@nationalId"]);
}

#[tokio::test]
async fn a_change_in_the_registry_changes_the_membership_and_is_remembered() {
    let world = World::with(|config| config.chunk_size = 2).await;
    world.registry.hold(five());
    let program = world.enrolled("GRANT").await;
    let mut later = five();
    later[0]["poverty_score"] = json!(60.0);
    later.remove(1);
    world.registry.hold(later);
    world.pull(&program).await;
    let run = world.enrol(&program).await;
    assert_eq!(run["counts"]["changed"], 2);
    assert_eq!(run["counts"]["reason.LEFT_REGISTRY"], 1);
    let steps = world
        .texts(
            "SELECT coalesce(from_state, '-') || '>' || to_state || ':' || coalesce(reason, '') FROM membership_history
              WHERE household_id LIKE '%h000001@%' ORDER BY id",
        )
        .await;
    assert_eq!(steps, ["->enrolled:", "enrolled>not_eligible:RULE_NOT_MET"]);
    // Somebody's deliberate pause is not undone by the next enrolment.
    let pause = "UPDATE memberships SET state = 'paused' WHERE household_id LIKE '%h000003@%'";
    sql::execute(world.db.conn(), pause, []).await.unwrap();
    world.enrol(&program).await;
    assert_eq!(world.number("SELECT count(*) FROM memberships WHERE state = 'paused'").await, 1);
}

#[tokio::test]
async fn entitlements_follow_the_benefit_with_ages_on_the_schedule_date() {
    let world = World::new().await;
    world.registry.hold(five());
    let program = world.enrolled("GRANT").await;
    let cycle = world.computed(&program, 1).await;
    let view = world.cycle(&cycle).await;
    assert_eq!(view["entitlement_state"], "computed");
    // One child under 5: 650; five, one of whom turned 5 just before: 500 + 4 * 150 = 1,100; none: 500.
    assert_eq!(view["entitled"], json!({"count": 3, "amount": "2250.00"}));
    let amounts = world.texts("SELECT amount_minor::text FROM entitlements ORDER BY household_id").await;
    assert_eq!(amounts, ["65000", "110000", "50000"]);
    // On the first cycle's day the eldest of the five is 4 years and 364 days old: the cap cuts.
    let request = json!({"name": "January", "schedule_date": "2026-01-31", "sequence": 7});
    let other = json!({"name": "February", "schedule_date": "2026-02-01", "sequence": 8});
    for (request, lines) in [(request, 3), (other, 2)] {
        let cycle = world.post("maker", &format!("/programs/{program}/cycles"), &request).await.ok().id();
        world.post("maker", &format!("/cycles/{cycle}/entitlements"), &json!({})).await.ok();
        world.work().await;
        let query = format!(
            "SELECT count(*) FROM entitlement_lines WHERE cycle_id = '{cycle}' AND household_id LIKE '%h000002@%'"
        );
        assert_eq!(world.number(&query).await, lines, "{request}");
    }
    let odd = "SELECT count(*) FROM entitlements e WHERE amount_minor <> (SELECT sum(quantity * unit_minor)
        FROM entitlement_lines l WHERE (l.cycle_id, l.household_id, l.benefit_code) = (e.cycle_id, e.household_id, e.benefit_code))";
    assert_eq!(world.number(odd).await, 0, "lines sum to their entitlement");
}

#[tokio::test]
async fn computing_again_replaces_and_frees_the_money() {
    let world = World::with(|config| config.chunk_size = 1).await;
    world.registry.hold(five());
    let program = world.enrolled("GRANT").await;
    world.deposit(&program, "5000.00").await;
    let cycle = world.computed(&program, 1).await;
    world.post("maker", &format!("/cycles/{cycle}/fund-check"), &json!({})).await.ok();
    let fund = world.get("maker", &format!("/programs/{program}/funds")).await.ok().body;
    assert_eq!(fund["reserved"], "2250.00");
    let run = world.post("maker", &format!("/cycles/{cycle}/entitlements"), &json!({})).await.ok().id();
    let fund = world.get("maker", &format!("/programs/{program}/funds")).await.ok().body;
    assert_eq!((fund["reserved"].as_str(), fund["available"].as_str()), (Some("0.00"), Some("5000.00")));
    let early = world.post("maker", &format!("/cycles/{cycle}/fund-check"), &json!({})).await;
    assert_eq!((early.status, early.code()), (409, "entitlements_not_computed"));
    world.work().await;
    let run = world.get("maker", &format!("/cycles/{cycle}/entitlements/{run}")).await.ok().body;
    assert_eq!(run["counts"], json!({"households": 3, "entitlements": 3, "amount_minor": 225_000}));
    assert_eq!(world.cycle(&cycle).await["entitled"]["amount"], "2250.00");
}

/// The size of the middle measure, in the unoptimised build: seconds, not minutes.
#[tokio::test]
async fn a_hundred_thousand_people_take_seconds() {
    let world = World::with(|config| config.chunk_size = 5_000).await;
    let born = ["1985-03-04", "1990-01-01", "2010-05-06", "2018-01-01", "2023-06-07"];
    let households = (0..20_000).map(|n| household(n, n % 100, &born[..1 + n % 5])).collect();
    world.registry.hold(households);
    let mut program = demo_program("GRANT");
    program["eligibility_rule"] = "poverty_score < 60.0 && members.exists(m, m.age < 18)".into();
    let program = world.post("maker", "/programs", &program).await.ok().id();
    let run = timed("pull of 20,000 households", world.pull(&program)).await;
    assert_eq!(run["counts"]["created"], 20_000);
    let run = timed("enrolment", world.enrol(&program)).await;
    assert_eq!(run["counts"]["enrolled"], 7_200);
    let cycle = timed("entitlements", world.computed(&program, 1)).await;
    // Of the eligible ones a third has a child under 5.
    assert_eq!(world.cycle(&cycle).await["entitled"], json!({"count": 7_200, "amount": "3960000.00"}));
}
