//! The review queue, and what follows from decisions.

use events::publish;
use serde_json::json;
use social_registry::events::{FoundPair, PairsFound};
use uuid::Uuid;

use crate::*;

/// Publishes pairs as the deduplicator does, and waits until the queue has them.
async fn found(registry: &TestService<Service>, pairs: &[(&str, &str, f64)]) {
    let mut items = Vec::new();
    for (left, right, probability) in pairs {
        let (left, right) = (id_of(registry.db(), left).await, id_of(registry.db(), right).await);
        items.push(FoundPair {
            left: left.parse().unwrap(),
            right: right.parse().unwrap(),
            probability: *probability,
            weight: 10.0,
        });
    }
    let event = PairsFound { run_id: Uuid::now_v7(), model: "default".to_owned(), pairs: items };
    let tx = registry.db().begin().await.unwrap();
    publish(&tx, "default", "run", &event).await.unwrap();
    tx.commit().await.unwrap();
    registry.settled().await;
}

async fn queue(session: &Session, query: &str) -> Vec<Value> {
    let page = session.get(&format!("/api/v1/duplicates?{query}")).await.expect_status(200).json();
    page["items"].as_array().unwrap().clone()
}

async fn decide(session: &Session, pair: &Value, decision: &str) -> Value {
    let body =
        json!({"decisions": [{"pair_id": pair["pair_id"], "decision": decision, "reason": "same face"}]});
    session.post("/api/v1/duplicates/decisions", &body).await.expect_status(200).json()["results"][0].clone()
}

async fn member_names(db: &Db, household: &str) -> Vec<String> {
    let sql = "SELECT p.external_id || ':' || m.kinds[1] FROM memberships AS m
                 JOIN registrants AS g ON g.registrant_id = m.group_id
                 JOIN registrants AS p ON p.registrant_id = m.individual_id
                WHERE g.external_id = $1 AND m.ended_at IS NULL ORDER BY 1";
    sql::scalars(db.conn(), sql, [household.into()]).await.unwrap()
}

#[tokio::test]
async fn the_queue_shows_pairs_by_probability_page_by_page() {
    let registry = start().await;
    let maker = registry.user("maker");
    populate(&maker).await;
    found(&registry, &[("P4", "P5", 0.98), ("P1", "P3", 0.6), ("P2", "P1", 0.6), ("H1", "H2", 0.99)]).await;
    let pairs = queue(&maker, "limit=10").await;
    assert_eq!(pairs.len(), 3, "households are no pairs");
    assert_eq!(pairs[0]["left"]["external_id"], "P4");
    assert_eq!(pairs[0]["right"]["external_id"], "P5");
    assert_eq!(queue(&maker, "min_probability=0.9").await.len(), 1);
    let mut seen = Vec::new();
    let mut after = String::new();
    loop {
        let page = maker.get(&format!("/api/v1/duplicates?limit=1{after}")).await.expect_status(200).json();
        seen.extend(page["items"].as_array().unwrap().iter().map(|p| p["pair_id"].clone()));
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
    }
    assert_eq!(seen, pairs.iter().map(|p| p["pair_id"].clone()).collect::<Vec<_>>());
    assert_eq!(maker.get("/api/v1/duplicates?after=x").await.status, 400);
    assert_eq!(maker.get("/api/v1/duplicates?state=x").await.status, 400);
    // The same pair again with another score is the same pair.
    found(&registry, &[("P5", "P4", 0.7)]).await;
    assert_eq!(queue(&maker, "min_probability=0.69").await[0]["probability"], 0.7);
}

#[tokio::test]
async fn one_person_is_one_record_and_nothing_is_deleted() {
    let registry = start().await;
    let maker = registry.user("maker");
    populate(&maker).await;
    found(&registry, &[("P4", "P5", 0.98)]).await;
    let pair = queue(&maker, "").await.remove(0);
    assert_eq!(decide(&maker, &pair, "same").await["outcome"], "applied");

    let db = registry.db();
    let stats = maker.get("/api/v1/stats").await.json();
    assert_eq!((&stats["individuals"], &stats["duplicates"]), (&json!(4), &json!(1)));
    assert_eq!(member_names(db, "H2").await, ["P3:Head"], "the second entry's place ended");
    let ended = "SELECT count(*) FROM history WHERE entity = 'membership' AND action = 'ended'";
    assert_eq!(count(db, ended).await, 1);
    // The pseudonym of the second entry is that of the person.
    let asked = json!({"external_ids": ["P4", "P5"]});
    let pseudonyms = maker.post("/api/v1/registrants/pseudonyms", &asked).await.expect_status(200).json();
    assert_eq!(pseudonyms[0]["pseudonym"], pseudonyms[1]["pseudonym"]);
    assert_eq!((&pseudonyms[0]["duplicate"], &pseudonyms[1]["duplicate"]), (&json!(false), &json!(true)));
    // What was decided outlives another import of the same files.
    assert_eq!(counts(&import(&maker, "memberships", MEMBERSHIPS).await), [0, 0, 5, 0]);
    assert_eq!(counts(&import(&maker, "individuals", INDIVIDUALS).await), [0, 0, 5, 0]);
    assert_eq!(member_names(db, "H2").await, ["P3:Head"]);
    // And the decision again is no change.
    assert_eq!(decide(&maker, &pair, "same").await["outcome"], "already_joined");
    for wrong in ["different", "unsure"] {
        assert_eq!(decide(&maker, &pair, wrong).await["outcome"], "conflict", "{wrong}");
    }
    assert_eq!(queue(&maker, "state=same").await.len(), 1, "the records are joined still");
    // The join says which pair it came from, and each decision about the pair is kept.
    let id = pair["pair_id"].as_str().unwrap();
    let said = |entity: &str| {
        format!("SELECT count(*) FROM history WHERE entity = '{entity}' AND reason = 'duplicate pair {id}'")
    };
    assert_eq!(count(db, &said("registrant")).await, 1);
    assert_eq!(count(db, &said("duplicate_pair")).await, 2);
    let told = "SELECT count(*) FROM outbox WHERE payload::text LIKE '%\"duplicate\"%'";
    assert_eq!(count(db, told).await, 1);
}

#[tokio::test]
async fn a_head_who_was_entered_before_elsewhere_moves_and_two_heads_are_not_paid_twice() {
    let registry = start().await;
    let maker = registry.user("maker");
    populate(&maker).await;
    // P2, a child in H1, is found to be the later entry P4, Head of H3: moves there.
    found(&registry, &[("P2", "P4", 0.9), ("P1", "P3", 0.9)]).await;
    let pairs = queue(&maker, "").await;
    let pair = |name: &str| pairs.iter().find(|p| p["left"]["external_id"] == name).unwrap();
    assert_eq!(decide(&maker, pair("P2"), "same").await["outcome"], "applied");
    let db = registry.db();
    assert_eq!(member_names(db, "H3").await, ["P2:Head"]);
    assert_eq!(member_names(db, "H1").await, ["P1:Head"]);
    // P1 is Head of H1 and found to be P3, Head of H2: H2 is left without Head.
    assert_eq!(decide(&maker, pair("P1"), "same").await["outcome"], "applied");
    assert_eq!(member_names(db, "H1").await, ["P1:Head"]);
    assert_eq!(member_names(db, "H2").await, ["P5:Relative"]);
}

#[tokio::test]
async fn chains_end_at_the_first_entry_and_contradictions_are_refused() {
    let registry = start().await;
    let maker = registry.user("maker");
    populate(&maker).await;
    found(&registry, &[("P1", "P3", 0.9), ("P3", "P4", 0.8), ("P1", "P4", 0.7), ("P4", "P5", 0.6)]).await;
    let pairs = queue(&maker, "").await;
    let all = json!({"decisions": [
        {"pair_id": pairs[3]["pair_id"], "decision": "same"},
        {"pair_id": pairs[1]["pair_id"], "decision": "same"},
        {"pair_id": pairs[2]["pair_id"], "decision": "different"},
        {"pair_id": pairs[0]["pair_id"], "decision": "same"},
        {"pair_id": Uuid::nil(), "decision": "same"},
    ]});
    let answer = maker.post("/api/v1/duplicates/decisions", &all).await.expect_status(200).json();
    let outcomes: Vec<&str> =
        answer["results"].as_array().unwrap().iter().map(|r| r["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["applied", "applied", "applied", "conflict", "unknown_pair"]);
    assert_eq!(answer["applied"], 3);
    let master = id_of(registry.db(), "P3").await;
    let pointing = format!("SELECT count(*) FROM registrants WHERE duplicate_of = '{master}'");
    assert_eq!(count(registry.db(), &pointing).await, 2);
    // "Different" can be changed when somebody knows better.
    assert_eq!(decide(&maker, &pairs[2], "same").await["outcome"], "applied");
    let first = id_of(registry.db(), "P1").await;
    let pointing = format!("SELECT count(*) FROM registrants WHERE duplicate_of = '{first}'");
    assert_eq!(count(registry.db(), &pointing).await, 3, "all point at the first entry, no chains");
    assert!(queue(&maker, "").await.is_empty(), "pairs settled by others are closed");
    let closed = "SELECT count(*) FROM history WHERE after ->> 'reason' = 'joined through another pair'
                     AND before ->> 'state' = 'open'";
    assert_eq!(count(registry.db(), closed).await, 1);
}

#[tokio::test]
async fn deciding_needs_the_right_and_a_sensible_request() {
    let registry = start().await;
    let body = json!({"decisions": [{"pair_id": Uuid::nil(), "decision": "same"}]});
    let path = "/api/v1/duplicates/decisions";
    registry.anonymous().post(path, &body).await.expect_status(401);
    registry.user("checker").post(path, &body).await.expect_status(403);
    let maker = registry.user("maker");
    maker.post(path, &json!({"decisions": []})).await.expect_status(422);
    maker.post(path, &json!({"decisions": [{"pair_id": "x", "decision": "same"}]})).await.expect_status(400);
    let nul = json!({"decisions": [{"pair_id": Uuid::nil(), "decision": "same", "reason": "\u{0}"}]});
    maker.post(path, &nul).await.expect_status(400);
}
