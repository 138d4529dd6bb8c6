//! Signing in and out. A session holds what the provider's roles allow; who may not look at the bridge is not let in.

use std::collections::BTreeSet;

use g2p_crypto::{random_token, sha256_hex};
use platform::{
    Actor, ApiError, Ctx, TenantId,
    ctx::role_permissions,
    oidc::{Ask, OidcError, Pending, SignedIn},
};
use serde_json::Value;
use storage::StoreError;
use time::{Duration, OffsetDateTime};

use super::store::{self, NewSession, NewSignIn};
use crate::app::{App, READ};

/// How long somebody may take at the provider.
const PENDING: Duration = Duration::minutes(10);
/// Mark of the ids of sessions in cookies.
pub(super) const MARK: &str = "d.";

/// Why a page cannot be shown.
#[derive(Debug)]
pub(crate) enum Fault {
    /// Nobody is signed in.
    SignedOut,
    /// There is no such thing.
    NotFound,
    /// The form does not come from a page of this session.
    Forged,
    /// The address is none of ours.
    Malformed,
    /// The roles do not allow it.
    Forbidden,
    /// No sign-in was begun in this browser that this could be the end of.
    SignInOver,
    /// The provider did not let the person in, or what came back proves nothing. The text is for the log.
    SignInRefused(String),
    /// Something we need is away. The text is for the log.
    Away(String),
    /// A fault of ours. The text is for the log.
    Broken(String),
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::NotFound(_) => Self::NotFound,
            StoreError::Serialization | StoreError::Unavailable(_) | StoreError::Timeout(_) => {
                Self::Away(error.to_string())
            }
            StoreError::Constraint { .. } | StoreError::Other(_) => Self::Broken(error.to_string()),
        }
    }
}

impl From<ApiError> for Fault {
    fn from(error: ApiError) -> Self {
        match error.status().as_u16() {
            403 => Self::Forbidden,
            404 => Self::NotFound,
            400..=499 => Self::Malformed,
            503 => Self::Away(error.to_string()),
            _ => Self::Broken(error.to_string()),
        }
    }
}

impl From<g2p_crypto::KeyError> for Fault {
    fn from(error: g2p_crypto::KeyError) -> Self {
        Self::Broken(error.to_string())
    }
}

/// Somebody who is signed in.
#[derive(Debug)]
pub(super) struct Staff {
    pub ctx: Ctx,
    name: String,
    /// Key of the session's row.
    session: String,
}

/// What the provider's answer in the address says.
#[derive(Debug, Default)]
pub(super) struct Returned {
    pub state: String,
    pub code: String,
    pub iss: Option<String>,
    pub error: Option<String>,
}

/// Begins to sign in. Returns where to send the browser.
pub(super) async fn begin(app: &App, browser: &str, name: &str, return_to: &str) -> Result<String, Fault> {
    let provider = app.desk.providers.get(name).ok_or(Fault::NotFound)?;
    let begun = provider.begin(Ask { again: false, language: "en" }).await.map_err(|e| fault(name, &e))?;
    let state_hash = sha256_hex(begun.pending.state.as_bytes());
    let now = app.now();
    let pending = serde_json::to_vec(&begun.pending).map_err(|e| broken(&e))?;
    let sign_in = NewSignIn {
        state_hash: &state_hash,
        browser_hash: &sha256_hex(browser.as_bytes()),
        provider: name,
        pending: app.desk.seals.seal(&sealed_for(&state_hash), &pending).map_err(|e| broken(&e))?,
        return_to,
        at: now,
    };
    store::begin_sign_in(app.db.conn(), TenantId::DEFAULT, sign_in, now - PENDING).await?;
    Ok(begun.url)
}

/// Ends what [`begin`] began in the same browser. Returns the id for the cookie, and the page to show.
pub(super) async fn finish(app: &App, browser: &str, returned: &Returned) -> Result<(String, String), Fault> {
    let (state_hash, browser_hash) = (sha256_hex(returned.state.as_bytes()), sha256_hex(browser.as_bytes()));
    let (now, tenant) = (app.now(), TenantId::DEFAULT);
    let begun = store::take_sign_in(app.db.conn(), tenant, &state_hash, &browser_hash, now - PENDING).await?;
    let begun = begun.ok_or(Fault::SignInOver)?;
    // Sealed with another secret, or at a provider that was taken away: as good as not begun.
    let pending = app.desk.seals.open(&sealed_for(&state_hash), &begun.pending).ok();
    let pending: Pending =
        pending.and_then(|bytes| serde_json::from_slice(&bytes).ok()).ok_or(Fault::SignInOver)?;
    let provider = app.desk.providers.get(&begun.provider).ok_or(Fault::SignInOver)?;
    if returned.error.is_some() {
        // Anybody can write it into an address, so it reaches no log.
        return Err(Fault::SignInRefused(format!("sign-in at {}: it answers an error", begun.provider)));
    }
    let signed_in = provider
        .finish(&pending, &returned.code, returned.iss.as_deref())
        .await
        .map_err(|e| fault(&begun.provider, &e))?;
    let id = open(app, &begun.provider, &signed_in, now).await?;
    Ok((id, begun.return_to))
}

async fn open(app: &App, provider: &str, signed_in: &SignedIn, now: OffsetDateTime) -> Result<String, Fault> {
    let permissions: BTreeSet<String> =
        roles(signed_in).iter().flat_map(|role| role_permissions(role)).map(|p| (*p).to_owned()).collect();
    let name = name(app, provider, signed_in).ok_or(Fault::Forbidden)?;
    let ctx =
        Ctx::new(Actor::User(name.clone()), TenantId::default(), app.clock.clone(), permissions.clone());
    if !ctx.may(READ) {
        return Err(Fault::Forbidden);
    }
    let id = format!("{MARK}{}", random_token(32)?);
    let session = NewSession {
        id_hash: &sha256_hex(id.as_bytes()),
        staff: &name,
        permissions: permissions.into_iter().collect(),
        at: now,
        expires_at: now + app.desk.longest,
    };
    let tx = app.db.begin().await?;
    store::begin_session(&tx, TenantId::DEFAULT, session, now - app.desk.idle).await?;
    store::audit(&tx, TenantId::DEFAULT, now, &ctx.actor.label(), "desk.sign_in", &name).await?;
    tx.commit().await.map_err(StoreError::from)?;
    Ok(id)
}

/// Provider and id there.
fn name(app: &App, provider: &str, signed_in: &SignedIn) -> Option<String> {
    let settings = app.desk.providers.get(provider)?;
    let id = match &settings.settings().id_template {
        Some(_) => settings.template().id(signed_in)?,
        None => signed_in.claim("sub")?.as_str()?.to_owned(),
    };
    let plain = (1..=150).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic());
    plain.then(|| format!("{provider}:{id}"))
}

/// `roles`, or `realm_access.roles` as Keycloak has them.
fn roles(signed_in: &SignedIn) -> Vec<String> {
    let of = |value: Option<&Value>| {
        let list = value.and_then(Value::as_array).cloned().unwrap_or_default();
        list.into_iter().filter_map(|role| role.as_str().map(str::to_owned)).collect::<Vec<_>>()
    };
    let mut roles = of(signed_in.claim("roles"));
    roles.extend(of(signed_in.claim("realm_access").and_then(|access| access.get("roles"))));
    roles
}

/// Whose session it is, if it still holds.
pub(super) async fn staff(app: &App, id: &str) -> Result<Option<Staff>, Fault> {
    let (now, tenant) = (app.now(), TenantId::default());
    let session = sha256_hex(id.as_bytes());
    let found = store::session(app.db.conn(), tenant.as_str(), &session, now, now - app.desk.idle).await?;
    // A provider that was taken out of the configuration vouches for nobody any more.
    let known = |name: &str| name.split_once(':').is_some_and(|(p, _)| app.desk.providers.contains_key(p));
    Ok(found.filter(|found| known(&found.staff)).map(|found| Staff {
        ctx: Ctx::new(
            Actor::User(found.staff.clone()),
            tenant,
            app.clock.clone(),
            found.permissions.into_iter().collect(),
        ),
        name: found.staff,
        session,
    }))
}

/// Ends the session.
pub(super) async fn sign_out(app: &App, staff: &Staff) -> Result<(), Fault> {
    let (now, tenant) = (app.now(), staff.ctx.tenant.as_str());
    let tx = app.db.begin().await?;
    store::end_session(&tx, tenant, &staff.session).await?;
    store::audit(&tx, tenant, now, &staff.ctx.actor.label(), "desk.sign_out", &staff.name).await?;
    tx.commit().await.map_err(StoreError::from)?;
    Ok(())
}

fn sealed_for(state_hash: &str) -> Vec<u8> {
    format!("desk-sign-in:{state_hash}").into_bytes()
}

fn broken(error: &dyn std::fmt::Display) -> Fault {
    Fault::Broken(format!("sign-in: {error}"))
}

fn fault(provider: &str, error: &OidcError) -> Fault {
    let text = format!("sign-in at {provider}: {error}");
    match error {
        OidcError::Away(_) => Fault::Away(text),
        OidcError::Refused(_) => Fault::SignInRefused(text),
        OidcError::Misconfigured(_) => Fault::Broken(text),
    }
}
