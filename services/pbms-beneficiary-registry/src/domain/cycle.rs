//! States of a payment cycle.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Where a cycle stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CycleState {
    /// Entitlements may be computed anew.
    Draft,
    /// The maker has submitted it; a second person decides.
    ToApprove,
    /// Amounts are frozen.
    Approved,
    /// Payments are on their way.
    Disbursing,
    /// Every payment has an end state.
    Done,
    /// Given up before any payment.
    Cancelled,
}

impl CycleState {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Draft, Self::ToApprove, Self::Approved, Self::Disbursing, Self::Done, Self::Cancelled];

    /// As in the database and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::ToApprove => "to_approve",
            Self::Approved => "approved",
            Self::Disbursing => "disbursing",
            Self::Done => "done",
            Self::Cancelled => "cancelled",
        }
    }

    /// The state of this name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == text)
    }
}

/// What somebody wants to do with a cycle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CycleAction {
    /// Compute the entitlements (again).
    Compute,
    /// Reserve money for it.
    Reserve,
    /// Hand it to the second person.
    Submit,
    /// The second person sends it back.
    Return,
    /// The second person agrees.
    Approve,
    /// Pay.
    Disburse,
    /// The last payment came to its end.
    Finish,
    /// Give it up.
    Cancel,
}

impl CycleAction {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Compute,
        Self::Reserve,
        Self::Submit,
        Self::Return,
        Self::Approve,
        Self::Disburse,
        Self::Finish,
        Self::Cancel,
    ];

    const fn verb(self) -> &'static str {
        match self {
            Self::Compute => "have its entitlements computed",
            Self::Reserve => "have money reserved",
            Self::Submit => "be submitted",
            Self::Return => "be sent back",
            Self::Approve => "be approved",
            Self::Disburse => "be disbursed",
            Self::Finish => "be finished",
            Self::Cancel => "be cancelled",
        }
    }
}

/// The state does not allow the action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a cycle that is {} cannot {}", .state.as_str(), .action.verb())]
pub struct CycleRefusal {
    /// State of the cycle.
    pub state: CycleState,
    /// What was asked.
    pub action: CycleAction,
}

/// The only way from one state to another.
///
/// # Errors
/// [`CycleRefusal`].
pub fn transition(state: CycleState, action: CycleAction) -> Result<CycleState, CycleRefusal> {
    use CycleAction as A;
    use CycleState as S;
    match (state, action) {
        (S::Draft, A::Compute | A::Reserve) | (S::ToApprove, A::Return) => Ok(S::Draft),
        (S::Draft, A::Submit) | (S::ToApprove, A::Reserve) => Ok(S::ToApprove),
        (S::ToApprove, A::Approve) => Ok(S::Approved),
        (S::Approved, A::Disburse) => Ok(S::Disbursing),
        (S::Disbursing, A::Finish) => Ok(S::Done),
        (S::Draft | S::ToApprove | S::Approved, A::Cancel) => Ok(S::Cancelled),
        _ => Err(CycleRefusal { state, action }),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
    use proptest::prelude::*;

    use super::{CycleAction, CycleState, transition};

    proptest! {
        #[test]
        fn money_flows_only_after_submission_and_approval(
            steps in proptest::collection::vec(0_usize..CycleAction::ALL.len(), 0..40)
        ) {
            let (mut state, mut submitted, mut approved) = (CycleState::Draft, false, false);
            for step in steps {
                let action = CycleAction::ALL[step];
                let before = state;
                let Ok(next) = transition(state, action) else { continue };
                state = next;
                match action {
                    CycleAction::Submit => submitted = true,
                    CycleAction::Return => submitted = false,
                    CycleAction::Approve => { prop_assert!(submitted); approved = true; }
                    // Amounts never change after they left the draft.
                    CycleAction::Compute => prop_assert_eq!(before, CycleState::Draft),
                    CycleAction::Cancel => prop_assert_ne!(before, CycleState::Disbursing),
                    _ => {}
                }
                if matches!(state, CycleState::Disbursing | CycleState::Done) {
                    prop_assert!(submitted && approved);
                }
            }
        }

        #[test]
        fn nothing_leaves_an_end_state(action in 0_usize..CycleAction::ALL.len()) {
            for state in [CycleState::Done, CycleState::Cancelled] {
                let refusal = transition(state, CycleAction::ALL[action]).unwrap_err();
                prop_assert!(refusal.to_string().contains(state.as_str()));
            }
        }
    }

    #[test]
    fn names_are_read_back() {
        for state in CycleState::ALL {
            assert_eq!(CycleState::parse(state.as_str()), Some(state));
        }
    }
}
