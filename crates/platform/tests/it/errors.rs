//! Whatever goes wrong: one form, the right code, and nothing that is nobody's business.

use std::time::Duration;

use futures_util::StreamExt;
use reqwest::Method;
use serde_json::{Value, json};
use testkit::{Reply, TestService};

use crate::{
    support::{close_gate, start},
    toy::Toy,
};

/// Checks the form of an error and returns its code.
fn problem(reply: Reply, status: u16) -> String {
    let reply = reply.expect_status(status);
    let kind = reply.headers["content-type"].to_str().unwrap().to_owned();
    assert_eq!(kind, "application/problem+json", "{}", reply.text);
    let body = reply.json();
    assert_eq!((&body["status"], &body["type"]), (&json!(status), &json!("about:blank")));
    assert!(body["detail"].as_str().is_some_and(|text| !text.is_empty()), "{body}");
    assert_eq!(body["trace_id"].as_str().map(str::len), Some(32), "the log can be searched for it: {body}");
    body["code"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn what_is_not_there_and_what_is_not_meant_so() {
    let toy = start().await;
    let (all, user) = (toy.anonymous(), toy.user("admin"));
    for path in ["/", "/nothing", "/open/nothing/at/all", "/api/v1/things", "/%2e%2e/etc/passwd"] {
        assert_eq!(problem(all.get(path).await, 404), "not_found", "{path}");
    }
    for (method, path, allow) in [
        (Method::DELETE, "/open/big", "GET"),
        (Method::GET, "/sync/change", "POST"),
        (Method::PUT, "/api/v1/things/3", "GET"),
        (Method::from_bytes(b"BREW").unwrap(), "/open/big", "GET"),
    ] {
        let reply = all.send(path, method, |r| r).await;
        assert_eq!(reply.headers["allow"], allow, "{path}");
        assert_eq!(problem(reply, 405), "method_not_allowed");
    }
    assert_eq!(problem(user.get("/api/v1/things/3?limit=many").await, 400), "invalid_query");
    assert_eq!(problem(user.get("/api/v1/things/three").await, 404), "not_found");
    for path in ["/open/echo/a%00b", "/open/big?after=%00"] {
        assert_eq!(problem(all.get(path).await, 400), "invalid_address", "{path}");
    }
}

#[tokio::test]
async fn wrong_bodies_are_named_and_large_ones_refused() {
    let toy = TestService::<Toy>::start(|l| l.common.max_body_bytes = 1_000).await;
    let user = toy.user("admin");
    let post = async |body: &str| user.post_bytes("/api/v1/effects", "application/json", body).await;
    let field = async |body: &str| {
        let reply = post(body).await;
        let error = reply.json()["errors"][0].clone();
        assert_eq!(problem(reply, 400), "invalid_json", "{body}");
        (error["field"].as_str().unwrap().to_owned(), error["message"].as_str().unwrap().to_owned())
    };
    assert_eq!(field(r#"{"what": 5}"#).await.0, "what");
    assert_eq!(field(r#"{"what": "a", "wait": "Amina, expected Amina"}"#).await.0, "wait");
    let shown = field(r#"{"what": "a", "wait": "Amina, expected Amina"}"#).await.1;
    assert!(shown.starts_with("expected a boolean"), "what was sent is not repeated: {shown}");
    assert!(field("{").await.1.contains("line 1"));
    assert!(field(r#"{"what": "a\u0000b"}"#).await.1.contains("U+0000"));
    assert!(field("").await.1.contains("not JSON"));
    let large = format!(r#"{{"what": "{}"}}"#, "x".repeat(2_000));
    assert_eq!(problem(post(&large).await, 413), "payload_too_large");

    let all = toy.anonymous();
    for (path, kind, text) in [
        ("/open/json", "application/json", r#"{"number": "x"}"#),
        ("/open/json", "text/plain", r#"{"number": 1}"#),
        ("/open/form", "application/x-www-form-urlencoded", "number=x"),
    ] {
        let reply = all.post_bytes(path, kind, text).await;
        let status = reply.status;
        assert!((400..=415).contains(&status), "{path} {kind}: {}", reply.text);
        problem(reply, status);
    }
    assert_eq!(
        problem(all.post_bytes("/open/json", "application/json", large).await, 413),
        "payload_too_large"
    );
}

#[tokio::test]
async fn faults_of_ours_tell_nothing_and_the_service_goes_on() {
    let toy = start().await;
    let all = toy.anonymous();
    for path in ["/open/panic/secret", "/open/broken", "/open/foreign", "/open/cast/secret"] {
        let reply = all.get(path).await;
        assert!(!reply.text.contains("secret"), "{path}: {}", reply.text);
        assert_eq!(problem(reply, 500), "internal", "{path}");
    }
    assert_eq!(all.get("/open/echo/still-here").await.expect_status(200).text, "still-here");
}

#[tokio::test]
async fn an_error_names_the_caller_s_trace() {
    let toy = start().await;
    let trace = "0af7651916cd43dd8448eb211c80319c";
    for (path, status) in [("/open/broken", 500), ("/open/panic/x", 500), ("/nothing", 404)] {
        let parent = format!("00-{trace}-b7ad6b7169203331-01");
        let reply = toy.anonymous().send(path, Method::GET, |r| r.header("traceparent", parent)).await;
        assert_eq!(reply.expect_status(status).json()["trace_id"], trace, "{path}");
    }
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_answered_503_and_leaves_nothing() {
    let toy = TestService::<Toy>::start(|l| l.common.request_timeout_seconds = 1).await;
    let gate = close_gate(&toy).await;
    let wish = json!({"what": "late", "wait": true});
    let reply = toy.user("admin").post("/api/v1/effects", &wish).await;
    assert!(reply.headers["retry-after"].to_str().unwrap().parse::<u32>().unwrap() > 0);
    assert_eq!(problem(reply, 503), "unavailable");
    drop(gate);
    assert_eq!(crate::support::effects(&toy).await, 0);
}

#[tokio::test]
async fn partners_get_their_dialect_s_form() {
    let toy = start().await;
    let partner = toy.partner("PAYER", &["toy:call"]).await;
    let code = |reply: Reply, status: u16| {
        let body: Value = reply.expect_status(status).json();
        body["errors"][0]["code"].as_str().unwrap_or_default().to_owned()
    };
    let wrong = crate::support::message("PAYER", "m-1", &json!({"what": 1}));
    let reply = partner.post_signed("/sync/change", &wrong).await;
    assert!(reply.text.contains("message.what"), "{}", reply.text);
    assert_eq!(code(reply, 400), "G2P-REQ-102");
    let fails = crate::support::message("PAYER", "m-2", &json!({"what": "a", "fail": true}));
    assert_eq!(code(partner.post_signed("/sync/change", &fails).await, 409), "G2P-REQ-102");
}

/// A body in pieces with a pause before each.
fn slowly(pieces: Vec<Vec<u8>>, pause: Duration) -> reqwest::Body {
    let pieces = futures_util::stream::iter(pieces).then(move |piece| async move {
        tokio::time::sleep(pause).await;
        Ok::<_, std::io::Error>(piece)
    });
    reqwest::Body::wrap_stream(pieces)
}

#[tokio::test]
async fn a_long_upload_may_take_its_time_and_a_trickle_may_not() {
    let toy = TestService::<Toy>::start(|l| l.common.request_timeout_seconds = 1).await;
    let send = async |pieces: Vec<Vec<u8>>| {
        let body = slowly(pieces, Duration::from_millis(300));
        let request = |r: reqwest::RequestBuilder| r.header("Content-Type", "application/json").body(body);
        toy.anonymous().send("/open/json", Method::POST, request).await
    };
    let mut long = vec![vec![b' '; 32 * 1024]; 8];
    long.push(br#"{"number":7}"#.to_vec());
    assert_eq!(send(long).await.expect_status(200).text, "7");
    let mut trickle = vec![vec![b' ']; 20];
    trickle.push(br#"{"number":7}"#.to_vec());
    send(trickle).await.expect_status(503);
}
