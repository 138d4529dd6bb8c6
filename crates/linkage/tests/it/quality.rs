//! Precision and recall on a register with families, twins and realistic second records.

use linkage::{Model, Options, Pair, link};

use crate::register::{Register, register};

pub const SURE: f64 = 0.99;

/// (precision, recall) of the pairs at or above the probability.
pub fn quality(register: &Register, pairs: &[Pair], threshold: f64) -> (f64, f64) {
    let truth = register.true_pairs();
    let found: Vec<(u64, u64)> =
        pairs.iter().filter(|p| p.probability >= threshold).map(|p| (p.left, p.right)).collect();
    let right = found.iter().filter(|p| truth.contains(p)).count() as f64;
    (right / found.len().max(1) as f64, right / truth.len().max(1) as f64)
}

#[test]
fn sure_pairs_are_right_and_most_are_found() {
    for seed in [1, 2, 3] {
        let register = register(10_000, seed);
        let found = link(&register.records, &Model::default_person(), &Options::default(), &|_, _| {});
        let (precision, recall) = quality(&register, &found.pairs, SURE);
        eprintln!(
            "seed {seed}: precision {precision:.3} recall {recall:.3} comparisons {}",
            found.comparisons_made
        );
        assert!(precision >= 0.98, "seed {seed}: precision {precision}");
        assert!(recall >= 0.85, "seed {seed}: recall {recall}");
    }
}
