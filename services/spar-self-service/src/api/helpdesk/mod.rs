//! Pages for staff of a helpdesk. One id at a time, by its exact text: there is no search over people.

mod change;
mod person;
mod sign_in;
mod views;
mod visit;
mod waiting;

use utoipa_actix_web::service_config::ServiceConfig;

/// Registers the pages below `/helpdesk`.
pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(sign_in::show_start)
        .service(sign_in::go_to_provider)
        .service(sign_in::come_back)
        .service(sign_in::sign_out)
        .service(person::find)
        .service(person::show)
        .service(person::reveal)
        .service(person::freeze)
        .service(change::ask)
        .service(change::enter)
        .service(waiting::show)
        .service(waiting::decide);
}
