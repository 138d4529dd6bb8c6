//! Messages, and a gate that holds requests at a known place.

use std::time::Duration;

use sea_orm::DatabaseTransaction;
use serde_json::{Value, json};
use storage::sql;
use testkit::{TestService, wait_for};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::toy::{GATE, Toy};

pub const PATIENCE: Duration = Duration::from_secs(20);

pub async fn start() -> TestService<Toy> {
    TestService::start(|_| {}).await
}

pub fn now() -> String {
    OffsetDateTime::now_utc().format(&Rfc3339).unwrap()
}

/// A message of the older envelope.
pub fn message(sender: &str, message_id: &str, wish: &Value) -> Value {
    json!({
        "header": {"sender_id": sender, "message_id": message_id, "message_ts": now(), "action": "change"},
        "message": wish,
    })
}

/// What a whole-message refusal says.
pub fn reason(reply: testkit::Reply) -> String {
    let body = reply.expect_status(200).json();
    body["header"]["status_reason_code"].as_str().unwrap_or_default().to_owned()
}

pub async fn effects(toy: &TestService<Toy>) -> i64 {
    sql::scalar(toy.db().conn(), "SELECT count(*) FROM effects", []).await.unwrap().unwrap()
}

/// Closes the gate: requests that wait for it stand still until the value goes.
pub async fn close_gate(toy: &TestService<Toy>) -> DatabaseTransaction {
    let tx = toy.db().begin().await.unwrap();
    sql::execute(&tx, "SELECT pg_advisory_xact_lock($1)", [GATE.into()]).await.unwrap();
    tx
}

/// Waits until so many sessions of the service stand still, and returns their process ids: first those that hold what
/// the others want.
pub async fn standing(toy: &TestService<Toy>, count: usize) -> Vec<i32> {
    wait_for(&format!("{count} requests at the gate"), PATIENCE, || async {
        let waiting: Vec<i32> = sql::scalars(
            toy.db().conn(),
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
              ORDER BY wait_event = 'advisory' DESC, pid",
            [],
        )
        .await
        .unwrap();
        (waiting.len() == count).then_some(waiting)
    })
    .await
}

pub async fn ready(toy: &TestService<Toy>) -> (u16, String) {
    admin(toy, "/health/ready").await
}

pub async fn admin(toy: &TestService<Toy>, path: &str) -> (u16, String) {
    let response = reqwest::get(format!("{}{path}", toy.admin_url())).await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}
