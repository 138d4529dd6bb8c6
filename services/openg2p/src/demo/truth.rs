//! How good the deduplication was, against `truth.csv`.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use serde::Deserialize;

use crate::demo::report::Duplicates;

#[derive(Deserialize)]
struct Row {
    external_id_a: String,
    external_id_b: String,
}

/// Pairs of entries of one person, where they are known.
#[derive(Debug, Default)]
pub struct Truth {
    pairs: Option<BTreeSet<(String, String)>>,
}

impl Truth {
    /// Reads `truth.csv`; without the file, or with its header only, nothing is known.
    ///
    /// # Errors
    /// When the file is not what the generator writes.
    pub fn read(dir: &Path) -> anyhow::Result<Self> {
        let path = dir.join("truth.csv");
        if !path.is_file() {
            return Ok(Self::default());
        }
        let mut pairs = BTreeSet::new();
        for row in csv::Reader::from_path(&path)?.deserialize() {
            let row: Row = row?;
            pairs.insert(ordered(row.external_id_a, row.external_id_b));
        }
        Ok(Self { pairs: (!pairs.is_empty()).then_some(pairs) })
    }

    /// Compares accepted pairs with the truth. A pair that follows from two accepted ones (A is B, B is C) counts as
    /// accepted too, as the registry joins all three.
    #[must_use]
    pub fn compare(&self, accepted: &[(String, String)]) -> Duplicates {
        let joined = closure(accepted);
        let found = count(joined.len());
        let Some(pairs) = &self.pairs else {
            return Duplicates { there: None, found, precision: None, recall: None };
        };
        let hits = joined.intersection(pairs).count();
        let share = |whole: usize| (whole > 0).then(|| ratio(hits, whole));
        let (precision, recall) = (share(joined.len()), share(pairs.len()));
        Duplicates { there: Some(count(pairs.len())), found, precision, recall }
    }
}

fn count(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}

#[allow(clippy::cast_precision_loss)]
fn ratio(part: usize, whole: usize) -> f64 {
    part as f64 / whole as f64
}

fn ordered(a: String, b: String) -> (String, String) {
    if a <= b { (a, b) } else { (b, a) }
}

fn closure(pairs: &[(String, String)]) -> BTreeSet<(String, String)> {
    let mut group_of: BTreeMap<&str, usize> = BTreeMap::new();
    let mut groups: Vec<BTreeSet<&str>> = Vec::new();
    for (a, b) in pairs {
        let (ga, gb) = (group_of.get(a.as_str()).copied(), group_of.get(b.as_str()).copied());
        let target = match (ga, gb) {
            (Some(x), Some(y)) if x != y => {
                let moved = groups.get_mut(y).map(std::mem::take).unwrap_or_default();
                for id in &moved {
                    group_of.insert(id, x);
                }
                if let Some(group) = groups.get_mut(x) {
                    group.extend(moved);
                }
                x
            }
            (Some(x), _) | (None, Some(x)) => x,
            (None, None) => {
                groups.push(BTreeSet::new());
                groups.len() - 1
            }
        };
        if let Some(group) = groups.get_mut(target) {
            group.extend([a.as_str(), b.as_str()]);
        }
        group_of.insert(a, target);
        group_of.insert(b, target);
    }
    let mut all = BTreeSet::new();
    for group in &groups {
        let members: Vec<&str> = group.iter().copied().collect();
        for (at, a) in members.iter().enumerate() {
            for b in members.iter().skip(at + 1) {
                all.insert(((*a).to_owned(), (*b).to_owned()));
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{Truth, ordered};

    fn pair(a: &str, b: &str) -> (String, String) {
        (a.to_owned(), b.to_owned())
    }

    #[test]
    fn joined_pairs_count_and_order_does_not_matter() {
        let truth =
            Truth { pairs: Some([ordered("a".into(), "b".into()), ordered("c".into(), "d".into())].into()) };
        let figures = truth.compare(&[pair("b", "a"), pair("x", "y")]);
        assert_eq!((figures.there, figures.found), (Some(2), 2));
        assert_eq!((figures.precision, figures.recall), (Some(0.5), Some(0.5)));
        let chained = truth.compare(&[pair("a", "z"), pair("z", "b")]);
        assert_eq!(chained.found, 3);
        assert_eq!(chained.recall, Some(0.5));
    }

    #[test]
    fn without_a_truth_there_are_no_shares() {
        let figures = Truth::default().compare(&[pair("a", "b")]);
        assert_eq!((figures.there, figures.found), (None, 1));
        assert_eq!(figures.quality(), "precision and recall not known");
        let nothing_accepted = Truth { pairs: Some([ordered("a".into(), "b".into())].into()) }.compare(&[]);
        assert_eq!(nothing_accepted.quality(), "precision none, recall 0.000");
    }
}
