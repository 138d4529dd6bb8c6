//! What disburse messages are answered with, at once or in a callback.

use actix_web::HttpResponse;
use g2p_connect::{
    MsgCallbackHeader, MsgHeader, MsgStatus, Request, Response,
    disburse::core::{DisburseResponse, DisburseResult},
    txn::{OneOrMany, TxnAttributeType, TxnStatusQuery},
};
use platform::{
    ApiError, Ctx, EnvelopeFault, Mode, PartnerError, SchemaFault, Sender, SignedBody,
    clock::rfc3339,
    partners::{ANONYMOUS, normalise},
};
use serde::Serialize;
use serde_json::Value;

use super::wire::{
    DisburseIn, DisburseSearchCriterion, DisburseSearchRequest, DisburseSearchResponse,
    DisburseStatusRequest, DisburseStatusResponse, DisburseStatusResult, DisburseTxn,
};
use crate::{
    api::{
        Answer, State,
        wire::{attempt, once_read, read, write},
    },
    app::{
        App,
        disburse::{self, From},
        disburse_read::{self, Criterion, Named, Question},
    },
};

/// What a message asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    Disburse,
    Search,
    Status,
}

impl Asked {
    /// As the database keeps it.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Disburse => "disburse",
            Self::Search => "search",
            Self::Status => "status",
        }
    }

    /// Where the document has the callback.
    pub(super) const fn callback(self) -> &'static str {
        match self {
            Self::Disburse => "/on-disburse",
            Self::Search => "/disburse/on-search",
            Self::Status => "/disburse/txn/on-status",
        }
    }

    /// The values of `header.action` that are read. Besides the operation's own these are what the published document says
    /// in other operations' words.
    const fn actions(self) -> &'static [&'static str] {
        match self {
            Self::Disburse => &["disburse", "search"],
            Self::Search => &["search"],
            Self::Status => &["txn-status", "status", "on-disburse", "on-search", "search", "subscribe"],
        }
    }
}

/// `header.action` of the answer.
pub(super) fn answered_action(action: &str) -> String {
    match action {
        "subscribe" => "notify".to_owned(),
        "txn-status" => "txn-on-status".to_owned(),
        done if done.starts_with("on-") => done.to_owned(),
        other => format!("on-{other}"),
    }
}

/// Most questions or criteria in one message: each may be answered with many payments.
const MOST_QUESTIONS: usize = 10;
/// Longest id of a transaction: 99 characters by the specification; what is kept has at most 255 bytes.
const TRANSACTION_CHARS: usize = 99;

/// Who sends: senders that nobody registered are told apart by what they call themselves.
pub(super) fn from(sender: &Sender, sender_id: &str) -> From {
    let partner = sender.partner.partner_id.as_str();
    let name = if partner == ANONYMOUS {
        format!("{ANONYMOUS}/{}", normalise(sender_id).chars().take(60).collect::<String>())
    } else {
        partner.to_owned()
    };
    From { sender: name, lenient: sender.partner.mode == Mode::Compat }
}

/// Checks what holds for the whole of a message.
pub(super) fn check(
    state: &State,
    signed: &SignedBody,
    header: &MsgHeader,
    asked: Asked,
    transaction_id: &str,
    items: usize,
) -> Result<(), PartnerError> {
    let (sender, _) = signed.verified()?;
    let fault =
        |code: &str, text: &str| Err(EnvelopeFault::new(&signed.head, code, text, state.now()).into());
    let wrong = |field: &str, rule: &str| Err(SchemaFault::rule(field, rule).into());
    if header.is_msg_encrypted {
        return wrong("message", "encrypted messages are not supported");
    }
    if !asked.actions().contains(&header.action.as_str()) {
        let text = format!("the action of this operation is one of {}", asked.actions().join(", "));
        return fault("rjct.action.not_supported", &text);
    }
    let id = transaction_id.trim();
    if id.is_empty() || id != transaction_id || id.len() > 255 || id.chars().count() > TRANSACTION_CHARS {
        return wrong(
            "message.transaction_id",
            "must have 1 to 99 characters (255 bytes) and no space at its ends",
        );
    }
    let limit = match asked {
        Asked::Disburse => limit(state, sender),
        Asked::Search | Asked::Status => MOST_QUESTIONS,
    };
    if items > limit {
        return fault("rjct.total_count.limit_exceeded", &format!("at most {limit} items a message"));
    }
    if items == 0 {
        return wrong("message", "must have at least one item");
    }
    if sender.partner.mode == Mode::Strict {
        if !header.version.starts_with("1.") {
            return fault("rjct.version.invalid", "the versions served are 1.x");
        }
        if header.meta.as_ref().is_some_and(|meta| !meta.is_object() && !meta.is_null()) {
            return wrong("header.meta", "must be an object");
        }
        if usize::try_from(header.total_count) != Ok(items) {
            return fault("rjct.total_count.invalid", "total_count is not the number of items");
        }
    }
    Ok(())
}

fn limit(state: &State, sender: &Sender) -> usize {
    match usize::try_from(sender.partner.policy.max_batch) {
        Ok(limit) if limit > 0 => limit.min(state.config.max_rows_per_call),
        _ => state.config.max_rows_per_call,
    }
}

fn count(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// Items on which nothing more will happen.
pub(super) fn completed(results: &[DisburseResult]) -> usize {
    results.iter().filter(|r| matches!(r.status, MsgStatus::Succ | MsgStatus::Rjct)).count()
}

fn body<M: Serialize>(
    state: &State,
    header: &MsgHeader,
    (total, completed): (usize, usize),
    message: &M,
) -> Result<Value, PartnerError> {
    let at = rfc3339(state.now());
    let header = MsgCallbackHeader::for_request(header, answered_action(&header.action), MsgStatus::Succ, at)
        .counts(count(total), count(completed))
        .echoing_parties(header);
    serde_json::to_value(Response::new(header, message)).map_err(|e| ApiError::internal(e).into())
}

pub(super) async fn disburse(state: &State, signed: &SignedBody) -> Answer {
    let (sender, _) = signed.verified()?;
    let request: Request<DisburseIn> = signed.parse()?;
    let message = &request.message;
    let items = message.items()?;
    check(state, signed, &request.header, Asked::Disburse, &message.transaction_id, items.len())?;
    let from = from(sender, &signed.head.sender_id);
    write(state, signed, "sync disburse", async |tx, ctx| {
        let taken = attempt(tx, async |tx| {
            disburse::take(state, tx, ctx, &from, &message.transaction_id, items).await
        });
        match taken.await? {
            Ok(results) => {
                let counts = (results.len(), completed(&results));
                let message = DisburseResponse {
                    transaction_id: message.transaction_id.clone(),
                    disbursements_status: results,
                };
                body(state, &request.header, counts, &message)
            }
            Err(refusal) => {
                Err(EnvelopeFault::new(&signed.head, "rjct.errors.too_many", &refusal.code, state.now())
                    .into())
            }
        }
    })
    .await
}

/// A read that refuses nothing: wrong criteria and unknown ids are told as items.
fn done<T>(outcome: Result<T, crate::app::Failure>) -> Result<T, PartnerError> {
    read(outcome)?.map_err(|refusal| ApiError::internal(refusal.code).into())
}

pub(super) async fn search(state: &State, signed: &SignedBody) -> Answer {
    let (sender, _) = signed.verified()?;
    let request: Request<DisburseSearchRequest> = signed.parse()?;
    let message = request.message;
    let asked = message.search_criteria.len();
    check(state, signed, &request.header, Asked::Search, &message.transaction_id, asked)?;
    let from = from(sender, &signed.head.sender_id);
    let ctx = once_read(state, signed, "disburse search").await?;
    let found = found(state, &ctx, &from, message).await?;
    Ok(HttpResponse::Ok().json(body(state, &request.header, (asked, asked), &found)?))
}

/// The answer to a search.
pub(super) async fn found(
    app: &App,
    ctx: &Ctx,
    from: &From,
    message: DisburseSearchRequest,
) -> Result<DisburseSearchResponse, PartnerError> {
    let criteria: Vec<Criterion> = message.search_criteria.into_iter().map(criterion).collect();
    let disbursements_status = done(disburse_read::search(app, ctx, from, &criteria).await)?;
    Ok(DisburseSearchResponse { transaction_id: message.transaction_id, disbursements_status })
}

fn criterion(asked: DisburseSearchCriterion) -> Criterion {
    Criterion {
        reference_id: asked.reference_id,
        timestamp: asked.timestamp,
        request_type: asked.request_type,
        attribute_type: asked.attribute_type,
        attribute_value: asked.attribute_value.as_str().map(str::to_owned),
    }
}

pub(super) async fn status(state: &State, signed: &SignedBody) -> Answer {
    let (sender, _) = signed.verified()?;
    let request: Request<DisburseStatusRequest> = signed.parse()?;
    let asked = request.message.txnstatus_request.as_slice().len();
    check(state, signed, &request.header, Asked::Status, &request.message.transaction_id, asked)?;
    let from = from(sender, &signed.head.sender_id);
    let ctx = once_read(state, signed, "disburse txn status").await?;
    let told = told(state, &ctx, &from, &request.message).await?;
    Ok(HttpResponse::Ok().json(body(state, &request.header, (asked, asked), &told)?))
}

/// The answers to one question, or to a list of them, in the shape of the question.
pub(super) async fn told(
    app: &App,
    ctx: &Ctx,
    from: &From,
    message: &DisburseStatusRequest,
) -> Result<DisburseStatusResponse, PartnerError> {
    let (mut results, mut correlation_id) = (Vec::new(), None);
    for query in message.txnstatus_request.as_slice() {
        let asked = question(query);
        let told = done(disburse_read::status(app, ctx, from, &asked).await)?;
        correlation_id = correlation_id.or(told.correlation_id);
        results.push(DisburseStatusResult {
            txn_type: query.txn_type.answered(),
            txn_status: DisburseResponse {
                transaction_id: told.transaction_id,
                disbursements_status: told.items,
            },
        });
    }
    let mut results = serde_json::to_value(results).map_err(ApiError::internal)?;
    let txnstatus_response = match &message.txnstatus_request {
        OneOrMany::One(_) => results.get_mut(0).map(Value::take).unwrap_or_default(),
        OneOrMany::Many(_) => results,
    };
    Ok(DisburseStatusResponse {
        transaction_id: message.transaction_id.clone(),
        correlation_id: correlation_id.map(|id| id.to_string()).unwrap_or_default(),
        txnstatus_response,
    })
}

fn question(query: &TxnStatusQuery<DisburseTxn>) -> Question {
    let values = query.attribute_value.as_slice();
    let first = values.first().cloned().unwrap_or_default();
    Question {
        search: query.txn_type == DisburseTxn::Search,
        named: match query.attribute_type {
            TxnAttributeType::TransactionId => Named::Transaction(first),
            TxnAttributeType::ReferenceIdList => Named::References(values.to_vec()),
            // An id that is none names nothing.
            TxnAttributeType::CorrelationId => Named::Correlation(first.parse().unwrap_or_default()),
        },
    }
}
