//! The first page, signing in and out.

use actix_web::{
    HttpRequest, HttpResponse, get,
    http::{StatusCode, header},
    post, web,
};
use pages::{Field, Key, Page, Problem};

use crate::{
    State,
    api::{
        views,
        visit::{Answer, Visit, answer},
    },
    app::{self, Fault, SignIn, SignOutThere},
};

/// The first page: sign in, or whom to ask where that is not possible.
#[utoipa::path(
    tag = "pages",
    responses(
        (status = 200, description = "The page", content_type = "text/html", body = String),
        (status = 303, description = "To `/account`, for people who are signed in"),
    ),
)]
#[get("/")]
pub(crate) async fn show_start(req: HttpRequest, state: web::Data<State>) -> HttpResponse {
    answer(&req, &state, async |visit| {
        if visit.signed_in() {
            return Ok(visit.go("/account"));
        }
        let note = if visit.ended { visit.t.say("sign-in-ended") } else { String::new() };
        let page = visit.page(Key("sign-in-title"))?;
        visit.show_as(StatusCode::OK, &view(visit, page, note, ""))
    })
    .await
}

/// The first page, for somebody who signed out, here or at a provider.
#[utoipa::path(
    tag = "pages",
    responses(
        (status = 200, description = "The page", content_type = "text/html", body = String),
        (status = 303, description = "To `/account`, for people who are signed in"),
    ),
)]
#[get("/signed-out")]
pub(crate) async fn show_signed_out(req: HttpRequest, state: web::Data<State>) -> HttpResponse {
    answer(&req, &state, async |visit| {
        if visit.signed_in() {
            return Ok(visit.go("/account"));
        }
        let page = visit.page(Key("sign-in-title"))?;
        visit.show_as(StatusCode::OK, &view(visit, page, visit.t.say("signed-out"), ""))
    })
    .await
}

/// Sign in by a pseudonym, where the configuration allows it (`demo_login`).
#[utoipa::path(
    tag = "pages",
    request_body(content = String, content_type = "application/x-www-form-urlencoded", description = "`csrf`, `code`"),
    responses(
        (status = 303, description = "Signed in; to `/account`"),
        (status = 403, description = "Not sent from our page", content_type = "text/html", body = String),
        (status = 404, description = "Signing in is off", content_type = "text/html", body = String),
        (status = 422, description = "The page again, with what is wrong", content_type = "text/html", body = String),
    ),
)]
#[post("/sign-in")]
pub(crate) async fn sign_in(
    req: HttpRequest,
    state: web::Data<State>,
    payload: web::Payload,
) -> HttpResponse {
    answer(&req, &state, async |visit| {
        if !state.config.demo_login {
            return Err(Fault::NotFound);
        }
        let form = visit.form(&req, payload).await?;
        let code = form.get("code");
        if let SignIn::Done(id) = app::sign_in_as(&state, code, visit.person().ok()).await? {
            return Ok(visit.go_with_session("/account", Some(&id)));
        }
        let message = if code.is_empty() {
            visit.t.say("sign-in-code-missing")
        } else {
            visit.t.say("sign-in-code-wrong")
        };
        let problems = vec![Problem { field: "code", message }];
        let page = Page { problems, ..visit.page(Key("sign-in-title"))? };
        visit.show_as(StatusCode::UNPROCESSABLE_ENTITY, &view(visit, page, String::new(), code))
    })
    .await
}

/// Sign out.
#[utoipa::path(
    tag = "pages",
    request_body(content = String, content_type = "application/x-www-form-urlencoded", description = "`csrf`"),
    responses(
        (status = 200, description = "Signed out; goes on to the provider", content_type = "text/html", body = String),
        (status = 303, description = "Signed out; to `/signed-out`"),
        (status = 401, description = "Not signed in", content_type = "text/html", body = String),
        (status = 403, description = "Not sent from our page", content_type = "text/html", body = String),
    ),
)]
#[post("/sign-out")]
pub(crate) async fn sign_out(
    req: HttpRequest,
    state: web::Data<State>,
    payload: web::Payload,
) -> HttpResponse {
    answer(&req, &state, async |visit| {
        let person = visit.person()?;
        visit.form(&req, payload).await?;
        match app::sign_out(&state, person).await? {
            Some(there) => sign_out_there(visit, there),
            None => Ok(visit.go_with_session("/signed-out", None)),
        }
    })
    .await
}

/// A page that goes on to the provider by itself. A redirect would not do: browsers let a form lead to our own origin
/// only, as our Content-Security-Policy demands, redirects included.
fn sign_out_there(visit: &Visit<'_>, there: SignOutThere) -> Answer {
    let SignOutThere { url, name } = there;
    let refresh = header::HeaderValue::from_str(&format!("0; url={url}"));
    let view = views::Message {
        page: Page { signed_in: false, ..visit.page(Key("sign-out-there-title"))? },
        text: visit.t.say1("sign-out-there", "name", &name),
        link: url,
        link_text: visit.t.say1("sign-out-there-link", "name", &name),
    };
    let mut response = visit.show_as(StatusCode::OK, &view)?;
    if let Ok(refresh) = refresh {
        response.headers_mut().insert(header::REFRESH, refresh);
    }
    visit.end_session(&mut response);
    Ok(response)
}

/// The first page, in place of one that needs somebody to be signed in.
pub(crate) fn instead(visit: &Visit<'_>) -> Answer {
    let note = if visit.ended { visit.t.say("sign-in-ended") } else { visit.t.say("sign-in-first") };
    let page = visit.page(Key("sign-in-title"))?;
    let mut response = visit.show_as(StatusCode::UNAUTHORIZED, &view(visit, page, note, ""))?;
    response
        .headers_mut()
        .insert(header::WWW_AUTHENTICATE, header::HeaderValue::from_static("Cookie realm=\"self-service\""));
    Ok(response)
}

fn view(visit: &Visit<'_>, page: Page, note: String, code: &str) -> views::SignIn {
    let field = Field::text("code", visit.t.say("sign-in-code")).hint(visit.t.say("sign-in-code-hint"));
    let href = |id: &str| visit.href(&format!("/sign-in/{id}?to={}", visit.return_to));
    let text = |name: &str| visit.t.say1("sign-in-with", "name", name);
    let providers = visit.state.providers.iter();
    views::SignIn {
        note,
        providers: providers.map(|(id, p)| (href(id), text(&p.settings().display_name))).collect(),
        open: visit.state.config.demo_login,
        code: field.filled(code, &page.problems),
        page,
    }
}
