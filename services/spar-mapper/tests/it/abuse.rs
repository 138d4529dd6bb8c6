//! What senders get for messages that must not be taken: a clear answer with the right code, and nothing is changed.

use g2p_crypto::{SigningKey, canonical_json, sign_detached};
use platform::{Mode, Policy};
use serde_json::{Value, json};
use storage::sql;

use crate::{message, start};

const LINK: &str = "/mapper/sync/link";

fn link(message_id: &str, fa: &str) -> Value {
    message("BRIDGE", message_id, "link", &[json!({"id": "token:a@nationalId", "fa": fa})])
}

async fn nothing_changed(mapper: &testkit::TestService<spar_mapper::Service>) {
    let rows: Option<i64> =
        sql::scalar(mapper.db().conn(), "SELECT count(*) FROM id_fa_mappings", []).await.unwrap();
    assert_eq!(rows, Some(0));
}

#[tokio::test]
async fn unknown_senders_and_wrong_signatures_are_refused() {
    let mapper = start().await;
    let bridge = mapper.partner("BRIDGE", &["mapper:call"]).await;
    let body = link("m-1", "account:1@bank");
    let reason = |reply: testkit::Reply| {
        let json = reply.expect_status(200).json();
        (json["header"]["status"].clone(), json["header"]["status_reason_code"].clone())
    };
    let refused = (json!("rjct"), json!("rjct.jwt.invalid"));
    let mut unknown = body.clone();
    unknown["header"]["sender_id"] = json!("NOBODY");
    assert_eq!(reason(bridge.post_signed(LINK, &unknown).await), refused, "unknown sender");
    assert_eq!(reason(mapper.anonymous().post(LINK, &body).await), refused, "no signature");
    let other = SigningKey::generate_ed25519().unwrap();
    let forged = sign_detached(&other, &canonical_json(&body)).unwrap();
    assert_eq!(
        reason(bridge.post_with_signature(LINK, canonical_json(&body), &forged).await),
        refused,
        "another key"
    );
    let good = sign_detached(bridge.key(), &canonical_json(&body)).unwrap();
    let changed = canonical_json(&link("m-1", "account:666@bank"));
    assert_eq!(reason(bridge.post_with_signature(LINK, changed, &good).await), refused, "changed body");
    for nonsense in ["x", "a.b", "a..b..c", ".."] {
        assert_eq!(reason(bridge.post_with_signature(LINK, canonical_json(&body), nonsense).await), refused);
    }
    nothing_changed(&mapper).await;
}

#[tokio::test]
async fn a_message_again_gets_the_stored_answer_and_other_bytes_are_refused() {
    let mapper = start().await;
    let bridge = mapper.partner("BRIDGE", &["mapper:call"]).await;
    let body = link("m-1", "account:1@bank");
    let first = bridge.post_signed(LINK, &body).await.expect_status(200).json();
    let again = bridge.post_signed(LINK, &body).await.expect_status(200).json();
    assert_eq!(first, again);
    let other = bridge.post_signed(LINK, &link("m-1", "account:2@bank")).await.expect_status(200).json();
    assert_eq!(other["header"]["status_reason_code"], "rjct.message_id.duplicate");
    let ask = message("BRIDGE", "m-1", "resolve", &[json!({"id": "token:a@nationalId"})]);
    let asked = bridge.post_signed("/mapper/sync/resolve", &ask).await.expect_status(200).json();
    assert_eq!(asked["header"]["status_reason_code"], "rjct.message_id.duplicate");
}

#[tokio::test]
async fn strict_partners_are_held_to_time_and_counts() {
    let mapper = start().await;
    let bridge = mapper.partner("BRIDGE", &["mapper:call"]).await;
    let code = async |change: &dyn Fn(&mut Value)| {
        let mut body = link(&testkit::unique("m"), "account:1@bank");
        change(&mut body);
        bridge.post_signed(LINK, &body).await.expect_status(200).json()["header"]["status_reason_code"]
            .clone()
    };
    assert_eq!(
        code(&|b| b["header"]["message_ts"] = json!("2020-01-01T00:00:00Z")).await,
        "rjct.message_ts.invalid"
    );
    assert_eq!(code(&|b| b["header"]["message_ts"] = json!("string")).await, "rjct.message_ts.invalid");
    assert_eq!(code(&|b| b["header"]["total_count"] = json!(7)).await, "rjct.total_count.invalid");
    assert_eq!(code(&|b| b["header"]["action"] = json!("unlink")).await, "rjct.action.not_supported");
    nothing_changed(&mapper).await;
}

#[tokio::test]
async fn what_is_not_a_message_gets_400_and_never_500() {
    let mapper = start().await;
    let bridge = mapper.partner("BRIDGE", &["mapper:call"]).await;
    let signed = async |bytes: Vec<u8>| {
        let signature = sign_detached(bridge.key(), &bytes).unwrap();
        bridge.post_with_signature(LINK, bytes, &signature).await
    };
    let mut no_list = link("m-1", "account:1@bank");
    no_list["message"] = json!({"transaction_id": "t"});
    let mut wrong_type = link("m-2", "account:1@bank");
    wrong_type["message"]["link_request"] = json!("all of them");
    let deep = "[".repeat(100_000);
    for (what, bytes) in [
        ("malformed", b"{\"header\": ".to_vec()),
        ("not JSON", b"\xff\xfe\x00".to_vec()),
        ("empty", Vec::new()),
        ("no header", b"{}".to_vec()),
        ("an array", b"[1,2,3]".to_vec()),
        ("too deep", deep.into_bytes()),
        ("missing list", canonical_json(&no_list)),
        ("wrong type", canonical_json(&wrong_type)),
    ] {
        let reply = signed(bytes).await;
        assert_eq!(reply.status, 400, "{what}: {}", reply.text);
        assert_eq!(reply.json()["errors"][0]["code"], "G2P-REQ-102", "{what}: {}", reply.text);
    }
    let missing = signed(canonical_json(&no_list)).await;
    assert!(missing.text.contains("link_request"), "the field is named: {}", missing.text);
    nothing_changed(&mapper).await;
}

#[tokio::test]
async fn fifty_megabytes_are_refused_without_being_read_into_memory() {
    let mapper = start().await;
    let bridge = mapper.partner("BRIDGE", &["mapper:call"]).await;
    let reply = bridge.post_with_signature(LINK, vec![b' '; 50 * 1024 * 1024], "a..b").await;
    assert_eq!(reply.status, 413, "{}", reply.text);
    assert_eq!(reply.json()["errors"][0]["code"], "G2P-REQ-413");
}

#[tokio::test]
async fn a_partner_without_the_permission_changes_nothing() {
    let mapper = start().await;
    let reader = mapper.partner("BRIDGE", &["registry:read"]).await;
    let reply = reader.post_signed(LINK, &link("m-1", "account:1@bank")).await;
    assert_eq!(reply.status, 403, "{}", reply.text);
    nothing_changed(&mapper).await;
}

#[tokio::test]
async fn compat_partners_may_send_what_deployed_clients_send() {
    let mapper = start().await;
    let policy = Policy { permissions: ["mapper:call".to_owned()].into(), ..Policy::default() };
    mapper.partner_with("OLD_CLIENT", Mode::Compat, policy).await;
    let mut body = message(
        "old-client",
        "string",
        "link",
        &[json!({"id": "token:a@nationalId", "fa": "account:1@bank"})],
    );
    body["signature"] = json!("string");
    body["header"]["message_ts"] = json!("string");
    body["header"]["meta"] = json!("string");
    body["header"]["total_count"] = json!(0);
    body["header"]["sender_uri"] = json!("");
    body["header"]["something_else"] = json!(1);
    let linked = mapper.anonymous().post(LINK, &body).await;
    // The partner has a registered key, so an unsigned message is still taken: compat says so.
    assert_eq!(linked.expect_status(200).json()["message"]["link_response"][0]["status"], "succ");
    body["message"]["link_request"][0]["id"] = json!("token:b@nationalId");
    let same_message_id = mapper.anonymous().post(LINK, &body).await.expect_status(200).json();
    assert_eq!(
        same_message_id["message"]["link_response"][0]["status"], "succ",
        "a message id is no key for compat"
    );
}

#[tokio::test]
async fn a_batch_over_the_limit_is_refused_as_a_whole() {
    let mapper = testkit::TestService::<spar_mapper::Service>::start(|l| {
        l.service.max_batch = 3;
        crate::seal(l);
    })
    .await;
    let bridge = mapper.partner("BRIDGE", &["mapper:call"]).await;
    let items: Vec<Value> =
        (0..4).map(|n| json!({"id": format!("token:{n}@nationalId"), "fa": "account:1@bank"})).collect();
    let reply =
        bridge.post_signed(LINK, &message("BRIDGE", "m-1", "link", &items)).await.expect_status(200).json();
    assert_eq!(reply["header"]["status_reason_code"], "rjct.total_count.limit_exceeded");
    nothing_changed(&mapper).await;
}
