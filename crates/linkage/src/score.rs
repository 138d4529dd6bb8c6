//! From evidence to a weight: Fellegi-Sunter with four rivals.
//!
//! The classic model weighs "same person" against "strangers" and adds up one weight per field. In a register of
//! households that fails: phone, address and family name agree among brothers and sisters as well as among two
//! records of one person, so shared household evidence adds up to a match. Here "same person" must beat twins,
//! namesakes, other relatives and strangers together:
//! `weight = log2(P(same) / (P(twin) + P(namesake) + P(kin) + P(stranger)))`.
//! Evidence that relatives share lifts "same" and its rivals alike and so cannot decide between them; only own name
//! AND birth date can, or an identity number. This is the composite *kin* comparison.

use serde::Serialize;

use crate::compare::{Evidence, Finding};
use crate::model::{Birth, Compiled, Given, Identity, IdentityHash, Ladder, Level};

/// What one comparison contributes to a pair's weight.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct FieldWeight {
    /// `prior`, the name of a comparison, `others` or `guard`.
    pub field: &'static str,
    /// The level found (`typo`), or which rival explanation the pair was weighed against (`kin`) for the prior.
    pub level: &'static str,
    /// Bits: +1 doubles the odds that the records are one person. All of a pair's add up to its weight.
    pub weight: f64,
    /// The part of `weight` that comes from how common or rare the shared value is.
    pub frequency: f64,
}

/// The kinds of pairs a true pair is weighed against.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Rival {
    Twin,
    Namesake,
    Kin,
    Stranger,
}

impl Rival {
    const COUNT: usize = 4;
    const ALL: [Self; Self::COUNT] = [Self::Twin, Self::Namesake, Self::Kin, Self::Stranger];

    fn name(self) -> &'static str {
        match self {
            Self::Twin => "twin",
            Self::Namesake => "namesake",
            Self::Kin => "kin",
            Self::Stranger => "stranger",
        }
    }

    /// Probability of the finding among pairs of this kind. A value may also be shared by chance, so its frequency
    /// adds to what relatives share anyway; but not given names: families choose them apart.
    fn chance(self, ladder: Ladder, level: &Level, frequency: Option<f64>) -> f64 {
        let by_chance = if ladder == Ladder::Given { 0.0 } else { frequency.unwrap_or(0.0) };
        match self {
            Self::Twin => (level.twin + by_chance).min(1.0),
            Self::Namesake => (level.namesake + by_chance).min(1.0),
            Self::Kin => (level.kin + by_chance).min(1.0),
            Self::Stranger => frequency.unwrap_or(level.stranger),
        }
    }
}

/// Log2 of the joint probability under each kind of pair.
#[derive(Clone, Copy)]
pub(crate) struct Score {
    same: f64,
    rivals: [f64; Rival::COUNT],
    /// Own name and birth date agree at some level, or an identity number does.
    own_evidence: bool,
    cap: f64,
}

impl Score {
    /// Bits for "same person", prior included.
    pub(crate) fn weight(&self) -> f64 {
        let weight = self.same - log2_sum(&self.rivals);
        if self.own_evidence { weight } else { weight.min(self.cap) }
    }

    pub(crate) fn probability(&self) -> f64 {
        probability(self.weight())
    }
}

/// Probability for a weight in bits.
pub(crate) fn probability(weight: f64) -> f64 {
    1.0 / (1.0 + (-weight).exp2())
}

/// Scores one pair's evidence in a register of `records` records.
pub(crate) fn score(evidence: &Evidence, records: u32, model: &Compiled) -> Score {
    let (mut same, mut rivals) = prior(records, model);
    // Probabilities are multiplied and the logarithm taken once: ten factors of at least 1e-7 stay far above 0.
    let (mut same_product, mut products) = (1.0_f64, [1.0_f64; Rival::COUNT]);
    for (ladder, finding) in Ladder::ALL.into_iter().zip(evidence) {
        let Some(finding) = finding else { continue };
        let Some(level) = model.level(ladder, finding.level) else { continue };
        same_product *= level.same;
        for (product, rival) in products.iter_mut().zip(Rival::ALL) {
            *product *= rival.chance(ladder, level, finding.frequency);
        }
    }
    same += same_product.log2();
    for (rival, product) in rivals.iter_mut().zip(products) {
        *rival += product.log2();
    }
    Score { same, rivals, own_evidence: own_evidence(evidence), cap: model.guard.bits_without_own_evidence }
}

/// Log2 of how many such pairs one record has, against the number of records.
fn prior(records: u32, model: &Compiled) -> (f64, [f64; Rival::COUNT]) {
    let p = model.prior;
    let size = f64::from(records).max(p.register_floor);
    let log = |per_record: f64| (per_record / size).min(1.0).log2();
    (
        log(p.duplicates_per_record),
        [log(p.twins_per_record), log(p.namesakes_per_record), log(p.relatives_per_record), 0.0],
    )
}

fn own_evidence(evidence: &Evidence) -> bool {
    let level = |ladder: Ladder| evidence.get(ladder as usize).copied().flatten().map(|f: Finding| f.level);
    let name = level(Ladder::Given).is_some_and(|l| l <= Given::Near as u8);
    let birth = level(Ladder::Birth).is_some_and(|l| l <= Birth::DayMonth as u8);
    let number = level(Ladder::Identity) == Some(Identity::Same as u8)
        || level(Ladder::IdentityHash) == Some(IdentityHash::Same as u8);
    (name && birth) || (number && (name || birth))
}

/// The waterfall of one pair: the weights of each field against the likeliest rival, in the order of the ladders.
/// They add up to the pair's weight.
pub(crate) fn explain(evidence: &Evidence, records: u32, model: &Compiled) -> Vec<FieldWeight> {
    let total = score(evidence, records, model);
    let best = Rival::ALL
        .into_iter()
        .zip(total.rivals)
        .max_by(|(_, a), (_, b)| a.total_cmp(b))
        .map_or(Rival::Stranger, |(rival, _)| rival);
    let (same, rivals) = prior(records, model);
    let against = |values: [f64; Rival::COUNT]| values.get(best as usize).copied().unwrap_or(0.0);
    let mut out = vec![FieldWeight {
        field: "prior",
        level: best.name(),
        weight: same - against(rivals),
        frequency: 0.0,
    }];
    for (ladder, finding) in Ladder::ALL.into_iter().zip(evidence) {
        let Some(finding) = finding else { continue };
        let Some(level) = model.level(ladder, finding.level) else { continue };
        let weight = (level.same / best.chance(ladder, level, finding.frequency)).log2();
        let plain =
            (level.same / best.chance(ladder, level, finding.frequency.map(|_| level.stranger))).log2();
        let name = ladder.levels().get(usize::from(finding.level)).copied().unwrap_or("");
        out.push(FieldWeight { field: ladder.name(), level: name, weight, frequency: weight - plain });
    }
    let plain = total.same - log2_sum(&total.rivals);
    let others = plain - (total.same - against(total.rivals));
    if others < -0.005 {
        out.push(FieldWeight {
            field: "others",
            level: "other explanations",
            weight: others,
            frequency: 0.0,
        });
    } else if let Some(prior) = out.first_mut() {
        prior.weight += others;
    }
    let cut = total.weight() - plain;
    if cut < 0.0 {
        out.push(FieldWeight { field: "guard", level: "no own evidence", weight: cut, frequency: 0.0 });
    }
    out
}

/// log2 of the sum of the numbers whose log2 are given.
fn log2_sum(logs: &[f64]) -> f64 {
    let top = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    top + logs.iter().map(|l| (l - top).exp2()).sum::<f64>().log2()
}
