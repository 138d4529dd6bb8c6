//! Faults of deployed mappers that must not be found here. The numbers are those of the list that they were gathered in;
//! the others belong to the pages where people choose an account, and are tested there.

use platform::{Mode, Policy};
use serde_json::{Value, json};
use spar_mapper::Service;
use storage::sql;
use testkit::{TestPartner, TestService};
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::any};

use super::{change, message, start};

const ID: &str = "token:a@nationalId";
const FA: &str = "account:4444555566667777@b.k.bank_acc";

async fn ask(partner: &TestPartner, item: Value) -> Value {
    let body = message(partner.id(), &testkit::unique("m"), "resolve", &[item]);
    let reply = partner.post_signed("/mapper/sync/resolve", &body).await;
    if reply.status == 200 { reply.json() } else { json!({"status": reply.status}) }
}

async fn count(mapper: &TestService<Service>, query: &str) -> i64 {
    sql::scalar(mapper.db().conn(), query, []).await.unwrap().unwrap_or(-1)
}

/// A verified partner does what it was granted and nothing else, and sees an address only when that was granted too.
#[tokio::test]
async fn defect_02_a_verified_partner_may_do_nothing_that_was_not_granted() {
    let mapper = start().await;
    let owner = mapper.partner("OWNER", &["mapper:call"]).await;
    change(&owner, "link", &[json!({"id": ID, "fa": FA})]).await;
    let yes_no = mapper.partner("ASKER", &["mapper:resolve"]).await;
    let told = ask(&yes_no, json!({"id": ID, "scope": "details"})).await;
    assert!(!told.to_string().contains("4444555566667777"), "{told}");
    for (path, item) in [
        ("link", json!({"id": "token:b@nationalId", "fa": FA})),
        ("update", json!({"id": ID, "fa": "account:1@evil"})),
        ("unlink", json!({"id": ID})),
    ] {
        let body = message("ASKER", &testkit::unique("m"), path, &[item]);
        let reply = yes_no.post_signed(&format!("/mapper/sync/{path}"), &body).await;
        assert!(reply.status == 403 || reply.json()["header"]["status"] == "rjct", "{path} {}", reply.text);
    }
    let kept = ask(&owner, json!({"id": ID, "scope": "details"})).await;
    assert_eq!(kept["message"]["resolve_response"][0]["fa"], FA);
    assert_eq!(count(&mapper, "SELECT count(*) FROM id_fa_mappings").await, 1);
}

/// A change of an account is no secret: it is in the history with its author, it is announced, and it can be stopped.
#[tokio::test]
async fn defect_03_a_change_is_never_silent_and_can_be_stopped() {
    let mapper = start().await;
    let owner = mapper.partner("OWNER", &["mapper:call"]).await;
    let other = mapper.partner("OTHER", &["mapper:call"]).await;
    change(&owner, "link", &[json!({"id": ID, "fa": FA})]).await;
    let before = count(&mapper, "SELECT count(*) FROM outbox").await;
    change(&other, "update", &[json!({"id": ID, "fa": "account:9@b.k.acc"})]).await;
    assert!(count(&mapper, "SELECT count(*) FROM outbox").await > before, "it is announced");
    let admin = mapper.user("admin");
    let history = admin.post("/api/v1/mappings/history", &json!({"id": ID})).await.expect_status(200).json();
    let entry = &history["items"][1];
    assert_eq!((&entry["actor"], &entry["before"]["fa"]), (&json!("partner:OTHER"), &json!(FA)));
    let freeze = json!({"id": ID, "reason": "reported as stolen"});
    admin.post("/api/v1/mappings/freeze", &freeze).await.expect_status(204);
    for action in ["update", "unlink"] {
        let refused = change(&other, action, &[json!({"id": ID, "fa": "account:10@b.k.acc"})]).await;
        assert_eq!(refused[0].0, "rjct", "{action} {refused:?}");
    }
    let now = ask(&owner, json!({"id": ID, "scope": "details"})).await;
    assert_eq!(now["message"]["resolve_response"][0]["fa"], "account:9@b.k.acc");
}

/// Who records a signed message cannot send it again later, nor to another operation.
#[tokio::test]
async fn defect_04_a_recorded_message_has_no_effect_a_second_time() {
    let mapper = start().await;
    let owner = mapper.partner("OWNER", &["mapper:call"]).await;
    let link = message("OWNER", "m-1", "link", &[json!({"id": ID, "fa": FA})]);
    owner.post_signed("/mapper/sync/link", &link).await.expect_status(200);
    change(&owner, "unlink", &[json!({"id": ID})]).await;
    owner.post_signed("/mapper/sync/link", &link).await;
    for path in ["/mapper/sync/update", "/mapper/sync/unlink", "/mapper/link", "/sync/link"] {
        owner.post_signed(path, &link).await;
    }
    let mut old = message("OWNER", "m-2", "link", &[json!({"id": ID, "fa": FA})]);
    old["header"]["message_ts"] = json!("2020-01-01T00:00:00Z");
    owner.post_signed("/mapper/sync/link", &old).await;
    assert_eq!(count(&mapper, "SELECT count(*) FROM id_fa_mappings").await, 0);
}

/// Nothing that was there is forgotten: neither when, nor what, nor by whom.
#[tokio::test]
async fn defect_05_what_was_removed_can_still_be_told() {
    let mapper = start().await;
    let owner = mapper.partner("OWNER", &["mapper:call"]).await;
    change(&owner, "link", &[json!({"id": ID, "fa": FA})]).await;
    let stamp =
        "SELECT (extract(epoch FROM coalesce(updated_at, created_at)) * 1000000)::bigint FROM id_fa_mappings";
    let linked = count(&mapper, stamp).await;
    change(&owner, "update", &[json!({"id": ID, "fa": "account:9@b.k.acc"})]).await;
    assert!(count(&mapper, stamp).await > linked, "updated_at moves");
    change(&owner, "unlink", &[json!({"id": ID})]).await;
    let admin = mapper.user("admin");
    let history = admin.post("/api/v1/mappings/history", &json!({"id": ID})).await.expect_status(200).json();
    let items = history["items"].as_array().unwrap();
    let told: Vec<&str> = items.iter().map(|i| i["change"].as_str().unwrap()).collect();
    assert_eq!(told, ["linked", "updated", "unlinked"]);
    assert!(items.iter().all(|i| i["actor"] == "partner:OWNER" && i["at"].is_string()));
    assert_eq!(items[2]["before"]["fa"], "account:9@b.k.acc");
    for forget in ["DELETE FROM mapping_history", "UPDATE mapping_history SET actor = 'nobody'"] {
        assert!(sql::execute(mapper.db().conn(), forget, []).await.is_err(), "{forget}");
    }
}

/// A message cannot make the mapper call an address of the sender's choice.
#[tokio::test]
async fn defect_12_callbacks_go_to_registered_addresses_only() {
    let (mapper, inner, bank) = (start().await, MockServer::start().await, MockServer::start().await);
    for server in [&inner, &bank] {
        let ack = json!({"message": {"ack_status": "ACK", "timestamp": "2026-01-01T00:00:00Z"}});
        Mock::given(any()).respond_with(ResponseTemplate::new(200).set_body_json(ack)).mount(server).await;
    }
    let policy = Policy {
        permissions: ["mapper:call".to_owned()].into(),
        callback_urls: [format!("{}/cb", bank.uri())].into(),
        ..Policy::default()
    };
    let partner = mapper.partner_with("BANK", Mode::Strict, policy).await;
    let own = bank.uri();
    for uri in [
        inner.uri(),
        format!("{own}/cb/../admin"),
        format!("{own}.evil.example/cb"),
        format!("http://evil@{}/cb", own.trim_start_matches("http://")),
        "http://169.254.169.254/latest/meta-data".to_owned(),
        "file:///etc/passwd".to_owned(),
    ] {
        let mut sent = message("BANK", &testkit::unique("m"), "resolve", &[json!({"id": ID})]);
        sent["header"]["sender_uri"] = json!(uri);
        let ack = partner.post_signed("/mapper/resolve", &sent).await.expect_status(200).json();
        assert_ne!(ack["message"]["ack_status"], "ACK", "{uri} {ack}");
    }
    // Its registered address is on this machine, where it is not called either unless that is allowed.
    let mut sent = message("BANK", &testkit::unique("m"), "resolve", &[json!({"id": ID})]);
    sent["header"]["sender_uri"] = json!(format!("{own}/cb"));
    partner.post_signed("/mapper/resolve", &sent).await.expect_status(200);
    assert!(inner.received_requests().await.unwrap_or_default().is_empty());
}

/// Who reads logs finds no account, name or phone in anything that can be printed of a request or an answer.
#[tokio::test]
async fn defect_14_what_is_printed_of_a_message_names_nobody() {
    use g2p_connect::{
        Request,
        mapper::{LinkRequest, newer::LinkPayload},
    };
    let item = json!({"id": ID, "fa": FA, "name": "Amina Barakat", "phone_number": "+254711222333", "additional_info": [{"name": "n", "value": "4444555566667777"}]});
    let older: Request<LinkRequest> = serde_json::from_value(message("P", "m-1", "link", &[item])).unwrap();
    let fa = json!({"strategy_id": 2, "fa_type": "BANK", "account_number": "4444555566667777"});
    let newer: LinkPayload = serde_json::from_value(json!({
        "transaction_id": "t", "link_request": [{"reference_id": "r", "id": ID, "fa": fa, "name": "Amina Barakat", "phone_number": "+254711222333"}],
    }))
    .unwrap();
    for shown in [format!("{older:?}"), format!("{newer:?}")] {
        for secret in ["4444555566667777", "Amina", "254711222333", "token:a"] {
            assert!(!shown.contains(secret), "{secret} in {shown}");
        }
    }
    // An error that a caller gets repeats none of it either.
    let mapper = start().await;
    let partner = mapper.partner("P", &["mapper:call"]).await;
    let mut wrong = message("P", "m-1", "link", &[json!({"id": ID, "fa": FA})]);
    wrong["message"]["link_request"][0]["fa"] = json!({"account_number": "4444555566667777"});
    let reply = partner.post_signed("/mapper/sync/link", &wrong).await;
    assert!(reply.status == 400 && !reply.text.contains("4444555566667777"), "{}", reply.text);
}

/// Strangers ask nothing, and nobody asks for a whole country in one call.
#[tokio::test]
async fn defect_15_ids_cannot_be_tried_in_bulk() {
    let mapper = super::start_with(|loaded| {
        loaded.common.anonymous_partner = false;
        loaded.service.max_batch = 10;
        super::seal(loaded);
    })
    .await;
    let owner = mapper.partner("OWNER", &["mapper:call"]).await;
    change(&owner, "link", &[json!({"id": ID, "fa": FA})]).await;
    let guesses: Vec<Value> = ["a", "b"]
        .iter()
        .cycle()
        .take(11)
        .map(|n| json!({"id": format!("token:{n}@nationalId"), "scope": "details"}))
        .collect();
    let stranger = message("NOBODY", "m-1", "resolve", &guesses[..1]);
    let reply = mapper.anonymous().post("/mapper/sync/resolve", &stranger).await;
    assert!(!reply.text.contains("succ.id") && !reply.text.contains("4444"), "{}", reply.text);
    let reply =
        owner.post_signed("/mapper/sync/resolve", &message("OWNER", "m-2", "resolve", &guesses)).await.json();
    assert_eq!(reply["header"]["status_reason_code"], "rjct.total_count.limit_exceeded");
    assert!(!reply.to_string().contains(FA));
}

/// The code says what is wrong: an id that nobody knows is no duplicate.
#[tokio::test]
async fn defect_18_an_unknown_id_is_called_unknown() {
    let mapper = start().await;
    let owner = mapper.partner("OWNER", &["mapper:call"]).await;
    let items = [json!({"id": "token:nobody@nationalId", "fa": FA})];
    for action in ["update", "unlink"] {
        let answer = change(&owner, action, &items).await.remove(0);
        let told = (answer.0.as_str(), answer.1.as_str(), answer.2.as_str());
        assert_eq!(told, ("rjct", "rjct.id.invalid", "ID doesnt exist please link first"), "{action}");
    }
}
