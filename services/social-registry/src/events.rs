//! What the registry says and hears. Ids and scores only.

use events::EventData;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Most registrants one event names.
pub const MAX_ITEMS: usize = 500;

/// Registrants were created, changed, or became a duplicate of another; at most 500 in one event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RegistrantsChanged {
    /// What happened.
    pub change: ChangeKind,
    /// To what.
    pub kind: RegistrantKind,
    /// Who.
    pub registrant_ids: Vec<Uuid>,
}

/// What happened to registrants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// New.
    Created,
    /// The record, its documents, phones or memberships changed.
    Updated,
    /// Another record stands for the person now.
    Duplicate,
}

/// People or households.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RegistrantKind {
    /// People.
    Individual,
    /// Households.
    Group,
}

impl RegistrantKind {
    /// As the database has it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Individual => "individual",
            Self::Group => "group",
        }
    }
}

impl EventData for RegistrantsChanged {
    const TOPIC: &'static str = "social-registry.registrants.changed.v1";
}

/// Candidate pairs of a run of the deduplicator; at most 500 in one event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PairsFound {
    /// The run that found them.
    pub run_id: Uuid,
    /// Model that scored them.
    pub model: String,
    /// The pairs.
    pub pairs: Vec<FoundPair>,
}

/// Two registrants that may be one person.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FoundPair {
    /// The one that was registered first.
    pub left: Uuid,
    /// The other.
    pub right: Uuid,
    /// 0 to 1.
    pub probability: f64,
    /// Log2 of the odds.
    pub weight: f64,
}

impl EventData for PairsFound {
    const TOPIC: &'static str = "dedup.pairs.found.v1";
}
