//! Freezing, changes that wait, and what was so at a moment.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use platform::config::Loaded;
use proptest::{
    prelude::*,
    strategy::{Strategy, ValueTree},
    test_runner::TestRunner,
};
use serde_json::{Value, json};
use spar_mapper::{Config, Service};
use storage::sql;
use testkit::{TestService, wait_for};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::{change, message, start_plain as start};

const FROZEN: &str = "this id is frozen; ask the operator of the mapper";
const DAY: i64 = 24 * 3_600;

fn later(seconds: i64) -> String {
    (OffsetDateTime::now_utc() + Duration::from_secs(seconds.unsigned_abs())).format(&Rfc3339).unwrap()
}

fn plain(loaded: &mut Loaded<Config>) {
    loaded.service.encryption = false;
}

pub(crate) async fn fas(mapper: &TestService<Service>) -> Vec<String> {
    let statement = "SELECT id_value || ' ' || fa_value FROM id_fa_mappings ORDER BY 1";
    sql::scalars(mapper.db().conn(), statement, []).await.unwrap()
}

async fn resolved(mapper: &testkit::TestPartner, id: &str) -> (String, String) {
    let ask = [json!({"id": id, "scope": "details"})];
    let body = message(mapper.id(), &uuid::Uuid::new_v4().to_string(), "resolve", &ask);
    let reply = mapper.post_signed("/sync/resolve", &body).await.expect_status(200).json();
    let answer = &reply["message"]["resolve_response"][0];
    let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
    (text(&answer["status_reason_code"]), text(&answer["fa"]))
}

#[tokio::test]
async fn a_frozen_id_is_not_changed_by_anybody_and_resolved_as_before() {
    let mapper = start().await;
    let partner = mapper.partner("P", &["mapper:call"]).await;
    let admin = mapper.user("admin");
    change(
        &partner,
        "link",
        &[json!({"id": "a", "fa": "account:1@bank"}), json!({"id": "b", "fa": "account:2@bank"})],
    )
    .await;
    let freeze = json!({"id": "a", "reason": "a complaint"});
    mapper.user("checker").post("/api/v1/mappings/freeze", &freeze).await.expect_status(403);
    admin.post("/api/v1/mappings/freeze", &freeze).await.expect_status(204);
    admin.post("/api/v1/mappings/freeze", &freeze).await.expect_status(409);
    admin
        .post("/api/v1/mappings/freeze", &json!({"id": "n", "reason": "not yet here"}))
        .await
        .expect_status(204);
    admin.post("/api/v1/mappings/unfreeze", &json!({"id": "zz", "reason": "x"})).await.expect_status(409);
    admin.post("/api/v1/mappings/freeze", &json!({"id": "b", "reason": " "})).await.expect_status(422);

    let new = |id: &str| json!({"id": id, "fa": "account:9@bank"});
    let refused = |code: &str| ("rjct".to_owned(), code.to_owned(), FROZEN.to_owned());
    let done = || ("succ".to_owned(), String::new(), String::new());
    assert_eq!(
        change(&partner, "update", &[new("a"), new("b")]).await,
        [refused("rjct.id.invalid"), done()],
        "the neighbour is not harmed"
    );
    assert_eq!(
        change(&partner, "link", &[new("a"), new("c"), new("n")]).await,
        [refused("rjct.other.error"), done(), refused("rjct.other.error")]
    );
    assert_eq!(
        change(&partner, "unlink", &[json!({"id": "a"}), json!({"id": "b"})]).await,
        [refused("rjct.id.invalid"), done()]
    );
    let script =
        sql::execute(mapper.db().conn(), "DELETE FROM id_fa_mappings WHERE id_value = 'a'", []).await;
    assert!(script.is_err(), "not by a script either");
    assert_eq!(resolved(&partner, "a").await, ("succ.id.active".into(), "account:1@bank".into()));
    assert_eq!(resolved(&partner, "n").await.0, "succ.fa.not_linked_to_id");
    assert_eq!(resolved(&partner, "b").await, ("succ.fa.not_linked_to_id".into(), String::new()), "unlinked");

    admin.post("/api/v1/mappings/unfreeze", &freeze).await.expect_status(204);
    assert_eq!(change(&partner, "update", &[new("a")]).await, [done()]);
    let body = json!({"id": "a"});
    let history = admin.post("/api/v1/mappings/history", &body).await.expect_status(200).json();
    let kinds: Vec<&str> =
        history["items"].as_array().unwrap().iter().map(|e| e["change"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["linked", "frozen", "unfrozen", "updated"]);
    let frozen = &history["items"][1];
    assert_eq!((&frozen["actor"], &frozen["reason"]), (&json!("user:admin"), &json!("a complaint")));
    assert_eq!(history["items"][3]["before"]["fa"], "account:1@bank");
    let verdict = admin.post("/api/v1/mappings/verify", &body).await.json();
    assert_eq!(verdict["intact"], true, "{verdict}");
    let told: Vec<String> = sql::scalars(
        mapper.db().conn(),
        "SELECT i->>'change' FROM outbox, jsonb_array_elements(payload->'items') i
          WHERE topic = 'spar-mapper.mappings.changed.v1' AND i->>'id' = 'a' ORDER BY seq",
        [],
    )
    .await
    .unwrap();
    assert_eq!(told, ["linked", "frozen", "unfrozen", "updated"], "each change is announced");
}

#[tokio::test]
async fn history_is_paged_and_shows_addresses_in_full_to_few() {
    let mapper = start().await;
    let partner = mapper.partner("P", &["mapper:call", "mapper:history"]).await;
    change(&partner, "link", &[json!({"id": "a", "fa": "account:123@bank", "name": "Somebody"})]).await;
    change(&partner, "update", &[json!({"id": "a", "fa": "account:456@bank"})]).await;
    let ask = |body: Value| {
        let session = partner.session().clone();
        async move { session.post("/api/v1/mappings/history", &body).await.expect_status(200).json() }
    };
    let first = ask(json!({"id": "a", "limit": 1})).await;
    assert_eq!((&first["items"][0]["no"], &first["next"]), (&json!(1), &json!("1")));
    assert_eq!(first["items"][0]["after"]["fa"], "•••••••••••••ank", "masked without mapper:details");
    let second = ask(json!({"id": "a", "limit": 1, "after": "1"})).await;
    assert_eq!((&second["items"][0]["change"], &second["next"]), (&json!("updated"), &Value::Null));
    mapper.user("helpdesk").post("/api/v1/mappings/history", &json!({"id": "a"})).await.expect_status(403);
    mapper.anonymous().post("/api/v1/mappings/history", &json!({"id": "a"})).await.expect_status(401);
}

#[tokio::test]
async fn a_change_waits_for_its_day_through_a_restart_and_can_be_cancelled() {
    let db = super::database().await;
    let mapper = TestService::<Service>::start_on(Arc::clone(&db), plain).await;
    let partner = mapper.partner("P", &["mapper:call"]).await;
    let maker = mapper.user("maker");
    let link = |id: &str| json!({"id": id, "fa": "account:1@bank"});
    change(&partner, "link", &[link("a"), link("b"), link("c"), link("d")]).await;
    let ask = async |id: &str, from: String| {
        let body = json!({"id": id, "operation": "update", "fa": "account:2@bank", "reason": "moved",
                          "effective_from": from});
        maker.post("/api/v1/changes", &body).await
    };
    for id in ["a", "b", "c", "d"] {
        let change = ask(id, later(DAY)).await.expect_status(202).json();
        assert_eq!((&change["state"], &change["requested_by"]), (&json!("scheduled"), &json!("user:maker")));
        if id == "b" {
            let path = format!("/api/v1/changes/{}/cancel", change["change_id"].as_str().unwrap());
            let cancelled = maker.post(&path, &json!({})).await.expect_status(200).json();
            assert_eq!(
                (&cancelled["state"], &cancelled["cancelled_by"]),
                (&json!("cancelled"), &json!("user:maker"))
            );
            maker.post(&path, &json!({})).await.expect_status(409);
        }
    }
    ask("a", later(DAY)).await.expect_status(409);
    ask("e", "tomorrow".to_owned()).await.expect_status(422);
    // Something else happens to c and d before their day.
    change(&partner, "update", &[json!({"id": "c", "fa": "account:3@bank"})]).await;
    let freeze = json!({"id": "d", "reason": "a complaint"});
    mapper.user("admin").post("/api/v1/mappings/freeze", &freeze).await.expect_status(204);
    let waiting = maker.get("/api/v1/changes?state=scheduled").await.expect_status(200).json();
    assert_eq!(waiting["items"].as_array().unwrap().len(), 3, "visible: {waiting}");
    assert_eq!(fas(&mapper).await[0], "a account:1@bank", "not yet");
    drop(partner);

    mapper.stop().await;
    let offset = |loaded: &mut Loaded<Config>| {
        plain(loaded);
        loaded.common.clock_offset_seconds = DAY + 60;
    };
    let mapper = TestService::<Service>::start_on(db, offset).await;
    wait_for("the changes to be made", Duration::from_secs(30), || async {
        let open = "SELECT count(*) FROM pending_changes WHERE state = 'scheduled'";
        let open: Option<i64> = sql::scalar(mapper.db().conn(), open, []).await.unwrap();
        (open == Some(0)).then_some(())
    })
    .await;
    assert_eq!(
        fas(&mapper).await,
        ["a account:2@bank", "b account:1@bank", "c account:3@bank", "d account:1@bank"]
    );
    let ends: Vec<String> = sql::scalars(
        mapper.db().conn(),
        "SELECT id_value || ' ' || state || coalesce(' ' || outcome, '') FROM pending_changes ORDER BY id_value",
        [],
    )
    .await
    .unwrap();
    let changed = "the id was changed after this was asked for";
    assert_eq!(
        ends,
        [
            "a applied".to_owned(),
            "b cancelled".to_owned(),
            format!("c failed {changed}"),
            format!("d failed {FROZEN}")
        ]
    );
    let noted: Vec<String> = sql::scalars(
        mapper.db().conn(),
        "SELECT channel || ' ' || actor || ' ' || reason FROM mapping_history WHERE id_value = 'a' AND no = 2",
        [],
    )
    .await
    .unwrap();
    assert_eq!(noted, ["own_api user:maker moved"]);
    mapper.settled().await;
}

#[tokio::test]
async fn an_id_goes_back_to_what_it_had() {
    let mapper = start().await;
    let partner = mapper.partner("P", &["mapper:call"]).await;
    let info = json!([{"name": "strategy_id", "value": 5}]);
    let first = json!({"id": "a", "fa": "account:1@bank", "name": "Somebody", "additional_info": info});
    change(&partner, "link", &[first]).await;
    let forged = json!({"id": "a", "fa": "account:666@bank", "name": "Mallory", "additional_info": []});
    change(&partner, "update", &[forged]).await;
    let maker = mapper.user("maker");
    let restore = async |no: i64| {
        let body = json!({"id": "a", "operation": "restore", "no": no, "reason": "fraud"});
        let change = maker.post("/api/v1/changes", &body).await.expect_status(202).json();
        wait_for("the change to be made", Duration::from_secs(30), || async {
            let done = maker.get("/api/v1/changes?state=applied&limit=1000").await.expect_status(200).json();
            let done = done["items"].as_array().unwrap().clone();
            done.into_iter().find(|item| item["change_id"] == change["change_id"])
        })
        .await
    };
    assert_eq!(restore(1).await["operation"], "update");
    let admin = mapper.user("admin");
    let now = admin.post("/api/v1/mappings/lookup", &json!({"id": "a"})).await.expect_status(200).json();
    let was =
        json!({"fa": "account:1@bank", "name": "Somebody", "phone": null, "info": info, "active": true});
    assert_eq!(now["mapping"], was);
    change(&partner, "unlink", &[json!({"id": "a"})]).await;
    assert_eq!(restore(3).await["operation"], "link", "an unlinked id gets its address back");
    assert_eq!(fas(&mapper).await, ["a account:1@bank"]);
    assert_eq!(restore(4).await["operation"], "unlink");
    assert!(fas(&mapper).await.is_empty());
    for (body, status) in [
        (json!({"id": "x", "operation": "restore", "no": 1, "reason": "y"}), 404),
        (json!({"id": "a", "operation": "restore", "reason": "y"}), 422),
        (json!({"id": "a", "operation": "unlink", "no": 1, "reason": "y"}), 422),
        (json!({"id": "a", "operation": "resolve", "reason": "y"}), 422),
    ] {
        maker.post("/api/v1/changes", &body).await.expect_status(status);
    }
}

/// A freeze that is committed while a batch waits for the id: the batch may not win, whether the id has a mapping or not.
#[tokio::test]
async fn no_batch_slips_past_a_freeze() {
    let mapper = start().await;
    let partner = mapper.partner("P", &["mapper:call"]).await;
    change(&partner, "link", &[json!({"id": "a", "fa": "account:1@bank"})]).await;
    for (id, operation) in [("a", "update"), ("n", "link")] {
        let tx = mapper.db().begin().await.unwrap();
        let hold = "SELECT 1 FROM id_fa_mappings WHERE id_value = $1 FOR UPDATE";
        sql::execute(&tx, hold, [id.into()]).await.unwrap();
        let freeze = include_str!("../../src/store/sql/freeze.sql");
        let (at, reason) = (OffsetDateTime::now_utc(), Some("a complaint".to_owned()));
        let values = ["default", id, "frozen"].map(sea_orm::Value::from).into_iter();
        let values = values.chain([at.into(), "own_api".into(), "user:admin".into(), reason.into()]);
        assert_eq!(sql::execute(&tx, freeze, values).await.unwrap(), 1);
        let change = [json!({"id": id, "fa": "account:2@bank"})];
        let body = message("P", &format!("m-race-{id}"), operation, &change);
        let freeze = async {
            wait_for("the batch to wait for the id", Duration::from_secs(20), || async {
                let waits = "SELECT count(*) FROM pg_stat_activity
                              WHERE datname = current_database() AND wait_event_type = 'Lock'";
                let waits: Option<i64> = sql::scalar(mapper.db().conn(), waits, []).await.unwrap();
                (waits > Some(0)).then_some(())
            })
            .await;
            tx.commit().await.unwrap();
        };
        let path = format!("/sync/{operation}");
        let (reply, ()) = tokio::join!(partner.post_signed(&path, &body), freeze);
        assert_eq!(reply.status, 503, "it can be sent again: {}", reply.text);
        assert_eq!(fas(&mapper).await, ["a account:1@bank"]);
        let again = partner.post_signed(&path, &body).await.expect_status(200).json();
        let answer = &again["message"][format!("{operation}_response")][0];
        assert_eq!(answer["status_reason_message"], FROZEN);
        let verdict = mapper.user("admin").post("/api/v1/mappings/verify", &json!({"id": id})).await;
        assert_eq!(verdict.expect_status(200).json()["intact"], true);
    }
}

/// Whether an id is frozen stands in its history too: who removes the mark, or the entry, is found.
#[tokio::test]
async fn a_freeze_that_is_undone_past_the_service_is_found() {
    let mapper = start().await;
    let admin = mapper.user("admin");
    for id in ["a", "b", "c"] {
        admin
            .post("/api/v1/mappings/freeze", &json!({"id": id, "reason": "a complaint"}))
            .await
            .expect_status(204);
    }
    admin
        .post("/api/v1/mappings/unfreeze", &json!({"id": "c", "reason": "settled"}))
        .await
        .expect_status(204);
    let owner = mapper.test_db().admin("spar_mapper").await;
    let tx = owner.begin().await.unwrap();
    for statement in [
        "SET LOCAL session_replication_role = replica",
        "DELETE FROM frozen_ids WHERE id_value = 'a'",
        "DELETE FROM mapping_history WHERE id_value = 'b'",
        "DELETE FROM mapping_history WHERE id_value = 'c' AND no = 2",
    ] {
        sql::execute(&tx, statement, []).await.unwrap();
    }
    tx.commit().await.unwrap();
    for id in ["a", "b", "c"] {
        let verdict =
            admin.post("/api/v1/mappings/verify", &json!({"id": id})).await.expect_status(200).json();
        assert_eq!(verdict["problem"], "the newest entries are missing, or others were added", "{id}");
    }
}

#[tokio::test]
async fn changes_come_after_the_delay_at_the_earliest() {
    let mapper = super::start_with(|loaded| {
        loaded.service.change_delay_minutes = 60;
        loaded.service.encryption = false;
    })
    .await;
    let maker = mapper.user("maker");
    let mut body = json!({"id": "a", "operation": "link", "fa": "account:1@bank", "reason": "first account"});
    let change = maker.post("/api/v1/changes", &body).await.expect_status(202).json();
    let effective = OffsetDateTime::parse(change["effective_from"].as_str().unwrap(), &Rfc3339).unwrap();
    assert!(effective > OffsetDateTime::now_utc() + Duration::from_secs(59 * 60), "{effective}");
    body["id"] = json!("b");
    body["effective_from"] = json!(later(60));
    maker.post("/api/v1/changes", &body).await.expect_status(422);
}

#[derive(Debug, Clone)]
enum Step {
    Link(usize, u8),
    Update(usize, u8),
    Unlink(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (0..4usize, any::<u8>()).prop_map(|(id, fa)| Step::Link(id, fa)),
        (0..4usize, any::<u8>()).prop_map(|(id, fa)| Step::Update(id, fa)),
        (0..4usize).prop_map(Step::Unlink),
    ];
    proptest::collection::vec(step, 25)
}

/// Random changes; then what each id had after each of them, against a model.
#[tokio::test]
async fn every_moment_of_the_past_can_be_looked_up() {
    let mapper = start().await;
    let partner = mapper.partner("P", &["mapper:call"]).await;
    let admin = mapper.user("admin");
    let mut runner = TestRunner::deterministic();
    for case in 0..4 {
        let id = |n: usize| format!("{case}-{n}");
        let mut model: BTreeMap<usize, String> = BTreeMap::new();
        let mut moments = vec![(OffsetDateTime::now_utc(), model.clone())];
        for step in steps().new_tree(&mut runner).unwrap().current() {
            let fa = |fa: u8| format!("account:{fa}@bank");
            match step {
                Step::Link(n, to) => {
                    change(&partner, "link", &[json!({"id": id(n), "fa": fa(to)})]).await;
                    model.entry(n).or_insert_with(|| fa(to));
                }
                Step::Update(n, to) => {
                    change(&partner, "update", &[json!({"id": id(n), "fa": fa(to)})]).await;
                    model.entry(n).and_modify(|held| *held = fa(to));
                }
                Step::Unlink(n) => {
                    change(&partner, "unlink", &[json!({"id": id(n)})]).await;
                    model.remove(&n);
                }
            }
            moments.push((OffsetDateTime::now_utc(), model.clone()));
        }
        for (at, model) in moments {
            for n in 0..4 {
                let ask = json!({"id": id(n), "as_of": at.format(&Rfc3339).unwrap()});
                let was = admin.post("/api/v1/mappings/lookup", &ask).await.expect_status(200).json();
                let fa = was["mapping"]["fa"].as_str();
                assert_eq!(fa, model.get(&n).map(String::as_str), "{} at {at}", id(n));
                assert_eq!(was["linked"], fa.is_some());
            }
        }
    }
}
