//! The admin port: health, metrics, version. Never exposed outside the cluster.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use actix_web::{HttpResponse, get, web};
use serde_json::json;
use storage::{Db, SchemaState, SqlMigration, schema_state};

use crate::service::schema_name;

/// A database that does not answer in this time is away; orchestrators do not wait longer either.
const PATIENCE: Duration = Duration::from_secs(3);

/// What readiness looks at.
#[derive(Debug, Clone)]
pub struct Readiness {
    service: &'static str,
    db: Db,
    steps: Arc<Vec<SqlMigration>>,
    draining: Arc<AtomicBool>,
    failed: Arc<AtomicBool>,
}

impl Readiness {
    pub(crate) fn new(
        service: &'static str,
        db: Db,
        steps: Vec<SqlMigration>,
        draining: Arc<AtomicBool>,
        failed: Arc<AtomicBool>,
    ) -> Self {
        ::metrics::gauge!(
            "build_info", "service" => schema_name(service), "version" => env!("CARGO_PKG_VERSION")
        )
        .set(1.0);
        Self { service, db, steps: Arc::new(steps), draining, failed }
    }

    async fn problem(&self) -> Option<String> {
        if self.draining.load(Ordering::SeqCst) {
            return Some("the service is stopping".to_owned());
        }
        match tokio::time::timeout(PATIENCE, schema_state(&self.db, &self.steps)).await {
            Ok(Ok(SchemaState::Current)) => None,
            Ok(Ok(SchemaState::Behind(missing))) => Some(format!(
                "the schema is older than the code needs; run migrate ({} missing)",
                missing.join(", ")
            )),
            Ok(Err(error)) => Some(format!("the database does not answer: {error}")),
            Err(_) => Some(format!("the database does not answer within {PATIENCE:?}")),
        }
    }
}

pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config.service(live).service(ready).service(metrics).service(version).service(work);
}

/// Says nothing of the database or the broker: restarting us would not mend them.
#[get("/health/live")]
async fn live(readiness: web::Data<Readiness>) -> HttpResponse {
    if readiness.failed.load(Ordering::SeqCst) {
        let why = "background work ended that should go on; the log says why; restart the service";
        return HttpResponse::ServiceUnavailable().json(json!({"status": "failed", "why": why}));
    }
    HttpResponse::Ok().json(json!({"status": "live"}))
}

#[get("/health/ready")]
async fn ready(readiness: web::Data<Readiness>) -> HttpResponse {
    match readiness.problem().await {
        None => HttpResponse::Ok().json(json!({"status": "ready", "service": readiness.service})),
        Some(why) => HttpResponse::ServiceUnavailable().json(json!({"status": "not ready", "why": why})),
    }
}

#[get("/metrics")]
async fn metrics() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; version=0.0.4").body(crate::telemetry::render_metrics())
}

#[get("/version")]
async fn version(readiness: web::Data<Readiness>) -> HttpResponse {
    HttpResponse::Ok().json(json!({"service": readiness.service, "version": env!("CARGO_PKG_VERSION")}))
}

/// Work that is not done: what an operator looks at before an upgrade, and the demo at its end.
#[get("/work")]
async fn work(readiness: web::Data<Readiness>) -> HttpResponse {
    match tokio::try_join!(events::status(&readiness.db), jobs::pending_counts(&readiness.db)) {
        Ok((events, jobs)) => HttpResponse::Ok().json(json!({
            "outbox": events.outbox_pending,
            "parked": events.parked,
            "dead_letters": events.dead_letters,
            "jobs": jobs.pending + jobs.running,
            "dead_jobs": jobs.dead,
        })),
        Err(error) => HttpResponse::ServiceUnavailable().json(json!({"why": error.to_string()})),
    }
}
