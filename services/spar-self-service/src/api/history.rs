//! What was changed of the account.

use actix_web::{HttpRequest, HttpResponse, get, http::StatusCode, web};
use pages::Key;

use crate::{
    State,
    api::{
        account::moment,
        views::{self, HistoryRow},
        visit::{Visit, answer},
        words,
    },
    app::{self, HistoryLine},
};

/// Changes of the person's account, the newest first: what, when, and by whom.
#[utoipa::path(
    tag = "pages",
    responses(
        (status = 200, description = "The page", content_type = "text/html", body = String),
        (status = 401, description = "Not signed in", content_type = "text/html", body = String),
        (status = 503, description = "The mapper is away", content_type = "text/html", body = String),
    ),
)]
#[get("/account/history")]
pub(crate) async fn show_history(req: HttpRequest, state: web::Data<State>) -> HttpResponse {
    answer(&req, &state, async |visit| {
        let (lines, older) = app::history(&state, visit.person()?).await?;
        let view = views::History {
            page: visit.step(Key("history-title"), "/account", Vec::new())?,
            lines: lines.into_iter().map(|line| row(visit, &line)).collect(),
            older: if older { visit.t.say("history-older") } else { String::new() },
        };
        visit.show_as(StatusCode::OK, &view)
    })
    .await
}

fn row(visit: &Visit<'_>, line: &HistoryLine) -> HistoryRow {
    let t = &visit.t;
    let account = line.address.as_ref().map(|address| words::short(t, address));
    HistoryRow {
        what: t.say(&words::happened(line.happened)),
        when: line.at.map(|at| moment(visit, at)).unwrap_or_default(),
        account: account.unwrap_or_default(),
        who: t.say(&words::who(line.who)),
    }
}
