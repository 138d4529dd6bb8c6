//! Which wallet is it: one of a phone number, or one of an email address?

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use pages::{Choice, Field, Form, Key, Problem};
use platform::Masked;

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
    domain::{EmailWallet, FinancialAddress, MobileWallet, email_address, phone_number},
};

/// Which mobile money account?
#[utoipa::path(
    tag = "pages",
    responses(
        (status = 200, description = "The page", content_type = "text/html", body = String),
        (status = 401, description = "Not signed in", content_type = "text/html", body = String),
    ),
)]
#[get("/account/change/wallet")]
pub(crate) async fn ask_wallet(req: HttpRequest, state: web::Data<State>) -> HttpResponse {
    answer(&req, &state, async |visit| ask(visit, Kind::Wallet).await).await
}

/// Enter a mobile money account.
#[utoipa::path(
    tag = "pages",
    request_body(content = String, content_type = "application/x-www-form-urlencoded", description = "`csrf`, `wallet` (code), `phone`"),
    responses(
        (status = 303, description = "To `/account/check`"),
        (status = 401, description = "Not signed in", content_type = "text/html", body = String),
        (status = 403, description = "Not sent from our page", content_type = "text/html", body = String),
        (status = 422, description = "The page again, with what is wrong", content_type = "text/html", body = String),
    ),
)]
#[post("/account/change/wallet")]
pub(crate) async fn enter_wallet(
    req: HttpRequest,
    state: web::Data<State>,
    payload: web::Payload,
) -> HttpResponse {
    answer(&req, &state, async |visit| enter(visit, Kind::Wallet, &req, payload).await).await
}

/// Which email wallet?
#[utoipa::path(
    tag = "pages",
    responses(
        (status = 200, description = "The page", content_type = "text/html", body = String),
        (status = 401, description = "Not signed in", content_type = "text/html", body = String),
    ),
)]
#[get("/account/change/email")]
pub(crate) async fn ask_email(req: HttpRequest, state: web::Data<State>) -> HttpResponse {
    answer(&req, &state, async |visit| ask(visit, Kind::Email).await).await
}

/// Enter an email wallet.
#[utoipa::path(
    tag = "pages",
    request_body(content = String, content_type = "application/x-www-form-urlencoded", description = "`csrf`, `wallet` (code), `email`"),
    responses(
        (status = 303, description = "To `/account/check`"),
        (status = 401, description = "Not signed in", content_type = "text/html", body = String),
        (status = 403, description = "Not sent from our page", content_type = "text/html", body = String),
        (status = 422, description = "The page again, with what is wrong", content_type = "text/html", body = String),
    ),
)]
#[post("/account/change/email")]
pub(crate) async fn enter_email(
    req: HttpRequest,
    state: web::Data<State>,
    payload: web::Payload,
) -> HttpResponse {
    answer(&req, &state, async |visit| enter(visit, Kind::Email, &req, payload).await).await
}

/// Name of the field that says whose wallet it is.
fn owner_field(kind: Kind) -> &'static str {
    if kind == Kind::Email { "email" } else { "phone" }
}

/// The page, with what was entered before: people who come back from the last look find it.
async fn ask(visit: &Visit<'_>, kind: Kind) -> Answer {
    let entered = app::draft(visit.state, visit.person()?).change.map(|entered| entered.address);
    let entered = match entered {
        Some(FinancialAddress::Wallet(wallet)) if kind == Kind::Wallet => {
            [wallet.provider_code, wallet.phone.into_inner()]
        }
        Some(FinancialAddress::Email(wallet)) if kind == Kind::Email => {
            [wallet.provider_code, wallet.email.into_inner()]
        }
        _ => Default::default(),
    };
    show(visit, kind, entered.each_ref().map(String::as_str), Vec::new()).await
}

async fn enter(visit: &Visit<'_>, kind: Kind, req: &HttpRequest, payload: web::Payload) -> Answer {
    visit.person()?;
    let form = &visit.form(req, payload).await?;
    match read(visit, kind, form).await? {
        Ok(address) => keep(visit, address).await,
        Err(problems) => {
            let entered = ["wallet", owner_field(kind)].map(|name| form.get(name));
            show(visit, kind, entered, problems).await
        }
    }
}

async fn read(
    visit: &Visit<'_>,
    kind: Kind,
    form: &Form,
) -> Result<Result<FinancialAddress, Vec<Problem>>, Fault> {
    let mut problems = Vec::new();
    let wallet = choices::provider(visit.state, kind, form.get("wallet")).await?;
    if wallet.is_none() {
        problems.push(problem(visit, "wallet", Key("wallet-choose-missing")));
    }
    let field = owner_field(kind);
    let owner = if kind == Kind::Email {
        email_address(form.get(field)).map_err(words::email)
    } else {
        phone_number(form.get(field), &visit.state.config.phone_country_code).map_err(words::phone)
    };
    let owner = owner.map_err(|key| problems.push(problem(visit, field, key)));
    let (Some(wallet), Ok(owner)) = (wallet, owner) else { return Ok(Err(problems)) };
    let (provider_code, provider_name, owner) = (wallet.code, wallet.name, Masked::new(owner));
    Ok(Ok(if kind == Kind::Email {
        FinancialAddress::Email(EmailWallet { provider_code, provider_name, email: owner })
    } else {
        FinancialAddress::Wallet(MobileWallet { provider_code, provider_name, phone: owner })
    }))
}

async fn show(visit: &Visit<'_>, kind: Kind, entered: [&str; 2], problems: Vec<Problem>) -> Answer {
    let t = &visit.t;
    let wallets = choices::providers(visit.state, kind).await?;
    if wallets.is_empty() {
        return Ok(visit.go("/account/change"));
    }
    let [code, owner] = entered;
    let (title, label, field) = if kind == Kind::Email {
        let field = Field::text("email", t.say("account-email")).hint(t.say("email-hint"));
        (Key("email-title"), t.say("account-email-wallet"), field.email())
    } else {
        let field = Field::text("phone", t.say("account-phone")).hint(t.say("phone-hint"));
        (Key("wallet-title"), t.say("account-wallet"), field.phone())
    };
    let page = visit.step(title, "/account/change", problems)?;
    let view = views::Wallet {
        action: visit.href(&format!("/account/change/{}", kind.as_str())),
        wallet: Choice::new("wallet", label, options(wallets)).filled(code, &page.problems),
        owner: field.filled(owner, &page.problems),
        page: page.clone(),
    };
    visit.show(&page, &view)
}
