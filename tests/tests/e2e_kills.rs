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
    process::{Child, Command},
    time::{Duration, Instant},
};

use chain::{Installation, Transport};
use futures_util::{StreamExt, stream};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use storage::{Db, sql};
use testkit::wait_for;

const PERSONS: &str = "500";
const KILLS: u64 = 20;
/// A run in which fewer kills hit an open attempt proves too little.
const MUST_HIT: u64 = 15;
/// Rounds that run side by side.
const AT_ONCE: usize = 2;
/// Every so many rounds the kill may come anywhere in step 6, from the order to pay on: while payments go to the bridge,
/// are resolved and funded, are paid, or come back on statements. In the other rounds it comes some time after the first
/// attempt, at the next moment at which one is open.
const ANYWHERE: u64 = 5;
/// How long step 6 lasts, about.
const WHOLE_MS: u64 = 4_000;
/// From the first call of the bank: the payments take some two seconds.
const PAYING_MS: u64 = 900;

/// When the kill of a round comes: from where on, and how much later. It depends on the seed only. Those that may come
/// anywhere have a part of step 6 each.
fn moment(seed: u64) -> (Start, Duration) {
    let mut dice = ChaCha8Rng::seed_from_u64(seed);
    if !seed.is_multiple_of(ANYWHERE) {
        return (Start::FirstAttempt, Duration::from_millis(dice.random_range(0..PAYING_MS)));
    }
    let (part, parts) = (seed / ANYWHERE, KILLS / ANYWHERE);
    let within = dice.random_range(0..WHOLE_MS / parts);
    (Start::OrderToPay, Duration::from_millis(part * WHOLE_MS / parts + within))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Start {
    OrderToPay,
    FirstAttempt,
}

#[tokio::test]
async fn twenty_kills_and_nobody_is_paid_twice() {
    let mut installation = Installation::new(Transport::Postgres);
    let admin = installation.admin().await;
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
    chain::slow_bank(&mut resume);
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
    chain::slow_bank(&mut command);
    let said = installation.folder.path().join("killed.log");
    let file = std::fs::File::create(&said).unwrap();
    command.stdout(file.try_clone().unwrap()).stderr(file);
    let mut child = command.spawn().unwrap();
    let (start, later) = moment(seed);
    let (service, query) = match start {
        Start::OrderToPay => {
            ("pbms-beneficiary-registry", "SELECT count(*) FROM cycle_history WHERE to_state = 'disbursing'")
        }
        Start::FirstAttempt => ("g2p-bridge", "SELECT count(*) FROM payment_attempts"),
    };
    let db = installation.db(service).await;
    let child = &mut child;
    wait_for("the payments to begin", Duration::from_secs(60), || {
        let ended = child.try_wait().unwrap();
        let said = std::fs::read_to_string(&said).unwrap();
        assert!(ended.is_none(), "seed {seed}: the demo ended before {start:?}, {ended:?}: {said}");
        async { count(&db, query).await.filter(|n| *n > 0) }
    })
    .await;
    tokio::time::sleep(later).await;
    let open = "SELECT count(*) FROM payment_attempts WHERE state IN ('SENDING', 'UNKNOWN')";
    if start == Start::FirstAttempt {
        hold_with_one_open(child, &db, open).await;
    }
    child.kill().unwrap();
    child.wait().unwrap();
    db.close().await;
    let bridge = installation.db("g2p-bridge").await;
    let open = count(&bridge, open).await.unwrap_or_default();
    let states: Option<String> = sql::scalar(
        bridge.conn(),
        "SELECT coalesce(string_agg(DISTINCT state, ' '), 'nothing there yet') FROM (SELECT state FROM disbursements UNION
                                                      SELECT state FROM envelopes) x",
        [],
    )
    .await
    .unwrap();
    bridge.close().await;
    println!(
        "seed {seed}: killed {later:?} after {start:?}: {open} attempts open, {}",
        states.unwrap_or_default()
    );
    open
}

/// Stops the process at the next moment at which an attempt is open; when all were paid by then, it runs on.
async fn hold_with_one_open(child: &Child, db: &Db, open: &str) {
    let deadline = Instant::now() + Duration::from_secs(5);
    while Instant::now() < deadline {
        if count(db, open).await.is_some_and(|n| n > 0) {
            signal(child, "STOP");
            // What it had sent to the database by then is done.
            tokio::time::sleep(Duration::from_millis(20)).await;
            if count(db, open).await.is_some_and(|n| n > 0) {
                return;
            }
            signal(child, "CONT");
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

fn signal(child: &Child, signal: &str) {
    let status = Command::new("kill").args([&format!("-{signal}"), &child.id().to_string()]).status();
    assert!(status.unwrap().success(), "SIG{signal}");
}

async fn count(db: &Db, query: &str) -> Option<i64> {
    sql::scalar(db.conn(), query, []).await.ok().flatten()
}
