//! Asynchronous messages.

use sea_orm::{ConnectionTrait, FromQueryResult};
use storage::{StoreError, StoreResult, sql};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::domain::{TransactionState, TransactionStep};

/// A message to keep.
#[derive(Debug)]
pub(crate) struct NewTransaction<'a> {
    pub(crate) tenant: &'a str,
    pub(crate) correlation_id: Uuid,
    pub(crate) partner_id: &'a str,
    pub(crate) operation: &'a str,
    pub(crate) dialect: &'a str,
    pub(crate) transaction_id: &'a str,
    pub(crate) message_id: &'a str,
    pub(crate) reference_ids: Vec<String>,
    pub(crate) request: String,
    pub(crate) total: i32,
    pub(crate) callback_url: Option<String>,
    pub(crate) at: OffsetDateTime,
}

/// A kept message.
#[derive(Debug, FromQueryResult)]
pub(crate) struct Transaction {
    pub(crate) tenant_id: String,
    pub(crate) correlation_id: Uuid,
    pub(crate) partner_id: String,
    pub(crate) operation: String,
    pub(crate) dialect: String,
    pub(crate) transaction_id: String,
    pub(crate) message_id: String,
    pub(crate) reference_ids: Vec<String>,
    pub(crate) request: Option<String>,
    pub(crate) response: Option<String>,
    pub(crate) total_count: i32,
    pub(crate) completed_count: Option<i32>,
    pub(crate) callback_url: Option<String>,
    pub(crate) callback_message_id: Uuid,
    pub(crate) state: String,
    /// Why the work was given up, when it was.
    pub(crate) failure: Option<String>,
}

const COLUMNS: &str =
    "tenant_id, correlation_id, partner_id, operation, dialect, transaction_id, message_id, reference_ids,
    request, response, total_count, completed_count, callback_url, callback_message_id, state, failure";

/// Keeps a message.
pub(crate) async fn insert(tx: &impl ConnectionTrait, new: NewTransaction<'_>) -> StoreResult<()> {
    sql::execute(
        tx,
        "INSERT INTO transactions (tenant_id, correlation_id, partner_id, operation, dialect, transaction_id, message_id,
            reference_ids, request, total_count, callback_url, callback_message_id, state, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 'received', $13)",
        [
            new.tenant.into(),
            new.correlation_id.into(),
            new.partner_id.into(),
            new.operation.into(),
            new.dialect.into(),
            new.transaction_id.into(),
            new.message_id.into(),
            new.reference_ids.into(),
            new.request.into(),
            new.total.into(),
            new.callback_url.into(),
            Uuid::now_v7().into(),
            new.at.into(),
        ],
    )
    .await?;
    Ok(())
}

/// The message of an id.
pub(crate) async fn find(
    conn: &impl ConnectionTrait,
    tenant: &str,
    correlation_id: Uuid,
) -> StoreResult<Option<Transaction>> {
    sql::fetch_optional(
        conn,
        &format!("SELECT {COLUMNS} FROM transactions WHERE tenant_id = $1 AND correlation_id = $2"),
        [tenant.into(), correlation_id.into()],
    )
    .await
}

/// The same, which nobody else changes until the transaction ends.
pub(crate) async fn hold(
    tx: &impl ConnectionTrait,
    tenant: &str,
    correlation_id: Uuid,
) -> StoreResult<Option<Transaction>> {
    let query =
        format!("SELECT {COLUMNS} FROM transactions WHERE tenant_id = $1 AND correlation_id = $2 FOR UPDATE");
    sql::fetch_optional(tx, &query, [tenant.into(), correlation_id.into()]).await
}

/// How a sender names one of its messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Named {
    /// By the id it was acknowledged with.
    Correlation(Uuid),
    /// By the sender's own id.
    Transaction(String),
    /// By ids of items in it.
    References(Vec<String>),
}

/// The newest message of a sender that is named so.
pub(crate) async fn of_sender(
    conn: &impl ConnectionTrait,
    tenant: &str,
    partner_id: &str,
    operation: &str,
    named: &Named,
) -> StoreResult<Option<Transaction>> {
    let (which, value) = match named {
        Named::Correlation(id) => ("correlation_id = $4", (*id).into()),
        Named::Transaction(id) => ("transaction_id = $4", id.clone().into()),
        Named::References(ids) => ("reference_ids && $4", ids.clone().into()),
    };
    sql::fetch_optional(
        conn,
        &format!(
            "SELECT {COLUMNS} FROM transactions
              WHERE tenant_id = $1 AND partner_id = $2 AND operation = $3 AND {which}
              ORDER BY created_at DESC, correlation_id DESC LIMIT 1"
        ),
        [tenant.into(), partner_id.into(), operation.into(), value],
    )
    .await
}

/// What a message was answered with.
#[derive(Debug)]
pub(crate) struct Worked {
    pub(crate) response: String,
    pub(crate) completed: i32,
    /// Why the work was given up; `None` when it was done.
    pub(crate) failure: Option<String>,
}

impl Transaction {
    fn after(&self, step: TransactionStep) -> StoreResult<&'static str> {
        let state = TransactionState::parse(&self.state);
        state.and_then(|state| state.transition(step)).map(TransactionState::as_str).ok_or_else(|| {
            StoreError::Other(format!(
                "transactions.state is '{}', which {step:?} does not follow",
                self.state
            ))
        })
    }

    /// Stores the answer; the message itself is not needed any more.
    pub(crate) async fn worked(
        &self,
        tx: &impl ConnectionTrait,
        worked: Worked,
        at: OffsetDateTime,
    ) -> StoreResult<()> {
        let state = self.after(TransactionStep::Work)?;
        sql::execute(
            tx,
            "UPDATE transactions SET state = $3, request = NULL, response = $4, completed_count = $5, finished_at = $6,
                    failure = $7
              WHERE tenant_id = $1 AND correlation_id = $2",
            [
                self.tenant_id.clone().into(),
                self.correlation_id.into(),
                state.into(),
                worked.response.into(),
                worked.completed.into(),
                at.into(),
                worked.failure.into(),
            ],
        )
        .await?;
        Ok(())
    }

    /// Stores what became of the callback.
    pub(crate) async fn called_back(
        &self,
        conn: &impl ConnectionTrait,
        step: TransactionStep,
        at: OffsetDateTime,
    ) -> StoreResult<()> {
        let state = self.after(step)?;
        sql::execute(
            conn,
            "UPDATE transactions SET state = $3, delivered_at = CASE WHEN $3 = 'delivered' THEN $4 END
              WHERE tenant_id = $1 AND correlation_id = $2",
            [self.tenant_id.clone().into(), self.correlation_id.into(), state.into(), at.into()],
        )
        .await?;
        Ok(())
    }
}

/// Rows that one statement removes.
const FORGET_BATCH: u64 = 1_000;

/// Removes messages that were worked on before `before`.
pub(crate) async fn forget(conn: &impl ConnectionTrait, before: OffsetDateTime) -> StoreResult<()> {
    loop {
        let batch = i64::try_from(FORGET_BATCH).unwrap_or(i64::MAX);
        let rows = sql::execute(
            conn,
            "DELETE FROM transactions AS t USING (
                SELECT tenant_id, correlation_id FROM transactions
                 WHERE created_at < $1 AND state <> 'received' ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED) AS old
              WHERE t.tenant_id = old.tenant_id AND t.correlation_id = old.correlation_id",
            [before.into(), batch.into()],
        )
        .await?;
        if rows < FORGET_BATCH {
            return Ok(());
        }
    }
}
