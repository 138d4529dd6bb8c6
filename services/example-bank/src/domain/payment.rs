//! The life of a payment.

use thiserror::Error;

/// Where a payment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// Taken on; its amount is kept for it in the block.
    Accepted,
    /// The sponsor's account was debited.
    Booked,
    /// It came back, and so did the money.
    Reversed,
    /// Never taken on.
    Rejected,
}

impl State {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Accepted, Self::Booked, Self::Reversed, Self::Rejected];

    /// The word on the wire and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Booked => "booked",
            Self::Reversed => "reversed",
            Self::Rejected => "rejected",
        }
    }

    /// The state of this word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// What happens to a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Event {
    /// The order is sound and the block holds enough.
    Admit,
    /// A rule forbids it.
    Refuse,
    /// The ledger moved the money.
    Book,
    /// The payee's account gave it back.
    Return,
}

/// The event cannot happen in that state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a payment that is {} cannot {event:?}", .from.map_or("new", State::as_str))]
pub struct WrongTransition {
    /// State before; `None` for a payment that is not stored yet.
    pub from: Option<State>,
    /// What was to happen.
    pub event: Event,
}

/// The state after an event. All changes of state go through here; set-based statements take both states from it.
///
/// # Errors
/// [`WrongTransition`].
pub const fn transition(from: Option<State>, event: Event) -> Result<State, WrongTransition> {
    match (from, event) {
        (None, Event::Admit) => Ok(State::Accepted),
        (None, Event::Refuse) => Ok(State::Rejected),
        (Some(State::Accepted), Event::Book) => Ok(State::Booked),
        (Some(State::Booked), Event::Return) => Ok(State::Reversed),
        (from, event) => Err(WrongTransition { from, event }),
    }
}

/// Why a payment was rejected or came back: words that callers may store and show. None holds personal data.
pub mod reason {
    /// The key does not fit a statement: 1 to 16 of `0-9 A-Z a-z -`.
    pub const INVALID_REFERENCE: &str = "INVALID_REFERENCE";
    /// Not above zero, too many decimals, or too long for a statement.
    pub const INVALID_AMOUNT: &str = "INVALID_AMOUNT";
    /// Not a currency, or not that of the account.
    pub const INVALID_CURRENCY: &str = "INVALID_CURRENCY";
    /// Neither an account nor a wallet that money can be sent to.
    pub const INVALID_PAYEE: &str = "INVALID_PAYEE";
    /// Not a date `YYYY-MM-DD`.
    pub const INVALID_PAYMENT_DATE: &str = "INVALID_PAYMENT_DATE";
    /// The key was used for another payment.
    pub const MISMATCH: &str = "MISMATCH";
    /// There is no such block.
    pub const UNKNOWN_BLOCK: &str = "UNKNOWN_BLOCK";
    /// The block is of another account or currency.
    pub const BLOCK_MISMATCH: &str = "BLOCK_MISMATCH";
    /// What is left of the block is less than the amount.
    pub const INSUFFICIENT_BLOCK: &str = "INSUFFICIENT_BLOCK";
    /// The sponsor's account is closed or frozen.
    pub const REMITTER_NOT_OPEN: &str = "REMITTER_NOT_OPEN";
    /// The configured test fault: the bank does not say why.
    pub const NOT_TODAY: &str = "NOT_TODAY";
    /// Returned: the payee's account is closed.
    pub const ACCOUNT_CLOSED: &str = "ACCOUNT_CLOSED";
}

#[cfg(test)]
mod tests {
    use super::{Event, State, transition};

    const EVENTS: [Event; 4] = [Event::Admit, Event::Refuse, Event::Book, Event::Return];

    #[test]
    fn money_moves_once_and_comes_back_at_most_once() {
        for from in State::ALL {
            for event in EVENTS {
                let allowed =
                    matches!((from, event), (State::Accepted, Event::Book) | (State::Booked, Event::Return));
                assert_eq!(transition(Some(from), event).is_ok(), allowed, "{from:?} {event:?}");
            }
        }
        assert!(transition(None, Event::Book).is_err() && transition(None, Event::Return).is_err());
        let error = transition(Some(State::Rejected), Event::Book).map_err(|e| e.to_string());
        assert_eq!(error, Err("a payment that is rejected cannot Book".to_owned()));
    }

    #[test]
    fn words_are_read_back() {
        for state in State::ALL {
            assert_eq!(State::parse(state.as_str()), Some(state));
        }
        assert_eq!(State::parse("not_found"), None);
    }
}
