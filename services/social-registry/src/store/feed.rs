//! What partners' own services are fed with: comparison records, pseudonyms, counts.

use sea_orm::FromQueryResult;
use storage::{Db, StoreResult, sql};
use time::Date;
use uuid::Uuid;

/// What one person is compared by. Holds personal data: no `Debug`.
#[derive(FromQueryResult)]
pub(crate) struct Comparison {
    pub registrant_id: Uuid,
    pub household_id: Option<Uuid>,
    pub given_name: Option<String>,
    pub family_name: Option<String>,
    pub additional_name: Option<String>,
    pub full_name: String,
    pub sex: Option<String>,
    pub birth_date: Option<Date>,
    pub birth_place: Option<String>,
    pub phones: Vec<String>,
    pub id_hashes: Vec<String>,
    pub address: Option<String>,
    pub village: Option<String>,
    pub district: Option<String>,
}

/// The comparison records of active people among these.
pub(crate) async fn comparisons(db: &Db, tenant: &str, people: Vec<Uuid>) -> StoreResult<Vec<Comparison>> {
    sql::fetch_all(db.conn(), include_str!("sql/comparisons.sql"), [tenant.into(), people.into()]).await
}

/// The pseudonym of an external id. Of a duplicate it is that of the record that stands for the person.
#[derive(FromQueryResult)]
pub(crate) struct Pseudonym {
    pub external_id: String,
    pub registrant_id: Uuid,
    pub pseudonym: String,
    pub social_id: Option<String>,
    pub duplicate: bool,
}

/// The pseudonyms of these people.
pub(crate) async fn pseudonyms(
    db: &Db,
    tenant: &str,
    external_ids: Vec<String>,
) -> StoreResult<Vec<Pseudonym>> {
    sql::fetch_all(
        db.conn(),
        "SELECT r.external_id, m.registrant_id, m.pseudonym, m.social_id, r.duplicate_of IS NOT NULL AS duplicate
           FROM registrants AS r
           JOIN registrants AS m
             ON m.tenant_id = r.tenant_id AND m.registrant_id = COALESCE(r.duplicate_of, r.registrant_id)
          WHERE r.tenant_id = $1 AND r.kind = 'individual' AND r.external_id = ANY($2)
          ORDER BY r.external_id",
        [tenant.into(), external_ids.into()],
    )
    .await
}

/// How much is registered.
#[derive(Debug, Clone, Copy, FromQueryResult)]
pub(crate) struct Counts {
    pub individuals: i64,
    pub households: i64,
    pub duplicates: i64,
    pub memberships: i64,
    pub identifiers: i64,
    pub phones: i64,
    pub relationships: i64,
    pub scores: i64,
    pub open_pairs: i64,
}

/// Counts everything.
pub(crate) async fn counts(db: &Db, tenant: &str) -> StoreResult<Counts> {
    sql::fetch_one(
        db.conn(),
        "the counts",
        "SELECT (SELECT count(*) FROM registrants
                  WHERE tenant_id = $1 AND kind = 'individual' AND status = 'active') AS individuals,
                (SELECT count(*) FROM registrants
                  WHERE tenant_id = $1 AND kind = 'group' AND status = 'active') AS households,
                (SELECT count(*) FROM registrants WHERE tenant_id = $1 AND status = 'duplicate') AS duplicates,
                (SELECT count(*) FROM memberships WHERE tenant_id = $1 AND ended_at IS NULL) AS memberships,
                (SELECT count(*) FROM identifiers WHERE tenant_id = $1) AS identifiers,
                (SELECT count(*) FROM phones WHERE tenant_id = $1 AND disabled_at IS NULL) AS phones,
                (SELECT count(*) FROM relationships WHERE tenant_id = $1) AS relationships,
                (SELECT count(*) FROM scores WHERE tenant_id = $1) AS scores,
                (SELECT count(*) FROM duplicate_pairs WHERE tenant_id = $1 AND state = 'open') AS open_pairs",
        [tenant.into()],
    )
    .await
}
