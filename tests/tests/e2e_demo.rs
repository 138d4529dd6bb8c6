//! The demo as a user runs it, on both transports, with every one of its claims recomputed by SQL on the services' own
//! tables and from the bank's statements.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod chain;

use std::collections::BTreeSet;

use chain::{Installation, Transport};
use testkit::{OtlpReceiver, SpanSeen};

const PERSONS: u32 = 1_000;

#[tokio::test]
async fn the_chain_runs_over_postgres() {
    runs_and_adds_up(Transport::Postgres).await;
}

#[tokio::test]
async fn the_chain_runs_over_rabbitmq() {
    runs_and_adds_up(Transport::RabbitMq).await;
}

async fn runs_and_adds_up(transport: Transport) {
    let installation = Installation::new(transport);
    let collector = OtlpReceiver::start().await;
    let mut command = installation.demo_command(&["--persons", &PERSONS.to_string()]);
    command.env("OPENG2P__OTLP_ENDPOINT", collector.endpoint());
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    assert!(output.status.success(), "the demo failed:\n{}", chain::said(&output));
    let report = installation.report();
    chain::checks::everything_adds_up(&installation, &report).await;
    // These people and accounts are the same each time, and one of the accounts is closed.
    assert!(report["disbursements"]["reversed"].as_u64() > Some(0), "{}", report["disbursements"]);
    payments_hold(&installation);
    chain::checks::no_personal_data_in_the_log(&installation);
    one_trace_from_approval_to_booking(&collector.spans().await);
}

/// The operator's check finds nothing, at the end of everything.
fn payments_hold(installation: &Installation) {
    let check = |more: &[&str]| {
        let mut command = std::process::Command::new(testkit::program("openg2p"));
        command.arg("check-payments").args(more).args(["--database-url", &installation.admin_url()]);
        command.arg("--data-dir").arg(installation.data_dir()).output().unwrap()
    };
    let held = check(&["--final", "--json"]);
    assert!(held.status.success(), "{}", chain::said(&held));
    let report: serde_json::Value = serde_json::from_slice(&held.stdout).unwrap();
    assert_eq!(
        (report["violations"].as_i64(), report["findings"].as_array().map(Vec::len)),
        (Some(0), Some(14))
    );
    assert_eq!(report["with_bank"], true);
    let alone = check(&["--without-bank"]);
    assert!(
        alone.status.success() && chain::said(&alone).contains("not checked:"),
        "{}",
        chain::said(&alone)
    );
}

/// The approval in PBMS, the message to the bridge, the call of the bank and the booking have one trace id.
fn one_trace_from_approval_to_booking(spans: &[SpanSeen]) {
    let traces_of = |name: &str| -> BTreeSet<&str> {
        spans.iter().filter(|s| s.name.contains(name)).map(|s| s.trace_id.as_str()).collect()
    };
    let mut common = traces_of("/approvals");
    assert!(!common.is_empty(), "no span of the approval among {} spans", spans.len());
    for later in ["/create_disbursements", "/initiate_payment", "book payments"] {
        let there = traces_of(later);
        common.retain(|trace| there.contains(trace));
        assert!(
            !common.is_empty(),
            "no trace leads from the approval to {later} ({} spans have that name)",
            there.len()
        );
    }
}
