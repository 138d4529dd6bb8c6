//! How common each value is in the register: agreeing on a rare name says more than on a common one.

use crate::compare::Context;
use crate::encode::{Row, WordId, Words};
use crate::hash::{KeyMap, extend};
use crate::model::Level;

/// The columns whose values are counted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Column {
    Given,
    Family,
    Father,
    Mother,
    GivenSkeleton,
    FamilySkeleton,
    Birth,
    Phone,
    Address,
    Village,
    District,
    BirthPlace,
    Other,
}

const COLUMNS: usize = 13;
/// Records from which on a name that stands alone is taken for a slip of the pen rather than a rare name.
const ENOUGH_NAMES: u32 = 2_000;

/// Counts per value. Kept up to date one record at a time; the order of records does not matter.
#[derive(Default, Clone)]
pub(crate) struct Frequencies {
    records: u32,
    /// Records that have a value in the column.
    filled: [u32; COLUMNS],
    /// First tokens of given, family, father and mother, by word.
    words: [Vec<u32>; 4],
    /// Everything else, by hash of column and value.
    values: KeyMap<u32>,
}

impl Frequencies {
    pub(crate) fn records(&self) -> u32 {
        self.records
    }

    /// Adds a row's values (`added`) or takes them away.
    pub(crate) fn count(&mut self, row: &Row, words: Words<'_>, added: bool) {
        bump(&mut self.records, added);
        let names = [
            (Column::Given, &row.given[..]),
            (Column::Family, &row.family[..]),
            (Column::Father, &row.father[..]),
            (Column::Mother, &row.mother[..]),
        ];
        for (column, tokens) in names {
            let Some(first) = tokens.first().copied().filter(|t| *t != 0) else { continue };
            self.fill(column, added);
            // Every token counts, so that a middle word that is everywhere is known to be common.
            for token in tokens.iter().copied().filter(|t| *t != 0) {
                self.count_word(column, token, added);
            }
            let skeleton = match column {
                Column::Given => Column::GivenSkeleton,
                Column::Family => Column::FamilySkeleton,
                _ => continue,
            };
            self.count_value(skeleton, words.skeleton(first), added);
        }
        self.count_value(Column::Birth, row.birth.map_or(0, |d| u64::from(d.packed())), added);
        for phone in row.phones {
            self.count_value(Column::Phone, phone, added);
        }
        self.count_value(Column::Address, row.address, added);
        self.count_value(Column::Village, row.village, added);
        self.count_value(Column::District, row.district, added);
        self.count_value(Column::BirthPlace, row.birth_place, added);
        for token in row.other.into_iter().filter(|t| *t != 0) {
            self.count_value(Column::Other, words.skeleton(token), added);
        }
    }

    fn count_word(&mut self, column: Column, token: WordId, added: bool) {
        let Some(counts) = self.words.get_mut(column as usize) else { return };
        let place = token as usize;
        if counts.len() <= place {
            counts.resize(place + 1, 0);
        }
        if let Some(count) = counts.get_mut(place) {
            bump(count, added);
        }
    }

    fn count_value(&mut self, column: Column, value: u64, added: bool) {
        if value == 0 {
            return;
        }
        self.fill(column, added);
        let key = extend(column as u64, value);
        let count = self.values.entry(key).or_default();
        bump(count, added);
        if *count == 0 {
            self.values.remove(&key);
        }
    }

    fn fill(&mut self, column: Column, added: bool) {
        if let Some(filled) = self.filled.get_mut(column as usize) {
            bump(filled, added);
        }
    }

    /// Share of the records beside the two that hold this word, blended with the level's starting value.
    pub(crate) fn word(&self, column: Column, token: WordId, level: &Level, context: Context<'_>) -> f64 {
        let count = self.words.get(column as usize).and_then(|c| c.get(token as usize)).copied().unwrap_or(0);
        self.blend(column, count, level, context)
    }

    /// The word is the name of this record only, in a register that knows enough names to judge.
    pub(crate) fn unheard_of(&self, column: Column, token: WordId) -> bool {
        let count = self.words.get(column as usize).and_then(|c| c.get(token as usize)).copied().unwrap_or(0);
        count <= 1 && self.records >= ENOUGH_NAMES
    }

    /// The same for a value by hash.
    pub(crate) fn value(&self, column: Column, value: u64, level: &Level, context: Context<'_>) -> f64 {
        let count = self.values.get(&extend(column as u64, value)).copied().unwrap_or(0);
        self.blend(column, count, level, context)
    }

    fn blend(&self, column: Column, count: u32, level: &Level, context: Context<'_>) -> f64 {
        let filled = f64::from(self.filled.get(column as usize).copied().unwrap_or(0));
        let others = f64::from(count.saturating_sub(context.counted));
        let pseudo = context.model.pseudo_count;
        let share = (others + pseudo * level.stranger) / (filled + pseudo);
        share.clamp(level.rarest.unwrap_or(0.0), 1.0)
    }
}

fn bump(count: &mut u32, added: bool) {
    *count = if added { count.saturating_add(1) } else { count.saturating_sub(1) };
}
