//! People and households.

use std::collections::HashMap;

use sea_orm::{DatabaseTransaction, FromQueryResult};
use serde_json::Value;
use storage::{StoreResult, sql};
use uuid::Uuid;

use super::Change;

/// A registrant as an import finds it.
#[derive(FromQueryResult)]
pub(crate) struct Existing {
    pub external_id: String,
    /// The whole row as JSON.
    pub row: Value,
}

/// The registrants of these external ids, locked.
pub(crate) async fn existing(
    tx: &DatabaseTransaction,
    tenant: &str,
    kind: &str,
    external_ids: Vec<String>,
) -> StoreResult<HashMap<String, Existing>> {
    let rows: Vec<Existing> = sql::fetch_all(
        tx,
        "SELECT external_id, to_jsonb(r) AS row FROM registrants AS r
          WHERE tenant_id = $1 AND kind = $2 AND external_id = ANY($3) ORDER BY registrant_id FOR UPDATE",
        [tenant.into(), kind.into(), external_ids.into()],
    )
    .await?;
    Ok(rows.into_iter().map(|row| (row.external_id.clone(), row)).collect())
}

/// Who an external id is.
#[derive(Debug, Clone, FromQueryResult)]
pub(crate) struct Known {
    pub registrant_id: Uuid,
    pub external_id: String,
    /// `active`, `duplicate` or `disabled`.
    pub status: String,
}

/// The ids of these external ids; unknown ones are not in it.
pub(crate) async fn known(
    tx: &DatabaseTransaction,
    tenant: &str,
    kind: &str,
    external_ids: Vec<String>,
) -> StoreResult<HashMap<String, Known>> {
    let rows: Vec<Known> = sql::fetch_all(
        tx,
        "SELECT registrant_id, external_id, status FROM registrants
          WHERE tenant_id = $1 AND kind = $2 AND external_id = ANY($3)",
        [tenant.into(), kind.into(), external_ids.into()],
    )
    .await?;
    Ok(rows.into_iter().map(|row| (row.external_id.clone(), row)).collect())
}

/// Takes those of the candidates that nobody ever had; returns them.
pub(crate) async fn issue_social_ids(
    tx: &DatabaseTransaction,
    tenant: &str,
    candidates: Vec<String>,
) -> StoreResult<Vec<String>> {
    sql::scalars(
        tx,
        "INSERT INTO social_ids (tenant_id, social_id) SELECT $1, c FROM UNNEST($2::text[]) AS c ORDER BY c
         ON CONFLICT DO NOTHING RETURNING social_id",
        [tenant.into(), candidates.into()],
    )
    .await
}

/// Writes new registrants: rows with the columns of the statement; a missing `registration_date` is today.
pub(crate) async fn insert(tx: &DatabaseTransaction, change: &Change, rows: Vec<Value>) -> StoreResult<u64> {
    if rows.is_empty() {
        return Ok(0);
    }
    sql::execute(tx, include_str!("sql/registrants_insert.sql"), change.values(rows)).await
}

/// Replaces the changeable columns of registrants by whole rows.
pub(crate) async fn update(tx: &DatabaseTransaction, change: &Change, rows: Vec<Value>) -> StoreResult<u64> {
    if rows.is_empty() {
        return Ok(0);
    }
    sql::execute(tx, include_str!("sql/registrants_update.sql"), change.values(rows)).await
}

/// Adds a row to the audit log: somebody looked at these records.
pub(crate) async fn audit(
    tx: &DatabaseTransaction,
    tenant: &str,
    actor: &str,
    action: &str,
    subjects: Vec<Uuid>,
) -> StoreResult<()> {
    sql::execute(
        tx,
        "INSERT INTO audit_log (tenant_id, actor, action, subject)
         SELECT $1, $2, $3, s::text FROM UNNEST($4::uuid[]) AS s",
        [tenant.into(), actor.into(), action.into(), subjects.into()],
    )
    .await?;
    Ok(())
}
