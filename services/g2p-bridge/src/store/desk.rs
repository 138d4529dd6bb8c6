//! What the page of an envelope shows besides its totals.

use sea_orm::{ConnectionTrait, FromQueryResult};
use storage::{StoreResult, sql};
use time::OffsetDateTime;

/// A payment that did not reach its payee, or of which nobody knows.
#[derive(Debug, Clone, FromQueryResult)]
pub struct ProblemPayment {
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
}

/// Such payments of an envelope after the number `after`.
pub async fn problem_payments<C: ConnectionTrait>(
    conn: &C,
    tenant: &str,
    envelope_id: &str,
    after: i64,
    limit: i64,
) -> StoreResult<Vec<ProblemPayment>> {
    sql::fetch_all(
        conn,
        "SELECT seq, disbursement_id, beneficiary_id, amount_minor, state, reason FROM disbursements
          WHERE tenant_id = $1 AND envelope_id = $2 AND seq > $3 AND state IN ('UNKNOWN', 'REJECTED', 'REVERSED')
          ORDER BY seq LIMIT $4",
        [tenant.into(), envelope_id.into(), after.into(), limit.into()],
    )
    .await
}

/// A statement line in doubt that names a payment.
#[derive(Debug, Clone, FromQueryResult)]
pub struct DoubtfulLine {
    /// The payment.
    pub payment_ref: String,
    /// `D`, `RD` or `?`.
    pub mark: String,
    /// Minor units.
    pub amount_minor: Option<i64>,
    /// ISO 4217.
    pub currency: Option<String>,
    /// What is wrong; empty for a line that waits for another one.
    pub problem: Option<String>,
}

/// Lines in doubt that name payments of an envelope.
pub async fn doubtful_lines<C: ConnectionTrait>(
    conn: &C,
    tenant: &str,
    envelope_id: &str,
    limit: i64,
) -> StoreResult<Vec<DoubtfulLine>> {
    sql::fetch_all(
        conn,
        "SELECT l.payment_ref, l.mark, l.amount_minor, l.currency, l.problem
           FROM statement_lines AS l
           JOIN disbursements AS d ON d.tenant_id = l.tenant_id AND d.disbursement_id = l.payment_ref
          WHERE l.tenant_id = $1 AND l.outcome IN ('PROBLEM', 'WAITING') AND d.envelope_id = $2
          ORDER BY l.line_key LIMIT $3",
        [tenant.into(), envelope_id.into(), limit.into()],
    )
    .await
}

/// One entry of a history.
#[derive(Debug, Clone, FromQueryResult)]
pub struct Happened {
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

/// The newest entries of a history, newest first.
pub async fn newest_history<C: ConnectionTrait>(
    conn: &C,
    tenant: &str,
    subject: &str,
    limit: i64,
) -> StoreResult<Vec<Happened>> {
    sql::fetch_all(
        conn,
        "SELECT at, actor, action, before, after, reason FROM state_changes
          WHERE tenant_id = $1 AND subject = $2 ORDER BY id DESC LIMIT $3",
        [tenant.into(), subject.into(), limit.into()],
    )
    .await
}
