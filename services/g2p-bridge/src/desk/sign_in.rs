//! Staff sign in and out.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::Deserialize;

use super::{
    browser::{Answer, Visit, answer},
    session::{self, Fault, Returned},
    views,
};
use crate::api::State;

/// Sign in; or, for staff who are signed in, the envelopes.
#[utoipa::path(
    tag = "desk",
    responses(
        (status = 200, description = "The page", content_type = "text/html", body = String),
        (status = 303, description = "Signed in already; to the envelopes"),
        (status = 404, description = "No sign-in for staff is configured", content_type = "text/html", body = String),
    ),
)]
#[get("/desk")]
pub(super) async fn show_start(req: HttpRequest, state: State) -> HttpResponse {
    answer(&req, &state, async |visit| {
        if visit.staff().is_ok() {
            return Ok(visit.go("/desk/envelopes"));
        }
        show_sign_in(visit)
    })
    .await
}

fn show_sign_in(visit: &Visit<'_>) -> Answer {
    let providers = &visit.app.desk.providers;
    if providers.is_empty() {
        return Err(Fault::NotFound);
    }
    let href = |name: &str| visit.href(&format!("/desk/sign-in/{name}"));
    let text = |name: &str| visit.t.say1("desk-sign-in-with", "name", name);
    let page = visit.page(visit.t.say("desk-sign-in-title"), "")?;
    let providers =
        providers.iter().map(|(name, p)| (href(name), text(&p.settings().display_name))).collect();
    visit.show(&views::SignIn { page, providers })
}

/// Go to a provider of the staff.
#[utoipa::path(
    tag = "desk",
    params(("provider" = String, Path, description = "Name of the provider, as in the configuration")),
    responses(
        (status = 303, description = "To the provider"),
        (status = 404, description = "There is no such provider", content_type = "text/html", body = String),
    ),
)]
#[get("/desk/sign-in/{provider}")]
pub(super) async fn go_to_provider(
    req: HttpRequest,
    state: State,
    provider: web::Path<String>,
) -> HttpResponse {
    answer(&req, &state, async |visit| {
        let url = session::begin(visit.app, visit.browser(), &provider, "/desk/envelopes").await?;
        Ok(visit.leave(&url))
    })
    .await
}

/// What an address may say. A name that comes twice makes the whole address a mistake.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Asked {
    state: String,
    code: String,
    iss: Option<String>,
    error: Option<String>,
}

/// Come back from a provider: the `redirect_uri` of staff.
#[utoipa::path(
    tag = "desk",
    params(
        ("state" = String, Query, description = "As it was sent"),
        ("code" = Option<String>, Query, description = "To be traded for tokens"),
        ("iss" = Option<String>, Query, description = "The provider's issuer (RFC 9207)"),
        ("error" = Option<String>, Query, description = "Why there is no code"),
    ),
    responses(
        (status = 303, description = "Signed in; to the envelopes"),
        (status = 400, description = "No sign-in was begun in this browser that this could be the end of", content_type = "text/html", body = String),
        (status = 403, description = "Not signed in, or without a role that may look", content_type = "text/html", body = String),
    ),
)]
#[get("/desk/callback")]
pub(super) async fn come_back(req: HttpRequest, state: State) -> HttpResponse {
    answer(&req, &state, async |visit| {
        let asked = web::Query::<Asked>::from_query(req.query_string()).map_err(|_| Fault::Malformed)?;
        let Asked { state, code, iss, error } = asked.into_inner();
        let returned = Returned { state, code, iss, error };
        let (id, to) = session::finish(visit.app, visit.browser(), &returned).await?;
        Ok(visit.go_with_session(&to, Some(&id)))
    })
    .await
}

/// Sign out.
#[utoipa::path(
    tag = "desk",
    request_body(content = String, content_type = "application/x-www-form-urlencoded", description = "`csrf`"),
    responses(
        (status = 303, description = "Signed out"),
        (status = 401, description = "Not signed in", content_type = "text/html", body = String),
        (status = 403, description = "Not sent from our page", content_type = "text/html", body = String),
    ),
)]
#[post("/desk/sign-out")]
pub(super) async fn sign_out(req: HttpRequest, state: State, payload: web::Payload) -> HttpResponse {
    answer(&req, &state, async |visit| {
        let staff = visit.staff()?;
        visit.form(&req, payload).await?;
        session::sign_out(visit.app, staff).await?;
        Ok(visit.go_with_session("/desk", None))
    })
    .await
}
