//! Asynchronous messages: acknowledged, worked on, answered to a registered address.

use std::time::Duration;

use g2p_crypto::{Jwks, verify_detached, verify_message};
use platform::{Mode, Policy};
use serde_json::{Value, json};
use storage::sql;
use testkit::{TestPartner, TestService, wait_for};
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::method};

use super::{Service, message};

pub(crate) async fn start() -> TestService<Service> {
    super::start_with(|loaded| {
        loaded.common.anonymous_partner = false;
        loaded.service.callback_loopback = true;
        super::seal(loaded);
    })
    .await
}

/// A receiver of callbacks that answers the first `failures` with 503.
pub(crate) async fn receiver(failures: u64) -> MockServer {
    let server = MockServer::start().await;
    if failures > 0 {
        let busy = Mock::given(method("POST")).respond_with(ResponseTemplate::new(503));
        busy.up_to_n_times(failures).mount(&server).await;
    }
    let ack = json!({"message": {"ack_status": "ACK", "timestamp": "2026-01-01T00:00:00Z"}});
    Mock::given(method("POST"))
        .respond_with(ResponseTemplate::new(200).set_body_json(ack))
        .mount(&server)
        .await;
    server
}

async fn partner(mapper: &TestService<Service>, mode: Mode, callbacks: &[&str]) -> TestPartner {
    let policy = Policy {
        permissions: ["mapper:call".to_owned()].into(),
        callback_urls: callbacks.iter().map(|url| (*url).to_owned()).collect(),
        ..Policy::default()
    };
    mapper.partner_with("BANK", mode, policy).await
}

fn with_uri(mut message: Value, uri: &str) -> Value {
    message["header"]["sender_uri"] = json!(uri);
    message
}

async fn callbacks(server: &MockServer, wanted: usize) -> Vec<wiremock::Request> {
    wait_for("the callbacks", Duration::from_secs(30), async || {
        let got = server.received_requests().await.unwrap_or_default();
        (got.len() >= wanted).then_some(got)
    })
    .await
}

#[tokio::test]
async fn each_operation_is_acknowledged_and_called_back_signed_with_the_same_id() {
    let (mapper, bank) = (start().await, receiver(0).await);
    let base = format!("{}/cb", bank.uri());
    let partner = partner(&mapper, Mode::Strict, &[&base]).await;
    let id = "token:a@nationalId";
    let steps = [
        ("link", json!({"id": id, "fa": "account:1@b.k.bank_acc"})),
        ("update", json!({"id": id, "fa": "account:2@b.k.bank_acc"})),
        ("resolve", json!({"id": id, "scope": "details"})),
        ("unlink", json!({"id": id})),
    ];
    for (n, (action, item)) in steps.into_iter().enumerate() {
        let sent = with_uri(message("BANK", &format!("m-{n}"), action, &[item]), &base);
        let ack = partner.post_signed(&format!("/mapper/{action}"), &sent).await.expect_status(200).json();
        assert_eq!(ack["message"]["ack_status"], "ACK", "{ack}");
        let again = partner.post_signed(&format!("/mapper/{action}"), &sent).await.expect_status(200).json();
        assert_eq!(again, ack, "the same message is kept once");
        let got = callbacks(&bank, n + 1).await.remove(n);
        assert_eq!(got.url.path(), format!("/cb/on-{action}"));
        let body: Value = serde_json::from_slice(&got.body).unwrap();
        assert_eq!(body["header"]["action"], format!("on-{action}"));
        assert_eq!(body["message"]["correlation_id"], ack["message"]["correlation_id"]);
        let answered = &body["message"][format!("{action}_response")][0];
        assert_eq!(
            (&answered["status"], &answered["reference_id"]),
            (&json!("succ"), &json!("r-0")),
            "{body}"
        );
        assert_signed(&mapper, &got, &body);
    }
    mapper.settled().await;
    let left: Option<i64> =
        sql::scalar(mapper.db().conn(), "SELECT count(*) FROM id_fa_mappings", []).await.unwrap();
    assert_eq!(left, Some(0), "unlink unlinks");
    assert_eq!(bank.received_requests().await.unwrap().len(), 4, "each once");
}

fn assert_signed(mapper: &TestService<Service>, got: &wiremock::Request, body: &Value) {
    let keys: Jwks = mapper.public_keys();
    let header = got.headers.get("Signature").unwrap().to_str().unwrap();
    verify_detached(header, &got.body, &keys).expect("the HTTP header's signature");
    let part = |name: &str| g2p_crypto::canonical_json(&body[name]);
    let member = body["signature"].as_str().unwrap();
    let now = time::OffsetDateTime::now_utc().unix_timestamp();
    verify_message(member, &part("header"), &part("message"), &keys, now, 300)
        .expect("the member's signature");
}

#[tokio::test]
async fn a_busy_receiver_is_called_again_under_the_same_message_id() {
    let (mapper, bank) = (start().await, receiver(2).await);
    let partner = partner(&mapper, Mode::Compat, &[&bank.uri()]).await;
    let item = json!({"id": "token:a@nationalId", "fa": "account:1@b.k.bank_acc"});
    let sent = with_uri(message("BANK", "string", "link", &[item]), "string");
    let ack = partner.post_signed("/async/link", &sent).await.expect_status(200).json();
    assert_eq!(ack["message"]["ack_status"], "ACK");
    let got = callbacks(&bank, 3).await;
    let ids: Vec<Value> = got
        .iter()
        .map(|r| serde_json::from_slice::<Value>(&r.body).unwrap()["header"]["message_id"].clone())
        .collect();
    assert!(ids.iter().all(|id| id == &ids[0]), "{ids:?}");
    let body: Value = serde_json::from_slice(&got[2].body).unwrap();
    assert_eq!(body["header"]["action"], "link", "1.x repeats the action");
    assert_eq!(body["message"]["link_response"][0]["status_reason_code"], Value::Null);
    mapper.settled().await;
    let state: Option<String> =
        sql::scalar(mapper.db().conn(), "SELECT state FROM transactions", []).await.unwrap();
    assert_eq!(state.as_deref(), Some("delivered"));
}

#[tokio::test]
async fn nothing_is_sent_to_an_address_that_is_not_registered() {
    let (mapper, bank) = (start().await, receiver(0).await);
    let registered = format!("{}/cb", bank.uri());
    let partner = partner(&mapper, Mode::Strict, &[&registered]).await;
    let item = json!({"id": "token:a@nationalId", "fa": "account:1@b.k.bank_acc"});
    let wrong = [
        format!("{}/other", bank.uri()),
        format!("{}/cb/../other", bank.uri()),
        "http://169.254.169.254/latest".to_owned(),
        "http://localhost:1/cb".to_owned(),
        "gopher://x/cb".to_owned(),
    ];
    for (n, uri) in wrong.iter().enumerate() {
        let sent = with_uri(message("BANK", &format!("m-{n}"), "link", std::slice::from_ref(&item)), uri);
        let spec = partner.post_signed("/mapper/link", &sent).await.expect_status(200).json();
        assert_eq!(spec["message"]["ack_status"], "ERR", "{uri}");
        assert_eq!(spec["message"]["error"]["code"], "err.sender_uri.invalid", "{uri}");
        let old = partner.post_signed("/async/link", &sent).await.expect_status(200).json();
        assert_eq!(old["message"]["ack_status"], "NACK", "{uri}");
    }
    let kept: Option<i64> =
        sql::scalar(mapper.db().conn(), "SELECT count(*) FROM transactions", []).await.unwrap();
    assert_eq!(kept, Some(0));
    assert!(bank.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn refusals_are_acknowledgements_in_the_words_of_the_dialect() {
    let (mapper, bank) = (start().await, receiver(0).await);
    let partner = partner(&mapper, Mode::Strict, &[&bank.uri()]).await;
    let item = json!({"id": "token:a@nationalId", "fa": "account:1@b.k.bank_acc"});
    let sent = message("BANK", "m-1", "link", std::slice::from_ref(&item));
    let bytes = g2p_crypto::canonical_json(&sent);
    let spec =
        partner.post_with_signature("/mapper/link", bytes.clone(), "a..b").await.expect_status(200).json();
    assert_eq!(
        (&spec["message"]["ack_status"], &spec["message"]["error"]["code"]),
        (&json!("ERR"), &json!("err.signature.invalid"))
    );
    let old = partner.post_with_signature("/async/link", bytes, "a..b").await.expect_status(200).json();
    assert_eq!(
        (&old["message"]["ack_status"], &old["message"]["error"]["code"]),
        (&json!("NACK"), &json!("rjct.jwt.invalid"))
    );
    let mut wrong = message("BANK", "m-2", "link", std::slice::from_ref(&item));
    wrong["header"]["action"] = json!("update");
    let spec = partner.post_signed("/mapper/link", &wrong).await.expect_status(200).json();
    assert_eq!(spec["message"]["error"]["code"], "err.request.bad");
    let mut secret = message("BANK", "m-3", "link", &[item]);
    secret["header"]["is_msg_encrypted"] = json!(true);
    let spec = partner.post_signed("/mapper/link", &secret).await.expect_status(200).json();
    assert_eq!(spec["message"]["error"]["code"], "err.encryption.invalid");
    partner.post_signed("/mapper/link", &json!({"header": {}, "message": {}})).await.expect_status(200);
}

fn question(id: &str, attribute: &str, value: &Value, txn_type: &str) -> Value {
    let mut asked = message("BANK", id, "link", &[json!({})]);
    asked["header"]["action"] = json!("txn-status");
    asked["message"] = json!({"transaction_id": "t-9", "txnstatus_request": {
        "reference_id": "r-9", "txn_type": txn_type, "attribute_type": attribute, "attribute_value": value}});
    asked
}

#[tokio::test]
async fn the_status_of_a_message_is_told_to_its_sender_only() {
    let (mapper, bank) = (start().await, receiver(0).await);
    let partner = partner(&mapper, Mode::Strict, &[&bank.uri()]).await;
    let stranger = mapper.partner("STRANGER", &["mapper:call"]).await;
    let items = [
        json!({"id": "token:a@nationalId", "fa": "account:1@b.k.bank_acc"}),
        json!({"id": "", "fa": "account:2@b.k.bank_acc"}),
    ];
    let sent = message("BANK", "m-1", "link", &items);
    let ack = partner.post_signed("/mapper/link", &sent).await.expect_status(200).json();
    let correlation_id = &ack["message"]["correlation_id"];
    callbacks(&bank, 1).await;
    let ask = async |id: &str, attribute: &str, value: &Value| {
        let asked = question(id, attribute, value, "link");
        partner.post_signed("/registry/sync/txn/status", &asked).await.expect_status(200).json()
    };
    for (n, (attribute, value, items)) in [
        ("correlation_id", correlation_id.clone(), 2),
        ("transaction_id", json!("t-1"), 2),
        ("reference_id_list", json!(["r-1"]), 1),
        ("correlation_id", json!("no such id"), 0),
    ]
    .into_iter()
    .enumerate()
    {
        let told = ask(&format!("q-{n}"), attribute, &value).await;
        assert_eq!(told["header"]["action"], "txn-on-status");
        let result = &told["message"]["txnstatus_response"];
        assert_eq!(result["txn_type"], "on-link");
        assert_eq!(result["txn_status"]["link_response"].as_array().map(Vec::len), Some(items), "{told}");
    }
    let mut asked = question("q-8", "transaction_id", &json!("t-1"), "link");
    asked["header"]["sender_id"] = json!("STRANGER");
    let told = stranger.post_signed("/sync/txn/status", &asked).await.expect_status(200).json();
    assert_eq!(told["message"]["txnstatus_response"]["txn_status"]["link_response"], json!([]));

    let later = question("q-9", "correlation_id", correlation_id, "link");
    let ack = partner.post_signed("/mapper/txn/status", &later).await.expect_status(200).json();
    assert_eq!(ack["message"]["ack_status"], "ACK");
    let got = callbacks(&bank, 2).await.remove(1);
    assert_eq!(got.url.path(), "/txn/on-status");
    let body: Value = serde_json::from_slice(&got.body).unwrap();
    assert_eq!(body["message"]["txnstatus_response"]["txn_status"]["link_response"][1]["status"], "rjct");
    assert_eq!(body["message"]["correlation_id"], ack["message"]["correlation_id"]);
    mapper.settled().await;
}

#[tokio::test]
async fn what_one_process_acknowledged_another_does() {
    let bank = receiver(0).await;
    let change = |workers: bool| {
        move |loaded: &mut platform::config::Loaded<spar_mapper::Config>| {
            loaded.common.anonymous_partner = false;
            loaded.service.callback_loopback = true;
            super::seal(loaded);
            if !workers {
                loaded.common.roles = vec!["http".to_owned()];
            }
        }
    };
    let mapper = super::start_with(change(false)).await;
    let partner = partner(&mapper, Mode::Strict, &[&bank.uri()]).await;
    let item = json!({"id": "token:a@nationalId", "fa": "account:1@b.k.bank_acc"});
    let ack = partner.post_signed("/mapper/link", &message("BANK", "m-1", "link", &[item])).await;
    assert_eq!(ack.expect_status(200).json()["message"]["ack_status"], "ACK");
    let told = partner
        .post_signed("/mapper/sync/txn/status", &question("q-1", "transaction_id", &json!("t-1"), "link"))
        .await;
    let told = told.expect_status(200).json();
    let waiting = &told["message"]["txnstatus_response"]["txn_status"]["link_response"][0];
    assert_eq!((&waiting["status"], &waiting["reference_id"]), (&json!("pdng"), &json!("r-0")));
    let db = mapper.stop().await;
    assert!(bank.received_requests().await.unwrap().is_empty(), "nobody worked on it");
    let other = TestService::<Service>::start_on(db, change(true)).await;
    assert_eq!(callbacks(&bank, 1).await[0].url.path(), "/on-link");
    other.settled().await;
}
