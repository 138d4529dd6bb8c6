//! The admin port: health, metrics, version. Never exposed outside the cluster.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use actix_web::{HttpResponse, get, web};
use events::Transport;
use futures_util::future::try_join_all;
use serde_json::json;
use storage::{Db, SchemaState, SqlMigration, StoreError, schema_state};

/// A database that does not answer in this time is away; orchestrators do not wait longer either.
const PATIENCE: Duration = Duration::from_secs(3);

/// What readiness looks at.
#[derive(Clone)]
pub(crate) struct Readiness {
    pub service: &'static str,
    pub db: Db,
    pub steps: Arc<Vec<SqlMigration>>,
    pub transport: Arc<dyn Transport>,
    /// Names of the service's consumers.
    pub consumers: Arc<Vec<String>>,
    pub draining: Arc<AtomicBool>,
    pub failed: Arc<AtomicBool>,
}

impl Readiness {
    async fn problem(&self) -> Option<String> {
        if self.draining.load(Ordering::SeqCst) {
            return Some("the service is stopping".to_owned());
        }
        match tokio::time::timeout(PATIENCE, self.missing_steps()).await {
            Ok(Ok(missing)) if missing.is_empty() => None,
            Ok(Ok(missing)) => Some(format!(
                "the schema is older than the code needs; run migrate ({} missing)",
                missing.join(", ")
            )),
            Ok(Err(error)) => Some(format!("the database does not answer: {error}")),
            Err(_) => Some(format!("the database does not answer within {PATIENCE:?}")),
        }
    }

    /// Of our schema and of the transport's.
    async fn missing_steps(&self) -> Result<Vec<String>, StoreError> {
        let states = [schema_state(&self.db, &self.steps).await?, self.transport.schema_state().await?];
        let missing = states.into_iter().filter_map(|state| match state {
            SchemaState::Current => None,
            SchemaState::Behind(missing) => Some(missing),
        });
        Ok(missing.flatten().collect())
    }

    /// Events on their way to our consumers.
    async fn backlog(&self) -> anyhow::Result<u64> {
        let counts = try_join_all(self.consumers.iter().map(|name| self.transport.backlog(name)));
        let counts = tokio::time::timeout(PATIENCE, counts)
            .await
            .map_err(|_| anyhow::anyhow!("the events' transport does not answer within {PATIENCE:?}"))??;
        Ok(counts.iter().sum())
    }

    async fn work(&self) -> anyhow::Result<serde_json::Value> {
        // In the direction in which work moves, so that none is missed on its way: outbox, transport, tables of the
        // consumers, and what became of it.
        let outbox = events::status(&self.db).await?.outbox_pending;
        let backlog = self.backlog().await?;
        let (events, jobs) = tokio::try_join!(events::status(&self.db), jobs::pending_counts(&self.db))?;
        Ok(json!({
            "outbox": outbox.max(events.outbox_pending),
            "backlog": backlog,
            "parked": events.parked,
            "dead_letters": events.dead_letters,
            "jobs": jobs.pending + jobs.running,
            "dead_jobs": jobs.dead,
        }))
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
    match readiness.work().await {
        Ok(work) => HttpResponse::Ok().json(work),
        Err(error) => HttpResponse::ServiceUnavailable().json(json!({"why": format!("{error:#}")})),
    }
}
