//! No input makes the work grow with the square of the records.

use std::cell::RefCell;

use linkage::{Index, Model, Options, PartialDate, Record, link};

fn identical(id: u64) -> Record {
    Record {
        id,
        household: Some("H1".into()),
        given_name: Some("Maria".into()),
        family_name: Some("Santos".into()),
        birth_date: PartialDate::parse("1990-01-01"),
        phones: vec!["0712345678".into(), "0712345679".into()],
        ids: vec!["NID:123456789".into()],
        address: Some("Camp 4, Block B".into()),
        village: Some("Camp".into()),
        district: Some("North".into()),
        ..Record::default()
    }
}

#[test]
fn identical_records_cost_a_bounded_number_of_comparisons() {
    let model = Model::default_person();
    let records: Vec<Record> = (0..100_000).map(identical).collect();
    let found = link(&records, &model, &Options { min_probability: 2.0, ..Options::default() }, &|_, _| {});
    // Every rule brings the same neighbours together, and a pair counts once.
    let bound = 100_000 * model.blocking.window as u64;
    assert!(found.comparisons_made <= bound, "{} comparisons", found.comparisons_made);
    assert!(found.comparisons_made >= 99_999, "neighbours are compared");
    assert!(found.rules.iter().all(|r| r.largest <= 100_000));
}

#[test]
fn identical_records_are_still_one_chain() {
    let records: Vec<Record> = (0..2_000).map(identical).collect();
    let found = link(&records, &Model::default_person(), &Options::default(), &|_, _| {});
    let groups = linkage::cluster(&found.pairs, 0.2);
    assert_eq!(groups.len(), 1, "nobody is lost when a block is too large");
    assert_eq!(groups[0].len(), 2_000);
}

#[test]
fn one_common_name_is_divided_by_other_fields() {
    // 20,000 people of one name, village and phone; only their birth dates differ, each date twice.
    let records: Vec<Record> = (0..20_000)
        .map(|id| {
            let day = id / 2;
            let date = format!("{}-{:02}-{:02}", 1930 + day % 80, 1 + day / 80 % 12, 1 + day / 960 % 28);
            Record { birth_date: PartialDate::parse(&date), ids: Vec::new(), ..identical(id) }
        })
        .collect();
    let found = link(
        &records,
        &Model::default_person(),
        &Options { min_probability: 0.0, ..Options::default() },
        &|_, _| {},
    );
    assert!(found.comparisons_made < 20_000 * 400, "{} comparisons", found.comparisons_made);
    let same_day =
        (0..10_000).filter(|n| found.pairs.iter().any(|p| (p.left, p.right) == (2 * n, 2 * n + 1)));
    assert!(same_day.take(100).count() == 100);
}

#[test]
fn an_index_of_identical_records_answers_from_a_few_neighbours() {
    let model = Model::default_person();
    let mut index = Index::new(&model, Options { min_probability: 0.0, ..Options::default() });
    (0..20_000).for_each(|id| index.insert(&identical(id)));
    let found = index.candidates(&identical(7));
    assert!(!found.is_empty());
    assert!(found.len() <= 2 * model.blocking.window);
}

#[test]
fn progress_rises_to_its_total() {
    let records: Vec<Record> = (0..3_000).map(identical).collect();
    let calls = RefCell::new(Vec::new());
    let report = |done, total| calls.borrow_mut().push((done, total));
    let _ = link(&records, &Model::default_person(), &Options::default(), &report);
    let calls = calls.into_inner();
    assert_eq!(calls.first().map(|c| c.0), Some(0));
    assert!(calls.windows(2).all(|w| w[0].0 <= w[1].0 && w[0].1 == w[1].1));
    assert!(calls.iter().all(|(done, total)| done <= total));
}
