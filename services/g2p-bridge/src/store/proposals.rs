//! Proposals: what waits for a second person, and what became of it.

use sea_orm::{ConnectionTrait, FromQueryResult};
use serde_json::Value;
use storage::{StoreError, StoreResult, sql};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::domain::proposal::{Content, State};

/// A proposal.
#[derive(Debug, Clone, FromQueryResult)]
pub struct Proposal {
    /// Its id.
    pub proposal_id: Uuid,
    /// What it is about.
    pub subject: String,
    content: Value,
    /// Why it was asked for.
    pub reason: String,
    state: String,
    /// What came of it.
    pub outcome: Option<String>,
    /// Who asked.
    pub proposed_by: String,
    /// When.
    pub proposed_at: OffsetDateTime,
    /// Who decided.
    pub decided_by: Option<String>,
    /// When.
    pub decided_at: Option<OffsetDateTime>,
    /// Why so.
    pub decision_reason: Option<String>,
}

impl Proposal {
    /// What is asked for.
    ///
    /// # Errors
    /// When the row was written by a newer version.
    pub fn content(&self) -> StoreResult<Content> {
        serde_json::from_value(self.content.clone())
            .map_err(|e| StoreError::Other(format!("content of proposal {}: {e}", self.proposal_id)))
    }

    /// Where it stands.
    ///
    /// # Errors
    /// When the row was written by a newer version.
    pub fn state(&self) -> StoreResult<State> {
        State::parse(&self.state)
            .ok_or_else(|| StoreError::Other(format!("proposals.state is '{}', not known here", self.state)))
    }
}

const COLUMNS: &str =
    "proposal_id, subject, content, reason, state, outcome, proposed_by, proposed_at, decided_by,
        decided_at, decision_reason";

/// Who does what, when, and why.
#[derive(Debug, Clone, Copy)]
pub struct By<'a> {
    /// Whose.
    pub tenant: &'a str,
    /// Who.
    pub actor: &'a str,
    /// When.
    pub at: OffsetDateTime,
    /// Why.
    pub reason: &'a str,
}

/// Writes a proposal. `false` when one about the same waits already.
pub async fn insert<C: ConnectionTrait>(
    tx: &C,
    by: By<'_>,
    id: Uuid,
    content: &Content,
) -> StoreResult<bool> {
    let value = serde_json::to_value(content).map_err(|e| StoreError::Other(e.to_string()))?;
    let written = sql::execute(
        tx,
        "WITH added AS (
            INSERT INTO proposals (tenant_id, proposal_id, kind, subject, content, reason, proposed_by, proposed_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING RETURNING proposal_id
         ) INSERT INTO state_changes (tenant_id, subject, at, actor, action, after, reason)
           SELECT $1, 'proposal/' || proposal_id, $8, $7, 'propose', 'OPEN', $6 FROM added",
        [
            by.tenant.into(),
            id.into(),
            content.kind().into(),
            content.subject().into(),
            value.into(),
            by.reason.into(),
            by.actor.into(),
            by.at.into(),
        ],
    )
    .await?;
    Ok(written == 1)
}

/// The proposal of this id.
pub async fn find<C: ConnectionTrait>(conn: &C, tenant: &str, id: Uuid) -> StoreResult<Option<Proposal>> {
    let query = format!("SELECT {COLUMNS} FROM proposals WHERE tenant_id = $1 AND proposal_id = $2");
    sql::fetch_optional(conn, &query, [tenant.into(), id.into()]).await
}

/// The same, held against other decisions until the transaction ends.
pub async fn lock<C: ConnectionTrait>(tx: &C, tenant: &str, id: Uuid) -> StoreResult<Option<Proposal>> {
    let query =
        format!("SELECT {COLUMNS} FROM proposals WHERE tenant_id = $1 AND proposal_id = $2 FOR UPDATE");
    sql::fetch_optional(tx, &query, [tenant.into(), id.into()]).await
}

/// Writes how a proposal ended. The caller holds it.
pub async fn close<C: ConnectionTrait>(
    tx: &C,
    by: By<'_>,
    proposal: &Proposal,
    state: State,
    outcome: Option<&str>,
) -> StoreResult<()> {
    sql::execute(
        tx,
        "WITH closed AS (
            UPDATE proposals SET state = $3, outcome = $4, decided_by = $5, decided_at = $6, decision_reason = $7
             WHERE tenant_id = $1 AND proposal_id = $2 RETURNING proposal_id
         ) INSERT INTO state_changes (tenant_id, subject, at, actor, action, before, after, reason)
           SELECT $1, 'proposal/' || proposal_id, $6, $5, 'decide', 'OPEN', $3, $7 FROM closed",
        [
            by.tenant.into(),
            proposal.proposal_id.into(),
            state.as_str().into(),
            outcome.into(),
            by.actor.into(),
            by.at.into(),
            by.reason.into(),
        ],
    )
    .await?;
    Ok(())
}

/// Proposals in the order they were made, after `after`; all states, or one.
pub async fn page<C: ConnectionTrait>(
    conn: &C,
    tenant: &str,
    state: Option<&str>,
    after: Uuid,
    limit: i64,
) -> StoreResult<Vec<Proposal>> {
    let query = format!(
        "SELECT {COLUMNS} FROM proposals WHERE tenant_id = $1 AND proposal_id > $2 AND ($3::text IS NULL OR state = $3)
          ORDER BY proposal_id LIMIT $4"
    );
    sql::fetch_all(conn, &query, [tenant.into(), after.into(), state.into(), limit.into()]).await
}

/// Proposals about something, the latest first; at most 20.
pub async fn about<C: ConnectionTrait>(conn: &C, tenant: &str, subject: &str) -> StoreResult<Vec<Proposal>> {
    let query = format!(
        "SELECT {COLUMNS} FROM proposals WHERE tenant_id = $1 AND subject = $2 ORDER BY proposal_id DESC LIMIT 20"
    );
    sql::fetch_all(conn, &query, [tenant.into(), subject.into()]).await
}
