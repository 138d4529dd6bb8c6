//! Attempts to pay: the intent, and what the bank answered.

use sea_orm::{ConnectionTrait, FromQueryResult};
use storage::{StoreResult, sql, sql::nullable};
use time::OffsetDateTime;
use uuid::Uuid;

/// How an attempt stands after an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempt {
    /// The bank took it on.
    Accepted,
    /// The bank refused it.
    Rejected,
    /// No clear answer.
    Unknown,
    /// The bank, asked later, does not know the key: the attempt is closed and another may follow.
    NotFound,
}

impl Attempt {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "ACCEPTED",
            Self::Rejected => "REJECTED",
            Self::Unknown => "UNKNOWN",
            Self::NotFound => "NOT_FOUND",
        }
    }
}

/// A call to a bank.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// Its id.
    pub call_id: Uuid,
    /// The batch whose payments it sends.
    pub batch_id: Uuid,
    /// The bank.
    pub bank_code: &'a str,
}

/// Writes the call and the intents of its payments, which are in `SENDING`; returns how many.
pub async fn write_intents<C: ConnectionTrait>(
    tx: &C,
    tenant: &str,
    call: Call<'_>,
    ids: Vec<String>,
    at: OffsetDateTime,
) -> StoreResult<u64> {
    if !ids.is_empty() {
        sql::execute(
            tx,
            "INSERT INTO bank_calls (tenant_id, call_id, batch_id, bank_code, payments, created_at)
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
            [
                tenant.into(),
                call.call_id.into(),
                call.batch_id.into(),
                call.bank_code.to_ascii_uppercase().into(),
                i64::try_from(ids.len()).unwrap_or(i64::MAX).into(),
                at.into(),
            ],
        )
        .await?;
    }
    sql::execute(
        tx,
        include_str!("sql/write_intents.sql"),
        [tenant.into(), ids.into(), call.batch_id.into(), at.into(), call.call_id.into()],
    )
    .await
}

#[derive(FromQueryResult)]
struct CallOf {
    disbursement_id: String,
    call_id: Option<Uuid>,
}

/// The call in which each of these payments was last sent, as far as that is known.
pub async fn calls_of<C: ConnectionTrait>(
    conn: &C,
    tenant: &str,
    ids: &[String],
) -> StoreResult<std::collections::HashMap<String, Uuid>> {
    let rows: Vec<CallOf> = sql::fetch_all(
        conn,
        "SELECT a.disbursement_id, a.call_id FROM UNNEST($2::text[]) AS i(disbursement_id)
          CROSS JOIN LATERAL (
                SELECT a.disbursement_id, a.call_id FROM payment_attempts AS a
                 WHERE a.tenant_id = $1 AND a.disbursement_id = i.disbursement_id ORDER BY a.attempt_no DESC LIMIT 1) AS a",
        [tenant.into(), ids.to_vec().into()],
    )
    .await?;
    Ok(rows.into_iter().filter_map(|row| Some((row.disbursement_id, row.call_id?))).collect())
}

/// Writes answers to open attempts.
pub async fn answer<C: ConnectionTrait>(
    tx: &C,
    tenant: &str,
    at: OffsetDateTime,
    answers: Vec<(String, Attempt, Option<String>)>,
) -> StoreResult<()> {
    if answers.is_empty() {
        return Ok(());
    }
    let mut columns = (Vec::new(), Vec::new(), Vec::new());
    for (id, attempt, reason) in answers {
        columns.0.push(id);
        columns.1.push(attempt.as_str().to_owned());
        columns.2.push(reason);
    }
    sql::execute(
        tx,
        include_str!("sql/answer_attempts.sql"),
        [tenant.into(), at.into(), columns.0.into(), columns.1.into(), nullable(columns.2)],
    )
    .await?;
    Ok(())
}

/// Payments whose last attempt nobody finished: with no live worker on their batch, only the bank knows what happened.
#[derive(Debug, Clone, FromQueryResult)]
pub struct OpenAttempts {
    /// Attempts in `SENDING`.
    pub sending: i64,
    /// Attempts in `UNKNOWN`.
    pub unknown: i64,
    /// Attempts that a bank has for sure and has not answered yet.
    pub handed_over: i64,
}

/// Counts the open attempts of all tenants, for metrics and the operator.
pub async fn open<C: ConnectionTrait>(conn: &C) -> StoreResult<OpenAttempts> {
    sql::fetch_one(
        conn,
        "the open attempts",
        "SELECT count(*) FILTER (WHERE state = 'SENDING') AS sending,
                count(*) FILTER (WHERE state = 'UNKNOWN' AND reason IS DISTINCT FROM 'HANDED_OVER') AS unknown,
                count(*) FILTER (WHERE state = 'UNKNOWN' AND reason = 'HANDED_OVER') AS handed_over
           FROM payment_attempts WHERE state IN ('SENDING', 'UNKNOWN')",
        [],
    )
    .await
}

/// Writes that a payment the bank had taken on was refused after all.
pub async fn withdraw<C: ConnectionTrait>(
    tx: &C,
    tenant: &str,
    at: OffsetDateTime,
    answers: Vec<(String, Attempt, Option<String>)>,
) -> StoreResult<()> {
    if answers.is_empty() {
        return Ok(());
    }
    let (mut ids, mut reasons) = (Vec::new(), Vec::new());
    for (id, _, reason) in answers {
        ids.push(id);
        reasons.push(reason);
    }
    sql::execute(
        tx,
        "UPDATE payment_attempts AS a SET state = 'REJECTED', reason = n.reason, answered_at = $2
           FROM UNNEST($3::text[], $4::text[]) AS n(disbursement_id, reason)
          WHERE a.tenant_id = $1 AND a.disbursement_id = n.disbursement_id AND a.state = 'ACCEPTED'",
        [tenant.into(), at.into(), ids.into(), nullable(reasons)],
    )
    .await?;
    Ok(())
}

/// Lets the open attempt of a payment be repeated under its key, in its batch, which may have been done with; returns the payment's envelope, or `None` when no
/// attempt of it is in `UNKNOWN`.
pub async fn allow_resend<C: ConnectionTrait>(tx: &C, tenant: &str, id: &str) -> StoreResult<Option<String>> {
    sql::scalar(
        tx,
        "WITH allowed AS (
            UPDATE payment_attempts SET may_resend = true
             WHERE tenant_id = $1 AND disbursement_id = $2 AND state = 'UNKNOWN' RETURNING envelope_id, batch_id
         ), reopened AS (
            UPDATE payment_batches AS b SET state = 'OPEN' FROM allowed AS a
             WHERE b.tenant_id = $1 AND b.batch_id = a.batch_id AND b.state = 'DONE'
         )
         SELECT envelope_id FROM allowed",
        [tenant.into(), id.into()],
    )
    .await
}
