//! G2P-Connect and SPAR 1.x, answered at once.

use actix_web::HttpResponse;
use g2p_connect::{MsgCallbackHeader, MsgHeader, MsgStatus, Request, Response, reason::ErrReason};
use platform::{EnvelopeFault, PartnerError, SchemaFault, SignedBody, clock::rfc3339, partners::normalise};
use serde::Deserialize;

use super::{
    later::STATUS,
    message::{self, ChangeMessage},
    wire::{Dialect, ResolveIn, ResolveItemIn, ResolveOut, ResolvedOut},
};
use crate::{
    State, app,
    app::{Answer, Caller},
    domain::{MAX_MESSAGE_ID, Mark, Operation, Question, misnamed},
};

/// Runs a changing operation once per message, in one transaction, and answers it.
pub(crate) async fn change<M: ChangeMessage>(
    state: &State,
    signed: &SignedBody,
    dialect: Dialect,
) -> Result<HttpResponse, PartnerError> {
    let caller = Caller::of(signed).map_err(|fault| dialect.fault(fault))?;
    let request: Request<M> = signed.parse()?;
    let items = message::checked(&caller, &request.message);
    check(state, signed, &caller, dialect, &request.header, M::OPERATION.as_str(), items.len())?;
    state.limits.admit(&caller, items.len()).await?;
    let strategies = state.strategies.of(caller.ctx.tenant.as_str()).await?;
    let body = platform::once_kept(&state.db, &state.vault, signed, M::OPERATION.as_str(), async |tx| {
        let refusals = app::change(state, tx, &strategies, &caller, M::OPERATION, &items).await?;
        let done = refusals.iter().filter(|refusal| refusal.is_none()).count();
        let at = rfc3339(caller.ctx.clock.now());
        let header = answer_header(&request.header, &at, dialect, refusals.len(), done);
        let body = Response { signature: None, header, message: request.message.answer(&at, &refusals) };
        let body = serde_json::to_value(body).map_err(platform::ApiError::internal)?;
        Ok(dialect.dress(body))
    })
    .await?;
    Ok(HttpResponse::Ok().json(body))
}

/// Room for one item of an answer: growing a large answer step by step copies it each time.
const ITEM_BYTES: usize = 512;

/// A resolve with its header, read without copying.
#[derive(Deserialize)]
pub(crate) struct ResolveMessage<'a> {
    header: MsgHeader,
    #[serde(borrow)]
    pub(crate) message: ResolveIn<'a>,
}

/// Finds addresses.
pub(crate) async fn resolve(
    state: &State,
    signed: &SignedBody,
    dialect: Dialect,
) -> Result<HttpResponse, PartnerError> {
    let caller = Caller::of(signed).map_err(|fault| dialect.fault(fault))?;
    let request: ResolveMessage<'_> = signed.read()?;
    let items = request.message.resolve_request.len();
    check(state, signed, &caller, dialect, &request.header, Operation::Resolve.as_str(), items)?;
    state.limits.admit(&caller, items).await?;
    platform::once_read(&state.db, signed, Operation::Resolve.as_str()).await?;
    let body = found(state, &caller, &request.message, dialect, |message, done| {
        let at = rfc3339(caller.ctx.clock.now());
        let header = answer_header(&request.header, &at, dialect, items, done);
        let mut body = Vec::with_capacity(ITEM_BYTES * (items + 1));
        serde_json::to_writer(&mut body, &dialect.envelope(header, message))
            .map_err(platform::ApiError::internal)?;
        Ok(body)
    })
    .await?;
    Ok(HttpResponse::Ok().content_type("application/json").body(body))
}

/// Answers a resolve: `write` is given the answer and how many items were not refused.
pub(crate) async fn found<T>(
    state: &State,
    caller: &Caller<'_>,
    message: &ResolveIn<'_>,
    dialect: Dialect,
    write: impl FnOnce(ResolveOut<'_>, usize) -> Result<T, PartnerError>,
) -> Result<T, PartnerError> {
    let items = &message.resolve_request;
    let questions: Vec<Question<'_>> = items.iter().map(ResolveItemIn::question).collect();
    let strategies = state.strategies.of(caller.ctx.tenant.as_str()).await?;
    let found = app::resolve(state, caller, &questions).await?;
    let at = rfc3339(caller.ctx.clock.now());
    let marks: Vec<Mark<'_>> =
        if caller.compat() { Vec::new() } else { items.iter().map(ResolveItemIn::mark).collect() };
    let wrong = misnamed(&marks);
    let answered = |(place, (item, question))| ResolvedOut {
        item,
        answer: match wrong.get(place).and_then(Option::as_ref) {
            Some(refusal) => Answer::misnamed(refusal),
            None => found.answer(place, question, caller),
        },
        at: &at,
        strategies: &strategies,
        dialect,
    };
    let resolve_response: Vec<ResolvedOut<'_>> =
        items.iter().zip(&questions).enumerate().map(answered).collect();
    let done = resolve_response.iter().filter(|out| out.answer.finding.reason.is_success()).count();
    let out = ResolveOut {
        transaction_id: &message.transaction_id,
        correlation_id: (dialect == Dialect::Spar1).then_some(None),
        resolve_response,
    };
    write(out, done)
}

/// Most questions of one message about earlier ones: each may be answered with a whole message.
const MOST_QUESTIONS: usize = 10;

/// Checks what holds for the whole of a message.
pub(crate) fn check(
    state: &State,
    signed: &SignedBody,
    caller: &Caller<'_>,
    dialect: Dialect,
    header: &MsgHeader,
    action: &str,
    items: usize,
) -> Result<(), PartnerError> {
    let fault = |code: &str, text: &str| {
        let fault = EnvelopeFault::new(&signed.head, code, text, caller.ctx.clock.now());
        Err(dialect.fault(fault).into())
    };
    if header.is_msg_encrypted {
        return Err(SchemaFault::rule("message", "encrypted messages are not supported").into());
    }
    if header.message_id.len() > MAX_MESSAGE_ID {
        return Err(SchemaFault::rule("header.message_id", "must have at most 255 bytes").into());
    }
    if header.action != action {
        return fault("rjct.action.not_supported", &format!("the action of this operation is {action}"));
    }
    let limit = limit(state, caller);
    let limit = if action == STATUS { limit.min(MOST_QUESTIONS) } else { limit };
    if items > limit {
        return fault("rjct.total_count.limit_exceeded", &format!("at most {limit} items a message"));
    }
    if items == 0 {
        return Err(
            SchemaFault::rule(&format!("message.{action}_request"), "must have at least one item").into()
        );
    }
    if !caller.compat() {
        if !header.version.starts_with("1.") {
            return fault("rjct.version.invalid", "the versions served are 1.x");
        }
        if header.meta.as_ref().is_some_and(|meta| !meta.is_object() && !meta.is_null()) {
            return Err(SchemaFault::rule("header.meta", "must be an object").into());
        }
        if usize::try_from(header.total_count) != Ok(items) {
            return fault("rjct.total_count.invalid", "total_count is not the number of items");
        }
        if !is_ours(state, &header.receiver_id) {
            let text = "receiver_id is not this service: send its own id, or leave it out";
            return fault(ErrReason::ReceiverIdInvalid.as_str(), text);
        }
    }
    Ok(())
}

/// Whether a message that names this receiver is for us; one that names none is.
fn is_ours(state: &State, receiver: &str) -> bool {
    let named = normalise(receiver);
    let mut names =
        std::iter::once(state.http.partner_id()).chain(state.config.receiver_ids.iter().map(String::as_str));
    named.is_empty() || names.any(|own| normalise(own) == named)
}

/// Items of one message at most.
pub(crate) fn limit(state: &State, caller: &Caller<'_>) -> usize {
    match usize::try_from(caller.sender.partner.policy.max_batch) {
        Ok(limit) if limit > 0 => limit.min(state.config.max_batch),
        _ => state.config.max_batch,
    }
}

/// `status` is `succ` also when every item was refused: the items say so.
pub(crate) fn answer_header(
    header: &MsgHeader,
    at: &str,
    dialect: Dialect,
    total: usize,
    done: usize,
) -> MsgCallbackHeader {
    let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    MsgCallbackHeader::for_request(header, header.action.clone(), MsgStatus::Succ, at)
        .counts(count(total), count(dialect.completed(total, done)))
        .echoing_parties(header)
}
