//! Statements over the bank's tables. Batches are one statement each, whatever their size.

pub(crate) mod accounts;
pub(crate) mod blocks;
pub(crate) mod booking;
pub(crate) mod ledger;
pub(crate) mod payments;
pub(crate) mod statements;

use sea_orm::ConnectionTrait;
use serde_json::Value;
use storage::{StoreResult, sql};
use time::OffsetDateTime;

/// Writes who did what. Details hold ids and states, never personal data.
pub(crate) async fn audit(
    tx: &impl ConnectionTrait,
    tenant: &str,
    at: OffsetDateTime,
    actor: &str,
    action: &str,
    subjects: Vec<String>,
    detail: Value,
) -> StoreResult<()> {
    sql::execute(
        tx,
        "INSERT INTO audit_log (tenant_id, at, actor, action, subject, detail)
         SELECT $1, $2, $3, $4, s.subject, $6 FROM UNNEST($5::text[]) AS s (subject)",
        [tenant.into(), at.into(), actor.into(), action.into(), subjects.into(), detail.into()],
    )
    .await?;
    Ok(())
}
