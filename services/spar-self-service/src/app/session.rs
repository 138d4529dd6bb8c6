//! Signing in and out. The cookie holds a random id, the database its hash, so that a copy of the database opens no
//! session.

use std::collections::BTreeSet;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use g2p_crypto::{random_token, sha256_hex};
use platform::{Actor, Ctx, TenantId};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use crate::{
    State,
    app::{Fault, provider_of},
    domain::Subject,
    store::{self, NewSession, SessionProof},
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
    /// At which provider she proved who she is; nowhere in a demo.
    pub(crate) proof: Option<Proof>,
}

impl Person {
    pub(crate) fn tenant(&self) -> &str {
        self.ctx.tenant.as_str()
    }
}

/// How somebody proved who she is.
pub(crate) struct Proof {
    pub(crate) provider: String,
    pub(crate) auth_time: Option<OffsetDateTime>,
    pub(crate) acr: Option<String>,
    /// Of a stored session: sealed.
    pub(crate) id_token: Vec<u8>,
}

impl std::fmt::Debug for Proof {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Proof({}, ***)", self.provider)
    }
}

/// What came of signing in.
pub(crate) enum SignIn {
    /// The id for the cookie.
    Done(String),
    /// The text is not a pseudonym.
    NotAPseudonym,
}

/// Where to sign out too.
pub(crate) struct SignOutThere {
    pub(crate) url: String,
    /// Name of the provider.
    pub(crate) name: String,
}

/// Signs in as whom the text names. For demos: it proves nothing.
pub(crate) async fn sign_in_as(state: &State, text: &str, before: Option<&Person>) -> Result<SignIn, Fault> {
    if !state.config.demo_login {
        return Err(Fault::NotFound);
    }
    let Some(subject) = Subject::parse(text) else { return Ok(SignIn::NotAPseudonym) };
    Ok(SignIn::Done(open(state, &subject, None, before).await?))
}

/// Begins a session, always under a new id, and ends the one that the browser had before. Returns the id for the cookie.
pub(super) async fn open(
    state: &State,
    subject: &Subject,
    proof: Option<&Proof>,
    before: Option<&Person>,
) -> Result<String, Fault> {
    let id = format!("s.{}", random_token(32)?);
    let id_hash = sha256_hex(id.as_bytes());
    let (now, tenant) = (state.clock.now(), TenantId::DEFAULT);
    let session = NewSession {
        id_hash: &id_hash,
        subject: subject.as_str(),
        proof: proof.map(|proof| sealed(state, &id_hash, proof)).transpose()?,
        at: now,
        expires_at: now + Duration::minutes(state.config.session_max_minutes),
    };
    let detail =
        proof.map_or(json!({"method": "demo"}), |p| json!({"method": "oidc", "provider": p.provider}));
    let actor = Actor::User(subject.as_str().to_owned()).label();
    let tx = state.db.begin().await?;
    store::delete_expired_sessions(&tx, store::Sessions::People, idle_since(state, now)).await?;
    if let Some(before) = before {
        store::delete_session(&tx, store::Sessions::People, before.tenant(), &before.session).await?;
    }
    store::insert_session(&tx, tenant, &session).await?;
    store::audit(&tx, tenant, now, &actor, "session.sign_in", subject.as_str(), detail).await?;
    tx.commit().await.map_err(storage::StoreError::from)?;
    Ok(id)
}

/// Notes that the person of a session proved once more who she is.
pub(super) async fn prove_again(state: &State, person: &Person, proof: &Proof) -> Result<(), Fault> {
    let now = state.clock.now();
    let (actor, subject) = (person.ctx.actor.label(), person.subject.as_str());
    let detail = json!({"provider": proof.provider});
    let sealed = sealed(state, &person.session, proof)?;
    let tx = state.db.begin().await?;
    store::prove_session(&tx, person.tenant(), &person.session, sealed).await?;
    store::audit(&tx, person.tenant(), now, &actor, "session.step_up", subject, detail).await?;
    tx.commit().await.map_err(storage::StoreError::from)?;
    Ok(())
}

/// The person of a session id, if the session still holds: not of a demo that is over, nor of a provider that was taken
/// out of the configuration.
pub(crate) async fn person(state: &State, session_id: &str) -> Result<Option<Person>, Fault> {
    let (now, tenant) = (state.clock.now(), TenantId::default());
    let id_hash = sha256_hex(session_id.as_bytes());
    let conn = state.db.conn();
    let found = store::session(conn, tenant.as_str(), &id_hash, now, idle_since(state, now)).await?;
    let Some(found) = found else { return Ok(None) };
    let proof = found.provider.map(|provider| Proof {
        provider,
        auth_time: found.auth_time,
        acr: found.acr,
        id_token: found.id_token.unwrap_or_default(),
    });
    let holds = proof.as_ref().map_or(state.config.demo_login, |proof| provider_of(state, proof).is_some());
    if !holds {
        return Ok(None);
    }
    if now - found.last_seen_at > Duration::seconds(TOUCH_SECONDS) {
        store::touch_session(conn, tenant.as_str(), &id_hash, now).await?;
    }
    let permissions = BTreeSet::from(["self:read".to_owned(), "self:write".to_owned()]);
    Ok(Some(Person {
        ctx: Ctx::new(Actor::User(found.subject.clone()), tenant, state.clock.clone(), permissions),
        subject: Subject::stored(found.subject),
        session: id_hash,
        draft: found.draft,
        proof,
    }))
}

/// A claim of the ID token with which a session began, or what a demo knows. The token was verified then.
pub(crate) fn claim_of_session(state: &State, person: &Person, name: &str) -> Option<Value> {
    let Some(proof) = &person.proof else {
        return (name == "sub").then(|| json!(person.subject.as_str()));
    };
    let token = state.drafts.open(&sealed_for(&person.session), &proof.id_token).ok()?;
    let payload = std::str::from_utf8(&token).ok()?.split('.').nth(1)?;
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(payload).ok()?;
    let claims: Value = serde_json::from_slice(&bytes).ok()?;
    claims.get(name).cloned()
}

/// Ends the session. Returns where to send the browser so that the person is signed out at her provider too.
pub(crate) async fn sign_out(state: &State, person: &Person) -> Result<Option<SignOutThere>, Fault> {
    let tx = state.db.begin().await?;
    store::delete_session(&tx, store::Sessions::People, person.tenant(), &person.session).await?;
    let (actor, subject) = (person.ctx.actor.label(), person.subject.as_str());
    store::audit(&tx, person.tenant(), state.clock.now(), &actor, "session.sign_out", subject, json!({}))
        .await?;
    tx.commit().await.map_err(storage::StoreError::from)?;
    let Some(proof) = &person.proof else { return Ok(None) };
    let Some(provider) = provider_of(state, proof) else { return Ok(None) };
    // Sealed with another secret: then the provider is not told.
    let Ok(token) = state.drafts.open(&sealed_for(&person.session), &proof.id_token) else { return Ok(None) };
    let back_to = format!("{}/signed-out", state.config.public_url);
    let url = provider.logout_url(&String::from_utf8_lossy(&token), &back_to).await;
    let name = provider.settings().display_name.clone();
    Ok(url.map(|url| SignOutThere { url, name }))
}

fn sealed<'p>(state: &State, session: &str, proof: &'p Proof) -> Result<SessionProof<'p>, Fault> {
    let id_token = state.drafts.seal(&sealed_for(session), &proof.id_token);
    Ok(SessionProof {
        provider: &proof.provider,
        auth_time: proof.auth_time,
        acr: proof.acr.as_deref(),
        id_token: id_token.map_err(|e| Fault::Broken(format!("session: {e}")))?,
    })
}

fn sealed_for(session: &str) -> Vec<u8> {
    format!("id-token:{session}").into_bytes()
}

pub(super) fn idle_since(state: &State, now: OffsetDateTime) -> OffsetDateTime {
    now - Duration::minutes(state.config.session_idle_minutes)
}
