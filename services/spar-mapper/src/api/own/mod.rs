//! The mapper's own API: history, freezing, changes that wait, the directory of banks and wallets, reports on files. Ids of
//! people stand in bodies, never in addresses.

mod bulk;
mod changes;
mod directory;
mod entries;
mod history;

use platform::{ApiError, ApiResult};
use serde::Deserialize;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(
        utoipa_actix_web::scope("/api/v1")
            .service(bulk::find)
            .service(bulk::rejects)
            .service(bulk::rejects_file)
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
            .service(changes::cancel)
            .service(directory::banks)
            .service(directory::add_bank)
            .service(directory::change_bank)
            .service(directory::branches)
            .service(directory::add_branch)
            .service(directory::change_branch)
            .service(directory::wallets)
            .service(directory::add_wallet)
            .service(directory::change_wallet)
            .service(directory::levels)
            .service(directory::change_level)
            .service(directory::history)
            .service(directory::import),
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

/// The number in a cursor of a list; 0 without one.
fn after(cursor: Option<&str>) -> ApiResult<i64> {
    Ok(self::cursor(cursor)?.unwrap_or_default())
}

/// The number in a cursor of a list.
fn cursor(cursor: Option<&str>) -> ApiResult<Option<i64>> {
    let Some(text) = cursor else { return Ok(None) };
    text.parse().map(Some).map_err(|_| {
        ApiError::bad_request("invalid_cursor", "after must be the next of another page")
            .with_field("after", "not a cursor of this list")
    })
}
