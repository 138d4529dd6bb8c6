//! Changes that wait for a second person.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use pages::Key;
use serde::Deserialize;
use uuid::Uuid;

use super::{
    person::refused,
    views::{self, WaitingRow},
    visit::{Visit, answer},
};
use crate::{
    State,
    api::{account::moment_in, visit::Answer, words},
    app::{self, Fault},
    domain::{FinancialAddress, id_ending},
    peers::desk::Change,
};

#[derive(Default, Deserialize)]
#[serde(default)]
struct Asked {
    after: Option<String>,
    done: String,
}

/// Changes that wait for approval, in the order they were asked for.
#[utoipa::path(
    tag = "helpdesk",
    params(
        ("after" = Option<String>, Query, description = "Where the page begins, as its link has it"),
        ("done" = Option<String>, Query, description = "What was done just now: `approved` or `refused`"),
    ),
    responses(
        (status = 200, description = "The page", content_type = "text/html", body = String),
        (status = 401, description = "Not signed in", content_type = "text/html", body = String),
        (status = 403, description = "Not allowed", content_type = "text/html", body = String),
        (status = 503, description = "The mapper is away", content_type = "text/html", body = String),
    ),
)]
#[get("/helpdesk/changes")]
pub(super) async fn show(req: HttpRequest, state: web::Data<State>) -> HttpResponse {
    answer(&req, &state, async |visit| {
        let asked = web::Query::<Asked>::from_query(req.query_string()).map_err(|_| Fault::Malformed)?;
        let note = match asked.done.as_str() {
            "approved" => visit.t.say("helpdesk-done-approved"),
            "refused" => visit.t.say("helpdesk-done-refused"),
            _ => String::new(),
        };
        show_waiting(visit, note, asked.after.as_deref()).await
    })
    .await
}

async fn show_waiting(visit: &Visit<'_>, note: String, after: Option<&str>) -> Answer {
    let staff = visit.staff()?;
    let found = app::waiting(visit.state, staff, after).await?;
    let next = found.next.map(|next| visit.href(&format!("/helpdesk/changes?after={next}")));
    let us = staff.ctx.actor.label();
    let view = views::Waiting {
        page: visit.page(Key("helpdesk-waiting-title"), "/helpdesk/changes", Vec::new())?,
        note,
        rows: found.items.into_iter().map(|change| row(visit, change, &us)).collect(),
        may_approve: staff.ctx.may(app::APPROVE),
        next: next.unwrap_or_default(),
    };
    visit.show(&view.page.clone(), &view)
}

fn row(visit: &Visit<'_>, change: Change, us: &str) -> WaitingRow {
    let t = &visit.t;
    let what = match change.operation.as_str() {
        "link" => Key("helpdesk-op-link"),
        "unlink" => Key("helpdesk-op-unlink"),
        _ => Key("helpdesk-op-update"),
    };
    let address = change.fa.as_deref().and_then(FinancialAddress::parse);
    WaitingRow {
        id: change.change_id.to_string(),
        person: format!("…{}", id_ending(&change.id)),
        what: t.say(&what),
        account: address.map(|address| words::short(t, &address)).unwrap_or_default(),
        reason: change.reason,
        own: change.requested_by == us,
        who: change.requested_by,
        when: words::parsed(&change.requested_at)
            .map(|at| moment_in(t, visit.state, at))
            .unwrap_or(change.requested_at),
    }
}

/// Approve a change that somebody else asked for, or refuse it.
#[utoipa::path(
    tag = "helpdesk",
    request_body(content = String, content_type = "application/x-www-form-urlencoded", description = "`csrf`, `change` (id), `decision`: `approve` or `refuse`"),
    responses(
        (status = 303, description = "Done; to the list"),
        (status = 200, description = "The list, with why it was not done", content_type = "text/html", body = String),
        (status = 401, description = "Not signed in", content_type = "text/html", body = String),
        (status = 403, description = "Not allowed, or not sent from our page", content_type = "text/html", body = String),
    ),
)]
#[post("/helpdesk/decide")]
pub(super) async fn decide(req: HttpRequest, state: web::Data<State>, payload: web::Payload) -> HttpResponse {
    answer(&req, &state, async |visit| {
        let staff = visit.staff()?;
        let form = visit.form(&req, payload).await?;
        let change_id: Uuid = form.get("change").parse().map_err(|_| Fault::Malformed)?;
        let approve = match form.get("decision") {
            "approve" => true,
            "refuse" => false,
            _ => return Err(Fault::Malformed),
        };
        match app::decide(&state, staff, change_id, approve).await? {
            Ok(()) if approve => Ok(visit.go("/helpdesk/changes?done=approved")),
            Ok(()) => Ok(visit.go("/helpdesk/changes?done=refused")),
            Err(why) => show_waiting(visit, refused(&visit.t, &why), None).await,
        }
    })
    .await
}
