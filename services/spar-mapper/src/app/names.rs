//! Partners that have to name the person whose address they give: who does not know whose account it is cannot change it.

use std::collections::HashMap;

use platform::{ApiError, ApiResult};
use sea_orm::DatabaseTransaction;

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
) -> ApiResult<()> {
    let open = items.iter().zip(refusals.iter()).filter(|(_, refusal)| refusal.is_none());
    let ids: Vec<String> = open.map(|(item, _)| item.id.clone()).collect();
    if ids.is_empty() {
        return Ok(());
    }
    let mut known: HashMap<String, String> = HashMap::new();
    for found in names::known(tx, tenant, ids).await? {
        let Some(name) = found.name else { continue };
        let name = state.vault.open(Kept::Name, tenant, &found.id_value, name).map_err(ApiError::internal)?;
        known.insert(found.id_value, name);
    }
    for (item, refusal) in items.iter().zip(refusals).filter(|(_, refusal)| refusal.is_none()) {
        let known = known.get(&item.id).filter(|name| has_name(name));
        let given = item.name.as_deref().filter(|name| has_name(name));
        *refusal = match (given, known) {
            (None, Some(_)) => Some(Refusal::NameMissing),
            (None, None) => (operation == Operation::Link).then_some(Refusal::NameMissing),
            (Some(given), Some(known)) => (!same_name(given, known)).then_some(Refusal::NameDiffers),
            (Some(_), None) => None,
        };
    }
    Ok(())
}
