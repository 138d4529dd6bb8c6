//! Own names. Given and family name are looked at together, because they get swapped, moved and merged.

use super::parts::Parts;
use super::{Context, Finding};
use crate::encode::{Row, WordId, Words};
use crate::frequency::Column;
use crate::model::{Family, Given, Ladder, Other};
use crate::normalise::script::Script;
use crate::similarity::{edits, jaro_winkler};

/// How alike two words are, best first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Likeness {
    Exact,
    /// One slip of the pen.
    Typo,
    /// Another spelling of what sounds the same.
    Variant,
    /// An initial, or the start of the longer one.
    Start,
    /// One letter of three: "Ana" and "ina", but also "Rey" and "Ray".
    Slight,
    Near,
    Different,
}

pub(super) fn likeness(a: WordId, b: WordId, words: Words<'_>) -> Likeness {
    likeness_of(a, b, words, false)
}

/// `syllables`: both are transliterated from a script in which one letter is a consonant and a vowel, so that one
/// slip costs two Latin letters.
fn likeness_of(a: WordId, b: WordId, words: Words<'_>, syllables: bool) -> Likeness {
    if a == b {
        return Likeness::Exact;
    }
    let (Some(x), Some(y)) = (words.word(a), words.word(b)) else { return Likeness::Different };
    let (p, q) = (x.bytes(), y.bytes());
    let (short, long) = if p.len() <= q.len() { (p, q) } else { (q, p) };
    if short.len() == 1 {
        return if long.starts_with(short) { Likeness::Start } else { Likeness::Different };
    }
    if short.len() >= 4 && edits(p, q, 1) <= 1 {
        return Likeness::Typo;
    }
    if short.len() == 3 && edits(p, q, 1) <= 1 {
        return Likeness::Slight;
    }
    if x.skeleton == y.skeleton && x.skeleton_len >= 2 {
        return Likeness::Variant;
    }
    if short.len() >= if syllables { 5 } else { 8 } && edits(p, q, 2) <= 2 {
        return Likeness::Typo;
    }
    if short.len() >= 3 && long.starts_with(short) {
        return Likeness::Start;
    }
    if x.initial != y.initial && short.first() != long.first() {
        return Likeness::Different;
    }
    if jaro_winkler(p, q) >= 0.86 { Likeness::Near } else { Likeness::Different }
}

/// How two token lists lie on each other.
#[derive(Clone, Copy)]
pub(super) struct Overlap {
    /// Tokens with a partner.
    pub(super) matched: usize,
    /// Worst likeness among them.
    pub(super) worst: Likeness,
    /// Tokens without a partner.
    pub(super) left_a: usize,
    pub(super) left_b: usize,
    /// The first tokens of the two lists are alike.
    first_alike: bool,
}

impl Overlap {
    pub(super) fn shorter_covered(&self) -> bool {
        self.matched > 0 && (self.left_a == 0 || self.left_b == 0)
    }
}

fn filled(tokens: &[WordId]) -> &[WordId] {
    let count = tokens.iter().take_while(|t| **t != 0).count();
    tokens.get(..count).unwrap_or_default()
}

/// Lays two lists on each other, each token on its best free partner, in any order.
pub(super) fn overlap(a: &[WordId], b: &[WordId], words: Words<'_>) -> Overlap {
    overlap_of(a, b, words, false)
}

fn overlap_of(a: &[WordId], b: &[WordId], words: Words<'_>, syllables: bool) -> Overlap {
    let (a, b) = (filled(a), filled(b));
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    let mut taken = 0_u32;
    let (mut matched, mut worst, mut first_alike) = (0, Likeness::Exact, false);
    for (i, x) in short.iter().enumerate() {
        let free = long.iter().enumerate().filter(|(j, _)| taken & (1 << j) == 0);
        let best = free.map(|(j, y)| (likeness_of(*x, *y, words, syllables), j)).min();
        if let Some((like, j)) = best.filter(|(like, _)| *like < Likeness::Different) {
            taken |= 1 << j;
            matched += 1;
            worst = worst.max(like);
            first_alike |= i == 0 && j == 0;
        }
    }
    Overlap { matched, worst, left_a: a.len() - matched, left_b: b.len() - matched, first_alike }
}

/// The two rows start with the same given name, letter by letter.
pub(super) fn same_first_name(a: &Row, b: &Row) -> bool {
    matches!((a.given.first(), b.given.first()), (Some(x), Some(y)) if x == y && *x != 0)
}

/// What the name fields say together.
#[derive(Default)]
pub(super) struct OwnNames {
    pub(super) given: Option<Finding>,
    pub(super) other: Option<Finding>,
    pub(super) family: Option<Finding>,
}

/// Levels of given, further and family names.
pub(super) fn own_names(a: &Row, b: &Row, context: Context<'_>) -> OwnNames {
    let words = context.words;
    let two_scripts = a.script != b.script;
    let syllables = !two_scripts && matches!(a.script, Script::Ethiopic | Script::Indic);
    let (a, b) = (Parts::of(a), Parts::of(b));
    // All in one field on one side only: what lies on the other's family name is the family name.
    let (a, b) = (a.split_by(&b, words), b.split_by(&a, words));
    let mut family = family_level(&a, &b, context);
    let mut other = other_level(&a, &b, words);
    if a.given.is_empty() || b.given.is_empty() {
        let family = family_finding(&a, &b, family, context);
        return OwnNames { given: None, other: other_finding(&a, other, context), family };
    }
    let given = overlap_of(&a.given, &b.given, words, syllables);
    let mut level = match given_level(&given, &a, &b, words) {
        Given::Variant | Given::Typo if two_scripts => Given::Transliterated,
        Given::Typo | Given::Near
            if given.worst <= Likeness::Slight && unheard_of(&a.given, &b.given, Column::Given, context) =>
        {
            Given::Slip
        }
        level => level,
    };
    if level >= Given::Partial && written_together(&a.given, &b.given, words) {
        level = Given::Slip;
    }
    if level >= Given::Near {
        if swapped(&a.given, &b.given, &a.family, &b.family, words) {
            level = Given::Swapped;
            family = Some(Family::Exact);
        } else if swapped(&a.given, &b.given, &a.other, &b.other, words) {
            level = Given::Swapped;
            other = Some(Other::Exact);
        } else if level == Given::Different
            && (found_elsewhere(&a, &b, words) || found_elsewhere(&b, &a, words))
        {
            level = Given::Elsewhere;
        }
    }
    OwnNames {
        given: given_finding(&a, level, context),
        other: other_finding(&a, other, context),
        family: family_finding(&a, &b, family, context),
    }
}

/// Each side's given names are the other side's names of another field.
fn swapped(
    a_given: &[WordId],
    b_given: &[WordId],
    a_more: &[WordId],
    b_more: &[WordId],
    words: Words<'_>,
) -> bool {
    let whole = |x: &[WordId], y: &[WordId]| {
        let lap = overlap(x, y, words);
        lap.shorter_covered() && lap.worst <= Likeness::Variant
    };
    whole(a_given, b_more) && whole(a_more, b_given)
}

/// A blank too many or in the wrong place: "AbdulM ajid", "Mary Ann" and "Maryann".
fn written_together(a: &[WordId], b: &[WordId], words: Words<'_>) -> bool {
    let join = |list: &[WordId]| {
        let mut all = [0_u8; 48];
        let mut len = 0;
        for byte in list.iter().filter_map(|t| words.word(*t)).flat_map(|w| w.bytes()) {
            if let Some(place) = all.get_mut(len) {
                *place = *byte;
                len += 1;
            }
        }
        (all, len)
    };
    if a.len() + b.len() < 3 {
        return false;
    }
    let ((x, x_len), (y, y_len)) = (join(a), join(b));
    let (x, y) = (x.get(..x_len).unwrap_or_default(), y.get(..y_len).unwrap_or_default());
    x.len().min(y.len()) >= 6 && edits(x, y, 1) <= 1
}

fn other_level(a: &Parts, b: &Parts, words: Words<'_>) -> Option<Other> {
    if a.other.is_empty() || b.other.is_empty() {
        return None;
    }
    let lap = overlap(&a.other, &b.other, words);
    Some(match lap.worst {
        _ if !lap.shorter_covered() => Other::Different,
        Likeness::Exact if lap.left_a + lap.left_b == 0 => Other::Exact,
        _ => Other::Similar,
    })
}

fn other_finding(a: &Parts, level: Option<Other>, context: Context<'_>) -> Option<Finding> {
    let mut finding = Finding { level: level? as u8, frequency: None };
    let numbers = context.model.level(Ladder::Other, finding.level)?;
    if numbers.rarest.is_some() {
        let first = a.other.first().or_else(|| a.given.first()).copied().unwrap_or(0);
        let skeleton = context.words.skeleton(first);
        finding.frequency = Some(context.frequencies.value(Column::Other, skeleton, numbers, context));
    }
    Some(finding)
}

fn given_level(lap: &Overlap, a: &Parts, b: &Parts, words: Words<'_>) -> Given {
    if lap.matched == 0 {
        return Given::Different;
    }
    if !lap.shorter_covered() {
        return if lap.first_alike && lap.worst <= Likeness::Variant {
            Given::Conflict
        } else {
            Given::Different
        };
    }
    let level = match lap.worst {
        Likeness::Exact => Given::Exact,
        Likeness::Typo => Given::Typo,
        Likeness::Variant => Given::Variant,
        Likeness::Start => Given::Partial,
        Likeness::Slight | Likeness::Near | Likeness::Different => Given::Near,
    };
    if lap.left_a + lap.left_b == 0 || level == Given::Near {
        return level;
    }
    // A word more on one side: fine when the other side keeps it among its further names.
    let (longer, shorter) = if lap.left_a > 0 { (a, b) } else { (b, a) };
    let kept = |t: &WordId| {
        let mut places = shorter.given.iter().chain(shorter.other.iter()).chain(shorter.family.iter());
        places.any(|o| likeness(*t, *o, words) <= Likeness::Variant)
    };
    if longer.given.iter().all(kept) { level } else { Given::Partial }
}

/// A word that only one of the lists has is borne by nobody else in the register.
fn unheard_of(a: &[WordId], b: &[WordId], column: Column, context: Context<'_>) -> bool {
    let alone = |list: &[WordId], other: &[WordId]| {
        let mut alone = list.iter().filter(|t| !other.contains(t));
        alone.any(|t| context.frequencies.unheard_of(column, *t))
    };
    alone(a, b) || alone(b, a)
}

/// A's first given name is one of B's further or family names.
fn found_elsewhere(a: &Parts, b: &Parts, words: Words<'_>) -> bool {
    let Some(first) = a.given.first() else { return false };
    b.other.iter().chain(b.family.iter()).any(|t| likeness(*first, *t, words) <= Likeness::Typo)
}

fn family_level(a: &Parts, b: &Parts, context: Context<'_>) -> Option<Family> {
    let words = context.words;
    if a.family.is_empty() || b.family.is_empty() {
        return None;
    }
    let lap = overlap(&a.family, &b.family, words);
    let whole = lap.left_a + lap.left_b == 0;
    Some(match (lap.matched > 0, lap.worst) {
        (true, Likeness::Exact) if whole => Family::Exact,
        (true, Likeness::Typo | Likeness::Slight)
            if whole && unheard_of(&a.family, &b.family, Column::Family, context) =>
        {
            Family::Slip
        }
        (true, Likeness::Typo) if whole => Family::Typo,
        (true, Likeness::Variant) if whole => Family::Variant,
        (true, Likeness::Near | Likeness::Slight) if whole => Family::Near,
        // A compound name of which one part is shared: Spanish double names, name after marriage.
        (true, worst) if worst <= Likeness::Start => Family::Partial,
        _ if family_elsewhere(a, b, words) || family_elsewhere(b, a, words) => Family::Elsewhere,
        _ => Family::Different,
    })
}

fn family_elsewhere(a: &Parts, b: &Parts, words: Words<'_>) -> bool {
    let Some(first) = a.family.first() else { return false };
    b.other.iter().chain(b.given.iter()).any(|t| likeness(*first, *t, words) <= Likeness::Typo)
}

fn given_finding(a: &Parts, level: Given, context: Context<'_>) -> Option<Finding> {
    let mut finding = Finding { level: level as u8, frequency: None };
    let numbers = context.model.level(Ladder::Given, finding.level)?;
    if numbers.rarest.is_some() {
        finding.frequency = match level {
            Given::Exact => Some(frequency_of(&a.given, Column::Given, level as u8, Ladder::Given, context)),
            _ => a.given.first().map(|t| {
                let skeleton = context.words.skeleton(*t);
                context.frequencies.value(Column::GivenSkeleton, skeleton, numbers, context)
            }),
        };
    }
    Some(finding)
}

fn family_finding(a: &Parts, b: &Parts, level: Option<Family>, context: Context<'_>) -> Option<Finding> {
    let level = level?;
    let mut finding = Finding { level: level as u8, frequency: None };
    let numbers = context.model.level(Ladder::Family, finding.level)?;
    if numbers.rarest.is_some() {
        // Swapped names put the family name in the other's given name: take the commoner reading.
        let shared = a.family.iter().find(|t| b.family.contains(t)).or_else(|| a.family.first());
        finding.frequency = match level {
            Family::Exact => shared.map(|t| context.frequencies.word(Column::Family, *t, numbers, context)),
            _ => a.family.first().map(|t| {
                let skeleton = context.words.skeleton(*t);
                context.frequencies.value(Column::FamilySkeleton, skeleton, numbers, context)
            }),
        };
    }
    Some(finding)
}

/// Share of people with all these words: the rarest counts in full, further ones half (words go together).
fn frequency_of(tokens: &[WordId], column: Column, level: u8, ladder: Ladder, context: Context<'_>) -> f64 {
    let Some(numbers) = context.model.level(ladder, level) else { return 1.0 };
    let (mut rarest, mut product) = (1.0_f64, 1.0_f64);
    for token in tokens {
        let share = context.frequencies.word(column, *token, numbers, context);
        rarest = rarest.min(share);
        product *= share.sqrt();
    }
    // All at half weight, and the rarest once more at half.
    (product * rarest.sqrt()).max(numbers.rarest.unwrap_or(0.0))
}
