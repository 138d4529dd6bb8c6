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

/// Writes the intents of payments that are in `SENDING`; returns how many.
pub async fn write_intents<C: ConnectionTrait>(
    tx: &C,
    tenant: &str,
    batch: Uuid,
    ids: Vec<String>,
    at: OffsetDateTime,
) -> StoreResult<u64> {
    sql::execute(
        tx,
        include_str!("sql/write_intents.sql"),
        [tenant.into(), ids.into(), batch.into(), at.into()],
    )
    .await
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
}

/// Counts the open attempts of all tenants, for metrics and the operator.
pub async fn open<C: ConnectionTrait>(conn: &C) -> StoreResult<OpenAttempts> {
    sql::fetch_one(
        conn,
        "the open attempts",
        "SELECT count(*) FILTER (WHERE state = 'SENDING') AS sending, count(*) FILTER (WHERE state = 'UNKNOWN') AS unknown
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

/// Lets the open attempt of a payment be repeated under its key; returns the payment's envelope, or `None` when no
/// attempt of it is in `UNKNOWN`.
pub async fn allow_resend<C: ConnectionTrait>(tx: &C, tenant: &str, id: &str) -> StoreResult<Option<String>> {
    sql::scalar(
        tx,
        "UPDATE payment_attempts SET may_resend = true
          WHERE tenant_id = $1 AND disbursement_id = $2 AND state = 'UNKNOWN' RETURNING envelope_id",
        [tenant.into(), id.into()],
    )
    .await
}
