//! What has been waiting longer than it may: one question for each table, whatever the number of rows.

use sea_orm::{ConnectionTrait, FromQueryResult, Value};
use storage::{StoreResult, sql};
use time::{Date, OffsetDateTime, format_description::well_known::Rfc3339};

use crate::domain::envelope;

/// What makes an envelope overdue now: since when it must have been in its state, and, where the state waits for the
/// envelope's day, the latest such day in each time zone.
#[derive(Debug, Clone, Default)]
pub struct Limits {
    /// A state, and since before when an envelope in it is late.
    pub states: Vec<(envelope::State, OffsetDateTime)>,
    /// A state, a time zone, and the latest day of an envelope that is late in it.
    pub days: Vec<(envelope::State, String, Date)>,
}

impl Limits {
    /// As parameters of [`is_overdue`], in its order.
    #[must_use]
    pub fn values(&self) -> [Value; 5] {
        // What cannot be written as RFC 3339 is so long ago that nothing is older.
        let moment = |at: &OffsetDateTime| at.format(&Rfc3339).unwrap_or_else(|_| "-infinity".to_owned());
        [
            texts(self.states.iter().map(|(state, _)| state.as_str().to_owned())),
            texts(self.states.iter().map(|(_, before)| moment(before))),
            texts(self.days.iter().map(|(state, ..)| state.as_str().to_owned())),
            texts(self.days.iter().map(|(_, zone, _)| zone.clone())),
            texts(self.days.iter().map(|(.., day)| day.to_string())),
        ]
    }
}

fn texts(items: impl Iterator<Item = String>) -> Value {
    items.collect::<Vec<String>>().into()
}

/// Whether the envelope `e` of the programme configuration `p` is overdue; its parameters begin at `$first`. The same rule
/// as `domain::deadline::of`.
#[must_use]
pub fn is_overdue(first: usize) -> String {
    let [states, before, day_states, zones, days] = [0, 1, 2, 3, 4].map(|at| first + at);
    format!(
        "EXISTS (SELECT 1 FROM UNNEST(${states}::text[], ${before}::text[]::timestamptz[]) AS l(state, before)
                   LEFT JOIN UNNEST(${day_states}::text[], ${zones}::text[], ${days}::text[]::date[]) AS d(state, zone, day)
                          ON d.state = l.state AND d.zone = p.time_zone
                  WHERE l.state = e.state AND e.state_since < l.before AND (d.day IS NULL OR e.schedule_date <= d.day)
                    AND (e.state NOT IN ('CANCELLED', 'EXPIRED') OR e.closed_at IS NULL))"
    )
}

/// How many there are of something in a state.
#[derive(Debug, Clone, FromQueryResult)]
pub struct Count {
    /// The state.
    pub state: String,
    /// How many.
    pub count: i64,
}

/// The time zones of all programmes.
pub async fn zones<C: ConnectionTrait>(conn: &C) -> StoreResult<Vec<String>> {
    sql::scalars(conn, "SELECT DISTINCT time_zone FROM benefit_programs", []).await
}

const OPEN_ENVELOPES: &str = "envelopes AS e
   JOIN benefit_programs AS p ON p.tenant_id = e.tenant_id
        AND p.benefit_program_mnemonic = e.benefit_program_mnemonic AND p.version = e.program_version
  WHERE (e.state NOT IN ('FINISHED', 'CANCELLED', 'EXPIRED')
         OR e.state IN ('CANCELLED', 'EXPIRED') AND e.closed_at IS NULL)";

/// Overdue envelopes of all tenants by state.
pub async fn envelopes<C: ConnectionTrait>(conn: &C, limits: &Limits) -> StoreResult<Vec<Count>> {
    let query = format!(
        "SELECT e.state, count(*) AS count FROM {OPEN_ENVELOPES} AND {} GROUP BY e.state",
        is_overdue(1)
    );
    sql::fetch_all(conn, &query, limits.values()).await
}

/// Payments that wait because their envelope is overdue, by state: those that the bank has not heard of.
pub async fn unsent_payments<C: ConnectionTrait>(conn: &C, limits: &Limits) -> StoreResult<Vec<Count>> {
    let query = format!(
        "SELECT t.state, sum(t.count)::bigint AS count
           FROM (SELECT e.tenant_id, e.envelope_id FROM {OPEN_ENVELOPES} AND {}) AS late
           JOIN envelope_tally AS t ON t.tenant_id = late.tenant_id AND t.envelope_id = late.envelope_id
          WHERE t.state IN ('RECEIVED', 'RESOLVED') GROUP BY t.state",
        is_overdue(1)
    );
    sql::fetch_all(conn, &query, limits.values()).await
}

/// Since when what must have been waiting to be overdue.
#[derive(Debug, Clone, Copy)]
pub struct Moments {
    /// Attempts in `SENDING`.
    pub sending: OffsetDateTime,
    /// Attempts in `UNKNOWN`.
    pub unknown: OffsetDateTime,
    /// Envelopes whose payments are with the bank.
    pub accepted: OffsetDateTime,
    /// Statement files.
    pub statement_file: OffsetDateTime,
    /// Lines that wait for another line.
    pub line_waiting: OffsetDateTime,
    /// Lines that wait for a person.
    pub line_problem: OffsetDateTime,
    /// Messages that nobody has worked on.
    pub message: OffsetDateTime,
    /// Answers and notifications that were not delivered.
    pub callback: OffsetDateTime,
    /// Proposals that nobody decided.
    pub proposal: OffsetDateTime,
}

/// Attempts without a clear answer, by state. A bank that was handed a file or a batch has as long to answer as one that took
/// a payment on has to show it.
pub async fn attempts<C: ConnectionTrait>(conn: &C, at: &Moments) -> StoreResult<Vec<Count>> {
    sql::fetch_all(
        conn,
        "SELECT state, count(*) AS count FROM payment_attempts
          WHERE state IN ('SENDING', 'UNKNOWN')
            AND sent_at < CASE WHEN state = 'SENDING' THEN $1 WHEN reason = 'HANDED_OVER' THEN $3 ELSE $2 END
          GROUP BY state",
        [at.sending.into(), at.unknown.into(), at.accepted.into()],
    )
    .await
}

/// Payments that the bank took on and that no statement shows, in envelopes that are being paid for too long.
pub async fn accepted<C: ConnectionTrait>(conn: &C, at: &Moments) -> StoreResult<Vec<Count>> {
    sql::fetch_all(
        conn,
        "SELECT t.state, sum(t.count)::bigint AS count
           FROM envelopes AS e JOIN envelope_tally AS t ON t.tenant_id = e.tenant_id AND t.envelope_id = e.envelope_id
          WHERE e.state NOT IN ('FINISHED', 'CANCELLED', 'EXPIRED') AND e.state = 'PAYING' AND e.state_since < $1
            AND t.state = 'ACCEPTED' GROUP BY t.state",
        [at.accepted.into()],
    )
    .await
}

/// Statement files that were not worked off.
pub async fn statement_files<C: ConnectionTrait>(conn: &C, at: &Moments) -> StoreResult<Vec<Count>> {
    sql::fetch_all(
        conn,
        "SELECT state, count(*) AS count FROM statement_files WHERE state = 'RECEIVED' AND uploaded_at < $1 GROUP BY state",
        [at.statement_file.into()],
    )
    .await
}

/// Statement lines in doubt, by outcome.
pub async fn statement_lines<C: ConnectionTrait>(conn: &C, at: &Moments) -> StoreResult<Vec<Count>> {
    sql::fetch_all(
        conn,
        "SELECT outcome AS state, count(*) AS count FROM statement_lines
          WHERE outcome IN ('PROBLEM', 'WAITING') AND created_at < CASE outcome WHEN 'WAITING' THEN $1 ELSE $2 END
          GROUP BY outcome",
        [at.line_waiting.into(), at.line_problem.into()],
    )
    .await
}

/// Asynchronous messages that nobody worked on, and answers to them that were not delivered.
pub async fn messages<C: ConnectionTrait>(conn: &C, at: &Moments) -> StoreResult<Vec<Count>> {
    sql::fetch_all(
        conn,
        "SELECT state, count(*) AS count FROM disburse_messages WHERE state = 'received' AND created_at < $1 GROUP BY state
          UNION ALL
         SELECT state, count(*) AS count FROM disburse_messages WHERE state = 'done' AND finished_at < $2 GROUP BY state",
        [at.message.into(), at.callback.into()],
    )
    .await
}

/// Notifications that were not delivered in time, and those that nobody will take.
pub async fn notifications<C: ConnectionTrait>(conn: &C, at: &Moments) -> StoreResult<Vec<Count>> {
    sql::fetch_all(
        conn,
        "SELECT state, count(*) AS count FROM notifications WHERE state = 'DEAD' OR created_at < $1 GROUP BY state",
        [at.callback.into()],
    )
    .await
}

/// Proposals that wait for a second person.
pub async fn proposals<C: ConnectionTrait>(conn: &C, at: &Moments) -> StoreResult<Vec<Count>> {
    sql::fetch_all(
        conn,
        "SELECT state, count(*) AS count FROM proposals WHERE state = 'OPEN' AND proposed_at < $1 GROUP BY state",
        [at.proposal.into()],
    )
    .await
}

/// An envelope that was cancelled or given up and not closed.
#[derive(Debug, Clone, FromQueryResult)]
pub struct Unclosed {
    /// Whose it is.
    pub tenant_id: String,
    /// Its id.
    pub envelope_id: String,
}

/// Envelopes that were cancelled or given up before `before` and are not closed: the oldest ones.
pub async fn unclosed<C: ConnectionTrait>(
    conn: &C,
    before: OffsetDateTime,
    limit: i64,
) -> StoreResult<Vec<Unclosed>> {
    sql::fetch_all(
        conn,
        "SELECT tenant_id, envelope_id FROM envelopes
          WHERE state IN ('CANCELLED', 'EXPIRED') AND closed_at IS NULL AND state_since < $1
          ORDER BY state_since LIMIT $2",
        [before.into(), limit.into()],
    )
    .await
}
