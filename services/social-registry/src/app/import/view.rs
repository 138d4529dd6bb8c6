//! What callers see of imports.

use platform::{ApiError, ApiResult, Ctx};
use uuid::Uuid;

use crate::{
    State,
    app::{IMPORT, READ},
    store::imports::{self, Import, RowOutcome},
};

/// Rows of one page of the rejects file.
const REJECTS_PAGE: i64 = 1_000;

/// Whoever may import may see what became of it, and so may whoever may read.
fn require(ctx: &Ctx) -> ApiResult<()> {
    if ctx.may(IMPORT) { Ok(()) } else { ctx.require(READ) }
}

/// One import.
pub(crate) async fn find(state: &State, ctx: &Ctx, import_id: Uuid) -> ApiResult<Import> {
    require(ctx)?;
    let import = imports::find(state.db.conn(), ctx.tenant.as_str(), import_id).await?;
    import.ok_or_else(|| ApiError::not_found("the import"))
}

/// Imports before `before`, newest first; one more than the page, to tell whether there is another.
pub(crate) async fn list(
    state: &State,
    ctx: &Ctx,
    before: Option<Uuid>,
    limit: u32,
) -> ApiResult<Vec<Import>> {
    require(ctx)?;
    Ok(imports::list(&state.db, ctx.tenant.as_str(), before, i64::from(limit) + 1).await?)
}

/// Outcomes of rows after `after`; one more than the page.
pub(crate) async fn rows(
    state: &State,
    ctx: &Ctx,
    import_id: Uuid,
    outcome: Option<&str>,
    after: i64,
    limit: u32,
) -> ApiResult<Vec<RowOutcome>> {
    find(state, ctx, import_id).await?;
    let known = ["created", "updated", "unchanged", "rejected"];
    if outcome.is_some_and(|o| !known.contains(&o)) {
        return Err(ApiError::bad_request("invalid_query", "the outcome is not known")
            .with_field("outcome", "must be created, updated, unchanged or rejected"));
    }
    let tenant = ctx.tenant.as_str();
    Ok(imports::rows(&state.db, tenant, import_id, outcome, after, i64::from(limit) + 1).await?)
}

/// The next refused rows, for the rejects file; empty at its end. The caller was let in by [`find`].
pub(crate) async fn next_rejects(
    state: &State,
    tenant: &str,
    import_id: Uuid,
    after: i64,
) -> ApiResult<Vec<RowOutcome>> {
    Ok(imports::rows(&state.db, tenant, import_id, Some("rejected"), after, REJECTS_PAGE).await?)
}
