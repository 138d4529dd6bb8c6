//! What is known of one person.

use storage::{ConnectionTrait, FromQueryResult, StoreResult, sql};
use time::{Date, OffsetDateTime};
use uuid::Uuid;

/// A household of the person in a programme.
#[derive(Debug, Clone, FromQueryResult)]
pub struct Participation {
    pub program_id: Uuid,
    pub mnemonic: String,
    pub name: String,
    pub currency: String,
    pub household_id: String,
    pub member_id: String,
    pub payee: Option<String>,
    pub state: Option<String>,
    pub reason: Option<String>,
    pub since: Option<OffsetDateTime>,
}

/// Every programme and household in which somebody with this identifier is or was a member; also those that did not pull
/// identifiers, because a person has one pseudonym everywhere.
pub async fn participations<C: ConnectionTrait>(
    conn: &C,
    tenant: &str,
    id_type: &str,
    hash: &str,
) -> StoreResult<Vec<Participation>> {
    sql::fetch_all(
        conn,
        "SELECT p.id AS program_id, p.mnemonic, p.name, p.currency, m.household_id, m.member_id, s.payee, s.state,
                s.reason, s.updated_at AS since
           FROM (SELECT DISTINCT member_id FROM identifiers
                  WHERE tenant_id = $1 AND id_type = $2 AND value_hash = $3) i
           JOIN members m ON m.tenant_id = $1 AND m.member_id = i.member_id
           JOIN programs p ON p.tenant_id = $1 AND p.id = m.program_id
           LEFT JOIN memberships s ON s.tenant_id = m.tenant_id AND s.program_id = m.program_id
                AND s.household_id = m.household_id
          ORDER BY p.mnemonic, m.active DESC, m.household_id, m.member_id LIMIT 200",
        [tenant.into(), id_type.into(), hash.into()],
    )
    .await
}

/// An entitlement with its payment.
#[derive(Debug, Clone, FromQueryResult)]
pub struct EntitlementRow {
    pub program_id: Uuid,
    pub household_id: String,
    pub cycle_id: Uuid,
    pub cycle_name: String,
    pub cycle_state: String,
    pub schedule_date: Date,
    pub benefit_code: String,
    pub amount_minor: i64,
    pub disbursement_id: Option<String>,
    pub state: Option<String>,
    pub reason: Option<String>,
    pub created_at: Option<OffsetDateTime>,
    pub state_at: Option<OffsetDateTime>,
}

/// Entitlements of households, newest cycle first.
pub async fn entitlements<C: ConnectionTrait>(
    conn: &C,
    tenant: &str,
    households: &[String],
) -> StoreResult<Vec<EntitlementRow>> {
    sql::fetch_all(
        conn,
        "SELECT c.program_id, e.household_id, e.cycle_id, c.name AS cycle_name, c.state AS cycle_state, c.schedule_date,
                e.benefit_code, e.amount_minor, d.id AS disbursement_id, d.state, d.reason, d.created_at, d.state_at
           FROM entitlements e
           JOIN cycles c ON c.tenant_id = e.tenant_id AND c.id = e.cycle_id
           LEFT JOIN disbursements d ON d.tenant_id = e.tenant_id AND d.cycle_id = e.cycle_id
                AND d.household_id = e.household_id AND d.benefit_code = e.benefit_code
          WHERE e.tenant_id = $1 AND e.household_id = ANY($2)
          ORDER BY c.schedule_date DESC, c.sequence DESC, e.benefit_code LIMIT 1000",
        [tenant.into(), households.to_vec().into()],
    )
    .await
}

/// A line of an entitlement.
#[derive(Debug, Clone, FromQueryResult)]
pub struct LineRow {
    pub cycle_id: Uuid,
    pub household_id: String,
    pub benefit_code: String,
    pub kind: String,
    pub quantity: i64,
    pub unit_minor: i64,
}

/// Lines of households' entitlements, in order.
pub async fn lines<C: ConnectionTrait>(
    conn: &C,
    tenant: &str,
    cycles: &[Uuid],
    households: &[String],
) -> StoreResult<Vec<LineRow>> {
    sql::fetch_all(
        conn,
        "SELECT cycle_id, household_id, benefit_code, kind, quantity, unit_minor FROM entitlement_lines
          WHERE tenant_id = $1 AND cycle_id = ANY($2) AND household_id = ANY($3)
          ORDER BY cycle_id, household_id, benefit_code, line",
        [tenant.into(), cycles.to_vec().into(), households.to_vec().into()],
    )
    .await
}

/// A state that a disbursement went through.
#[derive(Debug, Clone, FromQueryResult)]
pub struct HistoryRow {
    pub disbursement_id: String,
    pub to_state: String,
    pub reason: Option<String>,
    pub at: OffsetDateTime,
}

/// States of disbursements, oldest first.
pub async fn history<C: ConnectionTrait>(
    conn: &C,
    tenant: &str,
    ids: &[String],
) -> StoreResult<Vec<HistoryRow>> {
    sql::fetch_all(
        conn,
        "SELECT disbursement_id, to_state, reason, at FROM disbursement_history
          WHERE tenant_id = $1 AND disbursement_id = ANY($2) ORDER BY disbursement_id, id",
        [tenant.into(), ids.to_vec().into()],
    )
    .await
}

/// A payment of a payee.
#[derive(Debug, Clone, FromQueryResult)]
pub struct PayeeRow {
    pub id: String,
    pub program_name: String,
    pub mnemonic: String,
    pub currency: String,
    pub cycle_name: String,
    pub schedule_date: Date,
    pub benefit_code: String,
    pub amount_minor: i64,
    pub state: String,
    pub reason: Option<String>,
    pub created_at: OffsetDateTime,
    pub state_at: OffsetDateTime,
}

/// Payments of a payee, newest first.
pub async fn payments<C: ConnectionTrait>(conn: &C, tenant: &str, payee: &str) -> StoreResult<Vec<PayeeRow>> {
    sql::fetch_all(
        conn,
        "SELECT d.id, p.name AS program_name, p.mnemonic, p.currency, c.name AS cycle_name, c.schedule_date,
                d.benefit_code, d.amount_minor, d.state, d.reason, d.created_at, d.state_at
           FROM disbursements d
           JOIN programs p ON p.tenant_id = d.tenant_id AND p.id = d.program_id
           JOIN cycles c ON c.tenant_id = d.tenant_id AND c.id = d.cycle_id
          WHERE d.tenant_id = $1 AND d.payee = $2
          ORDER BY d.created_at DESC, d.id LIMIT 500",
        [tenant.into(), payee.into()],
    )
    .await
}
