//! Sessions, changes of accounts, and the audit log.

mod changes;
mod sessions;
mod sign_ins;
mod staff;

pub(crate) use changes::{Change, NewChange, change, finish_change, request_change};
pub(crate) use sessions::{
    NewSession, SessionProof, Sessions, delete_expired_sessions, delete_session, insert_session,
    prove_session, session, set_draft, touch_session,
};
pub(crate) use sign_ins::{NewSignIn, SignInBegun, delete_old_sign_ins, insert_sign_in, take_sign_in};
pub(crate) use staff::{NewStaffSession, insert_staff_session, set_found, staff_session};

use sea_orm::ConnectionTrait;
use serde_json::Value;
use storage::{StoreResult, sql};
use time::OffsetDateTime;

/// Notes who did what. `detail` holds states and references, never a number.
pub(crate) async fn audit(
    conn: &impl ConnectionTrait,
    tenant: &str,
    at: OffsetDateTime,
    actor: &str,
    action: &str,
    subject: &str,
    detail: Value,
) -> StoreResult<()> {
    sql::execute(
        conn,
        "INSERT INTO audit_log (tenant_id, at, actor, action, subject, detail) VALUES ($1, $2, $3, $4, $5, $6)",
        [tenant.into(), at.into(), actor.into(), action.into(), subject.into(), detail.into()],
    )
    .await?;
    Ok(())
}
