//! What somebody does who is in no programme's register.

use actix_web::{HttpRequest, HttpResponse, get, http::StatusCode, web};
use pages::Key;

use crate::{
    State,
    api::{
        views,
        visit::{Answer, Visit, answer},
    },
};

/// What to do and whom to ask when one is not registered. For everybody.
#[utoipa::path(
    tag = "pages",
    responses((status = 200, description = "The page", content_type = "text/html", body = String)),
)]
#[get("/not-registered")]
pub(crate) async fn show_not_registered(req: HttpRequest, state: web::Data<State>) -> HttpResponse {
    answer(&req, &state, async |visit| not_registered(visit, StatusCode::OK)).await
}

/// The page, also in place of a sign-in that ended without an id.
pub(super) fn not_registered(visit: &Visit<'_>, status: StatusCode) -> Answer {
    let (link, link_text) = visit.way_on();
    let page = visit.page(Key("not-registered-title"))?;
    let help = page.help.clone();
    visit.show_as(status, &views::NotRegistered { page, help, link, link_text })
}
