//! Staff who are signed in.

use sea_orm::{ConnectionTrait, FromQueryResult};
use storage::{StoreResult, sql};
use time::OffsetDateTime;

/// A session to begin.
pub(crate) struct NewStaffSession<'a> {
    pub(crate) id_hash: &'a str,
    pub(crate) staff: &'a str,
    pub(crate) permissions: Vec<String>,
    pub(crate) at: OffsetDateTime,
    pub(crate) expires_at: OffsetDateTime,
}

/// Begins a session.
pub(crate) async fn insert_staff_session(
    conn: &impl ConnectionTrait,
    tenant: &str,
    session: NewStaffSession<'_>,
) -> StoreResult<()> {
    sql::execute(
        conn,
        "INSERT INTO staff_sessions
            (tenant_id, id_hash, staff, permissions, created_at, last_seen_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $5, $6)",
        [
            tenant.into(),
            session.id_hash.into(),
            session.staff.into(),
            session.permissions.into(),
            session.at.into(),
            session.expires_at.into(),
        ],
    )
    .await?;
    Ok(())
}

/// A session that still holds.
#[derive(FromQueryResult)]
pub(crate) struct StoredStaffSession {
    pub(crate) staff: String,
    pub(crate) permissions: Vec<String>,
    pub(crate) found: Option<Vec<u8>>,
}

/// The session of a cookie, unless it ended; notes that it was used.
pub(crate) async fn staff_session(
    conn: &impl ConnectionTrait,
    tenant: &str,
    id_hash: &str,
    now: OffsetDateTime,
    idle_since: OffsetDateTime,
) -> StoreResult<Option<StoredStaffSession>> {
    sql::fetch_optional(
        conn,
        "UPDATE staff_sessions SET last_seen_at = greatest(last_seen_at, $3)
          WHERE tenant_id = $1 AND id_hash = $2 AND expires_at > $3 AND last_seen_at > $4
         RETURNING staff, permissions, found",
        [tenant.into(), id_hash.into(), now.into(), idle_since.into()],
    )
    .await
}

/// Keeps whose account is looked at.
pub(crate) async fn set_found(
    conn: &impl ConnectionTrait,
    tenant: &str,
    id_hash: &str,
    found: Vec<u8>,
) -> StoreResult<()> {
    sql::execute(
        conn,
        "UPDATE staff_sessions SET found = $3 WHERE tenant_id = $1 AND id_hash = $2",
        [tenant.into(), id_hash.into(), found.into()],
    )
    .await?;
    Ok(())
}
