//! What counts for and against, pair by pair.

use linkage::{FieldWeight, Index, Model, Options, PartialDate, Record, Sex, explain};

fn person(id: u64, given: &str, family: &str, birth: &str) -> Record {
    let text = |t: &str| (!t.is_empty()).then(|| t.to_owned());
    Record {
        id,
        given_name: text(given),
        family_name: text(family),
        birth_date: PartialDate::parse(birth),
        ..Record::default()
    }
}

/// The same home, phone and parents.
fn at_home(record: Record) -> Record {
    Record {
        household: Some("H7".into()),
        phones: vec!["0712345678".into()],
        address: Some("12 Moi Road".into()),
        village: Some("Kibera".into()),
        district: Some("Nairobi".into()),
        father_name: Some("Peter Otieno".into()),
        mother_name: Some("Grace Achieng".into()),
        ..record
    }
}

fn weight(a: &Record, b: &Record) -> f64 {
    explain(a, b, &Model::default_person()).iter().map(|w| w.weight).sum()
}

fn level(a: &Record, b: &Record, field: &str) -> Option<&'static str> {
    explain(a, b, &Model::default_person()).into_iter().find(|w| w.field == field).map(|w| w.level)
}

const SURE: f64 = 6.63; // log2(0.99 / 0.01)

#[test]
fn a_shared_home_never_makes_a_match() {
    let model = Model::default_person();
    // Brothers, twins, spouses, father and son of one name, a nameless and a dateless record.
    let pairs = [
        (person(1, "John", "Otieno", "2001-02-03"), person(2, "Paul", "Otieno", "2004-08-13")),
        (person(1, "John", "Otieno", "2001-02-03"), person(2, "Paul", "Otieno", "2001-02-03")),
        (person(1, "John", "Otieno", "1971-02-03"), person(2, "Mary", "Otieno", "1975-06-30")),
        (person(1, "John", "Otieno", "1971-02-03"), person(2, "John", "Otieno", "1999-06-30")),
        (person(1, "John", "Otieno", "2001-02-03"), person(2, "", "Otieno", "2001-02-03")),
        (person(1, "John", "Otieno", "2001-02-03"), person(2, "John", "Otieno", "")),
        (person(1, "", "Otieno", ""), person(2, "", "Otieno", "")),
    ];
    for (a, b) in pairs {
        let (a, b) = (at_home(a), at_home(b));
        let elsewhere = Record { household: Some("H8".into()), ..b.clone() };
        for b in [b, elsewhere] {
            let found = weight(&a, &b);
            assert!(found < SURE, "{found:.1} bits: {:?}", explain(&a, &b, &model));
        }
    }
}

#[test]
fn own_name_and_birth_do() {
    let pairs = [
        ("John", "2001-02-03", "John", "2001-02-03"),
        ("Mohammed", "2001-02-03", "محمد", "2001-02-03"),
        ("Abebe", "2001-02-03", "አበበ", "2001-03-02"),
    ];
    for (given, birth, other_given, other_birth) in pairs {
        let a = Record { sex: Some(Sex::Male), ..at_home(person(1, given, "Otieno", birth)) };
        let b = Record { sex: Some(Sex::Male), ..at_home(person(2, other_given, "Otieno", other_birth)) };
        let b = Record { household: Some("H8".into()), ..b };
        assert!(weight(&a, &b) > SURE, "{given} {other_given}: {:.1}", weight(&a, &b));
    }
}

#[test]
fn missing_is_neither_agreement_nor_disagreement() {
    let a = at_home(person(1, "John", "Otieno", "2001-02-03"));
    let b = person(2, "John", "Otieno", "2001-02-03");
    let fields: Vec<&str> = explain(&a, &b, &Model::default_person()).iter().map(|w| w.field).collect();
    for absent in ["sex", "phone", "place", "parents", "household", "identity", "birth_place", "other_names"]
    {
        assert!(!fields.contains(&absent), "{absent} has no weight when one record lacks it");
    }
    let blank = Record { address: Some("  ".into()), phones: vec!["n/a".into()], ..b.clone() };
    assert_eq!(weight(&a, &b).to_bits(), weight(&a, &blank).to_bits(), "blank is missing");
}

#[test]
fn levels_a_clerk_would_name() {
    let cases = [
        ("John", "Otieno", "Otieno", "John", "given", "swapped"),
        ("John Otieno", "", "John", "Otieno", "given", "exact"),
        ("Mary Ann", "Otieno", "Maryann", "Otieno", "given", "slip"),
        ("Mohammed", "Otieno", "Muhamad", "Otieno", "given", "variant"),
        ("Mohammed", "Otieno", "محمد", "Otieno", "given", "transliterated"),
        ("Md.", "Otieno", "Mohamed", "Otieno", "given", "exact"),
        ("Stephen", "Otieno", "Stephan", "Otieno", "given", "typo"),
        ("J.", "Otieno", "John", "Otieno", "given", "partial"),
        ("Maria Elena", "Otieno", "Maria Luisa", "Otieno", "given", "conflict"),
        ("John", "Otieno", "Paul", "Otieno", "given", "different"),
        ("Dr. John", "bin Otieno", "john", "OTIENO", "family", "exact"),
        ("Juan", "Reyes Santos", "Juan", "Santos", "family", "partial"),
    ];
    for (given, family, other_given, other_family, field, expected) in cases {
        let (a, b) = (person(1, given, family, ""), person(2, other_given, other_family, ""));
        assert_eq!(level(&a, &b, field), Some(expected), "{given} {family} / {other_given} {other_family}");
        assert_eq!(level(&b, &a, field), Some(expected), "the other way round");
    }
}

#[test]
fn identity_numbers_count_within_their_kind() {
    let with =
        |id, number: &str| Record { ids: vec![number.into()], ..person(id, "John", "Otieno", "2001-02-03") };
    assert_eq!(level(&with(1, "NID:123456789"), &with(2, "nid: 123-456-789"), "identity"), Some("same"));
    assert_eq!(level(&with(1, "NID:123456789"), &with(2, "NID:123456798"), "identity"), Some("similar"));
    assert_eq!(level(&with(1, "NID:123456789"), &with(2, "NID:987654321"), "identity"), Some("different"));
    assert_eq!(level(&with(1, "NID:123456789"), &with(2, "VOTER:123456789"), "identity"), None);
    assert_eq!(level(&with(1, "123456789"), &with(2, "123456789"), "identity"), Some("same"));
    let hash = |end: char| format!("NID:{}{end}", "0123456789abcdef".repeat(4));
    assert_eq!(level(&with(1, &hash('a')), &with(2, &hash('a')), "identity_hash"), Some("same"));
    assert_eq!(level(&with(1, &hash('a')), &with(2, &hash('b')), "identity_hash"), Some("different"));
    assert_eq!(level(&with(1, &hash('a')), &with(2, &hash('a')), "identity"), None);
    assert_eq!(level(&with(1, "123456789"), &with(2, "987654321"), "identity"), None);
}

#[test]
fn the_waterfall_adds_up_to_the_weight() {
    let register = crate::register::register(3_000, 51);
    let options = Options { min_probability: 0.0001, explain: true, cluster_at: None };
    let found = linkage::link(&register.records, &Model::default_person(), &options, &|_, _| {});
    assert!(found.pairs.len() > 100);
    for pair in &found.pairs {
        let sum: f64 = pair.explanation.iter().flatten().map(|w: &FieldWeight| w.weight).sum();
        assert!((sum - pair.weight).abs() < 1e-9);
        assert!((pair.probability - 1.0 / (1.0 + (-pair.weight).exp2())).abs() < 1e-12);
    }
}

#[test]
fn a_rare_name_says_more_than_a_common_one() {
    let mut index = Index::new(&Model::default_person(), Options::default());
    for id in 0..3_000 {
        let name = if id % 10 == 0 { "Mary" } else { "Beryl" };
        let name = if id < 2 { "Zawadi" } else { name };
        index.insert(&person(id, name, "Otieno", &format!("{}-02-03", 1930 + id % 80)));
    }
    let given = |a, b| index.explain(a, b).unwrap().into_iter().find(|w| w.field == "given").unwrap().weight;
    assert!(given(0, 1) > given(10, 20), "Zawadi is rare, Mary is not");
    assert!(given(10, 20) > given(3, 4), "and Beryl is everywhere");
}

#[test]
fn the_household_list_tells_look_alike_twins() {
    // Hassan and Hussein are twins; Hussein is registered again with his aunt.
    let home =
        |id, name| Record { sex: Some(Sex::Male), ..at_home(person(id, name, "Otieno", "2010-04-05")) };
    let again = Record { household: Some("H9".into()), ..home(3, "Hussein") };
    let mut index =
        Index::new(&Model::default_person(), Options { min_probability: 0.0, ..Options::default() });
    for record in [home(1, "Hassan"), home(2, "Hussein"), again] {
        index.insert(&record);
    }
    let levels =
        |a, b| index.explain(a, b).unwrap().into_iter().find(|w| w.field == "roster").map(|w| w.level);
    assert_eq!(levels(1, 3), Some("other_member"));
    let weight = |a, b| index.explain(a, b).unwrap().iter().map(|w| w.weight).sum::<f64>();
    assert!(weight(2, 3) > weight(1, 3) + 10.0);
    assert!(weight(1, 3) < 0.0);
}
