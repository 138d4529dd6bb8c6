//! The kinds of file that can be imported, and their columns.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What the rows of a file are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ImportKind {
    /// Groups of people.
    Households,
    /// People.
    Individuals,
    /// Who belongs to which household.
    Memberships,
    /// Identity documents of people.
    Ids,
    /// Phone numbers of people.
    Phones,
    /// How two people or households stand to each other.
    Relationships,
}

/// A column of a kind of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Name: the target of a mapping.
    pub name: &'static str,
    /// Whether a file without it is refused.
    pub required: bool,
}

const fn must(name: &'static str) -> Column {
    Column { name, required: true }
}

const fn may(name: &'static str) -> Column {
    Column { name, required: false }
}

const HOUSEHOLDS: &[Column] = &[
    must("external_id"),
    must("name"),
    may("kind"),
    may("address"),
    may("village"),
    may("district"),
    may("region"),
    may("country"),
    may("latitude"),
    may("longitude"),
    may("registration_date"),
];

const INDIVIDUALS: &[Column] = &[
    must("external_id"),
    may("given_name"),
    may("family_name"),
    may("additional_name"),
    may("full_name"),
    may("gender"),
    may("birth_date"),
    may("birth_place"),
    may("email"),
    may("address"),
    may("registration_date"),
];

const MEMBERSHIPS: &[Column] = &[
    must("household_external_id"),
    must("individual_external_id"),
    must("kind"),
    may("relationship_to_head"),
    may("start_date"),
];

const IDS: &[Column] = &[must("individual_external_id"), must("id_type"), must("value"), may("expiry_date")];

const PHONES: &[Column] = &[must("individual_external_id"), must("phone"), may("country")];

const RELATIONSHIPS: &[Column] = &[
    must("source_external_id"),
    must("destination_external_id"),
    must("relation"),
    may("start_date"),
    may("end_date"),
];

impl ImportKind {
    /// All kinds.
    pub const ALL: [Self; 6] = [
        Self::Households,
        Self::Individuals,
        Self::Memberships,
        Self::Ids,
        Self::Phones,
        Self::Relationships,
    ];

    /// The name on the wire and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Households => "households",
            Self::Individuals => "individuals",
            Self::Memberships => "memberships",
            Self::Ids => "ids",
            Self::Phones => "phones",
            Self::Relationships => "relationships",
        }
    }

    /// The kind of this name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// Its columns. Households and individuals take any further column as an attribute.
    #[must_use]
    pub const fn columns(self) -> &'static [Column] {
        match self {
            Self::Households => HOUSEHOLDS,
            Self::Individuals => INDIVIDUALS,
            Self::Memberships => MEMBERSHIPS,
            Self::Ids => IDS,
            Self::Phones => PHONES,
            Self::Relationships => RELATIONSHIPS,
        }
    }

    /// Whether columns beyond [`Self::columns`] are kept as attributes of the record.
    #[must_use]
    pub const fn takes_attributes(self) -> bool {
        matches!(self, Self::Households | Self::Individuals)
    }
}
