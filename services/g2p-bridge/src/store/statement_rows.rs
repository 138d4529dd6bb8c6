//! The payments of an envelope as its statement lists them.

use sea_orm::{ConnectionTrait, FromQueryResult};
use storage::{StoreResult, sql};
use time::{Date, OffsetDateTime};

use crate::domain::disbursement::State;

/// A payment with what the bank's statements say of it.
#[derive(Debug, Clone, FromQueryResult)]
pub struct StatementRow {
    /// Its number: the cursor.
    pub seq: i64,
    /// Its id.
    pub disbursement_id: String,
    /// Whom it pays, by pseudonym.
    pub beneficiary_id: String,
    /// Minor units.
    pub amount_minor: i64,
    /// Where it stands.
    pub state: String,
    /// Why.
    pub reason: Option<String>,
    /// Since when.
    pub updated_at: OffsetDateTime,
    /// The bank's reference of the debit.
    pub bank_ref: Option<String>,
    /// When the debit was booked.
    pub booked_on: Option<Date>,
    /// When it was taken back.
    pub reversed_on: Option<Date>,
    /// Debits that count: none or one.
    pub debits: i64,
    /// Their sum.
    pub debit_minor: i64,
    /// Reversals that count.
    pub reversals: i64,
    /// Their sum.
    pub reversal_minor: i64,
    /// Whether it was rejected after it had been sent to the bank.
    pub was_sent: bool,
}

impl StatementRow {
    /// Whether the bank's statements say what a payment in this state must have on them: one debit when it was paid, one reversal
    /// when it came back, each of its amount, and nothing otherwise.
    #[must_use]
    pub fn fits(&self, state: State) -> bool {
        let (debits, reversals) = match state {
            State::Paid => (1, 0),
            State::Reversed => (1, 1),
            _ => (0, 0),
        };
        (self.debits, self.debit_minor) == (debits, debits * self.amount_minor)
            && (self.reversals, self.reversal_minor) == (reversals, reversals * self.amount_minor)
    }
}

/// The next payments after `after`, in the order of their numbers.
pub async fn next<C: ConnectionTrait>(
    conn: &C,
    tenant: &str,
    envelope_id: &str,
    after: i64,
    limit: i64,
) -> StoreResult<Vec<StatementRow>> {
    sql::fetch_all(
        conn,
        include_str!("sql/statement_rows.sql"),
        [tenant.into(), envelope_id.into(), after.into(), limit.into()],
    )
    .await
}

/// Makes a transaction see one moment only, and change nothing. Its first statement.
pub async fn one_moment<C: ConnectionTrait>(tx: &C) -> StoreResult<()> {
    tx.execute_unprepared("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
    Ok(())
}
