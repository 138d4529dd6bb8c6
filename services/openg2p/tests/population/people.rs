//! What the people are like.

use std::collections::{HashMap, HashSet};

use openg2p::population::{MembershipRow, score_definition};
use serde_json::Value;

use crate::common::{Register, age, members_of, national_digits, register, share};

#[test]
fn households_look_like_households() {
    let register = register();
    let members = members_of(register);
    let second: HashSet<&str> = register.truth.iter().map(|pair| pair.external_id_b.as_str()).collect();
    let (mut headless, mut people) = (0, 0);
    for id in register.households.keys() {
        let own: Vec<_> = members[id.as_str()]
            .iter()
            .filter(|m| !second.contains(m.individual_external_id.as_str()))
            .collect();
        assert!((1..=14).contains(&own.len()), "{id} has {} members", own.len());
        people += own.len();
        let heads = own.iter().filter(|m| m.kind == "Head").count();
        assert!(heads <= 1, "{id} has {heads} Heads");
        headless += 1 - heads;
        check_ages(register, &own);
    }
    let mean = share(people, register.households.len());
    assert!((4.1..4.9).contains(&mean), "mean size {mean}");
    let without = share(headless, register.households.len());
    assert!((0.002..0.010).contains(&without), "{without} without a Head");
}

/// Nobody is impossibly old, and parents are older than their children.
fn check_ages(register: &Register, members: &[&&MembershipRow]) {
    let age_of = |row: &MembershipRow| age(&register.individuals[&row.individual_external_id]).unwrap();
    let head = members.iter().find(|m| m.kind == "Head").map(|m| age_of(m));
    for member in members {
        let age = age_of(member);
        assert!((0..=100).contains(&age), "{age}");
        let Some(head) = head else { continue };
        match member.relationship_to_head.as_str() {
            "head" => assert!(age >= 14, "Head at {age}"),
            "wife" | "husband" => assert!(age >= 17, "married at {age}"),
            "son" | "daughter" => assert!(head >= age + 15, "child of {age}, Head of {head}"),
            "mother" | "father" => assert!(age >= head + 16, "parent of {age}, Head of {head}"),
            "grandson" | "granddaughter" => assert!(head >= age + 28, "grandchild of {age}, Head of {head}"),
            _ => {}
        }
    }
}

#[test]
fn ages_and_sexes_spread_as_in_a_young_country() {
    let register = register();
    let ages: Vec<i32> = register.individuals.values().filter_map(age).collect();
    let young = share(ages.iter().filter(|age| **age < 18).count(), ages.len());
    let old = share(ages.iter().filter(|age| **age >= 65).count(), ages.len());
    let women = register.individuals.values().filter(|row| row.gender == "female").count();
    assert!((0.42..0.54).contains(&young), "{young} under 18");
    assert!((0.02..0.07).contains(&old), "{old} of 65 and over");
    assert!((0.47..0.54).contains(&share(women, register.individuals.len())));
}

#[test]
fn some_births_are_of_twins() {
    let register = register();
    let second: HashSet<&str> = register.truth.iter().map(|pair| pair.external_id_b.as_str()).collect();
    let mut births: HashMap<(&str, &str), Vec<&str>> = HashMap::new();
    for row in register.memberships.iter().filter(|row| row.kind == "Child") {
        let child = &register.individuals[&row.individual_external_id];
        if !second.contains(child.external_id.as_str()) && age(child).is_some_and(|age| age < 18) {
            births
                .entry((&row.household_external_id, &child.birth_date))
                .or_default()
                .push(&child.given_name);
        }
    }
    let twins: Vec<_> = births.values().filter(|names| names.len() > 1).collect();
    let rate = share(twins.len(), births.len());
    assert!((0.006..0.020).contains(&rate), "{rate} of births");
    assert!(twins.iter().all(|names| names[0] != names[1]), "twins have names of their own");
}

#[test]
fn heads_have_accounts_in_the_shares_asked_for() {
    let register = register();
    let heads: HashSet<&String> = register
        .memberships
        .iter()
        .filter(|row| row.kind == "Head")
        .map(|row| &row.individual_external_id)
        .collect();
    let payees: HashSet<&String> = register.accounts.iter().map(|row| &row.individual_external_id).collect();
    assert_eq!(heads, payees, "one account row for each Head");
    assert_eq!(payees.len(), register.accounts.len());
    for (kind, expected) in [("BANK", 0.85), ("MOBILE_WALLET", 0.10), ("NONE", 0.05)] {
        let count = register.accounts.iter().filter(|row| row.kind == kind).count();
        assert!((share(count, register.accounts.len()) - expected).abs() < 0.005, "{kind}: {count}");
    }
    let mut numbers = HashSet::new();
    for row in &register.accounts {
        let text = [&row.bank_code, &row.bank_name, &row.branch_code, &row.branch_name, &row.account_number];
        assert_eq!(row.kind == "BANK", text.iter().all(|field| !field.is_empty()));
        assert_eq!(
            row.kind == "MOBILE_WALLET",
            row.phone.starts_with('+') && !row.wallet_provider_code.is_empty()
        );
        assert!(
            row.kind == "NONE" || numbers.insert((&row.account_number, &row.phone)),
            "an account is used twice"
        );
        // The mapper's text form of an account separates with these.
        let plain = |field: &&String| !field.contains(['.', ':', '@']);
        assert!(text.iter().all(plain) && plain(&&row.wallet_provider_name));
    }
}

#[test]
fn phones_and_addresses_are_shared() {
    let register = register();
    let mut people: HashMap<String, HashSet<&str>> = HashMap::new();
    for row in &register.phones {
        let digits = national_digits(row);
        let local = digits.strip_prefix("254").filter(|rest| rest.len() == 9).unwrap_or(&digits).to_owned();
        people.entry(local).or_default().insert(&row.individual_external_id);
    }
    let shared = people.values().filter(|users| users.len() > 1).count();
    assert!(share(shared, people.len()) > 0.1, "{shared} of {} numbers are shared", people.len());
    let addresses: HashSet<_> =
        register.households.values().map(|row| (&row.address, &row.district)).collect();
    assert!(addresses.len() < register.households.len() * 97 / 100);
}

#[test]
fn names_come_in_many_scripts_and_rarely_coincide() {
    let register = register();
    let in_script = |from: char, to: char| {
        register
            .individuals
            .values()
            .filter(|row| row.full_name.chars().any(|c| (from..=to).contains(&c)))
            .count()
    };
    for (from, to) in
        [('\u{1200}', '\u{137f}'), ('\u{600}', '\u{6ff}'), ('\u{900}', '\u{97f}'), ('\u{400}', '\u{4ff}')]
    {
        assert!(in_script(from, to) > 200, "few names in the script from {from}");
    }
    let languages: HashSet<_> = register.individuals.values().map(|row| &row.language).collect();
    assert_eq!(languages.len(), 7);
    let mut people: HashMap<_, usize> = HashMap::new();
    for row in register.individuals.values() {
        *people.entry((&row.full_name, &row.birth_date)).or_default() += 1;
    }
    let twice = people.values().filter(|count| **count > 1).count();
    assert!(twice < register.truth.len(), "{twice} people share name and birth date");
    let most = register.individuals.values().filter(|row| row.given_name == "Mary").count();
    assert!(share(most, register.individuals.len()) < 0.03);
}

/// The score of a household by the definition that the registry is given.
fn score(definition: &Value, household: &Value) -> i64 {
    let item_points = |item: &Value| {
        let value = household[item["attribute"].as_str().unwrap()].as_str().unwrap();
        let found = if item["type"] == "category" {
            item["points"].get(value).and_then(Value::as_i64)
        } else {
            let number: f64 = value.parse().unwrap();
            let bands = item["bands"].as_array().unwrap();
            bands
                .iter()
                .rev()
                .find(|band| band["from"].as_f64().unwrap() <= number)
                .and_then(|b| b["points"].as_i64())
        };
        found.unwrap_or_else(|| panic!("{value} has no points in {item}"))
    };
    definition["items"].as_array().unwrap().iter().map(item_points).sum()
}

#[test]
fn poor_households_with_children_are_a_good_third() {
    let (register, definition) = (register(), score_definition());
    let members = members_of(register);
    let (mut poor, mut eligible) = (0, 0);
    for (id, household) in &register.households {
        let score = score(&definition, &serde_json::to_value(household).unwrap());
        assert!((0..=100).contains(&score));
        let child = members[id.as_str()]
            .iter()
            .any(|m| age(&register.individuals[&m.individual_external_id]).is_some_and(|age| age < 18));
        poor += usize::from(score < 50);
        eligible += usize::from(score < 50 && child);
    }
    let (poor, eligible) =
        (share(poor, register.households.len()), share(eligible, register.households.len()));
    assert!((0.50..0.60).contains(&poor), "{poor} poor");
    assert!((0.35..0.45).contains(&eligible), "{eligible} eligible");
}
