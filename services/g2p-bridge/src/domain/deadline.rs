//! Until when an envelope must have left its state.

use time::{Duration, OffsetDateTime};

use super::envelope::State;

/// An envelope, as far as its deadline depends on it.
#[derive(Debug, Clone, Copy)]
pub struct Standing {
    /// Where it stands.
    pub state: State,
    /// Since when.
    pub since: OffsetDateTime,
    /// When its day begins in the programme's time zone.
    pub day_begins: OffsetDateTime,
    /// Whether it was closed after it was cancelled or given up.
    pub closed: bool,
}

/// Whether the deadline of a state is counted from the envelope's day, when that comes later than the state.
#[must_use]
pub const fn waits_for_its_day(state: State) -> bool {
    matches!(state, State::Receiving | State::Scheduled)
}

/// Whether an envelope in this state must be closed: its payments ended and its money given back.
#[must_use]
pub const fn is_closing(state: State) -> bool {
    matches!(state, State::Cancelled | State::Expired)
}

/// The states that an envelope must leave, or in which it must be closed, within a time.
pub fn limited() -> impl Iterator<Item = State> {
    State::ALL.into_iter().filter(|state| *state != State::Finished)
}

/// The moment after which the envelope is overdue, when its state may last `limit`; `None` when nothing is left to do.
#[must_use]
pub fn of(standing: &Standing, limit: Duration) -> Option<OffsetDateTime> {
    let Standing { state, since, day_begins, closed } = *standing;
    let from = match state {
        State::Finished => return None,
        State::Cancelled | State::Expired if closed => return None,
        State::Cancelled | State::Expired => since,
        state if waits_for_its_day(state) => since.max(day_begins),
        _ => since,
    };
    from.checked_add(limit)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use proptest::prelude::*;
    use time::{Duration, OffsetDateTime, macros::datetime};

    use super::{Standing, limited, of};
    use crate::domain::envelope::State;

    fn standing(state: State, since: OffsetDateTime, closed: bool) -> Standing {
        Standing { state, since, day_begins: datetime!(2026-12-01 21:00 UTC), closed }
    }

    #[test]
    fn every_state_that_is_not_final_has_a_deadline() {
        for state in State::ALL {
            let deadline =
                of(&standing(state, datetime!(2026-11-01 0:00 UTC), false), Duration::HOUR).is_some();
            assert_eq!(deadline, limited().any(|limited| limited == state), "{state:?}");
            assert!(deadline || state.is_final(), "{state:?}");
            let closed = of(&standing(state, datetime!(2026-11-01 0:00 UTC), true), Duration::HOUR);
            assert_eq!(closed.is_none(), state.is_final(), "{state:?}");
        }
    }

    #[test]
    fn before_its_day_nothing_is_late() {
        let early = datetime!(2026-11-01 0:00 UTC);
        for state in [State::Receiving, State::Scheduled] {
            assert_eq!(
                of(&standing(state, early, false), Duration::HOUR),
                Some(datetime!(2026-12-01 22:00 UTC))
            );
            let late = datetime!(2026-12-02 8:00 UTC);
            assert_eq!(
                of(&standing(state, late, false), Duration::HOUR),
                Some(datetime!(2026-12-02 9:00 UTC))
            );
        }
        assert_eq!(
            of(&standing(State::Funding, early, false), Duration::HOUR),
            Some(datetime!(2026-11-01 1:00 UTC))
        );
    }

    proptest! {
        #[test]
        fn no_limit_however_long_breaks_it(seconds in any::<i64>()) {
            let _ = of(&standing(State::Paying, datetime!(2026-11-01 0:00 UTC), false), Duration::seconds(seconds));
        }
    }
}
