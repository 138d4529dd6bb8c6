//! The service with its own workers and events: one trace from the approval to the bridge, and news that come back as
//! events. In a process of its own, because a process has one destination of traces.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[allow(dead_code)]
#[path = "it/bridge.rs"]
mod bridge;
#[allow(dead_code)]
#[path = "it/registry.rs"]
mod registry;

use std::time::Duration;

use pbms_beneficiary_registry::{
    Service,
    domain::disbursement::DisbursementState,
    events::{DisbursementChange, DisbursementsChanged},
};
use platform::Masked;
use reqwest::Method;
use serde_json::{Value, json};
use storage::sql;
use testkit::{OtlpReceiver, Session, TestService, wait_for};
use time::OffsetDateTime;

const LIMIT: Duration = Duration::from_secs(30);
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

async fn post(session: &Session, path: &str, body: &Value) -> Value {
    let reply = session.post(path, body).await;
    assert!((200..300).contains(&reply.status), "{path}: {}", reply.text);
    reply.json()
}

async fn done(session: &Session, path: &str) {
    wait_for(path, LIMIT, || async {
        let state = session.get(path).await.json()["state"].clone();
        assert_ne!(state, "failed", "{path}");
        (state == "done").then_some(())
    })
    .await;
}

/// From the definition to a cycle that waits for the checker.
async fn submitted(maker: &Session) -> String {
    let program = json!({
        "mnemonic": "GRANT", "name": "Child grant", "currency": "KES", "time_zone": "Africa/Nairobi",
        "target": "household", "eligibility_rule": "poverty_score < 50.0 && members.exists(m, m.age < 18)",
        "benefit": {"base": "500.00", "additions": [{"per": "member", "rule": "m.age < 5", "amount": "150.00"}],
                    "cap": "1100.00"},
        "field_policy": ["poverty_score", "members.kind", "members.birth_date", "members.identifiers"],
    });
    let program = post(maker, "/api/v1/programs", &program).await["id"].as_str().unwrap().to_owned();
    let base = format!("/api/v1/programs/{program}");
    for step in ["registrant-pulls", "enrolments"] {
        let run = post(maker, &format!("{base}/{step}"), &json!({"as_of": "2026-01-01"})).await;
        done(maker, &format!("{base}/{step}/{}", run["id"].as_str().unwrap())).await;
    }
    post(maker, &format!("{base}/funds"), &json!({"amount": "10000.00"})).await;
    let cycle = json!({"name": "January", "schedule_date": "2026-01-31", "sequence": 1});
    let cycle = post(maker, &format!("{base}/cycles"), &cycle).await["id"].as_str().unwrap().to_owned();
    let base = format!("/api/v1/cycles/{cycle}");
    let run = post(maker, &format!("{base}/entitlements"), &json!({})).await;
    done(maker, &format!("{base}/entitlements/{}", run["id"].as_str().unwrap())).await;
    assert_eq!(post(maker, &format!("{base}/fund-check"), &json!({})).await["sufficient"], true);
    post(maker, &format!("{base}/approvals"), &json!({})).await;
    cycle
}

#[tokio::test(flavor = "multi_thread")]
async fn the_payments_belong_to_the_trace_of_the_approval_and_events_end_the_cycle() {
    let traces = OtlpReceiver::start().await;
    let (registry, bridge) = (registry::FakeRegistry::start().await, bridge::FakeBridge::start().await);
    registry.hold(registry::five());
    let service = TestService::<Service>::start(|loaded| {
        loaded.common.otlp_endpoint = Some(traces.endpoint());
        loaded.service.social_registry_url = registry.url();
        loaded.service.bridge_url = bridge.url();
        loaded.service.id_hash_secret = Masked::new("a secret for tests of 32 characters or more".to_owned());
    })
    .await;
    let (maker, checker) = (service.user("maker"), service.user("checker"));
    let cycle = submitted(&maker).await;

    // The approval comes with a trace; the order to pay, later, without one.
    let path = format!("/api/v1/cycles/{cycle}");
    let approve = |request: reqwest::RequestBuilder| {
        request.header("traceparent", format!("00-{TRACE}-00f067aa0ba902b7-01")).json(&json!({}))
    };
    checker.send(&format!("{path}/approvals"), Method::POST, approve).await.expect_status(200);
    checker.post(&format!("{path}/disburse"), &json!({})).await.expect_status(202);
    wait_for("the bridge to get everything", LIMIT, || async {
        (maker.get(&path).await.json()["batches"]["accepted"] == 1).then_some(())
    })
    .await;
    let calls = bridge.data.lock().unwrap().traces.clone();
    assert_eq!(calls.len(), 2, "an envelope and a batch");
    assert!(calls.iter().all(|call| call.contains(TRACE)), "{calls:?}");

    let ids: Vec<String> =
        sql::scalars(service.db().conn(), "SELECT id FROM disbursements", []).await.unwrap();
    let items = ids.into_iter().map(|id| DisbursementChange {
        disbursement_id: id,
        state: DisbursementState::Paid,
        reason: None,
        at: OffsetDateTime::now_utc(),
    });
    let event = DisbursementsChanged { envelope_id: "bridge-1".to_owned(), items: items.collect() };
    let tx = service.db().begin().await.unwrap();
    events::publish(&tx, "default", "bridge-1", &event).await.unwrap();
    tx.commit().await.unwrap();
    done(&maker, &path).await;
    service.settled().await;
    let view = maker.get(&path).await.json();
    assert_eq!(view["disbursements"], json!({"PAID": {"count": 3, "amount": "2250.00"}}));
    let spans = wait_for("the span of the payment job", LIMIT, || async {
        let spans = traces.spans().await;
        spans.iter().any(|span| span.name == "job pbms.disburse").then_some(spans)
    })
    .await;
    let job = spans.iter().find(|span| span.name == "job pbms.disburse").unwrap();
    assert_eq!(job.trace_id, TRACE);
    service.stop().await;
}
