//! What operators ask about the outbox, and what is removed after its time.

use std::time::Duration;

use sea_orm::FromQueryResult;
use serde::Serialize;
use storage::{Db, StoreResult, sql};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::{Options, metrics};

/// What of a service's events is not done yet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, FromQueryResult)]
pub struct EventStatus {
    /// Written, not yet published.
    pub outbox_pending: i64,
    /// Of these, how many the transport refused or could not route.
    pub outbox_failing: i64,
    /// Age of the oldest one; 0 when there is none.
    pub outbox_oldest_age_seconds: i64,
    /// Received, failed, waiting for another attempt (or behind such a one).
    pub parked: i64,
    /// Received and given up; open until redriven or dropped.
    pub dead_letters: i64,
}

impl EventStatus {
    /// Whether nothing is left that will still be done by itself.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.outbox_pending == 0 && self.parked == 0
    }
}

/// Counts the events of this schema that are not done, for `outbox status`, health and the demo's final check.
///
/// # Errors
/// When the database cannot be asked.
pub async fn status(db: &Db) -> StoreResult<EventStatus> {
    sql::fetch_one(
        db.conn(),
        "the event counts",
        "SELECT (SELECT count(*) FROM outbox WHERE published_at IS NULL) AS outbox_pending,
                (SELECT count(*) FROM outbox WHERE published_at IS NULL AND attempts > 0) AS outbox_failing,
                (SELECT COALESCE(extract(epoch FROM now() - min(created_at)), 0)::bigint
                   FROM outbox WHERE published_at IS NULL) AS outbox_oldest_age_seconds,
                (SELECT count(*) FROM parked) AS parked,
                (SELECT count(*) FROM dead_letter WHERE state = 'open') AS dead_letters",
        [],
    )
    .await
}

/// Removes published outbox rows, inbox rows and closed dead letters after their retention, in batches of 5,000 that
/// do not stop anybody. Returns how many rows went.
///
/// # Errors
/// When the database cannot be asked.
pub async fn remove_old(db: &Db, options: &Options) -> StoreResult<u64> {
    let mut removed = 0;
    for (statement, keep) in [
        (
            "DELETE FROM outbox AS t USING (
                SELECT tenant_id, id FROM outbox
                 WHERE published_at < now() - $1 * interval '1 millisecond'
                 ORDER BY published_at LIMIT 5000 FOR UPDATE SKIP LOCKED) AS old
              WHERE t.tenant_id = old.tenant_id AND t.id = old.id",
            options.outbox_retention,
        ),
        (
            "DELETE FROM inbox AS t USING (
                SELECT tenant_id, consumer, message_id FROM inbox
                 WHERE received_at < now() - $1 * interval '1 millisecond'
                 ORDER BY received_at LIMIT 5000 FOR UPDATE SKIP LOCKED) AS old
              WHERE t.tenant_id = old.tenant_id AND t.consumer = old.consumer AND t.message_id = old.message_id",
            options.inbox_retention,
        ),
        (
            "DELETE FROM dead_letter AS t USING (
                SELECT tenant_id, id FROM dead_letter
                 WHERE state <> 'open' AND last_seen < now() - $1 * interval '1 millisecond'
                 LIMIT 5000 FOR UPDATE SKIP LOCKED) AS old
              WHERE t.tenant_id = old.tenant_id AND t.id = old.id",
            options.dead_letter_retention,
        ),
    ] {
        let keep = i64::try_from(keep.as_millis()).unwrap_or(i64::MAX);
        loop {
            let rows = sql::execute(db.conn(), statement, [keep.into()]).await?;
            removed += rows;
            if rows < 5000 {
                break;
            }
        }
    }
    Ok(removed)
}

/// Cleans up and publishes the numbers, until `stop`.
pub(crate) async fn keep_house(db: Db, options: Options, stop: CancellationToken) {
    let mut cleaned_at: Option<Instant> = None;
    loop {
        if let Ok(counts) = status(&db).await {
            metrics::status(&db, &counts);
        }
        if cleaned_at.is_none_or(|at| at.elapsed() >= options.cleanup_every) {
            cleaned_at = Some(Instant::now());
            if let Err(error) = remove_old(&db, &options).await {
                tracing::warn!(error = %error, "old event rows could not be removed yet");
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = sleep(options.cleanup_every.min(Duration::from_secs(10))) => {}
        }
    }
}
