//! Who belongs to which household.

use sea_orm::{DatabaseTransaction, FromQueryResult};
use serde_json::Value;
use storage::{StoreResult, sql};
use time::Date;
use uuid::Uuid;

use super::Change;

/// A stored membership.
#[derive(Debug, Clone, FromQueryResult)]
pub(crate) struct Membership {
    pub membership_id: Uuid,
    pub group_id: Uuid,
    pub individual_id: Uuid,
    pub kinds: Vec<String>,
    pub unique_kind: Option<String>,
    pub relationship_to_head: Option<String>,
    pub start_date: Date,
    pub ended_on: Option<Date>,
    pub set_by: String,
}

const COLUMNS: &str =
    "membership_id, group_id, individual_id, kinds, unique_kind, relationship_to_head, start_date,
    (ended_at AT TIME ZONE 'UTC')::date AS ended_on, set_by";

/// What an import must know: the memberships of these people in these groups, ended ones too, and whoever holds a
/// unique kind there. Locked.
pub(crate) async fn of_groups(
    tx: &DatabaseTransaction,
    tenant: &str,
    groups: Vec<Uuid>,
    people: Vec<Uuid>,
) -> StoreResult<Vec<Membership>> {
    sql::fetch_all(
        tx,
        &format!(
            "SELECT {COLUMNS} FROM memberships
              WHERE tenant_id = $1 AND group_id = ANY($2)
                AND (individual_id = ANY($3) OR (unique_kind IS NOT NULL AND ended_at IS NULL))
              ORDER BY membership_id FOR UPDATE"
        ),
        [tenant.into(), groups.into(), people.into()],
    )
    .await
}

/// The active memberships of these people, locked.
pub(crate) async fn active_of(
    tx: &DatabaseTransaction,
    tenant: &str,
    people: Vec<Uuid>,
) -> StoreResult<Vec<Membership>> {
    sql::fetch_all(
        tx,
        &format!(
            "SELECT {COLUMNS} FROM memberships
              WHERE tenant_id = $1 AND individual_id = ANY($2) AND ended_at IS NULL
              ORDER BY membership_id FOR UPDATE"
        ),
        [tenant.into(), people.into()],
    )
    .await
}

/// Writes memberships: `membership_id, group_id, individual_id, kinds, unique_kind, relationship_to_head, start_date,
/// set_by`. Give those that hand over a unique kind in an earlier call than those that take it.
pub(crate) async fn put(tx: &DatabaseTransaction, change: &Change, rows: Vec<Value>) -> StoreResult<u64> {
    if rows.is_empty() {
        return Ok(0);
    }
    sql::execute(tx, include_str!("sql/memberships_put.sql"), change.values(rows)).await
}

/// Ends memberships; the reason of the change is the reason of the end.
pub(crate) async fn end(
    tx: &DatabaseTransaction,
    change: &Change,
    memberships: Vec<Uuid>,
) -> StoreResult<u64> {
    if memberships.is_empty() {
        return Ok(0);
    }
    sql::execute(
        tx,
        include_str!("sql/memberships_end.sql"),
        [
            change.tenant.as_str().into(),
            memberships.into(),
            change.actor.as_str().into(),
            change.reason.as_str().into(),
            change.at.into(),
        ],
    )
    .await
}

/// The people who are in these households now, each once.
pub(crate) async fn people_of(
    tx: &DatabaseTransaction,
    tenant: &str,
    groups: Vec<Uuid>,
) -> StoreResult<Vec<Uuid>> {
    sql::scalars(
        tx,
        "SELECT DISTINCT individual_id FROM memberships
          WHERE tenant_id = $1 AND group_id = ANY($2) AND ended_at IS NULL ORDER BY individual_id",
        [tenant.into(), groups.into()],
    )
    .await
}
