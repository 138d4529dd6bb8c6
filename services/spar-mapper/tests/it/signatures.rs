//! The forms in which deployed clients sign, each over what that form signs.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use g2p_crypto::{SigningKey, canonical_json, issue_jwt, python_json, sign_detached, sign_message};
use platform::{Mode, Policy};
use serde_json::{Value, json};
use testkit::{TestPartner, TestService};

use crate::{Service, message, now, start};

/// Sends a body with the given headers and tells the status of the answer's header.
async fn send(mapper: &TestService<Service>, body: &[u8], headers: &[(&str, &str)]) -> String {
    let reply = mapper
        .anonymous()
        .send("/mapper/sync/resolve", reqwest::Method::POST, |mut request| {
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            request.header("Content-Type", "application/json").body(body.to_vec())
        })
        .await;
    let answer = reply.expect_status(200).json();
    let text = |key: &str| answer["header"][key].as_str().unwrap_or_default().to_owned();
    if text("status") == "succ" { "succ".to_owned() } else { text("status_reason_code") }
}

fn ask(message_id: &str) -> Value {
    message("P", message_id, "resolve", &[json!({"id": "token:Zoë@nationalId", "name": "a \"b\" \\ 日"})])
}

const REFUSED: &str = "rjct.jwt.invalid";

async fn strict(mapper: &TestService<Service>) -> TestPartner {
    mapper.partner("P", &["mapper:call"]).await
}

#[tokio::test]
async fn a_body_as_python_writes_it() {
    let mapper = start().await;
    let partner = strict(&mapper).await;
    for (n, pretty) in [true, false].into_iter().enumerate() {
        let body = ask(&format!("m-{n}"));
        let text =
            if pretty { serde_json::to_string_pretty(&body) } else { serde_json::to_string(&body) }.unwrap();
        let signature = sign_detached(partner.key(), python_json(&text).unwrap().as_bytes()).unwrap();
        assert_eq!(send(&mapper, text.as_bytes(), &[("Signature", &signature)]).await, "succ");
        let other = text.replace("nationalId", "nationalIx");
        assert_eq!(send(&mapper, other.as_bytes(), &[("Signature", &signature)]).await, REFUSED);
    }
}

#[tokio::test]
async fn a_token_that_carries_the_whole_message() {
    let mapper = start().await;
    let partner = strict(&mapper).await;
    let expires = time::OffsetDateTime::now_utc().unix_timestamp() + 3_600;
    let token = |body: &Value, key: &SigningKey, more: Value| {
        let mut claims = body.clone();
        for (name, value) in more.as_object().unwrap() {
            claims[name] = value.clone();
        }
        issue_jwt(key, &claims).unwrap()
    };
    let own = json!({"iss": "selfservice", "aud": "mapper", "exp": expires});
    let body = ask("m-1");
    let bytes = serde_json::to_vec(&body).unwrap();
    let good = token(&body, partner.key(), own.clone());
    assert_eq!(send(&mapper, &bytes, &[("Authorization", &good)]).await, "succ");

    let stranger = SigningKey::generate_ed25519().unwrap();
    let late = json!({"iss": "selfservice", "exp": expires - 7_200});
    let extra = json!({"exp": expires, "message2": 1});
    for (why, wrong) in [
        ("another message", token(&ask("m-2"), partner.key(), own.clone())),
        ("another key", token(&body, &stranger, own.clone())),
        ("expired", token(&body, partner.key(), late)),
        ("something more", token(&body, partner.key(), extra)),
        ("cut off", good[..good.len() - 4].to_owned()),
    ] {
        assert_eq!(send(&mapper, &bytes, &[("Authorization", &wrong)]).await, REFUSED, "{why}");
    }
}

#[tokio::test]
async fn a_member_over_header_and_message_as_they_were_received() {
    let mapper = start().await;
    let partner = strict(&mapper).await;
    let body = ask("m-1");
    // Spaces and the order of keys belong to what is signed.
    let (header, message) = (format!(" {} ", body["header"]).trim().to_owned(), body["message"].to_string());
    let at = time::OffsetDateTime::now_utc().unix_timestamp();
    let signature = sign_message(partner.key(), "P", header.as_bytes(), message.as_bytes(), at, 300).unwrap();
    let envelope = |message: &str| {
        format!("{{\"signature\": {}, \"message\": {message}, \"header\": {header} }}", json!(signature))
            .into_bytes()
    };
    assert_eq!(send(&mapper, &envelope(&message), &[]).await, "succ");
    assert_eq!(send(&mapper, &envelope(&message.replace(':', ": ")), &[]).await, REFUSED, "other bytes");
}

/// Such a signature covers `header` and `message`. Who got hold of a message must not be able to say something else in the
/// members of the newer envelope beside them, in the name of its sender.
#[tokio::test]
async fn a_signed_message_vouches_for_no_other_envelope_beside_it() {
    let mapper = start().await;
    let partner = strict(&mapper).await;
    let body = ask("m-1");
    let (header, message) = (body["header"].to_string(), body["message"].to_string());
    let at = time::OffsetDateTime::now_utc().unix_timestamp();
    let signature = sign_message(partner.key(), "P", header.as_bytes(), message.as_bytes(), at, 300).unwrap();
    let newer_header = json!({
        "sender_app_mnemonic": "P", "sender_app_url": "", "request_id": "q-1", "request_timestamp": now(),
    });
    let fa = json!({
        "strategy_id": 2, "fa_type": "BANK", "bank_name": "B", "bank_code": "B", "branch_name": "C",
        "branch_code": "C", "account_number": "666",
    });
    let item = json!({"reference_id": "r", "timestamp": "t", "id": "token:victim@nationalId", "fa": fa});
    let newer_body = json!({"request_payload": {"transaction_id": "t", "link_request": [item]}});
    let parts = [
        format!("\"signature\": {}", json!(signature)),
        format!("\"header\": {header}"),
        format!("\"message\": {message}"),
        format!("\"request_header\": {newer_header}"),
        format!("\"request_body\": {newer_body}"),
    ];
    for order in [[0, 1, 2, 3, 4], [3, 4, 0, 1, 2], [3, 0, 1, 2, 4]] {
        let text = order.map(|n| parts[n].clone()).join(", ");
        let forged = format!("{{{text}}}").into_bytes();
        // On the second path the message would stay what it is, under an id and a time that nobody signed.
        for path in ["/mapper/link", "/mapper/sync/resolve"] {
            let forged = forged.clone();
            let reply = mapper
                .anonymous()
                .send(path, reqwest::Method::POST, |request| {
                    request.header("Content-Type", "application/json").body(forged)
                })
                .await;
            assert!(!reply.text.contains("succ"), "{path} {order:?}: {}", reply.text);
        }
    }
    let ask = crate::message(
        "P",
        "m-2",
        "resolve",
        &[json!({"id": "token:victim@nationalId", "scope": "details"})],
    );
    let found = partner.post_signed("/mapper/sync/resolve", &ask).await.expect_status(200);
    assert!(!found.text.contains("666"), "{}", found.text);
}

#[tokio::test]
async fn a_callers_token_is_enough_for_compat_only() {
    let mapper = start().await;
    let at = time::OffsetDateTime::now_utc().unix_timestamp();
    let policy = || Policy { permissions: ["mapper:call".to_owned()].into(), ..Policy::default() };
    let compat = mapper.partner_with("P", Mode::Compat, policy()).await;
    let bytes = canonical_json(&ask("string"));
    let token = issue_jwt(compat.key(), &json!({"iss": "p", "aud": "spar-mapper", "exp": at + 60})).unwrap();
    assert_eq!(send(&mapper, &bytes, &[("Authorization", &format!("Bearer {token}"))]).await, "succ");
    let mapper = start().await;
    let strict = strict(&mapper).await;
    let bytes = canonical_json(&ask("m-1"));
    let token = issue_jwt(strict.key(), &json!({"iss": "p", "aud": "spar-mapper", "exp": at + 60})).unwrap();
    let bearer = format!("Bearer {token}");
    assert_eq!(send(&mapper, &bytes, &[("Authorization", &bearer)]).await, REFUSED, "it covers no message");
}

#[tokio::test]
async fn none_and_keyed_hashes_are_refused_whoever_sends_them() {
    let mapper = start().await;
    // A partner without keys, as those are that sign for a key manager which we do not have.
    let keyless = TestService::<Service>::start(|loaded| {
        loaded.common.anonymous_partner = true;
        crate::seal(loaded);
    })
    .await;
    strict(&mapper).await;
    for alg in ["none", "HS256", "HS512"] {
        let head = base64_url(json!({"alg": alg}).to_string().as_bytes());
        let detached = format!("{head}..{}", base64_url(b"x"));
        let bytes = canonical_json(&ask("m-1"));
        let claims = base64_url(&bytes);
        let whole = format!("{head}.{claims}.{}", base64_url(b"x"));
        for headers in [[("Signature", detached.as_str())], [("Authorization", whole.as_str())]] {
            assert_eq!(send(&mapper, &bytes, &headers).await, REFUSED, "{alg}");
            assert_eq!(send(&keyless, &bytes, &headers).await, REFUSED, "{alg} from nobody");
        }
    }
    let mut marked = ask("m-2");
    marked["signature"] = json!("invalid-signature");
    assert_eq!(send(&keyless, &canonical_json(&marked), &[]).await, REFUSED);
    marked["signature"] = json!("string");
    marked["header"]["message_ts"] = json!(now());
    assert_eq!(send(&keyless, &canonical_json(&marked), &[]).await, "succ", "a placeholder is no signature");
}

fn base64_url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
