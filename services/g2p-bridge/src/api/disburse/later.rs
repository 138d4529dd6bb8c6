//! Asynchronous disburse messages: acknowledged at once, worked on by a job, answered to the address registered for the
//! sender.

use actix_web::HttpResponse;
use g2p_connect::{
    AckError, AckResponse, MsgCallbackHeader, MsgHeader, MsgStatus, Request,
    disburse::core::DisburseResponse,
    reason::{ErrReason, HeaderReason},
};
use g2p_crypto::{canonical_json, sign_message};
use jobs::{JobError, NewJob, Next, RunningJob};
use platform::{
    Actor, ApiError, Ctx, EnvelopeFault, PartnerError, SchemaFault, Sender, SignedBody,
    callback::{CallbackRefused, callback_base, may_send_to},
    clock::rfc3339,
    partners::ANONYMOUS,
    replay,
    signed::parse_json,
};
use sea_orm::DatabaseTransaction;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    answers::{self, Asked},
    wire::{DisburseIn, DisburseSearchRequest, DisburseStatusRequest},
};
use crate::{
    api::{Answer, State},
    app::{App, Failure, disburse, status::may_read},
    domain::order::MAX_TEXT,
    jobs::kinds,
    store::{
        messages::{self, Message, NewMessage},
        orders::Of,
    },
};

/// Attempts to send an answer: with the longest pauses of a minute, at least a day.
const CALLBACK_ATTEMPTS: u32 = 1_500;
/// How long a callback's signature holds, in seconds.
const SIGNATURE_SECONDS: u32 = 300;

/// What both jobs are given.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Which {
    correlation_id: Uuid,
}

/// What is read of a message before it is acknowledged.
struct Opened {
    header: MsgHeader,
    transaction_id: String,
    reference_ids: Vec<String>,
    items: usize,
}

fn open(signed: &SignedBody, asked: Asked) -> Result<Opened, SchemaFault> {
    Ok(match asked {
        Asked::Disburse => {
            let request: Request<DisburseIn> = signed.parse()?;
            let items = request.message.items()?;
            let references = items.iter().filter_map(|item| item.get("reference_id")?.as_str());
            let reference_ids = references.filter(|r| r.len() <= MAX_TEXT).map(str::to_owned).collect();
            let items = items.len();
            Opened {
                header: request.header,
                transaction_id: request.message.transaction_id,
                reference_ids,
                items,
            }
        }
        Asked::Search => {
            let request: Request<DisburseSearchRequest> = signed.parse()?;
            let items = request.message.search_criteria.len();
            let transaction_id = request.message.transaction_id;
            Opened { header: request.header, transaction_id, reference_ids: Vec::new(), items }
        }
        Asked::Status => {
            let request: Request<DisburseStatusRequest> = signed.parse()?;
            let items = request.message.txnstatus_request.as_slice().len();
            let transaction_id = request.message.transaction_id;
            Opened { header: request.header, transaction_id, reference_ids: Vec::new(), items }
        }
    })
}

/// Acknowledges a message, once per message.
pub(super) async fn accept(state: &State, signed: &SignedBody, asked: Asked) -> Answer {
    let (code, text) = match keep(state, signed, asked).await {
        Ok(body) => return Ok(HttpResponse::Ok().json(body)),
        Err(PartnerError::Fault(fault)) => (err_code(fault.code()), fault.message().to_owned()),
        Err(PartnerError::Api(error)) if error.status().as_u16() == 403 => {
            (ErrReason::RequestForbidden.as_str(), error.detail().to_owned())
        }
        Err(other) => return Err(other),
    };
    let error = AckError { code: code.to_owned(), message: text };
    Ok(HttpResponse::Ok().json(AckResponse::err(rfc3339(state.now()), Uuid::now_v7().to_string(), error)))
}

/// The code of a refusal in the words of acknowledgements.
fn err_code(code: &str) -> &'static str {
    let known = [ErrReason::SenderUriInvalid, ErrReason::EncryptionInvalid];
    if let Some(known) = known.into_iter().find(|known| known.as_str() == code) {
        return known.as_str();
    }
    match code {
        c if c == HeaderReason::JwtInvalid.as_str() => ErrReason::SignatureInvalid.as_str(),
        c if c == HeaderReason::VersionInvalid.as_str() => ErrReason::VersionNotSupported.as_str(),
        _ => ErrReason::RequestBad.as_str(),
    }
}

async fn keep(state: &State, signed: &SignedBody, asked: Asked) -> Result<Value, PartnerError> {
    let (sender, ctx) = signed.verified()?;
    let fault = |code: ErrReason, text: &str| {
        PartnerError::from(EnvelopeFault::new(&signed.head, code.as_str(), text, state.now()))
    };
    if signed.head.raw.get("is_msg_encrypted").and_then(Value::as_bool) == Some(true) {
        return Err(fault(ErrReason::EncryptionInvalid, "encrypted messages are not supported"));
    }
    let allowed = match asked {
        Asked::Disburse => disburse::may_pay(&ctx),
        Asked::Search | Asked::Status => may_read(&ctx),
    };
    allowed.map_err(unrefused)?;
    let opened = open(signed, asked)?;
    answers::check(state, signed, &opened.header, asked, &opened.transaction_id, opened.items)?;
    let named = match opened.header.sender_uri.as_str() {
        // What generated clients send who were never told an address.
        "string" => "",
        other => other,
    };
    let base = callback_base(&sender.partner.policy.callback_urls, named)
        .map_err(|why| fault(ErrReason::SenderUriInvalid, why.text()))?;
    let callback_url = address(base.as_str(), asked.callback());
    let request = std::str::from_utf8(&signed.bytes)
        .map_err(|_| SchemaFault::rule("", "the body is not UTF-8"))?
        .to_owned();
    let from = answers::from(sender, &signed.head.sender_id);
    replay::once(&state.db, signed, &format!("async {}", asked.as_str()), async |tx| {
        let correlation_id = Uuid::now_v7();
        let new = NewMessage {
            of: Of { tenant: ctx.tenant.as_str(), sender: &from.sender },
            correlation_id,
            partner_id: &sender.partner.partner_id,
            asked: asked.as_str(),
            action: &opened.header.action,
            transaction_id: &opened.transaction_id,
            reference_ids: opened.reference_ids.clone(),
            request: request.clone(),
            total: i64::try_from(opened.items).unwrap_or(i64::MAX),
            callback_url: callback_url.clone(),
            at: state.now(),
        };
        messages::insert(tx, new).await?;
        let job = NewJob::new(kinds::MESSAGE, &Which { correlation_id }).tenant(ctx.tenant.as_str());
        jobs::enqueue(tx, job).await?;
        serde_json::to_value(AckResponse::ack(rfc3339(state.now()), correlation_id.to_string()))
            .map_err(|e| ApiError::internal(e).into())
    })
    .await
}

fn unrefused(failure: Failure) -> PartnerError {
    match failure {
        Failure::Other(error) => error,
        Failure::Refused(refusal) => ApiError::internal(refusal.code).into(),
    }
}

/// The address of a callback: the document's path below the registered address, or in the place of another `on-…` at its
/// end, as the specification's examples have it.
fn address(base: &str, path: &str) -> String {
    let base = base.trim_end_matches('/');
    match (base.rsplit_once('/'), path.rsplit_once('/')) {
        (Some((stem, last)), Some((_, name))) if last.starts_with("on-") => format!("{stem}/{name}"),
        _ => format!("{base}{path}"),
    }
}

/// Does what a message asks for and stores the answer, in one transaction: a process that dies leaves neither.
///
/// # Errors
/// Retried what may pass; what the partner did wrong stays wrong.
pub(crate) async fn run(app: &App, job: &RunningJob) -> Result<Next, JobError> {
    let which: Which = job.payload()?;
    let tenant = job.tenant.as_str();
    let tx = app.begin().await?;
    job.guard(&tx).await?;
    let message = messages::find(&tx, tenant, which.correlation_id).await?;
    let Some(message) = message.filter(|m| m.state == "received") else { return Ok(Next::Done) };
    // What the partner may do is looked up now: rights that were taken away meanwhile are gone.
    let partner = match message.partner_id.as_str() {
        ANONYMOUS => app.partners.anonymous(),
        id => app.partners.find(id).await?,
    };
    let partner = partner.ok_or_else(|| {
        JobError::Fatal("the partner that sent the message is not registered any more".to_owned())
    })?;
    let ctx = Ctx::new(
        Actor::Partner(partner.partner_id.clone()),
        partner.tenant.clone(),
        app.clock.clone(),
        partner.policy.permissions.clone(),
    );
    let sender = Sender { partner, verified: true };
    let answer = work(app, &tx, &ctx, &sender, &message).await.map_err(unworkable)?;
    if messages::worked(&tx, tenant, message.correlation_id, answer, app.now()).await? {
        let callback = NewJob::new(kinds::CALLBACK, &which).tenant(tenant).max_attempts(CALLBACK_ATTEMPTS);
        jobs::enqueue(&tx, callback).await?;
    }
    tx.commit().await.map_err(storage::StoreError::from)?;
    Ok(Next::Done)
}

fn unworkable(error: PartnerError) -> JobError {
    match error {
        PartnerError::Api(error) if error.status().is_server_error() => JobError::Retry(error.into()),
        other => JobError::Fatal(format!("the message cannot be worked on: {other}")),
    }
}

/// The answer's message, and the number of items on which nothing more will happen.
async fn work(
    app: &App,
    tx: &DatabaseTransaction,
    ctx: &Ctx,
    sender: &Sender,
    kept: &Message,
) -> Result<(String, i64), PartnerError> {
    let body = kept.request.as_deref().unwrap_or_default().as_bytes();
    let mut from = answers::from(sender, "");
    from.sender.clone_from(&kept.sender);
    let (mut message, completed) = match kept.asked.as_str() {
        "disburse" => {
            let request: Request<DisburseIn> = parse_json(body)?;
            let items = request.message.items()?;
            let results = disburse::take(app, tx, ctx, &from, &kept.transaction_id, items).await;
            let results = results.map_err(unrefused)?;
            let completed = answers::completed(&results);
            let transaction_id = kept.transaction_id.clone();
            (value(&DisburseResponse { transaction_id, disbursements_status: results })?, Some(completed))
        }
        "search" => {
            let request: Request<DisburseSearchRequest> = parse_json(body)?;
            (value(&answers::found(app, ctx, &from, request.message).await?)?, None)
        }
        _ => {
            let request: Request<DisburseStatusRequest> = parse_json(body)?;
            (value(&answers::told(app, ctx, &from, &request.message).await?)?, None)
        }
    };
    if let Some(message) = message.as_object_mut() {
        message.insert("correlation_id".to_owned(), json!(kept.correlation_id));
    }
    let completed = completed.map_or(kept.total_count, |n| i64::try_from(n).unwrap_or(i64::MAX));
    Ok((message.to_string(), completed))
}

fn value<T: Serialize>(message: &T) -> Result<Value, PartnerError> {
    serde_json::to_value(message).map_err(|e| ApiError::internal(e).into())
}

/// Sends the answer of a message until it is taken, or refused for good.
///
/// # Errors
/// Retried while the receiver may still take it.
pub(crate) async fn run_callback(app: &App, job: &RunningJob) -> Result<Next, JobError> {
    let which: Which = job.payload()?;
    let tenant = job.tenant.as_str();
    let message = messages::find(app.db.conn(), tenant, which.correlation_id).await?;
    let Some(message) = message.filter(|m| m.state != "delivered" && m.response.is_some()) else {
        return Ok(Next::Done);
    };
    let url = message.callback_url.as_str();
    let sent = match may_send_to(url, app.config.callback_loopback).await {
        Ok(()) => {
            let body = callback_body(app, &message)?;
            let sent = app.callbacks.post_signed_bytes(url, body, "application/json").await;
            // The receiver may have taken it when the answer is unclear; it is sent again under the same message id.
            sent.map(|_| ()).map_err(|error| {
                if error.is_retryable() {
                    JobError::Retry(error.into())
                } else {
                    JobError::Fatal(error.to_string())
                }
            })
        }
        Err(CallbackRefused::Unknown) => Err(JobError::retry(CallbackRefused::Unknown.text())),
        Err(why) => Err(JobError::Fatal(why.text().to_owned())),
    };
    if matches!(&sent, Err(JobError::Retry(_)) if job.attempt < job.max_attempts) {
        return sent.map(|()| Next::Done);
    }
    messages::called_back(app.db.conn(), tenant, message.correlation_id, sent.is_ok(), app.now()).await?;
    sent.map(|()| Next::Done)
}

/// The body of a callback: canonical JSON with a signature over its header and message in it, so that receivers that look
/// at the body and those that look at the HTTP header can both check it.
fn callback_body(app: &App, kept: &Message) -> Result<Vec<u8>, anyhow::Error> {
    let now = app.now();
    let message: Value = serde_json::from_str(kept.response.as_deref().unwrap_or("{}"))?;
    let ours = app.callbacks.partner_id();
    let action = answers::answered_action(&kept.action);
    let id = kept.callback_message_id.to_string();
    let request = MsgHeader::new(id, rfc3339(now), action.clone(), kept.partner_id.clone(), kept.total_count)
        .to_receiver(ours);
    let mut header = MsgCallbackHeader::for_request(&request, action, MsgStatus::Succ, rfc3339(now))
        .counts(kept.total_count, kept.completed_count.unwrap_or_default());
    header.meta = Some(json!({}));
    let header = serde_json::to_value(header)?;
    let (signed_header, signed_message) = (canonical_json(&header), canonical_json(&message));
    let signature = sign_message(
        &app.keys,
        ours,
        &signed_header,
        &signed_message,
        now.unix_timestamp(),
        SIGNATURE_SECONDS,
    )?;
    Ok(canonical_json(&json!({"signature": signature, "header": header, "message": message})))
}

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn callbacks_go_to_the_documents_paths_or_take_the_place_of_another() {
        assert_eq!(
            address("https://spp.example.org/", "/on-disburse"),
            "https://spp.example.org/on-disburse"
        );
        assert_eq!(address("https://x/ns", "/disburse/txn/on-status"), "https://x/ns/disburse/txn/on-status");
        assert_eq!(address("https://x/cb/on-disburse", "/on-disburse"), "https://x/cb/on-disburse");
        assert_eq!(address("https://x/cb/on-search", "/disburse/txn/on-status"), "https://x/cb/on-status");
    }
}
