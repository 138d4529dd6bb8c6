//! The mapper over HTTP, on a real Postgres.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
// `partitioned` has the same tests again.
#![allow(clippy::duplicate_mod)]

mod abuse;
mod bulk;
mod bulk_stop;
mod control;
mod defects;
mod desk_directory;
mod dialects;
mod directory;
mod directory_held;
mod forms;
mod fuzz;
mod heads;
mod history;
mod later;
mod limits;
mod mappings;
mod names;
mod oracle;
mod partitioned;
mod partitions;
mod receivers;
mod rotation;
mod sealing;
mod signatures;
mod spec;
mod speed;
mod strict;
mod two_people;

use std::sync::Arc;

use platform::{Masked, config::Loaded};
use serde_json::{Value, json};
use spar_mapper::{Config, Service};
use testkit::{TestDb, TestPartner, TestService, schema_of};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// A database of its own, its mappings in one table.
pub(crate) async fn database() -> Arc<TestDb> {
    Arc::new(TestDb::for_services(&[schema_of::<Service>()]).await)
}

/// A mapper on a database of its own.
pub(crate) async fn start_with(change: impl FnOnce(&mut Loaded<Config>)) -> TestService<Service> {
    TestService::start_on(database().await, change).await
}

/// As in production: no anonymous partner, addresses sealed.
pub(crate) async fn start() -> TestService<Service> {
    start_with(as_in_production).await
}

/// For tests that look into the table itself.
pub(crate) async fn start_plain() -> TestService<Service> {
    start_with(plain).await
}

pub(crate) fn as_in_production(loaded: &mut Loaded<Config>) {
    loaded.common.anonymous_partner = false;
    seal(loaded);
}

pub(crate) fn plain(loaded: &mut Loaded<Config>) {
    loaded.common.anonymous_partner = false;
    loaded.service.encryption = false;
}

pub(crate) fn seal(loaded: &mut Loaded<Config>) {
    loaded.service.encryption_secret = Masked::new("a secret of the tests that seals addresses".to_owned());
    loaded.service.index_secret = Masked::new("a secret of the tests that finds addresses".to_owned());
}

pub(crate) fn now() -> String {
    OffsetDateTime::now_utc().format(&Rfc3339).unwrap()
}

/// A message of one of the four operations.
pub(crate) fn message(sender: &str, message_id: &str, action: &str, items: &[Value]) -> Value {
    let (list, at) = (format!("{action}_request"), now());
    let items: Vec<Value> = items
        .iter()
        .enumerate()
        .map(|(n, item)| {
            let mut item = item.clone();
            item["reference_id"] = json!(format!("r-{n}"));
            item["timestamp"] = json!(at);
            item
        })
        .collect();
    json!({
        "header": {
            "version": "1.0.0", "message_id": message_id, "message_ts": at, "action": action,
            "sender_id": sender, "total_count": items.len(),
        },
        "message": {"transaction_id": "t-1", list: items},
    })
}

/// Sends a changing message under a fresh id, and returns status, code and text of each item.
pub(crate) async fn change(
    partner: &TestPartner,
    action: &str,
    items: &[Value],
) -> Vec<(String, String, String)> {
    let body = message(partner.id(), &uuid::Uuid::new_v4().to_string(), action, items);
    let reply = partner.post_signed(&format!("/mapper/sync/{action}"), &body).await.expect_status(200).json();
    let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
    let list = format!("{action}_response");
    let answers = reply["message"][list].as_array().unwrap_or_else(|| panic!("no answers in {reply}"));
    let of =
        |i: &Value| (text(&i["status"]), text(&i["status_reason_code"]), text(&i["status_reason_message"]));
    answers.iter().map(of).collect()
}
