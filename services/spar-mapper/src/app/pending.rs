//! Changes through the own API: each waits for its day, and for a second person where that is required.

use std::time::Duration;

use g2p_crypto::SealError;
use platform::{ApiError, ApiResult, Ctx, Permission, clock::rfc3339, mask_tail, same_person};
use sea_orm::DatabaseTransaction;
use serde_json::Value;
use storage::StoreError;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{
    DETAILS,
    change::{columns, make},
    directory,
    history::{MAX_REASON, plain_text},
    sealing::reveal,
};
use crate::{
    State,
    domain::{
        Item, Kept, Operation, PendingState, PendingStep, Refusal, Vault, admit, bulk::column_of, text,
    },
    store::{
        self, ChangedBy,
        pending::{self, Pending},
    },
};

/// To see waiting changes.
pub(crate) const READ: Permission = Permission::new("mapper:read");
/// To ask for changes, and to withdraw them.
pub(crate) const WRITE: Permission = Permission::new("mapper:write");
/// To approve what another person asked for.
pub(crate) const APPROVE: Permission = Permission::new("mapper:approve");

/// What is to be done with an id.
#[derive(Debug, Clone, Copy)]
pub(crate) enum What {
    /// What the item says.
    Change(Operation),
    /// What it had after this entry of its history.
    Restore(i64),
}

/// A change as it is asked for.
pub(crate) struct Wanted {
    pub(crate) what: What,
    pub(crate) item: Item,
    pub(crate) reason: String,
    /// `None` stands for the first moment allowed.
    pub(crate) effective_from: Option<OffsetDateTime>,
    /// A second person has to approve it whatever the configuration says.
    pub(crate) needs_approval: bool,
}

/// Keeps a change until its day.
pub(crate) async fn propose(
    state: &State,
    tx: &DatabaseTransaction,
    ctx: &Ctx,
    mut wanted: Wanted,
) -> ApiResult<Pending> {
    ctx.require(WRITE)?;
    plain_text("reason", &wanted.reason, MAX_REASON)?;
    let operation = match wanted.what {
        What::Change(operation) => operation,
        What::Restore(no) => as_it_was(state, tx, ctx, &mut wanted.item, no).await?,
    };
    let admitted =
        admit(std::slice::from_ref(&wanted.item), operation, |_| true).into_iter().flatten().next();
    let refusal = match admitted {
        Some(refusal) => Some(refusal),
        None => not_in_directory(state, tx, ctx.tenant.as_str(), operation, &wanted.item).await?,
    };
    if let Some(refusal) = refusal {
        return Err(invalid(&refusal));
    }
    let now = ctx.clock.now();
    let first = now + Duration::from_secs(u64::from(state.config.change_delay_minutes) * 60);
    let effective_from = wanted.effective_from.unwrap_or(first);
    if effective_from < first && wanted.effective_from.is_some() {
        let text = format!("must be {} or later", rfc3339(first));
        return Err(ApiError::unprocessable("invalid_field", format!("effective_from {text}"))
            .with_field("effective_from", text));
    }
    let tenant = ctx.tenant.as_str();
    let seen_entries = store::history::last_no(tx, tenant, &wanted.item.id).await?;
    if store::history::frozen_by(tx, tenant, &wanted.item.id).await?.is_some() {
        return Err(ApiError::conflict("frozen", text::FROZEN));
    }
    let first_state = if state.config.second_approver || wanted.needs_approval {
        PendingState::Proposed
    } else {
        PendingState::Scheduled
    };
    let change = Pending {
        tenant_id: tenant.to_owned(),
        change_id: Uuid::now_v7(),
        id_value: wanted.item.id,
        operation: operation.as_str().to_owned(),
        fa_value: wanted.item.fa,
        name: wanted.item.name,
        phone: wanted.item.phone,
        info: wanted.item.info.map(Value::Array),
        reason: wanted.reason,
        requested_by: ctx.actor.label(),
        requested_at: now,
        effective_from,
        seen_entries,
        state: first_state.as_str().to_owned(),
        approved_by: None,
        closed_by: None,
        outcome: None,
    };
    if !pending::insert(tx, &in_form(&state.vault, change.clone(), Vault::seal_owned)?).await? {
        let text = "another change of this id waits: cancel it first, or wait until it is made";
        return Err(ApiError::conflict("change_waits", text));
    }
    // The answer is kept for its Idempotency-Key: no address in it.
    Ok(hidden(change))
}

/// Why the directory does not bear an address out, where changes are held against it: for those kinds of addresses of which
/// it has anything in use.
async fn not_in_directory(
    state: &State,
    tx: &DatabaseTransaction,
    tenant: &str,
    operation: Operation,
    item: &Item,
) -> ApiResult<Option<Refusal>> {
    if !state.config.check_changes || operation == Operation::Unlink {
        return Ok(None);
    }
    let checked = directory::coverage(tx, tenant).await?;
    if !checked.any() {
        return Ok(None);
    }
    let strategies = state.strategies.of(tenant).await?;
    let mut refusals = [None];
    directory::check(tx, tenant, &strategies, checked, std::slice::from_ref(item), &mut refusals).await?;
    let [refusal] = refusals;
    Ok(refusal)
}

/// A change that is refused, with the field that is wrong; of an address the part of it.
fn invalid(refusal: &Refusal) -> ApiError {
    let text = refusal.text();
    let (field, rule) = match (refusal, text.split_once(": ")) {
        (Refusal::NotInDirectory(_), Some(("fa", rule))) => ("fa".to_owned(), rule),
        (Refusal::NotInDirectory(_), Some((part, rule))) => (format!("fa.{part}"), rule),
        _ => (column_of(refusal).to_owned(), text),
    };
    ApiError::unprocessable("invalid_change", text).with_field(field, rule)
}

/// Fills an item with what its id had after an entry of its history, and says what to do with it.
async fn as_it_was(
    state: &State,
    tx: &DatabaseTransaction,
    ctx: &Ctx,
    item: &mut Item,
    no: i64,
) -> ApiResult<Operation> {
    let tenant = ctx.tenant.as_str();
    let then = store::history::entry_after(tx, tenant, &item.id, no).await?;
    let mut then = then.ok_or_else(|| ApiError::not_found("the entry of the history"))?;
    reveal(&state.vault, tenant, &item.id, &mut then)?;
    let now = store::history::entry_after(tx, tenant, &item.id, i64::MAX).await?;
    let linked = now.is_some_and(|entry| entry.after.is_some());
    let Some(state) = then.after else {
        item.fa = None;
        return Ok(Operation::Unlink);
    };
    let text = |field: &str| state.get(field).and_then(Value::as_str).map(str::to_owned);
    (item.fa, item.name, item.phone) = (text("fa"), text("name"), text("phone"));
    item.info = state.get("info").and_then(Value::as_array).cloned();
    Ok(if linked { Operation::Update } else { Operation::Link })
}

/// Changes after one, in the order they were asked for.
pub(crate) async fn list(
    state: &State,
    ctx: &Ctx,
    only: Option<PendingState>,
    after: Uuid,
    limit: i64,
) -> ApiResult<Vec<Pending>> {
    ctx.require(READ)?;
    let only = only.map(PendingState::as_str);
    let changes = pending::list(state.db.conn(), ctx.tenant.as_str(), only, after, limit).await?;
    changes.into_iter().map(|change| Ok(masked(ctx, opened(state, change)?))).collect()
}

/// A change with its address, name and phone in another form.
fn in_form(
    vault: &Vault,
    mut change: Pending,
    form: impl Fn(&Vault, Kept, &str, &str, String) -> Result<String, SealError>,
) -> ApiResult<Pending> {
    let (tenant, row) = (&change.tenant_id, format!("{}\0{}", change.change_id, change.id_value));
    for (kept, value) in
        [(Kept::Fa, &mut change.fa_value), (Kept::Name, &mut change.name), (Kept::Phone, &mut change.phone)]
    {
        let anew = value.take().map(|value| form(vault, kept, tenant, &row, value));
        *value = anew.transpose().map_err(ApiError::internal)?;
    }
    Ok(change)
}

fn opened(state: &State, change: Pending) -> ApiResult<Pending> {
    in_form(&state.vault, change, Vault::open)
}

/// Lets a change that another person asked for go on. `may_use`: of which ids the caller may know.
pub(crate) async fn approve(
    state: &State,
    ctx: &Ctx,
    change_id: Uuid,
    may_use: impl Fn(&str) -> bool,
) -> ApiResult<Pending> {
    ctx.require(APPROVE)?;
    let who = ctx.actor.label();
    decide(state, ctx, change_id, PendingStep::Approve, may_use, |change| {
        if same_person(&change.requested_by, &who) {
            return Err(ApiError::forbidden("somebody else has to approve what you asked for"));
        }
        change.approved_by = Some(who);
        Ok(())
    })
    .await
}

/// Withdraws a change that was not made yet. `may_use`: of which ids the caller may know.
pub(crate) async fn cancel(
    state: &State,
    ctx: &Ctx,
    change_id: Uuid,
    may_use: impl Fn(&str) -> bool,
) -> ApiResult<Pending> {
    if !ctx.may(APPROVE) {
        ctx.require(WRITE)?;
    }
    decide(state, ctx, change_id, PendingStep::Cancel, may_use, |change| {
        change.closed_by = Some(ctx.actor.label());
        Ok(())
    })
    .await
}

async fn decide(
    state: &State,
    ctx: &Ctx,
    change_id: Uuid,
    step: PendingStep,
    may_use: impl Fn(&str) -> bool,
    note: impl FnOnce(&mut Pending) -> ApiResult<()>,
) -> ApiResult<Pending> {
    let tx = state.db.begin().await?;
    let held = pending::hold(&tx, ctx.tenant.as_str(), change_id).await?;
    // One of an id that the caller may not use is none for it.
    let held = held.filter(|change| may_use(&change.id_value));
    let mut change = held.ok_or_else(|| ApiError::not_found("the change"))?;
    advance(&mut change, step)?;
    note(&mut change)?;
    pending::save(&tx, &change).await?;
    tx.commit().await.map_err(StoreError::from)?;
    Ok(masked(ctx, opened(state, change)?))
}

/// The only place where the state of a change changes.
fn advance(change: &mut Pending, step: PendingStep) -> ApiResult<()> {
    let next = PendingState::parse(&change.state)
        .and_then(|state| state.after(step))
        .ok_or_else(|| ApiError::conflict("wrong_state", format!("the change is {} by now", change.state)))?;
    next.as_str().clone_into(&mut change.state);
    Ok(())
}

fn masked(ctx: &Ctx, change: Pending) -> Pending {
    if ctx.may(DETAILS) { change } else { hidden(change) }
}

fn hidden(mut change: Pending) -> Pending {
    for value in [&mut change.fa_value, &mut change.name, &mut change.phone].into_iter().flatten() {
        *value = mask_tail(value);
    }
    change
}

/// Makes the changes whose day has come. One that fails does not hold up the others.
pub(crate) async fn apply_due(state: &State) -> ApiResult<()> {
    let mut tried = Vec::new();
    loop {
        let tx = state.db.begin().await?;
        let Some(change) = pending::due(&tx, state.clock.now(), tried.clone()).await? else {
            return Ok(());
        };
        tried.push(change.change_id);
        let id = change.change_id;
        if let Err(error) = apply(state, tx, change).await {
            tracing::warn!(change = %id, error = %error.detail(), "a change that is due was not made; it is tried again");
        }
    }
}

async fn apply(state: &State, tx: DatabaseTransaction, mut change: Pending) -> ApiResult<()> {
    let Some(why) = refused(state, &tx, &change).await? else {
        advance(&mut change, PendingStep::Apply)?;
        pending::save(&tx, &change).await?;
        return Ok(tx.commit().await.map_err(StoreError::from)?);
    };
    tx.rollback().await.map_err(StoreError::from)?;
    let tx = state.db.begin().await?;
    let held = pending::hold(&tx, &change.tenant_id, change.change_id).await?;
    let mut change = held.ok_or_else(|| ApiError::not_found("the change"))?;
    advance(&mut change, PendingStep::Fail)?;
    change.outcome = Some(why.to_owned());
    pending::save(&tx, &change).await?;
    Ok(tx.commit().await.map_err(StoreError::from)?)
}

/// Makes a change; says why it may not stand, when it may not.
async fn refused(
    state: &State,
    tx: &DatabaseTransaction,
    change: &Pending,
) -> ApiResult<Option<&'static str>> {
    let operation = Operation::parse(&change.operation)
        .ok_or_else(|| ApiError::internal("a waiting change of an unknown operation"))?;
    let by = ChangedBy {
        tenant: change.tenant_id.clone(),
        actor: change.requested_by.clone(),
        channel: "own_api",
        message_id: change.change_id.to_string(),
        reason: Some(change.reason.clone()),
        approved_by: change.approved_by.clone(),
        at: state.clock.now(),
    };
    let said = opened(state, change.clone())?;
    let item = Item {
        id: said.id_value,
        fa: said.fa_value,
        name: said.name,
        phone: said.phone,
        info: change.info.as_ref().and_then(Value::as_array).cloned(),
        unreadable: None,
    };
    // The directory may have changed since.
    if let Some(Refusal::NotInDirectory(why)) =
        not_in_directory(state, tx, &change.tenant_id, operation, &item).await?
    {
        return Ok(Some(why));
    }
    let rows = columns(&state.vault, &change.tenant_id, operation, std::iter::once(&item))?;
    let done = make(tx, &by, operation, rows).await?;
    if done.frozen.contains(&item.id) {
        return Ok(Some(text::FROZEN));
    }
    if !done.changed.contains(&item.id) {
        let why = if operation == Operation::Link { text::ALREADY_MAPPED } else { text::NOT_LINKED };
        return Ok(Some(why));
    }
    // Our own entry is the next one, unless somebody wrote another since the change was asked for.
    let now = store::history::last_no(tx, &change.tenant_id, &item.id).await?;
    let alone = now == change.seen_entries + 1;
    Ok((!alone).then_some("the id was changed after this was asked for"))
}
