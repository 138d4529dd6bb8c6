//! Staff ask for another account of a person.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use g2p_connect::mapper::newer::FaObject;
use pages::{Choice, Field, Form, Key, Problem};
use serde_json::json;

use super::{
    person::{reason, reason_field, refused},
    views,
    visit::{Visit, answer},
};
use crate::{
    State,
    api::visit::Answer,
    app::{
        self, Fault,
        choices::{self, Kind},
    },
    domain::FinancialAddress,
    peers::desk::Refused,
};

/// What the choice "no account any longer" sends.
const NOWHERE: &str = "nowhere";

/// The form.
#[utoipa::path(
    tag = "helpdesk",
    responses(
        (status = 200, description = "The page", content_type = "text/html", body = String),
        (status = 401, description = "Not signed in", content_type = "text/html", body = String),
        (status = 403, description = "Not allowed", content_type = "text/html", body = String),
    ),
)]
#[get("/helpdesk/change")]
pub(super) async fn ask(req: HttpRequest, state: web::Data<State>) -> HttpResponse {
    answer(&req, &state, async |visit| {
        visit.staff()?.ctx.require(app::CHANGE)?;
        show(visit, &Form::default(), Vec::new()).await
    })
    .await
}

/// Ask for the change. Nothing is changed before somebody else approves it.
#[utoipa::path(
    tag = "helpdesk",
    request_body(content = String, content_type = "application/x-www-form-urlencoded", description = "`csrf`, `reference` of the person who was shown, `to`: kind and code, as `bank:EXBK`, or `nowhere`; `branch` (code), `number`, `reason`"),
    responses(
        (status = 303, description = "It waits now; to `/helpdesk/person`"),
        (status = 401, description = "Not signed in", content_type = "text/html", body = String),
        (status = 403, description = "Not allowed, or not sent from our page", content_type = "text/html", body = String),
        (status = 409, description = "Another person is looked at by now", content_type = "text/html", body = String),
        (status = 422, description = "The page again, with what is wrong", content_type = "text/html", body = String),
    ),
)]
#[post("/helpdesk/change")]
pub(super) async fn enter(req: HttpRequest, state: web::Data<State>, payload: web::Payload) -> HttpResponse {
    answer(&req, &state, async |visit| {
        let staff = visit.staff()?;
        let form = visit.form(&req, payload).await?;
        let reference = form.get("reference");
        app::is_about(&state, staff, reference)?;
        let mut problems = Vec::new();
        let address = read(visit, &form).await?.map_err(|problem| problems.push(problem));
        let reason = reason(&visit.t, &form).map_err(|problem| problems.push(problem));
        let (Ok(address), Ok(reason)) = (address, reason) else { return show(visit, &form, problems).await };
        match app::ask_for_change(&state, staff, reference, address.as_ref(), &reason).await? {
            Ok(()) => Ok(visit.go("/helpdesk/person?done=asked")),
            Err(why) => {
                let problem = Problem { field: field_of(&why), message: refused(&visit.t, &why) };
                show(visit, &form, vec![problem]).await
            }
        }
    })
    .await
}

/// The field of the form that a refusal is about.
fn field_of(refused: &Refused) -> &'static str {
    match refused {
        Refused::WrongPart { part, .. } => match part.as_str() {
            "branch_code" => "branch",
            "account_number" | "mobile_number" | "email_address" => "number",
            _ => "to",
        },
        _ => "to",
    }
}

/// The new account; `None`: none any longer.
async fn read(visit: &Visit<'_>, form: &Form) -> Result<Result<Option<FinancialAddress>, Problem>, Fault> {
    let t = &visit.t;
    let to = form.get("to");
    if to == NOWHERE {
        return Ok(Ok(None));
    }
    let Some((kind, code)) = to.split_once(':').and_then(|(kind, code)| Some((Kind::parse(kind)?, code)))
    else {
        return Ok(Err(Problem { field: "to", message: t.say("helpdesk-to-missing") }));
    };
    let (strategy_id, provider, number) = match kind {
        Kind::Bank => (2, "bank_code", "account_number"),
        Kind::Email => (3, "wallet_provider_code", "email_address"),
        Kind::Wallet => (4, "wallet_provider_code", "mobile_number"),
    };
    if kind == Kind::Bank
        && choices::has_branches(visit.state, code).await?
        && choices::branch(visit.state, code, form.get("branch")).await?.is_none()
    {
        return Ok(Err(Problem { field: "branch", message: t.say("helpdesk-branch-wrong") }));
    }
    let branch = if kind == Kind::Bank { form.get("branch") } else { "" };
    let parts = [(provider, code), ("branch_code", branch), (number, form.get("number"))];
    let parts = parts.into_iter().map(|(name, value)| (name.to_owned(), json!(value))).collect();
    let fa = FaObject { strategy_id, fa_type: String::new(), parts };
    let read = app::read_address(visit.state, &fa).await?;
    Ok(read.map(Some).map_err(|why| {
        let why = why.split_once(' ').map_or("", |(_, why)| why);
        Problem { field: "number", message: t.say1("helpdesk-number-wrong", "why", why) }
    }))
}

async fn show(visit: &Visit<'_>, form: &Form, problems: Vec<Problem>) -> Answer {
    let t = &visit.t;
    let Some(found) = app::found(visit.state, visit.staff()?).await? else {
        return Ok(visit.go("/helpdesk"));
    };
    let mut options = Vec::new();
    for kind in Kind::ALL {
        let label = match kind {
            Kind::Bank => t.say("account-bank"),
            Kind::Wallet => t.say("account-wallet"),
            Kind::Email => t.say("account-email-wallet"),
        };
        let places = choices::providers(visit.state, kind).await?.into_iter();
        options.extend(
            places.map(|p| (format!("{}:{}", kind.as_str(), p.code), format!("{label}: {}", p.name))),
        );
    }
    options.push((NOWHERE.to_owned(), t.say("helpdesk-nowhere")));
    let page = visit.page(Key("helpdesk-change-title"), "", problems)?;
    let page = pages::Page { back: visit.href("/helpdesk/person"), ..page };
    let field = |name: &'static str, label: String, hint: String| {
        Field::text(name, label).hint(hint).filled(form.get(name), &page.problems)
    };
    let view = views::Change {
        to: Choice::new("to", t.say("helpdesk-to"), options).filled(form.get("to"), &page.problems),
        branch: field("branch", t.say("account-branch-code"), t.say("helpdesk-branch-hint")),
        number: field("number", t.say("helpdesk-number"), t.say("helpdesk-number-hint")),
        reason: reason_field(t).filled(form.get("reason"), &page.problems),
        reference: found.reference,
        person: format!("…{}", found.id_end),
        page: page.clone(),
    };
    visit.show(&page, &view)
}
