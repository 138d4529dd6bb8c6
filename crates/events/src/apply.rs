//! Applying received events: inbox row, effect and commit in one transaction.

use std::{collections::HashSet, panic::AssertUnwindSafe, time::Duration};

use futures_util::FutureExt;
use sea_orm::FromQueryResult;
use storage::{DatabaseTransaction, Db, StoreError, StoreResult, sql, trace_context};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;
use uuid::Uuid;

use crate::{
    Consumer, HandlerError,
    dead_letter::{bury, envelope_json, short},
    envelope::Envelope,
    metrics,
};

/// A transaction that has taken this long takes no further events.
const TX_BUDGET: Duration = Duration::from_millis(500);

/// Applies events of one consumer to one database.
pub(crate) struct Applier {
    pub db: Db,
    pub consumer: Consumer,
    pub stop: CancellationToken,
}

/// Why events could not be applied now.
pub(crate) enum Trouble {
    /// The event of this index failed; the transaction is rolled back.
    Event(usize, HandlerError),
    /// The transaction could not be committed: one of its events did something that the database refuses in the end.
    Commit(StoreError),
    /// The database failed; nobody is to blame.
    Database(StoreError),
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self::Database(error)
    }
}

#[derive(FromQueryResult)]
struct Taken {
    position: i64,
    parked: bool,
}

impl Applier {
    /// Deals with all events, in order: applied, known already, parked for later, or buried. Returns how many were dealt
    /// with: fewer than all only when `stop` fired while the database was away.
    pub(crate) async fn apply(&self, events: &[Envelope]) -> usize {
        let mut done = 0;
        let mut failures = 0u32;
        while done < events.len() {
            let Some(rest) = events.get(done..) else { break };
            let outcome = match self.together(rest).await {
                Ok(count) => Ok(count),
                Err(Trouble::Database(error)) => Err(error),
                // Alone, so that the others do not suffer from it; those before it are applied first.
                Err(Trouble::Event(0, error)) => match rest.first() {
                    Some(event) => self.failed(event, error).await.map(|()| 1),
                    None => Ok(0),
                },
                Err(Trouble::Commit(_)) => self.one_by_one(rest.first()).await,
                Err(Trouble::Event(index, _)) => {
                    match self.together(rest.get(..index).unwrap_or_default()).await {
                        Ok(count) => Ok(count),
                        Err(Trouble::Database(error)) => Err(error),
                        Err(Trouble::Event(..) | Trouble::Commit(_)) => self.one_by_one(rest.first()).await,
                    }
                }
            };
            match outcome {
                Ok(count) => {
                    done += count;
                    failures = 0;
                }
                Err(error) => {
                    failures = failures.saturating_add(1);
                    tracing::warn!(consumer = self.consumer.name(), error = %error, failures, "events wait for the database");
                    if !self.pause(failures).await {
                        break;
                    }
                }
            }
        }
        done
    }

    /// The last resort of a batch that fails in changing places or as a whole: its first event alone.
    async fn one_by_one(&self, event: Option<&Envelope>) -> StoreResult<usize> {
        let Some(event) = event else { return Ok(0) };
        match self.together(std::slice::from_ref(event)).await {
            Ok(count) => Ok(count),
            Err(Trouble::Database(error)) => Err(error),
            Err(Trouble::Event(_, error)) => self.failed(event, error).await.map(|()| 1),
            Err(Trouble::Commit(error)) => self.failed(event, error.into()).await.map(|()| 1),
        }
    }

    /// Applies as many of the events as fit into one transaction, and returns how many (from the front).
    async fn together(&self, events: &[Envelope]) -> Result<usize, Trouble> {
        if events.is_empty() {
            return Ok(0);
        }
        let began = Instant::now();
        let tx = self.db.begin().await?;
        let taken = self.take(&tx, events).await?;
        let (mut applied, mut known, mut parked) = (0, 0, 0);
        let mut last = events.len();
        for (index, event) in events.iter().enumerate() {
            match taken.iter().find(|t| usize::try_from(t.position) == Ok(index + 1)) {
                None => known += 1,
                Some(taken) if taken.parked => {
                    self.park(&tx, event, 0, Duration::ZERO, "waits behind an earlier event of its key")
                        .await?;
                    parked += 1;
                }
                Some(_) => {
                    self.handle(&tx, event).await.map_err(|error| Trouble::Event(index, error))?;
                    applied += 1;
                }
            }
            if began.elapsed() > TX_BUDGET && index + 1 < events.len() {
                last = index + 1;
                break;
            }
        }
        self.give_back(&tx, events.get(last..).unwrap_or_default(), &taken, last).await?;
        commit(tx).await.map_err(|error| match error.is_retryable() {
            true => Trouble::Database(error),
            false => Trouble::Commit(error),
        })?;
        for (outcome, count) in [("applied", applied), ("duplicate", known), ("parked", parked)] {
            metrics::handled(&self.db, self.consumer.name(), outcome, count);
        }
        if let Some(event) = events.get(last - 1) {
            let age = time::OffsetDateTime::now_utc() - event.time;
            metrics::lag(&self.db, self.consumer.name(), age.as_seconds_f64().max(0.0));
        }
        Ok(last)
    }

    /// Writes the inbox rows. Events that are not among the result are known already; those of a key with a parked
    /// event are `parked` and get no inbox row.
    async fn take(&self, tx: &DatabaseTransaction, events: &[Envelope]) -> StoreResult<Vec<Taken>> {
        sql::fetch_all(
            tx,
            include_str!("sql/inbox_take.sql"),
            [
                self.consumer.name().into(),
                events.iter().map(|e| e.tenant.clone()).collect::<Vec<_>>().into(),
                events.iter().map(|e| e.id).collect::<Vec<_>>().into(),
                events.iter().map(|e| e.subject.clone()).collect::<Vec<_>>().into(),
            ],
        )
        .await
    }

    /// Takes the inbox rows of events back that this transaction has no time for.
    async fn give_back(
        &self,
        tx: &DatabaseTransaction,
        rest: &[Envelope],
        taken: &[Taken],
        from: usize,
    ) -> StoreResult<()> {
        let ours: HashSet<usize> =
            taken.iter().filter(|t| !t.parked).filter_map(|t| usize::try_from(t.position).ok()).collect();
        let rest: Vec<&Envelope> =
            rest.iter().enumerate().filter(|(i, _)| ours.contains(&(from + i + 1))).map(|(_, e)| e).collect();
        if rest.is_empty() {
            return Ok(());
        }
        sql::execute(
            tx,
            "DELETE FROM inbox AS i USING UNNEST($2::text[], $3::uuid[]) AS r(tenant_id, message_id)
              WHERE i.tenant_id = r.tenant_id AND i.consumer = $1 AND i.message_id = r.message_id",
            [
                self.consumer.name().into(),
                rest.iter().map(|e| e.tenant.clone()).collect::<Vec<_>>().into(),
                rest.iter().map(|e| e.id).collect::<Vec<Uuid>>().into(),
            ],
        )
        .await
        .map(|_| ())
    }

    /// Runs the handler in the sender's trace; a panic is a failure.
    pub(crate) async fn handle(
        &self,
        tx: &DatabaseTransaction,
        event: &Envelope,
    ) -> Result<(), HandlerError> {
        let name = self.consumer.name();
        let span = tracing::info_span!(
            "event", otel.name = %format!("event {}", event.topic), consumer = name, event.id = %event.id,
            topic = %event.topic, tenant = %event.tenant
        );
        trace_context::set_parent(&span, event.traceparent.as_deref());
        match AssertUnwindSafe(self.consumer.handle(tx, event).instrument(span)).catch_unwind().await {
            Ok(outcome) => outcome,
            Err(_) => Err(HandlerError::retry("the handler panicked")),
        }
    }

    /// The first failure of an event: retried at once, parked or buried.
    async fn failed(&self, event: &Envelope, error: HandlerError) -> StoreResult<()> {
        let error = match error {
            HandlerError::Retry(error) => match error.downcast::<StoreError>() {
                // Not the event's fault: the same events again when the database is back.
                Ok(store) if store.is_retryable() => return Err(store),
                Ok(store) => HandlerError::Retry(store.into()),
                Err(error) => HandlerError::Retry(error),
            },
            reject @ HandlerError::Reject(_) => reject,
        };
        let tx = self.db.begin().await?;
        if self.take(&tx, std::slice::from_ref(event)).await?.is_empty() {
            return Ok(());
        }
        match error {
            HandlerError::Retry(error) if self.consumer.max_attempts > 1 => {
                let text = format!("{error:#}");
                let delay = delay_after(1, self.consumer.backoff);
                tracing::warn!(consumer = self.consumer.name(), event.id = %event.id, error = text, "the event failed and will be tried again");
                // Parked events are not in the inbox: that is for what has been dealt with.
                self.forget(&tx, event).await?;
                self.park(&tx, event, 1, delay, &text).await?;
                metrics::handled(&self.db, self.consumer.name(), "retry", 1);
            }
            error => self.bury(&tx, event, &error.to_string(), 1).await?,
        }
        Ok(tx.commit().await?)
    }

    pub(crate) async fn bury(
        &self,
        tx: &DatabaseTransaction,
        event: &Envelope,
        error: &str,
        attempts: i32,
    ) -> StoreResult<()> {
        tracing::error!(consumer = self.consumer.name(), event.id = %event.id, error, attempts, "the event became a dead letter");
        metrics::handled(&self.db, self.consumer.name(), "dead", 1);
        bury(tx, self.consumer.name(), event, error, attempts).await
    }

    async fn forget(&self, tx: &DatabaseTransaction, event: &Envelope) -> StoreResult<()> {
        sql::execute(
            tx,
            "DELETE FROM inbox WHERE tenant_id = $1 AND consumer = $2 AND message_id = $3",
            [event.tenant.clone().into(), self.consumer.name().into(), event.id.into()],
        )
        .await
        .map(|_| ())
    }

    /// Keeps an event for the retry loop.
    pub(crate) async fn park(
        &self,
        tx: &DatabaseTransaction,
        event: &Envelope,
        attempts: i32,
        delay: Duration,
        why: &str,
    ) -> StoreResult<()> {
        sql::execute(
            tx,
            "INSERT INTO parked (tenant_id, consumer, message_id, topic, key, envelope, attempts, last_error, next_at)
             VALUES ($1, $2, $3, $4, $5, $6::jsonb, $7, $8, now() + $9 * interval '1 millisecond')
             ON CONFLICT DO NOTHING",
            [
                event.tenant.clone().into(),
                self.consumer.name().into(),
                event.id.into(),
                event.topic.clone().into(),
                event.subject.clone().into(),
                envelope_json(event)?.into(),
                attempts.into(),
                short(why).into(),
                i64::try_from(delay.as_millis()).unwrap_or(i64::MAX).into(),
            ],
        )
        .await
        .map(|_| ())
    }

    /// Waits 100 ms, 200 ms … 5 s; `false` when stopped.
    async fn pause(&self, failures: u32) -> bool {
        let delay = Duration::from_millis(100).saturating_mul(1 << failures.clamp(1, 6).saturating_sub(1));
        tokio::select! {
            () = self.stop.cancelled() => false,
            () = sleep(delay.min(Duration::from_secs(5))) => true,
        }
    }
}

/// Commits, and makes sure of it: Postgres answers a COMMIT of a failed transaction with a silent rollback, and a handler
/// that swallowed an error leaves such a one behind. The statement before it fails then.
pub(crate) async fn commit(tx: DatabaseTransaction) -> StoreResult<()> {
    sql::execute(&tx, "SELECT 1", []).await?;
    Ok(tx.commit().await?)
}

/// Doubles from the first delay to the longest.
pub(crate) fn delay_after(attempts: i32, (first, longest): (Duration, Duration)) -> Duration {
    let doublings = u32::try_from(attempts.clamp(1, 31) - 1).unwrap_or(0);
    first.saturating_mul(1 << doublings).min(longest)
}
