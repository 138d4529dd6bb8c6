//! Where do you want to be paid? One question a page.

use actix_web::{HttpRequest, HttpResponse, get, http::StatusCode, post, web};
use pages::{Choice, Key, Problem};

use crate::{
    State,
    api::{
        views,
        visit::{Answer, Visit, answer},
    },
    app::{
        self,
        choices::{self, Kind},
    },
    config::Place,
    domain::FinancialAddress,
};

/// Bank, mobile money or email wallet?
#[utoipa::path(
    tag = "pages",
    responses(
        (status = 200, description = "The page", content_type = "text/html", body = String),
        (status = 401, description = "Not signed in", content_type = "text/html", body = String),
    ),
)]
#[get("/account/change")]
pub(crate) async fn ask_kind(req: HttpRequest, state: web::Data<State>) -> HttpResponse {
    answer(&req, &state, async |visit| {
        visit.person()?;
        show_kinds(visit, Vec::new()).await
    })
    .await
}

/// Choose bank, mobile money or email wallet.
#[utoipa::path(
    tag = "pages",
    request_body(content = String, content_type = "application/x-www-form-urlencoded", description = "`csrf`, `kind`: `bank`, `wallet` or `email`"),
    responses(
        (status = 303, description = "To the next question"),
        (status = 401, description = "Not signed in", content_type = "text/html", body = String),
        (status = 403, description = "Not sent from our page", content_type = "text/html", body = String),
        (status = 422, description = "The page again, with what is wrong", content_type = "text/html", body = String),
    ),
)]
#[post("/account/change")]
pub(crate) async fn choose_kind(
    req: HttpRequest,
    state: web::Data<State>,
    payload: web::Payload,
) -> HttpResponse {
    answer(&req, &state, async |visit| {
        visit.person()?;
        let form = visit.form(&req, payload).await?;
        let kinds = choices::kinds(&state).await?;
        match Kind::parse(form.get("kind")).filter(|kind| kinds.contains(kind)) {
            Some(kind) => Ok(visit.go(&format!("/account/change/{}", kind.as_str()))),
            None => show_kinds(visit, vec![problem(visit, "kind", Key("change-kind-missing"))]).await,
        }
    })
    .await
}

async fn show_kinds(visit: &Visit<'_>, problems: Vec<Problem>) -> Answer {
    let t = &visit.t;
    let words = |kind: &Kind| match kind {
        Kind::Bank => t.say("change-bank"),
        Kind::Wallet => t.say("change-wallet"),
        Kind::Email => t.say("change-email"),
    };
    let kinds = choices::kinds(visit.state).await?;
    let options: Vec<(String, String)> =
        kinds.iter().map(|kind| (kind.as_str().to_owned(), words(kind))).collect();
    let page = visit.step(Key("change-title"), "/account", problems)?;
    if options.is_empty() {
        let (text, link, link_text) =
            (t.say("change-not-here"), visit.href("/account"), t.say("see-account"));
        return visit.show_as(StatusCode::OK, &views::Message { page, text, link, link_text });
    }
    let question =
        Choice::new("kind", t.say("change-title"), options).hint(t.say("change-hint")).as_heading();
    let kind = question.filled("", &page.problems);
    visit.show(&page.clone(), &views::Change { page, kind })
}

/// Keeps an account and goes to the last look at it.
pub(super) async fn keep(visit: &Visit<'_>, address: FinancialAddress) -> Answer {
    app::keep_change(visit.state, visit.person()?, address).await?;
    Ok(visit.go("/account/check"))
}

pub(super) fn problem(visit: &Visit<'_>, field: &'static str, key: Key) -> Problem {
    Problem { field, message: visit.t.say(&key) }
}

pub(super) fn options(places: Vec<Place>) -> Vec<(String, String)> {
    places.into_iter().map(|place| (place.code, place.name)).collect()
}
