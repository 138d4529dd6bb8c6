//! Asynchronous messages: kept when they come, worked on by a job, answered to a callback by another.

use platform::{ApiError, PartnerError, clock::rfc3339};
use sea_orm::DatabaseTransaction;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use storage::{StoreError, StoreResult};
use uuid::Uuid;

pub(crate) use crate::store::transactions::{Named, Transaction, Worked};
use crate::{
    State,
    app::{Caller, bulk::Answered},
    domain::{Kept, Operation, TransactionState},
    store::{
        bulk,
        transactions::{self, NewTransaction},
    },
};

/// The job that does what a message asks for.
pub(crate) const WORK: &str = "mapper.transaction";
/// The job that sends the answer.
pub(crate) const CALLBACK: &str = "mapper.callback";
/// Attempts to send an answer: with the longest pauses, about a day and a half.
const CALLBACK_ATTEMPTS: u32 = 400;

/// What both jobs are given.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Which {
    pub(crate) correlation_id: Uuid,
}

/// A message that is to be kept.
#[derive(Debug)]
pub(crate) struct Accepted {
    /// `header.action`.
    pub(crate) action: &'static str,
    pub(crate) dialect: &'static str,
    pub(crate) transaction_id: String,
    pub(crate) reference_ids: Vec<String>,
    /// The body as it came.
    pub(crate) request: String,
    pub(crate) callback_url: Option<String>,
}

/// Keeps a message and the job to work on it; returns the id to acknowledge it with.
///
/// # Errors
/// When the database refuses.
pub(crate) async fn keep(
    tx: &DatabaseTransaction,
    state: &State,
    caller: &Caller<'_>,
    accepted: Accepted,
) -> Result<Uuid, PartnerError> {
    let correlation_id = Uuid::now_v7();
    let tenant = caller.ctx.tenant.as_str();
    let total = i32::try_from(accepted.reference_ids.len()).unwrap_or(i32::MAX);
    let row = correlation_id.to_string();
    let request =
        state.vault.seal_owned(Kept::Request, tenant, &row, accepted.request).map_err(ApiError::internal)?;
    let new = NewTransaction {
        tenant,
        correlation_id,
        partner_id: &caller.sender.partner.partner_id,
        operation: accepted.action,
        dialect: accepted.dialect,
        transaction_id: &accepted.transaction_id,
        message_id: caller.message_id,
        reference_ids: accepted.reference_ids,
        request,
        total,
        callback_url: accepted.callback_url,
        at: caller.ctx.clock.now(),
    };
    transactions::insert(tx, new).await?;
    ::jobs::enqueue(tx, ::jobs::NewJob::new(WORK, &Which { correlation_id }).tenant(tenant)).await?;
    Ok(correlation_id)
}

/// Keeps a file of changes as a message whose work is done by the job of the file.
///
/// # Errors
/// When the database refuses.
pub(crate) async fn keep_bulk(
    tx: &DatabaseTransaction,
    caller: &Caller<'_>,
    job_id: Uuid,
    operation: Operation,
    rows: i64,
    answered: Answered,
) -> StoreResult<()> {
    let new = NewTransaction {
        tenant: caller.ctx.tenant.as_str(),
        correlation_id: job_id,
        partner_id: &caller.sender.partner.partner_id,
        operation: operation.as_str(),
        dialect: answered.dialect,
        transaction_id: &job_id.to_string(),
        message_id: caller.message_id,
        reference_ids: Vec::new(),
        request: String::new(),
        total: i32::try_from(rows).unwrap_or(i32::MAX),
        callback_url: answered.callback_url,
        at: caller.ctx.clock.now(),
    };
    transactions::insert(tx, new).await
}

/// Refused rows of a file that its answer lists; the report has them all.
const ANSWERED_REJECTS: i64 = 1_000;

/// Answers the message that brought a file, when one did: how many rows were changed, and the first refused ones; of a file
/// that was given up or cancelled also that the rest was not worked on.
///
/// # Errors
/// When the database refuses.
pub(crate) async fn finish_bulk(
    tx: &DatabaseTransaction,
    state: &State,
    tenant: &str,
    job_id: Uuid,
) -> StoreResult<()> {
    let Some(transaction) = transactions::find(tx, tenant, job_id).await? else { return Ok(()) };
    let Some(file) = bulk::find(tx, tenant, job_id).await? else { return Ok(()) };
    let at = rfc3339(state.clock.now());
    let refused = |reject: bulk::Reject| {
        json!({
            "reference_id": reject.reference_id.unwrap_or_else(|| reject.row_no.to_string()),
            "timestamp": at,
            "id": reject.id_value,
            "status": "rjct",
            "status_reason_code": reject.code,
            "status_reason_message": format!("row {}, line {}: {}", reject.row_no, reject.line_no, reject.reason),
        })
    };
    let rejects = bulk::rejects(tx, tenant, job_id, 0, ANSWERED_REJECTS).await?;
    let mut items: Vec<Value> = rejects.into_iter().map(refused).collect();
    let failure = file.left_undone();
    items.extend(failure.iter().map(|why| not_done(&job_id.to_string(), &at, why)));
    let list = format!("{}_response", file.operation);
    let response = json!({
        "transaction_id": transaction.transaction_id,
        "correlation_id": transaction.correlation_id,
        list: items,
    });
    // As for messages: 1.x counts successes, the specification everything that was worked on.
    let completed = if transaction.dialect == "spar1" { file.changed } else { file.worked_on() };
    let completed = i32::try_from(completed).unwrap_or(i32::MAX);
    finish(tx, state, &transaction, Worked { response: response.to_string(), completed, failure }).await
}

/// An item of an answer that was not worked on.
fn not_done(reference_id: &str, at: &str, why: &str) -> Value {
    json!({
        "reference_id": reference_id, "timestamp": at, "status": "rjct", "status_reason_code": null,
        "status_reason_message": why,
    })
}

/// Answers a message whose work was given up: none of its items was done.
///
/// # Errors
/// When the database refuses.
pub(crate) async fn give_up(state: &State, tenant: &str, which: Which, why: &str) -> StoreResult<()> {
    let tx = state.db.begin().await?;
    let Some(transaction) = transactions::hold(&tx, tenant, which.correlation_id).await? else {
        return Ok(());
    };
    if transaction.state != TransactionState::Received.as_str() {
        return Ok(());
    }
    let at = rfc3339(state.clock.now());
    let mut response = json!({
        "transaction_id": transaction.transaction_id,
        "correlation_id": transaction.correlation_id,
    });
    if let (Some(operation), Some(members)) =
        (Operation::parse(&transaction.operation), response.as_object_mut())
    {
        let items = transaction.reference_ids.iter().map(|id| not_done(id, &at, why)).collect();
        members.insert(format!("{}_response", operation.as_str()), Value::Array(items));
    }
    let worked = Worked { response: response.to_string(), completed: 0, failure: Some(why.to_owned()) };
    finish(&tx, state, &transaction, worked).await?;
    tx.commit().await?;
    Ok(())
}

/// Stores the answer of a message, and the job to send it when there is an address.
///
/// # Errors
/// When the database refuses.
pub(crate) async fn finish(
    tx: &DatabaseTransaction,
    state: &State,
    transaction: &Transaction,
    mut worked: Worked,
) -> StoreResult<()> {
    let row = transaction.correlation_id.to_string();
    worked.response = state
        .vault
        .seal_owned(Kept::Response, &transaction.tenant_id, &row, worked.response)
        .map_err(|error| StoreError::Other(error.to_string()))?;
    transaction.worked(tx, worked, state.clock.now()).await?;
    if transaction.callback_url.is_some() {
        let job = ::jobs::NewJob::new(CALLBACK, &Which { correlation_id: transaction.correlation_id });
        ::jobs::enqueue(tx, job.tenant(transaction.tenant_id.clone()).max_attempts(CALLBACK_ATTEMPTS))
            .await?;
    }
    Ok(())
}

/// The message of an id.
///
/// # Errors
/// When the database cannot be asked.
pub(crate) async fn find(state: &State, tenant: &str, which: Which) -> StoreResult<Option<Transaction>> {
    opened(state, transactions::find(state.db.conn(), tenant, which.correlation_id).await?)
}

/// A message with what it says and what it was answered with opened.
fn opened(state: &State, transaction: Option<Transaction>) -> StoreResult<Option<Transaction>> {
    let Some(mut transaction) = transaction else { return Ok(None) };
    let row = transaction.correlation_id.to_string();
    for (kept, text) in
        [(Kept::Request, &mut transaction.request), (Kept::Response, &mut transaction.response)]
    {
        let open = |stored| state.vault.open(kept, &transaction.tenant_id, &row, stored);
        *text = text.take().map(open).transpose().map_err(|error| StoreError::Other(error.to_string()))?;
    }
    Ok(Some(transaction))
}

/// The caller's newest message of an operation that it names so. Callers that nobody registered share one name, and all
/// of them send the same placeholders: they have to name the id that they were acknowledged with.
///
/// # Errors
/// When the caller may not use the operation, or the database cannot be asked.
pub(crate) async fn status(
    state: &State,
    caller: &Caller<'_>,
    operation: Operation,
    named: &Named,
) -> Result<Option<Transaction>, PartnerError> {
    caller.require(operation)?;
    let partner = caller.sender.partner.partner_id.as_str();
    if partner == platform::partners::ANONYMOUS && !matches!(named, Named::Correlation(_)) {
        return Ok(None);
    }
    let tenant = caller.ctx.tenant.as_str();
    let found = transactions::of_sender(state.db.conn(), tenant, partner, operation.as_str(), named).await?;
    Ok(opened(state, found)?)
}

/// Removes messages that were worked on long ago.
///
/// # Errors
/// When the database refuses.
pub(crate) async fn forget(state: &State) -> StoreResult<()> {
    let before = state.clock.now() - time::Duration::days(i64::from(state.config.transaction_days));
    transactions::forget(state.db.conn(), before).await
}
