//! What programme systems are to be told.

use sea_orm::{ConnectionTrait, FromQueryResult};
use serde_json::Value;
use storage::{StoreResult, sql};
use time::OffsetDateTime;
use uuid::Uuid;

/// Keeps messages about envelopes whose programme wants to be told; returns the envelopes that have some.
pub async fn add<C: ConnectionTrait>(
    tx: &C,
    tenant: &str,
    messages: Vec<(String, String)>,
    at: OffsetDateTime,
) -> StoreResult<Vec<String>> {
    let ids: Vec<Uuid> = messages.iter().map(|_| Uuid::now_v7()).collect();
    let (envelopes, bodies): (Vec<String>, Vec<String>) = messages.into_iter().unzip();
    sql::scalars(
        tx,
        "WITH added AS (
            INSERT INTO notifications (tenant_id, envelope_id, message_id, message, created_at)
            SELECT $1, n.envelope_id, n.message_id, n.message::jsonb, $5
              FROM UNNEST($2::text[], $3::uuid[], $4::text[])
                   WITH ORDINALITY AS n(envelope_id, message_id, message, position)
              JOIN envelopes AS e ON e.tenant_id = $1 AND e.envelope_id = n.envelope_id
              JOIN benefit_programs AS p ON p.tenant_id = $1 AND p.current
                   AND p.benefit_program_mnemonic = e.benefit_program_mnemonic
             WHERE p.notify_url IS NOT NULL
             ORDER BY n.position RETURNING envelope_id)
         SELECT DISTINCT envelope_id FROM added",
        [tenant.into(), envelopes.into(), ids.into(), bodies.into(), at.into()],
    )
    .await
}

/// The next message about an envelope, and where it goes. Ids, states and reasons only.
#[derive(Debug, Clone, FromQueryResult)]
pub struct Waiting {
    /// Its number.
    pub id: i64,
    /// The same however often it is sent.
    pub message_id: Uuid,
    /// The event.
    pub message: Value,
    /// When it was written.
    pub created_at: OffsetDateTime,
    /// Who made the envelope: `partner:…`.
    pub maker: String,
    /// Where its programme wants to be told; none any more.
    pub notify_url: Option<String>,
}

/// The oldest message that waits.
pub async fn next<C: ConnectionTrait>(
    conn: &C,
    tenant: &str,
    envelope_id: &str,
) -> StoreResult<Option<Waiting>> {
    sql::fetch_optional(
        conn,
        "SELECT n.id, n.message_id, n.message, n.created_at, e.created_by AS maker, p.notify_url
           FROM notifications AS n
           JOIN envelopes AS e ON e.tenant_id = n.tenant_id AND e.envelope_id = n.envelope_id
           JOIN benefit_programs AS p ON p.tenant_id = n.tenant_id AND p.current
                AND p.benefit_program_mnemonic = e.benefit_program_mnemonic
          WHERE n.tenant_id = $1 AND n.envelope_id = $2 AND n.state = 'PENDING' ORDER BY n.id LIMIT 1",
        [tenant.into(), envelope_id.into()],
    )
    .await
}

/// Takes a message away that was taken.
pub async fn done<C: ConnectionTrait>(tx: &C, tenant: &str, envelope_id: &str, id: i64) -> StoreResult<()> {
    let query = "DELETE FROM notifications WHERE tenant_id = $1 AND envelope_id = $2 AND id = $3";
    sql::execute(tx, query, [tenant.into(), envelope_id.into(), id.into()]).await?;
    Ok(())
}

/// Sets a message aside that will not be taken.
pub async fn dead<C: ConnectionTrait>(
    tx: &C,
    tenant: &str,
    envelope_id: &str,
    id: i64,
    why: &str,
) -> StoreResult<()> {
    let query = "UPDATE notifications SET state = 'DEAD', problem = $4 WHERE tenant_id = $1 AND envelope_id = $2 AND id = $3";
    sql::execute(tx, query, [tenant.into(), envelope_id.into(), id.into(), why.into()]).await?;
    Ok(())
}

/// Lets messages of an envelope that were set aside be sent again; returns how many.
pub async fn revive<C: ConnectionTrait>(
    tx: &C,
    tenant: &str,
    envelope_id: &str,
    at: OffsetDateTime,
) -> StoreResult<u64> {
    sql::execute(
        tx,
        "UPDATE notifications SET state = 'PENDING', problem = NULL, created_at = $3
          WHERE tenant_id = $1 AND envelope_id = $2 AND state = 'DEAD'",
        [tenant.into(), envelope_id.into(), at.into()],
    )
    .await
}

/// Messages of all tenants that were set aside.
pub async fn count_dead<C: ConnectionTrait>(conn: &C) -> StoreResult<i64> {
    let count: Option<i64> =
        sql::scalar(conn, "SELECT count(*) FROM notifications WHERE state = 'DEAD'", []).await?;
    Ok(count.unwrap_or(0))
}
