//! Whose account it is.

use actix_web::{HttpRequest, http::header};
use platform::oidc::SignedIn;
use serde_json::Value;

use super::Refusal;
use crate::{
    State,
    api::cookies,
    app::{self, Person},
};

/// The person, and how she is known.
pub(super) struct RestCaller {
    pub(super) person: Person,
    /// Of a bearer token; `None`: by the session.
    token: Option<SignedIn>,
}

/// What a call does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    Reads,
    Changes,
}

impl RestCaller {
    /// A bearer token counts alone: with one that is not valid the cookie beside it does not help.
    pub(super) async fn of(req: &HttpRequest, state: &State, effect: Effect) -> Result<Self, Refusal> {
        if let Some(value) = req.headers().get(header::AUTHORIZATION) {
            let text = value.to_str().unwrap_or_default();
            let token = text.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("Bearer"));
            let (_, token) = token.ok_or_else(|| Refusal::signed_out("send a bearer token"))?;
            let (person, claims) = app::bearer(state, token.trim()).await?;
            return Ok(Self { person, token: Some(claims) });
        }
        let person = match cookies::session_cookie(req, state) {
            Some(id) => app::person(state, id).await?,
            None => None,
        };
        let person = person.ok_or_else(|| Refusal::signed_out("sign in first"))?;
        if effect == Effect::Changes && !cookies::same_origin(req, state) {
            return Err(Refusal::forbidden("with a session, send this from a page of this site"));
        }
        Ok(Self { person, token: None })
    }

    /// Whether she is known by a token, so that there is no session.
    pub(super) fn has_token(&self) -> bool {
        self.token.is_some()
    }

    /// A claim about the person, where the provider said it.
    pub(super) fn claim(&self, state: &State, name: &str) -> Option<Value> {
        match &self.token {
            Some(claims) => claims.claim(name).cloned(),
            None => app::claim_of_session(state, &self.person, name),
        }
    }
}
