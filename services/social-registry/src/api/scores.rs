//! Score definitions.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use platform::{ApiError, ApiJson, ApiResult, Caller, Problem, clock::rfc3339};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{State, app, domain::score::ScoreDefinition};

/// A saved definition.
#[derive(Serialize, ToSchema)]
#[allow(dead_code, reason = "the answer is stored as JSON; this describes it")]
struct SavedView {
    /// Name of the score.
    name: String,
    /// Version of the definition.
    version: i32,
    /// The computation that was started.
    job_id: Uuid,
}

/// A definition.
#[derive(Serialize, ToSchema)]
struct DefinitionView {
    /// Name of the score.
    name: String,
    /// Its newest version.
    version: i32,
    /// The definition.
    #[schema(value_type = ScoreDefinition)]
    definition: serde_json::Value,
    /// Who saved it.
    created_by: String,
    /// When.
    created_at: String,
}

/// A computation of scores.
#[derive(Serialize, ToSchema)]
struct ComputationView {
    /// `pending`, `running`, `done` or `dead`.
    #[schema(value_type = String)]
    state: jobs::JobState,
    /// Households scored.
    done: i64,
    /// Text of the last failure.
    last_error: Option<String>,
}

/// Save a definition; the score of every household is computed again in the background. Takes `Idempotency-Key`.
#[utoipa::path(request_body = ScoreDefinition, responses((status = 202, body = SavedView), (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem), (status = 422, body = Problem)), security(("bearer" = [])))]
#[post("/score-definitions")]
pub(super) async fn save(
    state: web::Data<State>,
    caller: Caller,
    request: HttpRequest,
    body: ApiJson<ScoreDefinition>,
) -> ApiResult<HttpResponse> {
    let ctx = caller.ctx();
    ctx.require(app::WRITE)?;
    let bytes = serde_json::to_vec(&body.0).map_err(ApiError::internal)?;
    let saved = platform::once_by_key(&state.db, ctx, super::idempotency_key(&request), &bytes, async |tx| {
        let saved = app::scores::save(ctx, tx, &body.0).await?;
        serde_json::to_value(saved).map_err(ApiError::internal)
    })
    .await?;
    Ok(HttpResponse::Accepted().json(saved))
}

/// The newest version of each definition.
#[utoipa::path(responses((status = 200, body = Vec<DefinitionView>), (status = 401, body = Problem), (status = 403, body = Problem)), security(("bearer" = [])))]
#[get("/score-definitions")]
pub(super) async fn list(
    state: web::Data<State>,
    caller: Caller,
) -> ApiResult<web::Json<Vec<DefinitionView>>> {
    let definitions = app::scores::list(&state, caller.ctx()).await?;
    let views = definitions.into_iter().map(|d| DefinitionView {
        name: d.name,
        version: d.version,
        definition: d.definition,
        created_by: d.created_by,
        created_at: rfc3339(d.created_at),
    });
    Ok(web::Json(views.collect()))
}

/// How far a computation of scores is.
#[utoipa::path(params(("job_id" = Uuid, Path)), responses((status = 200, body = ComputationView), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)), security(("bearer" = [])))]
#[get("/score-definitions/computations/{job_id}")]
pub(super) async fn progress(
    state: web::Data<State>,
    caller: Caller,
    path: web::Path<Uuid>,
) -> ApiResult<web::Json<ComputationView>> {
    let job = app::scores::progress(&state, caller.ctx(), *path).await?;
    Ok(web::Json(ComputationView { state: job.state, done: job.done, last_error: job.last_error }))
}
