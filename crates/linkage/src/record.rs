//! What a caller hands in: one person as the register holds it. Nothing here is normalised yet.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::normalise::date::PartialDate;

/// Sex as registered. Anything else is left out (`None`): missing is neither agreement nor disagreement.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sex {
    /// Female.
    Female,
    /// Male.
    Male,
}

impl Sex {
    /// Reads the usual spellings (`F`, `female`, `2`, `M`, `male`, `1`, `homme`, …). Unknown text is `None`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text.trim().to_lowercase().as_str() {
            "f" | "female" | "w" | "woman" | "femme" | "mujer" | "2" => Some(Self::Female),
            "m" | "male" | "man" | "homme" | "h" | "hombre" | "1" => Some(Self::Male),
            _ => None,
        }
    }
}

/// One person. Every field but `id` may be missing; an empty or blank text counts as missing.
///
/// Texts may be in any script and of any length: each is cut at
/// [`MAX_FIELD_BYTES`](crate::normalise::text::MAX_FIELD_BYTES) before it is looked at.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Record {
    /// The caller's number for the record; unique within one register. Pairs are reported by it.
    pub id: u64,
    /// Which household the record sits in (any stable text).
    pub household: Option<String>,
    /// First or own name. May hold the whole name when the register has one name field only.
    pub given_name: Option<String>,
    /// Family, clan or father's name as the register keeps it.
    pub family_name: Option<String>,
    /// Middle or further names.
    pub other_names: Option<String>,
    /// Sex.
    pub sex: Option<Sex>,
    /// Birth date, whole or in part.
    pub birth_date: Option<PartialDate>,
    /// Place of birth.
    pub birth_place: Option<String>,
    /// Phone numbers in any notation. The first two count.
    pub phones: Vec<String>,
    /// Identity numbers, plain or as keyed hashes, as `kind:value` or just `value`. Only values of one
    /// kind are compared with each other; without a kind an unequal value says nothing. A hash can only be equal or
    /// not: one wrong digit goes unseen. The first three count.
    pub ids: Vec<String>,
    /// Street address or description of the dwelling.
    pub address: Option<String>,
    /// Village, ward or quarter.
    pub village: Option<String>,
    /// District or another larger area.
    pub district: Option<String>,
    /// Father's name.
    pub father_name: Option<String>,
    /// Mother's name.
    pub mother_name: Option<String>,
}

impl fmt::Debug for Record {
    /// Shows the id only: a person's data must not reach a log through `{:?}`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record").field("id", &self.id).finish_non_exhaustive()
    }
}
