//! Evidence that relatives share: parents' names, phone, place, household.

use super::names::{Likeness, likeness, overlap};
use super::{Context, Finding};
use crate::encode::{Row, WordId};
use crate::frequency::Column;
use crate::model::{BirthPlace, Household, Ladder, Parents, Phone, Place};
use crate::similarity::edits;

pub(super) fn parents(a: &Row, b: &Row, context: Context<'_>) -> Option<Finding> {
    // Where a family or further name IS the father's name it has been counted once already.
    let patronymic = |r: &Row| {
        let father = r.father.first().copied().unwrap_or(0);
        father != 0 && (r.family.contains(&father) || r.other.contains(&father))
    };
    let father = if patronymic(a) && patronymic(b) { None } else { agree(&a.father, &b.father, context) };
    let mother = agree(&a.mother, &b.mother, context);
    let level = match (father, mother) {
        (None, None) => return None,
        (Some(true), Some(true)) => Parents::Both,
        (Some(true), None) | (None, Some(true)) => Parents::One,
        (Some(true), Some(false)) | (Some(false), Some(true)) => Parents::Mixed,
        _ => Parents::Different,
    };
    let mut finding = Finding { level: level as u8, frequency: None };
    let numbers = context.model.level(Ladder::Parents, finding.level)?;
    if numbers.rarest.is_some() && level != Parents::Different {
        let share = |agrees: Option<bool>, column, tokens: &[WordId]| match (agrees, tokens.first()) {
            (Some(true), Some(t)) => context.frequencies.word(column, *t, numbers, context),
            _ => 1.0,
        };
        let both = share(father, Column::Father, &a.father) * share(mother, Column::Mother, &a.mother);
        finding.frequency = Some(both.max(numbers.rarest.unwrap_or(0.0)));
    }
    Some(finding)
}

fn agree(a: &[WordId], b: &[WordId], context: Context<'_>) -> Option<bool> {
    if a.first() == Some(&0) || b.first() == Some(&0) {
        return None;
    }
    // A shared family name at the end of "Pavel Sokolov" and "Ivan Sokolov" is no agreement.
    let lap = overlap(a, b, context.words);
    let first = |t: &[WordId]| t.first().copied().unwrap_or(0);
    let first_alike = likeness(first(a), first(b), context.words) <= Likeness::Start;
    Some(first_alike || (lap.shorter_covered() && lap.worst <= Likeness::Start))
}

pub(super) fn phone(a: &Row, b: &Row, context: Context<'_>) -> Option<Finding> {
    let mut best: Option<Finding> = None;
    for x in a.phones.into_iter().filter(|p| *p != 0) {
        for y in b.phones.into_iter().filter(|p| *p != 0) {
            let level = if x == y {
                Phone::Same
            } else if one_digit_off(x, y) {
                Phone::Similar
            } else {
                Phone::Different
            };
            if best.is_none_or(|f| (level as u8) < f.level) {
                let numbers = context.model.level(Ladder::Phone, level as u8)?;
                let share = (level == Phone::Same && numbers.rarest.is_some())
                    .then(|| context.frequencies.value(Column::Phone, x, numbers, context));
                best = Some(Finding { level: level as u8, frequency: share });
            }
        }
    }
    best
}

fn one_digit_off(x: u64, y: u64) -> bool {
    let digits = |mut n: u64| {
        let mut out = [0_u8; 10];
        for place in out.iter_mut().rev() {
            *place = u8::try_from(n % 10).unwrap_or(0);
            n /= 10;
        }
        out
    };
    edits(&digits(x), &digits(y), 1) <= 1
}

/// Address, village and district are one ladder: the smallest area that agrees counts, once.
pub(super) fn place(a: &Row, b: &Row, context: Context<'_>) -> Option<Finding> {
    let both = |x: u64, y: u64| x != 0 && y != 0;
    let apart = |x: u64, y: u64| both(x, y) && x != y;
    // "12 Main Road" is another place in another village.
    let elsewhere = apart(a.village, b.village) || apart(a.district, b.district);
    let far = apart(a.village, b.village) && apart(a.district, b.district);
    let (level, column, value) = if both(a.address, b.address) && a.address == b.address && !far {
        (Place::Address, Column::Address, a.address)
    } else if both(a.address, b.address) && !elsewhere && alike(a.address, b.address, context) {
        (Place::AddressSimilar, Column::Address, 0)
    } else if both(a.village, b.village) && a.village == b.village && !apart(a.district, b.district) {
        (Place::Village, Column::Village, a.village)
    } else if both(a.district, b.district) && a.district == b.district {
        (Place::District, Column::District, a.district)
    } else if both(a.district, b.district) || both(a.village, b.village) || both(a.address, b.address) {
        (Place::Different, Column::District, 0)
    } else {
        return None;
    };
    let numbers = context.model.level(Ladder::Place, level as u8)?;
    let share = (value != 0 && numbers.rarest.is_some())
        .then(|| context.frequencies.value(column, value, numbers, context));
    Some(Finding { level: level as u8, frequency: share })
}

/// Of all words of the two addresses six in ten are shared: "Plot 253, Nyawani" and "Plot 389, Nyawani" are not alike.
fn alike(x: u64, y: u64, context: Context<'_>) -> bool {
    let (a, b) = (context.words.address(x), context.words.address(y));
    let shared = a.iter().filter(|w| b.binary_search(w).is_ok()).count();
    shared >= 2 && shared * 8 >= 3 * (a.len() + b.len())
}

pub(super) fn birth_place(a: &Row, b: &Row, context: Context<'_>) -> Option<Finding> {
    if a.birth_place == 0 || b.birth_place == 0 {
        return None;
    }
    let level = if a.birth_place == b.birth_place { BirthPlace::Same } else { BirthPlace::Different };
    let numbers = context.model.level(Ladder::BirthPlace, level as u8)?;
    let share = (level == BirthPlace::Same && numbers.rarest.is_some())
        .then(|| context.frequencies.value(Column::BirthPlace, a.birth_place, numbers, context));
    Some(Finding { level: level as u8, frequency: share })
}

pub(super) fn household(a: &Row, b: &Row) -> Option<Finding> {
    if a.household == 0 || b.household == 0 {
        return None;
    }
    let level = if a.household == b.household { Household::Same } else { Household::Different };
    Finding::plain(level as u8)
}
