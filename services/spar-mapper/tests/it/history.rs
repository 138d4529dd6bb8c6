//! Every change can be explained: the history holds all of them, in one order an id, and tampering with it is found.

use std::{sync::Arc, time::Duration};

use g2p_crypto::{SigningKey, verify_attached};
use serde_json::{Value, json};
use spar_mapper::Service;
use storage::{Db, sql};
use testkit::{TestService, wait_for};

use super::{change, start};

async fn run(db: &Db, statement: &str) {
    sql::execute(db.conn(), statement, []).await.unwrap_or_else(|e| panic!("{e}, in: {statement}"));
}

async fn texts(mapper: &TestService<Service>, statement: &str) -> Vec<String> {
    sql::scalars(mapper.db().conn(), statement, []).await.unwrap()
}

async fn verdict(mapper: &TestService<Service>, id: &str) -> Value {
    mapper.user("admin").post("/api/v1/mappings/verify", &json!({"id": id})).await.expect_status(200).json()
}

async fn checkpoints_verified(mapper: &TestService<Service>, body: Value) -> Value {
    mapper.user("admin").post("/api/v1/checkpoints/verify", &body).await.expect_status(200).json()
}

/// The checkpoint that covers all entries there are now.
async fn checkpoint(mapper: &TestService<Service>) -> Value {
    wait_for("a checkpoint over all entries", Duration::from_secs(30), || async {
        let last: Option<i64> =
            sql::scalar(mapper.db().conn(), "SELECT max(seq) FROM mapping_history", []).await.unwrap();
        let list = mapper.user("admin").get("/api/v1/checkpoints?limit=1000").await.expect_status(200).json();
        let newest = list["items"].as_array().unwrap().last().cloned()?;
        (newest["last_seq"].as_i64() >= last).then_some(newest)
    })
    .await
}

async fn start_with_checkpoints() -> (TestService<Service>, Arc<SigningKey>) {
    let key = Arc::new(SigningKey::generate_ed25519().unwrap());
    let pem = key.to_pkcs8_pem().as_str().to_owned();
    let mapper = super::start_with(|loaded: &mut platform::config::Loaded<spar_mapper::Config>| {
        loaded.common.anonymous_partner = false;
        loaded.common.signing_key = Some(pem.into());
        loaded.service.checkpoint_seconds = 1;
        loaded.service.encryption = false;
    })
    .await;
    (mapper, key)
}

#[tokio::test]
async fn batches_of_two_processes_never_fork_the_history_of_an_id() {
    let db = super::database().await;
    let configure = |loaded: &mut platform::config::Loaded<spar_mapper::Config>| {
        loaded.service.checkpoint_seconds = 1;
        super::seal(loaded);
    };
    let one = TestService::<Service>::start_on(Arc::clone(&db), configure).await;
    let two = TestService::<Service>::start_on(db, configure).await;
    let (a, b) = (one.partner("A", &["mapper:call"]).await, two.partner("B", &["mapper:call"]).await);
    let batch = |fa: &str, backwards: bool| {
        let mut items: Vec<Value> = (0..40)
            .map(|n| json!({"id": format!("token:{n}@nationalId"), "fa": format!("account:{fa}-{n}@bank")}))
            .collect();
        if backwards {
            items.reverse();
        }
        items
    };
    let ids: Vec<Value> = (0..40).rev().map(|n| json!({"id": format!("token:{n}@nationalId")})).collect();
    for round in 0..8 {
        let (x, y, z) = (batch(&format!("{round}x"), false), batch(&format!("{round}y"), true), ids.clone());
        tokio::join!(
            change(&a, "link", &x),
            change(&b, "link", &y),
            change(&a, "update", &y),
            change(&b, "update", &x),
            change(&b, "unlink", &z),
        );
    }
    let entries: Option<i64> =
        sql::scalar(one.db().conn(), "SELECT count(*) FROM mapping_history", []).await.unwrap();
    assert!(entries > Some(320), "there was something to check: {entries:?}");
    for n in 0..40 {
        let verdict = verdict(&two, &format!("token:{n}@nationalId")).await;
        assert_eq!(verdict["intact"], true, "{verdict}");
    }
    checkpoint(&one).await;
    // Both processes may have made checkpoints, each with its own key: here only sums are compared.
    let report = checkpoints_verified(&one, json!({})).await;
    for problem in report["problems"].as_array().unwrap() {
        assert!(problem["what"].as_str().unwrap().starts_with("the signature is not ours"), "{report}");
    }
}

#[tokio::test]
async fn whoever_changes_the_history_is_found() {
    let mapper = start().await;
    let partner = mapper.partner("P", &["mapper:call"]).await;
    for id in ["a", "b", "c", "d", "e", "f"] {
        change(&partner, "link", &[json!({"id": id, "fa": "account:1@bank", "name": "Somebody"})]).await;
        change(&partner, "update", &[json!({"id": id, "fa": "account:2@bank"})]).await;
        change(&partner, "update", &[json!({"id": id, "fa": "account:3@bank"})]).await;
        assert_eq!(verdict(&mapper, id).await, json!({"intact": true, "entries": 3, "problem": null}));
    }
    for statement in
        ["UPDATE mapping_history SET actor = 'x'", "DELETE FROM mapping_history", "TRUNCATE mapping_history"]
    {
        let refused = sql::execute(mapper.db().conn(), statement, []).await;
        assert!(refused.is_err(), "the service itself cannot: {statement}");
    }
    // An administrator of the server can do anything, and is found.
    let admin = mapper.test_db().admin("spar_mapper").await;
    let tx = admin.begin().await.unwrap();
    for statement in [
        "SET LOCAL session_replication_role = replica",
        "UPDATE mapping_history SET after = jsonb_set(after, '{fa}', '\"account:666@bank\"')
          WHERE id_value = 'a' AND no = 2",
        "DELETE FROM mapping_history WHERE id_value = 'b' AND no = 2",
        "DELETE FROM mapping_history WHERE id_value = 'c' AND no = 3",
        "UPDATE id_fa_mappings SET fa_value = 'account:666@bank' WHERE id_value = 'd'",
        "UPDATE mapping_history SET actor = 'partner:Q' WHERE id_value = 'e' AND no = 1",
    ] {
        sql::execute(&tx, statement, []).await.unwrap();
    }
    tx.commit().await.unwrap();
    for (id, problem) in [
        ("a", Some("entry 2 is not what was written")),
        ("b", Some("entry 2 is missing")),
        ("c", Some("the mapping is not what its newest entry says")),
        ("d", Some("the mapping is not what its newest entry says")),
        ("e", Some("entry 1 is not what was written")),
        ("f", None),
    ] {
        let found = verdict(&mapper, id).await;
        assert_eq!(
            (&found["intact"], &found["problem"]),
            (&json!(problem.is_none()), &json!(problem)),
            "{id}"
        );
    }
}

#[tokio::test]
async fn checkpoints_are_signed_and_find_a_changed_entry_and_a_tail_cut_off() {
    let (mapper, key) = start_with_checkpoints().await;
    let partner = mapper.partner("P", &["mapper:call"]).await;
    let items: Vec<Value> =
        (0..50).map(|n| json!({"id": format!("i{n}"), "fa": format!("account:{n}@bank")})).collect();
    change(&partner, "link", &items).await;
    checkpoint(&mapper).await;
    change(&partner, "update", &items).await;
    let newest = checkpoint(&mapper).await;
    let signature = newest["signature"].as_str().unwrap();
    let signed = verify_attached(signature, &key.public_jwks()).expect("signed by the service");
    let signed: Value = serde_json::from_slice(&signed.payload).unwrap();
    for field in ["no", "at", "after_seq", "last_seq", "entries", "root"] {
        assert_eq!(signed[field], newest[field], "{field}");
    }
    let report = checkpoints_verified(&mapper, json!({"kept": signature})).await;
    assert_eq!((&report["intact"], &report["problems"]), (&json!(true), &json!([])));
    let page = checkpoints_verified(&mapper, json!({"limit": 1})).await;
    assert_eq!((&page["checked"], &page["next"]), (&json!(1), &json!("1")), "{page}");

    let admin = mapper.test_db().admin("spar_mapper").await;
    let tamper = async |statement: &str| {
        let tx = admin.begin().await.unwrap();
        sql::execute(&tx, "SET LOCAL session_replication_role = replica", []).await.unwrap();
        sql::execute(&tx, statement, []).await.unwrap();
        tx.commit().await.unwrap();
    };
    tamper("UPDATE mapping_history SET actor = 'partner:Q' WHERE id_value = 'i7' AND no = 1").await;
    let report = checkpoints_verified(&mapper, json!({})).await;
    assert_eq!(report["problems"][0]["what"], "the content of 1 entries is not what was written", "{report}");
    tamper("UPDATE mapping_history SET actor = 'partner:P' WHERE id_value = 'i7' AND no = 1").await;
    assert_eq!(checkpoints_verified(&mapper, json!({})).await["intact"], true, "all is as before");

    // The tail is cut off so that each id looks whole.
    tamper("DELETE FROM mapping_history WHERE id_value = 'i9' AND no = 2").await;
    tamper("UPDATE id_fa_mappings SET updated_at = NULL WHERE id_value = 'i9'").await;
    assert_eq!(verdict(&mapper, "i9").await["intact"], true, "the id alone does not tell");
    let report = checkpoints_verified(&mapper, json!({})).await;
    assert_eq!(report["intact"], false);
    let what = report["problems"][0]["what"].as_str().unwrap();
    assert!(what.starts_with("it covers "), "{report}");

    // Who takes the checkpoint away too is found by one that was kept.
    tamper("DELETE FROM mapping_checkpoints WHERE no > 1").await;
    assert_eq!(checkpoints_verified(&mapper, json!({})).await["intact"], true, "what is left is whole");
    let report = checkpoints_verified(&mapper, json!({"kept": signature})).await;
    assert_eq!(report["problems"][0]["what"], "the checkpoint that was kept is missing here, or another one");
}

/// An entry can be written before another one and committed after it: no checkpoint may leave it out.
#[tokio::test]
async fn a_checkpoint_waits_for_transactions_that_write() {
    let (mapper, _) = start_with_checkpoints().await;
    let partner = mapper.partner("P", &["mapper:call"]).await;
    let script = mapper.db().begin().await.unwrap();
    let insert = "INSERT INTO id_fa_mappings (id_value, fa_value) VALUES ('slow', 'account:1@bank')";
    sql::execute(&script, insert, []).await.unwrap();
    change(&partner, "link", &[json!({"id": "quick", "fa": "account:2@bank"})]).await;
    wait_for("the service to wait for the script", Duration::from_secs(20), || async {
        let looks = "SELECT count(*) FROM pg_stat_activity
                      WHERE datname = current_database() AND query LIKE '%virtualtransaction = ANY%'
                        AND pid <> pg_backend_pid()";
        let looks: Option<i64> = sql::scalar(mapper.db().conn(), looks, []).await.unwrap();
        (looks > Some(0)).then_some(())
    })
    .await;
    let made: Option<i64> =
        sql::scalar(mapper.db().conn(), "SELECT count(*) FROM mapping_checkpoints", []).await.unwrap();
    assert_eq!(made, Some(0), "not without the entry of the script");
    script.commit().await.unwrap();
    let newest = checkpoint(&mapper).await;
    assert_eq!((&newest["no"], &newest["entries"]), (&json!(1), &json!(2)));
    assert_eq!(checkpoints_verified(&mapper, json!({})).await["intact"], true);
}

#[tokio::test]
async fn what_scripts_write_into_the_table_is_noted_and_announced() {
    let (mapper, _) = start_with_checkpoints().await;
    let db = mapper.db();
    run(db, "INSERT INTO id_fa_mappings (id_value, fa_value) VALUES ('a', 'account:1@bank'), ('b', 'account:2@bank')")
        .await;
    run(db, "UPDATE id_fa_mappings SET fa_value = 'account:3@bank' WHERE id_value = 'a'").await;
    run(
        db,
        "INSERT INTO id_fa_mappings (id_value, fa_value) VALUES ('a', 'account:4@bank'), ('c', 'account:5@bank')
         ON CONFLICT (tenant_id, id_value) DO UPDATE SET fa_value = excluded.fa_value",
    )
    .await;
    run(db, "UPDATE id_fa_mappings SET id_value = 'bb' WHERE id_value = 'b'").await;
    run(db, "DELETE FROM id_fa_mappings WHERE id_value = 'c'").await;
    let partner = mapper.partner("P", &["mapper:call"]).await;
    change(&partner, "link", &[json!({"id": "c", "fa": "account:6@bank"})]).await;
    run(db, "TRUNCATE id_fa_mappings").await;
    let noted = texts(
        &mapper,
        "SELECT id_value || ' ' || no || ' ' || change || ' ' || channel || ' ' || coalesce(before->>'fa', '-')
                || ' ' || coalesce(after->>'fa', '-')
           FROM mapping_history ORDER BY id_value, no",
    )
    .await;
    assert_eq!(
        noted,
        [
            "a 1 linked script - account:1@bank",
            "a 2 updated script account:1@bank account:3@bank",
            "a 3 updated script account:3@bank account:4@bank",
            "a 4 unlinked script account:4@bank -",
            "b 1 linked script - account:2@bank",
            "b 2 unlinked script account:2@bank -",
            "bb 1 linked script - account:2@bank",
            "bb 2 unlinked script account:2@bank -",
            "c 1 linked script - account:5@bank",
            "c 2 unlinked script account:5@bank -",
            "c 3 linked partner - account:6@bank",
            "c 4 unlinked script account:6@bank -",
        ]
    );
    let actors = texts(&mapper, "SELECT DISTINCT actor FROM mapping_history ORDER BY 1").await;
    assert_eq!(actors, ["partner:P", "script:g2ptest_spar_mapper"]);
    for id in ["a", "b", "bb", "c"] {
        assert_eq!(verdict(&mapper, id).await["intact"], true, "{id}");
    }
    checkpoint(&mapper).await;
    let told: Option<i64> = sql::scalar(
        db.conn(),
        "SELECT sum(jsonb_array_length(payload->'items')) FROM outbox
          WHERE topic = 'spar-mapper.mappings.changed.v1'",
        [],
    )
    .await
    .unwrap();
    assert_eq!(told, Some(12), "each change once");
    mapper.settled().await;
}
