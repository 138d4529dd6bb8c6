//! Two rows to one level per comparison. Missing on either side gives no level: neither agreement nor disagreement.

mod birth;
mod names;
mod parts;
mod shared;

use crate::encode::{Row, Words};
use crate::frequency::Frequencies;
use crate::model::{BirthPlace, Compiled, Household, Identity, IdentityHash, Ladder, Place, SexLevel};
use crate::similarity::edits;

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
    let [number, hashed_number] = identity(a, b, context);
    [
        names.given,
        names.other,
        birth::birth(a, b, context),
        sex(a, b),
        number,
        hashed_number,
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

/// Numbers of one kind only: a voter card says nothing about a health card. Best level over all pairs, of plain numbers
/// and of keyed hashes (which a slip of the pen makes wholly different, so that "different" says less).
fn identity(a: &Row, b: &Row, context: Context<'_>) -> [Option<Finding>; 2] {
    let mut best: [Option<Identity>; 2] = [None; 2];
    for x in a.ids.iter().filter(|i| i.value != 0) {
        for y in b.ids.iter().filter(|i| i.value != 0 && i.kind == x.kind) {
            let [p, q] = [x, y].map(|i| context.words.identity(i.value).unwrap_or_default().as_bytes());
            let hashed = p.len() > LONGEST_NUMBER && q.len() > LONGEST_NUMBER;
            let level = if x.value == y.value {
                Identity::Same
            } else if !hashed && p.len() >= SHORTEST_NUMBER && edits(p, q, 1) <= 1 {
                Identity::Similar
            } else if x.kind == 0 {
                // Without a kind these may be two documents of one person: no evidence either way.
                continue;
            } else {
                Identity::Different
            };
            let [plain, hash] = &mut best;
            let best = if hashed { hash } else { plain };
            *best = Some(best.map_or(level, |b| b.min(level)));
        }
    }
    let [plain, hash] = best;
    let hash = hash.map(|l| if l == Identity::Same { IdentityHash::Same } else { IdentityHash::Different });
    [plain.and_then(|l| Finding::plain(l as u8)), hash.and_then(|l| Finding::plain(l as u8))]
}

/// Shorter numbers are never "nearly" equal, longer ones are hashes.
const SHORTEST_NUMBER: usize = 6;
const LONGEST_NUMBER: usize = 24;

/// Whether two rows could be one person by name and birth date alone; used by the household lists.
pub(crate) fn compatible(a: &Row, b: &Row, context: Context<'_>) -> bool {
    let birth = birth::birth(a, b, context);
    birth.is_none_or(|f| f.level <= crate::model::Birth::DayMonth as u8) && names::same_first_name(a, b)
}
