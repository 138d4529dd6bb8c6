//! The second entry of a person who was registered twice: what an officer elsewhere would have written down.

use super::dice::Dice;
use super::names::{Culture, FullName, Gender, Spelled};
use super::person::{Document, Phone};
use super::rows::IndividualRow;

/// A first entry, kept until the second one is written.
pub(crate) struct First {
    pub row: IndividualRow,
    pub household: Option<String>,
    pub name: FullName,
    pub gender: Gender,
    /// Index of the culture.
    pub culture: usize,
    /// Written in the culture's own script.
    pub native: bool,
    pub documents: Vec<Document>,
    pub phone: Option<Phone>,
    /// Julian day.
    pub registered: i32,
}

/// The kinds of difference in `truth.csv`.
pub(crate) mod kind {
    pub const TYPO: &str = "typo";
    pub const TRANSLITERATION: &str = "transliteration";
    pub const NICKNAME: &str = "nickname";
    pub const INITIAL: &str = "initial";
    pub const TOKEN_ORDER: &str = "token_order";
    pub const DAY_MONTH_SWAPPED: &str = "day_month_swapped";
    pub const DATE_TYPO: &str = "date_typo";
    pub const YEAR_ONLY: &str = "year_only";
    pub const MISSING_FIELD: &str = "missing_field";
    pub const ID_MISSING: &str = "id_missing";
    pub const ID_TYPO: &str = "id_typo";
    pub const PHONE_CHANGED: &str = "phone_changed";
    pub const MOVED: &str = "moved";
}

/// Spellings that stand for the same sound in registers; either side may replace the other.
const SOUNDS: &[(&str, &str)] = &[
    ("oo", "u"),
    ("ou", "u"),
    ("ee", "i"),
    ("ei", "ay"),
    ("aa", "a"),
    ("ph", "f"),
    ("kh", "k"),
    ("sh", "ch"),
    ("th", "t"),
    ("dh", "d"),
    ("mm", "m"),
    ("ss", "s"),
    ("ll", "l"),
    ("q", "k"),
    ("ck", "k"),
    ("w", "u"),
    ("v", "w"),
    ("y", "i"),
    ("z", "s"),
    ("j", "dj"),
    ("ts", "z"),
    ("e", "i"),
    ("o", "u"),
    ("c", "k"),
];

const KEYS: [&str; 3] = ["qwertyuiop", "asdfghjkl", "zxcvbnm"];

/// The row of the second entry (without id, date and place) and what differs from the first. Always something does.
pub(crate) fn second_entry(
    dice: &mut Dice,
    culture: &Culture,
    first: &First,
) -> (IndividualRow, Vec<&'static str>) {
    let mut kinds = Vec::new();
    let mut row = first.row.clone();
    let mut name = culture.spell(&first.name, first.gender, first.native);
    misname(dice, culture, first, &mut name, &mut kinds);
    misdate(dice, &mut row, &mut kinds);
    leave_out(dice, &mut row, &mut name, &mut kinds);
    if kinds.is_empty() {
        mistype(dice, &mut name, &mut kinds);
    }
    row.full_name = culture.full(&name);
    (row.given_name, row.additional_name, row.family_name) = (name.given, name.second, name.family);
    (row, kinds)
}

fn misname(
    dice: &mut Dice,
    culture: &Culture,
    first: &First,
    name: &mut Spelled,
    kinds: &mut Vec<&'static str>,
) {
    let before = name.clone();
    match dice.below(100) {
        0..=29 => {
            if culture.native > 0 && dice.chance(600) {
                // The other script; its Latin form need not be the one we would choose.
                *name = culture.spell(&first.name, first.gender, !first.native);
                if first.native && dice.chance(500) {
                    respell(dice, name);
                }
            } else if first.native {
                *name = culture.spell(&first.name, first.gender, false);
            } else {
                respell(dice, name);
            }
            if *name != before {
                kinds.push(kind::TRANSLITERATION);
            }
        }
        30..=55 => mistype(dice, name, kinds),
        56..=66 => shorten(dice, culture, first, name, kinds),
        67..=76 => {
            let other = if name.family.is_empty() { &mut name.second } else { &mut name.family };
            if !other.is_empty() {
                std::mem::swap(&mut name.given, other);
                kinds.push(kind::TOKEN_ORDER);
            }
        }
        _ => {}
    }
}

/// Replaces sounds in the names by other spellings of them.
fn respell(dice: &mut Dice, name: &mut Spelled) {
    for part in [&mut name.given, &mut name.second, &mut name.family] {
        for _ in 0..4 {
            let (one, other) = dice.pick(SOUNDS);
            let (from, to) = if dice.chance(700) { (one, other) } else { (other, one) };
            // Not the first letter: that is the one that people agree on.
            let at = part
                .char_indices()
                .skip(1)
                .find(|(at, _)| part.get(*at..).is_some_and(|s| s.starts_with(from)));
            if let Some((at, _)) = at {
                part.replace_range(at..at + from.len(), to);
            }
        }
    }
}

fn shorten(
    dice: &mut Dice,
    culture: &Culture,
    first: &First,
    name: &mut Spelled,
    kinds: &mut Vec<&'static str>,
) {
    if let Some(nick) = culture.nickname(&first.name.given) {
        nick.written(first.native).clone_into(&mut name.given);
        kinds.push(kind::NICKNAME);
    } else if !name.second.is_empty() || !name.family.is_empty() {
        let second = !name.second.is_empty() && dice.chance(700);
        let part = if second { &mut name.second } else { &mut name.given };
        if let Some(letter) = part.chars().next() {
            *part = format!("{letter}.");
            kinds.push(kind::INITIAL);
        }
    }
}

fn mistype(dice: &mut Dice, name: &mut Spelled, kinds: &mut Vec<&'static str>) {
    let (second, family) = (!name.second.is_empty(), !name.family.is_empty());
    let part = match dice.below(10) {
        0..=2 if family => &mut name.family,
        3 | 4 if second => &mut name.second,
        _ => &mut name.given,
    };
    let wrong = typo(dice, part);
    if wrong != *part {
        *part = wrong;
        kinds.push(kind::TYPO);
    }
}

/// One slip of the finger: a letter lost, doubled, swapped with the next, or its neighbour on the keyboard.
fn typo(dice: &mut Dice, word: &str) -> String {
    let mut letters: Vec<char> = word.chars().collect();
    if letters.len() < 3 {
        letters.extend(word.chars().next_back());
        return letters.into_iter().collect();
    }
    let at = 1 + dice.index(letters.len() - 1);
    let Some(&letter) = letters.get(at) else { return word.to_owned() };
    match dice.below(4) {
        0 => {
            letters.remove(at);
        }
        1 if letters.get(at + 1).is_some_and(|next| *next != letter) => letters.swap(at, at + 1),
        2 if letter.is_ascii_lowercase() => {
            if let Some(place) = letters.get_mut(at) {
                *place = neighbour(dice, letter);
            }
        }
        _ => letters.insert(at, letter),
    }
    letters.into_iter().collect()
}

fn neighbour(dice: &mut Dice, letter: char) -> char {
    let row = KEYS.iter().find(|row| row.contains(letter)).copied().unwrap_or("as");
    let at = row.find(letter).unwrap_or(0);
    let right = row.get(at + 1..).and_then(|rest| rest.chars().next());
    let left = row.get(..at).and_then(|rest| rest.chars().next_back());
    let (one, other) = if dice.chance(500) { (left, right) } else { (right, left) };
    one.or(other).unwrap_or('a')
}

fn misdate(dice: &mut Dice, row: &mut IndividualRow, kinds: &mut Vec<&'static str>) {
    let parts: Vec<i32> = row.birth_date.split('-').filter_map(|part| part.parse().ok()).collect();
    let &[year, month, day] = parts.as_slice() else { return };
    let (changed, what) = match dice.below(100) {
        0..=14 if day <= 12 && day != month => ((year, day, month), kind::DAY_MONTH_SWAPPED),
        15..=22 if day > 2 && day < 28 => ((year, month, day + dice.pick(&[-1, 1])), kind::DATE_TYPO),
        23..=28 => ((year + dice.pick(&[-10, -1, -1, 1, 1]), month, day.min(28)), kind::DATE_TYPO),
        29..=33 if (month, day) != (1, 1) => ((year, 1, 1), kind::YEAR_ONLY),
        _ => return,
    };
    let (year, month, day) = changed;
    let wrong = format!("{year:04}-{month:02}-{day:02}");
    // An officer would notice a birth after the first registration; so would the register.
    if wrong <= row.registration_date {
        row.birth_date = wrong;
        kinds.push(what);
    }
}

fn leave_out(dice: &mut Dice, row: &mut IndividualRow, name: &mut Spelled, kinds: &mut Vec<&'static str>) {
    for field in [&mut row.birth_place, &mut row.email, &mut row.marital_status, &mut row.education] {
        if !field.is_empty() && dice.chance(150) {
            field.clear();
            mark(kinds, kind::MISSING_FIELD);
        }
    }
    // A nameless or dateless entry could be anybody: one important thing at most is missing, and only when the
    // rest of it is right.
    let whole = kinds.iter().all(|kind| *kind == kind::MISSING_FIELD);
    match dice.below(100) {
        0..=9 if !name.second.is_empty() && !name.family.is_empty() => {
            name.second.clear();
            mark(kinds, kind::MISSING_FIELD);
        }
        10..=13 if whole && !row.birth_date.is_empty() => {
            row.birth_date.clear();
            mark(kinds, kind::MISSING_FIELD);
        }
        14..=16 if whole && !name.second.is_empty() && !name.family.is_empty() => {
            name.family.clear();
            mark(kinds, kind::MISSING_FIELD);
        }
        _ => {}
    }
}

/// Adds a kind once.
pub(crate) fn mark(kinds: &mut Vec<&'static str>, kind: &'static str) {
    if !kinds.contains(&kind) {
        kinds.push(kind);
    }
}

/// The documents the second entry shows: mostly none, else one with a wrong digit or the same.
pub(crate) fn second_documents(
    dice: &mut Dice,
    documents: &[Document],
    kinds: &mut Vec<&'static str>,
) -> Vec<Document> {
    let mut shown = Vec::new();
    for document in documents {
        match dice.below(10) {
            0..=5 => mark(kinds, kind::ID_MISSING),
            6 | 7 => {
                let value = wrong_digit(dice, &document.value);
                mark(kinds, kind::ID_TYPO);
                shown.push(Document { value, ..document.clone() });
            }
            _ => shown.push(document.clone()),
        }
    }
    shown
}

/// One of the last seven digits is another.
fn wrong_digit(dice: &mut Dice, value: &str) -> String {
    let digits = value.len().saturating_sub(1 + dice.index(7));
    let step = u32::try_from(1 + dice.below(9)).unwrap_or(1);
    let change = |(at, letter): (usize, char)| match letter.to_digit(10) {
        Some(digit) if at == digits => char::from_digit((digit + step) % 10, 10).unwrap_or(letter),
        _ => letter,
    };
    value.char_indices().map(change).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_changes_little_in_any_script() {
        let mut dice = Dice::new(2);
        for word in ["Wanjiku", "ተስፋዬ", "محمد", "सुनीता", "Наталья", "Al", "Б"]
        {
            for _ in 0..50 {
                let wrong = typo(&mut dice, word);
                assert!(!wrong.is_empty());
                assert!(wrong.chars().count().abs_diff(word.chars().count()) <= 1);
            }
        }
    }

    #[test]
    fn exactly_one_digit_of_an_id_changes() {
        let mut dice = Dice::new(2);
        for value in ["123456789", "BC0000000001", "A0000000"] {
            for _ in 0..50 {
                let wrong = wrong_digit(&mut dice, value);
                let differing = value.chars().zip(wrong.chars()).filter(|(a, b)| a != b).count();
                assert_eq!((wrong.len(), differing), (value.len(), 1));
            }
        }
    }
}
