//! The mapper over HTTP, on a real Postgres.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod abuse;
mod dialects;
mod later;
mod mappings;
mod signatures;

use serde_json::{Value, json};
use spar_mapper::Service;
use testkit::TestService;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

pub(crate) async fn start() -> TestService<Service> {
    TestService::start(|loaded| loaded.common.anonymous_partner = false).await
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
