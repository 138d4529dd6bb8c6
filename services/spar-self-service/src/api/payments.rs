//! What was paid.

use actix_web::{HttpRequest, HttpResponse, get, http::StatusCode, web};
use pages::{Key, Translator};

use crate::{
    State,
    api::{
        views::{self, PaymentRow},
        visit::answer,
        words,
    },
    app::{self, PaymentLine},
};

/// The payments of the person, the latest first.
#[utoipa::path(
    tag = "pages",
    responses(
        (status = 200, description = "The page", content_type = "text/html", body = String),
        (status = 401, description = "Not signed in", content_type = "text/html", body = String),
        (status = 503, description = "The beneficiary registry is away", content_type = "text/html", body = String),
    ),
)]
#[get("/payments")]
pub(crate) async fn show_payments(req: HttpRequest, state: web::Data<State>) -> HttpResponse {
    answer(&req, &state, async |visit| {
        let found = app::payments(&state, visit.person()?).await?;
        let count = u64::try_from(found.len()).unwrap_or(u64::MAX);
        let view = views::Payments {
            page: visit.menu_page(Key("payments-title"), "/payments")?,
            count: visit.t.say_count("payments-count", count),
            lines: found.into_iter().map(|line| row(&visit.t, line)).collect(),
        };
        visit.show_as(StatusCode::OK, &view)
    })
    .await
}

fn row(t: &Translator, line: PaymentLine) -> PaymentRow {
    let (progress, look) = words::progress(line.progress);
    let (advice, link) = match line.advice.map(words::advice) {
        Some((key, link)) => (t.say(&key), link.map(|key| t.say(&key)).unwrap_or_default()),
        None => Default::default(),
    };
    let what = [line.program, line.cycle].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>();
    PaymentRow {
        what: what.join(", "),
        date: line.date.map(|date| t.say1("payment-date", "date", &t.date(date))).unwrap_or_default(),
        amount: line.amount.map_or_else(|text| text, |amount| t.money(amount)),
        progress: t.say(&progress),
        look,
        advice,
        link,
    }
}
