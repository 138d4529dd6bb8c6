//! The envelopes, narrowed by state, programme and what is in their way.

use actix_web::{HttpRequest, HttpResponse, get, web};
use platform::{Page, PageQuery};
use serde::Deserialize;

use super::{
    browser::{Answer, Visit, answer},
    session::Fault,
    views::{Filter, List, ListRow, Mark},
    words,
};
use crate::{
    api::State,
    app::{
        overdue,
        read::{self, EnvelopeFilter},
    },
    domain::{disbursement::State as Payment, envelope},
    store::envelopes::Envelope,
};

/// Envelopes on one page.
const LIMIT: u32 = 50;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    state: String,
    program: String,
    show: String,
    after: String,
}

/// The envelopes, by id.
#[utoipa::path(
    tag = "desk",
    params(
        ("state" = Option<String>, Query, description = "Only this state"),
        ("program" = Option<String>, Query, description = "Only this programme"),
        ("show" = Option<String>, Query, description = "`problem` for those with a problem, `overdue` for those that are late"),
        ("after" = Option<String>, Query, description = "Where the page begins, as its link has it"),
    ),
    responses(
        (status = 200, description = "The page", content_type = "text/html", body = String),
        (status = 401, description = "Not signed in", content_type = "text/html", body = String),
        (status = 403, description = "Not allowed", content_type = "text/html", body = String),
    ),
)]
#[get("/desk/envelopes")]
pub(super) async fn show(req: HttpRequest, state: State) -> HttpResponse {
    answer(&req, &state, async |visit| {
        let asked = web::Query::<Asked>::from_query(req.query_string()).map_err(|_| Fault::Malformed)?;
        list(visit, asked.into_inner()).await
    })
    .await
}

async fn list(visit: &Visit<'_>, asked: Asked) -> Answer {
    let staff = visit.staff()?;
    let some = |text: &str| (!text.is_empty()).then(|| text.trim().to_owned());
    let filter = EnvelopeFilter {
        state: some(&asked.state),
        program: some(&asked.program),
        problem: (asked.show == "problem").then_some(true),
        overdue: (asked.show == "overdue").then_some(true),
    };
    let query = PageQuery { after: some(&asked.after), limit: Some(LIMIT) };
    let Page { items: rows, next } = read::listed(visit.app, &staff.ctx, &filter, &query).await?;
    let t = &visit.t;
    let states = envelope::State::ALL.map(|state| Filter {
        value: state.as_str().to_owned(),
        text: words::envelope_state(t, state),
        chosen: asked.state == state.as_str(),
    });
    let shows = [("problem", t.say("desk-show-problem")), ("overdue", t.say("desk-show-overdue"))];
    let view = List {
        page: visit.page(t.say("desk-list-title"), "/desk/envelopes")?,
        states: states.into(),
        shows: shows
            .into_iter()
            .map(|(value, text)| Filter { value: value.to_owned(), text, chosen: asked.show == value })
            .collect(),
        rows: rows.iter().map(|row| one(visit, row)).collect::<Result<_, Fault>>()?,
        next: next.map(|next| further(visit, &asked, &next)).unwrap_or_default(),
        program: asked.program,
    };
    visit.show(&view)
}

fn one(visit: &Visit<'_>, listed: &read::Listed) -> Result<ListRow, Fault> {
    let (t, envelope) = (&visit.t, &listed.envelope);
    let paid = listed.tally.of(Payment::Paid).count;
    Ok(ListRow {
        href: visit.href(&format!("/desk/envelopes/{}", envelope.envelope_id)),
        id: envelope.envelope_id.clone(),
        program: envelope.benefit_program_mnemonic.clone(),
        day: t.date(envelope.schedule_date),
        state: words::envelope_state(t, envelope.state()?),
        paid: t.say_all(
            "desk-paid-of",
            &[("paid", &words::number(t, paid)), ("all", &words::number(t, envelope.declared_count))],
        ),
        amount: words::money(t, envelope.declared_minor, &envelope.currency),
        problem: problem(visit, envelope)?,
    })
}

fn problem(visit: &Visit<'_>, envelope: &Envelope) -> Result<Option<Mark>, Fault> {
    let (_, overdue) = overdue::moment(visit.app, envelope)?;
    let said = envelope.problem.as_deref().map(|code| words::problem(&visit.t, code).0);
    Ok(match (said, overdue) {
        (Some(text), true) => Some(Mark { kind: "bad", text }),
        (Some(text), false) => Some(Mark { kind: "wait", text }),
        (None, true) => Some(words::late(&visit.t)),
        (None, false) => None,
    })
}

fn further(visit: &Visit<'_>, asked: &Asked, next: &str) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in
        [("state", asked.state.as_str()), ("program", &asked.program), ("show", &asked.show), ("after", next)]
    {
        if !value.is_empty() {
            query.append_pair(name, value);
        }
    }
    visit.href(&format!("/desk/envelopes?{}", query.finish()))
}
