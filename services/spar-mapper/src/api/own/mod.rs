//! The mapper's own API: history, freezing, changes that wait. Ids of people stand in bodies, never in addresses.

mod changes;
mod history;

use platform::{ApiError, ApiResult};
use serde::Deserialize;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(
        utoipa_actix_web::scope("/api/v1")
            .service(history::entries)
            .service(history::as_of)
            .service(history::verify)
            .service(history::freeze)
            .service(history::unfreeze)
            .service(history::checkpoints)
            .service(history::verify_checkpoints)
            .service(changes::propose)
            .service(changes::list)
            .service(changes::approve)
            .service(changes::cancel),
    );
}

/// An id.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct IdRequest {
    /// The id as partners send it.
    id: String,
}

fn moment(field: &str, text: &str) -> ApiResult<OffsetDateTime> {
    OffsetDateTime::parse(text, &Rfc3339).map_err(|_| {
        let rule = "must be a time as in RFC 3339, for example 2026-01-31T12:00:00Z";
        ApiError::unprocessable("invalid_field", format!("{field} {rule}")).with_field(field, rule)
    })
}

/// The number in a cursor of a list.
fn after(cursor: Option<&str>) -> ApiResult<i64> {
    let Some(text) = cursor else { return Ok(0) };
    text.parse().map_err(|_| {
        ApiError::bad_request("invalid_cursor", "after must be the next of another page")
            .with_field("after", "not a cursor of this list")
    })
}
