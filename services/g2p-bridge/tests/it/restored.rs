//! `serve --restored`: what the database lost since its backup is asked for at the bank before anything is sent.

use g2p_bridge::{Service, domain::reason};
use platform::Service as _;
use serde_json::json;
use storage::{Db, sql};
use testkit::wait_for;
use time::OffsetDateTime;

use crate::world::{LIMIT, World, day, payments, today};

/// Payments that reached the bank, each time they did.
fn arrived(world: &World) -> u32 {
    world.bank.books().arrivals.values().sum()
}

async fn restored(db: Db) {
    Service::restored(&db, OffsetDateTime::now_utc()).await.unwrap();
    // A second start with the same option is the same restore.
    Service::restored(&db, OffsetDateTime::now_utc()).await.unwrap();
}

/// Forgets what happened to the payments after they were resolved, as a backup of that moment does.
const FORGET: &str = "
    DELETE FROM payment_attempts;
    DELETE FROM state_changes WHERE before IN ('RESOLVED', 'SENDING', 'ACCEPTED') AND subject NOT LIKE 'envelope/%';
    INSERT INTO envelope_tally (envelope_id, state, count, amount_minor)
    SELECT envelope_id, v.state, v.sign * count(*), v.sign * sum(amount_minor) FROM disbursements,
           (VALUES ('ACCEPTED', -1), ('RESOLVED', 1)) AS v (state, sign) WHERE disbursements.state = 'ACCEPTED' GROUP BY 1, 2, v.sign;
    UPDATE disbursements SET state = 'RESOLVED' WHERE state = 'ACCEPTED';
    UPDATE payment_batches SET state = 'OPEN';
    INSERT INTO jobs (id, kind, dedup_key, payload, max_attempts)
    SELECT gen_random_uuid(), 'bridge.pay', batch_id::text, jsonb_build_object('envelope_id', envelope_id, 'batch_id', batch_id), 1000
      FROM payment_batches";

async fn forget(db: Db) {
    use sea_orm::ConnectionTrait;
    db.conn().execute_unprepared(FORGET).await.unwrap();
    restored(db).await;
}

#[tokio::test]
async fn what_the_bank_has_is_found_and_not_sent_again() {
    let world = World::start().await;
    let envelope = world.envelope(6, "600", &today()).await;
    world.create(&payments(&envelope, "A", 6, "100")).await;
    world.wait_sent(6).await;
    let sent = arrived(&world);
    let world = world.restart(forget, |_| {}).await;
    world.wait_sent(6).await;
    assert_eq!(arrived(&world), sent, "asked for, and not sent");
    world.check().await;
    let attempts: Option<i64> =
        sql::scalar(world.db().conn(), "SELECT count(*) FROM payment_attempts WHERE state = 'ACCEPTED'", [])
            .await
            .unwrap();
    assert_eq!(attempts, Some(6));
    let lines: Vec<(String, String, String)> =
        (0..6).map(|n| ("D".to_owned(), format!("A{n:07}"), "100".to_owned())).collect();
    let lines: Vec<(&str, &str, &str)> =
        lines.iter().map(|(a, b, c)| (a.as_str(), b.as_str(), c.as_str())).collect();
    world.statement(&lines).await;
    world.wait_state(&envelope, "FINISHED").await;
}

#[tokio::test]
async fn what_the_bank_does_not_know_is_sent_once_it_said_so() {
    let world = World::start().await.restart(restored, |_| {}).await;
    let envelope = world.envelope(4, "400", &today()).await;
    world.create(&payments(&envelope, "B", 4, "100")).await;
    world.wait_sent(4).await;
    let asked: Option<i64> = sql::scalar(
        world.db().conn(),
        "SELECT count(*) FROM state_changes WHERE after = 'UNKNOWN' AND reason = $1",
        [reason::RESTORED_FROM_BACKUP.into()],
    )
    .await
    .unwrap();
    assert_eq!(asked, Some(4), "each was held first");
    world.check().await;
}

#[tokio::test]
async fn nothing_is_taken_back_after_its_day_and_two_people_end_it() {
    let world =
        World::start().await.restart(restored, |loaded| loaded.service.step_interval_ms = 60_000).await;
    let started = world.envelope(2, "200", &today()).await;
    let later = world.envelope(2, "200", &day(3)).await;
    let cancel = async |id: &str| world.code("cancel_disbursement_envelope", &json!([{"id": id}])).await;
    assert_eq!(cancel(&started).await, "DISBURSEMENT_ENVELOPE_DATE_PASSED");
    assert_eq!(cancel(&later).await, "SUCCESS");

    let list = world.driver.session().get("/api/v1/restores").await.expect_status(200).json();
    assert_eq!((list.as_array().unwrap().len(), &list[0]["ended_at"]), (1, &json!(null)));
    let one = world.bridge.user("admin");
    let said = one.post("/api/v1/restores/end", &json!({})).await.expect_status(200).json();
    assert!(said["proposed_by"].is_string() && said["ended_at"].is_null(), "{said}");
    one.post("/api/v1/restores/end", &json!({})).await.expect_status(409);
    let ended =
        world.driver.session().post("/api/v1/restores/end", &json!({})).await.expect_status(200).json();
    assert!(ended["ended_at"].is_string(), "{ended}");
    world.driver.session().post("/api/v1/restores/end", &json!({})).await.expect_status(409);
    assert_eq!(cancel(&started).await, "SUCCESS");
}

#[tokio::test]
async fn what_is_held_can_be_listed() {
    let world = World::start().await.restart(restored, |_| {}).await;
    world.bank.books().inquiry_works = false;
    let envelope = world.envelope(3, "300", &today()).await;
    world.create(&payments(&envelope, "C", 3, "100")).await;
    let held = wait_for("the held payments", LIMIT, || async {
        let page = world.driver.session().get("/api/v1/restores/held").await.expect_status(200).json();
        (page["items"].as_array().unwrap().len() == 3).then_some(page)
    })
    .await;
    assert_eq!(held["items"][0]["state"], "UNKNOWN");
    assert_eq!(arrived(&world), 0);
}
