//! Changes of accounts that people confirmed.

use sea_orm::{ConnectionTrait, FromQueryResult};
use storage::{StoreResult, sql};
use time::OffsetDateTime;

/// A change to note before the mapper is called.
pub(crate) struct NewChange<'a> {
    pub(crate) reference: &'a str,
    pub(crate) subject: &'a str,
    pub(crate) kind: &'static str,
    pub(crate) provider: &'a str,
    pub(crate) ending: &'a str,
    /// When it is known before the mapper is asked.
    pub(crate) operation: Option<&'static str>,
    pub(crate) at: OffsetDateTime,
}

/// Notes a change that was confirmed. The same reference again (a second click, a second try) changes nothing.
pub(crate) async fn request_change(
    conn: &impl ConnectionTrait,
    tenant: &str,
    change: &NewChange<'_>,
) -> StoreResult<()> {
    sql::execute(
        conn,
        "INSERT INTO account_changes (tenant_id, reference, subject, kind, provider, ending, state, requested_at, operation)
         VALUES ($1, $2, $3, $4, $5, $6, 'requested', $7, $8) ON CONFLICT (tenant_id, reference) DO NOTHING",
        [
            tenant.into(),
            change.reference.into(),
            change.subject.into(),
            change.kind.into(),
            change.provider.into(),
            change.ending.into(),
            change.at.into(),
            change.operation.into(),
        ],
    )
    .await?;
    Ok(())
}

/// Notes what became of a change. Returns whether this was news: a change that is done stays done.
pub(crate) async fn finish_change(
    conn: &impl ConnectionTrait,
    tenant: &str,
    reference: &str,
    state: &str,
    operation: Option<&str>,
    reason: Option<&str>,
    at: OffsetDateTime,
) -> StoreResult<bool> {
    let changed = sql::execute(
        conn,
        "UPDATE account_changes SET state = $3, operation = COALESCE($4, operation), reason = $5, finished_at = $6
          WHERE tenant_id = $1 AND reference = $2 AND state <> 'done'",
        [tenant.into(), reference.into(), state.into(), operation.into(), reason.into(), at.into()],
    )
    .await?;
    Ok(changed > 0)
}

/// A change.
#[derive(Debug, Clone, FromQueryResult)]
pub(crate) struct Change {
    pub(crate) reference: String,
    pub(crate) kind: String,
    pub(crate) provider: String,
    pub(crate) ending: String,
    pub(crate) state: String,
    pub(crate) operation: Option<String>,
    pub(crate) requested_at: OffsetDateTime,
    pub(crate) finished_at: Option<OffsetDateTime>,
}

/// A change of this person.
pub(crate) async fn change(
    conn: &impl ConnectionTrait,
    tenant: &str,
    subject: &str,
    reference: &str,
) -> StoreResult<Option<Change>> {
    sql::fetch_optional(
        conn,
        "SELECT reference, kind, provider, ending, state, operation, requested_at, finished_at FROM account_changes
          WHERE tenant_id = $1 AND reference = $2 AND subject = $3",
        [tenant.into(), reference.into(), subject.into()],
    )
    .await
}
