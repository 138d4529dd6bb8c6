//! Signing in at a provider: the way there, the way back, and proving once more who one is before a change.

use g2p_crypto::sha256_hex;
use platform::{
    TenantId,
    oidc::{Ask, OidcError, Pending, Provider, SignedIn},
};
use time::{Duration, OffsetDateTime};

use crate::{
    State,
    app::{
        Fault, Person, SignInFault,
        session::{self, Proof},
    },
    domain::Subject,
    store::{self, NewSignIn, SignInBegun},
};

/// Before the name of a provider where staff sign in. No name has a colon.
pub(super) const STAFF: &str = "staff:";
/// How long a person may take at the provider.
const PENDING_MINUTES: i64 = 10;

/// What the provider's answer in the address says.
#[derive(Debug, Default)]
pub(crate) struct Returned {
    pub(crate) state: String,
    pub(crate) code: String,
    pub(crate) iss: Option<String>,
    pub(crate) error: Option<String>,
}

/// What came of it.
pub(crate) struct Back {
    /// The id for the cookie, when a session began.
    pub(crate) session: Option<String>,
    /// Page of ours to go on with.
    pub(crate) return_to: String,
}

/// Begins to sign in. Returns where to send the browser.
pub(crate) async fn begin_sign_in(
    state: &State,
    browser: &str,
    provider: &str,
    return_to: &str,
    language: &str,
) -> Result<String, Fault> {
    begin(state, browser, provider, None, return_to, language).await
}

/// Begins to prove once more who one is, in this session. Returns where to send the browser.
pub(crate) async fn begin_again(
    state: &State,
    browser: &str,
    person: &Person,
    return_to: &str,
    language: &str,
) -> Result<String, Fault> {
    let proof = person.proof.as_ref().ok_or(Fault::NotFound)?;
    begin(state, browser, &proof.provider, Some(&person.session), return_to, language).await
}

pub(super) async fn begin(
    state: &State,
    browser: &str,
    id: &str,
    session: Option<&str>,
    return_to: &str,
    language: &str,
) -> Result<String, Fault> {
    let provider = provider_named(state, id).ok_or(Fault::NotFound)?;
    let begun =
        provider.begin(Ask { again: session.is_some(), language }).await.map_err(|e| fault(id, &e))?;
    let state_hash = sha256_hex(begun.pending.state.as_bytes());
    let now = state.clock.now();
    let pending = serde_json::to_vec(&begun.pending).map_err(|e| broken(&e))?;
    let sign_in = NewSignIn {
        state_hash: &state_hash,
        browser_hash: &sha256_hex(browser.as_bytes()),
        provider: id,
        session_hash: session,
        pending: state.drafts.seal(&sealed_for(&state_hash), &pending).map_err(|e| broken(&e))?,
        return_to,
        at: now,
    };
    let conn = state.db.conn();
    store::delete_old_sign_ins(conn, begun_after(now)).await?;
    store::insert_sign_in(conn, TenantId::DEFAULT, sign_in).await?;
    Ok(begun.url)
}

/// Ends what [`begin_sign_in`] or [`begin_again`] began in the same browser.
pub(crate) async fn finish_sign_in(
    state: &State,
    browser: &str,
    person: Option<&Person>,
    returned: &Returned,
) -> Result<Back, Fault> {
    let (begun, signed_in) = take(state, browser, returned, false).await?;
    let provider = state.providers.get(&begun.provider).ok_or(SignInFault::Over)?;
    let subject = provider.template().id(&signed_in).map(Subject::vouched).ok_or(SignInFault::Unknown)?;
    let proof = proof(&begun.provider, &signed_in);
    let session = match &begun.session_hash {
        None => Some(session::open(state, &subject, Some(&proof), person).await?),
        Some(session_hash) => {
            let person = person.filter(|person| person.session == *session_hash).ok_or(Fault::SignedOut)?;
            if person.subject != subject {
                return Err(SignInFault::Another.into());
            }
            session::prove_again(state, person, &proof).await?;
            None
        }
    };
    Ok(Back { session, return_to: begun.return_to })
}

/// Takes a sign-in out that was begun in the same browser, and ends it at its provider.
pub(super) async fn take(
    state: &State,
    browser: &str,
    returned: &Returned,
    staff: bool,
) -> Result<(SignInBegun, SignedIn), Fault> {
    let state_hash = sha256_hex(returned.state.as_bytes());
    let (browser_hash, since) = (sha256_hex(browser.as_bytes()), begun_after(state.clock.now()));
    let conn = state.db.conn();
    let begun = store::take_sign_in(conn, TenantId::DEFAULT, &state_hash, &browser_hash, since).await?;
    let begun = begun.ok_or(SignInFault::Over)?;
    // Sealed with another secret, or at a provider that was taken away: as good as not begun.
    let pending = state.drafts.open(&sealed_for(&state_hash), &begun.pending).ok();
    let pending: Pending =
        pending.and_then(|bytes| serde_json::from_slice(&bytes).ok()).ok_or(SignInFault::Over)?;
    // Who signs in as staff is nobody of the people here, and the other way round.
    if begun.provider.starts_with(STAFF) != staff {
        return Err(SignInFault::Over.into());
    }
    let provider = provider_named(state, &begun.provider).ok_or(SignInFault::Over)?;
    if let Some(error) = &returned.error {
        return Err(answered(&begun.provider, error));
    }
    let signed_in = provider
        .finish(&pending, &returned.code, returned.iss.as_deref())
        .await
        .map_err(|e| fault(&begun.provider, &e))?;
    Ok((begun, signed_in))
}

fn provider_named<'s>(state: &'s State, id: &str) -> Option<&'s Provider> {
    match id.strip_prefix(STAFF) {
        Some(name) => state.staff.get(name),
        None => state.providers.get(id),
    }
}

/// Whether the person proved who she is recently enough, and well enough, for a change.
pub(crate) fn may_change(state: &State, person: &Person) -> bool {
    let Some(proof) = &person.proof else { return true };
    let now = state.clock.now().unix_timestamp();
    let auth_time = proof.auth_time.map(OffsetDateTime::unix_timestamp);
    provider_of(state, proof).is_some_and(|provider| provider.is_fresh(auth_time, proof.acr.as_deref(), now))
}

/// The provider at which a person signed in.
pub(crate) fn provider_of<'s>(state: &'s State, proof: &Proof) -> Option<&'s Provider> {
    state.providers.get(&proof.provider)
}

fn proof(provider: &str, signed_in: &SignedIn) -> Proof {
    Proof {
        provider: provider.to_owned(),
        auth_time: signed_in.auth_time().and_then(|at| OffsetDateTime::from_unix_timestamp(at).ok()),
        acr: signed_in.acr().map(str::to_owned),
        id_token: signed_in.id_token.expose().as_bytes().to_vec(),
    }
}

fn begun_after(now: OffsetDateTime) -> OffsetDateTime {
    now - Duration::minutes(PENDING_MINUTES)
}

fn sealed_for(state_hash: &str) -> Vec<u8> {
    format!("sign-in:{state_hash}").into_bytes()
}

fn broken(error: &dyn std::fmt::Display) -> Fault {
    Fault::Broken(format!("sign-in: {error}"))
}

fn fault(provider: &str, error: &OidcError) -> Fault {
    let text = format!("sign-in at {provider}: {error}");
    match error {
        OidcError::Away(_) => Fault::Away(text),
        OidcError::Refused(_) => SignInFault::Refused(text).into(),
        OidcError::Misconfigured(_) => Fault::Broken(text),
    }
}

/// `error` of RFC 6749 4.1.2.1 and OpenID Connect Core 3.1.2.6. Anybody can write it into an address, so it reaches the
/// log only when it is one that we know.
fn answered(provider: &str, error: &str) -> Fault {
    match error {
        "access_denied" | "login_required" | "interaction_required" | "consent_required" => {
            SignInFault::Denied.into()
        }
        "temporarily_unavailable" | "server_error" => {
            Fault::Away(format!("sign-in at {provider}: it answers that it has a fault"))
        }
        "invalid_request" | "unauthorized_client" | "invalid_scope" | "unsupported_response_type" => {
            Fault::Broken(format!("sign-in at {provider}: it does not accept our request: {error}"))
        }
        _ => SignInFault::Refused(format!("sign-in at {provider}: it answers an unknown error")).into(),
    }
}
