//! A person who comes with a token of her sign-in provider in place of a session.

use std::collections::BTreeSet;

use platform::{
    Actor, Ctx, TenantId,
    oidc::{OidcError, SignedIn, unverified_issuer},
};
use time::OffsetDateTime;

use crate::{
    State,
    app::{Fault, Person, SignInFault, session::Proof},
    domain::Subject,
};

/// The person of a bearer token, and what the token says. The id is made from its claims as at a sign-in.
pub(crate) async fn bearer(state: &State, token: &str) -> Result<(Person, SignedIn), Fault> {
    let refused = |why: &str| Fault::from(SignInFault::Refused(format!("bearer token: {why}")));
    let issuer = unverified_issuer(token).ok_or_else(|| refused("it is not a JWT with an issuer"))?;
    let mut outcome = Err(refused("its issuer is no sign-in provider of ours"));
    // Several providers of the configuration may be clients of one issuer.
    for (name, provider) in state.providers.iter().filter(|(_, p)| p.settings().issuer == issuer) {
        match provider.bearer(token).await {
            Ok(claims) => {
                let subject = provider.template().id(&claims).map(Subject::vouched);
                return Ok((person(state, name, subject.ok_or(SignInFault::Unknown)?, &claims), claims));
            }
            Err(OidcError::Away(why)) => return Err(Fault::Away(why)),
            Err(error) => outcome = Err(SignInFault::Refused(error.to_string()).into()),
        }
    }
    outcome
}

fn person(state: &State, provider: &str, subject: Subject, claims: &SignedIn) -> Person {
    let permissions = BTreeSet::from(["self:read".to_owned(), "self:write".to_owned()]);
    let actor = Actor::User(subject.as_str().to_owned());
    Person {
        ctx: Ctx::new(actor, TenantId::default(), state.clock.clone(), permissions),
        subject,
        session: String::new(),
        draft: None,
        proof: Some(Proof {
            provider: provider.to_owned(),
            auth_time: claims.auth_time().and_then(|at| OffsetDateTime::from_unix_timestamp(at).ok()),
            acr: claims.acr().map(str::to_owned),
            id_token: Vec::new(),
        }),
    }
}
