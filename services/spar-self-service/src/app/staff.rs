//! Staff of the helpdesk: signing in and out. Apart from people in everything: providers, cookies, sessions.

use std::collections::BTreeSet;

use g2p_crypto::{random_token, sha256_hex};
use platform::{Actor, Ctx, Permission, TenantId, ctx::role_permissions, oidc::SignedIn};
use serde_json::{Value, json};
use time::Duration;

use crate::{
    State,
    app::{
        Fault, Returned,
        session::idle_since,
        sign_in::{STAFF, begin, take},
    },
    store::{self, NewStaffSession},
};

/// To find a person by her id, and see what was changed of her account, masked.
pub(crate) const LOOKUP: Permission = Permission::new("helpdesk:lookup");
/// To see an account whole.
pub(crate) const REVEAL: Permission = Permission::new("helpdesk:reveal");
/// To let nobody change an account, and to end that.
pub(crate) const FREEZE: Permission = Permission::new("helpdesk:freeze");
/// To ask for the change of an account.
pub(crate) const CHANGE: Permission = Permission::new("helpdesk:write");
/// To approve what somebody else asked for.
pub(crate) const APPROVE: Permission = Permission::new("helpdesk:approve");

/// Somebody of the staff who is signed in.
#[derive(Debug)]
pub(crate) struct Staff {
    pub(crate) ctx: Ctx,
    /// Provider and id there.
    pub(crate) name: String,
    /// Key of the session's row.
    pub(crate) session: String,
    /// The id of the person whose account is looked at, sealed.
    pub(crate) found: Option<Vec<u8>>,
}

impl Staff {
    pub(crate) fn tenant(&self) -> &str {
        self.ctx.tenant.as_str()
    }
}

/// Begins to sign in. Returns where to send the browser.
pub(crate) async fn begin_staff_sign_in(
    state: &State,
    browser: &str,
    provider: &str,
) -> Result<String, Fault> {
    begin(state, browser, &format!("{STAFF}{provider}"), None, "/helpdesk", "en").await
}

/// Ends what [`begin_staff_sign_in`] began in the same browser. Returns the id for the cookie. Who has no role that may do
/// anything here is not let in.
pub(crate) async fn finish_staff_sign_in(
    state: &State,
    browser: &str,
    returned: &Returned,
) -> Result<String, Fault> {
    let (begun, signed_in) = take(state, browser, returned, true).await?;
    let provider = begun.provider.strip_prefix(STAFF).unwrap_or_default();
    let permissions: BTreeSet<String> =
        roles(&signed_in).iter().flat_map(|role| role_permissions(role)).map(|p| (*p).to_owned()).collect();
    let name = name(state, provider, &signed_in).ok_or(Fault::Forbidden)?;
    let ctx =
        Ctx::new(Actor::User(name.clone()), TenantId::default(), state.clock.clone(), permissions.clone());
    if ![LOOKUP, APPROVE].iter().any(|permission| ctx.may(*permission)) {
        return Err(Fault::Forbidden);
    }
    let id = format!("h.{}", random_token(32)?);
    let (id_hash, now) = (sha256_hex(id.as_bytes()), state.clock.now());
    let session = NewStaffSession {
        id_hash: &id_hash,
        staff: &name,
        permissions: permissions.into_iter().collect(),
        at: now,
        expires_at: now + Duration::minutes(state.config.session_max_minutes),
    };
    let tx = state.db.begin().await?;
    store::delete_expired_sessions(&tx, store::Sessions::Staff, idle_since(state, now)).await?;
    store::insert_staff_session(&tx, TenantId::DEFAULT, session).await?;
    let actor = ctx.actor.label();
    store::audit(&tx, TenantId::DEFAULT, now, &actor, "helpdesk.sign_in", &name, json!({})).await?;
    tx.commit().await.map_err(storage::StoreError::from)?;
    Ok(id)
}

/// Provider and id there: what stands in the mapper's history.
fn name(state: &State, provider: &str, signed_in: &SignedIn) -> Option<String> {
    let settings = state.staff.get(provider)?;
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
pub(crate) async fn staff(state: &State, session_id: &str) -> Result<Option<Staff>, Fault> {
    let (now, tenant) = (state.clock.now(), TenantId::default());
    let id_hash = sha256_hex(session_id.as_bytes());
    let since = idle_since(state, now);
    let found = store::staff_session(state.db.conn(), tenant.as_str(), &id_hash, now, since).await?;
    // A provider that was taken out of the configuration vouches for nobody any more.
    let known = |name: &str| name.split_once(':').is_some_and(|(p, _)| state.staff.contains_key(p));
    Ok(found.filter(|found| known(&found.staff)).map(|found| Staff {
        ctx: Ctx::new(
            Actor::User(found.staff.clone()),
            tenant,
            state.clock.clone(),
            found.permissions.into_iter().collect(),
        ),
        name: found.staff,
        session: id_hash,
        found: found.found,
    }))
}

/// Ends the session.
pub(crate) async fn staff_sign_out(state: &State, staff: &Staff) -> Result<(), Fault> {
    let (now, actor) = (state.clock.now(), staff.ctx.actor.label());
    let tx = state.db.begin().await?;
    store::delete_session(&tx, store::Sessions::Staff, staff.tenant(), &staff.session).await?;
    store::audit(&tx, staff.tenant(), now, &actor, "helpdesk.sign_out", &staff.name, json!({})).await?;
    tx.commit().await.map_err(storage::StoreError::from)?;
    Ok(())
}
