//! The net below everything: envelopes that nobody drives are driven again, and those nobody filled are given up.

use std::{sync::Arc, time::Duration};

use storage::StoreResult;
use tokio_util::sync::CancellationToken;

use super::{App, close, driver, envelopes::zone, inbox, overdue, restores};
use crate::{
    domain::{
        envelope::{Event, State},
        reason, schedule,
    },
    events::envelope_changed,
    jobs::ACTOR,
    store::{
        self, attempts, chunks,
        envelopes::{self, Envelope},
        lines, messages, notifications, overdue as late,
        progress::{self, Step},
    },
};

const PAGE: i64 = 500;
/// An envelope that is not closed after this time is closed again, in case somebody removed the job.
const REMIND_AFTER: time::Duration = time::Duration::seconds(60);
/// A file that was not received whole after so long never will be.
const ABANDONED_AFTER: time::Duration = time::Duration::hours(6);

/// Sweeps again and again until `stop`. Not a job: it does nothing but enqueue jobs, and any number of processes may
/// do it at once.
pub fn spawn(app: Arc<App>, stop: CancellationToken) {
    let pause = Duration::from_millis(app.config.sweep_interval_ms.max(10));
    tokio::spawn(async move {
        // Folders are not to wait for the first sweep.
        if let Err(error) = inbox::enqueue_all(&app).await {
            tracing::warn!(error = %error, "the folders of banks wait for the next sweep");
        }
        while tokio::time::timeout(pause, stop.cancelled()).await.is_err() {
            if let Err(error) = once(&app).await {
                tracing::warn!(error = %error, "the sweep over envelopes failed; the next one follows");
            }
        }
    });
}

/// Looks at every envelope that is not final, and counts what waits too long.
///
/// # Errors
/// The database's.
pub async fn once(app: &App) -> StoreResult<()> {
    let before = app.now() - time::Duration::days(i64::from(app.config.message_days));
    messages::forget(app.db.conn(), before).await?;
    chunks::forget(app.db.conn(), app.now() - ABANDONED_AFTER).await?;
    inbox::enqueue_all(app).await?;
    restores::tell(app).await?;
    let open = attempts::open(app.db.conn()).await?;
    let (waiting, problems) = lines::doubtful(app.db.conn()).await?;
    gauges(
        "bridge_payment_attempts_open",
        [("SENDING", open.sending), ("UNKNOWN", open.unknown), ("HANDED_OVER", open.handed_over)],
    );
    let dead = notifications::count_dead(app.db.conn()).await?;
    metrics::gauge!("bridge_notifications_dead").set(f64::from(i32::try_from(dead).unwrap_or(i32::MAX)));
    gauges("bridge_statement_lines_in_doubt", [("WAITING", waiting), ("PROBLEM", problems)]);
    overdue::measure(app).await?;
    for unclosed in late::unclosed(app.db.conn(), app.now() - REMIND_AFTER, PAGE).await? {
        close::enqueue(app.db.conn(), &unclosed.tenant_id, &unclosed.envelope_id, None).await?;
    }
    drive(app).await?;
    overdue::note_sweep(app);
    Ok(())
}

async fn drive(app: &App) -> StoreResult<()> {
    let (mut tenant, mut after) = (String::new(), String::new());
    loop {
        let page = progress::live_ids(app.db.conn(), (&tenant, &after), PAGE).await?;
        let Some(last) = page.last() else { return Ok(()) };
        (tenant, after) = (last.tenant_id.clone(), last.envelope_id.clone());
        for live in page {
            let Some(envelope) = envelopes::find(app.db.conn(), &live.tenant_id, &live.envelope_id).await?
            else {
                continue;
            };
            if envelope.state()? == State::Receiving {
                expire_unfilled(app, &live.tenant_id, &envelope).await?;
            } else {
                driver::enqueue(app, app.db.conn(), &live.tenant_id, &envelope).await?;
            }
        }
    }
}

fn gauges<const N: usize>(name: &'static str, counts: [(&'static str, i64); N]) {
    for (state, count) in counts {
        let gauge = metrics::gauge!(name, "state" => state);
        // Counts far below what a float holds exactly.
        gauge.set(f64::from(i32::try_from(count).unwrap_or(i32::MAX)));
    }
}

async fn expire_unfilled(app: &App, tenant: &str, envelope: &Envelope) -> StoreResult<()> {
    let days = i64::from(app.config.expire_after_days);
    let today = schedule::today(app.now(), zone(&envelope.time_zone)?);
    if days == 0 || today - envelope.schedule_date <= time::Duration::days(days) {
        return Ok(());
    }
    if store::restores::is_open(app.db.conn()).await? {
        return Ok(());
    }
    let (id, at) = (envelope.envelope_id.as_str(), app.now());
    let tx = app.begin().await?;
    let step = Step { event: Event::Expire, actor: ACTOR, at, reason: Some(reason::EXPIRED) };
    if let Some(state) = progress::step(&tx, tenant, id, step).await? {
        envelope_changed(&tx, tenant, id, state, Some(reason::EXPIRED), at).await?;
        close::enqueue(&tx, tenant, id, envelope.problem.as_deref()).await?;
        tx.commit().await?;
    }
    Ok(())
}
