//! A demo that was interrupted goes on: stopped after each call that must not be made twice, and in files of the user's
//! own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod chain;

use std::process::Command;

use chain::{Installation, Transport};
use storage::sql;
use testkit::program;

/// Points of steps 5 and 6, each between a service's answer and the driver's note that it has it.
const POINTS: &[&str] = &["definition", "deposit", "submission", "approval", "disbursement"];

#[tokio::test]
async fn a_demo_stopped_after_any_call_goes_on() {
    let installation = Installation::new(Transport::Postgres);
    let first = installation.demo(&["--persons", "300", "--stop-after", "accounts"]);
    assert!(first.status.success(), "{}", chain::said(&first));
    for point in POINTS {
        let stopped = installation.demo(&["--resume", "--stop-after", point]);
        assert!(stopped.status.success(), "up to {point}: {}", chain::said(&stopped));
        assert!(!installation.report_path().exists(), "it was to stop after {point}");
    }
    let last = installation.demo(&["--resume"]);
    assert!(last.status.success(), "{}", chain::said(&last));
    chain::checks::everything_adds_up(&installation, &installation.report()).await;

    let pbms = installation.db("pbms-beneficiary-registry").await;
    for (what, query, times) in [
        ("programme", "SELECT count(*) FROM programs", 1),
        ("cycle", "SELECT count(*) FROM cycles", 1),
        ("enrolment", "SELECT count(*) FROM runs WHERE kind = 'enrolment'", 1),
        ("computation", "SELECT count(*) FROM runs WHERE kind = 'entitlement'", 1),
        ("deposit", "SELECT count(*) FROM fund_entries WHERE kind = 'deposit'", 1),
        ("submission", "SELECT count(*) FROM cycle_history WHERE to_state = 'to_approve'", 1),
        ("approval", "SELECT count(*) FROM cycle_history WHERE to_state = 'approved'", 1),
        ("order to pay", "SELECT count(*) FROM cycle_history WHERE to_state = 'disbursing'", 1),
    ] {
        let there: Option<i64> = sql::scalar(pbms.conn(), query, []).await.unwrap();
        assert_eq!(there, Some(times), "{what}");
    }
    pbms.close().await;
}

#[tokio::test]
async fn files_of_the_users_own_are_checked_first_and_found_again() {
    let installation = Installation::new(Transport::Postgres);
    let own = installation.folder.path().join("own");
    let generated = Command::new(program("openg2p"))
        .args(["generate-population", "--persons", "300", "--seed", "11", "--as-of", "2026-03-01", "--out"])
        .arg(&own)
        .output()
        .unwrap();
    assert!(generated.status.success(), "{}", chain::said(&generated));
    std::fs::remove_file(own.join("truth.csv")).unwrap();
    let people = csv::Reader::from_path(own.join("individuals.csv")).unwrap().records().count();

    // Without accounts nothing is begun.
    let accounts = own.join("accounts.csv");
    std::fs::rename(&accounts, own.join("away.csv")).unwrap();
    let refused = installation.demo(&["--data", "own"]);
    assert!(!refused.status.success());
    assert!(chain::said(&refused).contains("has no accounts.csv"), "{}", chain::said(&refused));
    assert!(!installation.data_dir().join("demo.json").exists());
    std::fs::rename(own.join("away.csv"), &accounts).unwrap();

    let early = installation.demo(&["--data", "own", "--as-of", "2024-01-01"]);
    assert!(!early.status.success() && chain::said(&early).contains("--as-of"), "{}", chain::said(&early));

    let first = installation.demo(&["--data", "own", "--as-of", "2026-03-01", "--stop-after", "population"]);
    assert!(first.status.success(), "{}", chain::said(&first));
    // The rest in another directory, where `own` means nothing.
    let elsewhere = tempfile::tempdir().unwrap();
    let mut resume = installation.demo_command(&["--resume"]);
    resume.current_dir(elsewhere.path());
    let last = resume.output().unwrap();
    assert!(last.status.success(), "{}", chain::said(&last));
    let report = installation.report();
    chain::checks::everything_adds_up(&installation, &report).await;

    let registry = installation.db("social-registry").await;
    let active = "SELECT count(*) FROM registrants WHERE kind = 'individual' AND status = 'active'";
    let active: Option<i64> = sql::scalar(registry.conn(), active, []).await.unwrap();
    registry.close().await;
    let persons = report["persons"].as_i64();
    assert_eq!(persons, active, "people are counted, not taken from --persons");
    assert!(persons.is_some_and(|n| (290..=i64::try_from(people).unwrap()).contains(&n)));
}
