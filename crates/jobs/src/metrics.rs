//! Numbers about jobs. The `service` label is the schema, because all services may share one process.

use storage::Db;

use crate::PendingCounts;

pub(crate) fn started(db: &Db, kind: &'static str) {
    metrics::gauge!("jobs_running", "service" => db.schema().to_owned(), "kind" => kind).increment(1.0);
}

pub(crate) fn ended(db: &Db, kind: &'static str, outcome: &'static str, seconds: f64) {
    let service = db.schema().to_owned();
    metrics::gauge!("jobs_running", "service" => service.clone(), "kind" => kind).decrement(1.0);
    metrics::histogram!("jobs_run_seconds", "service" => service.clone(), "kind" => kind).record(seconds);
    metrics::counter!("jobs_finished_total", "service" => service, "kind" => kind, "outcome" => outcome)
        .increment(1);
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
pub(crate) fn backlog(db: &Db, counts: &PendingCounts) {
    let service = db.schema().to_owned();
    metrics::gauge!("jobs_pending", "service" => service.clone()).set(counts.pending as f64);
    metrics::gauge!("jobs_dead", "service" => service.clone()).set(counts.dead as f64);
    metrics::gauge!("jobs_oldest_due_seconds", "service" => service).set(counts.oldest_due_seconds as f64);
}
