//! What waits too long is seen: in the metrics, in the lists, and by the alert rules.

use std::collections::{BTreeMap, BTreeSet};

use g2p_bridge::{Config, app::overdue::What};
use platform::config::Loaded;
use serde_json::{Value, json};
use storage::sql;
use testkit::wait_for;

use crate::{
    bank::{Funds, Pay},
    world::{LIMIT, World, day, payments, today},
};

/// Everything that waits is late at once, and looked at all the time.
fn impatient(loaded: &mut Loaded<Config>) {
    loaded.service = Config {
        sweep_interval_ms: 100,
        deadline_receiving_seconds: 0,
        deadline_scheduled_seconds: 0,
        deadline_resolving_seconds: 0,
        deadline_funding_seconds: 0,
        deadline_paying_seconds: 0,
        deadline_releasing_seconds: 0,
        deadline_closing_seconds: 0,
        deadline_sending_seconds: 0,
        deadline_unknown_seconds: 0,
        deadline_accepted_seconds: 0,
        deadline_line_waiting_seconds: 0,
        deadline_line_problem_seconds: 0,
        ..loaded.service.clone()
    };
}

async fn metrics(world: &World) -> String {
    reqwest::get(format!("{}/metrics", world.bridge.admin_url())).await.unwrap().text().await.unwrap()
}

/// The gauge of what is overdue, by `what` and `state`.
async fn gauge(world: &World) -> BTreeMap<(String, String), f64> {
    let text = metrics(world).await;
    let label = |line: &str, name: &str| {
        line.split(&format!("{name}=\"")).nth(1).unwrap().split('"').next().unwrap().to_owned()
    };
    text.lines()
        .filter(|line| line.starts_with("bridge_overdue{"))
        .map(|line| {
            let value = line.rsplit(' ').next().unwrap().parse().unwrap();
            ((label(line, "what"), label(line, "state")), value)
        })
        .collect()
}

async fn wait_gauge(world: &World, wanted: &[(&str, &str, f64)]) -> BTreeMap<(String, String), f64> {
    wait_for(&format!("bridge_overdue: {wanted:?}"), LIMIT, || async {
        let now = gauge(world).await;
        let of = |what: &str, state: &str| now.get(&(what.to_owned(), state.to_owned())).copied();
        wanted.iter().all(|(what, state, count)| of(what, state) == Some(*count)).then_some(now)
    })
    .await
}

async fn listed(world: &World, query: &str) -> BTreeSet<String> {
    let path = format!("/api/v1/envelopes?limit=1000&{query}");
    let items = world.list(&path).await;
    items.iter().map(|item| item["envelope_id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn whatever_waits_too_long_is_counted_listed_and_shown() {
    let world = World::start_with(impatient).await;
    // Nobody fills this one on its day.
    let incomplete = world.envelope(2, "20.00", &today()).await;
    world.create(&payments(&incomplete, "I", 1, "10.00")).await;
    // This one has time until tomorrow.
    let tomorrow = world.envelope(1, "10.00", &day(1)).await;
    world.create(&payments(&tomorrow, "T", 1, "10.00")).await;
    // This one is with the bank, and no statement comes.
    let paying = world.envelope(2, "20.00", &today()).await;
    world.create(&payments(&paying, "P", 2, "10.00")).await;
    world.wait_sent(2).await;
    // A reversal of which there is no debit.
    world.statement(&[("RD", "P0000000", "10.00")]).await;
    // This one was cancelled while the bank does not answer.
    world.bank.books().funds_calls = Funds::Queued;
    let stuck = world.envelope(1, "10.00", &today()).await;
    world.create(&payments(&stuck, "S", 1, "10.00")).await;
    world.wait_problem(&stuck, "BANK_NOT_REACHED").await;
    assert_eq!(world.code("cancel_disbursement_envelope", &json!([{"id": stuck}])).await, "SUCCESS");
    world.bank.books().queued.clear();

    wait_gauge(
        &world,
        &[
            ("envelope", "RECEIVING", 1.0),
            ("envelope", "SCHEDULED", 0.0),
            ("envelope", "PAYING", 1.0),
            ("payment", "RECEIVED", 1.0),
            ("payment", "ACCEPTED", 2.0),
            ("payment", "UNKNOWN", 0.0),
            ("statement_line", "WAITING", 1.0),
        ],
    )
    .await;
    let view = world.view(&incomplete).await;
    assert_eq!((&view["overdue"], view["deadline"].is_string()), (&Value::Bool(true), true));
    let view = world.view(&tomorrow).await;
    assert_eq!(view["overdue"], false);
    assert!(view["deadline"].as_str().unwrap() > world.view(&paying).await["deadline"].as_str().unwrap());

    // The list, the view and the gauge know the same rule.
    let late = listed(&world, "overdue=true").await;
    assert!(late.contains(&incomplete) && late.contains(&paying) && !late.contains(&tomorrow), "{late:?}");
    for id in [&incomplete, &tomorrow, &paying] {
        assert_eq!(world.view(id).await["overdue"], late.contains(id), "{id}");
    }
    assert!(listed(&world, "overdue=false").await.contains(&tomorrow));
    assert_eq!(listed(&world, "overdue=true&state=PAYING").await, BTreeSet::from([paying.clone()]));

    // What comes to its end is late no longer.
    world.bank.books().funds_calls = Funds::Good;
    world.statement(&[("D", "P0000000", "10.00"), ("D", "P0000001", "10.00")]).await;
    world.wait_state(&paying, "FINISHED").await;
    assert_eq!(world.view(&paying).await["deadline"], Value::Null);
    world.wait_view(&stuck, "closed", |view| view["deadline"].is_null()).await;
    wait_gauge(
        &world,
        &[
            ("envelope", "PAYING", 0.0),
            ("envelope", "CANCELLED", 0.0),
            ("payment", "ACCEPTED", 0.0),
            ("statement_line", "WAITING", 0.0),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_cancelled_envelope_whose_job_was_removed_is_late_and_closed_all_the_same() {
    let world = World::start().await;
    world.bank.books().funds_calls = Funds::ErrorAfter;
    let id = world.envelope(1, "10.00", &today()).await;
    world.create(&payments(&id, "R", 1, "10.00")).await;
    world.wait_problem(&id, "BANK_NOT_REACHED").await;
    assert_eq!(world.code("cancel_disbursement_envelope", &json!([{"id": id}])).await, "SUCCESS");
    let remove = |db: storage::Db| async move {
        let conn = db.conn();
        sql::execute(conn, "DELETE FROM jobs WHERE kind = 'bridge.close'", []).await.unwrap();
        let long_ago = "UPDATE envelopes SET state_since = state_since - interval '1 day'";
        sql::execute(conn, long_ago, []).await.unwrap();
    };
    // The sweep finds it again; and as long as the bank does not answer it is late.
    let world = world.restart(remove, |loaded| loaded.service.sweep_interval_ms = 100).await;
    wait_gauge(&world, &[("envelope", "CANCELLED", 1.0), ("envelope", "EXPIRED", 0.0)]).await;
    assert_eq!(listed(&world, "overdue=true").await, BTreeSet::from([id.clone()]));
    world.bank.books().funds_calls = Funds::Good;
    world.wait_view(&id, "closed", |view| view["deadline"].is_null()).await;
    wait_gauge(&world, &[("envelope", "CANCELLED", 0.0)]).await;
}

#[tokio::test]
async fn a_payment_of_which_nobody_knows_is_counted() {
    let world = World::start_with(impatient).await;
    world.bank.books().pay = Pay::ErrorBefore;
    world.bank.books().inquiry_works = false;
    let id = world.envelope(1, "10.00", &today()).await;
    world.create(&payments(&id, "U", 1, "10.00")).await;
    wait_gauge(&world, &[("payment", "UNKNOWN", 1.0), ("payment", "SENDING", 0.0)]).await;
}

/// The texts of all alert rules: name, expression, annotations.
fn rules() -> Vec<(String, String, Value)> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/alerts/g2p-bridge.yaml");
    let file: Value = serde_yaml_ng::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let groups = file["groups"].as_array().unwrap();
    let rules = groups.iter().flat_map(|group| group["rules"].as_array().unwrap());
    let text = |rule: &Value, key: &str| rule[key].as_str().unwrap().to_owned();
    rules.map(|rule| (text(rule, "alert"), text(rule, "expr"), rule["annotations"].clone())).collect()
}

/// Names in an expression that are metrics: words with an underscore that no quote or brace holds.
fn metrics_in(expr: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (at, outside) in expr.split(['{', '}']).enumerate() {
        if at % 2 == 0 {
            let words = outside.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            names.extend(words.filter(|word| word.contains('_')).map(str::to_owned));
        }
    }
    names
}

#[tokio::test]
async fn each_state_has_a_gauge_and_a_rule_and_each_rule_a_metric_and_a_page() {
    let world = World::start_with(|loaded| loaded.service.sweep_interval_ms = 100).await;
    let all: Vec<(&str, &str)> = What::ALL
        .into_iter()
        .flat_map(|what| what.states().into_iter().map(move |state| (what.as_str(), state)))
        .collect();
    let wanted: Vec<_> = all.iter().map(|(what, state)| (*what, *state, 0.0)).collect();
    assert_eq!(wait_gauge(&world, &wanted).await.len(), all.len());

    let rules = rules();
    for (what, state) in &all {
        let selector = format!("bridge_overdue{{what=\"{what}\",state=\"{state}\"}}");
        assert!(rules.iter().any(|(_, expr, _)| expr.contains(&selector)), "no rule about {what} {state}");
    }
    let docs =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/bridge-operations.md"))
            .unwrap();
    let headings: BTreeSet<String> = docs
        .lines()
        .filter_map(|line| line.strip_prefix("## "))
        .map(|heading| heading.to_lowercase().replace(' ', "-"))
        .collect();
    for (name, expr, annotations) in &rules {
        if let Some((_, rest)) = expr.split_once("bridge_overdue{") {
            let known = all
                .iter()
                .any(|(what, state)| rest.starts_with(&format!("what=\"{what}\",state=\"{state}\"}}")));
            assert!(known, "{name} is about something that the bridge does not count");
        }
        for key in ["summary", "meaning", "action"] {
            assert!(annotations[key].as_str().is_some_and(|text| text.len() > 20), "{name} has no {key}");
        }
        let runbook = annotations["runbook"].as_str().unwrap();
        let heading = runbook.strip_prefix("docs/bridge-operations.md#").unwrap();
        assert!(headings.contains(heading), "{name}: {runbook}");
        assert!(docs.contains(name.as_str()), "docs/bridge-operations.md does not name {name}");
        for metric in metrics_in(expr) {
            wait_for(&format!("the metric {metric} of {name}"), LIMIT, || async {
                let text = metrics(&world).await;
                text.lines()
                    .any(|line| {
                        line.starts_with(&format!("{metric}{{")) || line.starts_with(&format!("{metric} "))
                    })
                    .then_some(())
            })
            .await;
        }
    }
}
