//! The review queue of possible duplicates.

use actix_web::{HttpRequest, get, post, web};
use platform::{ApiError, ApiJson, ApiResult, Caller, Masked, Page, PageQuery, Problem, clock::rfc3339};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::{
    State,
    app::{self, duplicates::Decision},
    domain::merge::Verdict,
    store::duplicates::{Cursor, Pair},
};

/// Which pairs.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct PairsQuery {
    /// `open`, `same`, `different` or `unsure`; open when absent.
    state: Option<String>,
    /// Only pairs at least this probable, 0 to 1.
    min_probability: Option<f64>,
    /// The `next` of the page before.
    after: Option<String>,
    /// Pairs wanted, 1 to 1,000.
    limit: Option<u32>,
}

/// One side of a pair.
#[derive(Debug, Serialize, ToSchema)]
struct SideView {
    /// The record.
    registrant_id: Uuid,
    /// Key of the source.
    #[schema(value_type = String)]
    external_id: Masked<String>,
}

/// Two records that may be one person.
#[derive(Debug, Serialize, ToSchema)]
struct PairView {
    /// The pair.
    pair_id: Uuid,
    /// The record that was registered first.
    left: SideView,
    /// The other.
    right: SideView,
    /// 0 to 1.
    probability: f64,
    /// Log2 of the odds.
    weight: f64,
    /// `open`, `same`, `different` or `unsure`.
    state: String,
    /// When it was found.
    found_at: String,
    /// When it was decided.
    decided_at: Option<String>,
    /// Who decided.
    decided_by: Option<String>,
    /// Why.
    reason: Option<String>,
}

impl From<Pair> for PairView {
    fn from(p: Pair) -> Self {
        Self {
            pair_id: p.pair_id,
            left: SideView { registrant_id: p.left_id, external_id: p.left_external_id.into() },
            right: SideView { registrant_id: p.right_id, external_id: p.right_external_id.into() },
            probability: p.probability,
            weight: p.weight,
            state: p.state,
            found_at: rfc3339(p.found_at),
            decided_at: p.decided_at.map(rfc3339),
            decided_by: p.decided_by,
            reason: p.reason,
        }
    }
}

fn cursor(after: Option<&str>) -> ApiResult<Option<Cursor>> {
    let read = |text: &str| {
        let (probability, pair) = text.split_once('~')?;
        let probability = probability.parse().ok().filter(|p: &f64| p.is_finite())?;
        Some((probability, pair.parse().ok()?))
    };
    after
        .map(|text| {
            read(text)
                .ok_or_else(|| ApiError::bad_request("invalid_query", "`after` is not a `next` of a page"))
        })
        .transpose()
}

/// Pairs in one state, the most probable first.
#[utoipa::path(params(PairsQuery), responses((status = 200, body = Page<PairView>), (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem)), security(("bearer" = [])))]
#[get("/duplicates")]
pub(super) async fn list(
    state: web::Data<State>,
    caller: Caller,
    query: web::Query<PairsQuery>,
) -> ApiResult<web::Json<Page<PairView>>> {
    let page = PageQuery { after: query.after.clone(), limit: query.limit };
    let after = cursor(page.after.as_deref())?;
    let pair_state = query.state.as_deref().unwrap_or("open");
    let least = query.min_probability.unwrap_or(0.0);
    let pairs = app::duplicates::list(&state, caller.ctx(), pair_state, least, after, page.limit()).await?;
    let views = pairs.into_iter().map(PairView::from).collect();
    let next = |p: &PairView| format!("{}~{}", p.probability, p.pair_id);
    Ok(web::Json(Page::from_rows(views, page.limit(), next)))
}

/// Decisions about pairs.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DecisionsRequest {
    /// 1 to 1,000 decisions, applied in this order.
    decisions: Vec<DecisionItem>,
}

/// One decision.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DecisionItem {
    /// The pair.
    pair_id: Uuid,
    /// What it is.
    decision: DecisionKind,
    /// Why; kept with the pair.
    #[serde(default)]
    reason: String,
}

/// What a pair is.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum DecisionKind {
    /// One person: the later record becomes a duplicate of the earlier one. Nothing is deleted.
    Same,
    /// Two people.
    Different,
    /// Not known.
    Unsure,
}

/// What became of the decisions.
#[derive(Serialize, ToSchema)]
#[allow(dead_code, reason = "the answer is stored as JSON; this describes it")]
struct DecisionsResponse {
    /// In the order of the request.
    results: Vec<DecidedView>,
    /// How many were applied.
    applied: usize,
}

/// What became of a decision.
#[derive(Serialize, ToSchema)]
struct DecidedView {
    /// The pair.
    pair_id: Uuid,
    /// `applied`, `already_joined`, `conflict` or `unknown_pair`.
    outcome: String,
    /// Why it was not applied.
    message: Option<String>,
}

/// Decide about pairs. A decision that contradicts another one is refused alone. Takes `Idempotency-Key`.
#[utoipa::path(request_body = DecisionsRequest, responses((status = 200, body = DecisionsResponse), (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem), (status = 422, body = Problem)), security(("bearer" = [])))]
#[post("/duplicates/decisions")]
pub(super) async fn decide(
    state: web::Data<State>,
    caller: Caller,
    request: HttpRequest,
    body: ApiJson<DecisionsRequest>,
) -> ApiResult<web::Json<serde_json::Value>> {
    let ctx = caller.ctx();
    ctx.require(app::DECIDE)?;
    let bytes = serde_json::to_vec(&body.0).map_err(ApiError::internal)?;
    let decisions: Vec<Decision> = body
        .decisions
        .iter()
        .map(|d| Decision {
            pair_id: d.pair_id,
            verdict: match d.decision {
                DecisionKind::Same => Verdict::Same,
                DecisionKind::Different => Verdict::Different,
                DecisionKind::Unsure => Verdict::Unsure,
            },
            reason: d.reason.clone(),
        })
        .collect();
    let answer =
        platform::once_by_key(&state.db, ctx, super::idempotency_key(&request), &bytes, async |tx| {
            let decided = app::duplicates::decide(ctx, tx, &decisions).await?;
            let applied = decided.iter().filter(|d| d.outcome == "applied").count();
            let results = decided.into_iter().map(|d| DecidedView {
                pair_id: d.pair_id,
                outcome: d.outcome.to_owned(),
                message: d.message.map(str::to_owned),
            });
            let response = DecisionsResponse { results: results.collect(), applied };
            serde_json::to_value(response).map_err(ApiError::internal)
        })
        .await?;
    Ok(web::Json(answer))
}
