//! Whoever gets a copy of the database gets no account, name or phone.

use std::{sync::Arc, time::Duration};

use platform::Masked;
use serde_json::{Value, json};
use spar_mapper::Service;
use storage::{Db, sql};
use testkit::{TestPartner, TestService, wait_for};

use super::{change, message, seal, start};

/// All of the schema, as a thief would read it.
async fn all_rows(db: &Db) -> String {
    let tables: Vec<String> = sql::scalars(
        db.conn(),
        "SELECT table_name::text FROM information_schema.tables WHERE table_schema = current_schema()",
        [],
    )
    .await
    .unwrap();
    assert!(tables.len() > 10, "{tables:?}");
    let mut text = String::new();
    for table in tables {
        let rows: Vec<String> =
            sql::scalars(db.conn(), &format!("SELECT t::text FROM \"{table}\" t"), []).await.unwrap();
        text.push_str(&rows.join("\n"));
    }
    text
}

async fn told_in_tables(db: &Db, secrets: &[&str]) -> Vec<String> {
    let rows = all_rows(db).await;
    secrets.iter().filter(|secret| rows.contains(**secret)).map(|secret| (*secret).to_owned()).collect()
}

async fn sealed(db: &Db, secrets: &[&str]) {
    wait_for("nothing to be told by the tables", Duration::from_secs(30), || async {
        told_in_tables(db, secrets).await.is_empty().then_some(())
    })
    .await;
}

/// The address of an id, and the id of an address.
async fn resolved(partner: &TestPartner, item: Value) -> (Value, Value) {
    let body = message(partner.id(), &uuid::Uuid::new_v4().to_string(), "resolve", &[item]);
    let reply = partner.post_signed("/mapper/sync/resolve", &body).await.expect_status(200).json();
    let answer = &reply["message"]["resolve_response"][0];
    (answer["fa"].clone(), answer["id"].clone())
}

async fn by_id(partner: &TestPartner, id: &str) -> Value {
    resolved(partner, json!({"id": id, "scope": "details"})).await.0
}

async fn by_fa(partner: &TestPartner, fa: &str) -> Value {
    resolved(partner, json!({"fa": fa, "scope": "details"})).await.1
}

async fn intact(mapper: &TestService<Service>, id: &str) {
    let verdict = mapper.user("admin").post("/api/v1/mappings/verify", &json!({"id": id})).await;
    let verdict = verdict.expect_status(200).json();
    assert_eq!(verdict["intact"], true, "{id}: {verdict}");
}

async fn addresses_in_history(mapper: &TestService<Service>, id: &str) -> Vec<Value> {
    let page = mapper.user("admin").post("/api/v1/mappings/history", &json!({"id": id})).await;
    let page = page.expect_status(200).json();
    page["items"].as_array().unwrap().iter().map(|entry| entry["after"]["fa"].clone()).collect()
}

#[tokio::test]
async fn no_table_tells_an_account_a_name_or_a_phone() {
    let mapper = start().await;
    let partner = mapper.partner("P", &["mapper:call"]).await;
    let secrets = ["31415926", "27182818", "Amina Example", "+254700000042"];
    let first = json!({"id": "a", "fa": "account:31415926@bank", "name": "Amina Example", "phone_number": "+254700000042"});
    let link = message("P", "m-1", "link", &[first]);
    let answer = partner.post_signed("/mapper/sync/link", &link).await.expect_status(200).json();
    let again = partner.post_signed("/mapper/sync/link", &link).await.expect_status(200).json();
    assert_eq!(answer, again, "the stored answer of a message that comes again");
    assert_eq!(answer["message"]["link_response"][0]["fa"], "account:31415926@bank");

    let body = message("P", "m-2", "update", &[json!({"id": "a", "fa": "account:27182818@bank"})]);
    let ack = partner.post_signed("/async/update", &body).await.expect_status(200).json();
    assert_eq!(ack["message"]["ack_status"], "ACK", "{ack}");
    mapper.settled().await;
    let asked = json!({"id": "a", "operation": "update", "fa": "account:31415926@bank", "reason": "she asked for it",
        "effective_from": "2999-01-01T00:00:00Z"});
    mapper.user("admin").post("/api/v1/changes", &asked).await.expect_status(202);
    assert_eq!(told_in_tables(mapper.db(), &secrets).await, [""; 0]);

    assert_eq!(by_id(&partner, "a").await, "account:27182818@bank");
    assert_eq!(by_fa(&partner, "account:27182818@bank").await, "a");
    assert_eq!(by_fa(&partner, "account:31415926@bank").await, Value::Null, "she is not paid there any more");
    let history = addresses_in_history(&mapper, "a").await;
    assert_eq!(history, ["account:31415926@bank", "account:27182818@bank"]);
    let waiting = mapper.user("admin").get("/api/v1/changes").await.expect_status(200).json();
    assert_eq!(waiting["items"][0]["fa"], "account:31415926@bank", "{waiting}");
    intact(&mapper, "a").await;

    let wrong = change(&partner, "unlink", &[json!({"id": "a", "fa": "account:31415926@bank"})]).await;
    assert_eq!(wrong[0].0, "rjct");
    let right = change(&partner, "unlink", &[json!({"id": "a", "fa": "account:27182818@bank"})]).await;
    assert_eq!(right[0].0, "succ");
    assert_eq!(told_in_tables(mapper.db(), &secrets).await, [""; 0]);
    intact(&mapper, "a").await;
}

#[tokio::test]
async fn what_scripts_write_counts_at_once_and_is_sealed_soon() {
    let mapper = start().await;
    let partner = mapper.partner("P", &["mapper:call"]).await;
    change(&partner, "link", &[json!({"id": "b", "fa": "account:20002000@bank", "name": "Badru"})]).await;
    let run = async |statement: &str| sql::execute(mapper.db().conn(), statement, []).await.unwrap();
    run("INSERT INTO id_fa_mappings (id_value, fa_value, name, phone, additional_info)
         VALUES ('a', 'account:10001000@bank', 'Script Person', '+254711', '[]'), ('c', 'account:30003000@bank', NULL, NULL, NULL)")
    .await;
    assert_eq!(by_id(&partner, "a").await, "account:10001000@bank");
    assert_eq!(by_fa(&partner, "account:30003000@bank").await, "c");
    // Over a sealed row, twice, and only the name.
    run("UPDATE id_fa_mappings SET fa_value = 'account:20002001@bank' WHERE id_value = 'b'").await;
    run("UPDATE id_fa_mappings SET fa_value = 'account:20002002@bank' WHERE id_value = 'b'").await;
    run("UPDATE id_fa_mappings SET name = 'Another Name' WHERE id_value = 'a'").await;
    assert_eq!(by_id(&partner, "b").await, "account:20002002@bank");
    assert_eq!(by_fa(&partner, "account:20002000@bank").await, Value::Null, "its index is an old one");

    let secrets = [
        "10001000",
        "20002000",
        "20002001",
        "20002002",
        "30003000",
        "Script Person",
        "Another Name",
        "+254711",
    ];
    sealed(mapper.db(), &secrets).await;
    for (id, fa) in
        [("a", "account:10001000@bank"), ("b", "account:20002002@bank"), ("c", "account:30003000@bank")]
    {
        assert_eq!(by_id(&partner, id).await, fa);
        assert_eq!(by_fa(&partner, fa).await, id);
        intact(&mapper, id).await;
    }
    let history = addresses_in_history(&mapper, "b").await;
    assert_eq!(history, ["account:20002000@bank", "account:20002001@bank", "account:20002002@bank"]);
    // What is one person's cannot be given to another by copying it.
    for statement in [
        "UPDATE id_fa_mappings SET id_value = 'x' WHERE id_value = 'c'",
        "INSERT INTO id_fa_mappings (id_value, fa_value) SELECT 'x', fa_value FROM id_fa_mappings WHERE id_value = 'c'",
        "UPDATE id_fa_mappings SET fa_value = (SELECT fa_value FROM id_fa_mappings WHERE id_value = 'b') WHERE id_value = 'c'",
        "UPDATE id_fa_mappings SET name = 'enc:what was never sealed' WHERE id_value = 'c'",
    ] {
        let refused = sql::execute(mapper.db().conn(), statement, []).await;
        assert!(refused.is_err(), "{statement}");
    }
    run("DELETE FROM id_fa_mappings WHERE id_value = 'c'").await;
    intact(&mapper, "c").await;
    // Who can turn the triggers off gets no further: the others of the message are answered.
    run("ALTER TABLE id_fa_mappings DISABLE TRIGGER USER").await;
    run("UPDATE id_fa_mappings SET fa_value = (SELECT fa_value FROM id_fa_mappings WHERE id_value = 'b') WHERE id_value = 'a'")
        .await;
    let both = [json!({"id": "a", "scope": "details"}), json!({"id": "b", "scope": "details"})];
    let body = message("P", "m-9", "resolve", &both);
    let reply = partner.post_signed("/mapper/sync/resolve", &body).await.expect_status(200).json();
    let answers = &reply["message"]["resolve_response"];
    assert_eq!(answers[0]["status_reason_code"], "rjct.fa.invalid", "{reply}");
    assert_eq!(answers[1]["fa"], "account:20002002@bank", "{reply}");

    // Who swaps what is kept of an entry is found.
    sealed(mapper.db(), &secrets).await;
    run("ALTER TABLE mapping_history_sealed DISABLE TRIGGER USER").await;
    run("UPDATE mapping_history_sealed s SET sealed = o.sealed FROM mapping_history_sealed o
          WHERE s.id_value = 'b' AND o.id_value = 'b' AND s.no <> o.no")
    .await;
    let verdict = mapper.user("admin").post("/api/v1/mappings/verify", &json!({"id": "b"})).await;
    assert_eq!(verdict.expect_status(200).json()["intact"], false);
}

#[tokio::test]
async fn sealing_is_turned_on_and_off_and_its_secret_changed_with_people_in_the_register() {
    let db = super::database().await;
    let plain =
        TestService::<Service>::start_on(Arc::clone(&db), |loaded| loaded.service.encryption = false).await;
    let partner = plain.partner("P", &["mapper:call"]).await;
    change(&partner, "link", &[json!({"id": "a", "fa": "account:10001000@bank", "name": "Amina"})]).await;
    let mappings = |db: Db| async move {
        let rows: Vec<String> =
            sql::scalars(db.conn(), "SELECT m::text FROM id_fa_mappings m", []).await.unwrap();
        rows.join("\n")
    };
    assert!(mappings(plain.db().clone()).await.contains("10001000"));
    plain.stop().await;

    let on = TestService::<Service>::start_on(Arc::clone(&db), seal).await;
    wait_for("the mapping to be sealed", Duration::from_secs(30), || async {
        let rows = mappings(on.db().clone()).await;
        (!rows.contains("10001000") && !rows.contains("Amina")).then_some(())
    })
    .await;
    let partner = on.partner("P", &["mapper:call"]).await;
    assert_eq!(by_fa(&partner, "account:10001000@bank").await, "a");
    change(&partner, "link", &[json!({"id": "b", "fa": "account:20002000@bank"})]).await;
    on.stop().await;

    let rotated = TestService::<Service>::start_on(Arc::clone(&db), |loaded| {
        seal(loaded);
        let before = std::mem::replace(
            &mut loaded.service.encryption_secret,
            Masked::new("the next secret of the tests that seals".to_owned()),
        );
        loaded.service.encryption_old_secrets = vec![before];
    })
    .await;
    let partner = rotated.partner("P", &["mapper:call"]).await;
    change(&partner, "update", &[json!({"id": "b", "fa": "account:20002001@bank"})]).await;
    assert_eq!(by_fa(&partner, "account:10001000@bank").await, "a");
    assert_eq!(by_id(&partner, "b").await, "account:20002001@bank");
    intact(&rotated, "a").await;
    intact(&rotated, "b").await;
    rotated.stop().await;

    for key in ["encryption_secret", "index_secret"] {
        let db = Arc::clone(&db);
        let started = tokio::spawn(TestService::<Service>::start_on(db, move |loaded| {
            seal(loaded);
            let other = Masked::new("another secret, which sealed nothing so far".to_owned());
            if key == "index_secret" {
                loaded.service.index_secret = other;
            } else {
                loaded.service.encryption_secret = other;
            }
        }));
        let panic = started.await.err().expect("it does not start").into_panic();
        let why = panic.downcast_ref::<String>().unwrap();
        assert!(why.contains(&format!("spar_mapper.{key} ")), "{why}");
    }

    let off = TestService::<Service>::start_on(db, |loaded| {
        seal(loaded);
        loaded.service.encryption = false;
        let now = std::mem::replace(
            &mut loaded.service.encryption_secret,
            Masked::new("the next secret of the tests that seals".to_owned()),
        );
        loaded.service.encryption_old_secrets = vec![now];
    })
    .await;
    wait_for("the mappings to be plain", Duration::from_secs(30), || async {
        let rows = mappings(off.db().clone()).await;
        (rows.contains("10001000") && rows.contains("20002001")).then_some(())
    })
    .await;
    let partner = off.partner("P", &["mapper:call"]).await;
    assert_eq!(by_fa(&partner, "account:20002001@bank").await, "b");
    intact(&off, "a").await;
    intact(&off, "b").await;
}
