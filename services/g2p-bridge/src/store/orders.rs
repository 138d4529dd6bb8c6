//! Items of disburse messages: which payment each became, or why it became none.

use sea_orm::{ConnectionTrait, FromQueryResult};
use storage::{StoreResult, sql, sql::nullable};
use time::OffsetDateTime;

use super::plan;

/// Whose items.
#[derive(Debug, Clone, Copy)]
pub struct Of<'a> {
    /// The tenant.
    pub tenant: &'a str,
    /// The sender.
    pub sender: &'a str,
}

/// Makes messages of one sender wait for each other until the transaction ends: a reference is judged by one at a time.
pub async fn lock<C: ConnectionTrait>(tx: &C, of: Of<'_>) -> StoreResult<()> {
    let key = format!("disburse\n{}\n{}", of.tenant, of.sender);
    sql::execute(tx, "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", [key.into()]).await?;
    Ok(())
}

/// A reference that stands for a payment.
#[derive(Debug, Clone, FromQueryResult)]
pub struct Taken {
    /// The sender's reference.
    pub reference_id: String,
    /// In which transaction it came.
    pub transaction_id: String,
    /// Follows from what it says.
    pub content_key: String,
}

/// Those of the references that stand for payments.
pub async fn taken<C: ConnectionTrait>(
    conn: &C,
    of: Of<'_>,
    references: Vec<String>,
) -> StoreResult<Vec<Taken>> {
    sql::fetch_all(
        conn,
        "SELECT o.* FROM UNNEST($3::text[]) AS i(reference_id)
          CROSS JOIN LATERAL (
                SELECT o.reference_id, o.transaction_id, o.content_key FROM disburse_orders AS o
                 WHERE o.tenant_id = $1 AND o.sender = $2 AND o.reference_id = i.reference_id
                   AND o.disbursement_id IS NOT NULL LIMIT 1) AS o",
        [of.tenant.into(), of.sender.into(), references.into()],
    )
    .await
}

/// An item to keep. Holds addresses, so it has no `Debug`.
#[derive(Clone)]
pub struct NewOrder {
    /// The sender's reference.
    pub reference_id: String,
    /// The payment it became.
    pub disbursement_id: Option<String>,
    /// Follows from what it says.
    pub content_key: String,
    /// In lower case.
    pub payer_fa: String,
    /// In lower case.
    pub payee_fa: String,
    /// Code and sentence of the refusal.
    pub refused: Option<(String, String)>,
}

/// Keeps items of a transaction; each reference stands once among them.
pub async fn save<C: ConnectionTrait>(
    tx: &C,
    of: Of<'_>,
    transaction_id: &str,
    at: OffsetDateTime,
    orders: Vec<NewOrder>,
) -> StoreResult<()> {
    if orders.is_empty() {
        return Ok(());
    }
    let (mut references, mut ids, mut keys) = (Vec::new(), Vec::new(), Vec::new());
    let (mut payers, mut payees, mut codes, mut texts) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for order in orders {
        references.push(order.reference_id);
        ids.push(order.disbursement_id);
        keys.push(order.content_key);
        payers.push(order.payer_fa);
        payees.push(order.payee_fa);
        let (code, text) = order.refused.unzip();
        codes.push(code);
        texts.push(text);
    }
    plan::kept(tx).await?;
    sql::execute(
        tx,
        include_str!("sql/save_orders.sql"),
        [
            of.tenant.into(),
            of.sender.into(),
            transaction_id.into(),
            at.into(),
            references.into(),
            nullable(ids),
            keys.into(),
            payers.into(),
            payees.into(),
            nullable(codes),
            nullable(texts),
        ],
    )
    .await?;
    plan::afresh(tx).await
}

/// An item as it stands now.
#[derive(Debug, Clone, FromQueryResult)]
pub struct Standing {
    /// The number, from 1, of the address it was found by; 0 when it was not.
    pub position: i64,
    /// The sender's reference.
    pub reference_id: String,
    /// Code of the refusal; none when it became a payment.
    pub reason_code: Option<String>,
    /// Its sentence.
    pub reason_text: Option<String>,
    /// When it came.
    pub received_at: OffsetDateTime,
    /// The payment's state; none when it became none.
    pub state: Option<String>,
    /// Why the payment stands there.
    pub reason: Option<String>,
    /// Since when.
    pub updated_at: Option<OffsetDateTime>,
    /// Minor units.
    pub amount_minor: Option<i64>,
    /// ISO 4217.
    pub currency: Option<String>,
}

/// A cancelled envelope's payments are cancelled the moment the envelope is, though their rows follow later.
const STANDING: &str = "o.reference_id, o.reason_code, o.reason_text, o.received_at, d.reason, d.updated_at,
        d.amount_minor, d.currency, d.state";
const PAYMENT: &str = "LEFT JOIN LATERAL (
        SELECT d.reason, d.updated_at, d.amount_minor, e.currency,
               CASE WHEN e.state = 'CANCELLED' AND d.state IN ('RECEIVED', 'RESOLVED') THEN 'CANCELLED' ELSE d.state END
                    AS state
          FROM disbursements AS d
          JOIN envelopes AS e ON e.tenant_id = d.tenant_id AND e.envelope_id = d.envelope_id
         WHERE d.tenant_id = o.tenant_id AND d.disbursement_id = o.disbursement_id LIMIT 1) AS d ON true";

/// The items of a transaction in the order of their references, at most `limit`.
pub async fn of_transaction<C: ConnectionTrait>(
    conn: &C,
    of: Of<'_>,
    transaction_id: &str,
    limit: i64,
) -> StoreResult<Vec<Standing>> {
    let query = format!(
        "SELECT 0::bigint AS position, {STANDING} FROM disburse_orders AS o {PAYMENT}
          WHERE o.tenant_id = $1 AND o.sender = $2 AND o.transaction_id = $3 ORDER BY o.reference_id LIMIT $4"
    );
    sql::fetch_all(conn, &query, [of.tenant.into(), of.sender.into(), transaction_id.into(), limit.into()])
        .await
}

/// What became of references: the payment, or else the latest refusal.
pub async fn of_references<C: ConnectionTrait>(
    conn: &C,
    of: Of<'_>,
    references: Vec<String>,
) -> StoreResult<Vec<Standing>> {
    let query = format!(
        "SELECT 0::bigint AS position, {STANDING} FROM UNNEST($3::text[]) AS i(reference_id)
          CROSS JOIN LATERAL (
                (SELECT o.*, 0 AS first FROM disburse_orders AS o
                  WHERE o.tenant_id = $1 AND o.sender = $2 AND o.reference_id = i.reference_id
                    AND o.disbursement_id IS NOT NULL LIMIT 1)
                UNION ALL
                (SELECT o.*, 1 AS first FROM disburse_orders AS o
                  WHERE o.tenant_id = $1 AND o.sender = $2 AND o.reference_id = i.reference_id
                    AND o.disbursement_id IS NULL ORDER BY o.received_at DESC LIMIT 1)
                ORDER BY first LIMIT 1) AS o
          {PAYMENT}"
    );
    sql::fetch_all(conn, &query, [of.tenant.into(), of.sender.into(), references.into()]).await
}

/// By which address payments are searched for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The payer's.
    Payer,
    /// The payee's.
    Payee,
}

/// The payments of a sender with each of these addresses (in lower case), at most `limit` an address.
pub async fn search<C: ConnectionTrait>(
    conn: &C,
    of: Of<'_>,
    side: Side,
    addresses: Vec<String>,
    limit: i64,
) -> StoreResult<Vec<Standing>> {
    let column = match side {
        Side::Payer => "payer_fa",
        Side::Payee => "payee_fa",
    };
    let query = format!(
        "SELECT i.position, {STANDING} FROM UNNEST($3::text[]) WITH ORDINALITY AS i(address, position)
          CROSS JOIN LATERAL (
                SELECT o.* FROM disburse_orders AS o
                 WHERE o.tenant_id = $1 AND o.sender = $2 AND o.{column} = i.address AND o.disbursement_id IS NOT NULL
                 ORDER BY o.reference_id LIMIT $4) AS o
          {PAYMENT} ORDER BY i.position, o.reference_id"
    );
    sql::fetch_all(conn, &query, [of.tenant.into(), of.sender.into(), addresses.into(), limit.into()]).await
}
