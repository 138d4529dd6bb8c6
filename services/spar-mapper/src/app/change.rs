//! Link, update, unlink.

use std::collections::{HashMap, HashSet};

use platform::{ApiError, PartnerError, clock::rfc3339};
use sea_orm::DatabaseTransaction;
use storage::StoreResult;

use crate::{
    State,
    app::{Caller, Strategies, directory, names},
    domain::{Coverage, Item, Kept, Operation, Refusal, Vault, admit, refuse_repeated},
    events::{Change, MappingChange, MappingsChanged},
    store::{self, ChangedBy, Columns, Mapping, Outcome},
};

/// Ids of one event.
pub(super) const EVENT_ITEMS: usize = 1_000;

/// Links, updates or unlinks ids in one statement, and says for each item in its place why it was refused; `None` for
/// those that were done.
///
/// Linking the identical pair again is refused in `compat`, as deployed clients expect, and a success that changes
/// nothing in `strict`. Addresses are held against the directory where the partner's policy says so.
///
/// # Errors
/// When the partner may not do this, or the database refuses: then nothing is done.
pub(crate) async fn change(
    state: &State,
    tx: &DatabaseTransaction,
    strategies: &Strategies,
    caller: &Caller<'_>,
    operation: Operation,
    items: &[Item],
) -> Result<Vec<Option<Refusal>>, PartnerError> {
    caller.require(operation)?;
    let mut refusals = admit(items, operation, |id| caller.may_use_id(id));
    let tenant = caller.ctx.tenant.as_str();
    if caller.sender.partner.policy.check_directory && operation != Operation::Unlink {
        directory::check(tx, tenant, strategies, Coverage::ALL, items, &mut refusals).await?;
    }
    if caller.sender.partner.policy.match_name && operation != Operation::Unlink {
        names::check(state, tx, tenant, operation, items, &mut refusals).await?;
    }
    refuse_repeated(items, operation, &mut refusals);
    let by = ChangedBy {
        tenant: tenant.to_owned(),
        actor: caller.ctx.actor.label(),
        channel: caller.channel,
        message_id: caller.message_id.to_owned(),
        reason: None,
        approved_by: None,
        at: caller.ctx.clock.now(),
    };
    let admitted = items.iter().zip(&refusals).filter(|(_, refusal)| refusal.is_none()).map(|(item, _)| item);
    let Done { changed, frozen } =
        make(tx, &by, operation, columns(&state.vault, &by.tenant, operation, admitted)?).await?;
    let same = if operation == Operation::Link && !caller.compat() {
        already_so(state, tx, &by, items, &refusals, &changed).await?
    } else {
        HashSet::new()
    };
    let otherwise = if operation == Operation::Link { Refusal::AlreadyMapped } else { Refusal::NotLinked };
    Ok(items
        .iter()
        .zip(refusals)
        .map(|(item, refusal)| {
            let done = changed.contains(&item.id) || same.contains(item.id.as_str());
            let why = if frozen.contains(&item.id) { &Refusal::Frozen } else { &otherwise };
            refusal.or_else(|| (!done || *why == Refusal::Frozen).then(|| why.clone()))
        })
        .collect())
}

/// What became of the ids of a batch; of the others there was nothing to change, or, on link, there was something.
#[derive(Debug, Default)]
pub(super) struct Done {
    pub(super) changed: HashSet<String>,
    pub(super) frozen: HashSet<String>,
}

/// Changes mappings in one statement and announces what was changed.
pub(super) async fn make(
    tx: &DatabaseTransaction,
    by: &ChangedBy,
    operation: Operation,
    rows: Columns,
) -> Result<Done, ApiError> {
    let (outcome, kind) = match operation {
        Operation::Link => (store::link(tx, by, rows).await?, Change::Linked),
        Operation::Update => (store::update(tx, by, rows).await?, Change::Updated),
        Operation::Unlink => (store::unlink(tx, by, rows).await?, Change::Unlinked),
        Operation::Resolve => return Err(ApiError::internal("a resolve changes nothing")),
    };
    let Outcome { changed, frozen } = outcome;
    let (changed, frozen) = (changed.unwrap_or_default(), frozen.unwrap_or_default());
    announce(tx, by, &changed, kind).await?;
    Ok(Done { changed: changed.into_iter().collect(), frozen: frozen.into_iter().collect() })
}

/// Items as rows, sealed where the service seals.
pub(super) fn columns<'a>(
    vault: &Vault,
    tenant: &str,
    operation: Operation,
    items: impl Iterator<Item = &'a Item>,
) -> Result<Columns, ApiError> {
    let mut rows = Columns::default();
    for item in items {
        let seal = |kept, text: &Option<String>| {
            let text = text.as_deref();
            text.map(|text| vault.seal(kept, tenant, &item.id, text)).transpose().map_err(ApiError::internal)
        };
        rows.ids.push(item.id.clone());
        let indexed = vault.seals() || operation == Operation::Unlink;
        rows.indexes.push(item.fa.as_deref().filter(|_| indexed).and_then(|fa| vault.index(tenant, fa)));
        if operation == Operation::Unlink {
            rows.fas.push(item.fa.clone());
            continue;
        }
        rows.fas.push(seal(Kept::Fa, &item.fa)?);
        rows.names.push(seal(Kept::Name, &item.name)?);
        rows.phones.push(seal(Kept::Phone, &item.phone)?);
        rows.infos.push(item.info.as_ref().and_then(|list| serde_json::to_string(list).ok()));
    }
    Ok(rows)
}

/// Mappings with their addresses opened; those that do not open are left out.
pub(super) fn opened(vault: &Vault, tenant: &str, mappings: Vec<Mapping>) -> Vec<Mapping> {
    mappings.into_iter().filter_map(|mapping| open(vault, tenant, mapping)).collect()
}

/// A mapping with its address opened; `None` when it does not open.
pub(super) fn open(vault: &Vault, tenant: &str, mut mapping: Mapping) -> Option<Mapping> {
    match vault.open(Kept::Fa, tenant, &mapping.id_value, mapping.fa_value) {
        Ok(fa) => {
            mapping.fa_value = fa;
            Some(mapping)
        }
        Err(error) => {
            tracing::error!(%error, "a stored address cannot be read");
            None
        }
    }
}

/// Ids that were not linked now because they have exactly this address.
async fn already_so<'a>(
    state: &State,
    tx: &DatabaseTransaction,
    by: &ChangedBy,
    items: &'a [Item],
    refusals: &[Option<Refusal>],
    linked: &HashSet<String>,
) -> Result<HashSet<&'a str>, ApiError> {
    let rest: HashMap<&str, &Item> = items
        .iter()
        .zip(refusals)
        .filter(|(item, refusal)| refusal.is_none() && !linked.contains(&item.id))
        .map(|(item, _)| (item.id.as_str(), item))
        .collect();
    let there = store::by_ids(tx, &by.tenant, rest.keys().map(|id| (*id).to_owned()).collect()).await?;
    let mut same = HashSet::new();
    for mapping in opened(&state.vault, &by.tenant, there) {
        if let Some(item) = rest.get(mapping.id_value.as_str())
            && mapping.active
            && item.fa.as_deref() == Some(mapping.fa_value.as_str())
        {
            same.insert(item.id.as_str());
        }
    }
    Ok(same)
}

/// Tells others of changes.
pub(super) async fn announce(
    tx: &DatabaseTransaction,
    by: &ChangedBy,
    ids: &[String],
    change: Change,
) -> StoreResult<()> {
    let at = rfc3339(by.at);
    for chunk in ids.chunks(EVENT_ITEMS) {
        let items = chunk.iter().map(|id| MappingChange { id: id.clone(), change, at: at.clone() }).collect();
        ::events::publish(tx, &by.tenant, "mappings", &MappingsChanged { items }).await?;
    }
    Ok(())
}
