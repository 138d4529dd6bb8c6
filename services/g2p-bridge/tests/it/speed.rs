//! How fast an envelope flows. Not a check: `cargo test -p g2p-bridge --test it speed -- --ignored --nocapture`, with
//! `ROWS=100000` for the full size.

use std::time::{Duration, Instant};

use g2p_bridge::Config;
use serde_json::json;
use storage::sql;
use testkit::wait_for;

use crate::world::{World, newer, payments, statement, today};

async fn wait_tally(world: &World, state: &str, count: usize) {
    wait_for(&format!("{count} {state}"), Duration::from_secs(900), || async {
        let query = "SELECT COALESCE(sum(count), 0)::bigint FROM envelope_tally WHERE state = $1";
        let found: Option<i64> = sql::scalar(world.db().conn(), query, [state.into()]).await.unwrap();
        (found == Some(i64::try_from(count).unwrap())).then_some(())
    })
    .await;
}

/// From the row: a service token of the read API lives one minute only.
async fn state(world: &World, id: &str) -> String {
    let query = "SELECT state FROM envelopes WHERE envelope_id = $1";
    sql::scalar(world.db().conn(), query, [id.into()]).await.unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn speed() {
    let rows: usize = std::env::var("ROWS").ok().and_then(|n| n.parse().ok()).unwrap_or(20_000);
    let world = World::start_with(|loaded| {
        let usual = Config::default();
        loaded.common.call_timeout_seconds = 30;
        loaded.service.resolve_batch = usual.resolve_batch;
        loaded.service.payment_batch = usual.payment_batch;
        loaded.service.statement_chunk = usual.statement_chunk;
        loaded.service.lease_seconds = usual.lease_seconds;
    })
    .await;
    let id = world.envelope(rows, &format!("{rows}0.00"), &today()).await;
    let all = payments(&id, "S", rows, "10.00");
    let mut lines: Vec<(String, usize)> = (0..rows).map(|n| (format!("S{n:07}"), n)).collect();

    let begun = Instant::now();
    let report = |stage: &str, since: Instant| {
        let seconds = since.elapsed().as_secs_f64();
        eprintln!("{stage}: {seconds:.1} s, {:.0} rows/s", f64::from(u32::try_from(rows).unwrap()) / seconds);
        Instant::now()
    };
    for rows in all.chunks(1000) {
        let mut message = newer("PBMS", &json!(rows));
        message["request_body"]["disbursement_batch_control_id"] = json!(testkit::unique("b"));
        let reply = world.pbms.post_signed("/create_disbursements", &message).await;
        assert_eq!(reply.json()["response_header"]["response_status"], "SUCCESS");
    }
    let at = report("receive", begun);
    wait_for("the accounts", Duration::from_secs(900), || async {
        let waiting = ["SCHEDULED", "RESOLVING"];
        (!waiting.contains(&state(&world, &id).await.as_str())).then_some(())
    })
    .await;
    let at = report("resolve", at);
    wait_tally(&world, "ACCEPTED", rows).await;
    let at = report("fund and pay", at);
    while !lines.is_empty() {
        let some = lines.split_off(lines.len().saturating_sub(5_000));
        let lines: Vec<(&str, &str, &str)> = some.iter().map(|(id, _)| ("D", id.as_str(), "10.00")).collect();
        world.upload(&statement(&testkit::unique("s"), &lines)).await;
    }
    wait_tally(&world, "PAID", rows).await;
    let at = report("reconcile", at);
    wait_for("the end", Duration::from_secs(60), || async {
        (state(&world, &id).await == "FINISHED").then_some(())
    })
    .await;
    report("end", at);
    report("all", begun);
    world.check().await;
}
