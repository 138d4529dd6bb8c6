//! Events that no attempt could apply: list, redrive, drop.

use sea_orm::FromQueryResult;
use serde::Serialize;
use storage::{ConnectionTrait, Db, StoreResult, sql};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::envelope::Envelope;

/// A dead letter as operators see it.
#[derive(Debug, Clone, Serialize, FromQueryResult)]
pub struct DeadLetter {
    /// The row; also the cursor of the next page.
    pub id: Uuid,
    /// Whose event it is.
    pub tenant_id: String,
    /// Who could not apply it.
    pub consumer: String,
    /// The event; null when the bytes were no event.
    pub message_id: Option<Uuid>,
    /// Its topic.
    pub topic: Option<String>,
    /// What it is about.
    pub key: Option<String>,
    /// Text of the last failure.
    pub error: String,
    /// Attempts it had.
    pub attempts: i32,
    /// When it failed for good.
    #[serde(with = "time::serde::rfc3339")]
    pub last_seen: OffsetDateTime,
}

/// A page of open dead letters, by id after `after`.
///
/// # Errors
/// When the database cannot be asked.
pub async fn dead_letters(db: &Db, after: Option<Uuid>, limit: u32) -> StoreResult<Vec<DeadLetter>> {
    sql::fetch_all(
        db.conn(),
        "SELECT id, tenant_id, consumer, message_id, topic, key, error, attempts, last_seen FROM dead_letter
          WHERE state = 'open' AND ($1::uuid IS NULL OR id > $1) ORDER BY id LIMIT $2",
        [after.into(), i64::from(limit.min(1000)).into()],
    )
    .await
}

/// Gives open dead letters a fresh set of attempts: all, those of one consumer, or one. Bytes that were no event stay.
/// Returns how many were put back.
///
/// # Errors
/// When the database cannot be asked.
pub async fn redrive(db: &Db, consumer: Option<&str>, id: Option<Uuid>) -> StoreResult<u64> {
    sql::execute(db.conn(), include_str!("sql/redrive.sql"), [consumer.into(), id.into()]).await
}

/// Gives open dead letters up: all, those of one consumer, or one. Returns how many.
///
/// # Errors
/// When the database cannot be asked.
pub async fn drop_dead_letters(db: &Db, consumer: Option<&str>, id: Option<Uuid>) -> StoreResult<u64> {
    sql::execute(
        db.conn(),
        "UPDATE dead_letter SET state = 'dropped', last_seen = now()
          WHERE state = 'open' AND ($1::text IS NULL OR consumer = $1) AND ($2::uuid IS NULL OR id = $2)",
        [consumer.into(), id.into()],
    )
    .await
}

/// Text of an error as the rows keep it.
pub(crate) fn short(text: &str) -> String {
    text.chars().take(2000).collect()
}

/// Writes the dead letter of an event; twice is once.
pub(crate) async fn bury<C: ConnectionTrait>(
    tx: &C,
    consumer: &str,
    event: &Envelope,
    error: &str,
    attempts: i32,
) -> StoreResult<()> {
    sql::execute(
        tx,
        "INSERT INTO dead_letter (tenant_id, id, consumer, message_id, topic, key, envelope, error, attempts)
         VALUES ($1, $2, $3, $4, $5, $6, $7::jsonb, $8, $9)
         ON CONFLICT (tenant_id, consumer, message_id) WHERE state = 'open'
         DO UPDATE SET error = EXCLUDED.error, attempts = EXCLUDED.attempts, last_seen = now()",
        [
            event.tenant.clone().into(),
            Uuid::now_v7().into(),
            consumer.into(),
            event.id.into(),
            event.topic.clone().into(),
            event.subject.clone().into(),
            envelope_json(event)?.into(),
            short(error).into(),
            attempts.into(),
        ],
    )
    .await
    .map(|_| ())
}

/// Writes bytes that are no event. The id comes from the bytes, so that the same ones are kept once.
pub(crate) async fn bury_bytes<C: ConnectionTrait>(
    conn: &C,
    consumer: &str,
    bytes: &[u8],
    error: &str,
) -> StoreResult<()> {
    let mut name = consumer.as_bytes().to_vec();
    name.push(0);
    name.extend_from_slice(bytes);
    sql::execute(
        conn,
        "INSERT INTO dead_letter (id, consumer, raw, error, attempts) VALUES ($1, $2, $3, $4, 1) ON CONFLICT DO NOTHING",
        [
            Uuid::new_v5(&Uuid::NAMESPACE_OID, &name).into(),
            consumer.into(),
            bytes.to_vec().into(),
            short(error).into(),
        ],
    )
    .await
    .map(|_| ())
}

pub(crate) fn envelope_json(event: &Envelope) -> StoreResult<String> {
    serde_json::to_string(event)
        .map_err(|error| storage::StoreError::Other(format!("event {}: {error}", event.id)))
}
