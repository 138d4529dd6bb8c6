//! The mapper's own API: history, freezing, changes that wait, the directory of banks and wallets, reports on files. Ids of
//! people stand in bodies, never in addresses.

mod bulk;
mod changes;
mod directory;
mod entries;
mod history;

use actix_web::HttpRequest;
use std::sync::Arc;

use platform::{Actor, ApiError, ApiResult, Caller, Ctx, Permission, partners::Partner};
use serde::Deserialize;
use time::{OffsetDateTime, UtcOffset, format_description::well_known::Rfc3339};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::State;

pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(
        utoipa_actix_web::scope("/api/v1")
            .service(bulk::list)
            .service(bulk::find)
            .service(bulk::cancel)
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

/// To act in the name of users for whom the caller vouches, as the pages of a helpdesk do for their staff.
const ON_BEHALF: Permission = Permission::new("mapper:on_behalf");
/// The header that names the user.
const ON_BEHALF_OF: &str = "On-Behalf-Of";
/// Longest name of a user.
const MAX_USER: usize = 200;

/// The context of a use case: the caller's own, or in the name of the user whom it names. What the caller may not do it
/// may not do in anybody's name.
fn acting(caller: &Caller, request: &HttpRequest) -> ApiResult<Ctx> {
    let Some(header) = request.headers().get(ON_BEHALF_OF) else { return Ok(caller.ctx().clone()) };
    caller.ctx().require(ON_BEHALF)?;
    let user = header.to_str().unwrap_or_default();
    if !(1..=MAX_USER).contains(&user.len()) || !user.bytes().all(|b| b.is_ascii_graphic()) {
        let rule = "must be 1 to 200 letters, digits and signs without spaces";
        return Err(ApiError::bad_request("invalid_field", format!("{ON_BEHALF_OF} {rule}"))
            .with_field(ON_BEHALF_OF, rule));
    }
    Ok(caller.ctx().in_the_name_of(user))
}

/// Which ids a caller may see and change: a partner here as in its messages, people all of them.
struct Ids(Option<Arc<Partner>>);

impl Ids {
    async fn of(state: &State, caller: &Caller) -> ApiResult<Self> {
        let Actor::Partner(id) = &caller.ctx().actor else { return Ok(Self(None)) };
        let partner = state.partners.find(id).await?;
        partner
            .map(|partner| Self(Some(partner)))
            .ok_or_else(|| ApiError::forbidden("the partner is not registered any more"))
    }

    fn may_use(&self, id: &str) -> bool {
        self.0.as_ref().is_none_or(|partner| partner.policy.may_use_id(id))
    }

    fn require(&self, id: &str) -> ApiResult<()> {
        if self.may_use(id) {
            Ok(())
        } else {
            Err(ApiError::forbidden("this partner may not use ids of this kind"))
        }
    }
}

/// An id.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct IdRequest {
    /// The id as partners send it.
    id: String,
}

fn moment(field: &str, text: &str) -> ApiResult<OffsetDateTime> {
    let moment = OffsetDateTime::parse(text, &Rfc3339).ok();
    // The last day of the year 9999 in America is none any more in UTC.
    moment.and_then(|at| at.checked_to_offset(UtcOffset::UTC)).ok_or_else(|| {
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
    text.parse().map(Some).map_err(|_| not_a_cursor())
}

/// The id in a cursor of a list.
fn cursor_id(cursor: Option<&str>) -> ApiResult<Option<Uuid>> {
    cursor.map(|text| text.parse().map_err(|_| not_a_cursor())).transpose()
}

fn not_a_cursor() -> ApiError {
    ApiError::bad_request("invalid_cursor", "after must be the next of another page")
        .with_field("after", "not a cursor of this list")
}
