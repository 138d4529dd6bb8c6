//! What became of asynchronous messages.

use actix_web::HttpResponse;
use g2p_connect::{
    MsgCallbackHeader, MsgStatus, Request,
    mapper::{MapperTxnStatusRequest, MapperTxnStatusResponse},
    txn::{MapperTxnType, OneOrMany, TxnAttributeType, TxnStatusQuery},
};
use platform::{ApiError, PartnerError, SignedBody, clock::rfc3339};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{later::STATUS, sync, wire::Dialect};
use crate::{
    State,
    app::{
        Caller,
        transactions::{self, Named, Transaction},
    },
    domain::Operation,
};

/// The answer in the document.
pub(crate) type StatusResponse = MapperTxnStatusResponse;

/// Answers at once.
pub(crate) async fn now(
    state: &State,
    signed: &SignedBody,
    dialect: Dialect,
) -> Result<HttpResponse, PartnerError> {
    let caller = Caller::of(signed).map_err(|fault| dialect.fault(fault))?;
    let request: Request<MapperTxnStatusRequest> = signed.parse()?;
    let queries = request.message.txnstatus_request.as_slice().len();
    sync::check(state, signed, &caller, dialect, &request.header, STATUS, queries)?;
    state.limits.admit_request(&caller)?;
    platform::once_read(&state.db, signed, STATUS).await?;
    let message = answer(state, &caller, &request.message).await?;
    let count = i64::try_from(queries).unwrap_or(i64::MAX);
    let at = rfc3339(caller.ctx.clock.now());
    let header = MsgCallbackHeader::for_request(&request.header, "txn-on-status", MsgStatus::Succ, at)
        .counts(count, count)
        .echoing_parties(&request.header);
    Ok(HttpResponse::Ok().json(dialect.envelope(header, message)))
}

/// The answers to one question, or to a list of them (as 1.x asks): in the shape of the question.
pub(crate) async fn answer(
    state: &State,
    caller: &Caller<'_>,
    request: &MapperTxnStatusRequest,
) -> Result<Value, PartnerError> {
    let mut results = Vec::new();
    let mut correlation_id = String::new();
    for query in request.txnstatus_request.as_slice() {
        let found = transactions::status(state, caller, operation(query.txn_type), &named(query)).await?;
        if let (true, Some(transaction)) = (correlation_id.is_empty(), &found) {
            correlation_id = transaction.correlation_id.to_string();
        }
        let status = told(query, found.as_ref(), &rfc3339(caller.ctx.clock.now()))?;
        let name = operation(query.txn_type).as_str();
        results.push(json!({"txn_type": format!("on-{name}"), "txn_status": status}));
    }
    let response = match &request.txnstatus_request {
        OneOrMany::One(_) => results.pop().unwrap_or_default(),
        OneOrMany::Many(_) => Value::Array(results),
    };
    Ok(json!({
        "transaction_id": request.transaction_id,
        "correlation_id": correlation_id,
        "txnstatus_response": response,
    }))
}

const fn operation(asked: MapperTxnType) -> Operation {
    match asked {
        MapperTxnType::Link => Operation::Link,
        MapperTxnType::Update => Operation::Update,
        MapperTxnType::Unlink => Operation::Unlink,
        MapperTxnType::Resolve => Operation::Resolve,
    }
}

/// A correlation id that is none names nothing.
fn named(query: &TxnStatusQuery<MapperTxnType>) -> Named {
    let values = query.attribute_value.as_slice();
    let first = values.first().cloned().unwrap_or_default();
    match query.attribute_type {
        TxnAttributeType::CorrelationId => Named::Correlation(Uuid::parse_str(&first).unwrap_or_default()),
        TxnAttributeType::TransactionId => Named::Transaction(first),
        TxnAttributeType::ReferenceIdList => Named::References(values.to_vec()),
    }
}

/// The answer of the message; without items when there is no such message, with pending ones while it waits.
fn told(
    query: &TxnStatusQuery<MapperTxnType>,
    transaction: Option<&Transaction>,
    at: &str,
) -> Result<Value, PartnerError> {
    let list = format!("{}_response", operation(query.txn_type).as_str());
    let Some(transaction) = transaction else {
        let first = query.attribute_value.as_slice().first();
        return Ok(json!({"transaction_id": first, list: []}));
    };
    let asked = query.attribute_value.as_slice();
    let among = |item: &Value| {
        query.attribute_type != TxnAttributeType::ReferenceIdList
            || item
                .get("reference_id")
                .and_then(Value::as_str)
                .is_some_and(|id| asked.iter().any(|a| a == id))
    };
    if let Some(response) = &transaction.response {
        let mut message: Value = serde_json::from_str(response).map_err(ApiError::internal)?;
        if let Some(items) = message.get_mut(&list).and_then(Value::as_array_mut) {
            items.retain(among);
        }
        return Ok(message);
    }
    let pending = transaction
        .reference_ids
        .iter()
        .map(|id| json!({"reference_id": id, "timestamp": at, "status": "pdng"}));
    let items: Vec<Value> = pending.filter(among).collect();
    Ok(json!({
        "transaction_id": transaction.transaction_id, "correlation_id": transaction.correlation_id, list: items,
    }))
}
