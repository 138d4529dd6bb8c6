//! The states of one payment and the only function that changes them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Where a payment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum State {
    /// Taken in.
    Received,
    /// The payee's account is known.
    Resolved,
    /// Intent written; the bank may be hearing of it right now.
    Sending,
    /// It is or may be with the bank, which has not said clearly what becomes of it: the bank is asked or waited for, and
    /// nothing is paid blindly again.
    Unknown,
    /// The bank took it on.
    Accepted,
    /// A statement shows the debit. Final, unless a reversal follows.
    Paid,
    /// A statement shows the debit and its reversal. Final.
    Reversed,
    /// It will not be paid; the reason says why. Final.
    Rejected,
    /// Taken back before it was sent. Final.
    Cancelled,
}

impl State {
    /// All states, in the order a payment goes through them.
    pub const ALL: [Self; 9] = [
        Self::Received,
        Self::Resolved,
        Self::Sending,
        Self::Unknown,
        Self::Accepted,
        Self::Paid,
        Self::Reversed,
        Self::Rejected,
        Self::Cancelled,
    ];

    /// The text in the database and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Received => "RECEIVED",
            Self::Resolved => "RESOLVED",
            Self::Sending => "SENDING",
            Self::Unknown => "UNKNOWN",
            Self::Accepted => "ACCEPTED",
            Self::Paid => "PAID",
            Self::Reversed => "REVERSED",
            Self::Rejected => "REJECTED",
            Self::Cancelled => "CANCELLED",
        }
    }

    /// The state of this text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// Whether the bridge has nothing left to do.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Paid | Self::Reversed | Self::Rejected | Self::Cancelled)
    }

    /// Whether the bank has, or may have, been told to pay.
    #[must_use]
    pub const fn is_with_bank(self) -> bool {
        matches!(self, Self::Sending | Self::Unknown | Self::Accepted | Self::Paid | Self::Reversed)
    }

    /// Whether other systems are told. The two states before the bank and the moment of sending are the bridge's own.
    #[must_use]
    pub const fn is_published(self) -> bool {
        !matches!(self, Self::Received | Self::Resolved | Self::Sending)
    }
}

/// What can happen to a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Event {
    /// The mapper named an account.
    Resolve,
    /// There is no account, or none we can use.
    RefuseResolution,
    /// The intent to pay is written: first time, or again after the bank said it does not know the key.
    Send,
    /// It was handed over for sure; the bank says later what becomes of it.
    HandOver,
    /// The call ended without a clear answer, or the process died in it.
    LoseAnswer,
    /// The bank took it on.
    Accept,
    /// The bank refused it for good.
    Refuse,
    /// A statement shows the debit.
    Book,
    /// A statement shows the reversal.
    Reverse,
    /// The programme system took it back.
    Cancel,
    /// Its envelope was given up before paying began.
    Expire,
}

impl Event {
    /// All events.
    pub const ALL: [Self; 11] = [
        Self::Resolve,
        Self::RefuseResolution,
        Self::Send,
        Self::HandOver,
        Self::LoseAnswer,
        Self::Accept,
        Self::Refuse,
        Self::Book,
        Self::Reverse,
        Self::Cancel,
        Self::Expire,
    ];

    /// The word in the history.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Resolve | Self::RefuseResolution => "resolve",
            Self::Send => "send",
            Self::HandOver => "hand_over",
            Self::LoseAnswer => "lose_answer",
            Self::Accept => "accept",
            Self::Refuse => "refuse",
            Self::Book => "book",
            Self::Reverse => "reverse",
            Self::Cancel => "cancel",
            Self::Expire => "expire",
        }
    }
}

/// The state after `event`, or `None` when the event does not apply and must change nothing.
///
/// Cancel and expire apply only before anything was sent, so a payment that may be with the bank is never called
/// cancelled; a statement outranks whatever the bank said or did not say.
#[must_use]
pub const fn transition(state: State, event: Event) -> Option<State> {
    Some(match (state, event) {
        (State::Received, Event::Resolve) => State::Resolved,
        (State::Received, Event::RefuseResolution) => State::Rejected,
        (State::Received | State::Resolved, Event::Cancel) => State::Cancelled,
        (State::Received | State::Resolved, Event::Expire) => State::Rejected,
        (State::Resolved | State::Unknown, Event::Send) => State::Sending,
        (State::Sending, Event::HandOver | Event::LoseAnswer) => State::Unknown,
        (State::Sending | State::Unknown, Event::Accept) => State::Accepted,
        (State::Sending | State::Unknown | State::Accepted, Event::Refuse) => State::Rejected,
        (State::Sending | State::Unknown | State::Accepted, Event::Book) => State::Paid,
        (State::Paid, Event::Reverse) => State::Reversed,
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

    fn events() -> impl Strategy<Value = Vec<Event>> {
        proptest::collection::vec(proptest::sample::select(Event::ALL.to_vec()), 0..40)
    }

    proptest! {
        #[test]
        fn a_payment_that_was_sent_is_never_cancelled_and_a_cancelled_one_never_sent(events in events()) {
            let (mut state, mut sent, mut cancelled) = (State::Received, false, false);
            for event in events {
                let Some(next) = transition(state, event) else { continue };
                state = next;
                sent |= state == State::Sending;
                cancelled |= state == State::Cancelled;
                prop_assert!(!(sent && cancelled));
            }
        }

        #[test]
        fn money_counts_as_paid_only_after_a_booking_of_something_sent(events in events()) {
            let (mut state, mut sent, mut booked) = (State::Received, false, false);
            for event in events {
                let Some(next) = transition(state, event) else { continue };
                sent |= next == State::Sending;
                booked |= event == Event::Book;
                if matches!(next, State::Paid | State::Reversed) {
                    prop_assert!(sent && booked);
                }
                state = next;
            }
        }

        #[test]
        fn a_final_state_stays_except_that_a_paid_one_can_be_reversed(events in events()) {
            let mut state = State::Received;
            for event in events {
                let Some(next) = transition(state, event) else { continue };
                if state.is_final() {
                    prop_assert_eq!((state, next), (State::Paid, State::Reversed));
                }
                state = next;
            }
        }
    }

    #[test]
    fn nothing_but_an_answered_inquiry_lets_an_unknown_payment_be_sent_again() {
        assert_eq!(transition(State::Unknown, Event::Send), Some(State::Sending));
        for state in
            [State::Sending, State::Accepted, State::Paid, State::Reversed, State::Rejected, State::Cancelled]
        {
            assert_eq!(transition(state, Event::Send), None, "{state:?}");
        }
    }

    #[test]
    fn every_state_has_a_text_of_its_own() {
        for state in State::ALL {
            assert_eq!(State::parse(state.as_str()), Some(state));
            assert_eq!(serde_json::to_value(state).unwrap(), state.as_str());
        }
        assert_eq!(State::parse("PENDING"), None);
    }
}
