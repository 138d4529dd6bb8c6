//! Staff sign in and out.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use pages::{Field, Key};

use super::{
    views,
    visit::{Visit, answer},
};
use crate::{
    State,
    api::{provider, visit::Answer},
    app::{self, Fault},
};

/// Sign in; or, for staff who are signed in, whose account they look for.
#[utoipa::path(
    tag = "helpdesk",
    responses(
        (status = 200, description = "The page", content_type = "text/html", body = String),
        (status = 404, description = "No sign-in for staff is configured", content_type = "text/html", body = String),
    ),
)]
#[get("/helpdesk")]
pub(super) async fn show_start(req: HttpRequest, state: web::Data<State>) -> HttpResponse {
    answer(&req, &state, async |visit| {
        let Ok(staff) = visit.staff() else { return show_sign_in(visit) };
        if !staff.ctx.may(app::LOOKUP) {
            return Ok(visit.go("/helpdesk/changes"));
        }
        let page = visit.page(Key("helpdesk-find-title"), "/helpdesk", Vec::new())?;
        let id = find_field(visit);
        visit.show(&page.clone(), &views::Find { page, id })
    })
    .await
}

pub(super) fn find_field(visit: &Visit<'_>) -> Field {
    Field::text("id", visit.t.say("helpdesk-id")).hint(visit.t.say("helpdesk-id-hint"))
}

fn show_sign_in(visit: &Visit<'_>) -> Answer {
    if visit.state.staff.is_empty() {
        return Err(Fault::NotFound);
    }
    let page = visit.page(Key("helpdesk-sign-in-title"), "", Vec::new())?;
    let href = |name: &str| visit.href(&format!("/helpdesk/sign-in/{name}"));
    let text = |name: &str| visit.t.say1("sign-in-with", "name", name);
    let staff = visit.state.staff.iter();
    let providers = staff.map(|(name, p)| (href(name), text(&p.settings().display_name))).collect();
    visit.show(&page.clone(), &views::SignIn { page, providers })
}

/// Go to a provider of the staff.
#[utoipa::path(
    tag = "helpdesk",
    params(("provider" = String, Path, description = "Name of the provider, as in the configuration")),
    responses(
        (status = 303, description = "To the provider"),
        (status = 404, description = "There is no such provider", content_type = "text/html", body = String),
    ),
)]
#[get("/helpdesk/sign-in/{provider}")]
pub(super) async fn go_to_provider(
    req: HttpRequest,
    state: web::Data<State>,
    provider: web::Path<String>,
) -> HttpResponse {
    answer(&req, &state, async |visit| {
        let url = app::begin_staff_sign_in(&state, visit.browser(), &provider).await?;
        Ok(visit.leave(&url))
    })
    .await
}

/// Come back from a provider: the `redirect_uri` of staff.
#[utoipa::path(
    tag = "helpdesk",
    params(
        ("state" = String, Query, description = "As it was sent"),
        ("code" = Option<String>, Query, description = "To be traded for tokens"),
        ("iss" = Option<String>, Query, description = "The provider's issuer (RFC 9207)"),
        ("error" = Option<String>, Query, description = "Why there is no code"),
    ),
    responses(
        (status = 303, description = "Signed in; to `/helpdesk`"),
        (status = 400, description = "No sign-in was begun in this browser that this could be the end of", content_type = "text/html", body = String),
        (status = 403, description = "Not signed in, or without a role that may do anything here", content_type = "text/html", body = String),
    ),
)]
#[get("/helpdesk/callback")]
pub(super) async fn come_back(req: HttpRequest, state: web::Data<State>) -> HttpResponse {
    answer(&req, &state, async |visit| {
        let returned = provider::returned(&req)?;
        let id = app::finish_staff_sign_in(&state, visit.browser(), &returned).await?;
        Ok(visit.go_with_session("/helpdesk", Some(&id)))
    })
    .await
}

/// Sign out.
#[utoipa::path(
    tag = "helpdesk",
    request_body(content = String, content_type = "application/x-www-form-urlencoded", description = "`csrf`"),
    responses(
        (status = 303, description = "Signed out"),
        (status = 401, description = "Not signed in", content_type = "text/html", body = String),
        (status = 403, description = "Not sent from our page", content_type = "text/html", body = String),
    ),
)]
#[post("/helpdesk/sign-out")]
pub(super) async fn sign_out(
    req: HttpRequest,
    state: web::Data<State>,
    payload: web::Payload,
) -> HttpResponse {
    answer(&req, &state, async |visit| {
        let staff = visit.staff()?;
        visit.form(&req, payload).await?;
        app::staff_sign_out(&state, staff).await?;
        Ok(visit.go_with_session("/helpdesk", None))
    })
    .await
}
