//! Changes that wait: for their day, or for a second person.

use sea_orm::{ConnectionTrait, FromQueryResult};
use serde_json::Value;
use storage::{StoreResult, sql};
use time::OffsetDateTime;
use uuid::Uuid;

/// A change that waits or waited.
#[derive(Clone, FromQueryResult)]
pub(crate) struct Pending {
    pub(crate) tenant_id: String,
    pub(crate) change_id: Uuid,
    pub(crate) id_value: String,
    pub(crate) operation: String,
    pub(crate) fa_value: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) phone: Option<String>,
    pub(crate) info: Option<Value>,
    pub(crate) reason: String,
    pub(crate) requested_by: String,
    pub(crate) requested_at: OffsetDateTime,
    pub(crate) effective_from: OffsetDateTime,
    /// Entries in the history of the id when it was asked for.
    pub(crate) seen_entries: i64,
    pub(crate) state: String,
    pub(crate) approved_by: Option<String>,
    pub(crate) closed_by: Option<String>,
    pub(crate) outcome: Option<String>,
}

const PENDING: &str =
    "SELECT tenant_id, change_id, id_value, operation, fa_value, name, phone, info, reason, requested_by,
    requested_at, effective_from, seen_entries, state, approved_by, closed_by, outcome FROM pending_changes";

/// Keeps a new change. `false` when another one of the id waits.
pub(crate) async fn insert(tx: &impl ConnectionTrait, change: &Pending) -> StoreResult<bool> {
    let done = sql::execute(
        tx,
        "INSERT INTO pending_changes (tenant_id, change_id, id_value, operation, fa_value, name, phone, reason,
                                      requested_by, requested_at, effective_from, seen_entries, state, info)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) ON CONFLICT DO NOTHING",
        [
            change.tenant_id.clone().into(),
            change.change_id.into(),
            change.id_value.clone().into(),
            change.operation.clone().into(),
            change.fa_value.clone().into(),
            change.name.clone().into(),
            change.phone.clone().into(),
            change.reason.clone().into(),
            change.requested_by.clone().into(),
            change.requested_at.into(),
            change.effective_from.into(),
            change.seen_entries.into(),
            change.state.clone().into(),
            change.info.clone().into(),
        ],
    )
    .await?;
    Ok(done == 1)
}

/// Changes of a tenant after one, in the order they were asked for; of one state, or of all.
pub(crate) async fn list(
    conn: &impl ConnectionTrait,
    tenant: &str,
    state: Option<&str>,
    after: Uuid,
    limit: i64,
) -> StoreResult<Vec<Pending>> {
    let statement = format!(
        "{PENDING} WHERE tenant_id = $1 AND change_id > $2 AND ($3::text IS NULL OR state = $3)
          ORDER BY change_id LIMIT $4"
    );
    let state = state.map(str::to_owned);
    sql::fetch_all(conn, &statement, [tenant.into(), after.into(), state.into(), limit.into()]).await
}

/// One change, held until the transaction ends.
pub(crate) async fn hold(
    tx: &impl ConnectionTrait,
    tenant: &str,
    change_id: Uuid,
) -> StoreResult<Option<Pending>> {
    let statement = format!("{PENDING} WHERE tenant_id = $1 AND change_id = $2 FOR UPDATE");
    sql::fetch_optional(tx, &statement, [tenant.into(), change_id.into()]).await
}

/// The change that is due for longest after the ones already tried; no other process holds it.
pub(crate) async fn due(
    tx: &impl ConnectionTrait,
    now: OffsetDateTime,
    tried: Vec<Uuid>,
) -> StoreResult<Option<Pending>> {
    let statement = format!(
        "{PENDING} WHERE state = 'scheduled' AND effective_from <= $1 AND change_id <> ALL($2)
          ORDER BY effective_from LIMIT 1 FOR UPDATE SKIP LOCKED"
    );
    sql::fetch_optional(tx, &statement, [now.into(), tried.into()]).await
}

/// Writes state, people and outcome of a change that is held.
pub(crate) async fn save(tx: &impl ConnectionTrait, change: &Pending) -> StoreResult<()> {
    sql::execute(
        tx,
        "UPDATE pending_changes SET state = $3, approved_by = $4, closed_by = $5, outcome = $6
          WHERE tenant_id = $1 AND change_id = $2",
        [
            change.tenant_id.clone().into(),
            change.change_id.into(),
            change.state.clone().into(),
            change.approved_by.clone().into(),
            change.closed_by.clone().into(),
            change.outcome.clone().into(),
        ],
    )
    .await?;
    Ok(())
}
