//! Signing in and out. The cookie holds a random id, the database its hash, so that a copy of the database opens no
//! session.

use std::collections::BTreeSet;

use g2p_crypto::{random_token, sha256_hex};
use platform::{Actor, Ctx, TenantId};
use serde_json::json;
use time::{Duration, OffsetDateTime};

use crate::{
    State,
    app::Fault,
    domain::Subject,
    store::{self, NewSession},
};

/// A session is noted as used at most this often, so that reading pages does not write.
const TOUCH_SECONDS: i64 = 30;

/// A person who is signed in.
#[derive(Debug)]
pub(crate) struct Person {
    pub(crate) ctx: Ctx,
    pub(crate) subject: Subject,
    /// Hash of the session id: the key of the session's row.
    pub(crate) session: String,
    pub(crate) draft: Option<Vec<u8>>,
}

impl Person {
    pub(crate) fn tenant(&self) -> &str {
        self.ctx.tenant.as_str()
    }
}

/// What came of signing in.
pub(crate) enum SignIn {
    /// The id for the cookie.
    Done(String),
    /// The text is not a pseudonym.
    NotAPseudonym,
}

/// Signs in as whom the text names. For demos: it proves nothing.
pub(crate) async fn sign_in_as(state: &State, text: &str) -> Result<SignIn, Fault> {
    if !state.config.demo_login {
        return Err(Fault::NotFound);
    }
    let Some(subject) = Subject::parse(text) else { return Ok(SignIn::NotAPseudonym) };
    let id = format!("s.{}", random_token(32)?);
    let id_hash = sha256_hex(id.as_bytes());
    let (now, tenant) = (state.clock.now(), TenantId::DEFAULT);
    let session = NewSession {
        id_hash: &id_hash,
        subject: subject.as_str(),
        method: "demo",
        at: now,
        expires_at: now + Duration::minutes(state.config.session_max_minutes),
    };
    let tx = state.db.begin().await?;
    store::delete_expired_sessions(&tx, idle_since(state, now)).await?;
    store::insert_session(&tx, tenant, &session).await?;
    let actor = Actor::User(subject.as_str().to_owned()).label();
    let detail = json!({"method": "demo"});
    store::audit(&tx, tenant, now, &actor, "session.sign_in", subject.as_str(), detail).await?;
    tx.commit().await.map_err(storage::StoreError::from)?;
    Ok(SignIn::Done(id))
}

/// The person of a session id, if the session still holds.
pub(crate) async fn person(state: &State, session_id: &str) -> Result<Option<Person>, Fault> {
    let (now, tenant) = (state.clock.now(), TenantId::default());
    let id_hash = sha256_hex(session_id.as_bytes());
    let conn = state.db.conn();
    let found = store::session(conn, tenant.as_str(), &id_hash, now, idle_since(state, now)).await?;
    let Some(found) = found else { return Ok(None) };
    if now - found.last_seen_at > Duration::seconds(TOUCH_SECONDS) {
        store::touch_session(conn, tenant.as_str(), &id_hash, now).await?;
    }
    let permissions = BTreeSet::from(["self:read".to_owned(), "self:write".to_owned()]);
    Ok(Some(Person {
        ctx: Ctx::new(Actor::User(found.subject.clone()), tenant, state.clock.clone(), permissions),
        subject: Subject::stored(found.subject),
        session: id_hash,
        draft: found.draft,
    }))
}

/// Ends the session.
pub(crate) async fn sign_out(state: &State, person: &Person) -> Result<(), Fault> {
    let tx = state.db.begin().await?;
    store::delete_session(&tx, person.tenant(), &person.session).await?;
    let (actor, subject) = (person.ctx.actor.label(), person.subject.as_str());
    store::audit(&tx, person.tenant(), state.clock.now(), &actor, "session.sign_out", subject, json!({}))
        .await?;
    tx.commit().await.map_err(storage::StoreError::from)?;
    Ok(())
}

fn idle_since(state: &State, now: OffsetDateTime) -> OffsetDateTime {
    now - Duration::minutes(state.config.session_idle_minutes)
}
