//! The life of a file of changes.

/// Where the work on a file stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BulkState {
    /// It is coming in.
    Uploading,
    /// It is here; nobody works on it yet.
    Queued,
    /// It is worked on.
    Running,
    /// All rows were changed or refused.
    Done,
    /// It was given up. Rows before that were changed.
    Failed,
    /// Somebody cancelled it. Rows before that were changed.
    Cancelled,
}

/// What can happen to a file that is here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BulkStep {
    /// Work on it begins, or goes on in another process.
    Start,
    /// Its last row was worked on.
    Finish,
    /// It cannot be worked on.
    GiveUp,
    /// Somebody does not want it any more.
    Cancel,
}

impl BulkState {
    /// All states.
    pub const ALL: [Self; 6] =
        [Self::Uploading, Self::Queued, Self::Running, Self::Done, Self::Failed, Self::Cancelled];

    /// As the database keeps it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Uploading => "uploading",
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// The state of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }

    /// The state after a step; `None` when the step is not possible in this one.
    #[must_use]
    pub const fn after(self, step: BulkStep) -> Option<Self> {
        match (self, step) {
            (Self::Queued | Self::Running, BulkStep::Start) => Some(Self::Running),
            (Self::Running, BulkStep::Finish) => Some(Self::Done),
            (Self::Queued | Self::Running, BulkStep::GiveUp) => Some(Self::Failed),
            (Self::Queued | Self::Running, BulkStep::Cancel) => Some(Self::Cancelled),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{BulkState, BulkStep};

    #[test]
    fn a_file_ends_once_and_nothing_is_done_with_it_after_that() {
        for state in BulkState::ALL {
            assert_eq!(BulkState::parse(state.as_str()), Some(state));
            let open = matches!(state, BulkState::Queued | BulkState::Running);
            for step in [BulkStep::Start, BulkStep::GiveUp, BulkStep::Cancel] {
                assert_eq!(state.after(step).is_some(), open, "{state:?} {step:?}");
            }
            let running = state == BulkState::Running;
            assert_eq!(state.after(BulkStep::Finish).is_some(), running, "{state:?}");
        }
    }
}
