//! Numbers about events. The `service` label is the schema, because all services may share one process.

use storage::Db;

use crate::EventStatus;

fn service(db: &Db) -> String {
    db.schema().to_owned()
}

pub(crate) fn leading(db: &Db, leads: bool) {
    metrics::gauge!("outbox_relay_leader", "service" => service(db)).set(if leads { 1.0 } else { 0.0 });
}

pub(crate) fn published(db: &Db, published: usize, failed: usize) {
    metrics::counter!("events_published_total", "service" => service(db)).increment(published as u64);
    metrics::counter!("events_publish_failed_total", "service" => service(db)).increment(failed as u64);
}

pub(crate) fn unroutable(schema: &str) {
    metrics::counter!("events_unroutable_total", "service" => schema.to_owned()).increment(1);
}

pub(crate) fn handled(db: &Db, consumer: &str, outcome: &'static str, count: usize) {
    if count > 0 {
        metrics::counter!(
            "events_handled_total", "service" => service(db), "consumer" => consumer.to_owned(), "outcome" => outcome
        )
        .increment(count as u64);
    }
}

pub(crate) fn lag(db: &Db, consumer: &str, seconds: f64) {
    metrics::gauge!("events_lag_seconds", "service" => service(db), "consumer" => consumer.to_owned())
        .set(seconds);
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
pub(crate) fn status(db: &Db, status: &EventStatus) {
    for (name, value) in [
        ("outbox_pending", status.outbox_pending),
        ("outbox_failing", status.outbox_failing),
        ("outbox_oldest_age_seconds", status.outbox_oldest_age_seconds),
        ("events_parked", status.parked),
        ("dead_letters_open", status.dead_letters),
    ] {
        metrics::gauge!(name, "service" => service(db)).set(value as f64);
    }
}
