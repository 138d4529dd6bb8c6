//! What people decide: each of it needs two of them, and nothing they decide pays anybody twice.

use serde_json::{Value, json};
use storage::sql;
use testkit::{Session, wait_until};

use crate::{
    bank::Pay,
    world::{LIMIT, World, day, payments, today, until},
};

struct People {
    maker: Session,
    checker: Session,
    admin: Session,
}

fn people(world: &World) -> People {
    let user = |role| world.bridge.user(role);
    People { maker: user("maker"), checker: user("checker"), admin: user("admin") }
}

impl People {
    /// Asks for something and returns its path.
    async fn ask(&self, path: &str, body: &Value) -> String {
        let made = self.maker.post(path, body).await.expect_status(202).json();
        assert_eq!((&made["state"], &made["proposed_by"]), (&json!("OPEN"), &json!("user:maker")));
        format!("/api/v1/proposals/{}", made["proposal_id"].as_str().unwrap())
    }

    async fn approve(&self, proposal: &str) -> Value {
        let path = format!("{proposal}/approve");
        self.checker.post(&path, &json!({"reason": "checked"})).await.expect_status(200).json()
    }
}

/// An envelope whose payments the bank swallowed without a word, and cannot be asked about.
async fn unknown(world: &World, prefix: &str) -> String {
    {
        let mut books = world.bank.books();
        books.pay = Pay::ErrorBefore;
        books.inquiry_works = false;
    }
    let id = world.envelope(3, "30.00", &today()).await;
    world.create(&payments(&id, prefix, 3, "10.00")).await;
    until("all are UNKNOWN", async || world.states(&id).await.iter().all(|(_, state, _)| state == "UNKNOWN"))
        .await;
    id
}

async fn state_of(world: &World, payment: &str) -> String {
    let path = format!("/api/v1/disbursements/{payment}");
    let seen = world.driver.session().get(&path).await.expect_status(200).json();
    seen["state"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn two_people_answer_in_the_banks_place() {
    let world = World::start().await;
    let id = unknown(&world, "U").await;
    let people = people(&world);
    let path = "/api/v1/disbursements/U0000000/answer";
    let rejected = json!({"answer": "REJECTED", "reason": "letter of 1 December"});
    // A system is no person, a checker may not ask, a reason is needed.
    world.driver.session().post(path, &rejected).await.expect_status(403);
    people.checker.post(path, &rejected).await.expect_status(403);
    people.maker.post(path, &json!({"answer": "REJECTED", "reason": " "})).await.expect_status(422);
    people.maker.post("/api/v1/disbursements/NONE/answer", &rejected).await.expect_status(404);
    let first = people.ask(path, &rejected).await;
    people.maker.post(path, &rejected).await.expect_status(409);
    people.maker.post(&format!("{first}/approve"), &json!({"reason": "me again"})).await.expect_status(403);
    assert_eq!(state_of(&world, "U0000000").await, "UNKNOWN");
    let done = people.approve(&first).await;
    assert_eq!((&done["state"], &done["outcome"]), (&json!("DONE"), &json!("REJECTED")));
    people.checker.post(&format!("{first}/approve"), &json!({"reason": "twice"})).await.expect_status(409);

    let second = people
        .ask(
            "/api/v1/disbursements/U0000001/answer",
            &json!({"answer": "ACCEPTED", "reason": "by telephone"}),
        )
        .await;
    people.approve(&second).await;
    assert_eq!(state_of(&world, "U0000001").await, "ACCEPTED");

    // The third is not there, says the bank: it is sent once more, under its key.
    let third = people
        .ask("/api/v1/disbursements/U0000002/answer", &json!({"answer": "SEND_AGAIN", "reason": "not there"}))
        .await;
    world.bank.books().pay = Pay::Good;
    people.approve(&third).await;
    world.wait_sent(2).await;
    assert_eq!(world.bank.books().payments.keys().collect::<Vec<_>>(), ["U0000002"]);
    world.check().await;
    // A refused one stays refused: it may be paid again as another payment only.
    let late = json!({"answer": "SEND_AGAIN", "reason": "after all"});
    people.maker.post(path, &late).await.expect_status(409);

    let detail = world.driver.session().get("/api/v1/disbursements/U0000002").await.json();
    let attempts: Vec<&str> =
        detail["attempts"].as_array().unwrap().iter().map(|a| a["state"].as_str().unwrap()).collect();
    assert_eq!(attempts, ["NOT_FOUND", "ACCEPTED"]);
    let history = world.driver.session().get("/api/v1/disbursements/U0000000/history?limit=2").await.json();
    assert_eq!(history["items"].as_array().unwrap().len(), 2);
    let next = history["next"].as_str().unwrap();
    let path = format!("/api/v1/disbursements/U0000000/history?after={next}");
    let rest = world.driver.session().get(&path).await.json();
    let last = rest["items"].as_array().unwrap().last().unwrap().clone();
    assert_eq!((&last["actor"], &last["after"]), (&json!("user:checker"), &json!("REJECTED")));
    world.statement(&[("D", "U0000001", "10.00"), ("D", "U0000002", "10.00")]).await;
    world.wait_state(&id, "FINISHED").await;
}

#[tokio::test]
async fn what_was_asked_for_can_be_taken_back_or_refused() {
    let world = World::start().await;
    unknown(&world, "W").await;
    let people = people(&world);
    let path = "/api/v1/disbursements/W0000000/answer";
    let body = json!({"answer": "ACCEPTED", "reason": "by telephone"});
    let why = json!({"reason": "a mistake"});
    let first = people.ask(path, &body).await;
    people.admin.post(&format!("{first}/withdraw"), &why).await.expect_status(403);
    people.maker.post(&format!("{first}/withdraw"), &why).await.expect_status(200);
    let second = people.ask(path, &body).await;
    people.checker.post(&format!("{second}/refuse"), &why).await.expect_status(200);
    assert_eq!(state_of(&world, "W0000000").await, "UNKNOWN");
    let listed = people.checker.get("/api/v1/proposals?limit=1").await.json();
    assert_eq!(listed["items"][0]["state"], "WITHDRAWN");
    let next = listed["next"].as_str().unwrap();
    let rest = people.checker.get(&format!("/api/v1/proposals?after={next}")).await.json();
    assert_eq!(
        (&rest["items"][0]["state"], &rest["items"][0]["decision_reason"]),
        (&json!("REFUSED"), &json!("a mistake"))
    );
    people.checker.get("/api/v1/proposals?after=x").await.expect_status(400);
    people.checker.get("/api/v1/proposals?state=LOST").await.expect_status(400);
    // One that came true by itself is not decided any more.
    let third = people.ask(path, &body).await;
    world.statement(&[("D", "W0000000", "10.00")]).await;
    until("the statement is read", async || state_of(&world, "W0000000").await == "PAID").await;
    people.checker.post(&format!("{third}/approve"), &why).await.expect_status(409);
    assert_eq!(state_of(&world, "W0000000").await, "PAID");
}

#[tokio::test]
async fn what_came_back_is_paid_again_once_to_the_account_the_payee_has_now() {
    let world = World::start().await;
    let id = world.envelope(3, "30.00", &today()).await;
    world.create(&payments(&id, "R", 3, "10.00")).await;
    world.wait_sent(3).await;
    let lines = [("D", "R0000000", "10.00"), ("D", "R0000001", "10.00"), ("D", "R0000002", "10.00")];
    world.statement(&lines).await;
    world.wait_state(&id, "FINISHED").await;
    world.statement(&[("RD", "R0000001", "10.00")]).await;
    until("it came back", async || state_of(&world, "R0000001").await == "REVERSED").await;

    let people = people(&world);
    let path = format!("/api/v1/envelopes/{id}/reissue");
    let ask = |ids: &[&str]| json!({"disbursement_ids": ids, "reason": "the account is corrected"});
    let refused =
        people.maker.post(&path, &ask(&["R0000001", "R0000000", "R0000001", "X"])).await.expect_status(422);
    let errors = refused.json()["errors"].clone();
    let rows: Vec<i64> = errors.as_array().unwrap().iter().map(|e| e["row"].as_i64().unwrap()).collect();
    assert_eq!(rows, [2, 3, 4], "{errors}");
    let proposal = people.ask(&path, &ask(&["R0000001"])).await;
    let done = people.approve(&proposal).await;
    let new_envelope = done["outcome"].as_str().unwrap().to_owned();
    let old = world.driver.session().get("/api/v1/disbursements/R0000001").await.json();
    let new = old["reissued_as"].as_str().unwrap().to_owned();
    world.wait_state(&new_envelope, "PAYING").await;
    until("it is sent", async || state_of(&world, &new).await == "ACCEPTED").await;
    assert_eq!(world.bank.books().payments.get(&new).map(String::as_str), Some("10.00"));
    // Never a second time, not even while the first is on its way.
    people.maker.post(&path, &ask(&["R0000001"])).await.expect_status(422);
    world.statement(&[("D", &new, "10.00")]).await;
    world.wait_state(&new_envelope, "FINISHED").await;
    world.check().await;

    // The maker of the old envelope may ask for the new one; the payee sees one payment.
    assert_eq!(world.code("get_disbursement_envelope_status", &json!(new_envelope)).await, "SUCCESS");
    let body = json!({"beneficiary_id": "payee-1"});
    let totals =
        world.driver.session().post("/api/v1/beneficiary/totals", &body).await.expect_status(200).json();
    assert_eq!(
        (&totals[0]["paid_count"], &totals[0]["paid_amount"], &totals[0]["failed_count"]),
        (&json!(1), &json!("10.00"), &json!(0))
    );
    let own = world.driver.session().post("/api/v1/beneficiary/disbursements?limit=1", &body).await.json();
    assert_eq!(own["items"].as_array().unwrap().len(), 1);
    assert!(own["next"].is_string());
    let told: Vec<Value> = sql::scalars(
        world.db().conn(),
        "SELECT payload FROM outbox WHERE topic = 'g2p-bridge.disbursements.reissued.v1'",
        [],
    )
    .await
    .unwrap();
    assert_eq!(told[0]["items"], json!([{"original_id": "R0000001", "disbursement_id": new}]));
}

#[tokio::test]
async fn lists_find_what_needs_a_person() {
    let world = World::start().await;
    let stuck = unknown(&world, "L").await;
    let waiting = world.envelope(2, "20.00", &day(5)).await;
    world.create(&payments(&waiting, "M", 2, "10.00")).await;
    let session = world.driver.session();
    let ids = |page: &Value, key: &str| -> Vec<String> {
        page["items"].as_array().unwrap().iter().map(|i| i[key].as_str().unwrap().to_owned()).collect()
    };
    let page = session.get("/api/v1/disbursements?state=UNKNOWN&limit=2").await.expect_status(200).json();
    assert_eq!(ids(&page, "disbursement_id"), ["L0000000", "L0000001"]);
    let next = page["next"].as_str().unwrap();
    let page = session.get(&format!("/api/v1/disbursements?state=UNKNOWN&after={next}")).await.json();
    assert_eq!(ids(&page, "disbursement_id"), ["L0000002"]);
    let page = session.get("/api/v1/disbursements?state=RECEIVED&program=PROG").await.json();
    assert_eq!(ids(&page, "envelope_id"), [waiting.as_str(), waiting.as_str()]);
    let page = session.get("/api/v1/disbursements?state=RECEIVED&program=OTHER").await.json();
    assert!(ids(&page, "envelope_id").is_empty());
    session.get("/api/v1/disbursements?state=LOST").await.expect_status(400);
    let page = session.get("/api/v1/envelopes?problem=true").await.json();
    assert_eq!(ids(&page, "envelope_id"), [stuck.as_str()]);
    let page = session.get("/api/v1/envelopes?problem=false&program=PROG&state=SCHEDULED").await.json();
    assert_eq!(ids(&page, "envelope_id"), [waiting.as_str()]);
    let page = session.get("/api/v1/batches?state=OPEN").await.json();
    assert_eq!(
        (ids(&page, "envelope_id"), &page["items"][0]["problem"]),
        (vec![stuck.clone()], &json!("BANK_GAVE_NO_ANSWER"))
    );
    world.bridge.anonymous().get("/api/v1/batches").await.expect_status(401);
}

#[tokio::test]
async fn an_operator_need_not_wait_for_the_next_try() {
    let world = World::start_with(|loaded| {
        loaded.service.retry_first_ms = 3_600_000;
        loaded.service.retry_longest_ms = 3_600_000;
    })
    .await;
    let id = unknown(&world, "T").await;
    let people = people(&world);
    let why = json!({"reason": "the bank is back"});
    let retry = format!("/api/v1/envelopes/{id}/retry");
    people.checker.post(&retry, &why).await.expect_status(403);
    people.maker.post("/api/v1/envelopes/none/retry", &why).await.expect_status(404);
    people.maker.post(&format!("/api/v1/envelopes/{id}/release"), &why).await.expect_status(409);
    {
        let mut books = world.bank.books();
        books.pay = Pay::Good;
        books.inquiry_works = true;
    }
    people.maker.post(&retry, &why).await.expect_status(202);
    world.wait_sent(3).await;
    let lines = [("D", "T0000000", "10.00"), ("D", "T0000001", "10.00"), ("D", "T0000002", "10.00")];
    world.statement(&lines).await;
    people.maker.post(&retry, &why).await;
    world.wait_state(&id, "FINISHED").await;
    people.maker.post(&retry, &why).await.expect_status(409);
    let before = world.bank.books().releases.len();
    people.maker.post(&format!("/api/v1/envelopes/{id}/release"), &why).await.expect_status(202);
    wait_until("the bank was asked again", LIMIT, || world.bank.books().releases.len() > before).await;
    let history = world.driver.session().get(&format!("/api/v1/envelopes/{id}/history")).await.json();
    let done: Vec<&str> = history["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|e| e["actor"] == "user:maker")
        .map(|e| e["action"].as_str().unwrap())
        .collect();
    assert_eq!(done, ["retry", "retry", "release"]);
}
