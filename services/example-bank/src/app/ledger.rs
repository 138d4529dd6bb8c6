//! The books as a whole: what auditors and the demo ask.

use platform::{ApiResult, Ctx};

use super::READ;
use crate::{State, store};

pub(crate) use crate::store::ledger::{Books, Contradictions, Reporting};

/// The books by currency, the reports on their way, and, when asked for, the proof.
pub(crate) struct Summary {
    pub(crate) books: Vec<Books>,
    pub(crate) reporting: Reporting,
    pub(crate) contradictions: Option<Contradictions>,
}

/// Sums up the ledger. With `verify`, recomputes every balance from the legs, which reads them all.
pub(crate) async fn summary(state: &State, ctx: &Ctx, verify: bool) -> ApiResult<Summary> {
    ctx.require(READ)?;
    let (conn, tenant) = (state.db.conn(), ctx.tenant.as_str());
    Ok(Summary {
        books: store::ledger::books(conn, tenant).await?,
        reporting: store::ledger::reporting(conn, tenant).await?,
        contradictions: match verify {
            true => Some(store::ledger::contradictions(conn, tenant).await?),
            false => None,
        },
    })
}
