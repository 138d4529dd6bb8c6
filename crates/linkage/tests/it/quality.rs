//! Precision and recall on a register with families, twins and realistic second records.

use linkage::{Model, Options, Pair, Record, link};

use crate::register::{Register, register};

const SURE: f64 = 0.99;

/// (precision, recall) of the pairs at or above the probability.
fn quality(register: &Register, pairs: &[Pair], threshold: f64) -> (f64, f64) {
    let truth = register.true_pairs();
    let sure = pairs.iter().filter(|p| p.probability >= threshold);
    let found: Vec<(u64, u64)> = sure.map(|p| (p.left, p.right)).collect();
    let right = found.iter().filter(|p| truth.contains(p)).count() as f64;
    (right / found.len().max(1) as f64, right / truth.len().max(1) as f64)
}

fn pairs_of(records: &[Record]) -> Vec<Pair> {
    let pairs = link(records, &Model::default_person(), &Options::default(), &|_, _| {}).pairs;
    assert!(pairs.is_sorted_by(|a, b| (a.left, a.right) < (b.left, b.right)), "each pair once, in order");
    pairs
}

#[test]
fn sure_pairs_are_right_and_most_are_found() {
    let (mut precisions, mut recalls) = (0.0, 0.0);
    for seed in 1..=4 {
        let register = register(10_000, seed);
        let (precision, recall) = quality(&register, &pairs_of(&register.records), SURE);
        assert!(precision >= 0.98, "seed {seed}: precision {precision:.3}");
        assert!(recall >= 0.83, "seed {seed}: recall {recall:.3}");
        precisions += precision / 4.0;
        recalls += recall / 4.0;
    }
    assert!(precisions >= 0.99, "precision {precisions:.3}");
    assert!(recalls >= 0.85, "recall {recalls:.3}");
}

#[test]
fn a_probability_means_what_it_says() {
    let (mut expected, mut right, mut count) = (0.0, 0.0, 0.0);
    for seed in 11..=14 {
        let register = register(10_000, seed);
        let truth = register.true_pairs();
        for pair in pairs_of(&register.records).iter().filter(|p| p.probability >= 0.5) {
            expected += pair.probability;
            right += f64::from(u8::from(truth.contains(&(pair.left, pair.right))));
            count += 1.0;
        }
    }
    let gap = (expected - right) / count;
    assert!(gap.abs() < 0.05, "of {count} pairs {right} are right, {expected:.0} were promised");
}

#[test]
fn twins_are_not_merged() {
    let (mut twins, mut merged) = (0, 0);
    for seed in 21..=26 {
        let register = register(10_000, seed);
        let sure: std::collections::HashSet<(u64, u64)> = pairs_of(&register.records)
            .iter()
            .filter(|p| p.probability >= SURE)
            .map(|p| (p.left, p.right))
            .collect();
        twins += register.twins.len();
        merged += register.twins.iter().filter(|p| sure.contains(p)).count();
    }
    assert!(twins > 200, "the register has {twins} pairs of twins");
    assert!(merged * 100 <= twins, "{merged} of {twins} pairs of twins were called one person");
}

#[test]
fn a_register_without_duplicates_stays_whole() {
    let register = register(10_000, 31);
    let mut seen = std::collections::HashSet::new();
    let mut singles = register.records.clone();
    singles.retain(|r| seen.insert(register.person[r.id as usize]));
    let sure = pairs_of(&singles).iter().filter(|p| p.probability >= SURE).count();
    assert!(sure * 1000 <= 2 * singles.len(), "{sure} false pairs in {} records", singles.len());
}

#[test]
fn clusters_follow_the_sure_pairs() {
    let register = register(5_000, 41);
    let options = Options { cluster_at: Some(SURE), ..Options::default() };
    let found = link(&register.records, &Model::default_person(), &options, &|_, _| {});
    let person = |id: u64| register.person[id as usize];
    let clusters = &found.clusters.clusters;
    assert!(clusters.len() > 50);
    let pure = clusters.iter().filter(|c| c.iter().all(|id| person(*id) == person(c[0]))).count();
    assert!(pure * 100 >= clusters.len() * 98, "{pure} of {} clusters hold one person", clusters.len());
    assert!(clusters.windows(2).all(|w| w[0][0] < w[1][0]), "clusters come sorted");
}
