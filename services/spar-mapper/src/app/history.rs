//! What is known of an id: its history, its state at a moment, whether the history was tampered with; and freezing it.

use platform::{ApiError, ApiResult, Ctx, Permission, mask_tail};
use sea_orm::DatabaseTransaction;
use serde_json::Value;
use time::OffsetDateTime;

use super::{
    DETAILS,
    change::announce,
    sealing::{open_state, reveal},
};
use crate::{
    State,
    domain::MAX_VALUE,
    events::Change,
    store::{
        self, ChangedBy,
        history::{Entry, FrozenBy},
    },
};

/// To read the history of ids, and to check it.
pub(crate) const HISTORY: Permission = Permission::new("mapper:history");
/// To freeze and unfreeze ids.
pub(crate) const FREEZE: Permission = Permission::new("mapper:freeze");

/// Longest reason that is taken, in bytes.
pub(super) const MAX_REASON: usize = 1_024;

/// Entries of an id after the `after`th, oldest first.
pub(crate) async fn entries(
    state: &State,
    ctx: &Ctx,
    id: &str,
    after: i64,
    limit: i64,
) -> ApiResult<Vec<Entry>> {
    ctx.require(HISTORY)?;
    let tenant = ctx.tenant.as_str();
    let mut entries = store::history::entries(state.db.conn(), tenant, id, after, limit).await?;
    for entry in &mut entries {
        reveal(&state.vault, tenant, id, entry)?;
        hide(ctx, entry);
    }
    Ok(entries)
}

/// The entry that gave an id its state at a moment, and whether the id is frozen now.
pub(crate) async fn as_of(
    state: &State,
    ctx: &Ctx,
    id: &str,
    at: OffsetDateTime,
) -> ApiResult<(Option<Entry>, bool)> {
    ctx.require(HISTORY)?;
    let (conn, tenant) = (state.db.conn(), ctx.tenant.as_str());
    let mut entry = store::history::entry_at(conn, tenant, id, at).await?;
    if let Some(entry) = &mut entry {
        reveal(&state.vault, tenant, id, entry)?;
        hide(ctx, entry);
    }
    let frozen = store::history::frozen_by(conn, tenant, id).await?.is_some();
    Ok((entry, frozen))
}

/// Who may not see addresses in full sees their ends.
fn hide(ctx: &Ctx, entry: &mut Entry) {
    if ctx.may(DETAILS) {
        return;
    }
    for state in [&mut entry.before, &mut entry.after].into_iter().flatten() {
        let Some(fields) = state.as_object_mut() else { continue };
        fields.remove("info");
        for field in ["fa", "name", "phone"] {
            if let Some(Value::String(text)) = fields.get_mut(field) {
                *text = mask_tail(text);
            }
        }
    }
}

/// What a check of the history of an id found.
#[derive(Debug)]
pub(crate) struct Verdict {
    /// Entries that were read.
    pub(crate) entries: i64,
    /// The first thing that is wrong, when something is.
    pub(crate) problem: Option<String>,
}

/// Checks the history of an id: every hash, that none is missing, and that the mapping is what it says. It is frozen if, and
/// only if, its newest entry says so: nobody adds another one meanwhile.
pub(crate) async fn verify(state: &State, ctx: &Ctx, id: &str) -> ApiResult<Verdict> {
    ctx.require(HISTORY)?;
    let tenant = ctx.tenant.as_str();
    // One snapshot: a change in between must not look like tampering.
    let tx = state.db.begin_serializable().await?;
    let checked = store::history::checked(&tx, tenant, id).await?;
    let frozen = store::history::frozen_by(&tx, tenant, id).await?;
    let told = told(state, &tx, tenant, id).await?;
    let entries = i64::try_from(checked.len()).unwrap_or(i64::MAX);
    let gap = (1..).zip(&checked).find(|(no, entry)| entry.no != *no).map(|(no, _)| no);
    let wrong = checked.iter().find(|entry| !entry.fits).map(|entry| entry.no);
    let freezing = checked.into_iter().next_back().filter(|entry| entry.freezes);
    let freezing = freezing.map(|entry| FrozenBy { no: entry.no, hash: entry.hash });
    let problem = match (gap, wrong) {
        (Some(no), _) => Some(format!("entry {no} is missing")),
        (None, Some(no)) => Some(format!("entry {no} is not what was written")),
        (None, None) if frozen != freezing => {
            Some("the newest entries are missing, or others were added".to_owned())
        }
        (None, None) => told,
    };
    Ok(Verdict { entries, problem })
}

/// What is wrong with what the entries of an id say, their hashes apart.
async fn told(state: &State, tx: &DatabaseTransaction, tenant: &str, id: &str) -> ApiResult<Option<String>> {
    let mut newest = None;
    for mut entry in store::history::entries(tx, tenant, id, 0, i64::MAX).await? {
        if let Err(error) = reveal(&state.vault, tenant, id, &mut entry) {
            tracing::warn!(error = %error.detail(), "an entry of the history cannot be read");
            return Ok(Some(format!("what entry {} says was changed, or cannot be read", entry.no)));
        }
        if matches!(entry.change.as_str(), "linked" | "updated" | "unlinked") {
            newest = entry.after;
        }
    }
    let mut now = store::history::state(tx, tenant, id).await?;
    if let Some(now) = &mut now
        && open_state(&state.vault, tenant, id, now).is_err()
    {
        return Ok(Some("the mapping cannot be read".to_owned()));
    }
    // Entries from before change control do not say whether the mapping was active.
    if let (Some(then), Some(Value::Object(now))) = (&newest, &mut now)
        && then.get("active").is_none()
    {
        now.remove("active");
    }
    Ok((newest != now).then(|| "the mapping is not what its newest entry says".to_owned()))
}

/// Freezes an id, so that nobody changes it, or ends that.
pub(crate) async fn freeze(
    state: &State,
    ctx: &Ctx,
    id: &str,
    reason: &str,
    change: Change,
) -> ApiResult<()> {
    ctx.require(FREEZE)?;
    plain_text("id", id, MAX_VALUE)?;
    plain_text("reason", reason, MAX_REASON)?;
    let by = ChangedBy {
        tenant: ctx.tenant.as_str().to_owned(),
        actor: ctx.actor.label(),
        channel: "own_api",
        message_id: String::new(),
        reason: Some(reason.to_owned()),
        approved_by: None,
        at: ctx.clock.now(),
    };
    let tx = state.db.begin().await?;
    if !store::history::freeze(&tx, &by, id, change.as_str()).await? {
        let now = if change == Change::Frozen { "frozen already" } else { "not frozen" };
        return Err(ApiError::conflict("nothing_to_do", format!("this id is {now}")));
    }
    announce(&tx, &by, &[id.to_owned()], change).await?;
    tx.commit().await.map_err(storage::StoreError::from)?;
    Ok(())
}

/// A field that must be there, of usable length, without control characters.
pub(super) fn plain_text(field: &str, value: &str, longest: usize) -> ApiResult<()> {
    if value.trim().is_empty() || value.len() > longest || value.chars().any(char::is_control) {
        let text = format!("must have 1 to {longest} bytes without control characters");
        return Err(
            ApiError::unprocessable("invalid_field", format!("{field} {text}")).with_field(field, text)
        );
    }
    Ok(())
}
