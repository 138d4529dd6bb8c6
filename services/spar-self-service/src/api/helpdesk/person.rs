//! One person's account, for the helpdesk.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use pages::{Field, Form, Key, Problem, Translator};
use serde::Deserialize;

use super::{
    sign_in::find_field,
    views::{self, EntryRow},
    visit::{Visit, answer},
};
use crate::{
    State,
    api::{account::moment_in, views::Facts, visit::Answer, words},
    app::{self, Fault, FoundPerson},
    domain::FinancialAddress,
    peers::desk::{Entry, Refused},
};

/// Find a person by her exact id. It is kept in the session, never in an address.
#[utoipa::path(
    tag = "helpdesk",
    request_body(content = String, content_type = "application/x-www-form-urlencoded", description = "`csrf`, `id`"),
    responses(
        (status = 303, description = "To `/helpdesk/person`"),
        (status = 401, description = "Not signed in", content_type = "text/html", body = String),
        (status = 403, description = "Not allowed, or not sent from our page", content_type = "text/html", body = String),
        (status = 422, description = "The page again, with what is wrong", content_type = "text/html", body = String),
    ),
)]
#[post("/helpdesk/find")]
pub(super) async fn find(req: HttpRequest, state: web::Data<State>, payload: web::Payload) -> HttpResponse {
    answer(&req, &state, async |visit| {
        let staff = visit.staff()?;
        let form = visit.form(&req, payload).await?;
        if app::find(&state, staff, form.get("id")).await? {
            return Ok(visit.go("/helpdesk/person"));
        }
        let problems = vec![Problem { field: "id", message: visit.t.say("helpdesk-id-wrong") }];
        let page = visit.page(Key("helpdesk-find-title"), "/helpdesk", problems)?;
        let id = find_field(visit).filled("", &page.problems);
        visit.show(&page.clone(), &views::Find { page, id })
    })
    .await
}

/// What was done just now.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Done {
    done: String,
}

/// The account of the person who was found, masked, and what was changed of it.
#[utoipa::path(
    tag = "helpdesk",
    params(("done" = Option<String>, Query, description = "What was done just now: `frozen`, `unfrozen` or `asked`")),
    responses(
        (status = 200, description = "The page", content_type = "text/html", body = String),
        (status = 303, description = "Nobody was looked for; to `/helpdesk`"),
        (status = 401, description = "Not signed in", content_type = "text/html", body = String),
        (status = 403, description = "Not allowed", content_type = "text/html", body = String),
        (status = 503, description = "The mapper is away", content_type = "text/html", body = String),
    ),
)]
#[get("/helpdesk/person")]
pub(super) async fn show(req: HttpRequest, state: web::Data<State>) -> HttpResponse {
    answer(&req, &state, async |visit| {
        let done = web::Query::<Done>::from_query(req.query_string()).map_err(|_| Fault::Malformed)?;
        let note = match done.done.as_str() {
            "frozen" => visit.t.say("helpdesk-done-frozen"),
            "unfrozen" => visit.t.say("helpdesk-done-unfrozen"),
            "asked" => visit.t.say("helpdesk-done-asked"),
            _ => String::new(),
        };
        show_person(visit, note, None, Vec::new()).await
    })
    .await
}

/// Shows the person; with `whole` the account that was revealed.
async fn show_person(
    visit: &Visit<'_>,
    note: String,
    whole: Option<FinancialAddress>,
    problems: Vec<Problem>,
) -> Answer {
    let staff = visit.staff()?;
    let Some(found) = app::found(visit.state, staff).await? else { return Ok(visit.go("/helpdesk")) };
    let t = &visit.t;
    let page = visit.page(Key("helpdesk-person-title"), "", problems)?;
    let view = views::Person {
        note,
        facts: facts(t, &found, whole.as_ref()),
        frozen: found.frozen,
        may_reveal: staff.ctx.may(app::REVEAL) && found.address.is_some() && whole.is_none(),
        may_freeze: staff.ctx.may(app::FREEZE),
        may_change: staff.ctx.may(app::CHANGE) && !found.frozen,
        reason: reason_field(t).filled("", &page.problems),
        reference: found.reference,
        entries: found.entries.into_iter().map(|entry| row(visit, entry)).collect(),
        page: page.clone(),
    };
    visit.show(&page, &view)
}

fn facts(t: &Translator, found: &FoundPerson, whole: Option<&FinancialAddress>) -> Facts {
    let mut facts = vec![(t.say("helpdesk-id-end"), format!("…{}", found.id_end))];
    match (whole, &found.address) {
        (Some(address), _) => facts.extend(words::facts(t, address, false)),
        (None, Some(address)) => facts.extend(words::facts(t, address, true)),
        (None, None) if found.linked => facts.push((t.say("helpdesk-account"), t.say("helpdesk-other"))),
        (None, None) => facts.push((t.say("helpdesk-account"), t.say("helpdesk-none"))),
    }
    let frozen = if found.frozen { t.say("helpdesk-frozen") } else { t.say("helpdesk-not-frozen") };
    facts.push((t.say("helpdesk-changes"), frozen));
    facts
}

fn row(visit: &Visit<'_>, entry: Entry) -> EntryRow {
    let t = &visit.t;
    let held = if entry.change == "unlinked" { entry.before } else { entry.after };
    let address = held.and_then(|held| held.fa).as_deref().and_then(FinancialAddress::parse);
    EntryRow {
        when: words::parsed(&entry.at).map(|at| moment_in(t, visit.state, at)).unwrap_or(entry.at),
        what: t.say(&words::happened(app::happened(&entry.change))),
        account: address.map(|address| words::short(t, &address)).unwrap_or_default(),
        who: entry.actor,
        approved_by: entry.approved_by.unwrap_or_default(),
        reason: entry.reason.unwrap_or_default(),
    }
}

pub(super) fn reason_field(t: &Translator) -> Field {
    Field::text("reason", t.say("helpdesk-reason")).hint(t.say("helpdesk-reason-hint"))
}

/// The reason that a form gives, or what is wrong with it.
pub(super) fn reason(t: &Translator, form: &Form) -> Result<String, Problem> {
    let reason = form.get("reason");
    if (5..=app::MAX_REASON).contains(&reason.chars().count()) {
        return Ok(reason.to_owned());
    }
    Err(Problem { field: "reason", message: t.say("helpdesk-reason-wrong") })
}

/// Why it was not done, in words.
pub(super) fn refused(t: &Translator, refused: &Refused) -> String {
    let key = match refused {
        Refused::WrongPart { why, .. } => return t.say1("helpdesk-refused-directory", "why", why),
        Refused::Frozen => Key("helpdesk-refused-frozen"),
        Refused::ChangeWaits => Key("helpdesk-refused-waits"),
        Refused::NothingToDo => Key("helpdesk-refused-nothing"),
        Refused::TooLate => Key("helpdesk-refused-late"),
        Refused::OwnChange => Key("helpdesk-refused-own"),
        Refused::Invalid => Key("helpdesk-refused-invalid"),
    };
    t.say(&key)
}

/// Show the whole account, for a reason that is kept.
#[utoipa::path(
    tag = "helpdesk",
    request_body(content = String, content_type = "application/x-www-form-urlencoded", description = "`csrf`, `reference` of the person who was shown, `reason`"),
    responses(
        (status = 200, description = "The page, with the whole account", content_type = "text/html", body = String),
        (status = 401, description = "Not signed in", content_type = "text/html", body = String),
        (status = 403, description = "Not allowed, or not sent from our page", content_type = "text/html", body = String),
        (status = 409, description = "Another person is looked at by now", content_type = "text/html", body = String),
        (status = 422, description = "The page again, with what is wrong", content_type = "text/html", body = String),
    ),
)]
#[post("/helpdesk/reveal")]
pub(super) async fn reveal(req: HttpRequest, state: web::Data<State>, payload: web::Payload) -> HttpResponse {
    answer(&req, &state, async |visit| {
        let staff = visit.staff()?;
        let form = visit.form(&req, payload).await?;
        match reason(&visit.t, &form) {
            Ok(reason) => {
                let whole = app::reveal(&state, staff, form.get("reference"), &reason).await?;
                show_person(visit, visit.t.say("helpdesk-revealed"), whole, Vec::new()).await
            }
            Err(problem) => show_person(visit, String::new(), None, vec![problem]).await,
        }
    })
    .await
}

/// Freeze the account of the person, or end that.
#[utoipa::path(
    tag = "helpdesk",
    request_body(content = String, content_type = "application/x-www-form-urlencoded", description = "`csrf`, `reference` of the person who was shown, `what`: `freeze` or `unfreeze`, `reason`"),
    responses(
        (status = 303, description = "Done; to `/helpdesk/person`"),
        (status = 401, description = "Not signed in", content_type = "text/html", body = String),
        (status = 403, description = "Not allowed, or not sent from our page", content_type = "text/html", body = String),
        (status = 409, description = "Another person is looked at by now", content_type = "text/html", body = String),
        (status = 422, description = "The page again, with what is wrong", content_type = "text/html", body = String),
    ),
)]
#[post("/helpdesk/freeze")]
pub(super) async fn freeze(req: HttpRequest, state: web::Data<State>, payload: web::Payload) -> HttpResponse {
    answer(&req, &state, async |visit| {
        let staff = visit.staff()?;
        let form = visit.form(&req, payload).await?;
        let freeze = match form.get("what") {
            "freeze" => true,
            "unfreeze" => false,
            _ => return Err(Fault::Malformed),
        };
        let reason = match reason(&visit.t, &form) {
            Ok(reason) => reason,
            Err(problem) => return show_person(visit, String::new(), None, vec![problem]).await,
        };
        match app::freeze(&state, staff, form.get("reference"), &reason, freeze).await? {
            Ok(()) if freeze => Ok(visit.go("/helpdesk/person?done=frozen")),
            Ok(()) => Ok(visit.go("/helpdesk/person?done=unfrozen")),
            Err(why) => show_person(visit, refused(&visit.t, &why), None, Vec::new()).await,
        }
    })
    .await
}
