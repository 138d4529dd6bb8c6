//! Asynchronous messages of the disburse API.

use sea_orm::{ConnectionTrait, FromQueryResult};
use storage::{StoreResult, sql};
use time::OffsetDateTime;
use uuid::Uuid;

use super::orders::Of;

/// A message to keep. Holds what it says, so it has no `Debug`.
pub struct NewMessage<'a> {
    /// Whose.
    pub of: Of<'a>,
    /// The id it is acknowledged with.
    pub correlation_id: Uuid,
    /// The partner.
    pub partner_id: &'a str,
    /// `disburse`, `search` or `status`.
    pub asked: &'a str,
    /// `header.action`.
    pub action: &'a str,
    /// The sender's id.
    pub transaction_id: &'a str,
    /// References of its items.
    pub reference_ids: Vec<String>,
    /// The body.
    pub request: String,
    /// Number of items.
    pub total: i64,
    /// Where the answer goes.
    pub callback_url: String,
    /// When it came.
    pub at: OffsetDateTime,
}

/// A kept message. Holds what it says, so it has no `Debug`.
#[derive(Clone, FromQueryResult)]
pub struct Message {
    /// The id it was acknowledged with.
    pub correlation_id: Uuid,
    /// The partner.
    pub partner_id: String,
    /// See [`NewMessage::of`].
    pub sender: String,
    /// `disburse`, `search` or `status`.
    pub asked: String,
    /// `header.action`.
    pub action: String,
    /// The sender's id.
    pub transaction_id: String,
    /// References of its items.
    pub reference_ids: Vec<String>,
    /// The body, until it was worked on.
    pub request: Option<String>,
    /// The answer, once it was.
    pub response: Option<String>,
    /// Number of items.
    pub total_count: i64,
    /// How many of them are done with.
    pub completed_count: Option<i64>,
    /// Where the answer goes.
    pub callback_url: String,
    /// Id of the callback.
    pub callback_message_id: Uuid,
    /// `received`, `done`, `delivered` or `undeliverable`.
    pub state: String,
    /// Id of the second callback; none when the first one tells all there is.
    pub final_message_id: Option<Uuid>,
    /// `waiting`, `delivered` or `undeliverable`.
    pub final_state: Option<String>,
}

const COLUMNS: &str =
    "correlation_id, partner_id, sender, asked, action, transaction_id, reference_ids, request, response,
    total_count, completed_count, callback_url, callback_message_id, state, final_message_id, final_state";

/// Keeps a message.
pub async fn insert<C: ConnectionTrait>(tx: &C, new: NewMessage<'_>) -> StoreResult<()> {
    sql::execute(
        tx,
        "INSERT INTO disburse_messages (tenant_id, correlation_id, partner_id, sender, asked, action, transaction_id,
            reference_ids, request, total_count, callback_url, callback_message_id, state, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 'received', $13)",
        [
            new.of.tenant.into(),
            new.correlation_id.into(),
            new.partner_id.into(),
            new.of.sender.into(),
            new.asked.into(),
            new.action.into(),
            new.transaction_id.into(),
            new.reference_ids.into(),
            new.request.into(),
            new.total.into(),
            new.callback_url.into(),
            Uuid::now_v7().into(),
            new.at.into(),
        ],
    )
    .await?;
    Ok(())
}

/// The message of an id.
pub async fn find<C: ConnectionTrait>(conn: &C, tenant: &str, id: Uuid) -> StoreResult<Option<Message>> {
    let query =
        format!("SELECT {COLUMNS} FROM disburse_messages WHERE tenant_id = $1 AND correlation_id = $2");
    sql::fetch_optional(conn, &query, [tenant.into(), id.into()]).await
}

/// The sender's newest message of a kind with its own id.
pub async fn newest<C: ConnectionTrait>(
    conn: &C,
    of: Of<'_>,
    asked: &str,
    transaction_id: &str,
) -> StoreResult<Option<Message>> {
    let query = format!(
        "SELECT {COLUMNS} FROM disburse_messages
          WHERE tenant_id = $1 AND sender = $2 AND transaction_id = $3 AND asked = $4
          ORDER BY created_at DESC, correlation_id DESC LIMIT 1"
    );
    let values = [of.tenant.into(), of.sender.into(), transaction_id.into(), asked.into()];
    sql::fetch_optional(conn, &query, values).await
}

/// Those of the references that stand in acknowledged messages that nobody has worked on yet.
pub async fn waiting<C: ConnectionTrait>(
    conn: &C,
    of: Of<'_>,
    references: Vec<String>,
) -> StoreResult<Vec<String>> {
    sql::scalars(
        conn,
        "SELECT DISTINCT r.reference FROM disburse_messages AS m CROSS JOIN LATERAL UNNEST(m.reference_ids) AS r(reference)
          WHERE m.tenant_id = $1 AND m.sender = $2 AND m.state = 'received' AND m.asked = 'disburse'
            AND r.reference = ANY($3)",
        [of.tenant.into(), of.sender.into(), references.into()],
    )
    .await
}

/// Stores the answer; the message itself is not needed any more. `false` when that was done already.
pub async fn worked<C: ConnectionTrait>(
    tx: &C,
    tenant: &str,
    id: Uuid,
    (response, completed): (String, i64),
    at: OffsetDateTime,
) -> StoreResult<bool> {
    let changed = sql::execute(
        tx,
        "UPDATE disburse_messages SET state = 'done', request = NULL, response = $3, completed_count = $4, finished_at = $5
          WHERE tenant_id = $1 AND correlation_id = $2 AND state = 'received'",
        [tenant.into(), id.into(), response.into(), completed.into(), at.into()],
    )
    .await?;
    Ok(changed == 1)
}

/// Stores what became of the callback. One that was given up may still be delivered when an operator sends it again.
pub async fn called_back<C: ConnectionTrait>(
    conn: &C,
    tenant: &str,
    id: Uuid,
    delivered: bool,
    at: OffsetDateTime,
) -> StoreResult<()> {
    let state = if delivered { "delivered" } else { "undeliverable" };
    sql::execute(
        conn,
        "UPDATE disburse_messages SET state = $3, delivered_at = CASE WHEN $3 = 'delivered' THEN $4::timestamptz END
          WHERE tenant_id = $1 AND correlation_id = $2 AND state IN ('done', 'undeliverable')",
        [tenant.into(), id.into(), state.into(), at.into()],
    )
    .await?;
    Ok(())
}

/// Removes up to 10,000 messages that were worked on before `before`.
pub async fn forget<C: ConnectionTrait>(conn: &C, before: OffsetDateTime) -> StoreResult<()> {
    sql::execute(
        conn,
        "DELETE FROM disburse_messages AS m USING (
            SELECT tenant_id, correlation_id FROM disburse_messages
             WHERE created_at < $1 AND state <> 'received' AND final_state IS DISTINCT FROM 'waiting' ORDER BY created_at LIMIT 10000 FOR UPDATE SKIP LOCKED) AS old
          WHERE m.tenant_id = old.tenant_id AND m.correlation_id = old.correlation_id",
        [before.into()],
    )
    .await?;
    Ok(())
}

/// Plans a second answer, for when nothing more will happen to the message's payments.
pub async fn await_end<C: ConnectionTrait>(tx: &C, tenant: &str, id: Uuid) -> StoreResult<()> {
    sql::execute(
        tx,
        "UPDATE disburse_messages SET final_state = 'waiting', final_message_id = $3
          WHERE tenant_id = $1 AND correlation_id = $2 AND final_state IS NULL",
        [tenant.into(), id.into(), Uuid::now_v7().into()],
    )
    .await?;
    Ok(())
}

/// Messages that wait for the end of one of these payments.
pub async fn awaiting<C: ConnectionTrait>(
    conn: &C,
    tenant: &str,
    payments: Vec<String>,
) -> StoreResult<Vec<Uuid>> {
    sql::scalars(
        conn,
        "SELECT DISTINCT m.correlation_id
           FROM UNNEST($2::text[]) AS i(disbursement_id)
          CROSS JOIN LATERAL (
                SELECT o.sender, o.transaction_id FROM disburse_orders AS o
                 WHERE o.tenant_id = $1 AND o.disbursement_id = i.disbursement_id) AS o
           JOIN disburse_messages AS m ON m.tenant_id = $1 AND m.sender = o.sender
                AND m.transaction_id = o.transaction_id AND m.final_state = 'waiting'",
        [tenant.into(), payments.into()],
    )
    .await
}

/// Stores what became of the second callback.
pub async fn ended<C: ConnectionTrait>(conn: &C, tenant: &str, id: Uuid, delivered: bool) -> StoreResult<()> {
    let state = if delivered { "delivered" } else { "undeliverable" };
    sql::execute(
        conn,
        "UPDATE disburse_messages SET final_state = $3
          WHERE tenant_id = $1 AND correlation_id = $2 AND final_state IN ('waiting', 'undeliverable')",
        [tenant.into(), id.into(), state.into()],
    )
    .await?;
    Ok(())
}
