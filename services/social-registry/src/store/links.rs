//! Identity documents, phone numbers and relationships.

use sea_orm::{DatabaseTransaction, FromQueryResult};
use serde_json::Value;
use storage::{StoreResult, sql};
use time::Date;
use uuid::Uuid;

use super::Change;

/// A stored document.
#[derive(FromQueryResult)]
pub(crate) struct Identifier {
    pub registrant_id: Uuid,
    pub id_type: String,
    pub value: String,
    pub expiry_date: Option<Date>,
}

/// The documents of these people, locked.
pub(crate) async fn identifiers_of(
    tx: &DatabaseTransaction,
    tenant: &str,
    people: Vec<Uuid>,
) -> StoreResult<Vec<Identifier>> {
    sql::fetch_all(
        tx,
        "SELECT registrant_id, id_type, value, expiry_date FROM identifiers
          WHERE tenant_id = $1 AND registrant_id = ANY($2) ORDER BY registrant_id, id_type FOR UPDATE",
        [tenant.into(), people.into()],
    )
    .await
}

/// Writes documents: `registrant_id, id_type, value, value_hash, expiry_date`.
pub(crate) async fn put_identifiers(
    tx: &DatabaseTransaction,
    change: &Change,
    rows: Vec<Value>,
) -> StoreResult<u64> {
    if rows.is_empty() {
        return Ok(0);
    }
    sql::execute(tx, include_str!("sql/identifiers_put.sql"), change.values(rows)).await
}

/// A stored phone number.
#[derive(FromQueryResult)]
pub(crate) struct Phone {
    pub registrant_id: Uuid,
    pub e164: String,
}

/// The phone numbers of these people.
pub(crate) async fn phones_of(
    tx: &DatabaseTransaction,
    tenant: &str,
    people: Vec<Uuid>,
) -> StoreResult<Vec<Phone>> {
    sql::fetch_all(
        tx,
        "SELECT registrant_id, e164 FROM phones WHERE tenant_id = $1 AND registrant_id = ANY($2)",
        [tenant.into(), people.into()],
    )
    .await
}

/// Adds phone numbers: `registrant_id, e164`.
pub(crate) async fn add_phones(
    tx: &DatabaseTransaction,
    change: &Change,
    rows: Vec<Value>,
) -> StoreResult<u64> {
    if rows.is_empty() {
        return Ok(0);
    }
    sql::execute(tx, include_str!("sql/phones_add.sql"), change.values(rows)).await
}

/// A stored relationship.
#[derive(FromQueryResult)]
pub(crate) struct Relationship {
    pub relationship_id: Uuid,
    pub source_id: Uuid,
    pub destination_id: Uuid,
    pub relation: String,
    pub start_date: Option<Date>,
    pub end_date: Option<Date>,
}

/// The relationships that start at these registrants, locked.
pub(crate) async fn relationships_from(
    tx: &DatabaseTransaction,
    tenant: &str,
    sources: Vec<Uuid>,
) -> StoreResult<Vec<Relationship>> {
    sql::fetch_all(
        tx,
        "SELECT relationship_id, source_id, destination_id, relation, start_date, end_date FROM relationships
          WHERE tenant_id = $1 AND source_id = ANY($2) ORDER BY relationship_id FOR UPDATE",
        [tenant.into(), sources.into()],
    )
    .await
}

/// Writes relationships: `relationship_id, source_id, destination_id, relation, start_date, end_date`.
pub(crate) async fn put_relationships(
    tx: &DatabaseTransaction,
    change: &Change,
    rows: Vec<Value>,
) -> StoreResult<u64> {
    if rows.is_empty() {
        return Ok(0);
    }
    sql::execute(tx, include_str!("sql/relationships_put.sql"), change.values(rows)).await
}
