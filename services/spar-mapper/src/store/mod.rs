//! Set-based statements over the mappings: one statement a batch, whatever its size.

pub(crate) mod bulk;
pub(crate) mod checkpoints;
pub(crate) mod directory;
pub(crate) mod history;
pub(crate) mod layout;
pub(crate) mod names;
pub(crate) mod pending;
pub(crate) mod sealing;
pub(crate) mod transactions;
pub(crate) mod volume;

use platform::clock::rfc3339;
use sea_orm::{
    ConnectionTrait, FromQueryResult,
    sqlx::{self, Row, postgres::PgRow},
};
use serde::Serialize;
use storage::{Db, StoreError, StoreResult, sql};
use time::OffsetDateTime;

/// Who changes mappings, and why, for the history: the triggers of the table write it there.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ChangedBy {
    #[serde(skip)]
    pub(crate) tenant: String,
    pub(crate) actor: String,
    pub(crate) channel: &'static str,
    pub(crate) message_id: String,
    pub(crate) reason: Option<String>,
    pub(crate) approved_by: Option<String>,
    #[serde(serialize_with = "as_rfc3339")]
    pub(crate) at: OffsetDateTime,
}

fn as_rfc3339<S: serde::Serializer>(at: &OffsetDateTime, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&rfc3339(as_stored(*at)))
}

/// A time as the database keeps it: microseconds, and not rounded.
pub(crate) fn as_stored(at: OffsetDateTime) -> OffsetDateTime {
    at.replace_nanosecond(at.microsecond() * 1_000).unwrap_or(at)
}

impl ChangedBy {
    fn note(&self) -> StoreResult<String> {
        serde_json::to_string(self).map_err(|e| StoreError::Other(e.to_string()))
    }
}

/// What became of the ids of a batch; those of which nothing is told were not found, or, on link, found. One row for all of
/// them: a row each costs more on its way than it says.
#[derive(Debug, FromQueryResult)]
pub(crate) struct Outcome {
    pub(crate) changed: Option<Vec<String>>,
    /// They may not be changed, and were not.
    pub(crate) frozen: Option<Vec<String>>,
}

/// A mapping to write, addresses, names and phones as they are to be stored. Lists of the same length, by item. On unlink
/// the address is the plain one, to compare with.
#[derive(Debug, Default)]
pub(crate) struct Columns {
    pub(crate) ids: Vec<String>,
    pub(crate) fas: Vec<Option<String>>,
    pub(crate) names: Vec<Option<String>>,
    pub(crate) phones: Vec<Option<String>>,
    pub(crate) infos: Vec<Option<String>>,
    /// Blind indexes of the addresses, where these are sealed.
    pub(crate) indexes: Vec<Option<String>>,
}

/// A stored mapping. What is sealed in it is opened in the layer above.
#[derive(Clone, FromQueryResult)]
pub(crate) struct Mapping {
    pub(crate) id_value: String,
    pub(crate) fa_value: String,
    pub(crate) active: bool,
    /// As JSON text; `None` when there is nothing.
    pub(crate) additional_info: Option<String>,
}

/// A stored strategy.
#[derive(Debug, FromQueryResult)]
pub(crate) struct StrategyRow {
    pub(crate) id: i64,
    pub(crate) construct_strategy: String,
    pub(crate) deconstruct_strategy: String,
}

/// The strategies of addresses of a tenant: the shipped ones, with those of its own in their place or beside them.
pub(crate) async fn strategies(conn: &impl ConnectionTrait, tenant: &str) -> StoreResult<Vec<StrategyRow>> {
    sql::fetch_all(
        conn,
        "SELECT DISTINCT ON (id) id, construct_strategy, deconstruct_strategy FROM strategy
          WHERE tenant_id IN ($1, 'default') AND strategy_type = 'FA' AND active
          ORDER BY id, (tenant_id = $1) DESC",
        [tenant.into()],
    )
    .await
}

/// Links ids that have no address, and returns those that got one now or are frozen.
pub(crate) async fn link(tx: &impl ConnectionTrait, by: &ChangedBy, rows: Columns) -> StoreResult<Outcome> {
    write(tx, include_str!("sql/link.sql"), by, rows).await
}

/// Updates ids that have an address, and returns those that were found or are frozen.
pub(crate) async fn update(tx: &impl ConnectionTrait, by: &ChangedBy, rows: Columns) -> StoreResult<Outcome> {
    write(tx, include_str!("sql/update.sql"), by, rows).await
}

/// Two that add an entry of one id in the same moment, which the lock of its mapping keeps apart unless it has none: one
/// of them can do it again.
fn at_once(error: StoreError) -> StoreError {
    if error.is_constraint("mapping_history_pkey") || error.is_constraint("frozen_ids_pkey") {
        return StoreError::Serialization;
    }
    error
}

async fn write(
    tx: &impl ConnectionTrait,
    statement: &str,
    by: &ChangedBy,
    rows: Columns,
) -> StoreResult<Outcome> {
    sql::fetch_one(
        tx,
        "the outcome",
        statement,
        [
            by.tenant.clone().into(),
            by.note()?.into(),
            by.at.into(),
            rows.ids.into(),
            sql::nullable(rows.fas),
            sql::nullable(rows.names),
            sql::nullable(rows.phones),
            sql::nullable(rows.infos),
            sql::nullable(rows.indexes),
        ],
    )
    .await
    .map_err(at_once)
}

/// Unlinks ids (with an address: only when it is that one), and returns those that were found or are frozen.
pub(crate) async fn unlink(tx: &impl ConnectionTrait, by: &ChangedBy, rows: Columns) -> StoreResult<Outcome> {
    sql::fetch_one(
        tx,
        "the outcome",
        include_str!("sql/unlink.sql"),
        [
            by.tenant.clone().into(),
            by.note()?.into(),
            rows.ids.into(),
            sql::nullable(rows.fas),
            sql::nullable(rows.indexes),
        ],
    )
    .await
    .map_err(at_once)
}

/// Mappings of ids, in a transaction that changes them.
pub(crate) async fn by_ids(
    conn: &impl ConnectionTrait,
    tenant: &str,
    ids: Vec<String>,
) -> StoreResult<Vec<Mapping>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    sql::fetch_all(conn, MANY, [tenant.into(), ids.into()]).await
}

/// Keeps the mapping of an id as it is until the transaction ends.
pub(crate) async fn hold(tx: &impl ConnectionTrait, tenant: &str, id: &str) -> StoreResult<()> {
    let statement = "SELECT 1 FROM id_fa_mappings WHERE tenant_id = $1 AND id_value = $2 FOR UPDATE";
    sql::execute(tx, statement, [tenant.into(), id.into()]).await?;
    Ok(())
}

/// All rows as one, with the place of each in what was asked: what is between us and the driver costs per row, and more than
/// finding it. Joined, and not `= ANY`: only so does Postgres look each id up in the hash index, which takes half as long
/// as the primary key. The sub-select keeps it from counting the ids when it plans: with partitions it would rather read all
/// of them from end to end, because it does not know beforehand that each id needs one only.
const GATHERED: &str = "SELECT array_agg(place), array_agg(fa_value), array_agg(active),
            array_agg(NULLIF(additional_info, '[]')::text)
       FROM UNNEST((SELECT $2::text[])) WITH ORDINALITY AS asked (id, place)
       JOIN id_fa_mappings ON id_value = asked.id COLLATE \"C\"
      WHERE tenant_id = $1";
const MANY: &str = "SELECT id_value, fa_value, active, NULLIF(additional_info, '[]')::text AS additional_info
       FROM UNNEST((SELECT $2::text[])) AS asked (id) JOIN id_fa_mappings ON id_value = asked.id COLLATE \"C\"
      WHERE tenant_id = $1";
const ONE: &str = "SELECT id_value, fa_value, active, NULLIF(additional_info, '[]')::text AS additional_info
       FROM id_fa_mappings WHERE tenant_id = $1 AND id_value = $2";

/// Mappings of ids, each in the place of its id, for a resolve: what the mapper does most, so without what is between us
/// and the driver. One id is asked with `=`, which the server plans and runs faster than a list of one.
pub(crate) async fn look_up(db: &Db, tenant: &str, ids: &[&str]) -> StoreResult<Vec<Option<Mapping>>> {
    match ids {
        [] => Ok(Vec::new()),
        [id] => {
            let found = sqlx::query(ONE).bind(tenant).bind(*id).fetch_optional(db.pool()).await?;
            Ok(vec![found.as_ref().map(mapping).transpose()?])
        }
        ids => {
            let row = sqlx::query(GATHERED).bind(tenant).bind(ids).fetch_one(db.pool()).await?;
            gathered(&row, ids)
        }
    }
}

fn mapping(row: &PgRow) -> StoreResult<Mapping> {
    Ok(Mapping {
        id_value: row.try_get(0)?,
        fa_value: row.try_get(1)?,
        active: row.try_get(2)?,
        additional_info: row.try_get(3)?,
    })
}

/// The mappings of a row of arrays. All arrays were gathered in one pass, so that what stands at one place in them is of
/// one mapping; no rows give nulls.
fn gathered(row: &PgRow, ids: &[&str]) -> StoreResult<Vec<Option<Mapping>>> {
    let mut found = Vec::new();
    found.resize_with(ids.len(), || None);
    let Some(places) = row.try_get::<Option<Vec<i64>>, _>(0)? else { return Ok(found) };
    let fas: Vec<String> = row.try_get(1)?;
    let active: Vec<bool> = row.try_get(2)?;
    let infos: Vec<Option<String>> = row.try_get(3)?;
    if [fas.len(), active.len(), infos.len()] != [places.len(); 3] {
        return Err(StoreError::Other("mappings of different lengths came back".to_owned()));
    }
    for (((place, fa_value), active), additional_info) in places.into_iter().zip(fas).zip(active).zip(infos) {
        // Places are counted from 1.
        let at = usize::try_from(place - 1).unwrap_or(usize::MAX);
        if let (Some(slot), Some(id)) = (found.get_mut(at), ids.get(at)) {
            *slot = Some(Mapping { id_value: (*id).to_owned(), fa_value, active, additional_info });
        }
    }
    Ok(found)
}

/// Mappings of addresses, an active one before an inactive one of each: of plain rows by the address, of sealed ones by
/// its blind index, which may be that of an older address. With `namespaces`, in small letters, only those of ids that have
/// one of them behind their last `@`. With partitions they are looked for in each. (The sub-selects as above.)
pub(crate) async fn by_fas(
    conn: &impl ConnectionTrait,
    tenant: &str,
    fas: Vec<String>,
    indexes: Vec<String>,
    namespaces: Option<Vec<String>>,
) -> StoreResult<Vec<Mapping>> {
    if fas.is_empty() {
        return Ok(Vec::new());
    }
    sql::fetch_all(
        conn,
        "(SELECT DISTINCT ON (fa_value) id_value, fa_value, active, NULLIF(additional_info, '[]')::text AS additional_info
            FROM id_fa_mappings
           WHERE tenant_id = $1 AND fa_value = ANY((SELECT $2::text[])::text[]) AND left(fa_value, 4) <> 'enc:'
             AND ($4::text[] IS NULL OR lower(COALESCE(substring(id_value FROM '.*@(.*)$'), '')) = ANY($4))
           ORDER BY fa_value, active DESC, id_value)
         UNION ALL
         (SELECT DISTINCT ON (fa_index) id_value, fa_value, active, NULLIF(additional_info, '[]')::text AS additional_info
            FROM id_fa_mappings
           WHERE tenant_id = $1 AND fa_index = ANY((SELECT $3::text[])::text[]) AND left(fa_value, 4) = 'enc:'
             AND ($4::text[] IS NULL OR lower(COALESCE(substring(id_value FROM '.*@(.*)$'), '')) = ANY($4))
           ORDER BY fa_index, active DESC, id_value)",
        [tenant.into(), fas.into(), indexes.into(), namespaces.into()],
    )
    .await
}
