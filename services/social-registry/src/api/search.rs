//! `POST /registry/sync/search`: SPDCI and G2P-Connect searches of partners.

use actix_web::{HttpResponse, http::StatusCode, post, web};
use g2p_connect::{
    AckError, AckResponse, MsgCallbackHeader, MsgHeader, MsgStatus, Request, Response,
    reason::SearchReason,
    registry::{SearchRequest, SearchResponse},
};
use platform::{EnvelopeFault, PartnerError, SchemaFault, SignedBody, clock::rfc3339, partners::Mode};
use serde::Deserialize;
use serde_json::{Value, json};
use storage::StoreError;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    State,
    app::search::{Answer, Extension, Searcher, answer},
};

/// The parts of the message that go beyond the specification.
#[derive(Deserialize)]
struct Extended {
    message: ExtendedMessage,
}

#[derive(Deserialize)]
struct ExtendedMessage {
    search_request: Vec<ExtendedItem>,
}

#[derive(Deserialize)]
struct ExtendedItem {
    search_criteria: Extension,
}

/// Search for households or people. Shows only what the partner asks for and its policy allows. Pages are read from a
/// snapshot: the first page's answer names it in `header.meta.snapshot_id` and `pagination.snapshot_id` unless it holds
/// everything; give it back in `search_criteria.pagination.snapshot_id` with the same transaction id. When the snapshot is
/// gone a later page is refused with `rjct.pagination.invalid`: begin again at page 1.
#[utoipa::path(
    request_body = Request<SearchRequest>,
    responses((status = 200, description = "One result an item; `header.status` is `rjct` when the message or all of its items were refused.", body = Response<SearchResponse>),
              (status = 400, description = "Not of this shape.", body = AckResponse))
)]
#[post("/registry/sync/search")]
pub(super) async fn search(
    state: web::Data<State>,
    signed: SignedBody,
) -> Result<HttpResponse, PartnerError> {
    let now = state.clock.now();
    let (sender, ctx) = match signed.verified() {
        Ok(verified) => verified,
        Err(fault) => return Ok(refused_message(&fault, now)),
    };
    let request: Request<SearchRequest> = match signed.parse() {
        Ok(request) => request,
        Err(fault) => return Ok(not_of_shape(&fault, now)),
    };
    let extended: Extended = match signed.parse() {
        Ok(extended) => extended,
        Err(fault) => return Ok(not_of_shape(&fault, now)),
    };
    if let Err(fault) = check(&state, &request) {
        return Ok(not_of_shape(&fault, now));
    }
    let strict = sender.partner.mode == Mode::Strict;
    if let Some((code, text)) = wrong_header(&request.header, request.message.search_request.len(), strict) {
        return Ok(refused_message(&EnvelopeFault::new(&signed.head, code, text, now), now));
    }
    let searcher = Searcher {
        ctx: &ctx,
        policy: &sender.partner.policy.attributes,
        partner_id: &sender.partner.partner_id,
        transaction_id: &request.message.transaction_id,
    };
    match platform::once_read(&state.db, &signed, "registry.search").await {
        Ok(()) => {}
        Err(PartnerError::Fault(fault)) => return Ok(refused_message(&fault, now)),
        Err(other) => return Err(other),
    }
    let tx = state.db.begin().await?;
    let mut answers = Vec::with_capacity(request.message.search_request.len());
    for (item, extended) in request.message.search_request.iter().zip(&extended.message.search_request) {
        answers.push(answer(&state, &tx, &searcher, item, &extended.search_criteria).await?);
    }
    tx.commit().await.map_err(StoreError::from)?;
    Ok(HttpResponse::Ok().json(render(&request, answers, now)))
}

/// Rules of the shape that the types do not carry.
fn check(state: &State, request: &Request<SearchRequest>) -> Result<(), SchemaFault> {
    let message = &request.message;
    if !message.has_valid_transaction_id() || message.transaction_id.chars().any(char::is_control) {
        return Err(SchemaFault::rule("message.transaction_id", "must have 1 to 99 characters"));
    }
    let most = state.config.search_max_items;
    if message.search_request.is_empty() || message.search_request.len() > most {
        let text = format!("must have 1 to {most} items");
        return Err(SchemaFault::rule("message.search_request", &text));
    }
    Ok(())
}

/// What a strict partner's header must say; others send placeholders.
fn wrong_header(header: &MsgHeader, items: usize, strict: bool) -> Option<(&'static str, &'static str)> {
    if !strict {
        return None;
    }
    if header.action != "search" {
        return Some(("rjct.action.not_supported", "the action must be search"));
    }
    if usize::try_from(header.total_count) != Ok(items) {
        return Some(("rjct.total_count.invalid", "total_count must be the number of searches"));
    }
    None
}

fn render(request: &Request<SearchRequest>, answers: Vec<Answer>, now: OffsetDateTime) -> Value {
    let total = answers.len();
    let done = answers.iter().filter(|a| a.result.status == MsgStatus::Succ).count();
    let snapshots: Vec<Option<Uuid>> = answers.iter().map(|a| a.snapshot_id).collect();
    let first_wrong = answers.iter().find(|a| a.result.status == MsgStatus::Rjct);
    let all_wrong = first_wrong.filter(|_| done == 0).map(|a| {
        let result = &a.result;
        (result.status_reason_code.clone(), result.status_reason_message.clone().unwrap_or_default())
    });
    let status = if all_wrong.is_some() { MsgStatus::Rjct } else { MsgStatus::Succ };
    let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    let mut header = MsgCallbackHeader::for_request(&request.header, "on-search", status, rfc3339(now))
        .counts(count(total), count(done));
    if let [Some(snapshot)] = snapshots.as_slice() {
        header.meta = Some(json!({ "snapshot_id": snapshot }));
    }
    let correlation_id = Uuid::now_v7().to_string();
    let message = SearchResponse {
        transaction_id: request.message.transaction_id.clone(),
        correlation_id: correlation_id.clone(),
        search_response: answers.into_iter().map(|a| a.result).collect(),
    };
    let mut body = serde_json::to_value(Response::new(header, message)).unwrap_or_default();
    name_snapshots(&mut body, &snapshots);
    if let Some((code, text)) = all_wrong {
        // The same body is an acknowledgement too, for clients that look for one.
        let code = code.unwrap_or_else(|| SearchReason::SearchCriteriaInvalid.as_str().to_owned());
        add_ack(&mut body, &code, &text, &correlation_id, now);
    }
    body
}

/// Adds the snapshot to the pagination of each answer; an extension that the specification has no field for.
fn name_snapshots(body: &mut Value, snapshots: &[Option<Uuid>]) {
    let items = body.pointer_mut("/message/search_response").and_then(Value::as_array_mut);
    for (item, snapshot) in items.into_iter().flatten().zip(snapshots) {
        let pagination = item.get_mut("pagination").and_then(Value::as_object_mut);
        if let (Some(pagination), Some(snapshot)) = (pagination, snapshot) {
            pagination.insert("snapshot_id".to_owned(), json!(snapshot));
        }
    }
}

fn add_ack(body: &mut Value, code: &str, text: &str, correlation_id: &str, now: OffsetDateTime) {
    let error = AckError { code: code.to_owned(), message: text.to_owned() };
    let ack = AckResponse::err(rfc3339(now), correlation_id, error);
    let Ok(Value::Object(ack)) = serde_json::to_value(ack) else { return };
    for (key, value) in ack {
        match (body.get_mut(&key).and_then(Value::as_object_mut), value) {
            (Some(there), Value::Object(new)) => there.extend(new),
            (_, value) => {
                if let Some(body) = body.as_object_mut() {
                    body.insert(key, value);
                }
            }
        }
    }
}

/// The message as a whole is refused: HTTP 200 with a rejecting header, which is an acknowledgement at the same time.
fn refused_message(fault: &EnvelopeFault, now: OffsetDateTime) -> HttpResponse {
    let mut body = fault.to_body();
    let code = match fault.code() {
        code if code.starts_with("rjct.jwt") || code.starts_with("rjct.signature") => "err.signature.invalid",
        _ => "err.request.bad",
    };
    if let Some(header) = body.get_mut("header").and_then(Value::as_object_mut) {
        header.insert("action".to_owned(), "on-search".into());
    }
    add_ack(&mut body, code, fault.message(), &Uuid::now_v7().to_string(), now);
    HttpResponse::Ok().json(body)
}

/// The message cannot be read: HTTP 400 with a body that every reader of errors understands.
fn not_of_shape(fault: &SchemaFault, now: OffsetDateTime) -> HttpResponse {
    let error = AckError { code: "err.request.bad".to_owned(), message: fault.to_string() };
    let body = AckResponse::err(rfc3339(now), Uuid::now_v7().to_string(), error);
    HttpResponse::build(StatusCode::BAD_REQUEST).json(body)
}
