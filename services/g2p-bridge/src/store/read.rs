//! What status operations and the read API show.

use sea_orm::{ConnectionTrait, FromQueryResult, sqlx};
use storage::{Db, StoreResult, sql};
use time::{Date, OffsetDateTime};
use uuid::Uuid;

/// A cancelled envelope's payments are cancelled the moment the envelope is, though their rows follow later.
const STATE: &str = "CASE WHEN e.state = 'CANCELLED' AND d.state IN ('RECEIVED', 'RESOLVED') THEN 'CANCELLED' ELSE d.state END";

/// A payment's state, as others are told of it, with a statement line that names it. Holds a name, so it has no `Debug`.
#[derive(Clone, FromQueryResult)]
pub struct PaymentStatus {
    /// Its id, as it was asked for.
    pub disbursement_id: String,
    /// Its envelope; nothing of the payment is there when the id is not known.
    pub envelope_id: Option<String>,
    /// Where it stands; `CANCELLED` as soon as its envelope is.
    pub state: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// Since when.
    pub updated_at: Option<OffsetDateTime>,
    /// The batch it was last sent in, when the line shows that it was paid.
    pub batch_id: Option<Uuid>,
    /// What was made of the line; nothing of a line is there when none names the payment.
    pub outcome: Option<String>,
    /// And its code.
    pub problem: Option<String>,
    /// The bank's reference.
    pub bank_ref: Option<String>,
    /// The payee, as the bank has them.
    pub payee_name: Option<String>,
    /// Why it came back.
    pub reversal_reason: Option<String>,
    /// Its statement.
    pub statement_id: Option<Uuid>,
    /// The statement's number at the bank.
    pub statement_number: Option<String>,
    /// The statement's page.
    pub sequence_number: Option<String>,
    /// Position in the statement.
    pub entry_no: Option<i64>,
    /// When it was booked.
    pub entry_date: Option<Date>,
    /// From when it counts.
    pub value_date: Option<Date>,
}

/// The states of payments: as many rows for each id as there are lines that name it, and at least one.
pub async fn statuses(db: &Db, tenant: &str, ids: &[String]) -> StoreResult<Vec<PaymentStatus>> {
    let query = sqlx::query(include_str!("sql/statuses.sql")).bind(tenant).bind(ids);
    sql::fetch_all_afresh(db, query).await
}

/// A payment in a list.
#[derive(Debug, Clone, FromQueryResult)]
pub struct ListedPayment {
    /// Its number: the cursor.
    pub seq: i64,
    /// Its id.
    pub disbursement_id: String,
    /// Whom it pays, by pseudonym.
    pub beneficiary_id: String,
    /// Minor units.
    pub amount_minor: i64,
    /// Where it stands.
    pub state: String,
    /// Why.
    pub reason: Option<String>,
    /// When it came.
    pub received_at: OffsetDateTime,
    /// Since when it stands there.
    pub updated_at: OffsetDateTime,
}

/// Payments of an envelope in the order of their numbers, after `after`; all states, or one.
pub async fn payments<C: ConnectionTrait>(
    conn: &C,
    tenant: &str,
    envelope_id: &str,
    state: Option<&str>,
    after: i64,
    limit: i64,
) -> StoreResult<Vec<ListedPayment>> {
    let query = format!(
        "SELECT d.seq, d.disbursement_id, d.beneficiary_id, d.amount_minor, {STATE} AS state, d.reason, d.received_at,
                d.updated_at
           FROM disbursements AS d
           JOIN envelopes AS e ON e.tenant_id = d.tenant_id AND e.envelope_id = d.envelope_id
          WHERE d.tenant_id = $1 AND d.envelope_id = $2 AND d.seq > $3 AND ($4::text IS NULL OR {STATE} = $4)
          ORDER BY d.seq LIMIT $5"
    );
    let values = [tenant.into(), envelope_id.into(), after.into(), state.into(), limit.into()];
    sql::fetch_all(conn, &query, values).await
}

/// One entry of a history.
#[derive(Debug, Clone, FromQueryResult)]
pub struct HistoryEntry {
    /// Its number: the cursor.
    pub id: i64,
    /// When.
    pub at: OffsetDateTime,
    /// Who.
    pub actor: String,
    /// What was done.
    pub action: String,
    /// The state before.
    pub before: Option<String>,
    /// The state after.
    pub after: String,
    /// Why.
    pub reason: Option<String>,
}

/// The history of a subject, oldest first, after the entry `after`.
pub async fn history<C: ConnectionTrait>(
    conn: &C,
    tenant: &str,
    subject: &str,
    after: i64,
    limit: i64,
) -> StoreResult<Vec<HistoryEntry>> {
    sql::fetch_all(
        conn,
        "SELECT id, at, actor, action, before, after, reason FROM state_changes
          WHERE tenant_id = $1 AND subject = $2 AND id > $3 ORDER BY id LIMIT $4",
        [tenant.into(), subject.into(), after.into(), limit.into()],
    )
    .await
}

/// The calls and states of one `disbursement_batch_control_id`.
#[derive(Debug, Clone, FromQueryResult)]
pub struct BatchControl {
    /// Its envelope.
    pub envelope_id: String,
    /// Payments in it.
    pub count: i64,
    /// Still without an account.
    pub unresolved: i64,
    /// With an account, not with the bank.
    pub unsent: i64,
    /// When one of them last changed.
    pub changed_at: Option<OffsetDateTime>,
}

/// Where a batch of the sender stands.
pub async fn batch_control<C: ConnectionTrait>(
    conn: &C,
    tenant: &str,
    id: &str,
) -> StoreResult<Option<BatchControl>> {
    sql::fetch_optional(
        conn,
        "SELECT b.envelope_id, count(d.disbursement_id) AS count,
                count(*) FILTER (WHERE d.state = 'RECEIVED') AS unresolved,
                count(*) FILTER (WHERE d.state IN ('RESOLVED', 'SENDING', 'UNKNOWN')) AS unsent,
                max(d.updated_at) AS changed_at
           FROM receive_batches AS b
           LEFT JOIN disbursements AS d ON d.tenant_id = b.tenant_id AND d.envelope_id = b.envelope_id
                AND d.batch_control_id = b.batch_control_id
          WHERE b.tenant_id = $1 AND b.batch_control_id = $2 GROUP BY b.envelope_id",
        [tenant.into(), id.into()],
    )
    .await
}

/// A line that a person must look at.
#[derive(Debug, Clone, FromQueryResult)]
pub struct ProblemLine {
    /// Identity: the cursor.
    pub line_key: String,
    /// Its statement.
    pub statement_id: Uuid,
    /// The statement's account.
    pub account_number: String,
    /// Position in the statement.
    pub entry_no: i64,
    /// `D`, `RD` or `?`.
    pub mark: String,
    /// Minor units.
    pub amount_minor: Option<i64>,
    /// ISO 4217.
    pub currency: Option<String>,
    /// The payment it names.
    pub payment_ref: Option<String>,
    /// The bank's reference.
    pub bank_ref: Option<String>,
    /// `PROBLEM` or `WAITING`.
    pub outcome: String,
    /// What is wrong.
    pub problem: Option<String>,
}

/// Lines that are in doubt, in the order of their keys, after `after`.
pub async fn problem_lines<C: ConnectionTrait>(
    conn: &C,
    tenant: &str,
    after: &str,
    limit: i64,
) -> StoreResult<Vec<ProblemLine>> {
    sql::fetch_all(
        conn,
        "SELECT l.line_key, l.statement_id, s.account_number, l.entry_no, l.mark, l.amount_minor, l.currency,
                l.payment_ref, l.bank_ref, l.outcome, l.problem
           FROM statement_lines AS l
           JOIN statements AS s ON s.tenant_id = l.tenant_id AND s.statement_id = l.statement_id
          WHERE l.tenant_id = $1 AND l.outcome IN ('PROBLEM', 'WAITING') AND l.line_key > $2
          ORDER BY l.line_key LIMIT $3",
        [tenant.into(), after.into(), limit.into()],
    )
    .await
}
