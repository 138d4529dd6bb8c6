//! Sign-ins that were begun.

use sea_orm::{ConnectionTrait, FromQueryResult};
use storage::{StoreResult, sql};
use time::OffsetDateTime;

/// A sign-in that a browser was sent away with.
pub(crate) struct NewSignIn<'a> {
    pub(crate) state_hash: &'a str,
    pub(crate) browser_hash: &'a str,
    pub(crate) provider: &'a str,
    pub(crate) session_hash: Option<&'a str>,
    pub(crate) pending: Vec<u8>,
    pub(crate) return_to: &'a str,
    pub(crate) at: OffsetDateTime,
}

/// Keeps a sign-in until the browser comes back.
pub(crate) async fn insert_sign_in(
    conn: &impl ConnectionTrait,
    tenant: &str,
    sign_in: NewSignIn<'_>,
) -> StoreResult<()> {
    sql::execute(
        conn,
        "INSERT INTO sign_ins
            (tenant_id, state_hash, browser_hash, provider, session_hash, pending, return_to, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        [
            tenant.into(),
            sign_in.state_hash.into(),
            sign_in.browser_hash.into(),
            sign_in.provider.into(),
            sign_in.session_hash.into(),
            sign_in.pending.into(),
            sign_in.return_to.into(),
            sign_in.at.into(),
        ],
    )
    .await?;
    Ok(())
}

/// A sign-in that came back.
#[derive(FromQueryResult)]
pub(crate) struct SignInBegun {
    pub(crate) provider: String,
    pub(crate) session_hash: Option<String>,
    pub(crate) pending: Vec<u8>,
    pub(crate) return_to: String,
}

/// Takes a sign-in out: nobody gets it a second time, and only the browser that began it gets it at all.
pub(crate) async fn take_sign_in(
    conn: &impl ConnectionTrait,
    tenant: &str,
    state_hash: &str,
    browser_hash: &str,
    begun_after: OffsetDateTime,
) -> StoreResult<Option<SignInBegun>> {
    sql::fetch_optional(
        conn,
        "DELETE FROM sign_ins
          WHERE tenant_id = $1 AND state_hash = $2 AND browser_hash = $3 AND created_at > $4
         RETURNING provider, session_hash, pending, return_to",
        [tenant.into(), state_hash.into(), browser_hash.into(), begun_after.into()],
    )
    .await
}

/// Removes up to 100 sign-ins that nobody came back from.
pub(crate) async fn delete_old_sign_ins(
    conn: &impl ConnectionTrait,
    begun_before: OffsetDateTime,
) -> StoreResult<()> {
    sql::execute(
        conn,
        "DELETE FROM sign_ins WHERE (tenant_id, state_hash) IN
            (SELECT tenant_id, state_hash FROM sign_ins WHERE created_at < $1
              LIMIT 100 FOR UPDATE SKIP LOCKED)",
        [begun_before.into()],
    )
    .await?;
    Ok(())
}
