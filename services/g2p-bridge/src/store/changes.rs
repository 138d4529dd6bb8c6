//! The one way in which payments change state.

use sea_orm::{ConnectionTrait, FromQueryResult};
use storage::{StoreResult, sql, sql::nullable};
use time::OffsetDateTime;

use crate::domain::disbursement::{Event, State, transition};

/// What is to happen to one payment.
#[derive(Debug, Clone)]
pub struct Change {
    /// The payment.
    pub disbursement_id: String,
    /// The state the caller saw.
    pub before: State,
    /// The state it goes to.
    pub after: State,
    /// Why.
    pub reason: Option<String>,
}

impl Change {
    /// What `event` makes of a payment seen in `before`; `None` when it changes nothing.
    #[must_use]
    pub fn by(event: Event, id: &str, before: State, reason: Option<String>) -> Option<Self> {
        let after = transition(before, event)?;
        Some(Self { disbursement_id: id.to_owned(), before, after, reason })
    }
}

/// A change that was made.
#[derive(Debug, Clone, FromQueryResult)]
pub struct Applied {
    /// The payment.
    pub disbursement_id: String,
    /// Its envelope.
    pub envelope_id: String,
    /// The state before.
    pub before: String,
    /// The state now.
    pub after: String,
    /// Why.
    pub reason: Option<String>,
}

/// Who changes what, when: the words of the history.
#[derive(Debug, Clone, Copy)]
pub struct Cause<'a> {
    /// Whose rows.
    pub tenant: &'a str,
    /// Who acts.
    pub actor: &'a str,
    /// What is done.
    pub action: &'a str,
    /// When.
    pub at: OffsetDateTime,
}

/// Makes the changes in one statement and returns those that were made: a payment that is no longer in the state the
/// caller saw keeps the state it has.
pub async fn apply<C: ConnectionTrait>(
    tx: &C,
    cause: Cause<'_>,
    changes: Vec<Change>,
) -> StoreResult<Vec<Applied>> {
    if changes.is_empty() {
        return Ok(Vec::new());
    }
    let mut columns = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for change in changes {
        columns.0.push(change.disbursement_id);
        columns.1.push(change.before.as_str().to_owned());
        columns.2.push(change.after.as_str().to_owned());
        columns.3.push(change.reason);
    }
    sql::fetch_all(
        tx,
        include_str!("sql/apply_changes.sql"),
        [
            cause.tenant.into(),
            columns.0.into(),
            columns.1.into(),
            columns.2.into(),
            nullable(columns.3),
            cause.at.into(),
            cause.actor.into(),
            cause.action.into(),
        ],
    )
    .await
}
