//! A made-up population: seven CSV files that a register can import, and the truth about who is in them twice.
//!
//! Same number of people, seed and date give the same bytes on every machine and in every release that does not
//! say otherwise: all choices are integers drawn from one ChaCha20 stream; no clock, no floats, no hash order.
//!
//! | file | one row is | columns |
//! |---|---|---|
//! | `households.csv` | a household | [`HouseholdRow`] |
//! | `individuals.csv` | an entry of a person | [`IndividualRow`] |
//! | `memberships.csv` | a person's place in a household | [`MembershipRow`] |
//! | `ids.csv` | an identity document | [`IdRow`] |
//! | `phones.csv` | a phone number | [`PhoneRow`] |
//! | `accounts.csv` | where a Head wants the money | [`AccountRow`] |
//! | `truth.csv` | two entries of one person | [`TruthRow`] |
//!
//! UTF-8, comma, `\n`, a header line, quotes only where needed. `docs/population.md` explains values and counts.
//!
//! How rows are counted, with `n` people:
//! - `individuals.csv` has `n` first entries, `n * 3 / 100` (rounded) second entries, and wrong rows;
//! - `truth.csv` has one row per second entry; nobody is entered three times;
//! - in each of the first five files one wrong row follows within each 199 good ones. Wrong rows are additional:
//!   without them all `n` people and their documents are there.

mod assets;
mod book;
mod dice;
mod duplicates;
mod generator;
mod kinship;
mod names;
mod person;
mod places;
mod rows;
mod wrong;

use std::path::{Path, PathBuf};

use serde::Serialize;
use time::Date;

pub use assets::score_definition;
pub use rows::{AccountRow, HouseholdRow, IdRow, IndividualRow, MembershipRow, PhoneRow, Sheet, TruthRow};

/// Kinds of household in `households.csv`.
pub const HOUSEHOLD_KINDS: &[&str] = &["Household"];

/// Values of `gender` in good rows.
pub const GENDERS: &[&str] = &["female", "male"];

/// Kinds of membership; a household has at most one `Head`.
pub const MEMBERSHIP_KINDS: &[&str] =
    &["Head", "Spouse", "Child", "Parent", "Grandchild", "Sibling", "Relative", "Principal recipient"];

/// ID types in good rows, each with a regular expression that the whole value matches.
pub const ID_TYPES: &[(&str, &str)] =
    &[("NATIONAL_ID", "^[1-9][0-9]{8}$"), ("BIRTH_CERT", "^BC[0-9]{10}$"), ("PASSPORT", "^A[0-9]{7}$")];

/// The unique numbers (phones first) are known to suffice up to here.
pub const MAX_PERSONS: u32 = 20_000_000;

/// Why no population could be written.
#[derive(Debug, thiserror::Error)]
pub enum PopulationError {
    /// Nothing to generate, or more than there are unique numbers for.
    #[error("cannot generate {0} people: ask for a number from 1 to {MAX_PERSONS}")]
    Persons(u32),
    /// Birth dates up to a century back must be writable with four digits.
    #[error("cannot generate a population as of {0}: the year must be from 1200 to 9000")]
    AsOf(Date),
    /// A file or the directory could not be written.
    #[error("cannot write {}: {source}; check that the directory is writable and the disk has room", path.display())]
    Io {
        /// What was being written.
        path: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
    /// A row could not be written.
    #[error("cannot write a row of {}: {source}; check that the disk has room", path.display())]
    Csv {
        /// What was being written.
        path: PathBuf,
        /// What the writer said.
        source: csv::Error,
    },
}

/// Rows per file, without the header lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct RowCounts {
    /// Rows of `households.csv`.
    pub households: u64,
    /// Rows of `individuals.csv`.
    pub individuals: u64,
    /// Rows of `memberships.csv`.
    pub memberships: u64,
    /// Rows of `ids.csv`.
    pub ids: u64,
    /// Rows of `phones.csv`.
    pub phones: u64,
    /// Rows of `accounts.csv`.
    pub accounts: u64,
    /// Rows of `truth.csv`.
    pub truth: u64,
}

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Distinct people, as asked for.
    pub persons: u64,
    /// Households (good rows).
    pub households: u64,
    /// People entered twice.
    pub duplicates: u64,
    /// Rows that a register must refuse, over all files.
    pub wrong_rows: u64,
    /// All rows, wrong ones included.
    pub rows: RowCounts,
}

/// Writes a population of `persons` distinct people, as it is registered on the day `as_of`, into `dir`.
///
/// `dir` is made if needed; files of the same names are replaced once the new ones are complete. `progress` is
/// called with people written and people to write, about once per thousand.
///
/// # Errors
/// [`PopulationError::Persons`] and [`PopulationError::AsOf`] before anything is written; else the file system's.
pub fn generate(
    dir: &Path,
    persons: u32,
    seed: u64,
    as_of: Date,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Summary, PopulationError> {
    if !(1..=MAX_PERSONS).contains(&persons) {
        return Err(PopulationError::Persons(persons));
    }
    if !(1200..=9000).contains(&as_of.year()) {
        return Err(PopulationError::AsOf(as_of));
    }
    generator::Generator::new(dir, persons.into(), seed, as_of.to_julian_day())?.run(progress)
}
