//! One payment to one payee: its id and its states.

use rand::{Rng, distr::Alphanumeric};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;

/// Characters of a disbursement id.
pub const ID_LENGTH: usize = 16;

/// A new id: 16 random characters of `[0-9A-Za-z]`, 95 bits from the process's secure generator. The bridge's contract
/// wants this form (bridge.md 1.9).
#[must_use]
pub fn new_id() -> String {
    rand::rng().sample_iter(Alphanumeric).take(ID_LENGTH).map(char::from).collect()
}

/// Where a disbursement stands. All but `Pending` are the bridge's words; the bridge's finer words for a payment that is
/// with the bank are read as `Sent`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema, schemars::JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DisbursementState {
    /// Made here; the bridge has not confirmed that it has it.
    Pending,
    /// The bridge has it.
    Received,
    /// The bridge knows the account.
    Resolved,
    /// It went to the bank.
    #[serde(alias = "SENDING", alias = "UNKNOWN", alias = "ACCEPTED")]
    Sent,
    /// The bank's statement shows it.
    Paid,
    /// Paid, and then given back by the payee's bank.
    Reversed,
    /// Never paid.
    Rejected,
    /// Withdrawn before it was paid.
    Cancelled,
}

/// What a disbursement means for the programme's fund.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FundShare {
    /// Its amount is reserved.
    Reserved,
    /// Its amount is spent.
    Spent,
    /// Its amount is free again.
    Returned,
}

impl DisbursementState {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Pending,
        Self::Received,
        Self::Resolved,
        Self::Sent,
        Self::Paid,
        Self::Reversed,
        Self::Rejected,
        Self::Cancelled,
    ];

    /// As in the database and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Received => "RECEIVED",
            Self::Resolved => "RESOLVED",
            Self::Sent => "SENT",
            Self::Paid => "PAID",
            Self::Reversed => "REVERSED",
            Self::Rejected => "REJECTED",
            Self::Cancelled => "CANCELLED",
        }
    }

    /// The state of this name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == text)
    }

    /// How far it is. Events may arrive out of order: a lower rank never follows a higher one, and among equal ranks
    /// (paid, rejected, cancelled) the later one counts. A reversal ends every payment.
    #[must_use]
    pub const fn rank(self) -> i16 {
        match self {
            Self::Pending => 0,
            Self::Received => 1,
            Self::Resolved => 2,
            Self::Sent => 3,
            Self::Paid | Self::Rejected | Self::Cancelled => 4,
            Self::Reversed => 5,
        }
    }

    /// Whether the cycle need not wait for it any more. A paid one may still be reversed.
    #[must_use]
    pub const fn is_final(self) -> bool {
        self.rank() >= 4
    }

    /// What becomes of its money.
    #[must_use]
    pub const fn fund_share(self) -> FundShare {
        match self {
            Self::Pending | Self::Received | Self::Resolved | Self::Sent => FundShare::Reserved,
            Self::Paid => FundShare::Spent,
            Self::Reversed | Self::Rejected | Self::Cancelled => FundShare::Returned,
        }
    }

    /// Whether news of state `next` at `at` replaces this state, which holds since `since`.
    #[must_use]
    pub fn is_replaced_by(self, since: OffsetDateTime, next: Self, at: OffsetDateTime) -> bool {
        self != next && (next.rank() > self.rank() || (next.rank() == self.rank() && at > since))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
    use std::collections::HashSet;

    use proptest::prelude::*;
    use time::{Duration, OffsetDateTime};

    use super::{DisbursementState, FundShare, new_id};

    #[test]
    fn ids_have_the_form_the_bridge_wants_and_do_not_repeat() {
        let ids: HashSet<String> = (0..20_000).map(|_| new_id()).collect();
        assert_eq!(ids.len(), 20_000);
        assert!(ids.iter().all(|id| id.len() == 16 && id.bytes().all(|b| b.is_ascii_alphanumeric())));
    }

    fn apply(order: &[(usize, i64)]) -> DisbursementState {
        let start = OffsetDateTime::UNIX_EPOCH;
        let mut current = (DisbursementState::Pending, start);
        for (state, seconds) in order {
            let (next, at) = (DisbursementState::ALL[*state], start + Duration::seconds(*seconds));
            if current.0.is_replaced_by(current.1, next, at) {
                current = (next, at);
            }
        }
        current.0
    }

    proptest! {
        #[test]
        fn the_order_and_repetition_of_events_does_not_matter(
            states in proptest::collection::vec(0_usize..8, 1..8), seed in any::<u64>()
        ) {
            // Different events of one payment happen at different times.
            let events: Vec<(usize, i64)> = states.into_iter().zip(1_i64..).collect();
            let mut shuffled = events.clone();
            shuffled.extend(events.clone());
            let len = shuffled.len();
            for i in 0..len {
                let other = seed.rotate_left(u32::try_from(i).unwrap()) % u64::try_from(len).unwrap();
                shuffled.swap(i, usize::try_from(other).unwrap());
            }
            // Of two events with the same state the first or the last may give the time; only the state is promised,
            // and only when the ends do not contradict each other.
            let ends: HashSet<usize> = events.iter().map(|e| e.0).filter(|s| DisbursementState::ALL[*s].rank() == 4).collect();
            if ends.len() <= 1 {
                prop_assert_eq!(apply(&events), apply(&shuffled));
            }
        }

        #[test]
        fn nothing_follows_a_reversal(next in 0_usize..8, seconds in 0_i64..100) {
            let at = OffsetDateTime::UNIX_EPOCH + Duration::seconds(seconds);
            let reversed = DisbursementState::Reversed;
            prop_assert!(!reversed.is_replaced_by(OffsetDateTime::UNIX_EPOCH, DisbursementState::ALL[next], at));
        }
    }

    #[test]
    fn only_paid_money_is_spent() {
        let spent: Vec<_> =
            DisbursementState::ALL.into_iter().filter(|s| s.fund_share() == FundShare::Spent).collect();
        assert_eq!(spent, [DisbursementState::Paid]);
        for state in DisbursementState::ALL {
            assert_eq!(state.is_final(), state.fund_share() != FundShare::Reserved);
            assert_eq!(DisbursementState::parse(state.as_str()), Some(state));
        }
    }
}
