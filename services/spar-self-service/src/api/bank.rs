//! Which bank account is it? Bank, branch and number, a page each. What was chosen waits in the session.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use pages::{Choice, Field, Key, Problem};
use platform::Masked;
use serde::Deserialize;

use crate::{
    State,
    api::{
        change::{keep, options, problem},
        views,
        visit::{Answer, Visit, answer},
        words,
    },
    app::{
        self, Fault,
        choices::{self, Kind},
    },
    config::Place,
    domain::{BankAccount, FinancialAddress, account_number},
};

/// Which bank?
#[utoipa::path(
    tag = "pages",
    responses(
        (status = 200, description = "The page", content_type = "text/html", body = String),
        (status = 401, description = "Not signed in", content_type = "text/html", body = String),
    ),
)]
#[get("/account/change/bank")]
pub(crate) async fn ask_bank(req: HttpRequest, state: web::Data<State>) -> HttpResponse {
    answer(&req, &state, async |visit| {
        let chosen = app::draft(&state, visit.person()?).bank;
        let code = chosen.map(|chosen| chosen.bank.code).unwrap_or_default();
        show_banks(visit, &code, Vec::new()).await
    })
    .await
}

/// Choose a bank.
#[utoipa::path(
    tag = "pages",
    request_body(content = String, content_type = "application/x-www-form-urlencoded", description = "`csrf`, `bank` (code)"),
    responses(
        (status = 303, description = "To the branch, or to the number when the bank has no branches"),
        (status = 401, description = "Not signed in", content_type = "text/html", body = String),
        (status = 403, description = "Not sent from our page", content_type = "text/html", body = String),
        (status = 422, description = "The page again, with what is wrong", content_type = "text/html", body = String),
    ),
)]
#[post("/account/change/bank")]
pub(crate) async fn choose_bank(
    req: HttpRequest,
    state: web::Data<State>,
    payload: web::Payload,
) -> HttpResponse {
    answer(&req, &state, async |visit| {
        let person = visit.person()?;
        let form = visit.form(&req, payload).await?;
        match app::choose_bank(&state, person, form.get("bank")).await? {
            Some(true) => Ok(visit.go("/account/change/branch")),
            Some(false) => Ok(visit.go("/account/change/number")),
            None => {
                let problems = vec![problem(visit, "bank", Key("bank-choose-missing"))];
                show_banks(visit, form.get("bank"), problems).await
            }
        }
    })
    .await
}

async fn show_banks(visit: &Visit<'_>, code: &str, problems: Vec<Problem>) -> Answer {
    let banks = choices::providers(visit.state, Kind::Bank).await?;
    if banks.is_empty() {
        return Ok(visit.go("/account/change"));
    }
    let page = visit.step(Key("bank-title"), "/account/change", problems)?;
    let bank = Choice::new("bank", visit.t.say("account-bank"), options(banks)).filled(code, &page.problems);
    visit.show(&page.clone(), &views::Bank { page, bank })
}

/// What is looked for.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Search {
    q: String,
}

/// Which branch? A form with one field searches among many, without script.
#[utoipa::path(
    tag = "pages",
    params(("q" = Option<String>, Query, description = "Part of the name or code of the branch")),
    responses(
        (status = 200, description = "The page", content_type = "text/html", body = String),
        (status = 303, description = "No bank is chosen, to `/account/change/bank`; or it has no branches, to the number"),
        (status = 401, description = "Not signed in", content_type = "text/html", body = String),
    ),
)]
#[get("/account/change/branch")]
pub(crate) async fn ask_branch(req: HttpRequest, state: web::Data<State>) -> HttpResponse {
    answer(&req, &state, async |visit| {
        visit.person()?;
        let search = web::Query::<Search>::from_query(req.query_string()).map_err(|_| Fault::Malformed)?;
        show_branches(visit, &search.q, "", Vec::new()).await
    })
    .await
}

/// Choose a branch.
#[utoipa::path(
    tag = "pages",
    request_body(content = String, content_type = "application/x-www-form-urlencoded", description = "`csrf`, `branch` (code), `q` (what was looked for)"),
    responses(
        (status = 303, description = "To the number"),
        (status = 401, description = "Not signed in", content_type = "text/html", body = String),
        (status = 403, description = "Not sent from our page", content_type = "text/html", body = String),
        (status = 422, description = "The page again, with what is wrong", content_type = "text/html", body = String),
    ),
)]
#[post("/account/change/branch")]
pub(crate) async fn choose_branch(
    req: HttpRequest,
    state: web::Data<State>,
    payload: web::Payload,
) -> HttpResponse {
    answer(&req, &state, async |visit| {
        let person = visit.person()?;
        let form = visit.form(&req, payload).await?;
        if app::choose_branch(&state, person, form.get("branch")).await? {
            return Ok(visit.go("/account/change/number"));
        }
        let problems = vec![problem(visit, "branch", Key("branch-choose-missing"))];
        show_branches(visit, form.get("q"), form.get("branch"), problems).await
    })
    .await
}

async fn show_branches(visit: &Visit<'_>, q: &str, code: &str, problems: Vec<Problem>) -> Answer {
    // Longer ones are no name of a branch.
    let q: String = q.chars().take(80).collect();
    let Some(chosen) = app::draft(visit.state, visit.person()?).bank else {
        return Ok(visit.go("/account/change/bank"));
    };
    if !choices::has_branches(visit.state, &chosen.bank.code).await? {
        return Ok(visit.go("/account/change/number"));
    }
    let mut found = choices::branches(visit.state, &chosen.bank.code, &q).await?;
    let before = chosen.branch.as_ref().map_or("", |branch| branch.code.as_str());
    let code = if code.is_empty() { before } else { code }.to_owned();
    // Who comes back finds her branch without looking for it again.
    if let Some(before) = chosen.branch.filter(|_| found.places.is_empty() && q.trim().is_empty()) {
        found.places.push(before);
    }
    show_found(visit, found, &q, &code, problems)
}

fn show_found(
    visit: &Visit<'_>,
    found: choices::Branches,
    q: &str,
    code: &str,
    problems: Vec<Problem>,
) -> Answer {
    let t = &visit.t;
    let note = if found.more {
        t.say("branch-more")
    } else if found.places.is_empty() && !q.trim().is_empty() {
        t.say("branch-none")
    } else {
        String::new()
    };
    // A problem needs its field: with nothing to choose from it is the search.
    let nothing = found.places.is_empty();
    let problems = problems
        .into_iter()
        .map(|p| {
            if nothing && p.field == "branch" { problem(visit, "q", Key("branch-search-missing")) } else { p }
        })
        .collect();
    let page = visit.step(Key("branch-title"), "/account/change/bank", problems)?;
    let search = (found.many || nothing).then(|| {
        Field::text("q", t.say("branch-search")).hint(t.say("branch-search-hint")).filled(q, &page.problems)
    });
    let branch = Choice::new("branch", t.say("branch-choose"), options(found.places));
    let branch = branch.filled(code, &page.problems);
    visit.show(&page.clone(), &views::Branch { page, search, branch, note })
}

/// Which account number?
#[utoipa::path(
    tag = "pages",
    responses(
        (status = 200, description = "The page", content_type = "text/html", body = String),
        (status = 303, description = "No bank or branch is chosen; to that question"),
        (status = 401, description = "Not signed in", content_type = "text/html", body = String),
    ),
)]
#[get("/account/change/number")]
pub(crate) async fn ask_number(req: HttpRequest, state: web::Data<State>) -> HttpResponse {
    answer(&req, &state, async |visit| {
        let (bank, branch) = match chosen(visit).await? {
            Ok(chosen) => chosen,
            Err(question) => return Ok(visit.go(question)),
        };
        // People who come back from the last look find what they entered.
        let entered = match app::draft(&state, visit.person()?).change.map(|entered| entered.address) {
            Some(FinancialAddress::Bank(account)) if account.bank_code == bank.code => {
                account.account_number.into_inner()
            }
            _ => String::new(),
        };
        show_number(visit, &bank, branch.as_ref(), &entered, Vec::new())
    })
    .await
}

/// Enter the account number.
#[utoipa::path(
    tag = "pages",
    request_body(content = String, content_type = "application/x-www-form-urlencoded", description = "`csrf`, `account_number`"),
    responses(
        (status = 303, description = "To `/account/check`"),
        (status = 401, description = "Not signed in", content_type = "text/html", body = String),
        (status = 403, description = "Not sent from our page", content_type = "text/html", body = String),
        (status = 422, description = "The page again, with what is wrong", content_type = "text/html", body = String),
    ),
)]
#[post("/account/change/number")]
pub(crate) async fn enter_number(
    req: HttpRequest,
    state: web::Data<State>,
    payload: web::Payload,
) -> HttpResponse {
    answer(&req, &state, async |visit| {
        visit.person()?;
        let form = visit.form(&req, payload).await?;
        let (bank, branch) = match chosen(visit).await? {
            Ok(chosen) => chosen,
            Err(question) => return Ok(visit.go(question)),
        };
        let entered = form.get("account_number");
        match account_number(entered) {
            Ok(number) => {
                let branch = branch.unwrap_or_default();
                let account = BankAccount {
                    bank_code: bank.code,
                    bank_name: bank.name,
                    branch_code: branch.code,
                    branch_name: branch.name,
                    account_number: Masked::new(number),
                };
                keep(visit, FinancialAddress::Bank(account)).await
            }
            Err(wrong) => {
                let problems = vec![problem(visit, "account_number", words::number(wrong))];
                show_number(visit, &bank, branch.as_ref(), entered, problems)
            }
        }
    })
    .await
}

/// Bank and branch, or where the question is that was not answered.
async fn chosen(visit: &Visit<'_>) -> Result<Result<(Place, Option<Place>), &'static str>, Fault> {
    let Some(chosen) = app::draft(visit.state, visit.person()?).bank else {
        return Ok(Err("/account/change/bank"));
    };
    // It may have been taken out of the list since.
    if choices::provider(visit.state, Kind::Bank, &chosen.bank.code).await?.is_none() {
        return Ok(Err("/account/change/bank"));
    }
    if chosen.branch.is_none() && choices::has_branches(visit.state, &chosen.bank.code).await? {
        return Ok(Err("/account/change/branch"));
    }
    Ok(Ok((chosen.bank, chosen.branch)))
}

fn show_number(
    visit: &Visit<'_>,
    bank: &Place,
    branch: Option<&Place>,
    entered: &str,
    problems: Vec<Problem>,
) -> Answer {
    let t = &visit.t;
    let back = if branch.is_some() { "/account/change/branch" } else { "/account/change/bank" };
    let page = visit.step(Key("number-title"), back, problems)?;
    let mut facts = vec![(t.say("account-bank"), bank.name.clone())];
    facts.extend(branch.map(|branch| (t.say("account-branch"), branch.name.clone())));
    let number = Field::text("account_number", t.say("account-number")).hint(t.say("number-hint"));
    let number = number.filled(entered, &page.problems);
    visit.show(&page.clone(), &views::Number { page, facts, number })
}
