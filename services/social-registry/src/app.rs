//! Use cases. Each takes who is asking, checks the permission first, and owns its transactions.

pub(crate) mod duplicates;
pub(crate) mod import;
pub(crate) mod registrants;
pub(crate) mod scores;
pub(crate) mod search;
pub(crate) mod upload;

use platform::{ApiError, Permission};
use sea_orm::DatabaseTransaction;
use storage::StoreResult;
use uuid::Uuid;

use crate::events::{ChangeKind, MAX_ITEMS, RegistrantKind, RegistrantsChanged};

pub(crate) const READ: Permission = Permission::new("registry:read");
pub(crate) const LOOKUP: Permission = Permission::new("registry:lookup");
pub(crate) const WRITE: Permission = Permission::new("registry:write");
pub(crate) const IMPORT: Permission = Permission::new("registry:import");
pub(crate) const DECIDE: Permission = Permission::new("registry:decide");
pub(crate) const COMPARE: Permission = Permission::new("registry:compare");
pub(crate) const CALL: Permission = Permission::new("registry:call");

/// Tells other services that registrants changed, in the transaction of the change.
pub(crate) async fn announce(
    tx: &DatabaseTransaction,
    tenant: &str,
    key: &str,
    change: ChangeKind,
    kind: RegistrantKind,
    mut registrants: Vec<Uuid>,
) -> StoreResult<()> {
    registrants.sort_unstable();
    registrants.dedup();
    let events: Vec<(String, RegistrantsChanged)> = registrants
        .chunks(MAX_ITEMS)
        .map(|ids| (key.to_owned(), RegistrantsChanged { change, kind, registrant_ids: ids.to_vec() }))
        .collect();
    events::publish_many(tx, tenant, &events).await
}

/// A text of a request that goes to the database: Postgres cannot hold the character NUL.
pub(crate) fn sendable(field: &str, text: &str, longest: usize) -> Result<(), ApiError> {
    if text.chars().any(|c| c.is_control() && c != '\n' && c != '\t') || text.chars().count() > longest {
        return Err(ApiError::unprocessable("text_invalid", "a text of the request cannot be used")
            .with_field(field, format!("must have no control characters and at most {longest} characters")));
    }
    Ok(())
}
