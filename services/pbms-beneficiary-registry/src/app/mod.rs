//! Use cases. Each asks for its permission first and owns its transaction.

pub mod approvals;
pub mod cycles;
pub mod funds;
pub mod lookups;
pub mod model;
pub mod programs;
pub mod runs;
pub mod settlement;

use std::sync::Arc;

use platform::{ApiError, ApiResult, Clock, Ctx, HttpClient, Permission, once_by_key};
use serde::{Serialize, de::DeserializeOwned};
use storage::{DatabaseTransaction, Db, StoreResult, sql};
use time::Date;

use crate::{config::Config, domain::identifier::IdHasher};

/// See programmes, runs, cycles and disbursements.
pub const READ: Permission = Permission::new("pbms:read");
/// Define programmes, start runs, make and submit cycles.
pub const WRITE: Permission = Permission::new("pbms:write");
/// Decide on what somebody else submitted.
pub const APPROVE: Permission = Permission::new("pbms:approve");
/// Find a person by an identifier.
pub const LOOKUP: Permission = Permission::new("pbms:lookup");
/// See the payments of one payee.
pub const PAYMENTS: Permission = Permission::new("payments:lookup");

/// What handlers, jobs and consumers work with.
#[derive(Debug, Clone)]
pub struct State {
    /// The service's schema.
    pub db: Db,
    /// Signs as PBMS.
    pub http: HttpClient,
    /// The clock.
    pub clock: Clock,
    /// Hashes identifiers.
    pub hasher: IdHasher,
    /// Settings.
    pub config: Arc<Config>,
}

/// A write that is done once per `Idempotency-Key`. `operation` keeps keys of different operations apart.
async fn once<B, T, F>(
    state: &State,
    ctx: &Ctx,
    key: Option<&str>,
    operation: &str,
    body: &B,
    work: F,
) -> ApiResult<T>
where
    B: Serialize,
    T: Serialize + DeserializeOwned,
    F: AsyncFnOnce(&DatabaseTransaction) -> ApiResult<T>,
{
    let bytes = serde_json::to_vec(&(operation, body)).map_err(ApiError::internal)?;
    let value = once_by_key(&state.db, ctx, key, &bytes, async |tx: &DatabaseTransaction| {
        serde_json::to_value(work(tx).await?).map_err(ApiError::internal)
    })
    .await?;
    serde_json::from_value(value).map_err(ApiError::internal)
}

/// Writes down who did or looked at what.
async fn audit(
    tx: &DatabaseTransaction,
    ctx: &Ctx,
    action: &str,
    subject: &str,
    detail: serde_json::Value,
) -> StoreResult<()> {
    sql::execute(
        tx,
        "INSERT INTO audit_log (tenant_id, at, actor, action, subject, detail) VALUES ($1, $2, $3, $4, $5, $6)",
        [
            ctx.tenant.as_str().into(),
            ctx.clock.now().into(),
            ctx.actor.label().into(),
            action.into(),
            subject.into(),
            detail.into(),
        ],
    )
    .await?;
    Ok(())
}

/// Today's date where the programme is.
///
/// # Errors
/// When the stored time zone is not one that this version knows.
pub fn today(clock: &Clock, time_zone: &str) -> anyhow::Result<Date> {
    use time_tz::OffsetDateTimeExt;
    let zone = time_tz::timezones::get_by_name(time_zone)
        .ok_or_else(|| anyhow::anyhow!("the time zone {time_zone} is not known"))?;
    Ok(clock.now().to_timezone(zone).date())
}
