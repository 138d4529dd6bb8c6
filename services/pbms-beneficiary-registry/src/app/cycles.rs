//! Making, cancelling and reading cycles.

use std::collections::BTreeMap;

use platform::{ApiError, ApiResult, Ctx, Page, PageQuery};
use storage::DatabaseTransaction;
use uuid::Uuid;

use super::{
    READ, State, WRITE, audit,
    funds::{release, text},
    model::{ApprovalRequest, CycleRequest, CycleView, DisbursementView, Tally},
    once, programs,
};
use crate::{
    domain::{
        cycle::{CycleAction, CycleState, transition},
        disbursement::DisbursementState,
    },
    store::{
        cycles::{self, CycleRow, NewCycle},
        disbursements::{self, StateTotal},
        envelopes::{self, BatchTotal, EnvelopeView},
    },
};

/// The state after the action.
///
/// # Errors
/// 409 `cycle_state`.
pub(super) fn allowed(row: &CycleRow, action: CycleAction) -> ApiResult<CycleState> {
    transition(row.state()?, action).map_err(|refusal| ApiError::conflict("cycle_state", refusal.to_string()))
}

/// # Errors
/// 409 `entitlements_not_computed`, `no_entitlements`.
pub(super) fn must_be_computed(row: &CycleRow) -> ApiResult<()> {
    if row.entitlement_state != "computed" {
        return Err(ApiError::conflict(
            "entitlements_not_computed",
            "the entitlements of the cycle are not computed; do that first",
        ));
    }
    if row.entitlement_count == 0 {
        return Err(ApiError::conflict(
            "no_entitlements",
            "nobody is entitled in this cycle; there is nothing to pay",
        ));
    }
    Ok(())
}

/// Makes a draft with the programme's current rules.
///
/// # Errors
/// 404; 409 `cycle_exists`, `program_ended`; 422 `cycle_invalid`.
pub async fn create(
    state: &State,
    ctx: &Ctx,
    key: Option<&str>,
    program: Uuid,
    request: &CycleRequest,
) -> ApiResult<CycleView> {
    ctx.require(WRITE)?;
    let row = programs::find(state, ctx, program).await?;
    if row.state != "active" {
        return Err(ApiError::conflict("program_ended", "the programme has ended; it gets no more cycles"));
    }
    check(request)?;
    let id = Uuid::now_v7();
    let tenant = ctx.tenant.as_str();
    once(state, ctx, key, "cycles", &(program, request), async |tx: &DatabaseTransaction| {
        // The name is a natural key: the same cycle again is the one that is there.
        if let Some(there) = cycles::find_by_name(tx, tenant, program, request.name.trim()).await? {
            return if (there.sequence, there.schedule_date) == (request.sequence, request.schedule_date) {
                view(tx, tenant, there).await
            } else {
                Err(exists())
            };
        }
        let actor = ctx.actor.label();
        let new = NewCycle {
            id,
            program_id: program,
            rule_version: row.rule_version,
            name: request.name.trim(),
            sequence: request.sequence,
            schedule_date: request.schedule_date,
            actor: &actor,
            at: ctx.clock.now(),
        };
        cycles::insert(tx, tenant, &new).await.map_err(|error| {
            if error.is_constraint("cycles_name") || error.is_constraint("cycles_sequence") {
                exists()
            } else {
                error.into()
            }
        })?;
        audit(tx, ctx, "cycle.create", &id.to_string(), serde_json::json!({"program": program})).await?;
        read(tx, tenant, id).await
    })
    .await
}

fn exists() -> ApiError {
    ApiError::conflict("cycle_exists", "the programme has another cycle of this name or sequence")
}

fn check(request: &CycleRequest) -> ApiResult<()> {
    let error = || ApiError::unprocessable("cycle_invalid", "the cycle cannot be made like this");
    let name = request.name.trim();
    if !(1..=64).contains(&name.chars().count()) || name.chars().any(char::is_control) {
        return Err(error().with_field("name", "1 to 64 characters on one line are expected"));
    }
    if request.sequence < 1 {
        return Err(error().with_field("sequence", "must be 1 or more"));
    }
    if !(1900..=2200).contains(&request.schedule_date.year()) {
        return Err(error().with_field("schedule_date", "is not a day on which anybody is paid"));
    }
    Ok(())
}

/// Gives a cycle up before it is paid, and sets its money free.
///
/// # Errors
/// 404; 409 `cycle_state`.
pub async fn cancel(
    state: &State,
    ctx: &Ctx,
    key: Option<&str>,
    id: Uuid,
    request: &ApprovalRequest,
) -> ApiResult<CycleView> {
    ctx.require(WRITE)?;
    let tenant = ctx.tenant.as_str();
    once(state, ctx, key, "cancel", &(id, request), async |tx: &DatabaseTransaction| {
        let row = cycles::lock(tx, tenant, id).await?;
        let next = allowed(&row, CycleAction::Cancel)?;
        release(tx, ctx, &row).await?;
        let at = ctx.clock.now();
        cycles::set_ended(tx, tenant, id, next, at).await?;
        cycles::note(tx, tenant, id, Some(row.state()?), next, &ctx.actor.label(), &request.comment, at)
            .await?;
        read(tx, tenant, id).await
    })
    .await
}

/// A cycle with its numbers.
///
/// # Errors
/// 404.
pub async fn get(state: &State, ctx: &Ctx, id: Uuid) -> ApiResult<CycleView> {
    ctx.require(READ)?;
    read(state.db.conn(), ctx.tenant.as_str(), id).await
}

/// Cycles of a programme by sequence, with their numbers.
///
/// # Errors
/// 404; 400 for a wrong `after`.
pub async fn list(state: &State, ctx: &Ctx, program: Uuid, page: &PageQuery) -> ApiResult<Page<CycleView>> {
    ctx.require(READ)?;
    programs::find(state, ctx, program).await?;
    let after: i32 = match page.after.as_deref() {
        None => 0,
        Some(text) => text.parse().map_err(|_| {
            ApiError::bad_request("invalid_query", "after must be the next of the page before")
        })?,
    };
    let limit = page.limit();
    let tenant = ctx.tenant.as_str();
    let rows = cycles::list(state.db.conn(), tenant, program, after, i64::from(limit) + 1).await?;
    let page = Page::from_rows(rows, limit, |row| row.sequence.to_string());
    let items = views(state.db.conn(), tenant, &page.items).await?;
    Ok(Page { items, next: page.next })
}

/// Disbursements of a cycle by id.
///
/// # Errors
/// 404.
pub async fn payments(
    state: &State,
    ctx: &Ctx,
    cycle: Uuid,
    page: &PageQuery,
) -> ApiResult<Page<DisbursementView>> {
    ctx.require(READ)?;
    let tenant = ctx.tenant.as_str();
    let row = cycles::find(state.db.conn(), tenant, cycle).await?;
    let row = row.ok_or_else(|| ApiError::not_found("the cycle"))?;
    let after = page.after.as_deref().unwrap_or_default();
    let limit = page.limit();
    let rows = disbursements::list(state.db.conn(), tenant, cycle, after, i64::from(limit) + 1).await?;
    let mut views = Vec::with_capacity(rows.len());
    for payment in rows {
        views.push(DisbursementView {
            state: parse_state(&payment.state)?,
            amount: text(payment.amount_minor, &row.currency)?,
            currency: row.currency.clone(),
            disbursement_id: payment.id,
            benefit_code: payment.benefit_code,
            household: payment.household_id,
            payee: payment.payee,
            reason: payment.reason,
            created_at: payment.created_at,
            state_at: payment.state_at,
        });
    }
    Ok(Page::from_rows(views, limit, |payment| payment.disbursement_id.clone()))
}

/// The type of a stored state.
pub(super) fn parse_state(text: &str) -> ApiResult<DisbursementState> {
    DisbursementState::parse(text).ok_or_else(|| {
        ApiError::internal(format!("disbursements.state is '{text}', which this version does not know"))
    })
}

/// The view of a cycle, read on any connection.
pub(super) async fn read<C: storage::ConnectionTrait>(
    conn: &C,
    tenant: &str,
    id: Uuid,
) -> ApiResult<CycleView> {
    let row = cycles::find(conn, tenant, id).await?.ok_or_else(|| ApiError::not_found("the cycle"))?;
    view(conn, tenant, row).await
}

async fn view<C: storage::ConnectionTrait>(conn: &C, tenant: &str, row: CycleRow) -> ApiResult<CycleView> {
    let view = views(conn, tenant, &[row]).await?.into_iter().next();
    view.ok_or_else(|| ApiError::internal("a cycle without a view"))
}

/// The views of cycles, with three statements however many there are.
async fn views<C: storage::ConnectionTrait>(
    conn: &C,
    tenant: &str,
    rows: &[CycleRow],
) -> ApiResult<Vec<CycleView>> {
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let numbers = Numbers {
        totals: disbursements::totals_by_state(conn, tenant, &ids).await?,
        batches: envelopes::batches_by_state(conn, tenant, &ids).await?,
        envelopes: envelopes::envelopes(conn, tenant, &ids).await?,
    };
    rows.iter().map(|row| numbers.view(row)).collect()
}

struct Numbers {
    totals: Vec<StateTotal>,
    batches: Vec<BatchTotal>,
    envelopes: Vec<EnvelopeView>,
}

impl Numbers {
    fn view(&self, row: &CycleRow) -> ApiResult<CycleView> {
        let money = |minor| text(minor, &row.currency);
        let mut by_state: BTreeMap<String, (i64, i64)> = BTreeMap::new();
        let mut by_reason: BTreeMap<String, (i64, i64)> = BTreeMap::new();
        for total in self.totals.iter().filter(|total| total.cycle_id == row.id) {
            add(&mut by_state, &total.state, total.count, total.total_minor);
            if let Some(reason) = &total.reason {
                add(&mut by_reason, reason, total.count, total.total_minor);
            }
        }
        let tallies = |sums: BTreeMap<String, (i64, i64)>| {
            sums.into_iter()
                .map(|(name, (count, minor))| Ok((name, Tally { count, amount: money(minor)? })))
                .collect::<ApiResult<BTreeMap<_, _>>>()
        };
        let approved = match (row.approved_count, row.approved_minor) {
            (Some(count), Some(minor)) => Some(Tally { count, amount: money(minor)? }),
            _ => None,
        };
        let batches = self.batches.iter().filter(|batch| batch.cycle_id == row.id);
        let envelopes = self.envelopes.iter().filter(|envelope| envelope.cycle_id == row.id);
        Ok(CycleView {
            id: row.id,
            number: row.number,
            program_id: row.program_id,
            name: row.name.clone(),
            sequence: row.sequence,
            schedule_date: row.schedule_date,
            state: row.state()?,
            currency: row.currency.clone(),
            entitlement_state: row.entitlement_state.clone(),
            households: row.household_count,
            entitled: Tally { count: row.entitlement_count, amount: money(row.total_minor)? },
            reserved: money(row.reserved_minor)?,
            approved,
            disbursements: tallies(by_state)?,
            reasons: tallies(by_reason)?,
            batches: batches.map(|batch| (batch.state.clone(), batch.count)).collect(),
            last_error: self.last_error(row.id),
            envelopes: envelopes
                .filter_map(|e| Some((e.benefit_code.clone(), e.bridge_envelope_id.clone()?)))
                .collect(),
            submitted_by: row.submitted_by.clone(),
            approved_by: row.approved_by.clone(),
            approved_at: row.approved_at,
            disbursing_at: row.disbursing_at,
            finished_at: row.finished_at,
        })
    }

    fn last_error(&self, cycle: Uuid) -> Option<String> {
        let open = self.batches.iter().filter(|batch| {
            batch.cycle_id == cycle && !["accepted", "withdrawn"].contains(&batch.state.as_str())
        });
        let of_batches = open.filter_map(|batch| batch.last_error.clone()).next();
        let envelopes = self.envelopes.iter().filter(|envelope| envelope.cycle_id == cycle);
        of_batches.or_else(|| envelopes.filter_map(|envelope| envelope.last_error.clone()).next())
    }
}

fn add(sums: &mut BTreeMap<String, (i64, i64)>, name: &str, count: i64, minor: i64) {
    let sum = sums.entry(name.to_owned()).or_default();
    sum.0 += count;
    sum.1 += minor;
}
