//! Telling programme systems of changes: signed messages to the address they gave, in order for each envelope, at least
//! once, until they are taken.

use g2p_connect::{MsgCallbackHeader, MsgHeader, MsgStatus};
use g2p_crypto::{canonical_json, sign_message};
use jobs::{JobError, NewJob, Next, RunningJob};
use platform::{
    callback::{CallbackRefused, callback_base, may_send_to},
    clock::rfc3339,
};
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use storage::{StoreError, StoreResult};
use uuid::Uuid;

use super::App;
use crate::{
    jobs::{FOREVER, kinds},
    store::notifications::{self, Waiting},
};

/// Attempts to send an answer: with the longest pauses of a minute, at least a day.
pub const CALLBACK_ATTEMPTS: u32 = 1_500;
/// How long a callback's signature holds, in seconds.
const SIGNATURE_SECONDS: u32 = 300;
/// `header.action` of these messages.
const ACTION: &str = "on-status-change";

/// The envelope whose programme system is to be told.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NotifyJob {
    /// The envelope.
    pub envelope_id: String,
}

/// Enqueues it for some envelopes. Enqueueing twice is the same as once.
///
/// # Errors
/// The database's.
pub async fn enqueue<C: ConnectionTrait>(tx: &C, tenant: &str, envelopes: Vec<String>) -> StoreResult<()> {
    let jobs = envelopes.into_iter().map(|envelope_id| {
        let job = NewJob::new(kinds::NOTIFY, &NotifyJob { envelope_id: envelope_id.clone() });
        job.tenant(tenant).key(envelope_id).max_attempts(FOREVER)
    });
    jobs::enqueue_many(tx, jobs.collect()).await?;
    Ok(())
}

/// An asynchronous message of the disburse API.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct MessageJob {
    /// The id it was acknowledged with.
    pub correlation_id: Uuid,
}

/// Looks whether these messages are at their end.
///
/// # Errors
/// The database's.
pub async fn enqueue_ends<C: ConnectionTrait>(tx: &C, tenant: &str, messages: Vec<Uuid>) -> StoreResult<()> {
    let jobs = messages.into_iter().map(|correlation_id| {
        let job = NewJob::new(kinds::END, &MessageJob { correlation_id });
        job.tenant(tenant).key(correlation_id.to_string()).max_attempts(CALLBACK_ATTEMPTS)
    });
    jobs::enqueue_many(tx, jobs.collect()).await?;
    Ok(())
}

/// Sends what waits about one envelope, oldest first.
///
/// # Errors
/// Retried while the receiver may still take it.
pub async fn run(app: &App, job: &RunningJob) -> Result<Next, JobError> {
    let NotifyJob { envelope_id } = job.payload()?;
    let tenant = job.tenant.as_str();
    while let Some(waiting) = notifications::next(app.db.conn(), tenant, &envelope_id).await? {
        if job.cancelled().is_cancelled() {
            return Ok(Next::After(std::time::Duration::ZERO));
        }
        let sent = send(app, &waiting).await;
        let too_old =
            app.now() - waiting.created_at > time::Duration::days(i64::from(app.config.message_days));
        let tx = app.begin().await?;
        job.guard(&tx).await?;
        match sent {
            Ok(()) => notifications::done(&tx, tenant, &envelope_id, waiting.id).await?,
            Err(JobError::Retry(error)) if !too_old => return Err(JobError::Retry(error)),
            Err(error) => {
                let why = error.to_string();
                tracing::error!(envelope = %envelope_id, error = %why, "the programme system was not told of a change");
                notifications::dead(&tx, tenant, &envelope_id, waiting.id, &why).await?;
            }
        }
        tx.commit().await.map_err(StoreError::from)?;
    }
    Ok(Next::Done)
}

async fn send(app: &App, waiting: &Waiting) -> Result<(), JobError> {
    let fatal = |text: &str| JobError::Fatal(text.to_owned());
    let Some(wanted) = waiting.notify_url.as_deref() else {
        return Err(fatal("the programme does not want to be told any more"));
    };
    let Some(maker) = waiting.maker.strip_prefix("partner:") else {
        return Err(fatal("the envelope was made by no partner"));
    };
    let partner = app.partners.find(maker).await?;
    let partner =
        partner.ok_or_else(|| fatal("the partner that made the envelope is not registered any more"))?;
    let url = callback_base(&partner.policy.callback_urls, wanted).map_err(|why| fatal(why.text()))?;
    let now = app.now();
    let id = waiting.message_id.to_string();
    let request = MsgHeader::new(id, rfc3339(now), ACTION.to_owned(), maker.to_owned(), 1);
    let request = request.to_receiver(app.callbacks.partner_id());
    let mut header =
        MsgCallbackHeader::for_request(&request, ACTION.to_owned(), MsgStatus::Succ, rfc3339(now))
            .counts(1, 1);
    header.meta = Some(json!({}));
    let header = serde_json::to_value(header).map_err(anyhow::Error::from)?;
    let body = signed(app, &header, &waiting.message)?;
    deliver(app, url.as_str(), body).await
}

/// Posts a signed body to an address, when that leads to another machine. The receiver may have taken it when the answer
/// is unclear: it is sent again under the same message id.
///
/// # Errors
/// Retried while the receiver may still take it.
pub async fn deliver(app: &App, url: &str, body: Vec<u8>) -> Result<(), JobError> {
    match may_send_to(url, app.config.callback_loopback).await {
        Ok(()) => {}
        Err(CallbackRefused::Unknown) => return Err(JobError::retry(CallbackRefused::Unknown.text())),
        Err(why) => return Err(JobError::Fatal(why.text().to_owned())),
    }
    match app.callbacks.post_signed_bytes(url, body, "application/json").await {
        Ok(_) => Ok(()),
        Err(error) if error.is_retryable() => Err(JobError::Retry(error.into())),
        Err(error) => Err(JobError::Fatal(error.to_string())),
    }
}

/// The body of a callback: canonical JSON with a signature over its header and message in it, so that receivers that look
/// at the body and those that look at the HTTP header can both check it.
///
/// # Errors
/// When it cannot be signed.
pub fn signed(app: &App, header: &Value, message: &Value) -> Result<Vec<u8>, anyhow::Error> {
    let (signed_header, signed_message) = (canonical_json(header), canonical_json(message));
    let signature = sign_message(
        &app.keys,
        app.callbacks.partner_id(),
        &signed_header,
        &signed_message,
        app.now().unix_timestamp(),
        SIGNATURE_SECONDS,
    )?;
    Ok(canonical_json(&json!({"signature": signature, "header": header, "message": message})))
}
