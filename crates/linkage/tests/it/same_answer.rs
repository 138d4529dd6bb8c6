//! Batch and index give the same answer, whatever the order of the records.

use std::collections::BTreeMap;

use linkage::{Index, Model, Options, Pair, Record, link};

use crate::register::{Dice, register};

type Answer = BTreeMap<(u64, u64), (u64, Option<Vec<linkage::FieldWeight>>)>;

fn answer(pairs: impl IntoIterator<Item = Pair>) -> Answer {
    pairs.into_iter().map(|p| ((p.left, p.right), (p.weight.to_bits(), p.explanation))).collect()
}

fn options() -> Options {
    Options { min_probability: 0.01, explain: true, cluster_at: None }
}

/// A model with blocks so small that dividing and windows happen all the time.
fn cramped() -> Model {
    let mut model = Model::default_person();
    model.blocking.largest_block = 4;
    model.blocking.window = 2;
    model
}

fn shuffled(records: &[Record], seed: u64) -> Vec<Record> {
    let mut dice = Dice::new(seed);
    let mut out = records.to_vec();
    for at in (1..out.len()).rev() {
        out.swap(at, dice.below(at as u64 + 1) as usize);
    }
    out
}

#[test]
fn index_and_batch_agree_to_the_last_bit() {
    let records = register(3_000, 5).records;
    for model in [Model::default_person(), cramped()] {
        let batch = answer(link(&records, &model, &options(), &|_, _| {}).pairs);
        let mut index = Index::new(&model, options());
        shuffled(&records, 1).iter().for_each(|r| index.insert(r));
        let live = answer(records.iter().flat_map(|r| index.candidates(r)));
        assert!(batch.len() > 100);
        assert_eq!(batch, live);
    }
}

#[test]
fn the_order_of_records_does_not_matter() {
    let records = register(3_000, 6).records;
    for model in [Model::default_person(), cramped()] {
        let one = link(&records, &model, &options(), &|_, _| {});
        let other = link(&shuffled(&records, 2), &model, &options(), &|_, _| {});
        assert_eq!(one.pairs, other.pairs, "same pairs in the same order");
        assert_eq!(one.comparisons_made, other.comparisons_made);
    }
}

#[test]
fn a_register_that_changed_answers_like_a_fresh_one() {
    let records = register(2_000, 7).records;
    let (kept, gone) = records.split_at(1_500);
    for model in [Model::default_person(), cramped()] {
        let mut changed = Index::new(&model, options());
        shuffled(&records, 3).iter().for_each(|r| changed.insert(r));
        for record in gone {
            assert!(changed.remove(record.id));
        }
        assert!(!changed.remove(gone[0].id));
        // Put in twice: the second replaces the first.
        kept.iter().take(200).for_each(|r| changed.insert(r));
        let mut fresh = Index::new(&model, options());
        kept.iter().for_each(|r| fresh.insert(r));
        assert_eq!(changed.len(), fresh.len());
        for record in kept {
            assert_eq!(changed.candidates(record), fresh.candidates(record));
        }
    }
}

#[test]
fn a_record_is_checked_without_being_stored() {
    let register = register(2_000, 8);
    let mut index = Index::new(&Model::default_person(), Options::default());
    register.records.iter().for_each(|r| index.insert(r));
    let mut probe = register.records[17].clone();
    let stored = std::mem::replace(&mut probe.id, 1_000_000);
    probe.given_name = probe.given_name.map(|n| format!("{n}q"));
    let found = index.candidates(&probe);
    assert_eq!(found.first().map(|p| (p.left, p.right)), Some((stored, 1_000_000)));
    assert!(!index.contains(1_000_000));
    assert_eq!(index.len(), register.records.len());
}

#[test]
fn an_id_that_comes_twice_is_reported_and_the_first_kept() {
    let mut records = register(200, 9).records;
    let position = records.len();
    records.push(records[3].clone());
    let found = link(&records, &Model::default_person(), &Options::default(), &|_, _| {});
    assert_eq!(found.skipped.len(), 1);
    assert_eq!((found.skipped[0].position, found.skipped[0].id), (position, records[3].id));
}
