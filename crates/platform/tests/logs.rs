//! What stands in the log of a service at its most talkative: which trace, which route, which code; and never a body, a
//! query, an id in a path, a token or a value. A process has one log, so this test has a process of its own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "it/toy.rs"]
mod toy;

use platform::{
    CommonConfig, Policy,
    partners::Mode,
    telemetry::{self, LogOutput},
};
use reqwest::Method;
use serde_json::{Value, json};
use testkit::TestService;
use toy::Toy;

/// Stands everywhere where something of a person might stand.
const MARK: &str = "Amina7Hassan";

#[tokio::test]
async fn no_line_holds_anything_of_a_person() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let config = CommonConfig {
        log_level: "trace,hyper=trace,sqlx=trace,actix_web=trace,actix_http=trace".to_owned(),
        log_format: "json".to_owned(),
        ..CommonConfig::default()
    };
    let _telemetry = telemetry::init("toy-shop", &config, &LogOutput::File(file.path().to_owned())).unwrap();
    let toy = TestService::<Toy>::start(|l| l.common.max_body_bytes = 10_000).await;
    let visible = std::panic::take_hook();
    telemetry::hide_panic_messages();
    let trace = talk(&toy).await;
    toy.stop().await;
    std::panic::set_hook(visible);

    let log = std::fs::read_to_string(file.path()).unwrap();
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    for line in log.lines() {
        assert!(!line.contains(MARK), "{line}");
    }
    let has = |key: &str, value: &str| {
        lines.iter().any(|line| line[key].as_str().is_some_and(|v| v.contains(value)))
    };
    assert!(has("trace_id", trace), "a line names the caller's trace:\n{log}");
    assert!(has("message", "the code panicked"), "{log}");
    assert!(has("message", "request failed"), "{log}");
    assert!(has("message", "partner's message was refused"), "{log}");
    let routes = lines.iter().filter_map(|line| line["span"]["http.route"].as_str()).collect::<Vec<_>>();
    assert!(routes.contains(&"/open/cast/{text}"), "{routes:?}");
}

/// Uses everything that takes input, rightly and wrongly. Returns the trace that one of the requests belonged to.
async fn talk(toy: &TestService<Toy>) -> &'static str {
    let trace = "0af7651916cd43dd8448eb211c80319c";
    let (all, user) = (toy.anonymous(), toy.user("admin"));
    for path in [
        format!("/open/echo/{MARK}?q={MARK}"),
        format!("/open/panic/{MARK}"),
        format!("/open/cast/{MARK}"),
        format!("/{MARK}"),
        format!("/api/v1/things/{MARK}"),
        format!("/api/v1/things/1?limit={MARK}"),
    ] {
        let parent = format!("00-{trace}-b7ad6b7169203331-01");
        user.send(&path, Method::GET, |r| r.header("traceparent", parent).header("X-Name", MARK)).await;
        all.get(&path).await;
    }
    all.send("/open/origin", Method::GET, |r| r.bearer_auth(MARK)).await;
    all.send("/api/v1/things/1", Method::GET, |r| r.bearer_auth(MARK)).await;
    for body in [
        json!({"what": MARK}),
        json!({"what": MARK, "fail": true}),
        json!({"what": 1, "wait": MARK}),
        json!({"what": MARK.repeat(1_000)}),
        json!(MARK),
    ] {
        user.send("/api/v1/effects", Method::POST, |r| r.header("Idempotency-Key", MARK).json(&body)).await;
    }
    for (kind, text) in [
        ("application/json", format!("{{\"{MARK}\": {MARK}")),
        ("application/json", format!("{{\"number\": \"{MARK}\"}}")),
        ("text/plain", MARK.to_owned()),
    ] {
        all.post_bytes("/open/json", kind, text.clone()).await;
        all.post_bytes("/open/form", "application/x-www-form-urlencoded", format!("number={MARK}")).await;
        all.post_bytes("/sync/change", kind, text).await;
    }
    let strict = toy.partner("PAYER", &["toy:call"]).await;
    toy.partner_with("OLD", Mode::Compat, Policy::default()).await;
    for sender in ["PAYER", "OLD", MARK] {
        for at in ["2020-01-01T00:00:00Z", MARK] {
            let body = json!({
                "header": {"sender_id": sender, "message_id": MARK, "message_ts": at, "action": MARK, "meta": {"name": MARK}},
                "message": {"what": MARK},
            });
            strict.post_signed("/sync/change", &body).await;
            all.post("/sync/change", &body).await;
        }
    }
    trace
}
