//! Two thousand payments under faults drawn from a seed, with the real programs, Postgres and RabbitMQ: each time all
//! fourteen invariants hold. `make faults` runs more seeds.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout
)]

mod faults;

use std::{env, path::PathBuf};

use faults::{Options, judge, run};

/// Seeds of a run that nobody asked for more of.
const SEEDS: u64 = 20;

fn number(key: &str) -> Option<u64> {
    env::var(key)
        .ok()
        .filter(|text| !text.is_empty())
        .map(|text| text.parse().unwrap_or_else(|_| panic!("{key} is no number")))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn each_payment_happens_once_whatever_fails() {
    let folder = env::var("FAULTS_DIR").map_or_else(|_| testkit::servers_dir().join("faults"), PathBuf::from);
    std::fs::create_dir_all(&folder).unwrap();
    let one = number("FAULTS_SEED");
    let (from, count) = (number("FAULTS_FROM").unwrap_or(0), number("FAULTS_SEEDS").unwrap_or(SEEDS));
    let seeds = one.map_or_else(|| (from..from + count).collect(), |seed| vec![seed]);
    let whole = u64::try_from(seeds.len()).unwrap() >= SEEDS;
    // One that is run again is to be seen, not looked up.
    let results =
        env::var("FAULTS_RESULTS").ok().filter(|f| !f.is_empty() && one.is_none()).map(PathBuf::from);
    let lanes = number("FAULTS_LANES").map_or(2, |n| usize::try_from(n).unwrap().max(1));
    let outcomes = run(Options { seeds, results, folder, lanes }).await;
    judge(&outcomes, whole);
}
