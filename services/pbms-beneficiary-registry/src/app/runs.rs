//! Starting pulls, enrolments and computations, and seeing how far they are.

use std::collections::BTreeMap;

use jobs::NewJob;
use platform::{ApiError, ApiResult, Ctx};
use serde::{Deserialize, Serialize};
use serde_json::json;
use storage::DatabaseTransaction;
use time::Date;
use uuid::Uuid;

use super::{
    READ, State, WRITE,
    model::{EnrolmentRequest, RunView, day, parse_day},
    once, programs, today,
};
use crate::store::{
    cycles,
    entitlements::Totals,
    runs::{self, NewRun, RunRow},
};

/// Kind of the job that pulls registrants.
pub const PULL_JOB: &str = "pbms.pull";
/// Kind of the job that enrols.
pub const ENROLMENT_JOB: &str = "pbms.enrolment";
/// Kind of the job that computes entitlements.
pub const ENTITLEMENT_JOB: &str = "pbms.entitlement";

/// What these jobs are told.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RunJob {
    /// Row of `runs`.
    pub run_id: Uuid,
}

/// Where a pull goes on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PullCursor {
    /// Same for all pages.
    pub transaction_id: String,
    /// The registry's list that the pages come from; none before the first page.
    pub snapshot_id: Option<String>,
    /// Number of the next page, from 1.
    pub next_page: u32,
    /// Page size, the same for all pages.
    pub page_size: u32,
    /// How often the registry had forgotten its list.
    pub restarts: u32,
    /// Whether a registry that gives nobody is to be believed.
    pub allow_empty: bool,
}

/// Where an enrolment goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrolmentCursor {
    /// Day on which ages are counted.
    #[serde(with = "day")]
    pub as_of: Date,
    /// Version of the rule.
    pub rule_version: i32,
    /// Last household that was decided on.
    #[serde(default)]
    pub after: String,
    /// Memberships changed so far.
    #[serde(default)]
    pub changed: i64,
}

/// Where a computation goes on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct EntitlementCursor {
    /// Whether the former result is gone.
    pub cleared: bool,
    /// Last household that was computed.
    pub after: String,
}

/// Starts a pull, or gives the one that is running. A registry that gives nobody ends it with a failure while there are
/// households, unless `allow_empty` says that this is expected.
///
/// # Errors
/// 404; 409 `enrolment_running`.
pub async fn start_pull(
    state: &State,
    ctx: &Ctx,
    key: Option<&str>,
    program: Uuid,
    allow_empty: bool,
) -> ApiResult<RunView> {
    ctx.require(WRITE)?;
    programs::find(state, ctx, program).await?;
    let cursor = PullCursor {
        transaction_id: Uuid::now_v7().to_string(),
        next_page: 1,
        page_size: state.config.pull_page_size,
        allow_empty,
        ..PullCursor::default()
    };
    let tenant = ctx.tenant.as_str();
    once(state, ctx, key, "registrant-pulls", &(program, allow_empty), async |tx: &DatabaseTransaction| {
        none_enrolling(tx, tenant, program).await?;
        start(tx, ctx, program, None, "pull", PULL_JOB, json!(cursor)).await
    })
    .await
}

/// Starts an enrolment, or gives the one that is running.
///
/// # Errors
/// 404; 409 `pull_running`; 400 for a wrong day.
pub async fn start_enrolment(
    state: &State,
    ctx: &Ctx,
    key: Option<&str>,
    program: Uuid,
    request: &EnrolmentRequest,
) -> ApiResult<RunView> {
    ctx.require(WRITE)?;
    let row = programs::find(state, ctx, program).await?;
    let as_of = match request.as_of.as_deref() {
        Some(text) => parse_day(text).ok_or_else(|| {
            ApiError::bad_request("invalid_date", "as_of must be a day such as 2026-01-31")
                .with_field("as_of", "a day is written as 2026-01-31")
        })?,
        None => today(&ctx.clock, &row.time_zone)?,
    };
    let cursor =
        json!(EnrolmentCursor { as_of, rule_version: row.rule_version, after: String::new(), changed: 0 });
    let tenant = ctx.tenant.as_str();
    once(state, ctx, key, "enrolments", &(program, request), async |tx: &DatabaseTransaction| {
        if runs::live(tx, tenant, program, None, "pull").await?.is_some() {
            return Err(ApiError::conflict(
                "pull_running",
                "registrants are being pulled; wait until that is done",
            ));
        }
        start(tx, ctx, program, None, "enrolment", ENROLMENT_JOB, cursor.clone()).await
    })
    .await
}

/// Computes the entitlements of a draft anew, or gives the computation that is running. Money that was reserved for the
/// former result is set free.
///
/// # Errors
/// 404; 409 `cycle_state` when it is no draft any more.
pub async fn start_entitlement(
    state: &State,
    ctx: &Ctx,
    key: Option<&str>,
    cycle: Uuid,
) -> ApiResult<RunView> {
    ctx.require(WRITE)?;
    let tenant = ctx.tenant.as_str();
    once(state, ctx, key, "entitlements", &cycle, async |tx: &DatabaseTransaction| {
        let row = cycles::lock(tx, tenant, cycle).await?;
        super::cycles::allowed(&row, crate::domain::cycle::CycleAction::Compute)?;
        none_enrolling(tx, tenant, row.program_id).await?;
        super::funds::release(tx, ctx, &row).await?;
        cycles::set_entitlements(tx, tenant, cycle, "computing", Totals::default()).await?;
        let cursor = json!(EntitlementCursor::default());
        start(tx, ctx, row.program_id, Some(cycle), "entitlement", ENTITLEMENT_JOB, cursor).await
    })
    .await
}

async fn none_enrolling(tx: &DatabaseTransaction, tenant: &str, program: Uuid) -> ApiResult<()> {
    if runs::live(tx, tenant, program, None, "enrolment").await?.is_none() {
        return Ok(());
    }
    Err(ApiError::conflict("enrolment_running", "people are being enrolled; wait until that is done"))
}

async fn start(
    tx: &DatabaseTransaction,
    ctx: &Ctx,
    program: Uuid,
    cycle: Option<Uuid>,
    kind: &'static str,
    job: &str,
    cursor: serde_json::Value,
) -> ApiResult<RunView> {
    let tenant = ctx.tenant.as_str();
    let id = Uuid::now_v7();
    let actor = ctx.actor.label();
    let run =
        NewRun { id, program_id: program, cycle_id: cycle, kind, cursor, actor: &actor, at: ctx.clock.now() };
    if runs::insert(tx, tenant, &run).await? {
        jobs::enqueue(tx, NewJob::new(job, &RunJob { run_id: id }).key(id.to_string()).tenant(tenant))
            .await?;
    }
    // None when the one that was in the way has just ended.
    let row = runs::live(tx, tenant, program, cycle, kind).await?;
    row.map(view).ok_or_else(|| ApiError::conflict("try_again", "another run has just ended; ask again"))
}

/// A run of a programme.
///
/// # Errors
/// 404.
pub async fn of_program(state: &State, ctx: &Ctx, program: Uuid, kind: &str, id: Uuid) -> ApiResult<RunView> {
    ctx.require(READ)?;
    let row = runs::find(state.db.conn(), ctx.tenant.as_str(), id).await?;
    let row = row.filter(|run| run.program_id == program && run.kind == kind);
    row.map(view).ok_or_else(|| ApiError::not_found("the run"))
}

/// A computation of a cycle.
///
/// # Errors
/// 404.
pub async fn of_cycle(state: &State, ctx: &Ctx, cycle: Uuid, id: Uuid) -> ApiResult<RunView> {
    ctx.require(READ)?;
    let row = runs::find(state.db.conn(), ctx.tenant.as_str(), id).await?;
    let row = row.filter(|run| run.cycle_id == Some(cycle));
    row.map(view).ok_or_else(|| ApiError::not_found("the run"))
}

fn view(row: RunRow) -> RunView {
    let counts: BTreeMap<String, i64> = serde_json::from_value(row.counts).unwrap_or_default();
    RunView {
        id: row.id,
        kind: row.kind,
        program_id: row.program_id,
        cycle_id: row.cycle_id,
        state: row.state,
        done: row.done,
        total: row.total,
        counts,
        error: row.error,
        requested_by: row.requested_by,
        created_at: row.created_at,
        finished_at: row.finished_at,
    }
}
