//! What a job does with an asynchronous message, and the callback that tells of it.

use g2p_connect::{
    MsgCallbackHeader, MsgHeader, MsgStatus, Request,
    mapper::{LinkRequest, MapperTxnStatusRequest, UnlinkRequest, UpdateRequest},
};
use g2p_crypto::{canonical_json, sign_message};
use platform::{ApiError, PartnerError, clock::rfc3339, signed::parse_json};
use sea_orm::DatabaseTransaction;
use serde_json::{Value, json};

use super::{
    later::STATUS,
    message::{self, ChangeMessage},
    status,
    sync::{self, ResolveMessage},
    wire::Dialect,
};
use crate::{
    State,
    app::{
        self, Caller,
        transactions::{Transaction, Worked},
    },
    domain::Operation,
};

/// How long a callback's signature holds, in seconds.
const SIGNATURE_SECONDS: u32 = 300;

/// Does what a message asks for, in the caller's transaction, and returns its answer.
///
/// # Errors
/// As the operation; nothing is done then.
pub(crate) async fn work(
    state: &State,
    tx: &DatabaseTransaction,
    caller: &Caller<'_>,
    transaction: &Transaction,
) -> Result<Worked, PartnerError> {
    let body = transaction.request.as_deref().unwrap_or_default().as_bytes();
    let dialect = Dialect::parse(&transaction.dialect);
    let (mut message, done) = match Operation::parse(&transaction.operation) {
        Some(Operation::Link) => change::<LinkRequest>(state, tx, caller, body, dialect).await?,
        Some(Operation::Update) => change::<UpdateRequest>(state, tx, caller, body, dialect).await?,
        Some(Operation::Unlink) => change::<UnlinkRequest>(state, tx, caller, body, dialect).await?,
        Some(Operation::Resolve) => {
            let request: ResolveMessage<'_> = parse_json(body)?;
            sync::found(state, caller, &request.message, dialect, |out, done| {
                Ok((serde_json::to_value(out).map_err(ApiError::internal)?, done))
            })
            .await?
        }
        None => {
            let request: Request<MapperTxnStatusRequest> = parse_json(body)?;
            let total = request.message.txnstatus_request.as_slice().len();
            (status::answer(state, caller, &request.message).await?, total)
        }
    };
    if let Some(message) = message.as_object_mut() {
        message.insert("correlation_id".to_owned(), json!(transaction.correlation_id));
    }
    let total = usize::try_from(transaction.total_count).unwrap_or_default();
    let completed = i32::try_from(dialect.completed(total, done)).unwrap_or(i32::MAX);
    Ok(Worked { response: message.to_string(), completed, failure: None })
}

async fn change<M: ChangeMessage>(
    state: &State,
    tx: &DatabaseTransaction,
    caller: &Caller<'_>,
    body: &[u8],
    dialect: Dialect,
) -> Result<(Value, usize), PartnerError> {
    let request: Request<M> = parse_json(body)?;
    let strategies = state.strategies.of(caller.ctx.tenant.as_str()).await?;
    let items = message::checked(caller, &request.message);
    let refusals = app::change(state, tx, &strategies, caller, M::OPERATION, &items).await?;
    let done = refusals.iter().filter(|refusal| refusal.is_none()).count();
    let at = rfc3339(caller.ctx.clock.now());
    let message = serde_json::to_value(request.message.answer(&at, &refusals)).map_err(ApiError::internal)?;
    let mut body = dialect.dress(json!({ "message": message }));
    Ok((body.get_mut("message").map(Value::take).unwrap_or_default(), done))
}

/// The body of a callback: canonical JSON, with a signature over its header and message in it, so that both kinds of
/// receivers can check it: those that look at the body and those that look at the HTTP header.
///
/// # Errors
/// When this service's key cannot sign.
pub(crate) fn callback_body(state: &State, transaction: &Transaction) -> Result<Vec<u8>, anyhow::Error> {
    let now = state.clock.now();
    let dialect = Dialect::parse(&transaction.dialect);
    let message: Value = serde_json::from_str(transaction.response.as_deref().unwrap_or("{}"))?;
    let action = match (dialect, transaction.operation.as_str()) {
        (_, STATUS) => "txn-on-status".to_owned(),
        (Dialect::Connect, operation) => format!("on-{operation}"),
        (Dialect::Spar1, operation) => operation.to_owned(),
    };
    let ours = state.http.partner_id();
    let request = MsgHeader::new(
        transaction.callback_message_id.to_string(),
        rfc3339(now),
        action.clone(),
        transaction.partner_id.clone(),
        i64::from(transaction.total_count),
    )
    .to_receiver(ours);
    let status = if transaction.failure.is_some() { MsgStatus::Rjct } else { MsgStatus::Succ };
    let mut header = MsgCallbackHeader::for_request(&request, action, status, rfc3339(now)).counts(
        i64::from(transaction.total_count),
        i64::from(transaction.completed_count.unwrap_or_default()),
    );
    // The specification has no code for it.
    header.status_reason_message.clone_from(&transaction.failure);
    header.meta = Some(json!({}));
    let (header, message) = (canonical_json(&serde_json::to_value(header)?), canonical_json(&message));
    let lifetime = SIGNATURE_SECONDS;
    let signature = sign_message(&state.keys, ours, &header, &message, now.unix_timestamp(), lifetime)?;
    let envelope: Value = serde_json::from_slice(&header)
        .and_then(|header: Value| Ok(json!({"signature": signature, "header": header, "message": serde_json::from_slice::<Value>(&message)?})))?;
    Ok(canonical_json(&envelope))
}
