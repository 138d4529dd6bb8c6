//! Own API of the deduplicator.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use platform::{ApiError, ApiJson, ApiResult, Caller, Page, PageQuery, Problem, clock::rfc3339};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::{State, app, store};

pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(
        utoipa_actix_web::scope("/api/v1")
            .service(stats)
            .service(start_run)
            .service(get_run)
            .service(list_pairs),
    );
}

/// How much is held.
#[derive(Debug, Serialize, ToSchema)]
struct Stats {
    /// Records of people.
    records: i64,
    /// Jobs that wait or run; 0 when every announced change was fetched.
    pending: i64,
}

/// What to compare.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RunRequest {
    /// Only pairs at least this probable, 0 to 1; 0.5 when absent.
    #[serde(default = "half")]
    min_probability: f64,
}

fn half() -> f64 {
    0.5
}

/// A run that was accepted.
#[derive(Debug, Serialize, ToSchema)]
struct RunAccepted {
    /// Its id.
    run_id: Uuid,
}

/// A run.
#[derive(Debug, Serialize, ToSchema)]
struct RunView {
    /// Its id.
    run_id: Uuid,
    /// `queued`, `running`, `done` or `failed`.
    state: String,
    /// Model that scored.
    model: String,
    /// Least probability of a pair.
    min_probability: f64,
    /// When it was asked for.
    requested_at: String,
    /// When it ended.
    finished_at: Option<String>,
    /// Records compared.
    records: i64,
    /// Comparisons made so far.
    comparisons: i64,
    /// Comparisons planned; 0 until they are known.
    planned: i64,
    /// Pairs found.
    pairs: i64,
    /// Seconds it took, loading included.
    seconds: f64,
    /// Blocks, comparisons and pairs of each blocking rule.
    rules: Value,
    /// Why it failed.
    error: Option<String>,
}

/// Two registrants that may be one person.
#[derive(Debug, Serialize, ToSchema)]
struct PairView {
    /// The one that was registered first.
    left: Uuid,
    /// The other.
    right: Uuid,
    /// 0 to 1.
    probability: f64,
    /// Log2 of the odds.
    weight: f64,
    /// Weight of each field.
    explanation: Option<Value>,
}

/// How many records are held, and how many changes still have to be fetched.
#[utoipa::path(responses((status = 200, body = Stats), (status = 401, body = Problem), (status = 403, body = Problem)), security(("bearer" = [])))]
#[get("/stats")]
async fn stats(state: web::Data<State>, caller: Caller) -> ApiResult<web::Json<Stats>> {
    let (records, pending) = app::stats(&state, caller.ctx()).await?;
    Ok(web::Json(Stats { records, pending }))
}

/// Compare the whole register with itself, in the background. Takes `Idempotency-Key`.
#[utoipa::path(request_body = RunRequest, responses((status = 202, body = RunAccepted), (status = 401, body = Problem), (status = 403, body = Problem), (status = 422, body = Problem)), security(("bearer" = [])))]
#[post("/runs")]
async fn start_run(
    state: web::Data<State>,
    caller: Caller,
    request: HttpRequest,
    body: ApiJson<RunRequest>,
) -> ApiResult<HttpResponse> {
    let ctx = caller.ctx();
    ctx.require(app::WRITE)?;
    let bytes = serde_json::to_vec(&body.0).map_err(ApiError::internal)?;
    let key = request.headers().get("Idempotency-Key").and_then(|h| h.to_str().ok());
    let accepted = platform::once_by_key(&state.db, ctx, key, &bytes, async |tx| {
        let run_id = app::request_run(tx, ctx, body.min_probability).await?;
        serde_json::to_value(RunAccepted { run_id }).map_err(ApiError::internal)
    })
    .await?;
    Ok(HttpResponse::Accepted().json(accepted))
}

/// State and figures of a run.
#[utoipa::path(params(("run_id" = Uuid, Path)), responses((status = 200, body = RunView), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)), security(("bearer" = [])))]
#[get("/runs/{run_id}")]
async fn get_run(
    state: web::Data<State>,
    caller: Caller,
    path: web::Path<Uuid>,
) -> ApiResult<web::Json<RunView>> {
    let run = app::run(&state, caller.ctx(), *path).await?;
    Ok(web::Json(view(run)))
}

fn view(run: store::Run) -> RunView {
    RunView {
        run_id: run.run_id,
        state: run.state,
        model: run.model,
        min_probability: run.min_probability,
        requested_at: rfc3339(run.requested_at),
        finished_at: run.finished_at.map(rfc3339),
        records: run.records,
        comparisons: run.comparisons,
        planned: run.planned,
        pairs: run.pairs,
        seconds: run.seconds,
        rules: run.rules,
        error: run.error,
    }
}

/// Pairs of a run, by ids.
#[utoipa::path(params(("run_id" = Uuid, Path), PageQuery), responses((status = 200, body = Page<PairView>), (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem)), security(("bearer" = [])))]
#[get("/runs/{run_id}/pairs")]
async fn list_pairs(
    state: web::Data<State>,
    caller: Caller,
    path: web::Path<Uuid>,
    query: web::Query<PageQuery>,
) -> ApiResult<web::Json<Page<PairView>>> {
    let after = match query.after.as_deref() {
        None => (Uuid::nil(), Uuid::nil()),
        Some(text) => cursor(text).ok_or_else(|| {
            ApiError::bad_request("invalid_cursor", "after must be the next of another page")
                .with_field("after", "not a cursor of this list")
        })?,
    };
    let rows = app::pairs(&state, caller.ctx(), *path, after, i64::from(query.limit()) + 1).await?;
    let page = Page::from_rows(rows, query.limit(), |p| format!("{}_{}", p.left_id, p.right_id));
    let items = page.items.into_iter().map(|p| PairView {
        left: p.left_id,
        right: p.right_id,
        probability: p.probability,
        weight: p.weight,
        explanation: p.explanation,
    });
    Ok(web::Json(Page { items: items.collect(), next: page.next }))
}

fn cursor(text: &str) -> Option<(Uuid, Uuid)> {
    let (left, right) = text.split_once('_')?;
    Some((left.parse().ok()?, right.parse().ok()?))
}
