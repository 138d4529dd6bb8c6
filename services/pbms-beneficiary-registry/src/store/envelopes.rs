//! Envelopes and batches: what was sent to the bridge, and what it answered.

use serde_json::Value;
use storage::{ConnectionTrait, FromQueryResult, StoreResult, sql};
use time::{Date, OffsetDateTime};
use uuid::Uuid;

use super::disbursements::BenefitTotal;

/// An envelope.
#[derive(Debug, Clone, FromQueryResult)]
pub struct EnvelopeRow {
    pub id: Uuid,
    pub benefit_code: String,
    pub bridge_envelope_id: Option<String>,
    pub disbursement_count: i64,
    pub total_minor: i64,
    pub schedule_date: Date,
}

/// Writes the envelope of a benefit unless it is there, and returns it.
pub async fn put_envelope<C: ConnectionTrait>(
    tx: &C,
    tenant: &str,
    cycle: Uuid,
    total: &BenefitTotal,
    schedule_date: Date,
    at: OffsetDateTime,
) -> StoreResult<EnvelopeRow> {
    sql::execute(
        tx,
        "INSERT INTO envelopes (tenant_id, cycle_id, benefit_code, id, disbursement_count, total_minor, schedule_date,
                                created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (tenant_id, cycle_id, benefit_code) DO NOTHING",
        [
            tenant.into(),
            cycle.into(),
            total.benefit_code.clone().into(),
            Uuid::now_v7().into(),
            total.count.into(),
            total.total_minor.into(),
            schedule_date.into(),
            at.into(),
        ],
    )
    .await?;
    sql::fetch_one(
        tx,
        "the envelope",
        "SELECT id, benefit_code, bridge_envelope_id, disbursement_count, total_minor, schedule_date
           FROM envelopes WHERE tenant_id = $1 AND cycle_id = $2 AND benefit_code = $3",
        [tenant.into(), cycle.into(), total.benefit_code.clone().into()],
    )
    .await
}

/// Stores the bridge's answer to an envelope: its id, or its complaint.
pub async fn envelope_answered<C: ConnectionTrait>(
    tx: &C,
    tenant: &str,
    cycle: Uuid,
    benefit: &str,
    answer: Result<&str, &str>,
    at: OffsetDateTime,
) -> StoreResult<()> {
    sql::execute(
        tx,
        "UPDATE envelopes SET bridge_envelope_id = coalesce($4, bridge_envelope_id), last_error = $5,
                accepted_at = CASE WHEN $4::text IS NULL THEN accepted_at ELSE $6 END
          WHERE tenant_id = $1 AND cycle_id = $2 AND benefit_code = $3",
        [tenant.into(), cycle.into(), benefit.into(), answer.ok().into(), answer.err().into(), at.into()],
    )
    .await?;
    Ok(())
}

/// Declares another day for an envelope that the bridge does not have.
pub async fn put_off<C: ConnectionTrait>(
    tx: &C,
    tenant: &str,
    cycle: Uuid,
    benefit: &str,
    day: Date,
) -> StoreResult<()> {
    sql::execute(
        tx,
        "UPDATE envelopes SET schedule_date = $4
          WHERE tenant_id = $1 AND cycle_id = $2 AND benefit_code = $3 AND bridge_envelope_id IS NULL",
        [tenant.into(), cycle.into(), benefit.into(), day.into()],
    )
    .await?;
    Ok(())
}

/// A batch that the bridge has not accepted yet.
#[derive(Debug, Clone, FromQueryResult)]
pub struct BatchRow {
    pub id: Uuid,
    pub benefit_code: String,
    pub sequence: i32,
    pub count: i32,
}

/// The next batch of a benefit after `after` that is neither accepted nor withdrawn; counts the attempt.
pub async fn next_batch<C: ConnectionTrait>(
    tx: &C,
    tenant: &str,
    cycle: Uuid,
    benefit: &str,
    after: i32,
) -> StoreResult<Option<BatchRow>> {
    sql::fetch_optional(
        tx,
        "UPDATE disbursement_batches b SET attempts = attempts + 1
          WHERE (b.tenant_id, b.cycle_id, b.benefit_code, b.sequence) = (
                SELECT tenant_id, cycle_id, benefit_code, sequence FROM disbursement_batches
                 WHERE tenant_id = $1 AND cycle_id = $2 AND benefit_code = $3 AND state IN ('pending', 'refused')
                   AND sequence > $4
                 ORDER BY sequence LIMIT 1)
         RETURNING b.id, b.benefit_code, b.sequence, b.count",
        [tenant.into(), cycle.into(), benefit.into(), after.into()],
    )
    .await
}

/// What is sent of a disbursement.
#[derive(Debug, Clone, FromQueryResult)]
pub struct Outgoing {
    pub id: String,
    pub state: String,
    pub payee: String,
    pub amount_minor: i64,
}

/// The disbursements of a batch, by id.
pub async fn of_batch<C: ConnectionTrait>(
    conn: &C,
    tenant: &str,
    cycle: Uuid,
    batch: &BatchRow,
) -> StoreResult<Vec<Outgoing>> {
    sql::fetch_all(
        conn,
        "SELECT id, state, payee, amount_minor FROM disbursements
          WHERE tenant_id = $1 AND cycle_id = $2 AND benefit_code = $3 AND batch = $4 ORDER BY id",
        [tenant.into(), cycle.into(), batch.benefit_code.clone().into(), batch.sequence.into()],
    )
    .await
}

/// Stores the bridge's answer to a batch.
#[allow(clippy::too_many_arguments, reason = "one column each")]
pub async fn batch_answered<C: ConnectionTrait>(
    tx: &C,
    tenant: &str,
    cycle: Uuid,
    batch: &BatchRow,
    state: &str,
    error: Option<&str>,
    row_errors: Value,
    at: OffsetDateTime,
) -> StoreResult<()> {
    sql::execute(
        tx,
        "UPDATE disbursement_batches SET state = $5, last_error = $6, row_errors = $7,
                accepted_at = CASE WHEN $5 = 'accepted' THEN $8 ELSE accepted_at END
          WHERE tenant_id = $1 AND cycle_id = $2 AND benefit_code = $3 AND sequence = $4",
        [
            tenant.into(),
            cycle.into(),
            batch.benefit_code.clone().into(),
            batch.sequence.into(),
            state.into(),
            error.into(),
            row_errors.into(),
            at.into(),
        ],
    )
    .await?;
    Ok(())
}

/// How the conversation with the bridge stands.
#[derive(Debug, Clone, FromQueryResult)]
pub struct BatchTotal {
    pub cycle_id: Uuid,
    pub state: String,
    pub count: i64,
    pub last_error: Option<String>,
}

/// Batches of cycles by state.
pub async fn batches_by_state<C: ConnectionTrait>(
    conn: &C,
    tenant: &str,
    cycles: &[Uuid],
) -> StoreResult<Vec<BatchTotal>> {
    sql::fetch_all(
        conn,
        "SELECT cycle_id, state, count(*) AS count, max(last_error) AS last_error
           FROM disbursement_batches WHERE tenant_id = $1 AND cycle_id = ANY($2) GROUP BY cycle_id, state",
        [tenant.into(), cycles.to_vec().into()],
    )
    .await
}

/// The bridge's id of an envelope, and its last complaint.
#[derive(Debug, Clone, FromQueryResult)]
pub struct EnvelopeView {
    pub cycle_id: Uuid,
    pub benefit_code: String,
    pub bridge_envelope_id: Option<String>,
    pub last_error: Option<String>,
}

/// Envelopes of cycles.
pub async fn envelopes<C: ConnectionTrait>(
    conn: &C,
    tenant: &str,
    cycles: &[Uuid],
) -> StoreResult<Vec<EnvelopeView>> {
    sql::fetch_all(
        conn,
        "SELECT cycle_id, benefit_code, bridge_envelope_id, last_error FROM envelopes WHERE tenant_id = $1 AND cycle_id = ANY($2)",
        [tenant.into(), cycles.to_vec().into()],
    )
    .await
}
