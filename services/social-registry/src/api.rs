//! HTTP: extractors in, answers out, no logic.

mod duplicates;
mod imports;
mod registrants;
mod scores;
mod search;
mod stats;
mod upload;

use actix_web::HttpRequest;
use platform::{ApiError, ApiResult};
use utoipa_actix_web::service_config::ServiceConfig;

pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(
        utoipa_actix_web::scope("/api/v1")
            .service(imports::create)
            .service(imports::list)
            .service(imports::rejects)
            .service(imports::rows)
            .service(imports::get)
            .service(scores::save)
            .service(scores::list)
            .service(scores::progress)
            .service(registrants::look_up)
            .service(registrants::pseudonyms)
            .service(registrants::comparison_records)
            .service(registrants::history)
            .service(duplicates::decide)
            .service(duplicates::list)
            .service(stats::stats),
    );
    config.service(search::search);
}

/// The caller's own key of a write; the same key again gets the stored answer.
fn idempotency_key(request: &HttpRequest) -> Option<&str> {
    request.headers().get("Idempotency-Key").and_then(|h| h.to_str().ok())
}

/// The key after which a page starts.
fn cursor<T: std::str::FromStr>(after: Option<&str>) -> ApiResult<Option<T>> {
    let wrong = |_| ApiError::bad_request("invalid_query", "`after` is not a `next` of a page");
    after.map(|text| text.parse().map_err(wrong)).transpose()
}
