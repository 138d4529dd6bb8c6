//! Senders that mean no good, and those that send by accident what nobody expects.

use g2p_crypto::{SigningKey, canonical_json, sign_detached, sign_message};
use platform::{Mode, Policy};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use serde_json::{Value, json};
use testkit::{Reply, TestService};

use crate::{
    support::{effects, message, now, reason, start},
    toy::Toy,
};

const CHANGE: &str = "/sync/change";

#[tokio::test]
async fn each_form_of_signature_proves_the_sender_and_no_other() {
    let toy = start().await;
    let partner = toy.partner("PAYER", &["toy:call"]).await;
    let other = SigningKey::generate_ed25519().unwrap();
    let wish = json!({"what": "a"});
    // Over the exact bytes, in the sender's own spelling.
    let spelled =
        format!("{{\n \"message\": {wish},\n \"header\": {}}}", message("PAYER", "exact", &wish)["header"]);
    let signature = sign_detached(partner.key(), spelled.as_bytes()).unwrap();
    partner.post_with_signature(CHANGE, spelled.clone().into_bytes(), &signature).await.expect_status(200);
    // Over the canonical form of it, as deployed clients sign.
    let body = spelled.replace("exact", "canonical");
    let canonical = canonical_json(&serde_json::from_str(&body).unwrap());
    let signature = sign_detached(partner.key(), &canonical).unwrap();
    partner.post_with_signature(CHANGE, body.into_bytes(), &signature).await.expect_status(200);
    // In the envelope, over the exact bytes of header and message.
    let member = |id: &str, signer: &SigningKey, sender: &str, age: i64| {
        let header = json!({"sender_id": "PAYER", "message_id": id, "message_ts": now(), "action": "change"})
            .to_string();
        let at = time::OffsetDateTime::now_utc().unix_timestamp() - age;
        let signature =
            sign_message(signer, sender, header.as_bytes(), wish.to_string().as_bytes(), at, 60).unwrap();
        format!("{{\"signature\":{},\"header\":{header},\"message\":{wish}}}", json!(signature))
    };
    let unsigned = toy.anonymous();
    let send = async |text: String| unsigned.post_bytes(CHANGE, "application/json", text).await;
    send(member("member", partner.key(), "PAYER", 0)).await.expect_status(200);
    assert_eq!(effects(&toy).await, 3);

    let good = member("bad", partner.key(), "PAYER", 0);
    for (what, text) in [
        ("another key", member("bad", &other, "PAYER", 0)),
        ("another sender", member("bad", partner.key(), "ELSE", 0)),
        ("expired", member("bad", partner.key(), "PAYER", 3_600)),
        ("changed message", good.replace(r#"{"what":"a"}"#, r#"{"what":"b"}"#)),
        ("no signature", good.replacen("kidId", "idKid", 1)),
    ] {
        assert_eq!(reason(send(text).await), "rjct.jwt.invalid", "{what}");
    }
    assert_eq!(effects(&toy).await, 3);
}

#[tokio::test]
async fn a_compat_partner_may_come_unsigned_but_not_wrongly_signed() {
    let toy = TestService::<Toy>::start(|l| l.common.anonymous_partner = true).await;
    let policy = Policy { permissions: ["toy:call".to_owned()].into(), ..Policy::default() };
    let old = toy.partner_with("OLD", Mode::Compat, policy).await;
    let body = message("old", "m-1", &json!({"what": "a"}));
    toy.anonymous().post(CHANGE, &body).await.expect_status(200);
    old.post_signed(CHANGE, &body).await.expect_status(200);
    for wrong in ["e30..AAAA", "x", ""] {
        assert_eq!(
            reason(old.post_with_signature(CHANGE, canonical_json(&body), wrong).await),
            "rjct.jwt.invalid"
        );
    }
    // Half a surrogate pair has no canonical form; that is no way around the signature.
    let half = String::from_utf8(canonical_json(&body)).unwrap().replacen('{', r#"{"x":"\ud800","#, 1);
    let reply = old.post_with_signature(CHANGE, half.into_bytes(), "eyJhbGciOiJFZERTQSJ9..AAAA").await;
    assert_eq!(reason(reply), "rjct.jwt.invalid");
    // Nobody knows this one: the built-in partner stands in, whatever it claims to have signed.
    let stranger = message("STRANGER", "m-1", &json!({"what": "a"}));
    old.post_with_signature(CHANGE, canonical_json(&stranger), "e30..AAAA").await.expect_status(200);
    assert_eq!(effects(&toy).await, 3);
}

#[tokio::test]
async fn ids_that_no_database_takes_are_refused_and_not_our_fault() {
    let toy = start().await;
    let partner = toy.partner("PAYER", &["toy:call"]).await;
    let send = async |change: &dyn Fn(&mut Value)| {
        let mut body = message("PAYER", "m-1", &json!({"what": "a"}));
        change(&mut body);
        partner.post_signed(CHANGE, &body).await
    };
    let status = |reply: Reply| (reply.status, reply.text.contains("U+0000"));
    for path in ["/header/sender_id", "/header/message_id", "/header/action", "/message/what"] {
        let reply = send(&|body| *body.pointer_mut(path).unwrap() = json!("a\u{0}b")).await;
        assert_eq!(status(reply), (400, true), "{path}");
    }
    for id in ["", "a\nb", &"x".repeat(256)] {
        assert_eq!(
            reason(send(&|b| b["header"]["message_id"] = json!(id)).await),
            "rjct.message_id.duplicate"
        );
    }
    for sender in ["", "a\nb", &"x".repeat(10_000), "*"] {
        assert_eq!(reason(send(&|b| b["header"]["sender_id"] = json!(sender)).await), "rjct.jwt.invalid");
    }
    for at in [
        "",
        "yesterday",
        "2026-01-01",
        "2026-01-01T00:00:00",
        "9999-12-31T23:59:59Z",
        "-9999-01-01T00:00:00Z",
    ] {
        assert_eq!(
            reason(send(&|b| b["header"]["message_ts"] = json!(at)).await),
            "rjct.message_ts.invalid",
            "{at}"
        );
    }
    assert_eq!(effects(&toy).await, 0);
}

/// Text as it may stand between quotation marks in JSON, good or not.
fn text() -> impl Strategy<Value = String> {
    let escape = proptest::sample::select(vec![
        "\\u0000",
        "\\ud800",
        "\\ud83d\\ude00",
        "\\\\u0000",
        "\\n",
        "\\x",
        "\\",
    ]);
    prop_oneof![
        "[a-z0-9-]{0,12}",
        "\\PC{0,12}",
        (escape, "[a-z]{0,3}").prop_map(|(escape, rest)| format!("{escape}{rest}")),
        Just("PAYER".to_owned()),
        Just("x".repeat(300)),
    ]
}

fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => text().prop_map(|text| format!("\"{text}\"")),
        1 => proptest::sample::select(vec!["null", "1", "1e999", "-0", "[]", "{}", "true", "[[[[", ""]).prop_map(str::to_owned),
    ]
}

/// Bodies from noise to nearly right, and a signature header that may be anything.
fn bodies() -> impl Strategy<Value = (Vec<u8>, Option<String>)> {
    let envelope = (value(), value(), value(), value(), value(), any::<bool>()).prop_map(
        |(sender, id, at, what, signature, newer)| {
            let text = if newer {
                format!(r#"{{"request_header":{{"sender_app_mnemonic":{sender},"request_id":{id},"request_timestamp":{at}}},"message":{{"what":{what}}}}}"#)
            } else {
                format!(r#"{{"signature":{signature},"header":{{"sender_id":{sender},"message_id":{id},"message_ts":{at}}},"message":{{"what":{what}}}}}"#)
            };
            text.into_bytes()
        },
    );
    let envelope = envelope.boxed();
    let cut = (envelope.clone(), any::<prop::sample::Index>()).prop_map(|(mut body, at)| {
        let at = at.index(body.len());
        body.truncate(at);
        body
    });
    let changed =
        (envelope.clone(), any::<prop::sample::Index>(), any::<u8>()).prop_map(|(mut body, at, byte)| {
            let at = at.index(body.len());
            body[at] = byte;
            body
        });
    let deep = (1_usize..3_000, any::<bool>()).prop_map(|(depth, arrays)| {
        if arrays { "[".repeat(depth) } else { "{\"header\":".repeat(depth) }.into_bytes()
    });
    let body = prop_oneof![
        2 => proptest::collection::vec(any::<u8>(), 0..200),
        4 => envelope,
        1 => cut,
        2 => changed,
        1 => deep,
    ];
    let signature = proptest::option::of("([A-Za-z0-9_.-]{0,40}|[ -~]{0,40})");
    (body, signature)
}

/// Whatever arrives is answered, and never with a fault of ours.
#[test]
fn no_body_is_answered_with_a_fault_of_ours() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let toy = runtime.block_on(TestService::<Toy>::start(|l| l.common.anonymous_partner = true));
    runtime.block_on(toy.partner("PAYER", &["toy:call"]));
    let session = toy.anonymous();
    let user = toy.user("admin");
    let mut runner = TestRunner::new(Config { cases: 300, failure_persistence: None, ..Config::default() });
    let outcome = runner.run(&bodies(), |(body, signature)| {
        let send = session.send(CHANGE, reqwest::Method::POST, |mut r| {
            if let Some(text) = &signature {
                r = r.header("Signature", text);
            }
            r.header("Content-Type", "application/json").body(body.clone())
        });
        let reply = runtime.block_on(send);
        prop_assert!([200, 400].contains(&reply.status), "{}: {}", reply.status, reply.text);
        let own = runtime.block_on(user.post_bytes("/api/v1/effects", "application/json", body));
        prop_assert!([200, 400].contains(&own.status), "{}: {}", own.status, own.text);
        Ok(())
    });
    outcome.unwrap();
    runtime.block_on(toy.stop());
}
