//! To a sign-in provider and back. The way there is a link, not a form: a form may lead to our own origin only.

use actix_web::{HttpRequest, HttpResponse, get, web};
use serde::Deserialize;

use crate::{
    State,
    api::visit::{answer, return_to},
    app::{self, Fault, Returned},
};

/// Go to a provider to sign in.
#[utoipa::path(
    tag = "pages",
    params(
        ("provider" = String, Path, description = "Name of the provider, as in the configuration"),
        ("to" = Option<String>, Query, description = "Page of ours to show afterwards, for example `/payments`; `/account` for any that people cannot land on"),
    ),
    responses(
        (status = 303, description = "To the provider"),
        (status = 404, description = "There is no such provider", content_type = "text/html", body = String),
        (status = 503, description = "The provider is away", content_type = "text/html", body = String),
    ),
)]
#[get("/sign-in/{provider}")]
pub(crate) async fn go_to_provider(
    req: HttpRequest,
    state: web::Data<State>,
    provider: web::Path<String>,
) -> HttpResponse {
    answer(&req, &state, async |visit| {
        let to = return_to(&query(&req)?.to);
        let url = app::begin_sign_in(&state, visit.browser(), &provider, to, visit.t.code()).await?;
        Ok(visit.leave(&url))
    })
    .await
}

/// Go to the provider to prove once more who one is, before a change.
#[utoipa::path(
    tag = "pages",
    params(("to" = Option<String>, Query, description = "Page to come back to: `/account/check` or `/account/stop`; `/account/check` for any other")),
    responses(
        (status = 303, description = "To the provider"),
        (status = 401, description = "Not signed in", content_type = "text/html", body = String),
        (status = 503, description = "The provider is away", content_type = "text/html", body = String),
    ),
)]
#[get("/account/sign-in-again")]
pub(crate) async fn sign_in_again(req: HttpRequest, state: web::Data<State>) -> HttpResponse {
    answer(&req, &state, async |visit| {
        let person = visit.person()?;
        let to = if query(&req)?.to == "/account/stop" { "/account/stop" } else { "/account/check" };
        let url = app::begin_again(&state, visit.browser(), person, to, visit.t.code()).await?;
        Ok(visit.leave(&url))
    })
    .await
}

/// Come back from a provider: the `redirect_uri`.
#[utoipa::path(
    tag = "pages",
    params(
        ("state" = String, Query, description = "As it was sent"),
        ("code" = Option<String>, Query, description = "To be traded for tokens"),
        ("iss" = Option<String>, Query, description = "The provider's issuer (RFC 9207)"),
        ("error" = Option<String>, Query, description = "Why there is no code"),
    ),
    responses(
        (status = 303, description = "Signed in; to the page that was asked for"),
        (status = 400, description = "No sign-in was begun in this browser that this could be the end of", content_type = "text/html", body = String),
        (status = 403, description = "Not signed in", content_type = "text/html", body = String),
        (status = 503, description = "The provider is away", content_type = "text/html", body = String),
    ),
)]
#[get("/oauth2/callback")]
pub(crate) async fn come_back(req: HttpRequest, state: web::Data<State>) -> HttpResponse {
    answer(&req, &state, async |visit| {
        let returned = returned(&req)?;
        let back = app::finish_sign_in(&state, visit.browser(), visit.person().ok(), &returned).await?;
        Ok(match back.session {
            Some(id) => visit.go_with_session(&back.return_to, Some(&id)),
            None => visit.go(&back.return_to),
        })
    })
    .await
}

/// What an address may say. A name that comes twice makes the whole address a mistake.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Asked {
    to: String,
    state: String,
    code: String,
    iss: Option<String>,
    error: Option<String>,
}

/// What a provider's answer in an address says.
pub(super) fn returned(req: &HttpRequest) -> Result<Returned, Fault> {
    let Asked { state, code, iss, error, .. } = query(req)?;
    Ok(Returned { state, code, iss, error })
}

fn query(req: &HttpRequest) -> Result<Asked, Fault> {
    web::Query::from_query(req.query_string()).map(web::Query::into_inner).map_err(|_| Fault::Malformed)
}
