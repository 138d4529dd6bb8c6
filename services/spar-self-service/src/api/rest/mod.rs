//! APIs for programs that show a person's account themselves, as deployed portals of SPAR do.
//!
//! Who the person is comes from a bearer token of a configured provider, or from the session of our own pages; an id in
//! a body is never read. A call that changes something by the session's cookie must come from a page of ours.

mod auth;
mod caller;
mod directory;
mod newer;
mod older;

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use serde::de::DeserializeOwned;
use serde_json::json;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::{
    api::visit,
    app::{Fault, SignInFault},
};

/// Largest body.
const MAX_BODY: usize = 64 * 1024;

/// Registers the APIs at their own paths and below `/api/selfservice`, where deployed ones have them.
pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    all(config);
    config.service(utoipa_actix_web::scope("/api/selfservice").configure(all));
}

fn all(config: &mut ServiceConfig<'_>) {
    config
        .service(auth::list_providers)
        .service(auth::go_to_provider)
        .service(auth::profile)
        .service(auth::log_out)
        .service(older::link)
        .service(older::update)
        .service(older::resolve)
        .service(older::unlink)
        .service(older::test_strategy)
        .service(newer::link)
        .service(newer::update)
        .service(newer::resolve)
        .service(newer::unlink)
        .service(directory::get_levels)
        .service(directory::get_level_values)
        .service(directory::fetch_banks)
        .service(directory::fetch_branches)
        .service(directory::fetch_wallets);
}

/// Why there is no answer of the operation itself: HTTP status, code and text as deployed services have them.
#[derive(Debug)]
pub(super) struct Refusal(StatusCode, &'static str, String);

type Answer = Result<HttpResponse, Refusal>;

impl Refusal {
    fn malformed(why: impl std::fmt::Display) -> Self {
        Self(StatusCode::BAD_REQUEST, "G2P-REQ-102", format!("Invalid Input. {why}"))
    }

    fn signed_out(why: &str) -> Self {
        Self(StatusCode::UNAUTHORIZED, "G2P-AUT-401", why.to_owned())
    }

    fn forbidden(why: &str) -> Self {
        Self(StatusCode::FORBIDDEN, "G2P-AUT-403", why.to_owned())
    }

    /// RFC 9470: the sign-in is not recent or strong enough.
    fn prove_again() -> Self {
        Self::signed_out("sign in again before the account is changed")
    }

    fn to_response(&self) -> HttpResponse {
        let Self(status, code, message) = self;
        let mut response = HttpResponse::build(*status);
        response.insert_header(("Cache-Control", "no-store"));
        match *status {
            StatusCode::UNAUTHORIZED => {
                let again = message.starts_with("sign in again");
                let error = if again { "insufficient_user_authentication" } else { "invalid_token" };
                response.insert_header(("WWW-Authenticate", format!("Bearer error=\"{error}\"")));
            }
            StatusCode::SERVICE_UNAVAILABLE => {
                response.insert_header(("Retry-After", visit::RETRY_SECONDS));
            }
            _ => {}
        }
        response.json(json!({"errors": [{"code": code, "message": message}]}))
    }
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        visit::log(&fault);
        match fault {
            Fault::SignedOut => Self::signed_out("sign in first"),
            Fault::SignIn(SignInFault::Unknown) => {
                Self::forbidden("the token does not say the id that the person has here")
            }
            Fault::SignIn(_) => Self::signed_out("the bearer token is not valid here"),
            Fault::Forbidden | Fault::Forged | Fault::OtherPerson => Self::forbidden("not allowed"),
            Fault::NotFound => Self(StatusCode::NOT_FOUND, "G2P-REQ-404", "not found".to_owned()),
            Fault::Malformed => Self::malformed("the request cannot be read"),
            Fault::Away(_) => Self(
                StatusCode::SERVICE_UNAVAILABLE,
                "G2P-REQ-503",
                "something that is needed does not answer; try again".to_owned(),
            ),
            Fault::Broken(_) => {
                Self(StatusCode::INTERNAL_SERVER_ERROR, "G2P-REQ-500", "Unknown Error.".to_owned())
            }
        }
    }
}

/// Turns the outcome of an operation into its response.
fn answered(outcome: Answer) -> HttpResponse {
    outcome.unwrap_or_else(|refusal| refusal.to_response())
}

/// A JSON answer about a person: kept by no cache.
fn told(body: impl serde::Serialize) -> HttpResponse {
    HttpResponse::Ok().insert_header(("Cache-Control", "no-store")).json(body)
}

/// Reads a JSON body. The error says where it is wrong and repeats nothing of it.
async fn body<T: DeserializeOwned>(req: &HttpRequest, payload: web::Payload) -> Result<T, Refusal> {
    let bytes = platform::body::read(req, payload.into_inner(), MAX_BODY).await.map_err(Fault::from)?;
    // The same reader as the mapper's: what it would refuse is refused here, before anything is noted.
    platform::signed::parse_json(&bytes).map_err(|fault| {
        let field = fault.field();
        let place = if field.is_empty() { String::new() } else { format!("{field}: ") };
        Refusal::malformed(format!("{place}{}", fault.message()))
    })
}
