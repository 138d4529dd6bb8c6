//! The states of an envelope and the only function that changes them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Where an envelope stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum State {
    /// Takes in payments until count and sum are what was declared.
    Receiving,
    /// Complete; waits for its day in the programme's time zone.
    Scheduled,
    /// The mapper is asked for the accounts.
    Resolving,
    /// The bank is asked for the money.
    Funding,
    /// Batches go to the bank, statements come back.
    Paying,
    /// Every payment is final; the unused rest of the block is given back.
    Releasing,
    /// Done. A late reversal may still change a payment.
    Finished,
    /// Taken back before paying began. Final.
    Cancelled,
    /// Given up before paying began, too long after its day. Final.
    Expired,
}

impl State {
    /// All states, in order.
    pub const ALL: [Self; 9] = [
        Self::Receiving,
        Self::Scheduled,
        Self::Resolving,
        Self::Funding,
        Self::Paying,
        Self::Releasing,
        Self::Finished,
        Self::Cancelled,
        Self::Expired,
    ];

    /// The text in the database and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Receiving => "RECEIVING",
            Self::Scheduled => "SCHEDULED",
            Self::Resolving => "RESOLVING",
            Self::Funding => "FUNDING",
            Self::Paying => "PAYING",
            Self::Releasing => "RELEASING",
            Self::Finished => "FINISHED",
            Self::Cancelled => "CANCELLED",
            Self::Expired => "EXPIRED",
        }
    }

    /// The state of this text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// Whether nothing has been sent to the bank for payment, so that cancel can still win.
    #[must_use]
    pub const fn is_before_paying(self) -> bool {
        matches!(self, Self::Receiving | Self::Scheduled | Self::Resolving | Self::Funding)
    }

    /// Whether it is over.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Finished | Self::Cancelled | Self::Expired)
    }
}

/// What can happen to an envelope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Event {
    /// Count and sum are what was declared.
    Complete,
    /// A row was cancelled, or the declaration changed: it takes in payments again.
    Reopen,
    /// Its day has come.
    Start,
    /// Every payment has an account or a reason why not.
    Resolve,
    /// No payment has an account, so there is nothing to pay.
    FindNothingToPay,
    /// The money is blocked and the batches are formed.
    Block,
    /// Every payment is final.
    Settle,
    /// The rest of the block is given back.
    Release,
    /// The programme system took it back.
    Cancel,
    /// Too long after its day.
    Expire,
}

impl Event {
    /// All events.
    pub const ALL: [Self; 10] = [
        Self::Complete,
        Self::Reopen,
        Self::Start,
        Self::Resolve,
        Self::FindNothingToPay,
        Self::Block,
        Self::Settle,
        Self::Release,
        Self::Cancel,
        Self::Expire,
    ];

    /// The word in the history.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Reopen => "reopen",
            Self::Start => "start",
            Self::Resolve => "resolve",
            Self::FindNothingToPay => "find_nothing_to_pay",
            Self::Block => "block",
            Self::Settle => "settle",
            Self::Release => "release",
            Self::Cancel => "cancel",
            Self::Expire => "expire",
        }
    }
}

/// The state after `event`, or `None` when the event does not apply and must change nothing.
#[must_use]
pub const fn transition(state: State, event: Event) -> Option<State> {
    Some(match (state, event) {
        (State::Receiving, Event::Complete) => State::Scheduled,
        (State::Scheduled, Event::Reopen) => State::Receiving,
        (State::Scheduled, Event::Start) => State::Resolving,
        (State::Resolving, Event::Resolve) => State::Funding,
        (State::Resolving, Event::FindNothingToPay) => State::Finished,
        (State::Funding, Event::Block) => State::Paying,
        (State::Paying, Event::Settle) => State::Releasing,
        (State::Releasing, Event::Release) => State::Finished,
        (state, Event::Cancel) if state.is_before_paying() => State::Cancelled,
        (state, Event::Expire) if state.is_before_paying() => State::Expired,
        _ => return None,
    })
}

/// The states an event applies to.
pub fn sources(event: Event) -> impl Iterator<Item = State> {
    State::ALL.into_iter().filter(move |state| transition(*state, event).is_some())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
    use proptest::prelude::*;

    use super::{Event, State, transition};

    proptest! {
        #[test]
        fn cancel_and_pay_never_both_win(
            events in proptest::collection::vec(proptest::sample::select(Event::ALL.to_vec()), 0..60)
        ) {
            let (mut state, mut paying, mut given_up) = (State::Receiving, false, false);
            for event in events {
                let Some(next) = transition(state, event) else { continue };
                prop_assert!(!state.is_final());
                state = next;
                paying |= state == State::Paying;
                given_up |= matches!(state, State::Cancelled | State::Expired);
                prop_assert!(!(paying && given_up));
            }
        }
    }

    #[test]
    fn money_is_blocked_only_for_a_complete_and_resolved_envelope() {
        let into_paying: Vec<_> = State::ALL
            .into_iter()
            .flat_map(|s| Event::ALL.into_iter().map(move |e| (s, e)))
            .filter(|(s, e)| transition(*s, *e) == Some(State::Paying))
            .collect();
        assert_eq!(into_paying, [(State::Funding, Event::Block)]);
    }

    #[test]
    fn every_state_has_a_text_of_its_own() {
        for state in State::ALL {
            assert_eq!(State::parse(state.as_str()), Some(state));
        }
    }
}
