//! Cycles and the money reserved for them.

use storage::{ConnectionTrait, FromQueryResult, StoreError, StoreResult, sql};
use time::{Date, OffsetDateTime};
use uuid::Uuid;

use crate::domain::cycle::CycleState;

/// A cycle, with what is always needed of its programme.
#[derive(Debug, Clone, FromQueryResult)]
pub struct CycleRow {
    pub id: Uuid,
    pub number: i64,
    pub program_id: Uuid,
    pub rule_version: i32,
    pub name: String,
    pub sequence: i32,
    pub schedule_date: Date,
    pub state: String,
    pub entitlement_state: String,
    pub entitlement_count: i64,
    pub household_count: i64,
    pub total_minor: i64,
    pub reserved_minor: i64,
    pub submitted_by: Option<String>,
    pub approved_by: Option<String>,
    pub approved_at: Option<OffsetDateTime>,
    pub approved_count: Option<i64>,
    pub approved_minor: Option<i64>,
    pub traceparent: Option<String>,
    pub disbursing_at: Option<OffsetDateTime>,
    pub finished_at: Option<OffsetDateTime>,
    pub currency: String,
}

impl CycleRow {
    /// The state as a type.
    ///
    /// # Errors
    /// When a newer version wrote a state this one does not know.
    pub fn state(&self) -> StoreResult<CycleState> {
        CycleState::parse(&self.state).ok_or_else(|| {
            StoreError::Other(format!("cycles.state is '{}', which this version does not know", self.state))
        })
    }
}

const SELECT: &str = "SELECT c.id, c.number, c.program_id, c.rule_version, c.name, c.sequence, c.schedule_date, c.state, \
    c.entitlement_state, c.entitlement_count, c.household_count, c.total_minor, c.reserved_minor, c.submitted_by, \
    c.approved_by, c.approved_at, c.approved_count, c.approved_minor, c.traceparent, c.disbursing_at, c.finished_at, \
    p.currency \
    FROM cycles c JOIN programs p ON p.tenant_id = c.tenant_id AND p.id = c.program_id";

/// A cycle by id.
pub async fn find<C: ConnectionTrait>(conn: &C, tenant: &str, id: Uuid) -> StoreResult<Option<CycleRow>> {
    let sql = format!("{SELECT} WHERE c.tenant_id = $1 AND c.id = $2");
    sql::fetch_optional(conn, &sql, [tenant.into(), id.into()]).await
}

/// The cycle of a programme with this name.
pub async fn find_by_name<C: ConnectionTrait>(
    conn: &C,
    tenant: &str,
    program: Uuid,
    name: &str,
) -> StoreResult<Option<CycleRow>> {
    let sql = format!("{SELECT} WHERE c.tenant_id = $1 AND c.program_id = $2 AND c.name = $3");
    sql::fetch_optional(conn, &sql, [tenant.into(), program.into(), name.into()]).await
}

/// A cycle by id, locked until the transaction ends.
pub async fn lock<C: ConnectionTrait>(tx: &C, tenant: &str, id: Uuid) -> StoreResult<CycleRow> {
    let sql = format!("{SELECT} WHERE c.tenant_id = $1 AND c.id = $2 FOR UPDATE OF c");
    sql::fetch_one(tx, "the cycle", &sql, [tenant.into(), id.into()]).await
}

/// Cycles of a programme after a sequence number.
pub async fn list<C: ConnectionTrait>(
    conn: &C,
    tenant: &str,
    program: Uuid,
    after: i32,
    limit: i64,
) -> StoreResult<Vec<CycleRow>> {
    let sql = format!(
        "{SELECT} WHERE c.tenant_id = $1 AND c.program_id = $2 AND c.sequence > $3 ORDER BY c.sequence LIMIT $4"
    );
    sql::fetch_all(conn, &sql, [tenant.into(), program.into(), after.into(), limit.into()]).await
}

/// A cycle to be written.
#[derive(Debug)]
pub struct NewCycle<'a> {
    pub id: Uuid,
    pub program_id: Uuid,
    pub rule_version: i32,
    pub name: &'a str,
    pub sequence: i32,
    pub schedule_date: Date,
    pub actor: &'a str,
    pub at: OffsetDateTime,
}

/// Writes a draft.
pub async fn insert<C: ConnectionTrait>(tx: &C, tenant: &str, new: &NewCycle<'_>) -> StoreResult<()> {
    sql::execute(
        tx,
        "INSERT INTO cycles (tenant_id, id, program_id, rule_version, name, sequence, schedule_date, created_at, created_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        [
            tenant.into(),
            new.id.into(),
            new.program_id.into(),
            new.rule_version.into(),
            new.name.into(),
            new.sequence.into(),
            new.schedule_date.into(),
            new.at.into(),
            new.actor.into(),
        ],
    )
    .await?;
    note(tx, tenant, new.id, None, CycleState::Draft, new.actor, "", new.at).await
}

/// Appends to the history.
#[allow(clippy::too_many_arguments, reason = "one column each")]
pub async fn note<C: ConnectionTrait>(
    tx: &C,
    tenant: &str,
    id: Uuid,
    from: Option<CycleState>,
    to: CycleState,
    actor: &str,
    reason: &str,
    at: OffsetDateTime,
) -> StoreResult<()> {
    sql::execute(
        tx,
        "INSERT INTO cycle_history (tenant_id, cycle_id, from_state, to_state, actor, reason, at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        [
            tenant.into(),
            id.into(),
            from.map(CycleState::as_str).into(),
            to.as_str().into(),
            actor.into(),
            reason.into(),
            at.into(),
        ],
    )
    .await?;
    Ok(())
}

/// Stores that entitlements are being computed, or were.
pub async fn set_entitlements<C: ConnectionTrait>(
    tx: &C,
    tenant: &str,
    id: Uuid,
    state: &str,
    totals: super::entitlements::Totals,
) -> StoreResult<()> {
    sql::execute(
        tx,
        "UPDATE cycles SET entitlement_state = $3, entitlement_count = $4, household_count = $5, total_minor = $6
          WHERE tenant_id = $1 AND id = $2",
        [
            tenant.into(),
            id.into(),
            state.into(),
            totals.entitlements.into(),
            totals.households.into(),
            totals.total_minor.into(),
        ],
    )
    .await?;
    Ok(())
}

/// The maker's part.
pub async fn set_submitted<C: ConnectionTrait>(
    tx: &C,
    tenant: &str,
    id: Uuid,
    actor: &str,
    at: OffsetDateTime,
) -> StoreResult<()> {
    sql::execute(
        tx,
        "UPDATE cycles SET state = 'to_approve', submitted_by = $3, submitted_at = $4 WHERE tenant_id = $1 AND id = $2",
        [tenant.into(), id.into(), actor.into(), at.into()],
    )
    .await?;
    Ok(())
}

/// Back to the maker.
pub async fn set_returned<C: ConnectionTrait>(tx: &C, tenant: &str, id: Uuid) -> StoreResult<()> {
    sql::execute(
        tx,
        "UPDATE cycles SET state = 'draft', submitted_by = NULL, submitted_at = NULL WHERE tenant_id = $1 AND id = $2",
        [tenant.into(), id.into()],
    )
    .await?;
    Ok(())
}

/// The checker's part: amounts are frozen, the payments will belong to this trace.
pub async fn set_approved<C: ConnectionTrait>(
    tx: &C,
    tenant: &str,
    id: Uuid,
    actor: &str,
    traceparent: Option<String>,
    at: OffsetDateTime,
) -> StoreResult<()> {
    sql::execute(
        tx,
        "UPDATE cycles SET state = 'approved', approved_by = $3, approved_at = $4, traceparent = $5,
                approved_count = entitlement_count, approved_minor = total_minor
          WHERE tenant_id = $1 AND id = $2",
        [tenant.into(), id.into(), actor.into(), at.into(), traceparent.into()],
    )
    .await?;
    Ok(())
}

/// Payments begin.
pub async fn set_disbursing<C: ConnectionTrait>(
    tx: &C,
    tenant: &str,
    id: Uuid,
    actor: &str,
    at: OffsetDateTime,
) -> StoreResult<()> {
    sql::execute(
        tx,
        "UPDATE cycles SET state = 'disbursing', disbursed_by = $3, disbursing_at = $4 WHERE tenant_id = $1 AND id = $2",
        [tenant.into(), id.into(), actor.into(), at.into()],
    )
    .await?;
    Ok(())
}

/// The end, one way or the other.
pub async fn set_ended<C: ConnectionTrait>(
    tx: &C,
    tenant: &str,
    id: Uuid,
    state: CycleState,
    at: OffsetDateTime,
) -> StoreResult<()> {
    sql::execute(
        tx,
        "UPDATE cycles SET state = $3, finished_at = $4 WHERE tenant_id = $1 AND id = $2",
        [tenant.into(), id.into(), state.as_str().into(), at.into()],
    )
    .await?;
    Ok(())
}

/// Money of a programme in minor units.
#[derive(Debug, Clone, FromQueryResult)]
pub struct FundRow {
    pub program_id: Uuid,
    pub currency: String,
    pub deposited_minor: i64,
    pub reserved_minor: i64,
    pub spent_minor: i64,
}

impl FundRow {
    /// What is free.
    #[must_use]
    pub const fn available_minor(&self) -> i64 {
        self.deposited_minor - self.reserved_minor - self.spent_minor
    }
}

/// The account of a programme.
pub async fn fund<C: ConnectionTrait>(conn: &C, tenant: &str, program: Uuid) -> StoreResult<Option<FundRow>> {
    sql::fetch_optional(
        conn,
        "SELECT program_id, currency, deposited_minor, reserved_minor, spent_minor
           FROM fund_accounts WHERE tenant_id = $1 AND program_id = $2",
        [tenant.into(), program.into()],
    )
    .await
}

/// A change of an account.
#[derive(Debug, Clone, Copy)]
pub struct FundChange<'a> {
    pub program: Uuid,
    pub cycle: Option<Uuid>,
    pub kind: &'static str,
    pub deposited: i64,
    pub reserved: i64,
    pub spent: i64,
    pub actor: &'a str,
    pub note: &'a str,
    pub at: OffsetDateTime,
}

/// Changes the account, its ledger and what is reserved for the cycle. Returns `false`, with nothing changed, when the
/// account would be overspent.
pub async fn change_fund<C: ConnectionTrait>(
    tx: &C,
    tenant: &str,
    change: &FundChange<'_>,
) -> StoreResult<bool> {
    let changed = sql::execute(
        tx,
        include_str!("sql/change_fund.sql"),
        [
            tenant.into(),
            change.program.into(),
            change.cycle.into(),
            change.kind.into(),
            change.deposited.into(),
            change.reserved.into(),
            change.spent.into(),
            change.actor.into(),
            change.note.into(),
            change.at.into(),
        ],
    )
    .await?;
    if changed > 0
        && let Some(cycle) = change.cycle
        && change.reserved != 0
    {
        sql::execute(
            tx,
            "UPDATE cycles SET reserved_minor = reserved_minor + $3 WHERE tenant_id = $1 AND id = $2",
            [tenant.into(), cycle.into(), change.reserved.into()],
        )
        .await?;
    }
    Ok(changed > 0)
}
