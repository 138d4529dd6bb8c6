//! Outbox to transport. One process of a service relays, so that the order of a key is kept; the others stand by.

use std::{sync::Arc, time::Duration};

use sea_orm::sqlx::{
    self, FromRow, Row as _,
    postgres::{PgListener, PgRow},
};
use serde_json::value::RawValue;
use storage::{Db, StoreError, StoreResult, sql};
use time::OffsetDateTime;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    Options, Outgoing, PublishOutcome, Transport, dead_letter::short, envelope::EnvelopeOut,
    listen::dedicated, metrics,
};

/// How often a standby asks whether the leader is gone.
const STANDBY_POLL: Duration = Duration::from_secs(1);

/// What one batch may hold, as it is stored; in memory it is some times as much.
const RELAY_BYTES: i64 = 1024 * 1024;

pub(crate) struct Relay {
    pub db: Db,
    pub transport: Arc<dyn Transport>,
    pub options: Options,
    pub stop: CancellationToken,
}

struct Row {
    tenant_id: String,
    id: Uuid,
    topic: String,
    key: String,
    payload: String,
    traceparent: Option<String>,
    created_at: OffsetDateTime,
    attempts: i32,
    pid: i32,
}

impl FromRow<'_, PgRow> for Row {
    fn from_row(row: &PgRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            tenant_id: row.try_get("tenant_id")?,
            id: row.try_get("id")?,
            topic: row.try_get("topic")?,
            key: row.try_get("key")?,
            payload: row.try_get("payload")?,
            traceparent: row.try_get("traceparent")?,
            created_at: row.try_get("created_at")?,
            attempts: row.try_get("attempts")?,
            pid: row.try_get("pid")?,
        })
    }
}

impl Relay {
    /// Leads or stands by until `stop`. Errors mean another try.
    pub(crate) async fn run(self) {
        let pool = dedicated(&self.db);
        let mut failures = 0u32;
        while !self.stop.is_cancelled() {
            match self.lead(&pool, &mut failures).await {
                Ok(()) => {}
                Err(error) => {
                    failures = failures.saturating_add(1);
                    tracing::warn!(error = %error, failures, "the outbox relay lost its database connection");
                    self.pause(backoff(failures)).await;
                }
            }
        }
        // Closing the connection frees the lock for a standby.
        pool.close().await;
    }

    /// Lock, claims and notifications share one connection: when it is gone, so is the right to relay.
    async fn lead(&self, pool: &sqlx::PgPool, failures: &mut u32) -> StoreResult<()> {
        let mut session = PgListener::connect_with(pool).await?;
        session.ignore_pool_close_event(true);
        session.listen(&format!("openg2p_outbox_{}", self.db.schema())).await?;
        let Some(pid) = self.wait_for_leadership(&mut session).await? else { return Ok(()) };
        tracing::info!(service = self.db.schema(), transport = self.transport.name(), "relaying the outbox");
        *failures = 0;
        while !self.stop.is_cancelled() {
            let rows = self.pending(&mut session).await?;
            if rows.iter().any(|row| row.pid != pid) {
                tracing::warn!("the relay's connection was replaced and its lock lost; standing by");
                return Ok(());
            }
            if rows.is_empty() {
                self.wait_for_rows(&mut session).await?;
                continue;
            }
            if self.relay(rows).await? {
                *failures = 0;
            } else {
                *failures = failures.saturating_add(1);
                self.pause(backoff(*failures)).await;
            }
        }
        sqlx::query("SELECT pg_advisory_unlock_all()").execute(&mut session).await?;
        Ok(())
    }

    /// The backend that holds the lock; `None` when stopped first.
    async fn wait_for_leadership(&self, session: &mut PgListener) -> StoreResult<Option<i32>> {
        while !self.stop.is_cancelled() {
            let (led, pid): (bool, i32) =
                sqlx::query_as("SELECT pg_try_advisory_lock(hashtextextended($1, 0)), pg_backend_pid()")
                    .bind(format!("openg2p-relay-{}", self.db.schema()))
                    .fetch_one(&mut *session)
                    .await?;
            metrics::leading(&self.db, led);
            if led {
                return Ok(Some(pid));
            }
            self.pause(STANDBY_POLL).await;
        }
        Ok(None)
    }

    async fn pending(&self, session: &mut PgListener) -> StoreResult<Vec<Row>> {
        Ok(sqlx::query_as(include_str!("sql/outbox_pending.sql"))
            .bind(i64::from(self.options.relay_batch))
            .bind(RELAY_BYTES)
            .fetch_all(session)
            .await?)
    }

    async fn wait_for_rows(&self, session: &mut PgListener) -> StoreResult<()> {
        tokio::select! {
            () = self.stop.cancelled() => {}
            () = sleep(self.options.poll) => {}
            notified = session.try_recv() => {
                notified?;
                // One look at the table answers all notifications so far.
                while session.next_buffered().is_some() {}
            }
        }
        Ok(())
    }

    /// Publishes a batch and stores what became of it. `false`: the transport is not available now.
    async fn relay(&self, rows: Vec<Row>) -> StoreResult<bool> {
        let source = self.db.schema();
        let messages = rows.iter().map(|row| outgoing(source, row)).collect::<StoreResult<Vec<_>>>()?;
        let outcomes = self.transport.publish(&messages).await;
        let mut settled = Settled::default();
        for (row, outcome) in rows.into_iter().zip(outcomes) {
            settled.add(source, row, outcome);
        }
        settled.delay_stragglers();
        settled.store(&self.db).await?;
        metrics::published(&self.db, settled.published.1.len(), settled.failed.1.len());
        if let Some(reason) = &settled.unavailable {
            tracing::warn!(transport = self.transport.name(), reason, "events wait in the outbox");
        }
        Ok(settled.unavailable.is_none())
    }

    async fn pause(&self, time: Duration) {
        tokio::select! {
            () = self.stop.cancelled() => {}
            () = sleep(time) => {}
        }
    }
}

fn outgoing(source: &str, row: &Row) -> StoreResult<Outgoing> {
    let broken = |error: serde_json::Error| {
        StoreError::Other(format!("outbox row {} cannot be sent: {error}", row.id))
    };
    let data = RawValue::from_string(row.payload.clone()).map_err(broken)?;
    let body = serde_json::to_vec(&EnvelopeOut {
        specversion: "1.0",
        id: row.id,
        topic: &row.topic,
        source,
        subject: &row.key,
        time: row.created_at,
        tenant: &row.tenant_id,
        traceparent: row.traceparent.as_deref(),
        datacontenttype: "application/json",
        data: &data,
    })
    .map_err(broken)?;
    Ok(Outgoing {
        id: row.id,
        tenant: row.tenant_id.clone(),
        topic: row.topic.clone(),
        key: row.key.clone(),
        body,
    })
}

#[derive(Default)]
struct Settled {
    published: (Vec<String>, Vec<Uuid>),
    failed: (Vec<String>, Vec<Uuid>, Vec<String>, Vec<i64>),
    unavailable: Option<String>,
    unanswered: Vec<(Row, String)>,
}

impl Settled {
    fn add(&mut self, source: &str, row: Row, outcome: PublishOutcome) {
        let error = match outcome {
            PublishOutcome::Published => {
                self.published.0.push(row.tenant_id);
                self.published.1.push(row.id);
                return;
            }
            PublishOutcome::Unavailable(reason) => {
                self.unavailable = Some(reason.clone());
                self.unanswered.push((row, reason));
                return;
            }
            PublishOutcome::Unroutable => {
                metrics::unroutable(source);
                tracing::error!(event.id = %row.id, topic = row.topic, "the broker has no queue for this event; it stays in the outbox");
                "the broker has no queue for this topic".to_owned()
            }
            PublishOutcome::Refused(reason) => {
                tracing::error!(event.id = %row.id, topic = row.topic, reason, "the broker refused this event; it stays in the outbox");
                reason
            }
        };
        self.delay(row, &error);
    }

    /// When the transport took some messages and not others, a single queue may be broken: its messages wait by
    /// themselves, so that they do not fill each batch and stop everything else. When it took none, it is away.
    fn delay_stragglers(&mut self) {
        let unanswered = std::mem::take(&mut self.unanswered);
        if !self.published.1.is_empty() {
            for (row, reason) in unanswered {
                self.delay(row, &reason);
            }
        }
    }

    fn delay(&mut self, row: Row, error: &str) {
        let delay = backoff(u32::try_from(row.attempts).unwrap_or(0) + 1).saturating_mul(4);
        self.failed.0.push(row.tenant_id);
        self.failed.1.push(row.id);
        self.failed.2.push(short(error));
        self.failed.3.push(i64::try_from(delay.as_millis()).unwrap_or(i64::MAX));
    }

    async fn store(&self, db: &Db) -> StoreResult<()> {
        let published = self.published.clone();
        if !published.1.is_empty() {
            sql::execute(
                db.conn(),
                "UPDATE outbox AS o SET published_at = now(), last_error = NULL
                   FROM UNNEST($1::text[], $2::uuid[]) AS p(tenant_id, id)
                  WHERE o.tenant_id = p.tenant_id AND o.id = p.id",
                [published.0.into(), published.1.into()],
            )
            .await?;
        }
        let failed = self.failed.clone();
        if !failed.1.is_empty() {
            sql::execute(
                db.conn(),
                "UPDATE outbox AS o SET attempts = o.attempts + 1, last_error = f.error,
                        available_at = now() + f.delay_ms * interval '1 millisecond'
                   FROM UNNEST($1::text[], $2::uuid[], $3::text[], $4::bigint[]) AS f(tenant_id, id, error, delay_ms)
                  WHERE o.tenant_id = f.tenant_id AND o.id = f.id",
                [failed.0.into(), failed.1.into(), failed.2.into(), failed.3.into()],
            )
            .await?;
        }
        Ok(())
    }
}

/// 200 ms, 400 ms … 5 s.
fn backoff(failures: u32) -> Duration {
    Duration::from_millis(200)
        .saturating_mul(1 << failures.clamp(1, 6).saturating_sub(1))
        .min(Duration::from_secs(5))
}
