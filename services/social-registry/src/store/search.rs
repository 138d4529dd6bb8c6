//! Partners' searches: snapshots of what was found, and the rows that records are made of.

use sea_orm::{DatabaseTransaction, FromQueryResult, Value};
use serde_json::Value as Json;
use storage::{Db, StoreResult, sql};
use time::Date;
use uuid::Uuid;

use super::filter::Condition;

/// A stored result.
#[derive(Debug, Clone, FromQueryResult)]
pub(crate) struct Snapshot {
    pub snapshot_id: Uuid,
    pub transaction_id: String,
    pub criteria_sha256: String,
    pub page_size: i32,
    pub total: i64,
}

/// What makes a snapshot.
pub(crate) struct NewSnapshot<'a> {
    pub tenant: &'a str,
    pub partner: &'a str,
    pub transaction_id: &'a str,
    pub criteria_sha256: &'a str,
    pub page_size: i32,
    /// `individual` or `group`.
    pub kind: &'static str,
    pub order: &'a str,
}

/// Number of the first parameter that a condition may use in [`create`].
pub(crate) const FIRST_PARAMETER: usize = 8;

/// The first page of a search.
pub(crate) struct FirstPage {
    pub ids: Vec<Uuid>,
    pub total: i64,
    /// Where the other pages are; none when the first holds everything.
    pub snapshot_id: Option<Uuid>,
}

#[derive(FromQueryResult)]
struct Hit {
    registrant_id: Uuid,
    total: i64,
}

/// Finds what a search finds now, in its order, with one statement. What does not fit the first page is stored.
pub(crate) async fn create(
    tx: &DatabaseTransaction,
    new: &NewSnapshot<'_>,
    condition: Condition,
) -> StoreResult<FirstPage> {
    let snapshot_id = Uuid::new_v4();
    let fixed: [Value; 7] = [
        new.tenant.into(),
        snapshot_id.into(),
        new.kind.into(),
        new.partner.into(),
        new.transaction_id.into(),
        new.criteria_sha256.into(),
        new.page_size.into(),
    ];
    let statement = format!(
        "WITH found AS MATERIALIZED (
            SELECT r.registrant_id, row_number() OVER (ORDER BY {}) AS ordinal, count(*) OVER () AS total
              FROM registrants AS r
             WHERE r.tenant_id = $1 AND r.kind = $3 AND r.status = 'active' AND {}
         ), kept AS (
            INSERT INTO search_snapshots (
                tenant_id, snapshot_id, partner_id, transaction_id, criteria_sha256, page_size, total)
            SELECT $1, $2, $4, $5, $6, $7, total FROM found WHERE ordinal = 1 AND total > $7
         ), kept_rows AS (
            INSERT INTO search_snapshot_rows (tenant_id, snapshot_id, ordinal, registrant_id)
            SELECT $1, $2, ordinal, registrant_id FROM found WHERE total > $7
         )
         SELECT registrant_id, total FROM found WHERE ordinal <= $7 ORDER BY ordinal",
        new.order, condition.sql
    );
    let hits: Vec<Hit> = sql::fetch_all(tx, &statement, fixed.into_iter().chain(condition.values)).await?;
    let total = hits.first().map_or(0, |hit| hit.total);
    Ok(FirstPage {
        ids: hits.into_iter().map(|hit| hit.registrant_id).collect(),
        total,
        snapshot_id: (total > i64::from(new.page_size)).then_some(snapshot_id),
    })
}

/// A live snapshot of this partner, by its id.
pub(crate) async fn find(
    tx: &DatabaseTransaction,
    tenant: &str,
    partner: &str,
    snapshot_id: Uuid,
    minutes: i32,
) -> StoreResult<Option<Snapshot>> {
    sql::fetch_optional(
        tx,
        "SELECT snapshot_id, transaction_id, criteria_sha256, page_size, total FROM search_snapshots
          WHERE tenant_id = $1 AND partner_id = $2 AND snapshot_id = $3
            AND created_at > now() - make_interval(mins => $4)",
        [tenant.into(), partner.into(), snapshot_id.into(), minutes.into()],
    )
    .await
}

/// The newest live snapshot of the same search in the same transaction: for clients that do not echo its id.
pub(crate) async fn find_by_transaction(
    tx: &DatabaseTransaction,
    new: &NewSnapshot<'_>,
    minutes: i32,
) -> StoreResult<Option<Snapshot>> {
    sql::fetch_optional(
        tx,
        "SELECT snapshot_id, transaction_id, criteria_sha256, page_size, total FROM search_snapshots
          WHERE tenant_id = $1 AND partner_id = $2 AND transaction_id = $3 AND criteria_sha256 = $4
            AND page_size = $5 AND created_at > now() - make_interval(mins => $6)
          ORDER BY created_at DESC, snapshot_id LIMIT 1",
        [
            new.tenant.into(),
            new.partner.into(),
            new.transaction_id.into(),
            new.criteria_sha256.into(),
            new.page_size.into(),
            minutes.into(),
        ],
    )
    .await
}

/// The registrants of a page, in order.
pub(crate) async fn page(
    tx: &DatabaseTransaction,
    tenant: &str,
    snapshot_id: Uuid,
    first: i64,
    size: i64,
) -> StoreResult<Vec<Uuid>> {
    sql::scalars(
        tx,
        "SELECT registrant_id FROM search_snapshot_rows
          WHERE tenant_id = $1 AND snapshot_id = $2 AND ordinal >= $3 AND ordinal < $4 ORDER BY ordinal",
        [tenant.into(), snapshot_id.into(), first.into(), first.saturating_add(size).into()],
    )
    .await
}

/// Snapshots that one statement removes, with their rows.
const EXPIRE_BATCH: u64 = 20;

/// Removes all snapshots older than `minutes`; returns how many.
pub(crate) async fn expire(db: &Db, minutes: i32) -> StoreResult<u64> {
    let batch = i64::try_from(EXPIRE_BATCH).unwrap_or(i64::MAX);
    let mut removed = 0;
    loop {
        // Several processes may clean at once: each takes others.
        let rows = sql::execute(
            db.conn(),
            "DELETE FROM search_snapshots WHERE (tenant_id, snapshot_id) IN (
                SELECT tenant_id, snapshot_id FROM search_snapshots
                 WHERE created_at < now() - make_interval(mins => $1)
                 ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED)",
            [minutes.into(), batch.into()],
        )
        .await?;
        removed += rows;
        if rows < EXPIRE_BATCH {
            return Ok(removed);
        }
    }
}

/// People with this document, or the households they are in.
pub(crate) async fn by_document(
    tx: &DatabaseTransaction,
    tenant: &str,
    id_type: &str,
    value_hash: &str,
    group: bool,
    limit: i64,
) -> StoreResult<Vec<Uuid>> {
    sql::scalars(
        tx,
        "WITH person AS (
            SELECT DISTINCT COALESCE(r.duplicate_of, r.registrant_id) AS id
              FROM identifiers AS i
              JOIN registrants AS r ON r.tenant_id = i.tenant_id AND r.registrant_id = i.registrant_id
             WHERE i.tenant_id = $1 AND i.id_type = $2 AND i.value_hash = $3 AND i.status = 'valid'
               AND r.status <> 'disabled'
         )
         SELECT id FROM (
            SELECT person.id FROM person WHERE NOT $4
            UNION
            SELECT m.group_id FROM person
              JOIN memberships AS m ON m.tenant_id = $1 AND m.individual_id = person.id AND m.ended_at IS NULL
             WHERE $4) AS hits
          ORDER BY id LIMIT $5",
        [tenant.into(), id_type.into(), value_hash.into(), group.into(), limit.into()],
    )
    .await
}

/// Columns of a registrant that records are made of. Holds personal data: no `Debug`.
#[derive(FromQueryResult)]
pub(crate) struct Row {
    pub registrant_id: Uuid,
    pub pseudonym: String,
    pub social_id: Option<String>,
    pub name: String,
    pub given_name: Option<String>,
    pub family_name: Option<String>,
    pub additional_name: Option<String>,
    pub gender: Option<String>,
    pub birth_date: Option<Date>,
    pub birth_place: Option<String>,
    pub email: Option<String>,
    pub group_kind: Option<String>,
    pub address: Option<String>,
    pub village: Option<String>,
    pub district: Option<String>,
    pub region: Option<String>,
    pub country: Option<String>,
    pub latitude: Option<f64>,
    pub longitude: Option<f64>,
    pub attributes: Json,
    pub registration_date: Date,
    /// The household, for members.
    pub group_id: Option<Uuid>,
    pub kinds: Vec<String>,
    pub relationship_to_head: Option<String>,
}

const COLUMNS: &str = "p.registrant_id, p.pseudonym, p.social_id, p.name, p.given_name, p.family_name,
    p.additional_name, p.gender, p.birth_date, p.birth_place, p.email, p.group_kind, p.address, p.village, p.district,
    p.region, p.country, p.latitude::float8 AS latitude, p.longitude::float8 AS longitude, p.attributes,
    p.registration_date";

/// The registrants of these ids.
pub(crate) async fn rows(tx: &DatabaseTransaction, tenant: &str, ids: Vec<Uuid>) -> StoreResult<Vec<Row>> {
    sql::fetch_all(
        tx,
        &format!(
            "SELECT {COLUMNS}, NULL::uuid AS group_id, '{{}}'::text[] AS kinds, NULL::text AS relationship_to_head
               FROM registrants AS p WHERE p.tenant_id = $1 AND p.registrant_id = ANY($2)"
        ),
        [tenant.into(), ids.into()],
    )
    .await
}

/// The active members of these households, in the order they were entered.
pub(crate) async fn members(
    tx: &DatabaseTransaction,
    tenant: &str,
    groups: Vec<Uuid>,
) -> StoreResult<Vec<Row>> {
    sql::fetch_all(
        tx,
        &format!(
            "SELECT {COLUMNS}, m.group_id, m.kinds, m.relationship_to_head
               FROM memberships AS m
               JOIN registrants AS p ON p.tenant_id = m.tenant_id AND p.registrant_id = m.individual_id
              WHERE m.tenant_id = $1 AND m.group_id = ANY($2) AND m.ended_at IS NULL AND p.status = 'active'
              ORDER BY m.membership_id"
        ),
        [tenant.into(), groups.into()],
    )
    .await
}

/// Something that hangs on a person.
#[derive(FromQueryResult)]
pub(crate) struct Hanging {
    pub person: Uuid,
    /// Type of a document; empty for phones.
    pub kind: String,
    pub value: String,
}

/// The valid documents of these people, those of their duplicates included.
pub(crate) async fn identifiers(
    tx: &DatabaseTransaction,
    tenant: &str,
    people: Vec<Uuid>,
) -> StoreResult<Vec<Hanging>> {
    sql::fetch_all(
        tx,
        "WITH person AS (
            SELECT u.id AS person, u.id AS record FROM UNNEST($2::uuid[]) AS u(id)
            UNION ALL
            SELECT r.duplicate_of, r.registrant_id FROM registrants AS r
             WHERE r.tenant_id = $1 AND r.duplicate_of = ANY($2)
         )
         SELECT DISTINCT person.person, i.id_type AS kind, i.value FROM person
           JOIN identifiers AS i ON i.tenant_id = $1 AND i.registrant_id = person.record AND i.status = 'valid'
          ORDER BY person.person, i.id_type, i.value",
        [tenant.into(), people.into()],
    )
    .await
}

/// The phone numbers of these people.
pub(crate) async fn phones(
    tx: &DatabaseTransaction,
    tenant: &str,
    people: Vec<Uuid>,
) -> StoreResult<Vec<Hanging>> {
    sql::fetch_all(
        tx,
        "SELECT registrant_id AS person, '' AS kind, e164 AS value FROM phones
          WHERE tenant_id = $1 AND registrant_id = ANY($2) AND disabled_at IS NULL ORDER BY registrant_id, e164",
        [tenant.into(), people.into()],
    )
    .await
}

/// A score of a household.
#[derive(FromQueryResult)]
pub(crate) struct Score {
    pub registrant_id: Uuid,
    pub name: String,
    pub score: f64,
}

/// The scores of these households.
pub(crate) async fn scores(
    tx: &DatabaseTransaction,
    tenant: &str,
    groups: Vec<Uuid>,
) -> StoreResult<Vec<Score>> {
    sql::fetch_all(
        tx,
        "SELECT registrant_id, name, score::float8 AS score FROM scores
          WHERE tenant_id = $1 AND registrant_id = ANY($2)",
        [tenant.into(), groups.into()],
    )
    .await
}
