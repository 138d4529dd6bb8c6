//! Writing jobs, inside the transaction that makes them necessary.

use std::{collections::HashMap, time::Duration};

use serde::Serialize;
use storage::{
    ConnectionTrait, FromQueryResult, StoreError, StoreResult, sql, sql::nullable,
    trace_context::current_traceparent,
};
use time::OffsetDateTime;
use uuid::Uuid;

/// A job to be written by [`enqueue`].
#[derive(Debug, Clone)]
pub struct NewJob {
    tenant: String,
    kind: String,
    key: Option<String>,
    payload: Result<serde_json::Value, String>,
    run_at: Option<OffsetDateTime>,
    delay: Duration,
    max_attempts: i32,
}

impl NewJob {
    /// A job of this kind, due at once, for tenant `default`, with 20 attempts (about an hour of retries).
    /// The payload holds ids and settings, never personal data: it is shown to operators.
    #[must_use]
    pub fn new<T: Serialize + ?Sized>(kind: impl Into<String>, payload: &T) -> Self {
        let kind = kind.into();
        let payload = serde_json::to_value(payload).map_err(|error| {
            format!("the payload of a job of kind {kind} cannot be written as JSON: {error}")
        });
        Self {
            tenant: "default".to_owned(),
            kind,
            key: None,
            payload,
            run_at: None,
            delay: Duration::ZERO,
            max_attempts: 20,
        }
    }

    /// At most one live job of this kind and tenant has this key. Enqueueing it again returns the id of the live one;
    /// if that one is running just now it runs once more, because it may have read its input before this change.
    #[must_use]
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// Not before this time, by the database's clock. With a shifted service clock use [`NewJob::after`].
    #[must_use]
    pub fn run_at(mut self, at: OffsetDateTime) -> Self {
        self.run_at = Some(at);
        self
    }

    /// Not before this much time has passed.
    #[must_use]
    pub fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Whose job it is.
    #[must_use]
    pub fn tenant(mut self, tenant: impl Into<String>) -> Self {
        self.tenant = tenant.into();
        self
    }

    /// Attempts before the job is dead (at least 1).
    #[must_use]
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = i32::try_from(attempts.max(1)).unwrap_or(i32::MAX);
        self
    }
}

/// Writes one job; returns its id, or that of the live job with the same key.
///
/// # Errors
/// `Other` when the payload is not JSON; otherwise the database's.
pub async fn enqueue<C: ConnectionTrait>(tx: &C, job: NewJob) -> StoreResult<Uuid> {
    let ids = enqueue_many(tx, vec![job]).await?;
    ids.first().copied().ok_or(StoreError::NotFound("the job just written"))
}

#[derive(FromQueryResult)]
struct Written {
    tenant_id: String,
    id: Uuid,
    kind: String,
    dedup_key: Option<String>,
}

/// Writes many jobs in one statement; returns an id for each, in the same order.
///
/// # Errors
/// As [`enqueue`]; nothing is written then.
pub async fn enqueue_many<C: ConnectionTrait>(tx: &C, jobs: Vec<NewJob>) -> StoreResult<Vec<Uuid>> {
    if jobs.is_empty() {
        return Ok(Vec::new());
    }
    let traceparent = current_traceparent();
    let mut batch = Batch::default();
    // Which row of the batch stands for the n-th job: jobs with the same key share one.
    let mut rows: Vec<usize> = Vec::with_capacity(jobs.len());
    let mut seen: HashMap<(String, String, String), usize> = HashMap::new();
    for job in jobs {
        let name = job.key.as_ref().map(|key| (job.tenant.clone(), job.kind.clone(), key.clone()));
        let known = name.as_ref().and_then(|name| seen.get(name).copied());
        let row = known.unwrap_or(batch.ids.len());
        if known.is_none() {
            if let Some(name) = name {
                seen.insert(name, row);
            }
            batch.push(job)?;
        }
        rows.push(row);
    }
    let mut ids = batch.ids.clone();
    for written in batch.insert(tx, traceparent).await? {
        let Some(key) = written.dedup_key else { continue };
        if let Some(slot) =
            seen.get(&(written.tenant_id, written.kind, key)).and_then(|row| ids.get_mut(*row))
        {
            *slot = written.id;
        }
    }
    Ok(rows.into_iter().filter_map(|row| ids.get(row).copied()).collect())
}

#[derive(Default)]
struct Batch {
    tenants: Vec<String>,
    ids: Vec<Uuid>,
    kinds: Vec<String>,
    keys: Vec<Option<String>>,
    payloads: Vec<String>,
    run_at: Vec<Option<OffsetDateTime>>,
    delays_ms: Vec<i64>,
    max_attempts: Vec<i32>,
}

impl Batch {
    fn push(&mut self, job: NewJob) -> StoreResult<()> {
        self.payloads.push(job.payload.map_err(StoreError::Other)?.to_string());
        self.tenants.push(job.tenant);
        self.ids.push(Uuid::now_v7());
        self.kinds.push(job.kind);
        self.keys.push(job.key);
        self.run_at.push(job.run_at);
        self.delays_ms.push(i64::try_from(job.delay.as_millis()).unwrap_or(i64::MAX));
        self.max_attempts.push(job.max_attempts);
        Ok(())
    }

    async fn insert<C: ConnectionTrait>(
        self,
        tx: &C,
        traceparent: Option<String>,
    ) -> StoreResult<Vec<Written>> {
        sql::fetch_all(
            tx,
            include_str!("sql/enqueue.sql"),
            [
                self.tenants.into(),
                self.ids.into(),
                self.kinds.into(),
                nullable(self.keys),
                self.payloads.into(),
                nullable(self.run_at),
                self.delays_ms.into(),
                self.max_attempts.into(),
                traceparent.into(),
            ],
        )
        .await
    }
}
