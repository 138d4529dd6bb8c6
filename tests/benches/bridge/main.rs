//! How fast one envelope is paid, from the first `create_disbursements` to the last reconciled line: `make bench-bridge`.
//!
//! Bridge, example bank and mapper are processes of their own on a private Postgres, all on the cores of this machine, as
//! is the programme system that this program plays. `ROWS` payments (1,000,000 unless set) go in by calls of 10,000. Each
//! stage is printed in rows a second, beside plain SQL over the same rows in the same run. Meanwhile the status of 1,000
//! payments is asked for once a second.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout
)]

mod bare;
mod world;

use std::time::{Duration, Instant};

use openg2p::check_payments::{self, Look};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sea_orm::FromQueryResult;
use serde_json::{Value, json};
use storage::{Db, sql};
use time::OffsetDateTime;
use world::World;

/// Payments in one call.
const CALL: u64 = 10_000;

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

fn id(n: u64) -> String {
    format!("P{n:015}")
}

#[tokio::main]
async fn main() {
    let rows = number("ROWS", 1_000_000);
    println!("machine: {}", world::machine());
    println!("one envelope of {rows} payments");
    let world = World::start(rows).await;
    world.prepare(&format!("{}.00", rows * 10)).await;
    let db = world.db("g2p_bridge").await;
    let bare = bare::run(&db, rows).await;
    let began = Instant::now();
    let (envelope, longest_call) = receive(&world, rows).await;
    let received = began.elapsed();
    let (latencies, most_memory) = watch(&world, &db, &envelope, rows).await;
    let whole = began.elapsed();
    let stages = Stages::of(&db, &envelope).await;
    let line = |what: &str, took: Duration, bare: Duration| {
        let rate = |d: Duration| float(rows) / d.as_secs_f64();
        println!(
            "{what:<10} {:>8.1} s {:>9.0} rows/s   plain SQL {:>7.1} s {:>9.0} rows/s   {:>5.1} times",
            took.as_secs_f64(),
            rate(took),
            bare.as_secs_f64(),
            rate(bare),
            took.as_secs_f64() / bare.as_secs_f64()
        );
    };
    line("receive", received, bare.receive);
    line("resolve", stages.resolve, bare.resolve);
    line("pay", stages.pay, bare.pay);
    line("reconcile", stages.reconcile, bare.reconcile);
    println!("whole      {:>8.1} s (limit for 1,000,000: 720 s)", whole.as_secs_f64());
    println!("longest call of {CALL} payments: {} ms (limit 1,000)", longest_call.as_millis());
    println!(
        "bridge: {:.0} MB at most by its own count, {most_memory:.0} MB resident at most when looked at (limit 300)",
        world.memory_mb("VmHWM")
    );
    print_latencies(latencies);
    check(&world, &db).await;
}

/// Every invariant holds of what was paid; prints how long that took to look up.
async fn check(world: &World, bridge: &Db) {
    let bank = world.db("example_bank").await;
    let look = Look { now: OffsetDateTime::now_utc(), is_final: false };
    let began = Instant::now();
    let report = check_payments::check(bridge, Some(&bank), look).await.expect("the tables");
    println!(
        "check-payments {:.1} s: {}",
        began.elapsed().as_secs_f64(),
        if report.holds() { "all hold" } else { "VIOLATED" }
    );
    assert!(report.holds(), "{report}");
}

fn float(n: u64) -> f64 {
    f64::from(u32::try_from(n).unwrap())
}

/// Sends all payments; returns the envelope and the longest call.
async fn receive(world: &World, rows: u64) -> (String, Duration) {
    let today = (OffsetDateTime::now_utc() + time::Duration::hours(3)).date().to_string();
    let envelope = json!([{"id": testkit::unique("e"), "benefit_program_id": 1,
        "benefit_program_mnemonic": world::PROGRAM, "benefit_code_mnemonic": "FOOD", "benefit_type": "CASH_DIGITAL",
        "disbursement_cycle_id": 1, "disbursement_frequency": "Monthly", "cycle_code_mnemonic": testkit::unique("c"),
        "number_of_beneficiaries": rows, "number_of_disbursements": rows,
        "total_disbursement_quantity": format!("{}.00", rows * 10), "measurement_unit": "KES",
        "disbursement_schedule_date": today}]);
    let made = world.call("create_disbursement_envelopes", &envelope).await;
    let envelope = made[0]["id"].as_str().unwrap().to_owned();
    let mut longest = Duration::ZERO;
    let mut first = 1;
    while first <= rows {
        let last = rows.min(first + CALL - 1);
        let payments: Vec<Value> = (first..=last)
            .map(|n| {
                json!({"disbursement_id": id(n), "disbursement_envelope_id": envelope,
                       "beneficiary_id": format!("payee-{n}"), "beneficiary_name": null, "disbursement_quantity": "10.00",
                       "disbursement_cycle_id": 1, "narrative": "Food subsidy"})
            })
            .collect();
        let payments = json!(payments);
        let began = Instant::now();
        world.call("create_disbursements", &payments).await;
        longest = longest.max(began.elapsed());
        first = last + 1;
    }
    (envelope, longest)
}

/// Asks for 1,000 random payments once a second until the envelope is finished; returns the latencies and the most memory
/// of the bridge that was seen.
async fn watch(world: &World, db: &Db, envelope: &str, rows: u64) -> (Vec<Duration>, f64) {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let (mut latencies, mut most) = (Vec::new(), 0.0_f64);
    let mut printed = Instant::now();
    loop {
        let query = "SELECT state FROM envelopes WHERE envelope_id = $1";
        let state: Option<String> = sql::scalar(db.conn(), query, [envelope.into()]).await.unwrap();
        most = most.max(world.memory_mb("VmRSS"));
        if state.as_deref() == Some("FINISHED") {
            return (latencies, most);
        }
        let ids: Vec<String> = (0..1_000.min(rows)).map(|_| id(random.random_range(1..=rows))).collect();
        let began = Instant::now();
        world.call("get_disbursement_status", &json!(ids)).await;
        let took = began.elapsed();
        latencies.push(took);
        if printed.elapsed() > Duration::from_secs(30) {
            println!("… {} ({:.0} MB)", state.unwrap_or_default(), world.memory_mb("VmRSS"));
            printed = Instant::now();
        }
        tokio::time::sleep(Duration::from_secs(1).saturating_sub(took)).await;
    }
}

fn print_latencies(mut latencies: Vec<Duration>) {
    latencies.sort();
    let at = |percent: usize| {
        let place = (latencies.len() * percent / 100).min(latencies.len().saturating_sub(1));
        latencies.get(place).copied().unwrap_or_default().as_millis()
    };
    println!(
        "status of 1,000 payments once a second, {} times: p50 {} ms, p95 {} ms, p99 {} ms (limit 200)",
        latencies.len(),
        at(50),
        at(95),
        at(99)
    );
}

/// How long the stages of an envelope took. Paying and reconciling overlap: statements come while others are paid.
struct Stages {
    resolve: Duration,
    pay: Duration,
    reconcile: Duration,
}

#[derive(FromQueryResult)]
struct Times {
    resolving: OffsetDateTime,
    funding: OffsetDateTime,
    paying: OffsetDateTime,
    last_answer: OffsetDateTime,
    first_line: OffsetDateTime,
    last_line: OffsetDateTime,
}

impl Stages {
    async fn of(db: &Db, envelope: &str) -> Self {
        let at = |state: &str| {
            format!(
                "(SELECT min(at) FROM state_changes WHERE subject = 'envelope/' || $1 AND after = '{state}')"
            )
        };
        let query = format!(
            "SELECT {} AS resolving, {} AS funding, {} AS paying,
                    (SELECT max(answered_at) FROM payment_attempts WHERE envelope_id = $1) AS last_answer,
                    (SELECT min(created_at) FROM statement_lines) AS first_line,
                    (SELECT max(updated_at) FROM disbursements WHERE envelope_id = $1) AS last_line",
            at("RESOLVING"),
            at("FUNDING"),
            at("PAYING")
        );
        let t: Times = sql::fetch_one(db.conn(), "the times", &query, [envelope.into()]).await.unwrap();
        let between =
            |from: OffsetDateTime, to: OffsetDateTime| Duration::try_from(to - from).unwrap_or_default();
        Self {
            resolve: between(t.resolving, t.funding),
            pay: between(t.paying, t.last_answer),
            reconcile: between(t.first_line, t.last_line),
        }
    }
}
