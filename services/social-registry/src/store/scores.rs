//! Score definitions and scores.

use sea_orm::{ConnectionTrait, DatabaseTransaction, FromQueryResult};
use serde_json::Value;
use storage::{Db, StoreResult, sql};
use time::OffsetDateTime;
use uuid::Uuid;

use super::Change;

/// A definition in its newest version.
#[derive(Debug, Clone, FromQueryResult)]
pub(crate) struct Definition {
    pub name: String,
    pub version: i32,
    pub definition: Value,
    pub created_by: String,
    pub created_at: OffsetDateTime,
}

/// The newest version of each definition.
pub(crate) async fn definitions<C: ConnectionTrait>(conn: &C, tenant: &str) -> StoreResult<Vec<Definition>> {
    sql::fetch_all(
        conn,
        "SELECT DISTINCT ON (name) name, version, definition, created_by, created_at FROM score_definitions
          WHERE tenant_id = $1 ORDER BY name, version DESC",
        [tenant.into()],
    )
    .await
}

/// Adds a version.
pub(crate) async fn add_definition(
    tx: &DatabaseTransaction,
    change: &Change,
    name: &str,
    definition: Value,
) -> StoreResult<i32> {
    let version: Option<i32> = sql::scalar(
        tx,
        "INSERT INTO score_definitions (tenant_id, name, version, definition, created_by, created_at)
         SELECT $1, $2, COALESCE(max(version), 0) + 1, $3, $4, $5 FROM score_definitions
          WHERE tenant_id = $1 AND name = $2
         RETURNING version",
        [
            change.tenant.as_str().into(),
            name.into(),
            definition.into(),
            change.actor.as_str().into(),
            change.at.into(),
        ],
    )
    .await?;
    Ok(version.unwrap_or(1))
}

/// A household whose score is not of this version.
#[derive(FromQueryResult)]
pub(crate) struct Unscored {
    pub registrant_id: Uuid,
    pub attributes: Value,
}

/// Households after `after` whose score is missing or of another version, by id.
pub(crate) async fn unscored(
    db: &Db,
    tenant: &str,
    name: &str,
    version: i32,
    after: Uuid,
    limit: i64,
) -> StoreResult<Vec<Unscored>> {
    sql::fetch_all(
        db.conn(),
        "SELECT r.registrant_id, r.attributes FROM registrants AS r
           LEFT JOIN scores AS s ON s.tenant_id = r.tenant_id AND s.registrant_id = r.registrant_id AND s.name = $2
          WHERE r.tenant_id = $1 AND r.kind = 'group' AND r.status = 'active' AND r.registrant_id > $4
            AND s.version IS DISTINCT FROM $3
          ORDER BY r.registrant_id LIMIT $5",
        [tenant.into(), name.into(), version.into(), after.into(), limit.into()],
    )
    .await
}

/// Writes scores: `registrant_id, name, score, version`. Those that stay the same get no row of history, and no older
/// version replaces a newer one.
pub(crate) async fn put(tx: &DatabaseTransaction, change: &Change, rows: Vec<Value>) -> StoreResult<u64> {
    if rows.is_empty() {
        return Ok(0);
    }
    sql::execute(tx, include_str!("sql/scores_put.sql"), change.values(rows)).await
}
