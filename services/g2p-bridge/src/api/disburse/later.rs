//! Asynchronous disburse messages: acknowledged at once, worked on by a job, answered to the address registered for the
//! sender.

use std::time::Duration;

use actix_web::HttpResponse;
use g2p_connect::{
    AckError, AckResponse, MsgCallbackHeader, MsgHeader, MsgStatus, Request,
    disburse::core::DisburseResponse,
    reason::{ErrReason, HeaderReason},
};
use jobs::{JobError, NewJob, Next, RunningJob};
use platform::{
    Actor, ApiError, Ctx, EnvelopeFault, PartnerError, SchemaFault, Sender, SignedBody,
    callback::callback_base, clock::rfc3339, partners::ANONYMOUS, replay, signed::parse_json,
};
use sea_orm::DatabaseTransaction;
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    answers::{self, Asked},
    wire::{DisburseIn, DisburseSearchRequest, DisburseStatusRequest},
};
use crate::{
    api::{Answer, State},
    app::{
        App, Failure, disburse,
        disburse_read::{self, Named, Question},
        notify::{self, CALLBACK_ATTEMPTS, MessageJob},
        status::may_read,
    },
    domain::order::MAX_TEXT,
    jobs::kinds,
    store::{
        messages::{self, Message, NewMessage},
        orders::Of,
    },
};

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
        let job = NewJob::new(kinds::MESSAGE, &MessageJob { correlation_id }).tenant(ctx.tenant.as_str());
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
    let which: MessageJob = job.payload()?;
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
    let open = message.asked == Asked::Disburse.as_str() && answer.1 < message.total_count;
    if messages::worked(&tx, tenant, message.correlation_id, answer, app.now()).await? {
        if open {
            messages::await_end(&tx, tenant, message.correlation_id).await?;
            // It may hold payments that came before, in other messages.
            notify::enqueue_ends(&tx, tenant, vec![message.correlation_id]).await?;
        }
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
    let which: MessageJob = job.payload()?;
    let tenant = job.tenant.as_str();
    let message = messages::find(app.db.conn(), tenant, which.correlation_id).await?;
    let Some(message) = message.filter(|m| m.state != "delivered" && m.response.is_some()) else {
        return Ok(Next::Done);
    };
    let response: Value = serde_json::from_str(message.response.as_deref().unwrap_or("{}"))
        .map_err(|e| JobError::Fatal(format!("a kept answer: {e}")))?;
    let completed = message.completed_count.unwrap_or_default();
    let body = callback_body(app, &message, message.callback_message_id, &response, completed)?;
    let sent = notify::deliver(app, &message.callback_url, body).await;
    if matches!(&sent, Err(JobError::Retry(_)) if job.attempt < job.max_attempts) {
        return sent.map(|()| Next::Done);
    }
    messages::called_back(app.db.conn(), tenant, message.correlation_id, sent.is_ok(), app.now()).await?;
    sent.map(|()| Next::Done)
}

/// Sends the second answer of a message once nothing more will happen to its payments, and after the first one.
///
/// # Errors
/// Retried while the receiver may still take it.
pub(crate) async fn run_end(app: &App, job: &RunningJob) -> Result<Next, JobError> {
    let which: MessageJob = job.payload()?;
    let tenant = job.tenant.as_str();
    let message = messages::find(app.db.conn(), tenant, which.correlation_id).await?;
    let Some((message, id)) = message.and_then(|m| m.final_message_id.map(|id| (m, id))) else {
        return Ok(Next::Done);
    };
    if message.final_state.as_deref() == Some("delivered") {
        return Ok(Next::Done);
    }
    let ctx = Ctx::system("disburse", tenant, app.clock.clone());
    let from = disburse::From { sender: message.sender.clone(), lenient: true };
    let asked = Question { search: false, named: Named::Correlation(message.correlation_id) };
    let known =
        disburse_read::status(app, &ctx, &from, &asked).await.map_err(unrefused).map_err(unworkable)?;
    let completed = answers::completed(&known.items);
    if completed < known.items.len() {
        return Ok(Next::Done);
    }
    if message.state == "done" {
        return Ok(Next::After(Duration::from_secs(1)));
    }
    let answer = json!({"transaction_id": message.transaction_id, "correlation_id": message.correlation_id,
                        "disbursements_status": known.items});
    let completed = i64::try_from(completed).unwrap_or(i64::MAX);
    let body = callback_body(app, &message, id, &answer, completed)?;
    let sent = notify::deliver(app, &message.callback_url, body).await;
    if matches!(&sent, Err(JobError::Retry(_)) if job.attempt < job.max_attempts) {
        return sent.map(|()| Next::Done);
    }
    messages::ended(app.db.conn(), tenant, message.correlation_id, sent.is_ok()).await?;
    sent.map(|()| Next::Done)
}

/// The body of a callback.
fn callback_body(
    app: &App,
    kept: &Message,
    id: Uuid,
    message: &Value,
    completed: i64,
) -> Result<Vec<u8>, anyhow::Error> {
    let now = app.now();
    let ours = app.callbacks.partner_id();
    let action = answers::answered_action(&kept.action);
    let request = MsgHeader::new(
        id.to_string(),
        rfc3339(now),
        action.clone(),
        kept.partner_id.clone(),
        kept.total_count,
    )
    .to_receiver(ours);
    let mut header = MsgCallbackHeader::for_request(&request, action, MsgStatus::Succ, rfc3339(now))
        .counts(kept.total_count, completed);
    header.meta = Some(json!({}));
    let header = serde_json::to_value(header)?;
    notify::signed(app, &header, message)
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
