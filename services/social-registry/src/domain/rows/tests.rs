#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
use proptest::prelude::*;
use serde_json::json;
use time::macros::date;

use super::*;
use crate::domain::{
    mapping::resolve,
    reference::{IdType, RelationType},
};

fn rules() -> RowRules {
    let national = IdType::new(Some("[1-9][0-9]{8}")).unwrap();
    let parent = RelationType { source_kind: "individual".into(), destination_kind: "individual".into() };
    RowRules {
        latest: date!(2026 - 01 - 02),
        default_country: "KE".into(),
        reference: Reference {
            group_kinds: ["Household".to_owned()].into(),
            membership_kinds: [
                ("Head".to_owned(), true),
                ("Child".to_owned(), false),
                ("Payee".to_owned(), true),
            ]
            .into(),
            id_types: [("NATIONAL_ID".to_owned(), national)].into(),
            relations: [("parent".to_owned(), parent)].into(),
        },
    }
}

fn try_row(kind: ImportKind, header: &[&str], fields: &[&str]) -> Result<Input, RowError> {
    let own = |list: &[&str]| list.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>();
    let columns = resolve(kind, &own(header), None).unwrap();
    read(kind, &own(fields), &columns, &rules())
}

fn code(outcome: Result<Input, RowError>) -> (String, &'static str) {
    let error = outcome.unwrap_err();
    (error.column, error.code)
}

const PERSON: &[&str] = &[
    "external_id",
    "given_name",
    "family_name",
    "gender",
    "birth_date",
    "registration_date",
    "email",
    "language",
];

#[test]
fn a_person_is_read_with_name_and_attributes() {
    let row = ["P-1", " Amina ", "Odhiambo", "F", "2001-02-03", "2025-01-01", "", "swa"];
    let Input::Registrant(person) = try_row(ImportKind::Individuals, PERSON, &row).unwrap() else { panic!() };
    let fields = person.fields.expose();
    assert_eq!(fields["name"], "Amina Odhiambo");
    assert_eq!((&fields["gender"], &fields["birth_date"]), (&json!("female"), &json!("2001-02-03")));
    assert_eq!(fields["email"], Value::Null);
    assert_eq!(person.attributes.expose()["language"], "swa");
    assert!(!format!("{person:?}").contains("Amina"), "Debug must not show a name");
}

#[test]
fn what_is_plainly_wrong_with_a_person_is_refused() {
    let good = ["P-1", "Amina", "Odhiambo", "F", "2001-02-03", "2025-01-01", "", ""];
    let with = |at: usize, value: &'static str| {
        let mut row = good;
        row[at] = value;
        code(try_row(ImportKind::Individuals, PERSON, &row))
    };
    assert_eq!(with(0, " "), ("external_id".into(), "missing"));
    assert_eq!(with(3, "mail"), ("gender".into(), "gender_invalid"));
    assert_eq!(with(4, "2021-02-29"), ("birth_date".into(), "date_invalid"));
    assert_eq!(with(4, "9123-04-11"), ("birth_date".into(), "date_in_future"));
    assert_eq!(with(5, "2000-01-01"), ("registration_date".into(), "before_birth"));
    assert_eq!(with(6, "nobody"), ("email".into(), "email_invalid"));
    assert_eq!(with(1, "Am\0ina"), ("given_name".into(), "control_character"));
    let nameless = ["P-1", "", "", "F", "", "", "", ""];
    assert_eq!(code(try_row(ImportKind::Individuals, PERSON, &nameless)), ("given_name".into(), "missing"));
    assert_eq!(code(try_row(ImportKind::Individuals, PERSON, &["P-1"])), (String::new(), "field_count"));
}

#[test]
fn a_household_needs_a_name_and_its_assets_are_typed() {
    let header = ["external_id", "name", "kind", "latitude", "roof", "tv", "rooms", "land_hectares", "code"];
    let row = ["H-1", "Odhiambo", "Household", "-1.286389", "iron_sheets", "true", "3", "0.50", "007"];
    let Input::Registrant(house) = try_row(ImportKind::Households, &header, &row).unwrap() else { panic!() };
    let attributes = Value::Object(house.attributes.expose().clone());
    assert_eq!(
        attributes,
        json!({"roof": "iron_sheets", "tv": true, "rooms": 3, "land_hectares": 0.5, "code": "007"})
    );
    assert_eq!(house.fields.expose()["latitude"], json!(-1.286389));
    let mut wrong = row;
    wrong[1] = "";
    assert_eq!(code(try_row(ImportKind::Households, &header, &wrong)), ("name".into(), "missing"));
    wrong = row;
    wrong[2] = "Tribe";
    assert_eq!(code(try_row(ImportKind::Households, &header, &wrong)), ("kind".into(), "unknown_kind"));
    wrong = row;
    wrong[3] = "91";
    assert_eq!(code(try_row(ImportKind::Households, &header, &wrong)), ("latitude".into(), "not_degrees"));
}

#[test]
fn memberships_know_their_kinds() {
    let header = ["household_external_id", "individual_external_id", "kind"];
    let Input::Membership(m) = try_row(ImportKind::Memberships, &header, &["H", "P", "Child; Head"]).unwrap()
    else {
        panic!()
    };
    assert_eq!((m.kinds.len(), m.unique_kind.as_deref()), (2, Some("Head")));
    let kinds = |kinds| code(try_row(ImportKind::Memberships, &header, &["H", "P", kinds]));
    assert_eq!(kinds(""), ("kind".into(), "missing"));
    assert_eq!(kinds("Boss"), ("kind".into(), "unknown_kind"));
    assert_eq!(kinds("Head;Payee"), ("kind".into(), "two_unique_kinds"));
}

#[test]
fn documents_phones_and_relations() {
    let ids = ["individual_external_id", "id_type", "value"];
    assert!(try_row(ImportKind::Ids, &ids, &["P", "NATIONAL_ID", "123456789"]).is_ok());
    // The whole value must match, not its start.
    assert_eq!(
        code(try_row(ImportKind::Ids, &ids, &["P", "NATIONAL_ID", "1234567890"])),
        ("value".into(), "id_malformed")
    );
    assert_eq!(code(try_row(ImportKind::Ids, &ids, &["P", "", "1"])), ("id_type".into(), "unknown_id_type"));
    let phones = ["individual_external_id", "phone", "country"];
    assert!(try_row(ImportKind::Phones, &phones, &["P", "0712 345678", ""]).is_ok());
    assert_eq!(
        code(try_row(ImportKind::Phones, &phones, &["P", "12", "KE"])),
        ("phone".into(), "phone_invalid")
    );
    let relations = ["source_external_id", "destination_external_id", "relation", "start_date", "end_date"];
    assert!(try_row(ImportKind::Relationships, &relations, &["A", "B", "parent", "", ""]).is_ok());
    let same = try_row(ImportKind::Relationships, &relations, &["A", "A", "parent", "", ""]);
    assert_eq!(code(same).1, "same_registrant");
    let ends =
        try_row(ImportKind::Relationships, &relations, &["A", "B", "parent", "2020-01-02", "2020-01-01"]);
    assert_eq!(code(ends).1, "ends_before_start");
}

#[test]
fn keys_differ_by_all_their_parts() {
    let header = ["household_external_id", "individual_external_id", "kind"];
    let key = |h, p| try_row(ImportKind::Memberships, &header, &[h, p, "Child"]).unwrap().key_hash();
    assert_eq!(key("H", "P"), key("H", "P"));
    assert_ne!(key("H", "P1"), key("HP", "1"));
}

proptest! {
    #[test]
    fn no_row_makes_it_panic(
        kind in prop::sample::select(ImportKind::ALL.to_vec()),
        fields in prop::collection::vec(".{0,30}", 0..14),
    ) {
        let header: Vec<String> = kind.columns().iter().map(|c| c.name.to_owned()).collect();
        let columns = resolve(kind, &header, None).unwrap();
        let mut fields = fields;
        let _ = read(kind, &fields, &columns, &rules());
        fields.resize(header.len(), "x".to_owned());
        let _ = read(kind, &fields, &columns, &rules());
    }

    #[test]
    fn a_typed_value_shows_what_was_written(text in "-?[0-9]{1,8}(\\.[0-9]{1,4})?") {
        let value = typed(text.clone());
        if let Value::Number(n) = &value {
            prop_assert_eq!(n.as_f64(), text.parse::<f64>().ok());
        }
    }
}
