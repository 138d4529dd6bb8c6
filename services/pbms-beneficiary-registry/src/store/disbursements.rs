//! Disbursements: made, moved, counted, listed.

use storage::{ConnectionTrait, FromQueryResult, StoreResult, sql, sql::nullable};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::domain::disbursement::{DisbursementState, new_id};

/// An entitlement that is to be paid.
#[derive(Debug, FromQueryResult)]
struct Payable {
    household_id: String,
    payee: String,
    amount_minor: i64,
}

/// Makes the disbursements of the next batch of a benefit, each with its id, before anything is sent. Returns how many;
/// 0 when all are made.
pub async fn prepare_batch<C: ConnectionTrait>(
    tx: &C,
    tenant: &str,
    program: Uuid,
    cycle: Uuid,
    benefit: &str,
    size: i64,
    at: OffsetDateTime,
) -> StoreResult<usize> {
    let rows: Vec<Payable> = sql::fetch_all(
        tx,
        "SELECT e.household_id, e.payee, e.amount_minor FROM entitlements e
          WHERE e.tenant_id = $1 AND e.cycle_id = $2 AND e.benefit_code = $3
            AND e.household_id > coalesce((SELECT max(d.household_id) FROM disbursements d
                 WHERE d.tenant_id = $1 AND d.cycle_id = $2 AND d.benefit_code = $3), '')
          ORDER BY e.household_id LIMIT $4",
        [tenant.into(), cycle.into(), benefit.into(), size.into()],
    )
    .await?;
    if rows.is_empty() {
        return Ok(0);
    }
    let count = rows.len();
    let total: i64 = rows.iter().map(|row| row.amount_minor).sum();
    let ids: Vec<String> = rows.iter().map(|_| new_id()).collect();
    sql::execute(
        tx,
        include_str!("sql/prepare_batch.sql"),
        [
            tenant.into(),
            program.into(),
            cycle.into(),
            benefit.into(),
            Uuid::now_v7().into(),
            i32::try_from(count).unwrap_or(i32::MAX).into(),
            total.into(),
            at.into(),
            ids.into(),
            rows.iter().map(|row| row.household_id.clone()).collect::<Vec<_>>().into(),
            rows.iter().map(|row| row.payee.clone()).collect::<Vec<_>>().into(),
            rows.iter().map(|row| row.amount_minor).collect::<Vec<_>>().into(),
        ],
    )
    .await?;
    Ok(count)
}

/// Count and sum of the disbursements of one benefit.
#[derive(Debug, Clone, FromQueryResult)]
pub struct BenefitTotal {
    pub benefit_code: String,
    pub count: i64,
    pub total_minor: i64,
}

/// Count and sum by benefit: what the envelopes declare.
pub async fn totals_by_benefit<C: ConnectionTrait>(
    conn: &C,
    tenant: &str,
    cycle: Uuid,
) -> StoreResult<Vec<BenefitTotal>> {
    sql::fetch_all(
        conn,
        "SELECT benefit_code, count(*) AS count, sum(amount_minor)::bigint AS total_minor
           FROM disbursements WHERE tenant_id = $1 AND cycle_id = $2 GROUP BY benefit_code ORDER BY benefit_code",
        [tenant.into(), cycle.into()],
    )
    .await
}

/// News of one disbursement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct News {
    pub id: String,
    pub state: DisbursementState,
    pub reason: Option<String>,
    pub at: OffsetDateTime,
}

/// How many disbursements of a cycle went from one state to another.
#[derive(Debug, Clone, FromQueryResult)]
pub struct Moved {
    pub program_id: Uuid,
    pub cycle_id: Uuid,
    pub from_state: String,
    pub to_state: String,
    pub total_minor: i64,
}

/// Applies news that is further than what is known, and writes the history. At most one news a disbursement.
pub async fn apply_news<C: ConnectionTrait>(
    tx: &C,
    tenant: &str,
    cause: &str,
    news: &[News],
    at: OffsetDateTime,
) -> StoreResult<Vec<Moved>> {
    let ids: Vec<String> = news.iter().map(|n| n.id.clone()).collect();
    // Locked in one order first, so that two events never wait for each other; the next statement then sees what the
    // other one committed.
    sql::execute(
        tx,
        "SELECT d.id FROM UNNEST($2::text[]) AS given (id)
           JOIN disbursements d ON d.tenant_id = $1 AND d.id = given.id ORDER BY d.id FOR UPDATE OF d",
        [tenant.into(), ids.clone().into()],
    )
    .await?;
    sql::fetch_all(
        tx,
        include_str!("sql/apply_news.sql"),
        [
            tenant.into(),
            ids.into(),
            news.iter().map(|n| n.state.as_str().to_owned()).collect::<Vec<_>>().into(),
            news.iter().map(|n| n.state.rank()).collect::<Vec<_>>().into(),
            news.iter().map(|n| n.at).collect::<Vec<_>>().into(),
            nullable(news.iter().map(|n| n.reason.clone()).collect()),
            cause.into(),
            at.into(),
        ],
    )
    .await
}

/// Whether some disbursement of the cycle has no end state yet.
pub async fn any_open<C: ConnectionTrait>(conn: &C, tenant: &str, cycle: Uuid) -> StoreResult<bool> {
    let open: Option<bool> = sql::scalar(
        conn,
        "SELECT EXISTS (SELECT FROM disbursements WHERE tenant_id = $1 AND cycle_id = $2
                           AND state IN ('PENDING', 'RECEIVED', 'RESOLVED', 'SENT'))",
        [tenant.into(), cycle.into()],
    )
    .await?;
    Ok(open.unwrap_or(true))
}

/// Count and sum by state and reason.
#[derive(Debug, Clone, FromQueryResult)]
pub struct StateTotal {
    pub cycle_id: Uuid,
    pub state: String,
    pub reason: Option<String>,
    pub count: i64,
    pub total_minor: i64,
}

/// The disbursements of cycles by state and reason.
pub async fn totals_by_state<C: ConnectionTrait>(
    conn: &C,
    tenant: &str,
    cycles: &[Uuid],
) -> StoreResult<Vec<StateTotal>> {
    sql::fetch_all(
        conn,
        "SELECT cycle_id, state, reason, count(*) AS count, sum(amount_minor)::bigint AS total_minor
           FROM disbursements WHERE tenant_id = $1 AND cycle_id = ANY($2) GROUP BY cycle_id, state, reason",
        [tenant.into(), cycles.to_vec().into()],
    )
    .await
}

/// A disbursement in a list.
#[derive(Debug, Clone, FromQueryResult)]
pub struct DisbursementRow {
    pub id: String,
    pub benefit_code: String,
    pub household_id: String,
    pub payee: String,
    pub amount_minor: i64,
    pub state: String,
    pub reason: Option<String>,
    pub created_at: OffsetDateTime,
    pub state_at: OffsetDateTime,
}

/// Up to `limit` disbursements of a cycle after an id.
pub async fn list<C: ConnectionTrait>(
    conn: &C,
    tenant: &str,
    cycle: Uuid,
    after: &str,
    limit: i64,
) -> StoreResult<Vec<DisbursementRow>> {
    sql::fetch_all(
        conn,
        "SELECT id, benefit_code, household_id, payee, amount_minor, state, reason, created_at, state_at
           FROM disbursements WHERE tenant_id = $1 AND cycle_id = $2 AND id > $3 ORDER BY id LIMIT $4",
        [tenant.into(), cycle.into(), after.into(), limit.into()],
    )
    .await
}
