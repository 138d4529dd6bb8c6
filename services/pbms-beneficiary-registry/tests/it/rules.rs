//! The SQL of a rule says what CEL says, and the SQL of a benefit what its formula says, on random households.

use cel::{Context, Program, Value as Cel};
use pbms_beneficiary_registry::{
    domain::{
        benefit::{Addition, Benefit, Per},
        definition::CompiledBenefit,
        household::{Household, Member},
        rule::{Compiler, Param, household_rule, member_rule},
    },
    store::{
        entitlements::{self, Computation},
        households,
    },
};
use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use sea_orm::Value as Sql;
use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};
use storage::{FromQueryResult, sql};
use time::{Date, Duration, macros::date};
use uuid::Uuid;

use crate::support::World;

const TODAY: Date = date!(2026 - 01 - 31);

fn rule_text(members: bool, depth: u32) -> BoxedStrategy<String> {
    let number = prop_oneof![
        Just("poverty_score"),
        Just("group_size"),
        Just("members.size()"),
        Just("members.filter(q, q.age < 18).size()"),
        Just("size(members.filter(q, 'Head' in q.kind || q.gender == 'female'))"),
    ];
    let compare = prop_oneof![Just("=="), Just("!="), Just("<"), Just("<="), Just(">"), Just(">=")];
    let literal = prop_oneof![
        (0_i64..8).prop_map(|n| n.to_string()),
        (0_i64..80).prop_map(|n| format!("{:.1}", n as f64 / 2.0))
    ];
    let mut leaves = vec![
        (number, compare.clone(), literal).prop_map(|(a, op, b)| format!("{a} {op} {b}")).boxed(),
        prop_oneof![Just("=="), Just("!=")].prop_map(|op| format!("district {op} 'Moru'")).boxed(),
        Just("district in ['Moru', 'Tana']".to_owned()).boxed(),
        Just("group_size in [1, 2, 3]".to_owned()).boxed(),
        compare.clone().prop_map(|op| format!("registration_date {op} '2024-05-01'")).boxed(),
        any::<bool>().prop_map(|b| b.to_string()).boxed(),
    ];
    if members {
        leaves.push((compare.clone(), 0..90).prop_map(|(op, n)| format!("m.age {op} {n}")).boxed());
        leaves.push(compare.prop_map(|op| format!("m.birth_date {op} '2010-06-15'")).boxed());
        leaves.push(Just("'Head' in m.kind".to_owned()).boxed());
        leaves.push(Just("m.gender == 'female'".to_owned()).boxed());
        leaves.push(Just("has(m.gender)".to_owned()).boxed());
        leaves.push(Just("has(m.age)".to_owned()).boxed());
    }
    let leaf = proptest::strategy::Union::new(leaves).boxed();
    if depth == 0 {
        return leaf;
    }
    let inner = rule_text(members, depth - 1);
    let mut branches = vec![
        leaf,
        (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} && {b})")).boxed(),
        (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} || {b})")).boxed(),
        inner.prop_map(|a| format!("!({a})")).boxed(),
    ];
    if !members {
        let of_member = rule_text(true, depth - 1);
        branches.push(of_member.clone().prop_map(|a| format!("members.exists(m, {a})")).boxed());
        branches.push(of_member.prop_map(|a| format!("members.all(m, {a})")).boxed());
    }
    proptest::strategy::Union::new(branches).boxed()
}

fn member() -> impl Strategy<Value = Member> {
    let kinds = prop_oneof![
        Just(vec!["Head".to_owned()]),
        Just(vec!["Child".to_owned()]),
        Just(vec![]),
        Just(vec!["Head".to_owned(), "Spouse".to_owned()])
    ];
    // Around birthdays, leap days, and some who are not born yet.
    let birth = prop_oneof![
        (0_i64..33_000).prop_map(|days| TODAY - Duration::days(days)),
        (2006_i32..2026).prop_map(|year| date!(2000 - 01 - 31).replace_year(year).unwrap()),
        Just(date!(2020 - 02 - 29)),
        Just(date!(2026 - 03 - 01)),
    ];
    let gender = prop_oneof![Just("female".to_owned()), Just("male".to_owned())];
    (
        proptest::option::of(kinds),
        proptest::option::weighted(0.8, birth),
        proptest::option::weighted(0.8, gender),
    )
        .prop_map(|(kinds, birth_date, gender)| Member {
            id: String::new(),
            kinds,
            birth_date,
            gender,
            identifiers: BTreeSet::new(),
        })
}

fn household() -> impl Strategy<Value = Household> {
    let district = prop_oneof![Just("Moru".to_owned()), Just("Lamu".to_owned())];
    let registered =
        prop_oneof![Just(date!(2024 - 04 - 30)), Just(date!(2024 - 05 - 01)), Just(date!(2024 - 05 - 02))];
    (
        proptest::option::weighted(0.8, (0_i64..80).prop_map(|n| n as f64 / 2.0)),
        proptest::option::weighted(0.8, 0_i64..8),
        proptest::option::weighted(0.8, district),
        proptest::option::weighted(0.8, registered),
        proptest::collection::vec(member(), 0..5),
    )
        .prop_map(|(poverty_score, group_size, district, registration_date, members)| Household {
            id: String::new(),
            poverty_score,
            group_size,
            district,
            registration_date,
            members,
        })
}

fn age(birth: Date) -> Option<i64> {
    let years = i64::from(TODAY.year() - birth.year());
    let before = (TODAY.month() as u8, TODAY.day()) < (birth.month() as u8, birth.day());
    (birth <= TODAY).then_some(years - i64::from(before))
}

fn text(value: impl Into<String>) -> Cel {
    Cel::String(Arc::new(value.into()))
}

/// The household as CEL sees it: what is not known is not there.
fn oracle(rule: &Program, household: &Household) -> Option<bool> {
    let members = household.members.iter().map(|m| {
        let mut fields: HashMap<String, Cel> = HashMap::new();
        if let Some(birth) = m.birth_date {
            fields.insert("birth_date".to_owned(), text(birth.to_string()));
            if let Some(age) = age(birth) {
                fields.insert("age".to_owned(), Cel::Int(age));
            }
        }
        if let Some(gender) = &m.gender {
            fields.insert("gender".to_owned(), text(gender));
        }
        if let Some(kinds) = &m.kinds {
            let kinds = kinds.iter().map(text).collect::<Vec<_>>();
            fields.insert("kind".to_owned(), Cel::List(Arc::new(kinds)));
        }
        Cel::from(fields)
    });
    let members: Vec<Cel> = members.collect();
    let mut context = Context::default();
    context.add_variable_from_value("members", Cel::List(Arc::new(members)));
    if let Some(score) = household.poverty_score {
        context.add_variable_from_value("poverty_score", Cel::Float(score));
    }
    if let Some(size) = household.group_size {
        context.add_variable_from_value("group_size", Cel::Int(size));
    }
    if let Some(district) = &household.district {
        context.add_variable_from_value("district", text(district));
    }
    if let Some(date) = household.registration_date {
        context.add_variable_from_value("registration_date", text(date.to_string()));
    }
    match rule.execute(&context) {
        Ok(Cel::Bool(verdict)) => Some(verdict),
        _ => None,
    }
}

fn to_sql(param: Param) -> Sql {
    match param {
        Param::Int(n) => n.into(),
        Param::Double(n) => n.into(),
        Param::Text(t) => t.into(),
        Param::Date(d) => d.into(),
        Param::Doubles(n) => n.into(),
        Param::Texts(t) => t.into(),
        Param::Dates(d) => d.into(),
    }
}

/// Random values from a fixed seed, so that a failure can be seen again.
fn runner(seed: u8) -> TestRunner {
    TestRunner::new_with_rng(Config::default(), TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]))
}

fn draw<S: Strategy>(runner: &mut TestRunner, strategy: &S) -> S::Value {
    strategy.new_tree(runner).unwrap().current()
}

/// Stores some hundred random households, with names, for a programme.
async fn population(world: &World, program: Uuid, runner: &mut TestRunner, count: usize) -> Vec<Household> {
    let mut people = Vec::new();
    for n in 0..count {
        let mut one = draw(runner, &household());
        one.id = format!("h{n:05}");
        for (i, member) in one.members.iter_mut().enumerate() {
            member.id = format!("p{n:05}-{i}");
        }
        people.push(one);
    }
    let tx = world.db.begin().await.unwrap();
    let now = world.clock.now();
    households::apply_page(&tx, "default", program, Uuid::now_v7(), now, &people).await.unwrap();
    tx.commit().await.unwrap();
    people
}

#[derive(FromQueryResult)]
struct Verdict {
    household_id: String,
    verdict: Option<bool>,
}

#[tokio::test]
async fn sql_and_cel_agree_on_random_rules_and_households() {
    let world = World::new().await;
    let program = Uuid::now_v7();
    let mut runner = runner(7);
    let people = population(&world, program, &mut runner, 300).await;
    let (mut yes, mut no, mut unknown) = (0, 0, 0);
    for round in 0..250 {
        let rule = draw(&mut runner, &rule_text(false, 3));
        let Ok(read) = household_rule(&rule) else { panic!("{rule}: {:?}", household_rule(&rule)) };
        let mut compiler = Compiler::new(4, "$3::date");
        let condition = compiler.condition(&read.expr);
        let query = format!(
            "SELECT h.household_id, ({condition}) AS verdict FROM households h
              WHERE h.tenant_id = $1 AND h.program_id = $2 AND $3::date IS NOT NULL ORDER BY h.household_id"
        );
        let fixed: [Sql; 3] = ["default".into(), program.into(), TODAY.into()];
        let values = fixed.into_iter().chain(compiler.into_params().into_iter().map(to_sql));
        let rows: Vec<Verdict> = sql::fetch_all(world.db.conn(), &query, values).await.unwrap();
        assert_eq!(rows.len(), people.len());
        let interpreter = Program::compile(&rule).unwrap();
        for (row, household) in rows.iter().zip(&people) {
            assert_eq!(row.household_id, household.id);
            let expected = oracle(&interpreter, household);
            assert_eq!(row.verdict, expected, "round {round}: {rule}\n{household:?}");
            match expected {
                Some(true) => yes += 1,
                Some(false) => no += 1,
                None => unknown += 1,
            }
        }
    }
    assert!(
        yes > 5_000 && no > 5_000 && unknown > 5_000,
        "the test saw {yes} yes, {no} no, {unknown} unknown"
    );
}

#[tokio::test]
async fn sql_and_formula_agree_on_random_benefits() {
    let world = World::new().await;
    let program = Uuid::parse_str(&world.program("GRANT").await).unwrap();
    let mut runner = runner(11);
    let people = population(&world, program, &mut runner, 300).await;
    let enrol = "INSERT INTO memberships (tenant_id, program_id, household_id, state, payee, run_id, created_at, updated_at)
        SELECT tenant_id, program_id, household_id, 'enrolled', 'payee', last_pull, now(), now() FROM households";
    sql::execute(world.db.conn(), enrol, []).await.unwrap();
    let shape = (
        0_i64..100_000,
        proptest::option::of(1_i64..200_000),
        proptest::collection::vec((any::<bool>(), 0_i64..40, 1_i64..50_000), 0..4),
    );
    for _ in 0..25 {
        let (base_minor, cap_minor, parts) = draw(&mut runner, &shape);
        let additions: Vec<Addition> = parts
            .iter()
            .map(|(member, limit, unit)| Addition {
                per: if *member { Per::Member } else { Per::Household },
                rule: if *member { format!("m.age < {limit}") } else { format!("poverty_score < {limit}.5") },
                unit_minor: *unit,
            })
            .collect();
        let rules = additions
            .iter()
            .map(|a| match a.per {
                Per::Member => (a.per, member_rule(&a.rule).unwrap()),
                Per::Household => (a.per, household_rule(&a.rule).unwrap()),
            })
            .collect();
        let benefit = Benefit { code: "CASH".to_owned(), base_minor, additions, cap_minor };
        let compiled = CompiledBenefit { benefit: benefit.clone(), rules };
        let cycle = Uuid::now_v7();
        let of = Computation { tenant: "default", program, cycle, schedule_date: TODAY };
        let tx = world.db.begin().await.unwrap();
        entitlements::compute(&tx, &of, &compiled, "", "z").await.unwrap();
        tx.commit().await.unwrap();
        let amounts = world
            .texts(&format!(
                "SELECT household_id || '=' || amount_minor FROM entitlements WHERE cycle_id = '{cycle}'"
            ))
            .await;
        let lines = world
            .texts(&format!(
                "SELECT household_id || ':' || line || ':' || kind || ':' || quantity || ':' || unit_minor
                   FROM entitlement_lines WHERE cycle_id = '{cycle}'"
            ))
            .await;
        let (mut expected_amounts, mut expected_lines) = (Vec::new(), Vec::new());
        for household in &people {
            let counts: Vec<i64> = parts
                .iter()
                .map(|(member, limit, _)| {
                    if *member {
                        let ages = household.members.iter().filter_map(|m| age(m.birth_date?));
                        i64::try_from(ages.filter(|age| age < limit).count()).unwrap()
                    } else {
                        i64::from(household.poverty_score.is_some_and(|s| s < *limit as f64 + 0.5))
                    }
                })
                .collect();
            let (amount, parts) = benefit.entitlement(&counts).unwrap();
            if amount > 0 {
                expected_amounts.push(format!("{}={amount}", household.id));
            }
            expected_lines.extend(parts.iter().map(|l| {
                format!("{}:{}:{}:{}:{}", household.id, l.line, l.kind.as_str(), l.quantity, l.unit_minor)
            }));
        }
        let sorted = |mut list: Vec<String>| {
            list.sort_unstable();
            list
        };
        assert_eq!(sorted(amounts), sorted(expected_amounts), "{benefit:?}");
        assert_eq!(sorted(lines), sorted(expected_lines), "{benefit:?}");
    }
}
