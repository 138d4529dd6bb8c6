//! Booking accepted payments, and booking back those that could not be delivered.

use std::collections::BTreeSet;

use ::jobs::{JobError, RunningJob};
use storage::DatabaseTransaction;
use tracing::Instrument;
use uuid::Uuid;

use crate::{
    State,
    domain::{Event, PaymentState, transition},
    jobs,
    store::{
        self,
        accounts::NewAccounts,
        booking::{Change, ToBook},
    },
};

/// Payments of one transaction.
const CHUNK: i64 = 1_000;

/// Books the payments of a batch, a chunk in a transaction. Running it again books what is left.
pub(crate) async fn book(state: &State, job: &RunningJob, batch_id: Uuid) -> Result<(), JobError> {
    let mut done = 0;
    loop {
        let span =
            tracing::info_span!("book payments", service = "example-bank", payments = tracing::field::Empty);
        let booked = book_chunk(state, job, batch_id, done).instrument(span.clone()).await?;
        span.record("payments", booked);
        done += booked;
        if booked < CHUNK {
            return Ok(());
        }
    }
}

async fn book_chunk(state: &State, job: &RunningJob, batch_id: Uuid, done: i64) -> Result<i64, JobError> {
    let (tenant, at) = (job.tenant.as_str(), state.clock.now());
    let tx = state.db.begin().await?;
    job.guard(&tx).await?;
    let payments = store::booking::to_book(&tx, tenant, batch_id, CHUNK).await?;
    let count = i64::try_from(payments.len()).unwrap_or(i64::MAX);
    if payments.is_empty() {
        return Ok(0);
    }
    let closed = open_accounts(state, &tx, tenant, &payments).await?;
    let keys: Vec<String> = payments.iter().map(|p| p.payment_reference_number.clone()).collect();
    let to = transition(Some(PaymentState::Accepted), Event::Book)?;
    let change = Change { tenant, at, from: PaymentState::Accepted, to };
    let marked = store::booking::mark_booked(&tx, &change, keys.clone(), closed).await?;
    all_of(marked, keys.len(), "marked booked")?;
    // Out of the block before out of the account: what is available never falls in between.
    store::booking::consume_blocks(&tx, tenant, keys.clone()).await?;
    let legs = store::booking::post_payments(&tx, tenant, at, keys).await?;
    all_of(legs, 2 * payments.len(), "posted")?;
    let sponsors: BTreeSet<&str> = payments.iter().map(|p| p.account_number.as_str()).collect();
    for account in sponsors {
        jobs::enqueue_statement(&tx, state, tenant, account).await?;
    }
    job.progress_in(&tx, done + count, None).await?;
    tx.commit().await?;
    Ok(count)
}

/// Opens what the payments credit and is not there yet. Returns for each payment whether the account it goes to at
/// another bank is closed; closed accounts of this bank say so themselves.
async fn open_accounts(
    state: &State,
    tx: &DatabaseTransaction,
    tenant: &str,
    payments: &[ToBook],
) -> Result<Vec<bool>, JobError> {
    let mut rows = NewAccounts::default();
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    let mut closed = Vec::with_capacity(payments.len());
    for payment in payments {
        let is_account = payment.payee_kind == "account";
        let is_closed = is_account && state.closed.contains(&payment.payee_id);
        let is_ours = is_account && payment.credit_account == payment.payee_id;
        closed.push(is_closed && !is_ours);
        if seen.insert(&payment.credit_account) {
            let kind = match (is_ours, is_account) {
                (true, _) => "beneficiary",
                (false, true) => "clearing",
                (false, false) => "wallet",
            };
            let status = if is_ours && is_closed { "closed" } else { "open" };
            rows.push(&payment.credit_account, &payment.currency, kind, status);
        }
    }
    let currencies: BTreeSet<&str> = payments.iter().map(|p| p.currency.as_str()).collect();
    for currency in currencies {
        rows.push(&format!("returns:{currency}"), currency, "clearing", "open");
    }
    store::accounts::open(tx, tenant, state.clock.now(), rows).await?;
    Ok(closed)
}

/// Books payments back whose debit the sponsor has seen on a statement. Running it again books what is left.
pub(crate) async fn book_returns(state: &State, job: &RunningJob, account: &str) -> Result<(), JobError> {
    let (tenant, to) = (job.tenant.as_str(), transition(Some(PaymentState::Booked), Event::Return)?);
    loop {
        let at = state.clock.now();
        let tx = state.db.begin().await?;
        job.guard(&tx).await?;
        let keys = store::booking::to_return(&tx, tenant, account, CHUNK).await?;
        if keys.is_empty() {
            return Ok(());
        }
        let count = keys.len();
        let change = Change { tenant, at, from: PaymentState::Booked, to };
        let marked = store::booking::mark_reversed(&tx, &change, keys.clone()).await?;
        all_of(marked, count, "marked reversed")?;
        let legs = store::booking::post_reversals(&tx, tenant, at, keys).await?;
        all_of(legs, 2 * count, "posted")?;
        jobs::enqueue_statement(&tx, state, tenant, account).await?;
        tx.commit().await?;
        tracing::info!(payments = count, "payments came back");
    }
}

/// The rows are locked and checked before, so anything else is a fault of ours: nothing of it is committed.
fn all_of(rows: u64, expected: usize, what: &str) -> Result<(), JobError> {
    if u64::try_from(expected).is_ok_and(|expected| expected == rows) {
        return Ok(());
    }
    Err(JobError::retry(format!("{rows} rows were {what} where {expected} must be; nothing was booked")))
}
