//! The life of a change that waits.

/// Where a waiting change stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PendingState {
    /// A second person has to approve it.
    Proposed,
    /// It waits for its day.
    Scheduled,
    /// It was made.
    Applied,
    /// Somebody withdrew it.
    Cancelled,
    /// Its day came, and it could not be made.
    Failed,
}

/// What can happen to a waiting change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PendingStep {
    /// A second person agrees.
    Approve,
    /// Somebody withdraws it.
    Cancel,
    /// Its day came, and it was made.
    Apply,
    /// Its day came, and it could not be made.
    Fail,
}

impl PendingState {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Proposed, Self::Scheduled, Self::Applied, Self::Cancelled, Self::Failed];

    /// As it is stored and shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::Scheduled => "scheduled",
            Self::Applied => "applied",
            Self::Cancelled => "cancelled",
            Self::Failed => "failed",
        }
    }

    /// The state of this name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// The state after a step; `None` when the step is not possible in this one.
    #[must_use]
    pub const fn after(self, step: PendingStep) -> Option<Self> {
        match (self, step) {
            (Self::Proposed, PendingStep::Approve) => Some(Self::Scheduled),
            (Self::Proposed | Self::Scheduled, PendingStep::Cancel) => Some(Self::Cancelled),
            (Self::Scheduled, PendingStep::Apply) => Some(Self::Applied),
            (Self::Scheduled, PendingStep::Fail) => Some(Self::Failed),
            _ => None,
        }
    }
}
