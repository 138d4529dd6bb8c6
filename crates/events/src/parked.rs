//! The retry loop: events that failed, when their time has come, each key in its order.

use std::time::Duration;

use sea_orm::FromQueryResult;
use storage::{StoreResult, sql};
use tokio::time::sleep;

use crate::{
    HandlerError,
    apply::{Applier, commit, delay_after},
    dead_letter::short,
    envelope::Envelope,
    metrics,
};

/// How long an event under retry stays with a process that does not answer.
const LEASE_MS: i64 = 30_000;

#[derive(FromQueryResult)]
struct Due {
    envelope: serde_json::Value,
    attempts: i32,
}

/// Retries the parked events of the applier's consumer until its `stop`.
pub(crate) async fn retry(applier: Applier, poll: Duration) {
    let mut failures = 0u32;
    while !applier.stop.is_cancelled() {
        let pause = match next(&applier).await {
            Ok(true) => {
                failures = 0;
                continue;
            }
            Ok(false) => poll,
            Err(error) => {
                failures = failures.saturating_add(1);
                tracing::warn!(consumer = applier.consumer.name(), error = %error, "retries wait for the database");
                poll.saturating_mul(failures.min(10))
            }
        };
        tokio::select! {
            () = applier.stop.cancelled() => {}
            () = sleep(pause) => {}
        }
    }
}

/// Tries the next due event; `false` when none is due.
async fn next(applier: &Applier) -> StoreResult<bool> {
    let consumer = applier.consumer.name();
    let Some(due) = claim(applier).await? else { return Ok(false) };
    let event = match serde_json::from_value::<Envelope>(due.envelope.clone()) {
        Ok(event) => event,
        Err(error) => {
            return Err(storage::StoreError::Other(format!(
                "a parked event of {consumer} is broken: {error}"
            )));
        }
    };
    // The attempt is counted before it is made: more than allowed means that the process died of it.
    if due.attempts > applier.consumer.max_attempts {
        return give_up(applier, &event, &due, "the process stopped during each attempt")
            .await
            .map(|()| true);
    }
    match attempt(applier, &event, due.attempts).await {
        Ok(()) => Ok(true),
        Err(error) => {
            let reject =
                matches!(error, HandlerError::Reject(_)) || due.attempts >= applier.consumer.max_attempts;
            let text = error.to_string();
            if reject && !database_is_away(&error) {
                give_up(applier, &event, &due, &text).await?;
            } else {
                later(applier, &event, &due, &error, &text).await?;
            }
            Ok(true)
        }
    }
}

fn database_is_away(error: &HandlerError) -> bool {
    match error {
        HandlerError::Retry(error) => {
            error.downcast_ref::<storage::StoreError>().is_some_and(storage::StoreError::is_retryable)
        }
        HandlerError::Reject(_) => false,
    }
}

async fn claim(applier: &Applier) -> StoreResult<Option<Due>> {
    sql::fetch_optional(
        applier.db.conn(),
        "UPDATE parked AS p SET attempts = p.attempts + 1, next_at = now() + $2 * interval '1 millisecond'
           FROM (SELECT tenant_id, consumer, message_id FROM parked AS d
                  WHERE consumer = $1 AND next_at <= now()
                    AND NOT EXISTS (SELECT 1 FROM parked AS e
                                     WHERE e.consumer = d.consumer AND e.tenant_id = d.tenant_id
                                       AND e.key = d.key AND e.seq < d.seq)
                  ORDER BY next_at LIMIT 1 FOR UPDATE SKIP LOCKED) AS due
          WHERE p.tenant_id = due.tenant_id AND p.consumer = due.consumer AND p.message_id = due.message_id
         RETURNING p.envelope, p.attempts",
        [applier.consumer.name().into(), LEASE_MS.into()],
    )
    .await
}

/// Effect, inbox row and the end of parking in one transaction. An error leaves the row to the caller.
async fn attempt(applier: &Applier, event: &Envelope, attempts: i32) -> Result<(), HandlerError> {
    let tx = applier.db.begin().await?;
    if unpark(applier, &tx, event, attempts).await? == 0 {
        // Another process has claimed it since.
        return Ok(());
    }
    let fresh = sql::execute(
        &tx,
        "INSERT INTO inbox (tenant_id, consumer, message_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        [event.tenant.clone().into(), applier.consumer.name().into(), event.id.into()],
    )
    .await?;
    if fresh == 1 {
        applier.handle(&tx, event).await?;
    }
    commit(tx).await?;
    metrics::handled(
        &applier.db,
        applier.consumer.name(),
        if fresh == 1 { "applied" } else { "duplicate" },
        1,
    );
    Ok(())
}

async fn unpark(
    applier: &Applier,
    tx: &storage::DatabaseTransaction,
    event: &Envelope,
    attempts: i32,
) -> StoreResult<u64> {
    sql::execute(
        tx,
        "DELETE FROM parked WHERE tenant_id = $1 AND consumer = $2 AND message_id = $3 AND attempts = $4",
        [event.tenant.clone().into(), applier.consumer.name().into(), event.id.into(), attempts.into()],
    )
    .await
}

async fn give_up(applier: &Applier, event: &Envelope, due: &Due, error: &str) -> StoreResult<()> {
    let tx = applier.db.begin().await?;
    if unpark(applier, &tx, event, due.attempts).await? == 1 {
        sql::execute(
            &tx,
            "INSERT INTO inbox (tenant_id, consumer, message_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            [event.tenant.clone().into(), applier.consumer.name().into(), event.id.into()],
        )
        .await?;
        applier.bury(&tx, event, error, due.attempts.min(applier.consumer.max_attempts)).await?;
    }
    Ok(tx.commit().await?)
}

async fn later(
    applier: &Applier,
    event: &Envelope,
    due: &Due,
    error: &HandlerError,
    text: &str,
) -> StoreResult<()> {
    let delay = delay_after(due.attempts, applier.consumer.backoff);
    tracing::warn!(consumer = applier.consumer.name(), event.id = %event.id, error = text, attempt = due.attempts, "the event failed again");
    metrics::handled(&applier.db, applier.consumer.name(), "retry", 1);
    sql::execute(
        applier.db.conn(),
        // An attempt that failed for want of a database does not count.
        "UPDATE parked SET next_at = now() + $5 * interval '1 millisecond', last_error = $6, attempts = attempts - $7
          WHERE tenant_id = $1 AND consumer = $2 AND message_id = $3 AND attempts = $4",
        [
            event.tenant.clone().into(),
            applier.consumer.name().into(),
            event.id.into(),
            due.attempts.into(),
            i64::try_from(delay.as_millis()).unwrap_or(i64::MAX).into(),
            short(text).into(),
            i32::from(database_is_away(error)).into(),
        ],
    )
    .await
    .map(|_| ())
}
