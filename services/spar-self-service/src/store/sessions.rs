//! People who are signed in; and how sessions end, theirs and those of staff.

use sea_orm::{ConnectionTrait, FromQueryResult};
use storage::{StoreResult, sql};
use time::OffsetDateTime;

/// Whose sessions.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Sessions {
    People,
    Staff,
}

impl Sessions {
    const fn table(self) -> &'static str {
        match self {
            Self::People => "sessions",
            Self::Staff => "staff_sessions",
        }
    }
}

/// A session to begin.
pub(crate) struct NewSession<'a> {
    pub(crate) id_hash: &'a str,
    pub(crate) subject: &'a str,
    /// At the provider; none in a demo.
    pub(crate) proof: Option<SessionProof<'a>>,
    pub(crate) at: OffsetDateTime,
    pub(crate) expires_at: OffsetDateTime,
}

/// How somebody proved who she is.
#[derive(Clone)]
pub(crate) struct SessionProof<'a> {
    pub(crate) provider: &'a str,
    pub(crate) auth_time: Option<OffsetDateTime>,
    pub(crate) acr: Option<&'a str>,
    /// Sealed.
    pub(crate) id_token: Vec<u8>,
}

/// Begins a session.
pub(crate) async fn insert_session(
    conn: &impl ConnectionTrait,
    tenant: &str,
    session: &NewSession<'_>,
) -> StoreResult<()> {
    let proof = session.proof.as_ref();
    sql::execute(
        conn,
        "INSERT INTO sessions (tenant_id, id_hash, subject, method, created_at, last_seen_at, expires_at,
                               provider, auth_time, acr, id_token)
         VALUES ($1, $2, $3, $4, $5, $5, $6, $7, $8, $9, $10)",
        [
            tenant.into(),
            session.id_hash.into(),
            session.subject.into(),
            (if proof.is_some() { "oidc" } else { "demo" }).into(),
            session.at.into(),
            session.expires_at.into(),
            proof.map(|p| p.provider).into(),
            proof.and_then(|p| p.auth_time).into(),
            proof.and_then(|p| p.acr).into(),
            proof.map(|p| p.id_token.clone()).into(),
        ],
    )
    .await?;
    Ok(())
}

/// A session that still holds.
#[derive(FromQueryResult)]
pub(crate) struct StoredSession {
    pub(crate) subject: String,
    pub(crate) last_seen_at: OffsetDateTime,
    pub(crate) draft: Option<Vec<u8>>,
    pub(crate) provider: Option<String>,
    pub(crate) auth_time: Option<OffsetDateTime>,
    pub(crate) acr: Option<String>,
    pub(crate) id_token: Option<Vec<u8>>,
}

/// The session of a cookie, unless it ended: at its time limit, or because nobody was seen since `idle_since`.
pub(crate) async fn session(
    conn: &impl ConnectionTrait,
    tenant: &str,
    id_hash: &str,
    now: OffsetDateTime,
    idle_since: OffsetDateTime,
) -> StoreResult<Option<StoredSession>> {
    sql::fetch_optional(
        conn,
        "SELECT subject, last_seen_at, draft, provider, auth_time, acr, id_token FROM sessions
          WHERE tenant_id = $1 AND id_hash = $2 AND expires_at > $3 AND last_seen_at > $4",
        [tenant.into(), id_hash.into(), now.into(), idle_since.into()],
    )
    .await
}

/// Notes that the person is still there.
pub(crate) async fn touch_session(
    conn: &impl ConnectionTrait,
    tenant: &str,
    id_hash: &str,
    now: OffsetDateTime,
) -> StoreResult<()> {
    sql::execute(
        conn,
        "UPDATE sessions SET last_seen_at = $3 WHERE tenant_id = $1 AND id_hash = $2 AND last_seen_at < $3",
        [tenant.into(), id_hash.into(), now.into()],
    )
    .await?;
    Ok(())
}

/// Keeps or removes the account that waits to be confirmed.
pub(crate) async fn set_draft(
    conn: &impl ConnectionTrait,
    tenant: &str,
    id_hash: &str,
    draft: Option<Vec<u8>>,
) -> StoreResult<()> {
    sql::execute(
        conn,
        "UPDATE sessions SET draft = $3 WHERE tenant_id = $1 AND id_hash = $2",
        [tenant.into(), id_hash.into(), draft.into()],
    )
    .await?;
    Ok(())
}

/// Notes that the person proved once more who she is.
pub(crate) async fn prove_session(
    conn: &impl ConnectionTrait,
    tenant: &str,
    id_hash: &str,
    proof: SessionProof<'_>,
) -> StoreResult<()> {
    sql::execute(
        conn,
        "UPDATE sessions SET provider = $3, auth_time = $4, acr = $5, id_token = $6
          WHERE tenant_id = $1 AND id_hash = $2",
        [
            tenant.into(),
            id_hash.into(),
            proof.provider.into(),
            proof.auth_time.into(),
            proof.acr.into(),
            proof.id_token.into(),
        ],
    )
    .await?;
    Ok(())
}

/// Ends a session.
pub(crate) async fn delete_session(
    conn: &impl ConnectionTrait,
    of: Sessions,
    tenant: &str,
    id_hash: &str,
) -> StoreResult<()> {
    let statement = format!("DELETE FROM {} WHERE tenant_id = $1 AND id_hash = $2", of.table());
    sql::execute(conn, &statement, [tenant.into(), id_hash.into()]).await?;
    Ok(())
}

/// Removes up to 100 sessions of those who went away.
pub(crate) async fn delete_expired_sessions(
    conn: &impl ConnectionTrait,
    of: Sessions,
    idle_since: OffsetDateTime,
) -> StoreResult<()> {
    let table = of.table();
    let statement = format!(
        "DELETE FROM {table} WHERE (tenant_id, id_hash) IN
            (SELECT tenant_id, id_hash FROM {table} WHERE last_seen_at < $1 LIMIT 100 FOR UPDATE SKIP LOCKED)"
    );
    sql::execute(conn, &statement, [idle_since.into()]).await?;
    Ok(())
}
