//! Any text is survived.

use linkage::normalise::{date::PartialDate, skeleton::skeleton, text, values};
use linkage::{Index, Model, Options, Record, explain, link};
use proptest::prelude::*;

/// Anything a form field may hold: random characters of all planes, runs of one sign, letters of several scripts.
fn field() -> impl Strategy<Value = String> {
    prop_oneof![
        ".{0,40}",
        "\\PC{0,40}",
        "[\\x00-\\x20\\x7f'’`/.-]{0,20}",
        "[a-zA-Z ]{0,20}",
        "[ء-ي ]{0,20}",
        "[ሀ-ፐ ]{0,20}",
        "[ऀ-ൿ ]{0,20}",
        "[А-я ]{0,20}",
        Just("\u{fdfa}".repeat(300)),
        Just("ab ".repeat(5_000)),
    ]
}

proptest! {
    #[test]
    fn folding_gives_plain_words(raw in field()) {
        let folded = text::fold(&raw);
        prop_assert!(folded.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b' '));
        prop_assert!(!folded.starts_with(' ') && !folded.ends_with(' ') && !folded.contains("  "));
        prop_assert_eq!(text::fold(&folded), text::clip(&folded).trim_end(), "folding twice changes nothing");
        for word in text::words(&folded) {
            prop_assert!(!word.is_empty() && word.len() <= text::MAX_WORD_BYTES);
            prop_assert!(skeleton(word).len() <= word.len());
        }
    }

    #[test]
    fn readers_survive(raw in field()) {
        let _ = PartialDate::parse(&raw);
        let _ = values::phone(&raw);
        let _ = values::identity(&raw);
        prop_assert!(values::address(&raw).len() <= 12);
    }

    #[test]
    fn a_date_reads_back(y in 1850_u16..2150, m in 1_u8..=12, d in 1_u8..=31) {
        let date = PartialDate::new(Some(y), Some(m), Some(d)).unwrap();
        prop_assert_eq!(PartialDate::parse(&date.to_string()), Some(date));
    }

    #[test]
    fn any_record_can_be_compared(fields in prop::collection::vec(field(), 24)) {
        let record = |id: u64, f: &[String]| Record {
            id,
            household: Some(f[0].clone()),
            given_name: Some(f[1].clone()),
            family_name: Some(f[2].clone()),
            other_names: Some(f[3].clone()),
            birth_date: PartialDate::parse(&f[4]),
            phones: vec![f[5].clone()],
            ids: vec![f[6].clone()],
            address: Some(f[7].clone()),
            village: Some(f[8].clone()),
            district: Some(f[9].clone()),
            father_name: Some(f[10].clone()),
            mother_name: Some(f[11].clone()),
            ..Record::default()
        };
        let (a, b) = (record(1, &fields[..12]), record(2, &fields[12..]));
        let model = Model::default_person();
        let there: f64 = explain(&a, &b, &model).iter().map(|w| w.weight).sum();
        let back: f64 = explain(&b, &a, &model).iter().map(|w| w.weight).sum();
        prop_assert!(there.is_finite());
        prop_assert!((there - back).abs() < 1e-9, "order of the two does not matter");
        let mut index = Index::new(&model, Options { min_probability: 0.0, ..Options::default() });
        index.insert(&a);
        for pair in index.candidates(&b) {
            prop_assert!(pair.weight.is_finite() && (0.0..=1.0).contains(&pair.probability));
        }
    }
}

#[test]
fn ten_megabytes_in_every_field_are_cut_short() {
    let long = |c: &str| Some(c.repeat(10_000_000 / c.len()));
    let record = |id| Record {
        id,
        given_name: long("አ"),
        family_name: long("x"),
        other_names: long("a "),
        address: long("é\u{0}"),
        phones: long("7").into_iter().collect(),
        ids: long("9:").into_iter().collect(),
        household: long("\n"),
        ..Record::default()
    };
    let found = link(&[record(1), record(2)], &Model::default_person(), &Options::default(), &|_, _| {});
    assert!(found.comparisons_made <= 1);
    assert!(found.skipped.is_empty());
}

#[test]
fn empty_and_single_registers_give_nothing() {
    for records in [Vec::new(), vec![Record::default()]] {
        let found = link(&records, &Model::default_person(), &Options::default(), &|_, _| {});
        assert!(found.pairs.is_empty());
    }
    let blank: Vec<Record> = (0..500).map(|id| Record { id, ..Record::default() }).collect();
    let found = link(&blank, &Model::default_person(), &Options::default(), &|_, _| {});
    assert_eq!((found.pairs.len(), found.comparisons_made), (0, 0));
}

#[test]
fn debug_output_shows_no_personal_data() {
    let record = Record {
        id: 5,
        given_name: Some("Wanjiru".into()),
        birth_date: PartialDate::parse("1984-05-06"),
        ..Record::default()
    };
    let shown = format!("{record:?} {:?}", record.birth_date);
    assert!(!shown.contains("Wanjiru") && !shown.contains("1984"));
}
