//! Records, runs and pairs.

use platform::Masked;
use sea_orm::{ConnectionTrait, FromQueryResult};
use serde_json::Value;
use storage::{StoreResult, sql};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::domain::ComparisonRecord;

/// Writes records; people who are not in the answer any more (merged, removed) leave the comparison.
pub(crate) async fn put_records(
    tx: &impl ConnectionTrait,
    tenant: &str,
    asked: &[Uuid],
    records: Vec<ComparisonRecord>,
) -> StoreResult<()> {
    sql::execute(
        tx,
        "DELETE FROM records WHERE tenant_id = $1 AND registrant_id = ANY($2) AND NOT registrant_id = ANY($3)",
        [
            tenant.into(),
            asked.to_vec().into(),
            records.iter().map(|r| r.registrant_id).collect::<Vec<_>>().into(),
        ],
    )
    .await?;
    // Lists of lists do not fit UNNEST: the rows travel as one JSON value that the server takes apart.
    let records: Vec<ComparisonRecord> = records.into_iter().map(ComparisonRecord::named).collect();
    let rows = serde_json::to_value(&records).unwrap_or_default();
    sql::execute(
        tx,
        "INSERT INTO records (tenant_id, registrant_id, household_id, given_name, family_name, additional_name, sex,
                              birth_date, birth_place, phones, id_hashes, address, village, district)
         SELECT $1, r.registrant_id, r.household_id, r.given_name, r.family_name, r.additional_name, r.sex,
                r.birth_date, r.birth_place, r.phones, r.id_hashes, r.address, r.village, r.district
           FROM jsonb_to_recordset($2) AS r (registrant_id uuid, household_id uuid, given_name text, family_name text,
                additional_name text, sex text, birth_date text, birth_place text, phones text[], id_hashes text[], address text,
                village text, district text)
         ON CONFLICT (tenant_id, registrant_id) DO UPDATE SET
                household_id = excluded.household_id, given_name = excluded.given_name,
                family_name = excluded.family_name, additional_name = excluded.additional_name, sex = excluded.sex,
                birth_date = excluded.birth_date,
                birth_place = excluded.birth_place, phones = excluded.phones, id_hashes = excluded.id_hashes,
                address = excluded.address, village = excluded.village, district = excluded.district,
                updated_at = now()",
        [tenant.into(), rows.into()],
    )
    .await?;
    Ok(())
}

#[derive(FromQueryResult)]
struct Row {
    record_no: i64,
    registrant_id: Uuid,
    household_id: Option<Uuid>,
    given_name: Option<String>,
    family_name: Option<String>,
    additional_name: Option<String>,
    sex: Option<String>,
    birth_date: Option<String>,
    birth_place: Option<String>,
    phones: Vec<String>,
    id_hashes: Vec<String>,
    address: Option<String>,
    village: Option<String>,
    district: Option<String>,
}

/// A record with the number the engine knows it by.
pub(crate) struct Numbered {
    pub(crate) record_no: i64,
    pub(crate) record: ComparisonRecord,
}

/// The records after a number, in order.
pub(crate) async fn records_after(
    conn: &impl ConnectionTrait,
    tenant: &str,
    after: i64,
    limit: i64,
) -> StoreResult<Vec<Numbered>> {
    let rows: Vec<Row> = sql::fetch_all(
        conn,
        "SELECT record_no, registrant_id, household_id, given_name, family_name, additional_name, sex, birth_date,
                birth_place, phones, id_hashes, address, village, district
           FROM records WHERE tenant_id = $1 AND record_no > $2 ORDER BY record_no LIMIT $3",
        [tenant.into(), after.into(), limit.into()],
    )
    .await?;
    let masked = |text: Option<String>| text.map(Masked::new);
    Ok(rows
        .into_iter()
        .map(|row| Numbered {
            record_no: row.record_no,
            record: ComparisonRecord {
                registrant_id: row.registrant_id,
                full_name: None,
                household_id: row.household_id,
                given_name: masked(row.given_name),
                family_name: masked(row.family_name),
                additional_name: masked(row.additional_name),
                sex: masked(row.sex),
                birth_date: masked(row.birth_date),
                birth_place: masked(row.birth_place),
                phones: row.phones.into_iter().map(Masked::new).collect(),
                id_hashes: row.id_hashes,
                address: masked(row.address),
                village: masked(row.village),
                district: masked(row.district),
            },
        })
        .collect())
}

/// Number of records.
pub(crate) async fn count_records(conn: &impl ConnectionTrait, tenant: &str) -> StoreResult<i64> {
    let count =
        sql::scalar(conn, "SELECT count(*) FROM records WHERE tenant_id = $1", [tenant.into()]).await?;
    Ok(count.unwrap_or(0))
}

/// A run as stored.
#[derive(Debug, Clone, FromQueryResult)]
pub(crate) struct Run {
    pub(crate) run_id: Uuid,
    pub(crate) state: String,
    pub(crate) model: String,
    pub(crate) min_probability: f64,
    pub(crate) requested_at: OffsetDateTime,
    pub(crate) finished_at: Option<OffsetDateTime>,
    pub(crate) records: i64,
    pub(crate) comparisons: i64,
    pub(crate) planned: i64,
    pub(crate) pairs: i64,
    pub(crate) seconds: f64,
    pub(crate) rules: Value,
    pub(crate) error: Option<String>,
}

/// Notes a run that was asked for.
pub(crate) async fn insert_run(
    tx: &impl ConnectionTrait,
    tenant: &str,
    run_id: Uuid,
    min_probability: f64,
    by: &str,
    at: OffsetDateTime,
) -> StoreResult<()> {
    sql::execute(
        tx,
        "INSERT INTO runs (tenant_id, run_id, state, model, min_probability, requested_by, requested_at)
         VALUES ($1, $2, 'queued', 'default', $3, $4, $5)",
        [tenant.into(), run_id.into(), min_probability.into(), by.into(), at.into()],
    )
    .await?;
    Ok(())
}

/// One run.
pub(crate) async fn run(conn: &impl ConnectionTrait, tenant: &str, run_id: Uuid) -> StoreResult<Option<Run>> {
    sql::fetch_optional(
        conn,
        "SELECT run_id, state, model, min_probability, requested_at, finished_at, records, comparisons, planned,
                pairs, seconds, rules, error
           FROM runs WHERE tenant_id = $1 AND run_id = $2",
        [tenant.into(), run_id.into()],
    )
    .await
}

/// Marks a run as begun.
pub(crate) async fn begin_run(conn: &impl ConnectionTrait, tenant: &str, run_id: Uuid) -> StoreResult<()> {
    sql::execute(
        conn,
        "UPDATE runs SET state = 'running', error = NULL, finished_at = NULL
          WHERE tenant_id = $1 AND run_id = $2",
        [tenant.into(), run_id.into()],
    )
    .await?;
    Ok(())
}

/// Stores how far a run is.
pub(crate) async fn run_progress(
    conn: &impl ConnectionTrait,
    tenant: &str,
    run_id: Uuid,
    records: i64,
    done: u64,
    planned: u64,
) -> StoreResult<()> {
    let count = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    sql::execute(
        conn,
        "UPDATE runs SET records = $3, comparisons = $4, planned = $5
          WHERE tenant_id = $1 AND run_id = $2 AND state = 'running'",
        [tenant.into(), run_id.into(), records.into(), count(done).into(), count(planned).into()],
    )
    .await?;
    Ok(())
}

/// Marks a run as failed.
pub(crate) async fn fail_run(
    conn: &impl ConnectionTrait,
    tenant: &str,
    run_id: Uuid,
    error: &str,
    at: OffsetDateTime,
) -> StoreResult<()> {
    sql::execute(
        conn,
        "UPDATE runs SET state = 'failed', error = $3, finished_at = $4 WHERE tenant_id = $1 AND run_id = $2",
        [tenant.into(), run_id.into(), error.into(), at.into()],
    )
    .await?;
    Ok(())
}

/// Figures of a finished run.
pub(crate) struct Figures {
    pub(crate) records: i64,
    pub(crate) comparisons: i64,
    pub(crate) pairs: i64,
    pub(crate) seconds: f64,
    pub(crate) rules: Value,
}

/// Marks a run as done.
pub(crate) async fn finish_run(
    tx: &impl ConnectionTrait,
    tenant: &str,
    run_id: Uuid,
    figures: Figures,
    at: OffsetDateTime,
) -> StoreResult<()> {
    sql::execute(
        tx,
        "UPDATE runs SET state = 'done', finished_at = $3, records = $4, comparisons = $5,
                planned = greatest(planned, $5), pairs = $6, seconds = $7,
                rules = $8 WHERE tenant_id = $1 AND run_id = $2",
        [
            tenant.into(),
            run_id.into(),
            at.into(),
            figures.records.into(),
            figures.comparisons.into(),
            figures.pairs.into(),
            figures.seconds.into(),
            figures.rules.into(),
        ],
    )
    .await?;
    Ok(())
}

/// A candidate pair.
#[derive(Debug, Clone, FromQueryResult)]
pub(crate) struct StoredPair {
    pub(crate) left_id: Uuid,
    pub(crate) right_id: Uuid,
    pub(crate) weight: f64,
    pub(crate) probability: f64,
    pub(crate) explanation: Option<Value>,
}

/// Writes pairs of a run. The same pair again changes nothing.
pub(crate) async fn insert_pairs(
    tx: &impl ConnectionTrait,
    tenant: &str,
    run_id: Uuid,
    pairs: &[StoredPair],
) -> StoreResult<()> {
    let explanations: Vec<Option<String>> =
        pairs.iter().map(|p| p.explanation.as_ref().map(Value::to_string)).collect();
    sql::execute(
        tx,
        "INSERT INTO pairs (tenant_id, run_id, left_id, right_id, weight, probability, explanation)
         SELECT $1, $2, t.l, t.r, t.w, t.p, t.e::jsonb
           FROM UNNEST($3::uuid[], $4::uuid[], $5::float8[], $6::float8[], $7::text[]) AS t (l, r, w, p, e)
         ON CONFLICT DO NOTHING",
        [
            tenant.into(),
            run_id.into(),
            pairs.iter().map(|p| p.left_id).collect::<Vec<_>>().into(),
            pairs.iter().map(|p| p.right_id).collect::<Vec<_>>().into(),
            pairs.iter().map(|p| p.weight).collect::<Vec<_>>().into(),
            pairs.iter().map(|p| p.probability).collect::<Vec<_>>().into(),
            sql::nullable(explanations),
        ],
    )
    .await?;
    Ok(())
}

/// Pairs of a run after a pair of ids, in the order of the ids.
pub(crate) async fn pairs_after(
    conn: &impl ConnectionTrait,
    tenant: &str,
    run_id: Uuid,
    after: (Uuid, Uuid),
    limit: i64,
) -> StoreResult<Vec<StoredPair>> {
    sql::fetch_all(
        conn,
        "SELECT left_id, right_id, weight, probability, explanation FROM pairs
          WHERE tenant_id = $1 AND run_id = $2 AND (left_id, right_id) > ($3, $4)
          ORDER BY left_id, right_id LIMIT $5",
        [tenant.into(), run_id.into(), after.0.into(), after.1.into(), limit.into()],
    )
    .await
}
