//! Two rows to one level per comparison. Missing on either side gives no level: neither agreement nor disagreement.

mod birth;
mod names;
mod parts;
mod shared;

use crate::encode::{Row, Words};
use crate::frequency::Frequencies;
use crate::model::{BirthPlace, Compiled, Household, Identity, Ladder, Place, SexLevel};

/// What one comparison found.
#[derive(Clone, Copy)]
pub(crate) struct Finding {
    /// Level number within the ladder.
    pub(crate) level: u8,
    /// How common the shared value is, where the level is adjusted for that.
    pub(crate) frequency: Option<f64>,
}

impl Finding {
    pub(crate) fn plain(level: u8) -> Option<Self> {
        Some(Self { level, frequency: None })
    }
}

/// One finding per ladder.
pub(crate) type Evidence = [Option<Finding>; Ladder::COUNT];

/// What comparisons look things up in.
#[derive(Clone, Copy)]
pub(crate) struct Context<'a> {
    pub(crate) words: Words<'a>,
    pub(crate) frequencies: &'a Frequencies,
    pub(crate) model: &'a Compiled,
    /// How many of the two records are in the counts: they say nothing about how common their values are otherwise.
    pub(crate) counted: u32,
}

/// Compares two rows on everything but the household lists (those need the other rows, see `roster`).
pub(crate) fn compare(a: &Row, b: &Row, context: Context<'_>) -> Evidence {
    let names = names::own_names(a, b, context);
    // One household has one place and usually one phone: that they agree says nothing more.
    let household = shared::household(a, b);
    let apart = household.is_none_or(|f| f.level != Household::Same as u8);
    let phone = apart.then(|| shared::phone(a, b, context)).flatten();
    let place = apart.then(|| shared::place(a, b, context)).flatten();
    let neighbours = !apart || place.is_some_and(|f| f.level <= Place::Village as u8);
    let birth_place = shared::birth_place(a, b, context);
    [
        names.given,
        names.other,
        birth::birth(a, b, context),
        sex(a, b),
        identity(a, b, context),
        None,
        names.family,
        shared::parents(a, b, context),
        phone,
        place,
        birth_place.filter(|f| !neighbours || f.level != BirthPlace::Same as u8),
        household,
    ]
}

fn sex(a: &Row, b: &Row) -> Option<Finding> {
    let level = if a.sex? == b.sex? { SexLevel::Same } else { SexLevel::Different };
    Finding::plain(level as u8)
}

/// Numbers of one kind only: a voter card says nothing about a health card. Best level over all pairs.
fn identity(a: &Row, b: &Row, context: Context<'_>) -> Option<Finding> {
    let mut best: Option<Identity> = None;
    for x in a.ids.iter().filter(|i| i.value != 0) {
        for y in b.ids.iter().filter(|i| i.value != 0 && i.kind == x.kind) {
            let level = if x.value == y.value {
                Identity::Same
            } else if one_edit(x.value, y.value, context.words) {
                Identity::Similar
            } else {
                Identity::Different
            };
            best = Some(best.map_or(level, |b| if (level as u8) < b as u8 { level } else { b }));
        }
    }
    Finding::plain(best? as u8)
}

fn one_edit(x: u32, y: u32, words: Words<'_>) -> bool {
    match (words.identity(x), words.identity(y)) {
        // Short numbers and keyed hashes (long) are never "nearly" equal by a slip of the pen.
        (Some(x), Some(y)) if (6..=24).contains(&x.len()) => {
            crate::similarity::edits(x.as_bytes(), y.as_bytes(), 1) <= 1
        }
        _ => false,
    }
}

/// Whether two rows could be one person by name and birth date alone; used by the household lists.
pub(crate) fn compatible(a: &Row, b: &Row, context: Context<'_>) -> bool {
    let birth = birth::birth(a, b, context);
    birth.is_none_or(|f| f.level <= crate::model::Birth::DayMonth as u8) && names::same_first_name(a, b)
}
