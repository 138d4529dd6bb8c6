//! The model: one readable, versioned TOML file that says how often each comparison comes out how, which name
//! words to drop, and which pairs to look at. `person.toml` beside this file is the shipped default.

mod compiled;
mod validate;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub(crate) use compiled::{
    Birth, BirthPlace, Compiled, Family, Given, Household, Identity, IdentityHash, Ladder, Other, Parents,
    Phone, Place, Roster, SexLevel,
};

/// What is wrong with a model file.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// Not TOML, an unknown key, or a value of the wrong type.
    #[error("the model file cannot be read: {0}")]
    Toml(#[from] toml::de::Error),
    /// The model cannot be written as TOML.
    #[error("the model cannot be written as TOML: {0}")]
    Write(#[from] toml::ser::Error),
    /// A value that parses but makes no sense.
    #[error("model: {place}: {problem}")]
    Invalid {
        /// Where, as a path into the file (`levels.given.typo`).
        place: String,
        /// What is wrong and what is expected.
        problem: String,
    },
}

/// How often one level occurs in each of the five kinds of pairs (probabilities, above 0 up to 1).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Level {
    /// Two records of one person.
    pub same: f64,
    /// Records of two twins.
    pub twin: f64,
    /// Records of two relatives with one name: named after the father or grandfather, cousins.
    pub namesake: f64,
    /// Records of two other relatives or members of one household.
    pub kin: f64,
    /// Records of two strangers.
    pub stranger: f64,
    /// When present the level is adjusted for how common the shared value is, down to this frequency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rarest: Option<f64>,
}

/// How many pairs of each kind are expected per record.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prior {
    /// Other records of the same person.
    pub duplicates_per_record: f64,
    /// Records of a twin.
    pub twins_per_record: f64,
    /// Records of relatives with the same name.
    pub namesakes_per_record: f64,
    /// Records of other relatives.
    pub relatives_per_record: f64,
    /// Smallest register size assumed.
    pub register_floor: f64,
}

/// How the register's own value counts are blended with the model's starting values.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Frequency {
    /// Weight of the starting value, in records.
    pub pseudo_count: f64,
}

/// Limits that hold whatever the numbers say.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Guard {
    /// Most bits for a pair without own-name and birth evidence or an equal identity number.
    pub bits_without_own_evidence: f64,
    /// Pairs at or below this many bits contradict each other in a cluster.
    pub conflict_bits: f64,
    /// Most records in one cluster.
    pub largest_cluster: usize,
}

/// Words in names that need care. All are folded (case, accents, script) before use.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NameRules {
    /// Dropped when another word is left.
    pub titles: Vec<String>,
    /// Connecting words, dropped when another word is left.
    pub connectors: Vec<String>,
    /// Prefixes ("servant of") that are joined with the following word.
    pub joined: Vec<String>,
    /// Abbreviations and what they stand for.
    pub aliases: BTreeMap<String, String>,
}

/// One way to bring candidate pairs together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BlockingRule {
    /// Shown in reports.
    pub name: String,
    /// All of these must agree.
    pub key: Vec<KeyPart>,
    /// Added one after the other to a block that is too large.
    #[serde(default)]
    pub divide_by: Vec<KeyPart>,
}

/// Rules and limits of candidate generation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Blocking {
    /// Records in a block that are compared all with all.
    pub largest_block: usize,
    /// Neighbours each record is compared with where a block stays too large.
    pub window: usize,
    /// The rules, cheapest and surest first.
    pub rules: Vec<BlockingRule>,
}

/// What a key is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyPart {
    /// Skeleton of the first given name.
    Given,
    /// First letter of that skeleton.
    GivenInitial,
    /// Skeleton of the first family name.
    Family,
    /// Skeletons of first given and family name in any order (family name missing: last given name).
    Names,
    /// Whole birth date, day and month in any order.
    BirthDate,
    /// Year of birth.
    BirthYear,
    /// Day and month of birth in any order.
    BirthDayMonth,
    /// Sex.
    Sex,
    /// Each phone.
    Phone,
    /// Each identity number.
    Identity,
    /// Household.
    Household,
    /// Whole address.
    Address,
    /// Village.
    Village,
    /// District.
    District,
    /// Skeleton of the father's first name.
    Father,
    /// Skeleton of the mother's first name.
    Mother,
}

/// Everything the engine needs to know, in one file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// Version of the model; scores should be stored with it.
    pub version: u32,
    /// Name of the model.
    pub name: String,
    /// Expected pairs per record.
    pub prior: Prior,
    /// Frequency adjustment.
    pub frequency: Frequency,
    /// Hard limits.
    pub guard: Guard,
    /// Name words.
    pub names: NameRules,
    /// Levels per comparison; the names are fixed by the engine ([`Model::ladders`]).
    pub levels: BTreeMap<String, BTreeMap<String, Level>>,
    /// Candidate generation.
    pub blocking: Blocking,
}

impl Model {
    /// The shipped model for registers of persons. Needs no tuning.
    #[must_use]
    pub fn default_person() -> Self {
        match Self::from_toml(include_str!("person.toml")) {
            Ok(model) => model,
            // A test reads the same file, so this arm cannot be reached in a build that passed.
            Err(_) => unreachable!("person.toml is checked by the tests"),
        }
    }

    /// Reads and checks a model.
    ///
    /// # Errors
    /// Names the line or the path of what is wrong.
    pub fn from_toml(text: &str) -> Result<Self, ModelError> {
        let model: Self = toml::from_str(text)?;
        model.validate()?;
        Ok(model)
    }

    /// The model as TOML; reading it back gives an equal model.
    ///
    /// # Errors
    /// Does not happen for a model that was read.
    pub fn to_toml(&self) -> Result<String, ModelError> {
        Ok(toml::to_string_pretty(self)?)
    }

    /// Checks that every level is there, probabilities lie in (0, 1] and add up, and blocking makes sense.
    ///
    /// # Errors
    /// The first thing found wrong, with its place.
    pub fn validate(&self) -> Result<(), ModelError> {
        validate::check(self)
    }

    /// The comparisons and their levels, in the order in which explanations list them.
    pub fn ladders() -> impl Iterator<Item = (&'static str, &'static [&'static str])> {
        Ladder::ALL.into_iter().map(|l| (l.name(), l.levels()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_shipped_model_is_sound_and_survives_a_round_trip() {
        let model = Model::from_toml(include_str!("person.toml")).unwrap();
        assert_eq!(Model::from_toml(&model.to_toml().unwrap()).unwrap(), model);
    }

    #[test]
    fn errors_name_the_place() {
        let text = include_str!("person.toml");
        let cases = [
            (text.replacen("same = 0.700,", "same = 1.700,", 1), "levels.birth.exact"),
            (text.replacen("largest_block = 120", "largest_block = 1", 1), "blocking.largest_block"),
            (text.replacen("[levels.sex]", "[levels.gender]", 1), "levels.gender"),
            (text.replacen("typo           =", "tipo           =", 1), "levels.given"),
            (text.replacen("same = 0.600,", "same = 0.200,", 1), "levels.given"),
        ];
        for (text, place) in cases {
            let message = Model::from_toml(&text).unwrap_err().to_string();
            assert!(message.contains(place), "{message} should name {place}");
        }
    }
}
