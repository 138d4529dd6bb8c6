//! What is held after a restore from an older backup, and its end.

use actix_web::{get, post, web};
use platform::{ApiResult, Caller, Page, PageQuery, Problem};

use super::State;
use crate::app::restores::{self, HeldView, RestoreView};

/// Restores from older backups, the newest first. While one has not ended, every payment is asked for at its bank before it
/// is sent, and no envelope can be cancelled whose day has come.
#[utoipa::path(
    tag = "restores",
    operation_id = "restores",
    security(("bearer" = [])),
    responses((status = 200, body = Vec<RestoreView>), (status = 401, body = Problem), (status = 403, body = Problem)),
)]
#[get("/restores")]
pub(super) async fn list(state: State, caller: Caller) -> ApiResult<web::Json<Vec<RestoreView>>> {
    Ok(web::Json(restores::list(&state, caller.ctx()).await?))
}

/// Payments that may be with their bank though this database does not say so: asked for, or to be decided by a statement or
/// by two people.
#[utoipa::path(
    tag = "restores",
    operation_id = "restores_held",
    security(("bearer" = [])),
    params(PageQuery),
    responses((status = 200, body = Page<HeldView>), (status = 401, body = Problem), (status = 403, body = Problem)),
)]
#[get("/restores/held")]
pub(super) async fn held(
    state: State,
    caller: Caller,
    page: web::Query<PageQuery>,
) -> ApiResult<web::Json<Page<HeldView>>> {
    Ok(web::Json(restores::held(&state, caller.ctx(), &page).await?))
}

/// Says that all is answered after a restore. Two people must say so; the second one's word ends it.
#[utoipa::path(
    tag = "restores",
    operation_id = "restores_end",
    security(("bearer" = [])),
    responses((status = 200, body = RestoreView), (status = 401, body = Problem), (status = 403, body = Problem),
              (status = 409, body = Problem)),
)]
#[post("/restores/end")]
pub(super) async fn end(state: State, caller: Caller) -> ApiResult<web::Json<RestoreView>> {
    Ok(web::Json(restores::end(&state, caller.ctx()).await?))
}
