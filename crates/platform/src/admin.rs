//! The admin port: health, metrics, version. Never exposed outside the cluster.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use actix_web::{HttpResponse, get, web};
use serde_json::json;
use storage::{Db, SchemaState, SqlMigration, schema_state};

/// What readiness looks at.
#[derive(Debug, Clone)]
pub struct Readiness {
    service: &'static str,
    db: Db,
    steps: Arc<Vec<SqlMigration>>,
    draining: Arc<AtomicBool>,
}

impl Readiness {
    pub(crate) fn new(
        service: &'static str,
        db: Db,
        steps: Vec<SqlMigration>,
        draining: Arc<AtomicBool>,
    ) -> Self {
        Self { service, db, steps: Arc::new(steps), draining }
    }

    async fn problem(&self) -> Option<String> {
        if self.draining.load(Ordering::SeqCst) {
            return Some("the service is stopping".to_owned());
        }
        match schema_state(&self.db, &self.steps).await {
            Ok(SchemaState::Current) => None,
            Ok(SchemaState::Behind(missing)) => Some(format!(
                "the schema is older than the code needs; run migrate ({} missing)",
                missing.join(", ")
            )),
            Err(error) => Some(format!("the database does not answer: {error}")),
        }
    }
}

pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config.service(live).service(ready).service(metrics).service(version).service(work);
}

#[get("/health/live")]
async fn live() -> HttpResponse {
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
