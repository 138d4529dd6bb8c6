//! SIGKILL in the middle of the payments, twenty times at seeded random points: each time the resumed demo ends with
//! everything paid once. Steps 1 to 5 come from a template database.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout
)]

mod chain;

use std::{
    collections::hash_map::DefaultHasher,
    hash::{Hash, Hasher},
    process::Command,
    time::Duration,
};

use chain::{Installation, Transport};
use futures_util::{StreamExt, stream};
use storage::{Db, DbOptions, sql};
use testkit::wait_for;

const PERSONS: &str = "500";
const KILLS: u64 = 20;
/// A run in which fewer kills hit an open attempt proves too little.
const MUST_HIT: u64 = 15;
/// Rounds that run side by side: most of their time is waiting.
const AT_ONCE: usize = 3;

/// Small batches at a bank that takes its time: the payments last some seconds, and an attempt is open in most of them.
fn slow_bank(command: &mut Command) {
    command
        .env("OPENG2P__EXAMPLE_BANK__LATE_ANSWER_MS", "300")
        .env("OPENG2P__G2P_BRIDGE__PAYMENT_BATCH", "4")
        .env("OPENG2P__G2P_BRIDGE__PAYMENT_PARALLEL", "2")
        .env("OPENG2P__G2P_BRIDGE__LEASE_SECONDS", "2")
        .env("OPENG2P__JOB_LEASE_SECONDS", "2")
        .env("OPENG2P__G2P_BRIDGE__STEP_INTERVAL_MS", "100")
        .env("OPENG2P__G2P_BRIDGE__RESEND_AFTER_MS", "500");
}

async fn admin(installation: &Installation) -> Db {
    let url = installation.server.admin_url("postgres").into();
    Db::connect(&DbOptions::new(url, "public")).await.unwrap()
}

/// A number below `limit` that depends on the seed only.
fn draw(seed: u64, limit: u64) -> u64 {
    let mut hasher = DefaultHasher::new();
    (seed, "kill").hash(&mut hasher);
    hasher.finish() % limit
}

#[tokio::test]
async fn twenty_kills_and_nobody_is_paid_twice() {
    let mut installation = Installation::new(Transport::Postgres);
    let admin = admin(&installation).await;
    sql::execute(admin.conn(), "CREATE DATABASE prepared", []).await.unwrap();
    installation.database = "prepared".to_owned();
    let prepared = installation.demo(&["--persons", PERSONS, "--stop-after", "programme"]);
    assert!(prepared.status.success(), "{}", chain::said(&prepared));
    let rounds = stream::iter(0..KILLS).map(|seed| one_round(&installation, &admin, seed));
    let open: Vec<i64> = rounds.buffer_unordered(AT_ONCE).collect().await;
    let hits = u64::try_from(open.iter().filter(|n| **n > 0).count()).unwrap();
    println!("{hits} of {KILLS} kills found an attempt in flight");
    assert!(hits >= MUST_HIT, "only {hits} of {KILLS} kills found an attempt in flight");
}

/// One kill and the resumed demo, on a copy of the prepared installation. Returns the attempts the kill left open.
async fn one_round(prepared: &Installation, admin: &Db, seed: u64) -> i64 {
    let database = format!("killed_{seed}");
    sql::execute(admin.conn(), &format!("CREATE DATABASE {database} TEMPLATE prepared"), []).await.unwrap();
    let installation = prepared.beside(&database);
    chain::copy_dir(&prepared.data_dir(), &installation.data_dir());
    let open = kill_while_paying(&installation, seed).await;
    let mut resume = installation.demo_command(&["--resume"]);
    slow_bank(&mut resume);
    let output = tokio::task::spawn_blocking(move || resume.output()).await.unwrap().unwrap();
    assert!(output.status.success(), "seed {seed}: {}", chain::said(&output));
    chain::checks::everything_adds_up(&installation, &installation.report()).await;
    println!("seed {seed}: killed with {open} attempts open; resumed, everything adds up");
    sql::execute(admin.conn(), &format!("DROP DATABASE {database} WITH (FORCE)"), []).await.unwrap();
    open
}

/// Starts the payments, kills the process at a random point of them, and returns how many attempts were open.
async fn kill_while_paying(installation: &Installation, seed: u64) -> i64 {
    let mut command = installation.demo_command(&["--resume"]);
    slow_bank(&mut command);
    command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    let mut child = command.spawn().unwrap();
    let bridge = installation.db("g2p-bridge").await;
    wait_for("the first attempt", Duration::from_secs(60), || async {
        let attempts: Option<i64> =
            sql::scalar(bridge.conn(), "SELECT count(*) FROM payment_attempts", []).await.ok().flatten();
        attempts.filter(|n| *n > 0)
    })
    .await;
    // The payments take some two seconds.
    tokio::time::sleep(Duration::from_millis(draw(seed, 900))).await;
    child.kill().unwrap();
    child.wait().unwrap();
    let open = "SELECT count(*) FROM payment_attempts WHERE state IN ('SENDING', 'UNKNOWN')";
    let open: Option<i64> = sql::scalar(bridge.conn(), open, []).await.unwrap();
    bridge.close().await;
    open.unwrap_or_default()
}
