//! Partners that have to name the person whose address they give: who does not know whose account it is cannot change it.

use std::collections::HashMap;

use sea_orm::DatabaseTransaction;
use storage::StoreResult;

use crate::{
    State,
    domain::{Item, Kept, Operation, Refusal, has_name, same_name},
    store::names,
};

/// Refuses those of the items that do not name the person as she is known: a link must give a name, an update where one is
/// known, and the name must be that one. An id that was unlinked keeps the name it had.
pub(super) async fn check(
    state: &State,
    tx: &DatabaseTransaction,
    tenant: &str,
    operation: Operation,
    items: &[Item],
    refusals: &mut [Option<Refusal>],
) -> StoreResult<()> {
    let open = items.iter().zip(refusals.iter()).filter(|(_, refusal)| refusal.is_none());
    let ids: Vec<String> = open.map(|(item, _)| item.id.clone()).collect();
    if ids.is_empty() {
        return Ok(());
    }
    // `None`: there is a name, and it cannot be read.
    let mut known: HashMap<String, Option<String>> = HashMap::new();
    for found in names::known(tx, tenant, ids).await? {
        let Some(name) = found.name else { continue };
        let opened = state.vault.open(Kept::Name, tenant, &found.id_value, name);
        let opened = opened.inspect_err(|error| tracing::error!(%error, "a stored name cannot be read"));
        known.insert(found.id_value, opened.ok());
    }
    for (item, refusal) in items.iter().zip(refusals).filter(|(_, refusal)| refusal.is_none()) {
        let known = known.get(&item.id).filter(|name| name.as_deref().is_none_or(has_name));
        let given = item.name.as_deref().filter(|name| has_name(name));
        *refusal = match (given, known) {
            (None, Some(_)) => Some(Refusal::NameMissing),
            (None, None) => (operation == Operation::Link).then_some(Refusal::NameMissing),
            (Some(given), Some(Some(known))) => (!same_name(given, known)).then_some(Refusal::NameDiffers),
            (Some(_), Some(None)) => Some(Refusal::NameDiffers),
            (Some(_), None) => None,
        };
    }
    Ok(())
}
