//! The bank's HTTP interfaces: the reference dialect at the root, our own below `/api/v1`.

mod accounts;
mod bank;
mod ledger;
mod payments;
mod statements;

use utoipa_actix_web::service_config::ServiceConfig;

pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(bank::ping)
        .service(bank::check_funds)
        .service(bank::block_funds)
        .service(bank::release_block)
        .service(payments::initiate_payment)
        .service(payments::payment_status)
        .service(statements::generate_account_statement)
        .service(
            utoipa_actix_web::scope("/api/v1")
                .service(accounts::open_accounts)
                .service(accounts::lookup_account)
                .service(ledger::ledger_summary)
                .service(payments::list_payments)
                .service(statements::list_statements)
                .service(statements::get_statement),
        );
}

/// `success` or `failed`, as the reference dialect says it.
fn word(success: bool) -> &'static str {
    if success { "success" } else { "failed" }
}
