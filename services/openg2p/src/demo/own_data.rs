//! Files of the user's own: whether they can be used, before anything is registered.

use std::path::{Path, PathBuf};

use anyhow::Context;
use time::Date;

use crate::{
    generate::parse_date,
    population::{AccountRow, HouseholdRow, IdRow, IndividualRow, MembershipRow, PhoneRow, Sheet, TruthRow},
};

/// Of a hundred dated rows, how many may lie in the future: a few are mistakes, more are a wrong `--as-of`.
const MAY_BE_LATER: u64 = 5;
/// Columns whose day must have come.
const DAYS: &[&str] = &["birth_date", "registration_date", "start_date"];

/// What the files hold.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct OwnData {
    /// The directory, whatever directory a resumed demo is started in.
    pub(super) dir: PathBuf,
    /// Rows of all files.
    pub(super) rows: u64,
    /// Rows of `individuals.csv`.
    pub(super) individuals: u64,
    /// Dated rows that lie after the day of the demo; the registry refuses them.
    pub(super) later: u64,
}

/// Looks at every file the demo will need.
///
/// # Errors
/// Says which file or column is missing, which row cannot be read, or that the day of the demo is too early.
pub(super) fn check(dir: &Path, as_of: Date) -> anyhow::Result<OwnData> {
    let dir =
        std::fs::canonicalize(dir).with_context(|| format!("--data {} cannot be read", dir.display()))?;
    let needed = [
        HouseholdRow::FILE,
        IndividualRow::FILE,
        MembershipRow::FILE,
        IdRow::FILE,
        PhoneRow::FILE,
        AccountRow::FILE,
    ];
    let missing: Vec<&str> = needed.into_iter().filter(|file| !dir.join(file).is_file()).collect();
    anyhow::ensure!(
        missing.is_empty(),
        "{} has no {}: --data needs {} (docs/population.md describes them)",
        dir.display(),
        missing.join(", "),
        needed.join(", ")
    );
    let mut found = OwnData { dir, rows: 0, individuals: 0, later: 0 };
    found.sheet::<HouseholdRow>(as_of)?;
    found.individuals = found.sheet::<IndividualRow>(as_of)?;
    anyhow::ensure!(found.individuals > 0, "{}/individuals.csv has no rows", found.dir.display());
    found.sheet::<MembershipRow>(as_of)?;
    found.sheet::<IdRow>(as_of)?;
    found.sheet::<PhoneRow>(as_of)?;
    found.sheet::<AccountRow>(as_of)?;
    if found.dir.join(TruthRow::FILE).is_file() {
        found.sheet::<TruthRow>(as_of)?;
    }
    Ok(found)
}

impl OwnData {
    /// Reads a file once, and returns how many rows it has.
    fn sheet<T: Sheet>(&mut self, as_of: Date) -> anyhow::Result<u64> {
        let path = self.dir.join(T::FILE);
        let mut reader = csv::Reader::from_path(&path)?;
        let header = reader.headers().with_context(|| format!("{} cannot be read", path.display()))?.clone();
        let column = |name: &&str| header.iter().position(|h| h.trim_start_matches('\u{feff}') == *name);
        let missing: Vec<&str> = T::HEADER.iter().filter(|name| column(name).is_none()).copied().collect();
        anyhow::ensure!(missing.is_empty(), "{} has no column {}", path.display(), missing.join(", "));
        let days: Vec<usize> = DAYS.iter().filter(|day| T::HEADER.contains(day)).filter_map(column).collect();
        let (mut rows, mut later) = (0, 0);
        let mut record = csv::StringRecord::new();
        while reader.read_record(&mut record).with_context(|| format!("{} cannot be read", path.display()))? {
            rows += 1;
            let mut dates =
                days.iter().filter_map(|at| record.get(*at)).filter_map(|text| parse_date(text).ok());
            later += u64::from(dates.any(|day| day > as_of));
        }
        anyhow::ensure!(
            later * 100 <= rows * MAY_BE_LATER,
            "{later} of {rows} rows of {} are dated after {as_of}, the day the demo plays on; name a later one with --as-of",
            path.display()
        );
        self.rows += rows;
        self.later += later;
        Ok(rows)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use time::macros::date;

    use super::check;
    use crate::population;

    #[test]
    fn what_is_missing_is_named() {
        let dir = tempfile::tempdir().unwrap();
        population::generate(dir.path(), 300, 7, date!(2026 - 03 - 01), &mut |_, _| {}).unwrap();
        let whole = check(dir.path(), date!(2026 - 03 - 01)).unwrap();
        assert!(whole.dir.is_absolute() && whole.individuals > 300 && whole.rows > whole.individuals);
        let early = check(dir.path(), date!(2024 - 01 - 01)).unwrap_err().to_string();
        assert!(early.contains("households.csv") && early.contains("--as-of"), "{early}");

        let ids = dir.path().join("ids.csv");
        let text = std::fs::read_to_string(&ids).unwrap();
        std::fs::write(&ids, text.replacen("expiry_date", "until", 1)).unwrap();
        let column = check(dir.path(), date!(2026 - 03 - 01)).unwrap_err().to_string();
        assert!(column.ends_with("ids.csv has no column expiry_date"), "{column}");
        for file in ["ids.csv", "accounts.csv"] {
            std::fs::remove_file(dir.path().join(file)).unwrap();
        }
        let file = check(dir.path(), date!(2026 - 03 - 01)).unwrap_err().to_string();
        assert!(file.contains("has no ids.csv, accounts.csv"), "{file}");
        assert!(check(&dir.path().join("nowhere"), date!(2026 - 03 - 01)).is_err());
    }
}
