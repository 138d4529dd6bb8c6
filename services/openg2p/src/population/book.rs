//! Writes the seven files, gives out the external ids, and slips in the wrong rows.

use std::fs::{self, File};
use std::io::BufWriter;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

use super::dice::Dice;
use super::rows::{AccountRow, HouseholdRow, IdRow, IndividualRow, MembershipRow, PhoneRow, Sheet, TruthRow};
use super::wrong::{Spoil, Spoiler};
use super::{PopulationError, RowCounts};

/// One CSV file being written. It has another name until it is complete.
struct Page<T> {
    writer: csv::Writer<BufWriter<File>>,
    path: PathBuf,
    rows: u64,
    row: PhantomData<T>,
}

impl<T: Sheet> Page<T> {
    fn create(dir: &Path) -> Result<Self, PopulationError> {
        let path = dir.join(T::FILE);
        let part = partial(&path);
        let file = File::create(&part).map_err(|source| PopulationError::Io { path: part, source })?;
        let mut writer = csv::WriterBuilder::new()
            .has_headers(false)
            .terminator(csv::Terminator::Any(b'\n'))
            .from_writer(BufWriter::with_capacity(1 << 16, file));
        writer
            .write_record(T::HEADER)
            .map_err(|source| PopulationError::Csv { path: path.clone(), source })?;
        Ok(Self { writer, path, rows: 0, row: PhantomData })
    }

    fn write(&mut self, row: &T) -> Result<(), PopulationError> {
        self.rows += 1;
        self.writer.serialize(row).map_err(|source| PopulationError::Csv { path: self.path.clone(), source })
    }

    fn finish(mut self) -> Result<u64, PopulationError> {
        let path = self.path;
        let done = self.writer.flush().and_then(|()| fs::rename(partial(&path), &path));
        done.map_err(|source| PopulationError::Io { path, source })?;
        Ok(self.rows)
    }
}

fn partial(path: &Path) -> PathBuf {
    path.with_extension("csv.part")
}

/// All seven files.
pub(crate) struct Book {
    households: Page<HouseholdRow>,
    individuals: Page<IndividualRow>,
    memberships: Page<MembershipRow>,
    ids: Page<IdRow>,
    phones: Page<PhoneRow>,
    accounts: Page<AccountRow>,
    truth: Page<TruthRow>,
    spoilers: [Spoiler; 5],
    next_household: u64,
    next_individual: u64,
}

impl Book {
    /// Opens the files in `dir`, which is made if it is not there.
    pub(crate) fn create(dir: &Path) -> Result<Self, PopulationError> {
        fs::create_dir_all(dir).map_err(|source| PopulationError::Io { path: dir.to_owned(), source })?;
        Ok(Self {
            households: Page::create(dir)?,
            individuals: Page::create(dir)?,
            memberships: Page::create(dir)?,
            ids: Page::create(dir)?,
            phones: Page::create(dir)?,
            accounts: Page::create(dir)?,
            truth: Page::create(dir)?,
            spoilers: Default::default(),
            next_household: 1,
            next_individual: 1,
        })
    }

    /// The next free household id.
    pub(crate) fn household_id(&mut self) -> String {
        self.next_household += 1;
        format!("HH-{:08}", self.next_household - 1)
    }

    /// The next free individual id.
    pub(crate) fn individual_id(&mut self) -> String {
        self.next_individual += 1;
        format!("IND-{:08}", self.next_individual - 1)
    }

    pub(crate) fn household(&mut self, dice: &mut Dice, row: &HouseholdRow) -> Result<(), PopulationError> {
        self.households.write(row)?;
        let [spoiler, ..] = &mut self.spoilers;
        if spoiler.due(dice) {
            let fresh = self.household_id();
            self.households.write(&row.spoilt(dice, fresh))?;
        }
        Ok(())
    }

    pub(crate) fn individual(&mut self, dice: &mut Dice, row: &IndividualRow) -> Result<(), PopulationError> {
        self.individuals.write(row)?;
        let [_, spoiler, ..] = &mut self.spoilers;
        if spoiler.due(dice) {
            let fresh = self.individual_id();
            self.individuals.write(&row.spoilt(dice, fresh))?;
        }
        Ok(())
    }

    pub(crate) fn membership(&mut self, dice: &mut Dice, row: &MembershipRow) -> Result<(), PopulationError> {
        self.memberships.write(row)?;
        let [_, _, spoiler, ..] = &mut self.spoilers;
        if spoiler.due(dice) {
            let nobody = nobody(dice);
            self.memberships.write(&row.spoilt(dice, nobody))?;
        }
        Ok(())
    }

    pub(crate) fn id(&mut self, dice: &mut Dice, row: &IdRow) -> Result<(), PopulationError> {
        self.ids.write(row)?;
        let [_, _, _, spoiler, _] = &mut self.spoilers;
        if spoiler.due(dice) {
            let nobody = nobody(dice);
            self.ids.write(&row.spoilt(dice, nobody))?;
        }
        Ok(())
    }

    pub(crate) fn phone(&mut self, dice: &mut Dice, row: &PhoneRow) -> Result<(), PopulationError> {
        self.phones.write(row)?;
        let [.., spoiler] = &mut self.spoilers;
        if spoiler.due(dice) {
            let nobody = nobody(dice);
            self.phones.write(&row.spoilt(dice, nobody))?;
        }
        Ok(())
    }

    pub(crate) fn account(&mut self, row: &AccountRow) -> Result<(), PopulationError> {
        self.accounts.write(row)
    }

    pub(crate) fn truth(&mut self, row: &TruthRow) -> Result<(), PopulationError> {
        self.truth.write(row)
    }

    /// Rows slipped in so far that a register must refuse.
    pub(crate) fn wrong_rows(&self) -> u64 {
        self.spoilers.iter().map(|spoiler| spoiler.fired).sum()
    }

    /// Completes the files and gives them their names.
    pub(crate) fn finish(self) -> Result<RowCounts, PopulationError> {
        Ok(RowCounts {
            households: self.households.finish()?,
            individuals: self.individuals.finish()?,
            memberships: self.memberships.finish()?,
            ids: self.ids.finish()?,
            phones: self.phones.finish()?,
            accounts: self.accounts.finish()?,
            truth: self.truth.finish()?,
        })
    }
}

/// The number of a record that no file holds: the generator never counts this far.
fn nobody(dice: &mut Dice) -> String {
    format!("{:08}", 99_000_000 + dice.below(1_000_000))
}
