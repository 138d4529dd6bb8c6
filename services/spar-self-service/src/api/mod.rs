//! Pages in, pages out: each handler opens the visit, calls one use case and shows one view.

mod account;
mod bank;
mod browser;
mod change;
mod cookies;
mod help;
mod helpdesk;
mod history;
mod payments;
mod provider;
mod rest;
mod sign_in;
mod site;
mod stop;
mod views;
mod visit;
mod wallet;
mod words;

use actix_web::{HttpResponse, get, web};
use pages::{assets, headers};
use platform::{ApiError, ApiResult};
use utoipa_actix_web::service_config::ServiceConfig;

pub(crate) use site::Site;

/// Registers every page.
pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(sign_in::show_start)
        .service(sign_in::sign_in)
        .service(sign_in::sign_out)
        .service(sign_in::show_signed_out)
        .service(provider::go_to_provider)
        .service(provider::come_back)
        .service(provider::sign_in_again)
        .service(account::show_account)
        .service(change::ask_kind)
        .service(change::choose_kind)
        .service(bank::ask_bank)
        .service(bank::choose_bank)
        .service(bank::ask_branch)
        .service(bank::choose_branch)
        .service(bank::ask_number)
        .service(bank::enter_number)
        .service(wallet::ask_wallet)
        .service(wallet::enter_wallet)
        .service(wallet::ask_email)
        .service(wallet::enter_email)
        .service(account::check_account)
        .service(account::confirm_account)
        .service(account::show_receipt)
        .service(stop::ask_stop)
        .service(stop::confirm_stop)
        .service(history::show_history)
        .service(payments::show_payments)
        .service(help::show_not_registered)
        .service(asset);
    helpdesk::routes(config);
    rest::routes(config);
}

/// Style sheet and icon, under names that change with their content.
#[utoipa::path(
    tag = "assets",
    params(("file" = String, Path, description = "As it stands in the pages")),
    responses((status = 200, description = "The file, to be kept for a year"), (status = 404, description = "No such file")),
)]
#[get("/assets/{file}")]
async fn asset(file: web::Path<String>) -> ApiResult<HttpResponse> {
    let asset = assets::find(&file).ok_or_else(|| ApiError::not_found("this file"))?;
    let mut response = HttpResponse::Ok();
    for header in headers::ASSET {
        response.insert_header(*header);
    }
    Ok(response.content_type(asset.content_type).body(asset.bytes))
}
