//! Link, update, unlink.

use std::collections::{HashMap, HashSet};

use platform::{PartnerError, clock::rfc3339};
use sea_orm::DatabaseTransaction;
use storage::StoreResult;

use crate::{
    app::Caller,
    domain::{Item, Operation, Refusal, admit},
    events::{Change, MappingChange, MappingsChanged},
    store::{self, ChangedBy, Columns},
};

/// Ids of one event.
const EVENT_ITEMS: usize = 500;

/// Links, updates or unlinks ids in one statement, and says for each item in its place why it was refused; `None` for
/// those that were done.
///
/// Linking the identical pair again is refused in `compat`, as deployed clients expect, and a success that changes
/// nothing in `strict`.
///
/// # Errors
/// When the partner may not do this, or the database refuses: then nothing is done.
pub(crate) async fn change(
    tx: &DatabaseTransaction,
    caller: &Caller<'_>,
    operation: Operation,
    items: &[Item],
) -> Result<Vec<Option<Refusal>>, PartnerError> {
    caller.require(operation)?;
    let refusals = admit(items, operation, |id| caller.may_use_id(id));
    let by = ChangedBy {
        tenant: caller.ctx.tenant.as_str().to_owned(),
        actor: caller.ctx.actor.label(),
        message_id: caller.message_id.to_owned(),
        at: caller.ctx.clock.now(),
    };
    let admitted = items.iter().zip(&refusals).filter(|(_, refusal)| refusal.is_none()).map(|(item, _)| item);
    let (changed, kind) = match operation {
        Operation::Link => (store::link(tx, &by, columns(admitted)).await?, Change::Linked),
        Operation::Update => (store::update(tx, &by, columns(admitted)).await?, Change::Updated),
        Operation::Unlink => (store::unlink(tx, &by, columns(admitted)).await?, Change::Unlinked),
        Operation::Resolve => return Err(platform::ApiError::internal("a resolve changes nothing").into()),
    };
    announce(tx, &by, &changed, kind).await?;
    let changed: HashSet<String> = changed.into_iter().collect();
    let same = if operation == Operation::Link && !caller.compat() {
        already_so(tx, &by, items, &refusals, &changed).await?
    } else {
        HashSet::new()
    };
    let otherwise = if operation == Operation::Link { Refusal::AlreadyMapped } else { Refusal::NotLinked };
    Ok(items
        .iter()
        .zip(refusals)
        .map(|(item, refusal)| {
            let done = changed.contains(&item.id) || same.contains(item.id.as_str());
            refusal.or_else(|| (!done).then(|| otherwise.clone()))
        })
        .collect())
}

fn columns<'a>(items: impl Iterator<Item = &'a Item>) -> Columns {
    let mut rows = Columns::default();
    for item in items {
        rows.ids.push(item.id.clone());
        rows.fas.push(item.fa.clone());
        rows.names.push(item.name.clone());
        rows.phones.push(item.phone.clone());
        rows.infos.push(item.info.as_ref().and_then(|list| serde_json::to_string(list).ok()));
    }
    rows
}

/// Ids that were not linked now because they have exactly this address.
async fn already_so<'a>(
    tx: &DatabaseTransaction,
    by: &ChangedBy,
    items: &'a [Item],
    refusals: &[Option<Refusal>],
    linked: &HashSet<String>,
) -> StoreResult<HashSet<&'a str>> {
    let rest: HashMap<&str, &Item> = items
        .iter()
        .zip(refusals)
        .filter(|(item, refusal)| refusal.is_none() && !linked.contains(&item.id))
        .map(|(item, _)| (item.id.as_str(), item))
        .collect();
    let there = store::by_ids(tx, &by.tenant, rest.keys().map(|id| (*id).to_owned()).collect()).await?;
    let same = there.iter().filter_map(|mapping| {
        let item = rest.get(mapping.id_value.as_str())?;
        (mapping.active && item.fa.as_deref() == Some(mapping.fa_value.as_str())).then_some(item.id.as_str())
    });
    Ok(same.collect())
}

async fn announce(
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
