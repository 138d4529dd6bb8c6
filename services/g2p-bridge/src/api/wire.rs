//! What all operations of the dialects share: who asks, once, and how refusals look.

use actix_web::HttpResponse;
use g2p_connect::header_v2::ResponseHeader;
use money::DecimalText;
use platform::{Ctx, Mode, PartnerError, SchemaFault, SignedBody, clock::rfc3339, replay};
use sea_orm::{DatabaseTransaction, TransactionTrait};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};
use storage::StoreError;

use super::{Answer, State};
use crate::{
    app::{Failure, OTHERS, Refusal},
    store::plan,
};

/// Runs a write once a message and answers with its body.
pub(super) async fn write<F>(state: &State, signed: &SignedBody, operation: &str, work: F) -> Answer
where
    F: AsyncFnOnce(&DatabaseTransaction, &Ctx) -> Result<Value, PartnerError>,
{
    let (sender, ctx) = signed.verified()?;
    let ctx = match sender.partner.mode {
        Mode::Strict => ctx,
        // Whose envelope it is means nothing where nobody proves who they are.
        Mode::Compat => {
            let mut permissions = sender.partner.policy.permissions.clone();
            permissions.insert(OTHERS.as_str().to_owned());
            Ctx::new(ctx.actor, ctx.tenant, ctx.clock, permissions)
        }
    };
    let body = replay::once(&state.db, signed, operation, async |tx| work(tx, &ctx).await).await?;
    Ok(HttpResponse::Ok().json(body))
}

/// Settles who asks, and that a strict sender's message id stands for one message only.
pub(super) async fn once_read(
    state: &State,
    signed: &SignedBody,
    operation: &str,
) -> Result<Ctx, PartnerError> {
    platform::once_read(&state.db, signed, operation).await?;
    Ok(signed.verified()?.1)
}

/// Runs a use case in a savepoint, so that a refusal leaves nothing behind while its answer is kept.
pub(super) async fn attempt<T, F>(
    tx: &DatabaseTransaction,
    work: F,
) -> Result<Result<T, Refusal>, PartnerError>
where
    F: AsyncFnOnce(&DatabaseTransaction) -> Result<T, Failure>,
{
    plan::afresh(tx).await?;
    let inner = tx.begin().await.map_err(StoreError::from)?;
    match work(&inner).await {
        Ok(done) => {
            inner.commit().await.map_err(StoreError::from)?;
            Ok(Ok(done))
        }
        Err(Failure::Refused(refusal)) => {
            inner.rollback().await.map_err(StoreError::from)?;
            Ok(Err(refusal))
        }
        Err(Failure::Other(error)) => Err(error),
    }
}

/// The outcome of a read: its refusal apart.
pub(super) fn read<T>(outcome: Result<T, Failure>) -> Result<Result<T, Refusal>, PartnerError> {
    match outcome {
        Ok(done) => Ok(Ok(done)),
        Err(Failure::Refused(refusal)) => Ok(Err(refusal)),
        Err(Failure::Other(error)) => Err(error),
    }
}

/// Reads the message of a known sender as `T`; the older envelope where the newer one is needed is a fault of shape, and
/// so is the reverse. Who asks is settled first: a stranger learns nothing about the operation.
pub(super) fn parse<T: DeserializeOwned>(signed: &SignedBody, newer: bool) -> Result<T, PartnerError> {
    signed.verified()?;
    if signed.head.newer != newer {
        let field = if newer { "request_header" } else { "header" };
        return Err(
            SchemaFault::rule(field, "is missing: this operation belongs to the other dialect").into()
        );
    }
    Ok(signed.parse()?)
}

/// Refuses amounts that no JSON number of an answer could repeat, as `1e999`, with the place of the wrong one.
pub(super) fn numbers<'a>(
    field: &str,
    amounts: impl Iterator<Item = Option<&'a DecimalText>>,
) -> Result<(), SchemaFault> {
    for (n, amount) in amounts.enumerate() {
        if amount.is_some_and(|a| serde_json::from_str::<serde_json::Number>(a.as_str()).is_err()) {
            return Err(SchemaFault::rule(&field.replace('#', &n.to_string()), "expected a decimal number"));
        }
    }
    Ok(())
}

fn to_value<T: Serialize>(payload: &T) -> Result<Value, PartnerError> {
    serde_json::to_value(payload)
        .map_err(|e| platform::ApiError::internal(format!("writing an answer: {e}")).into())
}

/// An answer of the newer dialect.
pub(super) fn newer_success<T: Serialize>(
    state: &State,
    signed: &SignedBody,
    payload: &T,
) -> Result<Value, PartnerError> {
    let header = ResponseHeader::success(&signed.head.message_id, rfc3339(state.now()));
    newer(&header, to_value(payload)?)
}

/// A refusal of the newer dialect.
pub(super) fn newer_error<T: Serialize>(
    state: &State,
    signed: &SignedBody,
    code: &str,
    payload: &T,
) -> Result<Value, PartnerError> {
    let header = ResponseHeader::error(&signed.head.message_id, rfc3339(state.now()), code, code);
    newer(&header, to_value(payload)?)
}

fn newer(header: &ResponseHeader, payload: Value) -> Result<Value, PartnerError> {
    // Moved in, because `json!` would copy a payload of 10,000 items.
    let body = Map::from_iter([
        ("pagination_response".to_owned(), Value::Null),
        ("response_payload".to_owned(), payload),
    ]);
    Ok(Value::Object(Map::from_iter([
        ("response_header".to_owned(), to_value(header)?),
        ("response_body".to_owned(), Value::Object(body)),
    ])))
}

/// An answer of the 1.0 dialect: the bridge's code stands in `status_reason_message`, and empty fields are null, as the
/// reference writes them.
pub(super) fn v1<T: Serialize>(
    state: &State,
    signed: &SignedBody,
    code: Option<&str>,
    message: &T,
) -> Result<Value, PartnerError> {
    Ok(json!({
        "signature": null,
        "header": v1_header(state, &signed.head.message_id, &signed.head.action, code),
        "message": to_value(message)?,
    }))
}

/// The header of such an answer.
pub(super) fn v1_header(state: &State, message_id: &str, action: &str, code: Option<&str>) -> Value {
    json!({
        "version": "1.0.0",
        "message_id": message_id,
        "message_ts": rfc3339(state.now()),
        "action": action,
        "status": if code.is_some() { "rjct" } else { "succ" },
        "status_reason_code": null,
        "status_reason_message": code.unwrap_or_default(),
        "total_count": null,
        "completed_count": null,
        "sender_id": null,
        "receiver_id": null,
        "is_msg_encrypted": false,
        "meta": {},
    })
}

/// The texts of a row's codes.
pub(super) fn codes(refusal: &Refusal, row: usize) -> Vec<String> {
    let codes = refusal.rows.get(row).map(Vec::as_slice).unwrap_or_default();
    codes.iter().map(|code| code.as_str().to_owned()).collect()
}
