//! What the mapper tells others. Never an address: who needs it resolves it, and is recorded doing so.

use events::EventData;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Mappings changed; at most 1,000 in one event.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct MappingsChanged {
    /// The changes, in no order that matters.
    pub items: Vec<MappingChange>,
}

/// One change.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct MappingChange {
    /// The person's id as the mapper knows it (a pseudonym).
    pub id: String,
    /// What happened.
    pub change: Change,
    /// When, RFC 3339.
    pub at: String,
}

/// Kinds of change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// A first address.
    Linked,
    /// Another address.
    Updated,
    /// The address was removed.
    Unlinked,
    /// The address may not be changed until the id is unfrozen.
    Frozen,
    /// It may be changed again.
    Unfrozen,
}

impl Change {
    /// All of them.
    const ALL: [Self; 5] = [Self::Linked, Self::Updated, Self::Unlinked, Self::Frozen, Self::Unfrozen];

    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|change| change.as_str() == text)
    }

    /// As it stands in the history table.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Linked => "linked",
            Self::Updated => "updated",
            Self::Unlinked => "unlinked",
            Self::Frozen => "frozen",
            Self::Unfrozen => "unfrozen",
        }
    }
}

impl EventData for MappingsChanged {
    const TOPIC: &'static str = "spar-mapper.mappings.changed.v1";
}
