//! Pulling registrants.

use serde_json::{Value, json};
use storage::sql;

use crate::{
    registry::{five, household},
    support::World,
};

fn counts(run: &Value) -> [i64; 5] {
    ["received", "created", "updated", "unchanged", "left"].map(|name| run["counts"][name].as_i64().unwrap())
}

#[tokio::test]
async fn everybody_arrives_once_and_a_second_pull_changes_nothing() {
    let world = World::with(|config| config.pull_page_size = 2).await;
    world.registry.hold(five());
    let program = world.program("GRANT").await;
    let run = world.pull(&program).await;
    assert_eq!(
        (run["state"].as_str(), run["done"].as_i64(), run["total"].as_i64()),
        (Some("done"), Some(5), Some(5))
    );
    assert_eq!(counts(&run), [5, 5, 0, 0, 0]);
    assert_eq!(world.registry.data.lock().unwrap().pages, [1, 2, 3]);
    let before = world.texts("SELECT household_id || updated_at::text FROM households ORDER BY 1").await;
    let again = world.pull(&program).await;
    assert_eq!(counts(&again), [5, 0, 0, 5, 0]);
    assert_eq!(
        world.texts("SELECT household_id || updated_at::text FROM households ORDER BY 1").await,
        before
    );
    assert_eq!(world.number("SELECT count(*) FROM members WHERE active").await, 15);
}

#[tokio::test]
async fn only_the_field_policy_is_asked_for_and_no_personal_data_is_kept() {
    let world = World::new().await;
    world.registry.hold(five());
    let program = world.program("GRANT").await;
    world.pull(&program).await;
    let asked: Vec<String> = world.registry.data.lock().unwrap().attributes.iter().cloned().collect();
    assert_eq!(asked, ["members.birth_date", "members.identifiers", "members.kind", "poverty_score"]);
    assert_eq!(world.number("SELECT count(*) FROM households WHERE district IS NOT NULL").await, 0);
    assert_eq!(world.number("SELECT count(*) FROM members WHERE gender IS NOT NULL").await, 0);
    // No table of the schema holds the text of an identifier or of a name.
    let tables = world
        .texts("SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'pbms_beneficiary_registry'")
        .await;
    assert!(tables.len() > 10);
    for table in tables {
        let query = format!(
            "SELECT count(*) FROM {table} t WHERE t::text LIKE '%000001000%' OR t::text LIKE '%Never asked%'"
        );
        assert_eq!(world.number(&query).await, 0, "{table}");
    }
    assert_eq!(world.number("SELECT count(*) FROM identifiers").await, 15);
}

#[tokio::test]
async fn a_pull_goes_on_after_a_failure_and_reads_each_page_once() {
    let world = World::with(|config| config.pull_page_size = 1).await;
    world.registry.hold(five());
    world.registry.data.lock().unwrap().fail_at = Some(4);
    let program = world.program("GRANT").await;
    let run = world.pull(&program).await;
    assert_eq!((run["state"].as_str(), run["done"].as_i64()), (Some("running"), Some(3)), "{run}");
    assert!(run["error"].as_str().unwrap().contains("HTTP 500"), "{run}");
    // Whoever came or went meanwhile does not disturb the list that the pull reads from.
    world.registry.hold(Vec::new());
    world.work_again().await;
    let base = format!("/programs/{program}/registrant-pulls/{}", run["id"].as_str().unwrap());
    let run = world.get("maker", &base).await.ok().body;
    assert_eq!(counts(&run), [5, 5, 0, 0, 0], "{run}");
    assert_eq!(world.registry.data.lock().unwrap().pages, [1, 2, 3, 4, 4, 5]);
}

#[tokio::test]
async fn a_pull_begins_again_when_the_registry_forgot_its_list() {
    let world = World::with(|config| config.pull_page_size = 2).await;
    world.registry.hold(five());
    world.registry.data.lock().unwrap().forget_at = Some(2);
    let program = world.program("GRANT").await;
    let run = world.pull(&program).await;
    assert_eq!(run["state"], "done");
    assert_eq!(counts(&run), [5, 3, 0, 2, 0]);
    assert_eq!(world.registry.data.lock().unwrap().pages, [1, 2, 1, 2, 3]);
}

#[tokio::test]
async fn who_left_while_a_pull_began_again_has_left() {
    let world = World::with(|config| config.pull_page_size = 2).await;
    world.registry.hold(five());
    {
        let mut data = world.registry.data.lock().unwrap();
        data.forget_at = Some(2);
        data.then = Some(five().split_off(1));
    }
    let program = world.program("GRANT").await;
    let run = world.pull(&program).await;
    assert_eq!((run["state"].as_str(), counts(&run)), (Some("done"), [4, 3, 0, 1, 1]));
    let gone = world.texts("SELECT household_id FROM households WHERE NOT active").await;
    assert_eq!(gone, ["token:h000001@household"]);
}

#[tokio::test]
async fn a_registry_that_gives_nobody_is_not_believed_without_being_told_so() {
    let world = World::new().await;
    let program = world.program("GRANT").await;
    assert_eq!(world.pull(&program).await["state"], "done", "of nobody nobody can be lost");
    world.registry.hold(five());
    world.pull(&program).await;
    world.registry.hold(Vec::new());
    let run = world.pull(&program).await;
    assert_eq!(run["state"], "failed");
    assert!(run["error"].as_str().unwrap().contains("allow_empty"), "{run}");
    assert_eq!(world.number("SELECT count(*) FROM households WHERE active").await, 5);
    let base = format!("/programs/{program}/registrant-pulls");
    let run = world.post("maker", &format!("{base}?allow_empty=true"), &json!({})).await.ok().id();
    world.work().await;
    let run = world.get("maker", &format!("{base}/{run}")).await.ok().body;
    assert_eq!(counts(&run), [0, 0, 0, 0, 5]);
}

#[tokio::test]
async fn a_search_that_is_refused_ends_the_pull_at_once() {
    let world = World::new().await;
    world.registry.hold(five());
    world.registry.data.lock().unwrap().refuse = Some("rjct.filter.invalid");
    let program = world.program("GRANT").await;
    let run = world.pull(&program).await;
    assert_eq!(run["state"], "failed", "{run}");
    assert!(run["error"].as_str().unwrap().contains("rjct.filter.invalid"), "{run}");
}

#[tokio::test]
async fn nobody_is_pulled_while_people_are_enrolled() {
    let world = World::new().await;
    world.registry.hold(five());
    let program = world.program("GRANT").await;
    world.pull(&program).await;
    let enrolments = format!("/programs/{program}/enrolments");
    world.post("maker", &enrolments, &json!({"as_of": "2026-01-01"})).await.ok();
    let base = format!("/programs/{program}/registrant-pulls");
    let pull = world.post("maker", &base, &json!({})).await;
    assert_eq!((pull.status, pull.code()), (409, "enrolment_running"));
    world.work().await;
    world.post("maker", &base, &json!({})).await.ok();
}

#[tokio::test]
async fn changes_and_departures_are_seen() {
    let world = World::new().await;
    world.registry.hold(five());
    let program = world.program("GRANT").await;
    world.pull(&program).await;
    let mut later = five();
    later.remove(4);
    later[0]["poverty_score"] = json!(60.0);
    later[1]["members"].as_array_mut().unwrap().pop();
    later.push(household(6, 20.0, &["1980-01-01"]));
    world.registry.hold(later);
    let run = world.pull(&program).await;
    assert_eq!(counts(&run), [5, 1, 2, 2, 1]);
    assert_eq!(
        world.number("SELECT count(*) FROM members WHERE household_id LIKE '%h000002@%' AND active").await,
        5
    );
    assert_eq!(world.number("SELECT count(*) FROM households WHERE NOT active").await, 1);
    // A household that comes back counts again.
    world.registry.hold(five());
    assert_eq!(counts(&world.pull(&program).await), [5, 0, 3, 2, 1]);
    assert_eq!(
        world.number("SELECT count(*) FROM members WHERE household_id LIKE '%h000002@%' AND active").await,
        6
    );
}

#[tokio::test]
async fn records_that_cannot_be_stored_are_counted_and_the_others_kept() {
    let world = World::new().await;
    let mut households = five();
    households[2].as_object_mut().unwrap().remove("id");
    households[3]["poverty_score"] = json!("not a number");
    world.registry.hold(vec![]);
    let program = world.program("GRANT").await;
    world.registry.hold(households);
    let run = world.pull(&program).await;
    assert_eq!((run["state"].as_str(), run["counts"]["refused"].as_i64()), (Some("done"), Some(1)), "{run}");
    assert_eq!(world.number("SELECT count(*) FROM households").await, 4);
}

#[tokio::test]
async fn while_a_pull_runs_asking_again_gives_that_one() {
    let world = World::new().await;
    world.registry.hold(five());
    let program = world.program("GRANT").await;
    let base = format!("/programs/{program}/registrant-pulls");
    let first = world.post("maker", &base, &json!({})).await.ok().id();
    assert_eq!(world.post("maker", &base, &json!({})).await.ok().id(), first);
    let enrolment = world.post("maker", &format!("/programs/{program}/enrolments"), &json!({})).await;
    assert_eq!((enrolment.status, enrolment.code()), (409, "pull_running"));
    world.work().await;
    assert_ne!(world.post("maker", &base, &json!({})).await.ok().id(), first);
    let jobs: Option<i64> =
        sql::scalar(world.db.conn(), "SELECT count(*) FROM jobs WHERE kind = 'pbms.pull'", []).await.unwrap();
    assert_eq!(jobs, Some(2));
}
