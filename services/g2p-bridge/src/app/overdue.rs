//! What has been waiting too long: until when each thing may wait, and the gauges that say how many are late.
//!
//! Every state that is not final has a limit in the configuration. A gauge is set to 0, too, so that an alert can tell
//! "nothing is late" from "nobody looked".

use platform::clock::rfc3339;
use storage::StoreResult;
use time::OffsetDateTime;

use super::{App, envelopes::zone};
use crate::{
    config::{Config, seconds},
    domain::{
        deadline::{self, Standing},
        envelope, schedule,
    },
    store::{
        envelopes::Envelope,
        overdue::{self, Count, Limits, Moments},
    },
};

/// How many of what are overdue, by `what` and `state`.
pub const GAUGE: &str = "bridge_overdue";
/// When the sweep last came to its end, in seconds of Unix time.
pub const SWEPT: &str = "bridge_swept_timestamp_seconds";

/// A kind of thing that can be overdue, as it stands in the gauge's label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// An envelope.
    Envelope,
    /// A payment.
    Payment,
    /// A file with bank statements.
    StatementFile,
    /// A line of a bank statement.
    StatementLine,
    /// An asynchronous message of the disburse API.
    Message,
    /// Something a programme system is to be told.
    Notification,
    /// What one person asked for and another one has to decide.
    Proposal,
}

impl What {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Envelope,
        Self::Payment,
        Self::StatementFile,
        Self::StatementLine,
        Self::Message,
        Self::Notification,
        Self::Proposal,
    ];

    /// The label.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Envelope => "envelope",
            Self::Payment => "payment",
            Self::StatementFile => "statement_file",
            Self::StatementLine => "statement_line",
            Self::Message => "message",
            Self::Notification => "notification",
            Self::Proposal => "proposal",
        }
    }

    /// The states that it must leave in time.
    #[must_use]
    pub fn states(self) -> Vec<&'static str> {
        match self {
            Self::Envelope => deadline::limited().map(envelope::State::as_str).collect(),
            Self::Payment => vec!["RECEIVED", "RESOLVED", "SENDING", "UNKNOWN", "ACCEPTED"],
            Self::StatementFile => vec!["RECEIVED"],
            Self::StatementLine => vec!["WAITING", "PROBLEM"],
            Self::Message => vec!["received", "done"],
            Self::Notification => vec!["PENDING", "DEAD"],
            Self::Proposal => vec!["OPEN"],
        }
    }
}

/// Counts what is overdue and sets the gauges.
///
/// # Errors
/// The database's.
pub async fn measure(app: &App) -> StoreResult<()> {
    let conn = app.db.conn();
    let limits = limits(app).await?;
    let moments = moments(&app.config, app.now());
    set(What::Envelope, &overdue::envelopes(conn, &limits).await?);
    let mut payments = overdue::unsent_payments(conn, &limits).await?;
    payments.extend(overdue::attempts(conn, &moments).await?);
    payments.extend(overdue::accepted(conn, &moments).await?);
    set(What::Payment, &payments);
    set(What::StatementFile, &overdue::statement_files(conn, &moments).await?);
    set(What::StatementLine, &overdue::statement_lines(conn, &moments).await?);
    set(What::Message, &overdue::messages(conn, &moments).await?);
    set(What::Notification, &overdue::notifications(conn, &moments).await?);
    set(What::Proposal, &overdue::proposals(conn, &moments).await?);
    Ok(())
}

/// Notes that a sweep came to its end.
pub fn note_sweep(app: &App) {
    metrics::gauge!(SWEPT).set(app.now().unix_timestamp() as f64);
}

fn set(what: What, counts: &[Count]) {
    for state in what.states() {
        let count: i64 = counts.iter().filter(|count| count.state == state).map(|count| count.count).sum();
        // Counts far below what a float holds exactly.
        metrics::gauge!(GAUGE, "what" => what.as_str(), "state" => state).set(count as f64);
    }
}

/// What makes an envelope overdue at this moment.
///
/// # Errors
/// The database's.
pub async fn limits(app: &App) -> StoreResult<Limits> {
    let now = app.now();
    let mut limits = Limits::default();
    let zones = overdue::zones(app.db.conn()).await?;
    for state in deadline::limited() {
        let before = now - app.config.envelope_limit(state);
        limits.states.push((state, before));
        if deadline::waits_for_its_day(state) {
            for name in &zones {
                // The day that began before that moment is the latest one whose deadline is over.
                limits.days.push((state, name.clone(), schedule::today(before, zone(name)?)));
            }
        }
    }
    Ok(limits)
}

fn moments(config: &Config, now: OffsetDateTime) -> Moments {
    let before = |limit: u64| now - seconds(limit);
    Moments {
        sending: before(config.deadline_sending_seconds),
        unknown: before(config.deadline_unknown_seconds),
        accepted: before(config.deadline_accepted_seconds),
        statement_file: before(config.deadline_statement_file_seconds),
        line_waiting: before(config.deadline_line_waiting_seconds),
        line_problem: before(config.deadline_line_problem_seconds),
        message: before(config.deadline_message_seconds),
        callback: before(config.deadline_callback_seconds),
        proposal: before(config.deadline_proposal_seconds),
    }
}

/// Until when an envelope must have left its state, RFC 3339, and whether that is over.
///
/// # Errors
/// When the row holds a state or a time zone that is not known here.
pub fn deadline(app: &App, envelope: &Envelope) -> StoreResult<(Option<String>, bool)> {
    let (at, over) = moment(app, envelope)?;
    Ok((at.map(rfc3339), over))
}

/// The same as a moment.
///
/// # Errors
/// As [`deadline`].
pub fn moment(app: &App, envelope: &Envelope) -> StoreResult<(Option<OffsetDateTime>, bool)> {
    let state = envelope.state()?;
    let standing = Standing {
        state,
        since: envelope.state_since,
        day_begins: schedule::start_of(envelope.schedule_date, zone(&envelope.time_zone)?),
        closed: envelope.closed_at.is_some(),
    };
    let at = deadline::of(&standing, app.config.envelope_limit(state));
    Ok((at, at.is_some_and(|at| at < app.now())))
}

#[cfg(test)]
mod tests {
    use super::What;
    use crate::domain::{disbursement, envelope};

    #[test]
    fn every_state_that_is_not_final_is_measured() {
        let envelopes = What::Envelope.states();
        for state in envelope::State::ALL {
            assert!(state.is_final() || envelopes.contains(&state.as_str()), "{state:?}");
        }
        let payments = What::Payment.states();
        for state in disbursement::State::ALL {
            assert_eq!(state.is_final(), !payments.contains(&state.as_str()), "{state:?}");
        }
    }
}
