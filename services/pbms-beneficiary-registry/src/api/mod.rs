//! Own APIs under `/api/v1`: bearer tokens, problem JSON. No logic here.

mod beneficiaries;
mod cycles;
mod programs;

use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use platform::ApiError;
use utoipa_actix_web::service_config::ServiceConfig;

/// The client's key of a write: the same key with the same body is answered from what was stored.
#[derive(Debug, Clone)]
pub struct IdempotencyKey(Option<String>);

impl IdempotencyKey {
    fn get(&self) -> Option<&str> {
        self.0.as_deref()
    }
}

impl FromRequest for IdempotencyKey {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let key = match req.headers().get("Idempotency-Key").map(|header| header.to_str()) {
            None => Ok(None),
            Some(Ok(key)) => Ok(Some(key.to_owned())),
            Some(Err(_)) => {
                Err(ApiError::bad_request("idempotency_key_invalid", "Idempotency-Key must be ASCII text"))
            }
        };
        ready(key.map(Self))
    }
}

/// Registers all routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(
        utoipa_actix_web::scope("/api/v1")
            .configure(programs::routes)
            .configure(cycles::routes)
            .configure(beneficiaries::routes),
    );
}
