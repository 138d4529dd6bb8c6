//! The same request again: answered from what was stored, never done twice.
//!
//! Insert first: the row of the key is written in the transaction that does the work, so a second request with the key
//! waits for the first and then reads its response, and a crash leaves neither work nor key.

use g2p_connect::reason::HeaderReason;
use g2p_crypto::sha256_hex;
use sea_orm::{DatabaseTransaction, FromQueryResult};
use serde_json::Value;
use storage::{Db, StoreResult, sql};

use crate::{
    ApiError, Ctx,
    envelope_fault::{EnvelopeFault, PartnerError},
    partners::Mode,
    signed::{SignedBody, refusal},
};

#[derive(FromQueryResult)]
struct Stored {
    body_sha256: String,
    response: Option<Value>,
}

/// Runs a partner's operation once per message.
///
/// For a strict partner the response is stored under (sender, message id): the same bytes get it again, other bytes are
/// refused with `rjct.message_id.duplicate`. For a compat partner the message id is never a key (clients repeat it), so
/// the operation just runs and its natural keys protect.
///
/// # Errors
/// The fault above, or what the operation returns (its transaction is then rolled back and nothing is stored).
pub async fn once<F>(db: &Db, signed: &SignedBody, operation: &str, work: F) -> Result<Value, PartnerError>
where
    F: AsyncFnOnce(&DatabaseTransaction) -> Result<Value, PartnerError>,
{
    once_kept(db, &AsItIs, signed, operation, work).await
}

/// How answers are kept for messages that come again.
pub trait Keeper {
    /// An answer as it is to be stored; `row` names the message within the tenant.
    ///
    /// # Errors
    /// When it cannot be brought into that form.
    fn keep(&self, tenant: &str, row: &str, answer: &Value) -> Result<Value, ApiError>;

    /// A stored answer as it was given.
    ///
    /// # Errors
    /// When it cannot be read.
    fn give(&self, tenant: &str, row: &str, kept: Value) -> Result<Value, ApiError>;
}

/// Keeps answers as they are.
struct AsItIs;

impl Keeper for AsItIs {
    fn keep(&self, _: &str, _: &str, answer: &Value) -> Result<Value, ApiError> {
        Ok(answer.clone())
    }

    fn give(&self, _: &str, _: &str, kept: Value) -> Result<Value, ApiError> {
        Ok(kept)
    }
}

/// As [`once`] for answers that are not stored as they are: they may hold accounts.
///
/// # Errors
/// As there.
pub async fn once_kept<F>(
    db: &Db,
    keeper: &impl Keeper,
    signed: &SignedBody,
    operation: &str,
    work: F,
) -> Result<Value, PartnerError>
where
    F: AsyncFnOnce(&DatabaseTransaction) -> Result<Value, PartnerError>,
{
    let (sender, ctx) = signed.verified()?;
    let tx = db.begin().await?;
    if sender.partner.mode == Mode::Compat {
        let response = work(&tx).await?;
        tx.commit().await.map_err(storage::StoreError::from)?;
        return Ok(response);
    }
    let tenant = ctx.tenant.as_str().to_owned();
    let hash = sha256_hex(&signed.bytes);
    let row = format!("{}\0{}", sender.partner.partner_id, signed.head.message_id);
    let key = [
        tenant.clone().into(),
        sender.partner.partner_id.clone().into(),
        signed.head.message_id.clone().into(),
    ];
    let fresh = sql::execute(
        &tx,
        "INSERT INTO seen_messages (tenant_id, sender_id, message_id, operation, body_sha256)
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
        key.iter().cloned().chain([operation.into(), hash.clone().into()]),
    )
    .await?;
    if fresh == 0 {
        let stored: Stored = sql::fetch_one(
            &tx,
            "the stored answer",
            "SELECT CASE WHEN operation = $4 THEN body_sha256 ELSE '' END AS body_sha256, response
               FROM seen_messages WHERE tenant_id = $1 AND sender_id = $2 AND message_id = $3",
            key.into_iter().chain([operation.into()]),
        )
        .await?;
        return match stored.response {
            Some(response) if stored.body_sha256 == hash => Ok(keeper.give(&tenant, &row, response)?),
            _ => Err(duplicate(signed, &sender.partner.partner_id, &ctx).into()),
        };
    }
    let response = work(&tx).await?;
    sql::execute(
        &tx,
        "UPDATE seen_messages SET response = $4 WHERE tenant_id = $1 AND sender_id = $2 AND message_id = $3",
        key.into_iter().chain([keeper.keep(&tenant, &row, &response)?.into()]),
    )
    .await?;
    tx.commit().await.map_err(storage::StoreError::from)?;
    Ok(response)
}

/// As [`once`] for an operation that changes nothing: a strict partner's message id is remembered with its bytes, other
/// bytes under it are refused, and the same bytes are simply answered again. No answer is stored: it may hold accounts.
///
/// # Errors
/// The fault above.
pub async fn once_read(db: &Db, signed: &SignedBody, operation: &str) -> Result<(), PartnerError> {
    let (sender, ctx) = signed.verified()?;
    if sender.partner.mode == Mode::Compat {
        return Ok(());
    }
    let hash = sha256_hex(&signed.bytes);
    // One round trip: the update changes nothing and makes RETURNING give the row that was there. Nobody waits for the disk:
    // a row lost with the server lets something be read once more.
    let kept: Option<bool> = sql::scalar(
        db.conn(),
        "INSERT INTO seen_messages AS seen (tenant_id, sender_id, message_id, operation, body_sha256)
         SELECT $1, $2, $3, $4, $5 FROM set_config('synchronous_commit', 'off', true)
         ON CONFLICT (tenant_id, sender_id, message_id) DO UPDATE SET operation = seen.operation
         RETURNING operation = $4 AND body_sha256 = $5",
        [
            ctx.tenant.as_str().into(),
            sender.partner.partner_id.clone().into(),
            signed.head.message_id.clone().into(),
            operation.into(),
            hash.into(),
        ],
    )
    .await?;
    if kept == Some(true) {
        return Ok(());
    }
    Err(duplicate(signed, &sender.partner.partner_id, &ctx).into())
}

fn duplicate(signed: &SignedBody, partner: &str, ctx: &Ctx) -> EnvelopeFault {
    let text = "this message id was used for another message";
    refusal(&signed.head, ctx.clock.now(), partner, "duplicate", HeaderReason::MessageIdDuplicate, text)
}

/// Runs a write of an own API once per `Idempotency-Key`. Without a key it just runs.
///
/// The key is the caller's: `body` must tell operations apart, so put the operation and the ids of its path before the
/// request's bytes where the bytes alone could be those of another operation (`approve A` and `approve B` are both `{}`).
///
/// # Errors
/// 422 `idempotency_key_reused` when the key came with another body, or what the work returns.
pub async fn once_by_key<F>(
    db: &Db,
    ctx: &Ctx,
    key: Option<&str>,
    body: &[u8],
    work: F,
) -> Result<Value, ApiError>
where
    F: AsyncFnOnce(&DatabaseTransaction) -> Result<Value, ApiError>,
{
    let tx = db.begin().await?;
    let Some(key) = key else {
        let response = work(&tx).await?;
        tx.commit().await.map_err(storage::StoreError::from)?;
        return Ok(response);
    };
    if key.is_empty() || key.len() > 255 || key.chars().any(char::is_control) {
        return Err(ApiError::bad_request(
            "idempotency_key_invalid",
            "Idempotency-Key must have 1 to 255 characters",
        ));
    }
    let hash = sha256_hex(body);
    let id = [ctx.tenant.as_str().into(), ctx.actor.label().into(), key.into()];
    let fresh = sql::execute(
        &tx,
        "INSERT INTO idempotency_keys (tenant_id, actor, key, body_sha256) VALUES ($1, $2, $3, $4)
         ON CONFLICT DO NOTHING",
        id.iter().cloned().chain([hash.clone().into()]),
    )
    .await?;
    if fresh == 0 {
        let stored: Stored = sql::fetch_one(
            &tx,
            "the stored answer",
            "SELECT body_sha256, response FROM idempotency_keys WHERE tenant_id = $1 AND actor = $2 AND key = $3",
            id,
        )
        .await?;
        return match stored.response {
            Some(response) if stored.body_sha256 == hash => Ok(response),
            _ => Err(ApiError::unprocessable(
                "idempotency_key_reused",
                "this Idempotency-Key was used with another body; use a new key",
            )),
        };
    }
    let response = work(&tx).await?;
    sql::execute(
        &tx,
        "UPDATE idempotency_keys SET response = $4 WHERE tenant_id = $1 AND actor = $2 AND key = $3",
        id.into_iter().chain([response.clone().into()]),
    )
    .await?;
    tx.commit().await.map_err(storage::StoreError::from)?;
    Ok(response)
}

/// How long answers are kept. A strict partner's message is taken only while its `message_ts` is at most
/// `max_skew_seconds` from the service's clock, in the past or in the future; so a message can come again at most two
/// skews after it came first, and the configuration allows a skew of a day. A row that is seven days old therefore
/// belongs to a message that the time check refuses by now, and removing it lets nothing be done twice. (Moving a
/// service's clock back by days would break this; only demos and tests move it, and forward.)
pub const RETENTION_DAYS: i32 = 7;

/// Rows that one statement removes: short enough not to hold anybody up.
const PURGE_BATCH: u64 = 5_000;

/// Removes what is older than `days`, and returns how many rows went. See [`RETENTION_DAYS`].
///
/// # Errors
/// When the database refuses.
pub async fn purge(db: &Db, days: i32) -> StoreResult<u64> {
    let mut removed = 0;
    for statement in [
        "DELETE FROM seen_messages AS t USING (
            SELECT tenant_id, sender_id, message_id FROM seen_messages
             WHERE received_at < now() - make_interval(days => $1)
             ORDER BY received_at LIMIT $2 FOR UPDATE SKIP LOCKED) AS old
          WHERE t.tenant_id = old.tenant_id AND t.sender_id = old.sender_id AND t.message_id = old.message_id",
        "DELETE FROM idempotency_keys AS t USING (
            SELECT tenant_id, actor, key FROM idempotency_keys
             WHERE created_at < now() - make_interval(days => $1)
             ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED) AS old
          WHERE t.tenant_id = old.tenant_id AND t.actor = old.actor AND t.key = old.key",
    ] {
        loop {
            let batch = i64::try_from(PURGE_BATCH).unwrap_or(i64::MAX);
            let rows = sql::execute(db.conn(), statement, [days.into(), batch.into()]).await?;
            removed += rows;
            if rows < PURGE_BATCH {
                break;
            }
        }
    }
    Ok(removed)
}
