//! Programmes, their registrants and their money.

use actix_web::{HttpResponse, get, post, web};
use platform::{ApiJson, ApiResult, Caller, Page, PageQuery, Problem};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::IdempotencyKey;
use crate::app::{
    State, cycles, funds,
    model::{
        CycleRequest, CycleView, EnrolmentRequest, FundRequest, FundView, ProgramRequest, ProgramView,
        RunView,
    },
    programs, runs,
};

pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(create)
        .service(list)
        .service(get)
        .service(pull)
        .service(pull_progress)
        .service(enrol)
        .service(enrolment_progress)
        .service(deposit)
        .service(fund)
        .service(create_cycle)
        .service(list_cycles);
}

/// Define a programme. Rule and benefit are type-checked; an unknown attribute is refused. The same definition again is
/// answered with the programme that is there.
#[utoipa::path(
    tag = "programs",
    security(("bearer" = [])),
    params(("Idempotency-Key" = Option<String>, Header, description = "The same key again is answered from what was stored.")),
    request_body = ProgramRequest,
    responses((status = 201, body = ProgramView), (status = 400, body = Problem), (status = 401, body = Problem),
              (status = 403, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
#[post("/programs")]
async fn create(
    state: web::Data<State>,
    caller: Caller,
    key: IdempotencyKey,
    body: ApiJson<ProgramRequest>,
) -> ApiResult<HttpResponse> {
    let view = programs::create(&state, caller.ctx(), key.get(), &body).await?;
    Ok(HttpResponse::Created().json(view))
}

/// Programmes, by mnemonic.
#[utoipa::path(
    tag = "programs",
    security(("bearer" = [])),
    params(PageQuery),
    responses((status = 200, body = Page<ProgramView>), (status = 401, body = Problem), (status = 403, body = Problem)),
)]
#[get("/programs")]
async fn list(
    state: web::Data<State>,
    caller: Caller,
    page: web::Query<PageQuery>,
) -> ApiResult<web::Json<Page<ProgramView>>> {
    Ok(web::Json(programs::list(&state, caller.ctx(), &page).await?))
}

/// A programme.
#[utoipa::path(
    tag = "programs",
    security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "The programme.")),
    responses((status = 200, body = ProgramView), (status = 401, body = Problem), (status = 403, body = Problem),
              (status = 404, body = Problem)),
)]
#[get("/programs/{id}")]
async fn get(
    state: web::Data<State>,
    caller: Caller,
    id: web::Path<Uuid>,
) -> ApiResult<web::Json<ProgramView>> {
    Ok(web::Json(programs::get(&state, caller.ctx(), *id).await?))
}

/// How a pull is to be done.
#[derive(Debug, Default, serde::Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
struct PullQuery {
    /// Believe a registry that gives nobody, and count every household as gone. Without it such a pull fails while there
    /// are households: a registry whose policy for this service is empty gives nobody either.
    allow_empty: bool,
}

/// Pull the registrants from the social registry, with only the attributes of the field policy. While a pull runs, asking
/// again gives that one.
#[utoipa::path(
    tag = "programs",
    security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "The programme."),
           ("Idempotency-Key" = Option<String>, Header, description = "The same key again is answered from what was stored."),
           PullQuery),
    responses((status = 202, body = RunView), (status = 400, body = Problem), (status = 401, body = Problem),
              (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)),
)]
#[post("/programs/{id}/registrant-pulls")]
async fn pull(
    state: web::Data<State>,
    caller: Caller,
    key: IdempotencyKey,
    id: web::Path<Uuid>,
    query: web::Query<PullQuery>,
) -> ApiResult<HttpResponse> {
    let view = runs::start_pull(&state, caller.ctx(), key.get(), *id, query.allow_empty).await?;
    Ok(HttpResponse::Accepted().json(view))
}

/// How far a pull is.
#[utoipa::path(
    tag = "programs",
    security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "The programme."), ("run" = Uuid, Path, description = "The pull.")),
    responses((status = 200, body = RunView), (status = 401, body = Problem), (status = 403, body = Problem),
              (status = 404, body = Problem)),
)]
#[get("/programs/{id}/registrant-pulls/{run}")]
async fn pull_progress(
    state: web::Data<State>,
    caller: Caller,
    path: web::Path<(Uuid, Uuid)>,
) -> ApiResult<web::Json<RunView>> {
    Ok(web::Json(runs::of_program(&state, caller.ctx(), path.0, "pull", path.1).await?))
}

/// Decide for every pulled household whether it takes part, and enrol those who do. Without a Head a household is
/// rejected with `NO_PAYEE`. While an enrolment runs, asking again gives that one.
#[utoipa::path(
    tag = "programs",
    security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "The programme."),
           ("Idempotency-Key" = Option<String>, Header, description = "The same key again is answered from what was stored.")),
    request_body = EnrolmentRequest,
    responses((status = 202, body = RunView), (status = 400, body = Problem), (status = 401, body = Problem),
              (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)),
)]
#[post("/programs/{id}/enrolments")]
async fn enrol(
    state: web::Data<State>,
    caller: Caller,
    key: IdempotencyKey,
    id: web::Path<Uuid>,
    body: ApiJson<EnrolmentRequest>,
) -> ApiResult<HttpResponse> {
    let view = runs::start_enrolment(&state, caller.ctx(), key.get(), *id, &body).await?;
    Ok(HttpResponse::Accepted().json(view))
}

/// How far an enrolment is, and what came out.
#[utoipa::path(
    tag = "programs",
    security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "The programme."), ("run" = Uuid, Path, description = "The enrolment.")),
    responses((status = 200, body = RunView), (status = 401, body = Problem), (status = 403, body = Problem),
              (status = 404, body = Problem)),
)]
#[get("/programs/{id}/enrolments/{run}")]
async fn enrolment_progress(
    state: web::Data<State>,
    caller: Caller,
    path: web::Path<(Uuid, Uuid)>,
) -> ApiResult<web::Json<RunView>> {
    Ok(web::Json(runs::of_program(&state, caller.ctx(), path.0, "enrolment", path.1).await?))
}

/// Book money that came in for the programme.
#[utoipa::path(
    tag = "programs",
    security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "The programme."),
           ("Idempotency-Key" = Option<String>, Header, description = "The same key again is answered from what was stored.")),
    request_body = FundRequest,
    responses((status = 201, body = FundView), (status = 400, body = Problem), (status = 401, body = Problem),
              (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)),
)]
#[post("/programs/{id}/funds")]
async fn deposit(
    state: web::Data<State>,
    caller: Caller,
    key: IdempotencyKey,
    id: web::Path<Uuid>,
    body: ApiJson<FundRequest>,
) -> ApiResult<HttpResponse> {
    let view = funds::deposit(&state, caller.ctx(), key.get(), *id, &body).await?;
    Ok(HttpResponse::Created().json(view))
}

/// The programme's money.
#[utoipa::path(
    tag = "programs",
    security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "The programme.")),
    responses((status = 200, body = FundView), (status = 401, body = Problem), (status = 403, body = Problem),
              (status = 404, body = Problem)),
)]
#[get("/programs/{id}/funds")]
async fn fund(
    state: web::Data<State>,
    caller: Caller,
    id: web::Path<Uuid>,
) -> ApiResult<web::Json<FundView>> {
    Ok(web::Json(funds::get(&state, caller.ctx(), *id).await?))
}

/// Make a cycle with the programme's current rules. The same cycle again is answered with the one that is there.
#[utoipa::path(
    tag = "cycles",
    security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "The programme."),
           ("Idempotency-Key" = Option<String>, Header, description = "The same key again is answered from what was stored.")),
    request_body = CycleRequest,
    responses((status = 201, body = CycleView), (status = 400, body = Problem), (status = 401, body = Problem),
              (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem),
              (status = 422, body = Problem)),
)]
#[post("/programs/{id}/cycles")]
async fn create_cycle(
    state: web::Data<State>,
    caller: Caller,
    key: IdempotencyKey,
    id: web::Path<Uuid>,
    body: ApiJson<CycleRequest>,
) -> ApiResult<HttpResponse> {
    let view = cycles::create(&state, caller.ctx(), key.get(), *id, &body).await?;
    Ok(HttpResponse::Created().json(view))
}

/// Cycles of a programme, by sequence.
#[utoipa::path(
    tag = "cycles",
    security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "The programme."), PageQuery),
    responses((status = 200, body = Page<CycleView>), (status = 401, body = Problem), (status = 403, body = Problem),
              (status = 404, body = Problem)),
)]
#[get("/programs/{id}/cycles")]
async fn list_cycles(
    state: web::Data<State>,
    caller: Caller,
    id: web::Path<Uuid>,
    page: web::Query<PageQuery>,
) -> ApiResult<web::Json<Page<CycleView>>> {
    Ok(web::Json(cycles::list(&state, caller.ctx(), *id, &page).await?))
}
