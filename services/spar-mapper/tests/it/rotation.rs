//! The service's key changes, and what the older one signed stays worth something; what a stranger signed never is.

use std::{sync::Arc, time::Duration};

use base64::{
    Engine,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use g2p_crypto::{SigningKey, sign_attached, verify_attached};
use platform::{Service as _, config::Loaded};
use serde_json::{Value, json};
use spar_mapper::{Config, Service, config::RetiredKey};
use storage::sql;
use testkit::{TestDb, TestService, schema_of, wait_for};

use crate::{change, now};

/// The key as `openssl pkey -pubout` writes it.
fn public_pem(key: &SigningKey) -> String {
    let mut der = vec![0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
    der.extend(BASE64_URL_SAFE_NO_PAD.decode(key.public_jwk().x.unwrap()).unwrap());
    format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", BASE64_STANDARD.encode(der))
}

async fn start(db: &Arc<TestDb>, key: &SigningKey, retired: Vec<RetiredKey>) -> TestService<Service> {
    let pem = key.to_pkcs8_pem().as_str().to_owned();
    TestService::start_on(Arc::clone(db), |loaded: &mut Loaded<Config>| {
        loaded.common.signing_key = Some(pem.into());
        loaded.service.checkpoint_seconds = 1;
        loaded.service.encryption = false;
        loaded.service.retired_keys = retired;
    })
    .await
}

/// Links an id, and returns the checkpoint that covers it.
async fn covered(mapper: &TestService<Service>, id: &str) -> Value {
    let partner = mapper.partner("P", &["mapper:call"]).await;
    change(&partner, "link", &[json!({"id": id, "fa": "account:1@bank"})]).await;
    let seq: i64 =
        sql::scalar(mapper.db().conn(), "SELECT max(seq) FROM mapping_history", []).await.unwrap().unwrap();
    wait_for("a checkpoint over the entry", Duration::from_secs(30), || async {
        let list = mapper.user("admin").get("/api/v1/checkpoints?limit=1000").await.expect_status(200).json();
        list["items"]
            .as_array()
            .unwrap()
            .last()
            .cloned()
            .filter(|newest| newest["last_seq"].as_i64() >= Some(seq))
    })
    .await
}

async fn verified(mapper: &TestService<Service>, body: Value) -> Value {
    mapper.user("admin").post("/api/v1/checkpoints/verify", &body).await.expect_status(200).json()
}

#[tokio::test]
async fn checkpoints_of_a_key_that_was_changed_verify_and_those_of_a_stranger_do_not() {
    let db = Arc::new(TestDb::for_services(&[schema_of::<Service>()]).await);
    let [older, newer, stranger] = [(); 3].map(|()| SigningKey::generate_ed25519().unwrap());
    let mapper = start(&db, &older, Vec::new()).await;
    let first = covered(&mapper, "a").await;
    mapper.stop().await;
    let until = now();

    // Who forgets to name the older key is told which one is missing.
    let mapper = start(&db, &newer, Vec::new()).await;
    let second = covered(&mapper, "b").await;
    let report = verified(&mapper, json!({})).await;
    assert_eq!(report["problems"].as_array().unwrap().len(), 1, "{report}");
    let what = report["problems"][0]["what"].as_str().unwrap();
    assert!(what.contains("retired_keys") && what.contains(older.kid()), "{report}");
    mapper.stop().await;

    let mapper = start(&db, &newer, vec![RetiredKey { key: public_pem(&older), until: until.clone() }]).await;
    let report = verified(&mapper, json!({"kept": first["signature"]})).await;
    assert_eq!((&report["intact"], &report["problems"]), (&json!(true), &json!([])), "{report}");
    assert!(report["checked"].as_i64() >= Some(2), "{report}");

    let admin = mapper.test_db().admin("spar_mapper").await;
    let forge = async |statement: &str| {
        let tx = admin.begin().await.unwrap();
        sql::execute(&tx, "SET LOCAL session_replication_role = replica", []).await.unwrap();
        sql::execute(&tx, statement, []).await.unwrap();
        tx.commit().await.unwrap();
    };
    let payload = |checkpoint: &Value, by: &SigningKey| {
        verify_attached(checkpoint["signature"].as_str().unwrap(), &by.public_jwks()).unwrap().payload
    };
    let put = |checkpoint: &Value, signature: &str| {
        format!("UPDATE mapping_checkpoints SET signature = '{signature}' WHERE no = {}", checkpoint["no"])
    };
    // The same words, signed by somebody else.
    let forged = sign_attached(&stranger, &payload(&first, &older)).unwrap();
    forge(&put(&first, &forged)).await;
    let report = verified(&mapper, json!({})).await;
    assert_eq!(report["problems"][0]["no"], first["no"], "{report}");
    assert!(report["problems"][0]["what"].as_str().unwrap().contains(stranger.kid()), "{report}");
    mapper
        .user("admin")
        .post("/api/v1/checkpoints/verify", &json!({"kept": forged}))
        .await
        .expect_status(422);
    forge(&put(&first, first["signature"].as_str().unwrap())).await;

    // A retired key that was stolen signs no more: not with the time it is, and not with an older one.
    let retired = format!("the signature is not ours: its key was retired at {}", &until[..19]);
    forge(&put(&second, &sign_attached(&older, &payload(&second, &newer)).unwrap())).await;
    let report = verified(&mapper, json!({})).await;
    assert!(report["problems"][0]["what"].as_str().unwrap().starts_with(&retired), "{report}");
    forge(&put(&second, second["signature"].as_str().unwrap())).await;
    assert_eq!(verified(&mapper, json!({})).await["intact"], true, "all is as before");
    let mut statement: Value = serde_json::from_slice(&payload(&second, &newer)).unwrap();
    let (no, last) = (second["no"].as_i64().unwrap() + 1, second["last_seq"].clone());
    statement["no"] = json!(no);
    statement["at"] = first["at"].clone();
    statement["previous"] = statement["root"].clone();
    (statement["after_seq"], statement["entries"]) = (last.clone(), json!(0));
    let signature = sign_attached(&older, statement.to_string().as_bytes()).unwrap();
    forge(&format!(
        "INSERT INTO mapping_checkpoints (no, at, after_seq, last_seq, entries, root, signature)
         SELECT {no}, '{}', {last}, {last}, 0, root, '{signature}' FROM mapping_checkpoints WHERE no = {}",
        first["at"].as_str().unwrap(),
        second["no"]
    ))
    .await;
    let report = verified(&mapper, json!({})).await;
    assert_eq!(report["problems"][0]["no"], no, "{report}");
    assert!(report["problems"][0]["what"].as_str().unwrap().starts_with(&retired), "{report}");
}

#[test]
fn a_retired_key_that_cannot_be_read_stops_the_start_and_is_named() {
    let key = SigningKey::generate_es256().unwrap();
    let jwk = serde_json::to_string(&key.public_jwk()).unwrap();
    let validated = |key: &str, until: &str| {
        let retired = RetiredKey { key: key.to_owned(), until: until.to_owned() };
        let config = Config { encryption: false, retired_keys: vec![retired], ..Config::default() };
        Service::validate(&config).err().unwrap_or_default()
    };
    assert_eq!(validated(&jwk, "2026-01-31T12:00:00Z"), "");
    assert!(validated(&jwk, "yesterday").starts_with("spar_mapper.retired_keys[0].until"));
    for wrong in ["", "nonsense", key.to_pkcs8_pem().as_str(), "{}"] {
        let said = validated(wrong, "2026-01-31T12:00:00Z");
        assert!(said.starts_with("spar_mapper.retired_keys[0].key"), "{said}");
    }
}
