//! How fast the mapper is, and how far that is from what Postgres gives: `make bench-spar`.
//!
//! A private Postgres with `ROWS` mappings (10 million unless set) and the mapper as users run it, on the same cores as
//! this load generator. Ids are uniformly random, with a new seed each run (`SEED` repeats one). The limit is the bare
//! query by pgbench, on the same table and with as many ids a query, measured in the same run. `ENCRYPTION=1` seals
//! addresses, `SIGNED=1` signs messages; `SOAK` goes on resolving for so many seconds and prints the memory; `DATA` names a
//! directory that keeps the filled Postgres for the next run. At the end `BULK_ROWS` rows
//! are linked by one file (as many as there are mappings unless set; 0 leaves it out).
//!
//! `PARTITIONS=16` (`make bench-spar-partitions`) compares one table with so many partitions instead.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout
)]

mod bare;
mod bulk;
mod load;
mod partitions;
mod world;

use std::time::Duration;

use bare::Form;
use load::{Load, Measured};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use world::World;

/// Requests that one connection repeats in turn: enough ids that the cache of one query does not help the next.
const BODIES: usize = 48;

struct Plan {
    rows: u64,
    seconds: u64,
    seed: u64,
}

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

#[tokio::main]
async fn main() {
    let plan = Plan {
        rows: number("ROWS", 10_000_000),
        seconds: number("SECONDS", 15),
        seed: number("SEED", rand::rng().random()),
    };
    println!("machine: {}", world::machine());
    println!("seed {} · {} mappings · {} s a measurement", plan.seed, plan.rows, plan.seconds);
    let (sealed, signed) = (number("ENCRYPTION", 0) == 1, number("SIGNED", 0) == 1);
    println!("addresses sealed: {sealed} · messages signed (Ed25519): {signed}");
    let mut world = World::start(plan.rows, sealed, signed).await;
    println!("loaded in {:.0} s · Postgres in huge pages: {}", world.loading.as_secs_f64(), world.huge_pages);
    warm_up(&world, &plan).await;
    let mut report = Vec::new();
    let partitions = number("PARTITIONS", 0);
    if partitions > 0 {
        partitions::compare(&mut world, &plan, partitions).await;
        return;
    }
    resolves(&world, &plan, Form::Join, &mut report).await;
    soak(&world, &plan, number("SOAK", 0)).await;
    changes(&world, &plan, &mut report).await;
    let bulk_rows = number("BULK_ROWS", plan.rows);
    if bulk_rows > 0 {
        bulk::measure(&world, plan.seed, bulk_rows, &mut report).await;
    }
    print_memory(&world);
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/bench-spar.json");
    std::fs::write(&file, serde_json::to_string_pretty(&report).unwrap()).unwrap();
    println!("written to {}", file.display());
}

/// Brings the table into the memory of Postgres, as that of a server that has run for a while.
async fn warm_up(world: &World, plan: &Plan) {
    let load = Load { seconds: 15, key: world.key.clone(), ..thousands(plan, 0) };
    world.measure(&load, "\"completed_count\":1000").await;
}

fn print_memory(world: &World) {
    println!(
        "  memory of the mapper: {:.0} MB, {:.0} MB at most so far",
        world.memory_mb("VmRSS"),
        world.memory_mb("VmHWM")
    );
}

/// Prints the memory every `SECONDS` while ids are resolved for so many seconds.
async fn soak(world: &World, plan: &Plan, seconds: u64) {
    let rounds = seconds / plan.seconds.max(1);
    for round in 1..=rounds {
        let load = Load { key: world.key.clone(), ..thousands(plan, round) };
        let measured = world.measure(&load, "\"completed_count\":1000").await;
        println!(
            "  after {:>4} s of 1,000 a request: {:.0} MB, {:.0} ids/s",
            round * plan.seconds,
            world.memory_mb("VmRSS"),
            measured.requests_per_second() * 1_000.0
        );
    }
}

/// Eight connections that ask for 1,000 ids at a time.
fn thousands(plan: &Plan, round: u64) -> Load {
    let mut random = ChaCha8Rng::seed_from_u64(plan.seed ^ round);
    let bodies =
        (0..8).map(|_| (0..BODIES).map(|_| resolve_body(&mut random, plan.rows, 1_000)).collect()).collect();
    Load { path: "/sync/resolve", bodies, seconds: plan.seconds, repeat: true, key: None }
}

/// `form` is how the mapper asks.
async fn resolves(world: &World, plan: &Plan, form: Form, report: &mut Vec<Value>) {
    let mut random = ChaCha8Rng::seed_from_u64(plan.seed);
    for (items, connections) in [(1000, 8), (100, 8), (1, 16)] {
        let bodies = (0..connections)
            .map(|_| (0..BODIES).map(|_| resolve_body(&mut random, plan.rows, items)).collect())
            .collect();
        let load = Load {
            path: "/sync/resolve",
            bodies,
            seconds: plan.seconds,
            repeat: true,
            key: world.key.clone(),
        };
        let measured = world.measure(&load, &format!("\"completed_count\":{items}")).await;
        let mut bare =
            |form| bare::ids_per_second(world, form, &mut random, (plan.rows, items, plan.seconds.min(10)));
        let bare = (bare(Form::Any), (items > 1).then(|| bare(form)));
        let name = format!("resolve details, {items} a request, {connections} connections");
        print(&name, items, &measured, Some(bare));
        print_memory(world);
        report.push(row(&name, items, &measured, Some(bare)));
    }
    println!(
        "  published for SPAR 1.1: 9,700 ids/s, p95 1,300 ms at 1,000 a request and 8 users on 2 + 1 cores"
    );
}

async fn changes(world: &World, plan: &Plan, report: &mut Vec<Value>) {
    let items = 1_000;
    for (n, action) in ["link", "update", "unlink"].into_iter().enumerate() {
        // The same new ids for all three: linked, updated, unlinked.
        let batches = number("BATCHES", 40);
        let connections = 8_u64;
        let bodies = (0..connections)
            .map(|c| {
                (0..batches).map(|b| change_body(action, plan.seed, (c * batches + b) * items)).collect()
            })
            .collect();
        let load = Load {
            path: ["/sync/link", "/sync/update", "/sync/unlink"][n],
            bodies,
            seconds: 600,
            repeat: false,
            key: world.key.clone(),
        };
        let measured = world.measure(&load, &format!("\"completed_count\":{items}")).await;
        let name = format!("{action}, {items} a request, {connections} connections");
        print(&name, items, &measured, None);
        print_memory(world);
        report.push(row(&name, items, &measured, None));
    }
    println!("  Python mapper 1.1 on two cores: link 2,656, update 1,212, unlink 1,432 items/s");
}

fn envelope(action: &str, items: &[Value]) -> String {
    let list = format!("{action}_request");
    json!({
        "signature": "string",
        "header": {"version": "1.0.0", "message_id": "string", "message_ts": "string", "action": action,
            "sender_id": world::SENDER, "sender_uri": "", "receiver_id": "", "total_count": 0,
            "is_msg_encrypted": false, "meta": "string"},
        "message": {"transaction_id": "string", list: items},
    })
    .to_string()
}

/// As the load test of the deployed mapper sends it.
fn resolve_body(random: &mut ChaCha8Rng, rows: u64, items: u64) -> String {
    let item = |_| {
        json!({"reference_id": "string", "timestamp": "2024-02-29T16:24:07.899Z", "fa": "", "name": "string",
            "id": world::id(random.random_range(1..=rows)), "scope": "details", "additional_info": [], "locale": "eng"})
    };
    envelope("resolve", &(0..items).map(item).collect::<Vec<_>>())
}

fn change_body(action: &str, seed: u64, first: u64) -> String {
    let item = |n| {
        let fa = match action {
            "link" => Some(world::address(n)),
            "update" => Some(world::address(n + 7)),
            _ => None,
        };
        json!({"reference_id": "string", "timestamp": "2024-02-29T16:24:07.899Z", "id": format!("token:new-{seed}-{n}@nationalId"),
            "fa": fa, "name": "string", "phone_number": "string", "locale": "eng"})
    };
    envelope(action, &(first..first + 1_000).map(item).collect::<Vec<_>>())
}

/// The bare query with `= ANY`, and as the mapper asks.
type Bare = (f64, Option<f64>);

fn print(name: &str, items: u64, m: &Measured, bare: Option<Bare>) {
    let rate = m.requests_per_second() * f64::from(u32::try_from(items).unwrap());
    let share = bare.map_or(String::new(), |(any, join)| {
        let join = join.map_or(String::new(), |join| {
            format!("; the mapper's form of it {join:.0}/s, {:.0} %", rate / join * 100.0)
        });
        format!("\n  bare query {any:.0}/s, ours is {:.0} %{join}", rate / any * 100.0)
    });
    println!(
        "{name}\n  {rate:>9.0} items/s · {:.0} requests/s · p50 {:.1} p95 {:.1} p99 {:.1} ms · {:.2} CPU-ms per 1,000 items in the mapper{share}",
        m.requests_per_second(),
        m.percentile(50),
        m.percentile(95),
        m.percentile(99),
        m.cpu_ms / (rate * m.elapsed.as_secs_f64()) * 1_000.0,
    );
}

fn row(name: &str, items: u64, m: &Measured, bare: Option<Bare>) -> Value {
    let rate = m.requests_per_second() * f64::from(u32::try_from(items).unwrap());
    json!({"name": name, "items_per_second": rate.round(), "requests_per_second": m.requests_per_second().round(),
        "p50_ms": m.percentile(50), "p95_ms": m.percentile(95), "p99_ms": m.percentile(99),
        "bare_items_per_second": bare.map(|(any, _)| any.round()),
        "bare_join_items_per_second": bare.and_then(|(_, join)| join).map(f64::round), "seconds": m.elapsed.as_secs_f64(), "cpu_ms": m.cpu_ms})
}

/// How long a server may take to answer at all.
const ANSWER: Duration = Duration::from_secs(60);
