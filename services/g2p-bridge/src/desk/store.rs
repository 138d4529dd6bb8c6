//! Sessions of staff and sign-ins that were begun.

use sea_orm::{ConnectionTrait, FromQueryResult};
use storage::{StoreResult, sql};
use time::OffsetDateTime;

/// A sign-in that a browser was sent away with.
pub(super) struct NewSignIn<'a> {
    pub state_hash: &'a str,
    pub browser_hash: &'a str,
    pub provider: &'a str,
    pub pending: Vec<u8>,
    pub return_to: &'a str,
    pub at: OffsetDateTime,
}

/// Keeps it until the browser comes back, and removes up to 100 that nobody came back from.
pub(super) async fn begin_sign_in(
    conn: &impl ConnectionTrait,
    tenant: &str,
    new: NewSignIn<'_>,
    begun_after: OffsetDateTime,
) -> StoreResult<()> {
    sql::execute(
        conn,
        "DELETE FROM staff_sign_ins WHERE (tenant_id, state_hash) IN
            (SELECT tenant_id, state_hash FROM staff_sign_ins WHERE created_at < $1 LIMIT 100 FOR UPDATE SKIP LOCKED)",
        [begun_after.into()],
    )
    .await?;
    sql::execute(
        conn,
        "INSERT INTO staff_sign_ins (tenant_id, state_hash, browser_hash, provider, pending, return_to, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        [
            tenant.into(),
            new.state_hash.into(),
            new.browser_hash.into(),
            new.provider.into(),
            new.pending.into(),
            new.return_to.into(),
            new.at.into(),
        ],
    )
    .await?;
    Ok(())
}

/// A sign-in that came back.
#[derive(FromQueryResult)]
pub(super) struct SignInBegun {
    pub provider: String,
    pub pending: Vec<u8>,
    pub return_to: String,
}

/// Takes a sign-in out: nobody gets it a second time, and only the browser that began it gets it at all.
pub(super) async fn take_sign_in(
    conn: &impl ConnectionTrait,
    tenant: &str,
    state_hash: &str,
    browser_hash: &str,
    begun_after: OffsetDateTime,
) -> StoreResult<Option<SignInBegun>> {
    sql::fetch_optional(
        conn,
        "DELETE FROM staff_sign_ins
          WHERE tenant_id = $1 AND state_hash = $2 AND browser_hash = $3 AND created_at > $4
         RETURNING provider, pending, return_to",
        [tenant.into(), state_hash.into(), browser_hash.into(), begun_after.into()],
    )
    .await
}

/// A session to begin.
pub(super) struct NewSession<'a> {
    pub id_hash: &'a str,
    pub staff: &'a str,
    pub permissions: Vec<String>,
    pub at: OffsetDateTime,
    pub expires_at: OffsetDateTime,
}

/// Begins a session, and removes up to 100 that ended.
pub(super) async fn begin_session(
    tx: &impl ConnectionTrait,
    tenant: &str,
    new: NewSession<'_>,
    idle_since: OffsetDateTime,
) -> StoreResult<()> {
    sql::execute(
        tx,
        "DELETE FROM staff_sessions WHERE (tenant_id, id_hash) IN
            (SELECT tenant_id, id_hash FROM staff_sessions WHERE last_seen_at < $1 LIMIT 100 FOR UPDATE SKIP LOCKED)",
        [idle_since.into()],
    )
    .await?;
    sql::execute(
        tx,
        "INSERT INTO staff_sessions (tenant_id, id_hash, staff, permissions, created_at, last_seen_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $5, $6)",
        [
            tenant.into(),
            new.id_hash.into(),
            new.staff.into(),
            new.permissions.into(),
            new.at.into(),
            new.expires_at.into(),
        ],
    )
    .await?;
    Ok(())
}

/// A session that still holds.
#[derive(FromQueryResult)]
pub(super) struct StoredSession {
    pub staff: String,
    pub permissions: Vec<String>,
}

/// The session of a cookie, unless it ended; notes that it was used.
pub(super) async fn session(
    conn: &impl ConnectionTrait,
    tenant: &str,
    id_hash: &str,
    now: OffsetDateTime,
    idle_since: OffsetDateTime,
) -> StoreResult<Option<StoredSession>> {
    sql::fetch_optional(
        conn,
        "UPDATE staff_sessions SET last_seen_at = greatest(last_seen_at, $3)
          WHERE tenant_id = $1 AND id_hash = $2 AND expires_at > $3 AND last_seen_at > $4
         RETURNING staff, permissions",
        [tenant.into(), id_hash.into(), now.into(), idle_since.into()],
    )
    .await
}

/// Ends a session.
pub(super) async fn end_session(tx: &impl ConnectionTrait, tenant: &str, id_hash: &str) -> StoreResult<()> {
    sql::execute(
        tx,
        "DELETE FROM staff_sessions WHERE tenant_id = $1 AND id_hash = $2",
        [tenant.into(), id_hash.into()],
    )
    .await?;
    Ok(())
}

/// Notes who did what on the pages.
pub(super) async fn audit(
    tx: &impl ConnectionTrait,
    tenant: &str,
    at: OffsetDateTime,
    actor: &str,
    action: &str,
    subject: &str,
) -> StoreResult<()> {
    sql::execute(
        tx,
        "INSERT INTO audit_log (tenant_id, at, actor, action, subject, detail) VALUES ($1, $2, $3, $4, $5, '{}')",
        [tenant.into(), at.into(), actor.into(), action.into(), subject.into()],
    )
    .await?;
    Ok(())
}
