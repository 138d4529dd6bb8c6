//! The account, the last look before it is changed, and the receipt.

use actix_web::{HttpRequest, HttpResponse, get, http::StatusCode, post, web};
use pages::{Key, Translator};
use time::OffsetDateTime;
use time_tz::{Offset, OffsetDateTimeExt, TimeZone};

use crate::{
    State,
    api::{
        views,
        visit::{Answer, Visit, answer},
        words,
    },
    app::{self, Account, Confirmed, Fault},
    domain::FinancialAddress,
};

/// The account where the person is paid, with the end of its number only.
#[utoipa::path(
    tag = "pages",
    responses(
        (status = 200, description = "The page", content_type = "text/html", body = String),
        (status = 401, description = "Not signed in", content_type = "text/html", body = String),
        (status = 503, description = "The mapper is away", content_type = "text/html", body = String),
    ),
)]
#[get("/account")]
pub(crate) async fn show_account(req: HttpRequest, state: web::Data<State>) -> HttpResponse {
    answer(&req, &state, async |visit| {
        let found = app::account(&state, visit.person()?).await?;
        let t = &visit.t;
        let title =
            if matches!(found, Account::None) { Key("account-none-title") } else { Key("account-title") };
        let mut view = views::Account {
            page: visit.menu_page(title, "/account")?,
            facts: Vec::new(),
            text: String::new(),
            warning: String::new(),
            change: t.say("account-change"),
            linked: !matches!(found, Account::None),
        };
        match found {
            Account::None => (view.text, view.change) = (t.say("account-none"), t.say("account-name")),
            Account::Other => view.text = t.say("account-other"),
            Account::Known { address, active } => {
                view.facts = words::facts(t, &address, true);
                view.warning = if active { String::new() } else { t.say("account-inactive") };
            }
        }
        visit.show_as(StatusCode::OK, &view)
    })
    .await
}

/// The account that was entered, whole, to look at before it is confirmed.
#[utoipa::path(
    tag = "pages",
    responses(
        (status = 200, description = "The page", content_type = "text/html", body = String),
        (status = 303, description = "Nothing was entered; to `/account/change`"),
        (status = 401, description = "Not signed in", content_type = "text/html", body = String),
    ),
)]
#[get("/account/check")]
pub(crate) async fn check_account(req: HttpRequest, state: web::Data<State>) -> HttpResponse {
    answer(&req, &state, async |visit| {
        let Some(entered) = app::draft(&state, visit.person()?).change else {
            return Ok(visit.go("/account/change"));
        };
        let path = match entered.address {
            FinancialAddress::Bank(_) => "/account/change/bank",
            FinancialAddress::Wallet(_) => "/account/change/wallet",
            FinancialAddress::Email(_) => "/account/change/email",
        };
        let t = &visit.t;
        let view = views::Check {
            page: visit.step(Key("check-title"), path, Vec::new())?,
            lead: t.say("check-lead"),
            facts: words::facts(t, &entered.address, false),
            action: visit.href("/account/confirm"),
            reference: entered.reference,
            button: t.say("check-button"),
            edit: visit.href(path),
            edit_text: t.say("check-edit"),
            again: sign_in_again(visit, "/account/check")?,
        };
        visit.show_as(StatusCode::OK, &view)
    })
    .await
}

/// Address and text of the link to sign in once more; `None` when that is not needed.
pub(super) fn sign_in_again(visit: &Visit<'_>, to: &str) -> Result<Option<(String, String)>, Fault> {
    let person = visit.person()?;
    if app::may_change(visit.state, person) {
        return Ok(None);
    }
    let provider = person.proof.as_ref().and_then(|proof| app::provider_of(visit.state, proof));
    let name = provider.map(|p| p.settings().display_name.as_str()).unwrap_or_default();
    let href = visit.href(&format!("/account/sign-in-again?to={to}"));
    Ok(Some((href, visit.t.say1("sign-in-again", "name", name))))
}

/// Confirm the account that was entered.
#[utoipa::path(
    tag = "pages",
    request_body(content = String, content_type = "application/x-www-form-urlencoded", description = "`csrf`, `reference` of the account that was shown"),
    responses(
        (status = 303, description = "Changed; to the receipt. Or back to `/account/check`, when the person is to sign in again first"),
        (status = 401, description = "Not signed in", content_type = "text/html", body = String),
        (status = 403, description = "Not sent from our page", content_type = "text/html", body = String),
        (status = 409, description = "Changes of this person's account are stopped", content_type = "text/html", body = String),
        (status = 422, description = "The mapper does not take this account", content_type = "text/html", body = String),
        (status = 503, description = "Not known whether it was changed", content_type = "text/html", body = String),
    ),
)]
#[post("/account/confirm")]
pub(crate) async fn confirm_account(
    req: HttpRequest,
    state: web::Data<State>,
    payload: web::Payload,
) -> HttpResponse {
    answer(&req, &state, async |visit| {
        let person = visit.person()?;
        let form = visit.form(&req, payload).await?;
        let outcome = app::confirm(&state, person, form.get("reference")).await;
        tell(visit, outcome, "/account/check")
    })
    .await
}

/// What became of a change. `asked_at`: the page with the question.
pub(super) fn tell(visit: &Visit<'_>, outcome: Result<Confirmed, Fault>, asked_at: &str) -> Answer {
    match outcome {
        Ok(Confirmed::Done(reference)) => Ok(visit.go(&format!("/account/receipt/{reference}"))),
        Ok(Confirmed::Nothing) => Ok(visit.go("/account")),
        Ok(Confirmed::ProveAgain) => Ok(visit.go(asked_at)),
        Ok(Confirmed::Refused) => {
            let view = views::Message {
                page: visit.menu_page(Key("refused-title"), "")?,
                text: visit.t.say("refused"),
                link: visit.href("/account/change"),
                link_text: visit.t.say("refused-again"),
            };
            visit.show_as(StatusCode::UNPROCESSABLE_ENTITY, &view)
        }
        Ok(Confirmed::Frozen) => visit.message(StatusCode::CONFLICT, Key("frozen-title"), Key("frozen")),
        Err(Fault::Away(why)) => {
            tracing::warn!("the outcome of a change is not known: {why}");
            visit.try_later(Key("away-change-title"), Key("away-change"))
        }
        Err(fault) => Err(fault),
    }
}

/// The receipt of a change.
#[utoipa::path(
    tag = "pages",
    params(("reference" = String, Path, description = "Reference of the change")),
    responses(
        (status = 200, description = "The page", content_type = "text/html", body = String),
        (status = 401, description = "Not signed in", content_type = "text/html", body = String),
        (status = 404, description = "No such change of this person", content_type = "text/html", body = String),
    ),
)]
#[get("/account/receipt/{reference}")]
pub(crate) async fn show_receipt(
    req: HttpRequest,
    state: web::Data<State>,
    reference: web::Path<String>,
) -> HttpResponse {
    answer(&req, &state, async |visit| {
        let change = app::receipt(&state, visit.person()?, &reference).await?;
        let t = &visit.t;
        let stopped = change.operation.as_deref() == Some("unlink");
        let (title, lead) = if stopped {
            (Key("stopped-title"), t.say("stopped-lead"))
        } else {
            (Key("receipt-title"), t.say("receipt-lead"))
        };
        let mut facts = words::facts_of(t, &change.kind, change.provider, &change.ending);
        let at = change.finished_at.unwrap_or(change.requested_at);
        facts.push((t.say("receipt-when"), moment(visit, at)));
        let page = visit.menu_page(title, "")?;
        visit.show_as(StatusCode::OK, &views::Receipt { page, facts, lead, reference: change.reference })
    })
    .await
}

/// A time in the zone of the configuration, with the zone's short name.
pub(super) fn moment(visit: &Visit<'_>, at: OffsetDateTime) -> String {
    moment_in(&visit.t, visit.state, at)
}

/// The same in the words of `t`.
pub(super) fn moment_in(t: &Translator, state: &State, at: OffsetDateTime) -> String {
    let (at, zone) = match time_tz::timezones::get_by_name(&state.config.time_zone) {
        Some(zone) => (at.to_timezone(zone), zone.get_offset_utc(&at).name().to_owned()),
        None => (at, "UTC".to_owned()),
    };
    t.date_time(at, &zone)
}
