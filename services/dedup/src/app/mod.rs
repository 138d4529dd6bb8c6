//! Use cases: fetch records, compare, look at runs.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use jobs::{JobError, NewJob, RunningJob};
use linkage::{LinkOutcome, Model, Options, Record, link};
use platform::{ApiError, ApiResult, Ctx, Permission};
use serde_json::json;
use storage::StoreResult;
use uuid::Uuid;

use crate::{
    State,
    domain::ComparisonRecord,
    events::{FoundPair, PairsFound},
    jobs::{RUN_KIND, RunPayload},
    store::{self, Figures, Run, StoredPair},
};

/// Ids of one request to the registry.
const FEED_CHUNK: usize = 1_000;
/// Records read from the database at a time.
const READ_CHUNK: i64 = 20_000;
/// How often the progress of a comparison is stored.
const PROGRESS_EVERY: Duration = Duration::from_secs(2);
/// Pairs of one event.
const EVENT_PAIRS: usize = 500;

pub(crate) const READ: Permission = Permission::new("dedup:read");
pub(crate) const WRITE: Permission = Permission::new("dedup:write");

/// Fetches what people are compared by and stores it.
pub(crate) async fn feed(state: &State, job: &RunningJob, ids: &[Uuid]) -> Result<(), JobError> {
    let url = format!("{}/api/v1/registrants/comparison-records", state.config.social_registry_url);
    for chunk in ids.chunks(FEED_CHUNK) {
        let answer = state
            .http
            .service_post(&url, "social-registry", &json!({"registrant_ids": chunk}))
            .await
            .map_err(|e| JobError::retry(e.to_string()))?;
        let records: Vec<ComparisonRecord> = answer.json().map_err(|e| JobError::retry(e.to_string()))?;
        let tx = state.db.begin().await?;
        job.guard(&tx).await?;
        store::put_records(&tx, &job.tenant, chunk, records).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// Asks for a comparison of the whole register.
pub(crate) async fn request_run(
    tx: &storage::DatabaseTransaction,
    ctx: &Ctx,
    min_probability: f64,
) -> ApiResult<Uuid> {
    ctx.require(WRITE)?;
    if !(0.0..=1.0).contains(&min_probability) {
        return Err(ApiError::unprocessable(
            "invalid_probability",
            "min_probability must be between 0 and 1",
        )
        .with_field("min_probability", "give a number between 0 and 1"));
    }
    let run_id = Uuid::now_v7();
    let tenant = ctx.tenant.as_str();
    store::insert_run(tx, tenant, run_id, min_probability, &ctx.actor.label(), ctx.clock.now()).await?;
    let job = NewJob::new(RUN_KIND, &RunPayload { run_id }).key(run_id.to_string()).tenant(tenant);
    jobs::enqueue(tx, job).await?;
    Ok(run_id)
}

/// A run, for its progress.
pub(crate) async fn run(state: &State, ctx: &Ctx, run_id: Uuid) -> ApiResult<Run> {
    ctx.require(READ)?;
    store::run(state.db.conn(), ctx.tenant.as_str(), run_id)
        .await?
        .ok_or_else(|| ApiError::not_found("the run"))
}

/// Compares the register with itself and announces the pairs. Running it again gives the same pairs.
pub(crate) async fn compare(state: &State, job: &RunningJob, run_id: Uuid) -> Result<(), JobError> {
    let Some(run) = store::run(state.db.conn(), &job.tenant, run_id).await? else {
        return Err(JobError::Fatal("the run does not exist".to_owned()));
    };
    store::begin_run(state.db.conn(), &job.tenant, run_id).await?;
    let started = Instant::now();
    let (records, ids) = load(state, &job.tenant).await?;
    let count = i64::try_from(records.len()).unwrap_or(i64::MAX);
    job.progress(0, count).await?;
    let options = Options { min_probability: run.min_probability, explain: true, ..Options::default() };
    let outcome = watched(state, job, run_id, records, options).await?;
    let figures = Figures {
        records: count,
        comparisons: i64::try_from(outcome.comparisons_made).unwrap_or(i64::MAX),
        pairs: i64::try_from(outcome.pairs.len()).unwrap_or(i64::MAX),
        seconds: started.elapsed().as_secs_f64(),
        rules: rules_json(&outcome),
    };
    let tx = state.db.begin().await?;
    job.guard(&tx).await?;
    announce(&tx, &job.tenant, &run, &outcome, &ids).await?;
    store::finish_run(&tx, &job.tenant, run_id, figures, state.clock.now()).await?;
    job.progress_in(&tx, count, count).await?;
    tx.commit().await?;
    Ok(())
}

/// Compares on a thread of its own and stores meanwhile how many comparisons are made, so that a caller sees it go on.
async fn watched(
    state: &State,
    job: &RunningJob,
    run_id: Uuid,
    records: Vec<Record>,
    options: Options,
) -> Result<LinkOutcome, JobError> {
    let count = i64::try_from(records.len()).unwrap_or(i64::MAX);
    let told = Arc::new((AtomicU64::new(0), AtomicU64::new(0)));
    let teller = Arc::clone(&told);
    let mut comparing = tokio::task::spawn_blocking(move || {
        link(&records, &Model::default_person(), &options, &|done, planned| {
            teller.0.store(done, Relaxed);
            teller.1.store(planned, Relaxed);
        })
    });
    loop {
        match tokio::time::timeout(PROGRESS_EVERY, &mut comparing).await {
            Ok(outcome) => {
                return outcome.map_err(|e| JobError::retry(format!("the comparison broke off: {e}")));
            }
            Err(_) => {
                let (done, planned) = (told.0.load(Relaxed), told.1.load(Relaxed));
                let stored =
                    store::run_progress(state.db.conn(), &job.tenant, run_id, count, done, planned).await;
                if let Err(error) = stored {
                    tracing::warn!(error = %error, "the progress of a run was not stored");
                }
            }
        }
    }
}

/// Marks a run as failed. When even that fails the job's own error is still there.
pub(crate) async fn give_up(state: &State, job: &RunningJob, run_id: Uuid, error: &JobError) {
    let at = state.clock.now();
    let marked = store::fail_run(state.db.conn(), &job.tenant, run_id, &error.to_string(), at).await;
    if let Err(error) = marked {
        tracing::error!(error = %error, "a run that failed could not be marked as failed");
    }
}

fn rules_json(outcome: &LinkOutcome) -> serde_json::Value {
    outcome
        .rules
        .iter()
        .map(|r| json!({"rule": r.name, "blocks": r.blocks, "comparisons": r.comparisons, "pairs": r.pairs}))
        .collect()
}

/// All records in the engine's form, and the registrant of each number, both in the order of the numbers.
async fn load(state: &State, tenant: &str) -> Result<(Vec<Record>, Vec<(u64, Uuid)>), JobError> {
    let (mut records, mut ids) = (Vec::new(), Vec::new());
    let mut after = 0;
    loop {
        let rows = store::records_after(state.db.conn(), tenant, after, READ_CHUNK).await?;
        let Some(last) = rows.last() else { return Ok((records, ids)) };
        after = last.record_no;
        for row in rows {
            let number = u64::try_from(row.record_no).unwrap_or_default();
            ids.push((number, row.record.registrant_id));
            records.push(row.record.into_engine(number));
        }
        if u64::try_from(records.len()).unwrap_or(u64::MAX) > state.config.max_records {
            return Err(JobError::Fatal(format!(
                "the register has more than dedup.max_records ({}) records",
                state.config.max_records
            )));
        }
    }
}

async fn announce(
    tx: &storage::DatabaseTransaction,
    tenant: &str,
    run: &Run,
    outcome: &LinkOutcome,
    ids: &[(u64, Uuid)],
) -> StoreResult<()> {
    let registrant = |number: u64| {
        ids.binary_search_by_key(&number, |(n, _)| *n).ok().and_then(|at| ids.get(at)).map(|(_, id)| *id)
    };
    for chunk in outcome.pairs.chunks(EVENT_PAIRS) {
        let pairs: Vec<StoredPair> = chunk
            .iter()
            .filter_map(|pair| {
                Some(StoredPair {
                    left_id: registrant(pair.left)?,
                    right_id: registrant(pair.right)?,
                    weight: pair.weight,
                    probability: pair.probability,
                    explanation: pair.explanation.as_ref().and_then(|e| serde_json::to_value(e).ok()),
                })
            })
            .collect();
        store::insert_pairs(tx, tenant, run.run_id, &pairs).await?;
        let found = pairs
            .iter()
            .map(|p| FoundPair {
                left: p.left_id,
                right: p.right_id,
                probability: p.probability,
                weight: p.weight,
            })
            .collect();
        let event = PairsFound { run_id: run.run_id, model: run.model.clone(), pairs: found };
        events::publish(tx, tenant, &run.run_id.to_string(), &event).await?;
    }
    Ok(())
}

/// Pairs of a run.
pub(crate) async fn pairs(
    state: &State,
    ctx: &Ctx,
    run_id: Uuid,
    after: (Uuid, Uuid),
    limit: i64,
) -> ApiResult<Vec<StoredPair>> {
    ctx.require(READ)?;
    Ok(store::pairs_after(state.db.conn(), ctx.tenant.as_str(), run_id, after, limit).await?)
}

/// Records held, and fetches that still wait.
pub(crate) async fn stats(state: &State, ctx: &Ctx) -> ApiResult<(i64, i64)> {
    ctx.require(READ)?;
    let records = store::count_records(state.db.conn(), ctx.tenant.as_str()).await?;
    let jobs = jobs::pending_counts(&state.db).await?;
    Ok((records, jobs.pending + jobs.running))
}
