//! Counts.

use actix_web::{get, web};
use platform::{ApiResult, Caller, Problem};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{State, app};

/// How much is registered.
#[derive(Serialize, ToSchema)]
struct Stats {
    /// People, without duplicates.
    individuals: i64,
    /// Households.
    households: i64,
    /// Records that are a duplicate of another.
    duplicates: i64,
    /// Active memberships.
    memberships: i64,
    /// Identity documents.
    identifiers: i64,
    /// Phone numbers.
    phones: i64,
    /// Relationships.
    relationships: i64,
    /// Scores.
    scores: i64,
    /// Pairs in the review queue.
    open_pairs: i64,
}

/// How much is registered.
#[utoipa::path(responses((status = 200, body = Stats), (status = 401, body = Problem), (status = 403, body = Problem)), security(("bearer" = [])))]
#[get("/stats")]
pub(super) async fn stats(state: web::Data<State>, caller: Caller) -> ApiResult<web::Json<Stats>> {
    let counts = app::registrants::counts(&state, caller.ctx()).await?;
    Ok(web::Json(Stats {
        individuals: counts.individuals,
        households: counts.households,
        duplicates: counts.duplicates,
        memberships: counts.memberships,
        identifiers: counts.identifiers,
        phones: counts.phones,
        relationships: counts.relationships,
        scores: counts.scores,
        open_pairs: counts.open_pairs,
    }))
}
