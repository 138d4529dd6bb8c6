//! Candidate generation: records that agree on a rule's key form a block. A block that is too large is divided by
//! one more field after the other; what stays too large is compared with neighbours only, in an order that puts
//! alike records side by side. Nothing here depends on the order in which records came, and no block costs more
//! than `largest_block` comparisons per record.

pub(crate) mod batch;
pub(crate) mod live;

use crate::encode::{Row, Words};
use crate::hash::{extend, text};
use crate::model::{BlockingRule, KeyPart};

/// A rule's keys for one row: one, or one per phone or identity number. 0 means none.
pub(crate) type Keys = [u64; 3];

/// Keys of a row under a rule. Parts that are missing give no key at all.
pub(crate) fn keys(row: &Row, rule: &BlockingRule, words: Words<'_>) -> Keys {
    let mut base = 1;
    let mut many: Option<Keys> = None;
    for part in &rule.key {
        match part {
            KeyPart::Phone => {
                let [first, second] = row.phones;
                many = Some([first, second, 0]);
            }
            KeyPart::Identity => many = Some(row.ids.map(|i| words.identity(i.value).map_or(0, text))),
            single => match value(row, *single, words) {
                0 => return [0; 3],
                value => base = extend(base, value),
            },
        }
    }
    match many {
        None => [base.max(1), 0, 0],
        Some(values) => {
            let [first, second, third] = values.map(|v| if v == 0 { 0 } else { extend(base, v).max(1) });
            // The same number twice must not make a block of one record with itself.
            [
                first,
                if second == first { 0 } else { second },
                if third == first || third == second { 0 } else { third },
            ]
        }
    }
}

/// The key of a row one division further down. A missing part is a value of its own.
pub(crate) fn divided(row: &Row, key: u64, part: KeyPart, words: Words<'_>) -> u64 {
    extend(key, value(row, part, words))
}

/// One part of a key; 0 when missing.
fn value(row: &Row, part: KeyPart, words: Words<'_>) -> u64 {
    let first = |tokens: &[u32]| tokens.first().map_or(0, |t| words.skeleton(*t));
    match part {
        KeyPart::Given => first(&row.given),
        KeyPart::GivenInitial => {
            row.given.first().and_then(|t| words.word(*t)).map_or(0, |w| u64::from(w.initial) + 1)
        }
        KeyPart::Family => first(&row.family),
        KeyPart::Names => names(row, words),
        KeyPart::BirthDate => row.birth.filter(|d| d.is_whole()).map_or(0, |d| {
            let other = d.swapped().unwrap_or(d);
            u64::from(d.min(other).packed())
        }),
        KeyPart::BirthYear => row.birth.and_then(|d| d.year()).map_or(0, u64::from),
        KeyPart::BirthDayMonth => match row.birth.and_then(|d| Some((d.day()?, d.month()?))) {
            // 1 January stands for "unknown": it would make one enormous block.
            None | Some((1, 1)) => 0,
            Some((day, month)) => u64::from(day.max(month)) * 100 + u64::from(day.min(month)),
        },
        KeyPart::Sex => row.sex.map_or(0, |s| s as u64 + 1),
        KeyPart::Household => row.household,
        KeyPart::Address => row.address,
        KeyPart::Village => row.village,
        KeyPart::District => row.district,
        KeyPart::Father => first(&row.father),
        KeyPart::Mother => first(&row.mother),
        KeyPart::Phone | KeyPart::Identity => 0,
    }
}

/// First given and family name in either order.
fn names(row: &Row, words: Words<'_>) -> u64 {
    let filled = |tokens: &[u32]| tokens.iter().copied().rfind(|t| *t != 0);
    let given = row.given.first().copied().unwrap_or(0);
    let family = row.family.first().copied().filter(|t| *t != 0);
    let family = family.or_else(|| filled(&row.other)).or_else(|| filled(&row.given).filter(|t| *t != given));
    let (x, y) = (words.skeleton(given), family.map_or(0, |f| words.skeleton(f)));
    if x == 0 || y == 0 { 0 } else { extend(x.min(y), x.max(y)) }
}
