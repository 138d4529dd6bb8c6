//! Being paid nowhere any longer.

use actix_web::{HttpRequest, HttpResponse, get, http::StatusCode, post, web};
use pages::Key;

use crate::{
    State,
    api::{
        account::{sign_in_again, tell},
        views,
        visit::answer,
        words,
    },
    app::{self, Account},
};

/// The account that is to be used no longer, to look at before it is confirmed.
#[utoipa::path(
    tag = "pages",
    responses(
        (status = 200, description = "The page", content_type = "text/html", body = String),
        (status = 303, description = "There is no account; to `/account`"),
        (status = 401, description = "Not signed in", content_type = "text/html", body = String),
        (status = 503, description = "The mapper is away", content_type = "text/html", body = String),
    ),
)]
#[get("/account/stop")]
pub(crate) async fn ask_stop(req: HttpRequest, state: web::Data<State>) -> HttpResponse {
    answer(&req, &state, async |visit| {
        let (found, reference) = app::prepare_stop(&state, visit.person()?).await?;
        let t = &visit.t;
        let facts = match found {
            Account::None => return Ok(visit.go("/account")),
            Account::Known { address, .. } => words::facts(t, &address, true),
            Account::Other => Vec::new(),
        };
        let view = views::Check {
            page: visit.step(Key("stop-title"), "/account", Vec::new())?,
            lead: t.say("stop-lead"),
            facts,
            action: visit.href("/account/stop"),
            reference,
            button: t.say("stop-button"),
            edit: visit.href("/account"),
            edit_text: t.say("stop-keep"),
            again: sign_in_again(visit, "/account/stop")?,
        };
        visit.show_as(StatusCode::OK, &view)
    })
    .await
}

/// Take the account away that was seen on the page.
#[utoipa::path(
    tag = "pages",
    request_body(content = String, content_type = "application/x-www-form-urlencoded", description = "`csrf`, `reference` of the account that was shown"),
    responses(
        (status = 303, description = "Done; to the receipt. Or back to `/account/stop`, when the person is to sign in again first"),
        (status = 401, description = "Not signed in", content_type = "text/html", body = String),
        (status = 403, description = "Not sent from our page", content_type = "text/html", body = String),
        (status = 409, description = "Changes of this person's account are stopped", content_type = "text/html", body = String),
        (status = 503, description = "Not known whether it was done", content_type = "text/html", body = String),
    ),
)]
#[post("/account/stop")]
pub(crate) async fn confirm_stop(
    req: HttpRequest,
    state: web::Data<State>,
    payload: web::Payload,
) -> HttpResponse {
    answer(&req, &state, async |visit| {
        let person = visit.person()?;
        let form = visit.form(&req, payload).await?;
        let outcome = app::stop(&state, person, form.get("reference")).await;
        tell(visit, outcome, "/account/stop")
    })
    .await
}
