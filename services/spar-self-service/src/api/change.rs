//! Where do you want to be paid? One question a page.

use actix_web::{HttpRequest, HttpResponse, get, http::StatusCode, post, web};
use pages::{Choice, Field, Form, Key, Problem};
use platform::Masked;

use crate::{
    State,
    api::{
        views,
        visit::{Answer, Visit, answer},
        words,
    },
    app::{self, Person},
    config::Provider,
    domain::{BankAccount, FinancialAddress, MobileWallet, Wrong, account_number, phone_number, plain},
};

/// Longest name of a branch.
const BRANCH_NAME: usize = 60;
/// Longest code of a branch.
const BRANCH_CODE: usize = 20;

/// Bank or mobile money?
#[utoipa::path(
    tag = "pages",
    responses(
        (status = 200, description = "The page", content_type = "text/html", body = String),
        (status = 401, description = "Not signed in", content_type = "text/html", body = String),
    ),
)]
#[get("/account/change")]
pub(crate) async fn ask_kind(req: HttpRequest, state: web::Data<State>) -> HttpResponse {
    answer(&req, &state, async |visit| {
        visit.person()?;
        show_kinds(visit, Vec::new())
    })
    .await
}

/// Choose bank or mobile money.
#[utoipa::path(
    tag = "pages",
    request_body(content = String, content_type = "application/x-www-form-urlencoded", description = "`csrf`, `kind`: `bank` or `wallet`"),
    responses(
        (status = 303, description = "To the next question"),
        (status = 401, description = "Not signed in", content_type = "text/html", body = String),
        (status = 403, description = "Not sent from our page", content_type = "text/html", body = String),
        (status = 422, description = "The page again, with what is wrong", content_type = "text/html", body = String),
    ),
)]
#[post("/account/change")]
pub(crate) async fn choose_kind(
    req: HttpRequest,
    state: web::Data<State>,
    payload: web::Payload,
) -> HttpResponse {
    answer(&req, &state, async |visit| {
        visit.person()?;
        match visit.form(&req, payload).await?.get("kind") {
            "bank" if !state.config.banks.is_empty() => Ok(visit.go("/account/change/bank")),
            "wallet" if !state.config.wallets.is_empty() => Ok(visit.go("/account/change/wallet")),
            _ => show_kinds(visit, vec![problem(visit, "kind", Key("change-kind-missing"))]),
        }
    })
    .await
}

fn show_kinds(visit: &Visit<'_>, problems: Vec<Problem>) -> Answer {
    let config = &visit.state.config;
    let mut options = Vec::new();
    if !config.banks.is_empty() {
        options.push(("bank".to_owned(), visit.t.say("change-bank")));
    }
    if !config.wallets.is_empty() {
        options.push(("wallet".to_owned(), visit.t.say("change-wallet")));
    }
    let page = visit.step(Key("change-title"), "/account", problems)?;
    if options.is_empty() {
        let text = visit.t.say("change-not-here");
        let view = views::Message {
            page,
            text,
            link: visit.href("/account"),
            link_text: visit.t.say("see-account"),
        };
        return visit.show_as(StatusCode::OK, &view);
    }
    let question = Choice::new("kind", visit.t.say("change-title"), options)
        .hint(visit.t.say("change-hint"))
        .as_heading();
    let kind = question.filled("", &page.problems);
    visit.show(&page.clone(), &views::Change { page, kind })
}

/// Which bank account?
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
        // People who come back from the last look find what they entered.
        let entered = match app::draft(&state, visit.person()?).map(|draft| draft.address) {
            Some(FinancialAddress::Bank(bank)) => {
                [bank.bank_code, bank.branch_name, bank.branch_code, bank.account_number.into_inner()]
            }
            _ => Default::default(),
        };
        show_bank(visit, entered.each_ref().map(String::as_str), Vec::new())
    })
    .await
}

/// Enter a bank account.
#[utoipa::path(
    tag = "pages",
    request_body(content = String, content_type = "application/x-www-form-urlencoded",
                 description = "`csrf`, `bank` (code), `branch_name`, `branch_code`, `account_number`"),
    responses(
        (status = 303, description = "To `/account/check`"),
        (status = 401, description = "Not signed in", content_type = "text/html", body = String),
        (status = 403, description = "Not sent from our page", content_type = "text/html", body = String),
        (status = 422, description = "The page again, with what is wrong", content_type = "text/html", body = String),
    ),
)]
#[post("/account/change/bank")]
pub(crate) async fn enter_bank(
    req: HttpRequest,
    state: web::Data<State>,
    payload: web::Payload,
) -> HttpResponse {
    answer(&req, &state, async |visit| {
        let person = visit.person()?;
        let form = visit.form(&req, payload).await?;
        match read_bank(visit, &form) {
            Ok(account) => keep(visit, person, FinancialAddress::Bank(account)).await,
            Err(problems) => {
                let fields = ["bank", "branch_name", "branch_code", "account_number"];
                show_bank(visit, fields.map(|name| form.get(name)), problems)
            }
        }
    })
    .await
}

fn read_bank(visit: &Visit<'_>, form: &Form) -> Result<BankAccount, Vec<Problem>> {
    let mut problems = Vec::new();
    let bank = provider(&visit.state.config.banks, form.get("bank"));
    if bank.is_none() {
        problems.push(problem(visit, "bank", Key("bank-choose-missing")));
    }
    let mut take = |field: &'static str, read: Result<String, Wrong>, words: fn(Wrong) -> Key| {
        read.map_err(|wrong| problems.push(problem(visit, field, words(wrong)))).ok()
    };
    let branch_name = take("branch_name", plain(form.get("branch_name"), BRANCH_NAME), |wrong| match wrong {
        Wrong::Missing => Key("branch-name-missing"),
        _ => Key("branch-name-wrong"),
    });
    let branch_code = take("branch_code", plain(form.get("branch_code"), BRANCH_CODE), |wrong| match wrong {
        Wrong::Missing => Key("branch-code-missing"),
        _ => Key("branch-code-wrong"),
    });
    let number = take("account_number", account_number(form.get("account_number")), words::number);
    match (bank, branch_name, branch_code, number) {
        (Some(bank), Some(branch_name), Some(branch_code), Some(number)) => Ok(BankAccount {
            bank_code: bank.code.clone(),
            bank_name: bank.name.clone(),
            branch_code,
            branch_name,
            account_number: Masked::new(number),
        }),
        _ => Err(problems),
    }
}

fn show_bank(visit: &Visit<'_>, entered: [&str; 4], problems: Vec<Problem>) -> Answer {
    let t = &visit.t;
    let [bank, branch_name, branch_code, number] = entered;
    let page = visit.step(Key("bank-title"), "/account/change", problems)?;
    let wrong = &page.problems;
    let branch = |name, label, hint| Field::text(name, label).hint(hint);
    let view = views::Bank {
        bank: Choice::new("bank", t.say("account-bank"), options(&visit.state.config.banks))
            .filled(bank, wrong),
        branch_name: branch("branch_name", t.say("branch-name"), t.say("branch-name-hint"))
            .filled(branch_name, wrong),
        branch_code: branch("branch_code", t.say("branch-code"), t.say("branch-code-hint"))
            .filled(branch_code, wrong),
        number: Field::text("account_number", t.say("account-number"))
            .hint(t.say("number-hint"))
            .filled(number, wrong),
        page: page.clone(),
    };
    visit.show(&page, &view)
}

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
    answer(&req, &state, async |visit| {
        let entered = match app::draft(&state, visit.person()?).map(|draft| draft.address) {
            Some(FinancialAddress::Wallet(wallet)) => [wallet.provider_code, wallet.phone.into_inner()],
            _ => Default::default(),
        };
        show_wallet(visit, entered.each_ref().map(String::as_str), Vec::new())
    })
    .await
}

/// Enter a mobile money account.
#[utoipa::path(
    tag = "pages",
    request_body(content = String, content_type = "application/x-www-form-urlencoded",
                 description = "`csrf`, `wallet` (code), `phone`"),
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
    answer(&req, &state, async |visit| {
        let person = visit.person()?;
        let form = visit.form(&req, payload).await?;
        match read_wallet(visit, &form) {
            Ok(account) => keep(visit, person, FinancialAddress::Wallet(account)).await,
            Err(problems) => show_wallet(visit, ["wallet", "phone"].map(|name| form.get(name)), problems),
        }
    })
    .await
}

fn read_wallet(visit: &Visit<'_>, form: &Form) -> Result<MobileWallet, Vec<Problem>> {
    let mut problems = Vec::new();
    let wallet = provider(&visit.state.config.wallets, form.get("wallet"));
    if wallet.is_none() {
        problems.push(problem(visit, "wallet", Key("wallet-choose-missing")));
    }
    let phone = phone_number(form.get("phone"), &visit.state.config.phone_country_code)
        .map_err(|wrong| problems.push(problem(visit, "phone", words::phone(wrong))));
    match (wallet, phone) {
        (Some(wallet), Ok(phone)) => Ok(MobileWallet {
            provider_code: wallet.code.clone(),
            provider_name: wallet.name.clone(),
            phone: Masked::new(phone),
        }),
        _ => Err(problems),
    }
}

fn show_wallet(visit: &Visit<'_>, entered: [&str; 2], problems: Vec<Problem>) -> Answer {
    let t = &visit.t;
    let [wallet, phone] = entered;
    let page = visit.step(Key("wallet-title"), "/account/change", problems)?;
    let wallets = Choice::new("wallet", t.say("account-wallet"), options(&visit.state.config.wallets));
    let view = views::Wallet {
        wallet: wallets.filled(wallet, &page.problems),
        phone: Field::text("phone", t.say("account-phone"))
            .hint(t.say("phone-hint"))
            .phone()
            .filled(phone, &page.problems),
        page: page.clone(),
    };
    visit.show(&page, &view)
}

async fn keep(visit: &Visit<'_>, person: &Person, address: FinancialAddress) -> Answer {
    app::keep_draft(visit.state, person, address).await?;
    Ok(visit.go("/account/check"))
}

fn problem(visit: &Visit<'_>, field: &'static str, key: Key) -> Problem {
    Problem { field, message: visit.t.say(&key) }
}

fn provider<'p>(list: &'p [Provider], code: &str) -> Option<&'p Provider> {
    list.iter().find(|provider| provider.code == code)
}

fn options(list: &[Provider]) -> Vec<(String, String)> {
    list.iter().map(|provider| (provider.code.clone(), provider.name.clone())).collect()
}
