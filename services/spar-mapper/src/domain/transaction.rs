//! Where an asynchronous message stands.

/// From its acknowledgement to its callback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransactionState {
    /// Acknowledged; the work is still to be done.
    Received,
    /// Worked on. The end when there is nowhere to send a callback.
    Done,
    /// The callback was taken.
    Delivered,
    /// The callback was refused for good: an operator may send it again.
    Undeliverable,
}

/// What happens to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransactionStep {
    /// The work was done and its answer stored.
    Work,
    /// The receiver took the callback.
    Deliver,
    /// The receiver refused the callback.
    GiveUp,
}

impl TransactionState {
    /// All states.
    pub const ALL: [Self; 4] = [Self::Received, Self::Done, Self::Delivered, Self::Undeliverable];

    /// As the database keeps it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Done => "done",
            Self::Delivered => "delivered",
            Self::Undeliverable => "undeliverable",
        }
    }

    /// The state of this name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// The state after a step; `None` when the step cannot happen in this state.
    #[must_use]
    pub const fn transition(self, step: TransactionStep) -> Option<Self> {
        match (self, step) {
            (Self::Received, TransactionStep::Work) => Some(Self::Done),
            // An undeliverable callback is taken when it is sent again.
            (Self::Done | Self::Undeliverable, TransactionStep::Deliver) => Some(Self::Delivered),
            (Self::Done | Self::Undeliverable, TransactionStep::GiveUp) => Some(Self::Undeliverable),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{TransactionState, TransactionStep};

    #[test]
    fn work_is_done_once_and_a_delivered_callback_is_the_end() {
        for state in TransactionState::ALL {
            assert_eq!(TransactionState::parse(state.as_str()), Some(state));
            let worked = state.transition(TransactionStep::Work);
            assert_eq!(worked.is_some(), state == TransactionState::Received, "{state:?}");
        }
        for step in [TransactionStep::Work, TransactionStep::Deliver, TransactionStep::GiveUp] {
            assert_eq!(TransactionState::Delivered.transition(step), None);
        }
        assert_eq!(
            TransactionState::Received.transition(TransactionStep::Deliver),
            None,
            "nothing to tell yet"
        );
    }
}
