//! Whole records, for people who look something up.

use sea_orm::{DatabaseTransaction, FromQueryResult};
use serde_json::Value;
use storage::{Db, StoreResult, sql};
use time::{Date, OffsetDateTime};
use uuid::Uuid;

/// What a registrant is looked up by.
pub(crate) enum Key {
    /// Type and keyed hash of a document.
    Document { id_type: String, value_hash: String },
    /// Pseudonym.
    Pseudonym(String),
    /// The source's key.
    ExternalId(String),
    /// Social ID.
    SocialId(String),
}

/// Most records one look-up gives.
const MOST: i64 = 50;

/// The registrants that have the key, duplicates too.
pub(crate) async fn find(tx: &DatabaseTransaction, tenant: &str, key: Key) -> StoreResult<Vec<Uuid>> {
    let (condition, values): (&str, Vec<sea_orm::Value>) = match key {
        Key::Document { id_type, value_hash } => (
            "registrant_id IN (SELECT i.registrant_id FROM identifiers AS i
                                WHERE i.tenant_id = $1 AND i.id_type = $2 AND i.value_hash = $3)",
            vec![id_type.into(), value_hash.into()],
        ),
        Key::Pseudonym(pseudonym) => ("pseudonym = $2", vec![pseudonym.into()]),
        Key::ExternalId(id) => ("kind IN ('individual', 'group') AND external_id = $2", vec![id.into()]),
        Key::SocialId(id) => ("social_id = $2", vec![id.into()]),
    };
    sql::scalars(
        tx,
        &format!(
            "SELECT registrant_id FROM registrants WHERE tenant_id = $1 AND {condition}
              ORDER BY registrant_id LIMIT {MOST}"
        ),
        std::iter::once(tenant.into()).chain(values),
    )
    .await
}

/// A record with what hangs on it. Holds personal data: no `Debug`.
#[derive(FromQueryResult)]
pub(crate) struct Record {
    pub registrant_id: Uuid,
    pub kind: String,
    pub external_id: String,
    pub pseudonym: String,
    pub social_id: Option<String>,
    pub status: String,
    pub duplicate_of: Option<Uuid>,
    pub duplicate_of_pseudonym: Option<String>,
    pub name: String,
    pub gender: Option<String>,
    pub birth_date: Option<Date>,
    pub district: Option<String>,
    pub registration_date: Date,
    pub version: i32,
    pub attributes: Value,
    /// `[{id_type, value, expiry_date}]`
    pub identifiers: Value,
    /// `["+254…"]`
    pub phones: Value,
    /// `[{group_id, external_id, kinds, ended}]` of a person, `[{individual_id, …}]` of a household.
    pub memberships: Value,
    /// `{name: score}`
    pub scores: Value,
}

/// The records of these ids.
pub(crate) async fn load(tx: &DatabaseTransaction, tenant: &str, ids: Vec<Uuid>) -> StoreResult<Vec<Record>> {
    sql::fetch_all(tx, include_str!("sql/records.sql"), [tenant.into(), ids.into()]).await
}

/// A change of a record.
#[derive(FromQueryResult)]
pub(crate) struct HistoryRow {
    pub history_id: i64,
    pub at: OffsetDateTime,
    pub actor: String,
    pub reason: String,
    pub entity: String,
    pub action: String,
    pub before: Option<Value>,
    pub after: Option<Value>,
}

/// A page of the history of a record, oldest first.
pub(crate) async fn history(
    db: &Db,
    tenant: &str,
    registrant_id: Uuid,
    after: i64,
    limit: i64,
) -> StoreResult<Vec<HistoryRow>> {
    sql::fetch_all(
        db.conn(),
        "SELECT history_id, at, actor, reason, entity, action, before, after FROM history
          WHERE tenant_id = $1 AND registrant_id = $2 AND history_id > $3 ORDER BY history_id LIMIT $4",
        [tenant.into(), registrant_id.into(), after.into(), limit.into()],
    )
    .await
}
