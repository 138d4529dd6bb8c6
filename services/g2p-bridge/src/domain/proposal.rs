//! What one person may not do alone: what can be asked for, and how a proposal ends.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Where a proposal stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum State {
    /// Waits for a second person.
    Open,
    /// A second person approved it, and it was done. Final.
    Done,
    /// A second person refused it. Final.
    Refused,
    /// Who asked for it took it back. Final.
    Withdrawn,
}

/// What can happen to a proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Somebody else says yes.
    Approve,
    /// Somebody else says no.
    Refuse,
    /// Who asked takes it back.
    Withdraw,
}

impl State {
    /// All states.
    pub const ALL: [Self; 4] = [Self::Open, Self::Done, Self::Refused, Self::Withdrawn];

    /// The text in the database and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "OPEN",
            Self::Done => "DONE",
            Self::Refused => "REFUSED",
            Self::Withdrawn => "WITHDRAWN",
        }
    }

    /// The state of this text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// The state after `step`; `None` when it is over already.
#[must_use]
pub const fn transition(state: State, step: Step) -> Option<State> {
    match (state, step) {
        (State::Open, Step::Approve) => Some(State::Done),
        (State::Open, Step::Refuse) => Some(State::Refused),
        (State::Open, Step::Withdraw) => Some(State::Withdrawn),
        _ => None,
    }
}

/// What a bank said, by letter or telephone, of a payment whose outcome nobody knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Answer {
    /// It has the payment: a statement will show it.
    Accepted,
    /// It will never pay it.
    Rejected,
    /// It does not have it: it is sent again under the same key.
    SendAgain,
}

/// What is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Scope {
    /// Every payment.
    All,
    /// Those of a programme.
    Program,
    /// Those of a sponsor bank.
    Bank,
}

impl Scope {
    /// The text in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::All => "ALL",
            Self::Program => "PROGRAM",
            Self::Bank => "BANK",
        }
    }
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Content {
    /// Answer in the bank's place for a payment whose outcome is not known.
    Answer {
        /// The payment.
        disbursement_id: String,
        /// What the bank said.
        answer: Answer,
    },
    /// Pay again what came back or was refused, as new payments of a new envelope.
    Reissue {
        /// The envelope of the old payments.
        envelope_id: String,
        /// The old payments.
        disbursement_ids: Vec<String>,
    },
    /// Let payments go on.
    Resume {
        /// What is stopped.
        scope: Scope,
        /// The programme or bank; empty for all.
        name: String,
    },
    /// Let more leave an account in a day; without an amount, as much as may be.
    DailyLimit {
        /// The sponsor's account.
        account_number: String,
        /// ISO 4217.
        currency: String,
        /// Minor units.
        limit_minor: Option<i64>,
    },
}

impl Content {
    /// The kind, as the database has it.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Answer { .. } => "ANSWER",
            Self::Reissue { .. } => "REISSUE",
            Self::Resume { .. } => "RESUME",
            Self::DailyLimit { .. } => "DAILY_LIMIT",
        }
    }

    /// What it is about: one proposal of a kind may wait for each subject.
    #[must_use]
    pub fn subject(&self) -> String {
        match self {
            Self::Answer { disbursement_id, .. } => disbursement_id.clone(),
            Self::Reissue { envelope_id, .. } => format!("envelope/{envelope_id}"),
            Self::Resume { scope, name } => pause_subject(*scope, name),
            Self::DailyLimit { account_number, currency, .. } => limit_subject(account_number, currency),
        }
    }
}

/// The subject of a pause in the history.
#[must_use]
pub fn pause_subject(scope: Scope, name: &str) -> String {
    format!("pause/{}/{name}", scope.as_str())
}

/// The subject of a daily limit in the history.
#[must_use]
pub fn limit_subject(account_number: &str, currency: &str) -> String {
    format!("limit/{account_number}/{currency}")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
    use super::{Answer, Content, Scope, State, Step, transition};

    #[test]
    fn a_proposal_is_decided_once() {
        for state in State::ALL {
            assert_eq!(State::parse(state.as_str()), Some(state));
            for step in [Step::Approve, Step::Refuse, Step::Withdraw] {
                assert_eq!(transition(state, step).is_some(), state == State::Open);
            }
        }
    }

    #[test]
    fn what_is_kept_is_what_comes_back() {
        let answer = Content::Answer { disbursement_id: "A".to_owned(), answer: Answer::SendAgain };
        let resume = Content::Resume { scope: Scope::All, name: String::new() };
        for content in [answer, resume] {
            let kept = serde_json::to_value(&content).unwrap();
            assert_eq!(kept["kind"], content.kind());
            assert_eq!(serde_json::from_value::<Content>(kept).unwrap(), content);
        }
    }
}
