//! The newer dialect (SPAR 2.x): addresses are objects that strategies write and read.

use actix_web::HttpResponse;
use g2p_connect::{
    MsgStatus, RequestV2, ResponseBody, ResponseHeader, ResponseV2,
    mapper::newer::{
        ChangePayloadItem, FaObject, LinkPayload, PayloadAnswer, PayloadResponse, ResolvePayload,
        ResolvePayloadItem, UnlinkPayload, UnlinkPayloadItem, UpdatePayload,
    },
    reason::StatusReasonV2,
};
use platform::{PartnerError, SignedBody, clock::rfc3339};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{sync::limit, wire};
use crate::{
    State,
    app::{self, Answer, Caller, Strategies},
    domain::{Fields, Item, MAX_MESSAGE_ID, Mark, Operation, Question, Refusal, misnamed},
};

/// The fields of any item that its answer repeats.
pub(crate) struct Echo {
    reference_id: String,
    id: String,
    locale: Option<String>,
}

impl From<ChangePayloadItem> for Echo {
    fn from(item: ChangePayloadItem) -> Self {
        Self { reference_id: item.reference_id, id: item.id, locale: item.locale }
    }
}

impl From<UnlinkPayloadItem> for Echo {
    fn from(item: UnlinkPayloadItem) -> Self {
        Self { reference_id: item.reference_id, id: item.id, locale: item.locale }
    }
}

/// A payload of a changing operation: its transaction and items.
pub(crate) trait Payload: DeserializeOwned {
    /// What it asks for.
    const OPERATION: Operation;

    /// The transaction, and the items in no dialect with what their answers repeat.
    fn split(self, strategies: &Strategies) -> (String, Vec<Item>, Vec<Echo>);
}

macro_rules! payload {
    ($payload:ty, $operation:expr, $list:ident, $item:path) => {
        impl Payload for $payload {
            const OPERATION: Operation = $operation;

            fn split(self, strategies: &Strategies) -> (String, Vec<Item>, Vec<Echo>) {
                let items = self.$list.iter().map(|i| $item(i, strategies)).collect();
                let echoes = self.$list.into_iter().map(Echo::from).collect();
                (self.transaction_id, items, echoes)
            }
        }
    };
}
payload!(LinkPayload, Operation::Link, link_request, changed_item);
payload!(UpdatePayload, Operation::Update, update_request, changed_item);
payload!(UnlinkPayload, Operation::Unlink, unlink_request, unlinked_item);

fn unlinked_item(item: &UnlinkPayloadItem, _: &Strategies) -> Item {
    Item { id: item.id.clone(), fa: item.fa.clone(), ..Item::default() }
}

/// The address is written by its strategy, whose id is kept beside it, as deployed mappers of 2.x do.
fn changed_item(item: &ChangePayloadItem, strategies: &Strategies) -> Item {
    let (fa, unreadable) = match item.fa.as_ref().map(|fa| written(fa, strategies)) {
        None => (None, None),
        Some(Ok(text)) => (Some(text), None),
        Some(Err(refusal)) => (None, Some(refusal)),
    };
    let mut info = item.additional_info.clone();
    if let Some(fa) = &item.fa {
        info.get_or_insert_default().push(json!({"strategy_id": fa.strategy_id}));
    }
    Item {
        id: item.id.clone(),
        fa,
        name: item.name.clone().filter(|name| !name.is_empty()),
        phone: item.phone_number.clone().filter(|phone| !phone.is_empty()),
        info,
        unreadable,
    }
}

fn written(fa: &FaObject, strategies: &Strategies) -> Result<String, Refusal> {
    let strategy = strategies
        .fa(fa.strategy_id)
        .ok_or_else(|| Refusal::FaUnwritable(format!("there is no strategy {}", fa.strategy_id)))?;
    let mut fields = Fields::from([("fa_type".to_owned(), fa.fa_type.clone())]);
    for (name, value) in &fa.parts {
        if let Value::String(text) = value {
            fields.insert(name.clone(), text.clone());
        }
    }
    strategy.construct(&fields).map_err(|why| Refusal::FaUnwritable(format!("fa: {why}")))
}

/// The object of a stored address. One that no strategy reads comes whole as `fa_value`: never an empty object, which
/// clients would take for an account.
fn object(parts: Option<(i64, Fields)>, text: &str) -> FaOut {
    let Some((strategy_id, mut fields)) = parts else {
        return FaOut::from([("fa_value".to_owned(), Value::String(text.to_owned()))]);
    };
    if let Some(kind) = fields.get_mut("fa_type")
        && matches!(kind.as_str(), "BANK_ACCOUNT" | "BANK_ACC" | "bank_acc")
    {
        "BANK".clone_into(kind);
    }
    let mut out: FaOut = fields.into_iter().map(|(name, value)| (name, Value::String(value))).collect();
    out.insert("strategy_id".to_owned(), json!(strategy_id));
    out
}

/// An address as an object in an answer.
type FaOut = std::collections::BTreeMap<String, Value>;

/// Runs a changing operation once per message, in one transaction, and answers it.
pub(crate) async fn change<P: Payload>(
    state: &State,
    signed: &SignedBody,
) -> Result<HttpResponse, PartnerError> {
    let caller = match Caller::of(signed) {
        Ok(caller) => caller,
        Err(fault) => return Ok(refused(signed, P::OPERATION, fault.code(), fault.message())),
    };
    let request: RequestV2<P> = signed.parse()?;
    let strategies = state.strategies.of(caller.ctx.tenant.as_str()).await?;
    let header = request.request_header;
    let (transaction_id, mut items, echoes) = request.request_body.request_payload.split(&strategies);
    if !caller.compat() {
        let marks: Vec<Mark<'_>> = echoes.iter().map(|echo| (echo.reference_id.as_str(), None)).collect();
        for (item, wrong) in items.iter_mut().zip(misnamed(&marks)) {
            item.unreadable = wrong.or(item.unreadable.take());
        }
    }
    if let Err((code, why)) = check(state, &caller, P::OPERATION, items.len()) {
        return Ok(refused(signed, P::OPERATION, code.as_str(), &why));
    }
    state.limits.admit(&caller, items.len()).await?;
    let answered = platform::once_kept(&state.db, &state.vault, signed, P::OPERATION.as_str(), async |tx| {
        let refusals = app::change(state, tx, &strategies, &caller, P::OPERATION, &items).await?;
        let at = rfc3339(caller.ctx.clock.now());
        let answers = echoes.into_iter().zip(&items).zip(&refusals).map(|((echo, item), refusal)| {
            let fa = item.fa.clone().filter(|_| P::OPERATION == Operation::Link && refusal.is_none());
            self::answered(echo, fa, &at, P::OPERATION, refusal.as_ref())
        });
        let response = response(P::OPERATION, transaction_id, answers.collect());
        let body = ResponseV2::success(&header, at.clone(), response);
        serde_json::to_value(body).map_err(|e| platform::ApiError::internal(e).into())
    })
    .await;
    match answered {
        // With the empty list that clients look for.
        Err(PartnerError::Fault(fault)) => Ok(refused(signed, P::OPERATION, fault.code(), fault.message())),
        outcome => Ok(HttpResponse::Ok().json(outcome?)),
    }
}

/// Finds addresses.
pub(crate) async fn resolve(state: &State, signed: &SignedBody) -> Result<HttpResponse, PartnerError> {
    let caller = match Caller::of(signed) {
        Ok(caller) => caller,
        Err(fault) => return Ok(refused(signed, Operation::Resolve, fault.code(), fault.message())),
    };
    let request: RequestV2<ResolvePayload> = signed.parse()?;
    let (header, payload) = (request.request_header, request.request_body.request_payload);
    let items = payload.resolve_request;
    if let Err((code, why)) = check(state, &caller, Operation::Resolve, items.len()) {
        return Ok(refused(signed, Operation::Resolve, code.as_str(), &why));
    }
    state.limits.admit(&caller, items.len()).await?;
    match platform::once_read(&state.db, signed, Operation::Resolve.as_str()).await {
        Err(PartnerError::Fault(fault)) => {
            return Ok(refused(signed, Operation::Resolve, fault.code(), fault.message()));
        }
        outcome => outcome?,
    }
    let strategies = state.strategies.of(caller.ctx.tenant.as_str()).await?;
    let at = rfc3339(caller.ctx.clock.now());
    let questions: Vec<Question<'_>> =
        items.iter().map(|i| Question { id: &i.id, fa: &i.fa, scope: wire::scope_of(i.scope) }).collect();
    let found = app::resolve(state, &caller, &questions).await?;
    let marks: Vec<Mark<'_>> = if caller.compat() {
        Vec::new()
    } else {
        items.iter().map(|item| (item.reference_id.as_str(), None)).collect()
    };
    let wrong = misnamed(&marks);
    let resolved = |(place, (item, question)): (usize, (&ResolvePayloadItem, &Question<'_>))| {
        let answer = match wrong.get(place).and_then(Option::as_ref) {
            Some(refusal) => Answer::misnamed(refusal),
            None => found.answer(place, question, &caller),
        };
        let parts = answer.told.and_then(|mapping| strategies.parts_of(mapping));
        let info = answer.told.and_then(|mapping| mapping.additional_info.as_deref());
        PayloadAnswer {
            reference_id: item.reference_id.clone(),
            timestamp: at.clone(),
            account_provider_info: answer
                .told
                .and_then(|mapping| strategies.provider_of(mapping))
                .map(Into::into),
            fa: answer.told.map(|mapping| object(parts, &mapping.fa_value)),
            id: Some(answer.told.map_or(&item.id, |mapping| &mapping.id_value).clone()),
            status: wire::status_of(&answer),
            status_reason_code: Some(answer.finding.reason.as_str().to_owned()),
            status_reason_message: answer.finding.text.map(str::to_owned),
            additional_info: info.and_then(|text| serde_json::from_str(text).ok()),
            locale: item.locale.clone(),
        }
    };
    let answers = items.iter().zip(&questions).enumerate().map(resolved).collect();
    let response = response(Operation::Resolve, payload.transaction_id, answers);
    Ok(HttpResponse::Ok().json(ResponseV2::success(&header, at, response)))
}

/// Checks what holds for the whole of a message; the text for an empty list is that of deployed mappers.
fn check(
    state: &State,
    caller: &Caller<'_>,
    operation: Operation,
    items: usize,
) -> Result<(), (StatusReasonV2, String)> {
    if let Err(error) = caller.require(operation) {
        return Err((StatusReasonV2::PermissionDenied, error.detail().to_owned()));
    }
    let limit = limit(state, caller);
    let why = match items {
        _ if caller.message_id.len() > MAX_MESSAGE_ID => "request_id must have at most 255 bytes".to_owned(),
        0 => format!("Empty {}_request list in request.request_body.request_payload", operation.as_str()),
        more if more > limit => format!("at most {limit} items a message"),
        _ => return Ok(()),
    };
    Err((StatusReasonV2::RequestValidation, why))
}

/// A message refused as a whole: HTTP 200 with `ERROR` and an empty list, as deployed mappers answer.
fn refused(signed: &SignedBody, operation: Operation, code: &str, why: &str) -> HttpResponse {
    let transaction_id = signed
        .parse::<Value>()
        .ok()
        .and_then(|body| {
            Some(body.pointer("/request_body/request_payload/transaction_id")?.as_str()?.to_owned())
        })
        .unwrap_or_default();
    let empty = response::<String>(operation, transaction_id, Vec::new());
    let at = rfc3339(signed.now());
    HttpResponse::Ok().json(ResponseV2 {
        response_header: ResponseHeader::error(&signed.head.message_id, at, code, why),
        response_body: ResponseBody { pagination_response: None, response_payload: empty },
    })
}

fn answered(
    echo: Echo,
    fa: Option<String>,
    at: &str,
    operation: Operation,
    refusal: Option<&Refusal>,
) -> PayloadAnswer<String> {
    PayloadAnswer {
        reference_id: echo.reference_id,
        timestamp: at.to_owned(),
        fa,
        id: (operation != Operation::Link).then_some(echo.id),
        account_provider_info: None,
        status: if refusal.is_none() { MsgStatus::Succ } else { MsgStatus::Rjct },
        status_reason_code: refusal.map(|r| r.code(operation).to_owned()),
        status_reason_message: refusal.map(|r| r.text().to_owned()),
        additional_info: None,
        locale: echo.locale,
    }
}

fn response<F>(
    operation: Operation,
    transaction_id: String,
    answers: Vec<PayloadAnswer<F>>,
) -> PayloadResponse<F> {
    let mut response = PayloadResponse {
        transaction_id,
        correlation_id: None,
        link_response: None,
        update_response: None,
        unlink_response: None,
        resolve_response: None,
    };
    let list = match operation {
        Operation::Link => &mut response.link_response,
        Operation::Update => &mut response.update_response,
        Operation::Unlink => &mut response.unlink_response,
        Operation::Resolve => &mut response.resolve_response,
    };
    *list = Some(answers);
    response
}
