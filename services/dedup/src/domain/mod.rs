//! Comparison records as the registry gives them, and as the engine takes them.

use linkage::{PartialDate, Record, Sex};
use platform::Masked;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What one person is compared by. `Debug` shows ids only.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ComparisonRecord {
    /// The registrant.
    pub registrant_id: Uuid,
    /// The household, when there is one.
    #[serde(default)]
    pub household_id: Option<Uuid>,
    /// The whole name; only read when the registry knows no parts of it.
    #[serde(default, skip_serializing)]
    pub full_name: Option<Masked<String>>,
    /// Given name.
    #[serde(default)]
    pub given_name: Option<Masked<String>>,
    /// Family name.
    #[serde(default)]
    pub family_name: Option<Masked<String>>,
    /// Other names.
    #[serde(default)]
    pub additional_name: Option<Masked<String>>,
    /// Sex or gender as the registry has it.
    #[serde(default)]
    pub sex: Option<Masked<String>>,
    /// Birth date, whole or in part.
    #[serde(default)]
    pub birth_date: Option<Masked<String>>,
    /// Birth place.
    #[serde(default)]
    pub birth_place: Option<Masked<String>>,
    /// Phone numbers.
    #[serde(default)]
    pub phones: Vec<Masked<String>>,
    /// Keyed hashes of the person's ids.
    #[serde(default)]
    pub id_hashes: Vec<String>,
    /// Address.
    #[serde(default)]
    pub address: Option<Masked<String>>,
    /// Village.
    #[serde(default)]
    pub village: Option<Masked<String>>,
    /// District.
    #[serde(default)]
    pub district: Option<Masked<String>>,
}

fn is_blank(value: Option<&Masked<String>>) -> bool {
    value.is_none_or(|text| text.expose().trim().is_empty())
}

impl ComparisonRecord {
    /// The record with the whole name as the given name when the registry knows no parts: it is compared by that, and
    /// not as if the person had no name.
    #[must_use]
    pub fn named(mut self) -> Self {
        let parts = [&self.given_name, &self.family_name, &self.additional_name];
        if parts.into_iter().all(|part| is_blank(part.as_ref())) {
            self.given_name = self.full_name.take();
        }
        self
    }

    /// The engine's record under the number the store gave it.
    #[must_use]
    pub fn into_engine(self, id: u64) -> Record {
        let text =
            |value: Option<Masked<String>>| value.map(Masked::into_inner).filter(|t| !t.trim().is_empty());
        Record {
            id,
            household: self.household_id.map(|h| h.to_string()),
            given_name: text(self.given_name),
            family_name: text(self.family_name),
            other_names: text(self.additional_name),
            sex: self.sex.and_then(|s| Sex::parse(s.expose())),
            birth_date: self.birth_date.and_then(|d| PartialDate::parse(d.expose())),
            birth_place: text(self.birth_place),
            phones: self.phones.into_iter().map(Masked::into_inner).collect(),
            ids: self.id_hashes,
            address: text(self.address),
            village: text(self.village),
            district: text(self.district),
            ..Record::default()
        }
    }
}
