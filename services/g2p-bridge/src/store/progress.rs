//! How envelopes go on: their states, what is in their way, and which are not at their end.

use sea_orm::{ConnectionTrait, FromQueryResult};
use storage::{StoreResult, sql};
use time::OffsetDateTime;

use crate::domain::envelope;

/// A change of state, for [`step`].
#[derive(Debug, Clone, Copy)]
pub struct Step<'a> {
    /// What happens.
    pub event: envelope::Event,
    /// Who does it.
    pub actor: &'a str,
    /// When.
    pub at: OffsetDateTime,
    /// Why.
    pub reason: Option<&'a str>,
}

#[derive(FromQueryResult)]
struct Stepped {
    before: String,
}

/// Lets `event` happen to the envelope and writes the history. Returns the new state, or `None` when the event does not
/// apply any more: somebody else was first.
pub async fn step<C: ConnectionTrait>(
    tx: &C,
    tenant: &str,
    id: &str,
    step: Step<'_>,
) -> StoreResult<Option<envelope::State>> {
    let allowed: Vec<String> = envelope::sources(step.event).map(|s| s.as_str().to_owned()).collect();
    let before: Option<Stepped> = sql::fetch_optional(
        tx,
        "SELECT state AS before FROM envelopes WHERE tenant_id = $1 AND envelope_id = $2 AND state = ANY($3)
            FOR NO KEY UPDATE",
        [tenant.into(), id.into(), allowed.into()],
    )
    .await?;
    let Some(before) = before.and_then(|row| envelope::State::parse(&row.before)) else { return Ok(None) };
    let Some(after) = envelope::transition(before, step.event) else { return Ok(None) };
    sql::execute(
        tx,
        "WITH changed AS (
            UPDATE envelopes SET state = $3, state_since = $4, problem = NULL, problem_since = NULL,
                   cancelled_at = CASE WHEN $3 = 'CANCELLED' THEN $4 ELSE cancelled_at END
             WHERE tenant_id = $1 AND envelope_id = $2
         ) INSERT INTO state_changes (tenant_id, subject, at, actor, action, before, after, reason)
           VALUES ($1, 'envelope/' || $2, $4, $5, $6, $7, $3, $8)",
        [
            tenant.into(),
            id.into(),
            after.as_str().into(),
            step.at.into(),
            step.actor.into(),
            step.event.as_str().into(),
            before.as_str().into(),
            step.reason.into(),
        ],
    )
    .await?;
    Ok(Some(after))
}

/// Says why the envelope does not go on, or that it does again.
pub async fn set_problem<C: ConnectionTrait>(
    conn: &C,
    tenant: &str,
    id: &str,
    problem: Option<&str>,
    at: OffsetDateTime,
) -> StoreResult<()> {
    sql::execute(
        conn,
        "UPDATE envelopes SET problem = $3, problem_since = CASE WHEN $3::text IS NULL THEN NULL ELSE $4 END
          WHERE tenant_id = $1 AND envelope_id = $2 AND problem IS DISTINCT FROM $3",
        [tenant.into(), id.into(), problem.into(), at.into()],
    )
    .await?;
    Ok(())
}

/// Says that none of these is in the way any more.
pub async fn clear_problems<C: ConnectionTrait>(
    conn: &C,
    tenant: &str,
    id: &str,
    problems: &[&str],
) -> StoreResult<()> {
    sql::execute(
        conn,
        "UPDATE envelopes SET problem = NULL, problem_since = NULL
          WHERE tenant_id = $1 AND envelope_id = $2 AND problem = ANY($3)",
        [tenant.into(), id.into(), problems.iter().map(|p| (*p).to_owned()).collect::<Vec<_>>().into()],
    )
    .await?;
    Ok(())
}

/// Ids of envelopes that are not final, in order, after `after`.
pub async fn live_ids<C: ConnectionTrait>(
    conn: &C,
    after: (&str, &str),
    limit: i64,
) -> StoreResult<Vec<LiveEnvelope>> {
    sql::fetch_all(
        conn,
        "SELECT tenant_id, envelope_id, state FROM envelopes
          WHERE state NOT IN ('FINISHED', 'CANCELLED', 'EXPIRED') AND (tenant_id, envelope_id) > ($1, $2)
          ORDER BY tenant_id, envelope_id LIMIT $3",
        [after.0.into(), after.1.into(), limit.into()],
    )
    .await
}

/// An envelope that is not final.
#[derive(Debug, Clone, FromQueryResult)]
pub struct LiveEnvelope {
    /// Whose it is.
    pub tenant_id: String,
    /// Its id.
    pub envelope_id: String,
    /// Its state.
    pub state: String,
}

/// Ties the envelope to the newest configuration of its currency.
pub async fn pin_program<C: ConnectionTrait>(tx: &C, tenant: &str, id: &str) -> StoreResult<()> {
    sql::execute(
        tx,
        "UPDATE envelopes AS e SET program_version = p.version
           FROM (SELECT max(b.version) AS version
                   FROM benefit_programs AS b
                   JOIN envelopes AS o ON o.tenant_id = b.tenant_id
                        AND o.benefit_program_mnemonic = b.benefit_program_mnemonic
                        AND o.currency = b.sponsor_bank_account_currency
                  WHERE o.tenant_id = $1 AND o.envelope_id = $2) AS p
          WHERE e.tenant_id = $1 AND e.envelope_id = $2 AND p.version IS NOT NULL",
        [tenant.into(), id.into()],
    )
    .await?;
    Ok(())
}

/// Writes into an envelope's history that somebody did something that changes no state.
pub async fn note<C: ConnectionTrait>(
    tx: &C,
    tenant: &str,
    id: &str,
    (action, state): (&str, &str),
    actor: &str,
    reason: &str,
    at: OffsetDateTime,
) -> StoreResult<()> {
    sql::execute(
        tx,
        "INSERT INTO state_changes (tenant_id, subject, at, actor, action, before, after, reason)
         VALUES ($1, 'envelope/' || $2, $3, $4, $5, $6, $6, $7)",
        [tenant.into(), id.into(), at.into(), actor.into(), action.into(), state.into(), reason.into()],
    )
    .await?;
    Ok(())
}
