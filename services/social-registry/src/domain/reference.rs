//! Names that records may use, as the registry is configured.

use std::collections::{BTreeMap, BTreeSet};

use regex::Regex;

/// A type of identity document.
#[derive(Debug, Clone)]
pub struct IdType {
    /// The whole value must match.
    pub pattern: Option<Regex>,
}

impl IdType {
    /// A type whose values match `pattern` as a whole.
    ///
    /// # Errors
    /// What is wrong with the pattern.
    pub fn new(pattern: Option<&str>) -> Result<Self, regex::Error> {
        let pattern = pattern.map(|p| Regex::new(&format!("^(?:{p})$"))).transpose()?;
        Ok(Self { pattern })
    }
}

/// What may stand between two registrants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelationType {
    /// `individual` or `group`.
    pub source_kind: String,
    /// `individual` or `group`.
    pub destination_kind: String,
}

/// All names, by their kind.
#[derive(Debug, Clone, Default)]
pub struct Reference {
    /// Kinds of group, for example `Household`.
    pub group_kinds: BTreeSet<String>,
    /// Kinds of membership; true for those that a group has once at most, such as `Head`.
    pub membership_kinds: BTreeMap<String, bool>,
    /// Types of identity document.
    pub id_types: BTreeMap<String, IdType>,
    /// Kinds of relationship.
    pub relations: BTreeMap<String, RelationType>,
}
