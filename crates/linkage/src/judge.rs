//! The one scorer behind batch, incremental and explanations.

use serde::Serialize;

use crate::compare::{self, Context, Evidence};
use crate::encode::Row;
use crate::model::{Birth, Given, Identity, IdentityHash, Ladder};
use crate::roster::Rosters;
use crate::score::{self, FieldWeight, Score};

/// Two records that may be one person. `left` is always the smaller id.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Pair {
    /// Smaller record id.
    pub left: u64,
    /// Larger record id.
    pub right: u64,
    /// Log2 of the odds that both are one person, prior included.
    pub weight: f64,
    /// The same as a probability, 0 to 1.
    pub probability: f64,
    /// The weights per field, when asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub explanation: Option<Vec<FieldWeight>>,
}

/// Evidence and score of a pair; `None` when neither name nor birth nor number agrees, so that nothing else can help.
pub(crate) fn judge<'r>(
    a: &Row,
    b: &Row,
    rosters: &Rosters,
    row: impl Fn(u32) -> Option<&'r Row>,
    context: Context<'_>,
) -> Option<(Evidence, Score)> {
    let (a, b) = ordered(a, b);
    let evidence = compare::compare(a, b, context);
    (!hopeless(&evidence)).then(|| finish(a, b, evidence, rosters, row, context))
}

/// The same for any pair, however far apart.
pub(crate) fn judge_always<'r>(
    a: &Row,
    b: &Row,
    rosters: &Rosters,
    row: impl Fn(u32) -> Option<&'r Row>,
    context: Context<'_>,
) -> (Evidence, Score) {
    let (a, b) = ordered(a, b);
    finish(a, b, compare::compare(a, b, context), rosters, row, context)
}

/// One order, so that (a, b) and (b, a) give the same to the last bit.
fn ordered<'a>(a: &'a Row, b: &'a Row) -> (&'a Row, &'a Row) {
    if a.id <= b.id { (a, b) } else { (b, a) }
}

fn finish<'r>(
    a: &Row,
    b: &Row,
    mut evidence: Evidence,
    rosters: &Rosters,
    row: impl Fn(u32) -> Option<&'r Row>,
    context: Context<'_>,
) -> (Evidence, Score) {
    let finding = rosters.finding((a, b), &evidence, row, context);
    if let Some(place) = evidence.get_mut(Ladder::Roster as usize) {
        *place = finding;
    }
    (evidence, score::score(&evidence, context.frequencies.records(), context.model))
}

fn hopeless(evidence: &Evidence) -> bool {
    let level = |ladder: Ladder| evidence.get(ladder as usize).copied().flatten().map(|f| f.level);
    level(Ladder::Given).is_some_and(|l| l == Given::Different as u8 || l == Given::Conflict as u8)
        && level(Ladder::Birth).is_some_and(|l| l >= Birth::Year as u8)
        && level(Ladder::Identity).is_none_or(|l| l == Identity::Different as u8)
        && level(Ladder::IdentityHash).is_none_or(|l| l == IdentityHash::Different as u8)
}

/// The pair as reported.
pub(crate) fn pair(a: &Row, b: &Row, score: &Score, explanation: Option<Vec<FieldWeight>>) -> Pair {
    Pair {
        left: a.id.min(b.id),
        right: a.id.max(b.id),
        weight: score.weight(),
        probability: score.probability(),
        explanation,
    }
}
