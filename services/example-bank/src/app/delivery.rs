//! Posting statements to the bridge, in order, until each is taken.

use ::jobs::{JobError, RunningJob};
use platform::http_client::Answer;
use serde::Deserialize;

use crate::{State, domain::statement_upload, store};

#[derive(Deserialize)]
struct Envelope {
    header: Header,
}

#[derive(Deserialize)]
struct Header {
    status: String,
    #[serde(default)]
    status_reason_message: Option<String>,
}

/// Delivers the statements of an account, the oldest first. The later ones wait for it. A statement whose answer was
/// lost is posted again with the same bytes.
pub(crate) async fn deliver(state: &State, job: &RunningJob, account: &str) -> Result<(), JobError> {
    let url = format!("{}/upload_mt940", state.config.bridge_url.trim_end_matches('/'));
    while let Some(next) = store::statements::to_deliver(state.db.conn(), &job.tenant, account).await? {
        let upload = statement_upload(&next.content);
        let answer = state
            .http
            .post_signed_bytes(&url, upload.body, &upload.content_type)
            .await
            .map_err(|e| JobError::retry(format!("statement {}: {e}", next.statement_id)))?;
        if state.faults.repeats(next.statement_id) {
            let again = statement_upload(&next.content);
            // What comes of the repetition is the receiver's business.
            let _ = state.http.post_signed_bytes(&url, again.body, &again.content_type).await;
        }
        taken(&answer).map_err(|why| JobError::retry(format!("statement {} {why}", next.statement_id)))?;
        let tx = state.db.begin().await?;
        job.guard(&tx).await?;
        store::statements::mark_delivered(&tx, &job.tenant, next.statement_id, state.clock.now()).await?;
        tx.commit().await?;
        tracing::info!(statement = next.statement_id, number = next.number, "statement delivered");
    }
    Ok(())
}

/// The reference dialect answers HTTP 200 when it refuses, and so does a proxy in front of it with a page of its own: only
/// an envelope that says so means that the statement is taken.
fn taken(answer: &Answer) -> Result<(), String> {
    let header =
        answer.json::<Envelope>().map_err(|_| "got an answer that is not the bridge's".to_owned())?.header;
    if header.status == "succ" {
        return Ok(());
    }
    Err(format!("was refused: {}", header.status_reason_message.unwrap_or_default()))
}
