//! Lists for operators and for a beneficiary's own questions, each paged by key.

use sea_orm::{ConnectionTrait, FromQueryResult};
use storage::{StoreResult, sql};
use time::{Date, OffsetDateTime};
use uuid::Uuid;

/// A payment in a list over envelopes. Holds a pseudonym, no account.
#[derive(Debug, Clone, FromQueryResult)]
pub struct ListedPayment {
    /// Its id.
    pub disbursement_id: String,
    /// Its envelope.
    pub envelope_id: String,
    /// Its number in the envelope.
    pub seq: i64,
    /// The programme.
    pub benefit_program_mnemonic: String,
    /// The cycle.
    pub cycle_code_mnemonic: String,
    /// Whom it pays, by pseudonym.
    pub beneficiary_id: String,
    /// Minor units.
    pub amount_minor: i64,
    /// ISO 4217.
    pub currency: String,
    /// Where it stands.
    pub state: String,
    /// Why.
    pub reason: Option<String>,
    /// When it came.
    pub received_at: OffsetDateTime,
    /// Since when it stands there.
    pub updated_at: OffsetDateTime,
}

/// A cancelled envelope's payments are cancelled the moment the envelope is, though their rows follow later.
const STATE: &str = "CASE WHEN e.state = 'CANCELLED' AND d.state IN ('RECEIVED', 'RESOLVED') THEN 'CANCELLED' ELSE d.state END";
const COLUMNS: &str =
    "d.disbursement_id, d.envelope_id, d.seq, e.benefit_program_mnemonic, e.cycle_code_mnemonic,
        d.beneficiary_id, d.amount_minor, e.currency, d.reason, d.received_at, d.updated_at";

/// Payments in one state, of all envelopes or those of a programme, by envelope and number, after these. Only envelopes
/// whose tally has such payments are looked into.
pub async fn in_state<C: ConnectionTrait>(
    conn: &C,
    tenant: &str,
    state: &str,
    program: Option<&str>,
    after: (&str, i64),
    limit: i64,
) -> StoreResult<Vec<ListedPayment>> {
    let query = format!(
        "SELECT p.* FROM (
            SELECT t.envelope_id FROM envelope_tally AS t
             WHERE t.tenant_id = $1 AND t.state = $2 AND t.envelope_id >= $4
             GROUP BY t.envelope_id HAVING sum(t.count) > 0) AS t
          JOIN envelopes AS e ON e.tenant_id = $1 AND e.envelope_id = t.envelope_id
               AND ($3::text IS NULL OR e.benefit_program_mnemonic = $3)
         CROSS JOIN LATERAL (
            SELECT {COLUMNS}, d.state FROM disbursements AS d
             WHERE d.tenant_id = $1 AND d.envelope_id = t.envelope_id AND d.state = $2
               AND (t.envelope_id > $4 OR d.seq > $5)
             ORDER BY d.seq LIMIT $6) AS p
         ORDER BY p.envelope_id, p.seq LIMIT $6"
    );
    let values = [tenant.into(), state.into(), program.into(), after.0.into(), after.1.into(), limit.into()];
    sql::fetch_all(conn, &query, values).await
}

/// The payments of a beneficiary, by id, after `after`.
pub async fn of_beneficiary<C: ConnectionTrait>(
    conn: &C,
    tenant: &str,
    beneficiary_id: &str,
    after: &str,
    limit: i64,
) -> StoreResult<Vec<ListedPayment>> {
    let query = format!(
        "SELECT {COLUMNS}, {STATE} AS state FROM disbursements AS d
           JOIN envelopes AS e ON e.tenant_id = d.tenant_id AND e.envelope_id = d.envelope_id
          WHERE d.tenant_id = $1 AND d.beneficiary_id = $2 AND d.disbursement_id > $3
          ORDER BY d.disbursement_id LIMIT $4"
    );
    sql::fetch_all(conn, &query, [tenant.into(), beneficiary_id.into(), after.into(), limit.into()]).await
}

/// What a beneficiary got of a programme in a currency till date.
#[derive(Debug, Clone, FromQueryResult)]
pub struct BeneficiaryTotal {
    /// The programme.
    pub benefit_program_mnemonic: String,
    /// ISO 4217.
    pub currency: String,
    /// Payments that reached the account and stayed there.
    pub paid_count: i64,
    /// Their sum in minor units.
    pub paid_minor: i64,
    /// Payments on their way.
    pub open_count: i64,
    /// Their sum in minor units.
    pub open_minor: i64,
    /// Payments that came back or were refused.
    pub failed_count: i64,
    /// Their sum in minor units.
    pub failed_minor: i64,
    /// When the latest payment reached the account.
    pub last_paid_at: Option<OffsetDateTime>,
}

/// A beneficiary's totals by programme and currency. A payment that another one replaced counts as the other one only.
pub async fn totals<C: ConnectionTrait>(
    conn: &C,
    tenant: &str,
    beneficiary_id: &str,
) -> StoreResult<Vec<BeneficiaryTotal>> {
    let query = format!(
        "SELECT benefit_program_mnemonic, currency,
                count(*) FILTER (WHERE state = 'PAID') AS paid_count,
                COALESCE(sum(amount_minor) FILTER (WHERE state = 'PAID'), 0)::bigint AS paid_minor,
                count(*) FILTER (WHERE is_open) AS open_count,
                COALESCE(sum(amount_minor) FILTER (WHERE is_open), 0)::bigint AS open_minor,
                count(*) FILTER (WHERE state IN ('REVERSED', 'REJECTED')) AS failed_count,
                COALESCE(sum(amount_minor) FILTER (WHERE state IN ('REVERSED', 'REJECTED')), 0)::bigint AS failed_minor,
                max(updated_at) FILTER (WHERE state = 'PAID') AS last_paid_at
           FROM (SELECT e.benefit_program_mnemonic, e.currency, d.amount_minor, d.updated_at, {STATE} AS state,
                        {STATE} IN ('RECEIVED', 'RESOLVED', 'SENDING', 'UNKNOWN', 'ACCEPTED') AS is_open
                   FROM disbursements AS d
                   JOIN envelopes AS e ON e.tenant_id = d.tenant_id AND e.envelope_id = d.envelope_id
                  WHERE d.tenant_id = $1 AND d.beneficiary_id = $2
                    AND NOT EXISTS (SELECT FROM reissues AS r
                                     WHERE r.tenant_id = d.tenant_id AND r.original_id = d.disbursement_id)) AS own
          GROUP BY benefit_program_mnemonic, currency ORDER BY benefit_program_mnemonic, currency LIMIT 1000"
    );
    sql::fetch_all(conn, &query, [tenant.into(), beneficiary_id.into()]).await
}

/// A batch in a list.
#[derive(Debug, Clone, FromQueryResult)]
pub struct ListedBatch {
    /// Its id.
    pub batch_id: Uuid,
    /// Its envelope.
    pub envelope_id: String,
    /// Its number in the envelope.
    pub batch_no: i32,
    /// Payments.
    pub count: i64,
    /// Their sum in minor units.
    pub amount_minor: i64,
    /// ISO 4217.
    pub currency: String,
    /// `OPEN` or `DONE`.
    pub state: String,
    /// Rounds that ended without every payment being with the bank.
    pub rounds: i32,
    /// Why another one is needed.
    pub problem: Option<String>,
    /// When it was formed.
    pub created_at: OffsetDateTime,
    /// When it last changed.
    pub updated_at: OffsetDateTime,
}

/// Batches by id, after `after`: of an envelope or of all, in one state or in any.
pub async fn batches<C: ConnectionTrait>(
    conn: &C,
    tenant: &str,
    envelope_id: Option<&str>,
    state: Option<&str>,
    after: Uuid,
    limit: i64,
) -> StoreResult<Vec<ListedBatch>> {
    sql::fetch_all(
        conn,
        "SELECT b.batch_id, b.envelope_id, b.batch_no, b.count, b.amount_minor, e.currency, b.state, b.rounds, b.problem,
                b.created_at, b.updated_at
           FROM payment_batches AS b
           JOIN envelopes AS e ON e.tenant_id = b.tenant_id AND e.envelope_id = b.envelope_id
          WHERE b.tenant_id = $1 AND ($2::text IS NULL OR b.envelope_id = $2) AND ($3::text IS NULL OR b.state = $3)
            AND b.batch_id > $4
          ORDER BY b.batch_id LIMIT $5",
        [tenant.into(), envelope_id.into(), state.into(), after.into(), limit.into()],
    )
    .await
}

/// A payment with what its envelope says of it.
#[derive(Debug, Clone, FromQueryResult)]
pub struct OnePayment {
    /// Its id.
    pub disbursement_id: String,
    /// Its envelope.
    pub envelope_id: String,
    /// The programme.
    pub benefit_program_mnemonic: String,
    /// The cycle.
    pub cycle_code_mnemonic: String,
    /// The programme system's reference.
    pub mis_reference_number: Option<String>,
    /// Whom it pays, by pseudonym.
    pub beneficiary_id: String,
    /// Minor units.
    pub amount_minor: i64,
    /// ISO 4217.
    pub currency: String,
    /// Where it stands.
    pub state: String,
    /// Why.
    pub reason: Option<String>,
    /// When it came.
    pub received_at: OffsetDateTime,
    /// Since when it stands there.
    pub updated_at: OffsetDateTime,
    /// Kind of account.
    pub fa_type: Option<String>,
    /// The payee's bank or wallet provider.
    pub provider: Option<String>,
}

/// The payment of this id.
pub async fn payment<C: ConnectionTrait>(
    conn: &C,
    tenant: &str,
    id: &str,
) -> StoreResult<Option<OnePayment>> {
    let query = format!(
        "SELECT {COLUMNS}, {STATE} AS state, d.mis_reference_number, p.fa_type,
                COALESCE(p.bank_code, p.wallet_provider) AS provider
           FROM disbursements AS d
           JOIN envelopes AS e ON e.tenant_id = d.tenant_id AND e.envelope_id = d.envelope_id
           LEFT JOIN payees AS p ON p.tenant_id = d.tenant_id AND p.disbursement_id = d.disbursement_id
          WHERE d.tenant_id = $1 AND d.disbursement_id = $2"
    );
    sql::fetch_optional(conn, &query, [tenant.into(), id.into()]).await
}

/// An attempt to pay.
#[derive(Debug, Clone, FromQueryResult)]
pub struct ListedAttempt {
    /// From 1.
    pub attempt_no: i32,
    /// Where it stands.
    pub state: String,
    /// Why.
    pub reason: Option<String>,
    /// When it was sent.
    pub sent_at: OffsetDateTime,
    /// When it was answered.
    pub answered_at: Option<OffsetDateTime>,
}

/// The attempts of a payment, the latest last; at most 100.
pub async fn attempts<C: ConnectionTrait>(
    conn: &C,
    tenant: &str,
    id: &str,
) -> StoreResult<Vec<ListedAttempt>> {
    sql::fetch_all(
        conn,
        "SELECT * FROM (
            SELECT attempt_no, state, reason, sent_at, answered_at FROM payment_attempts
             WHERE tenant_id = $1 AND disbursement_id = $2 ORDER BY attempt_no DESC LIMIT 100) AS latest
          ORDER BY attempt_no",
        [tenant.into(), id.into()],
    )
    .await
}

/// A line of a statement that names a payment.
#[derive(Debug, Clone, FromQueryResult)]
pub struct NamingLine {
    /// Its statement.
    pub statement_id: Uuid,
    /// Position in the statement.
    pub entry_no: i64,
    /// `D`, `RD` …
    pub mark: String,
    /// Minor units.
    pub amount_minor: Option<i64>,
    /// When it was booked.
    pub entry_date: Option<Date>,
    /// The bank's reference.
    pub bank_ref: Option<String>,
    /// What was made of it.
    pub outcome: String,
    /// And its code.
    pub problem: Option<String>,
}

/// The lines that name a payment, oldest first; at most 100.
pub async fn lines<C: ConnectionTrait>(conn: &C, tenant: &str, id: &str) -> StoreResult<Vec<NamingLine>> {
    sql::fetch_all(
        conn,
        "SELECT statement_id, entry_no, mark, amount_minor, entry_date, bank_ref, outcome, problem FROM statement_lines
          WHERE tenant_id = $1 AND payment_ref = $2 ORDER BY created_at, entry_no LIMIT 100",
        [tenant.into(), id.into()],
    )
    .await
}
