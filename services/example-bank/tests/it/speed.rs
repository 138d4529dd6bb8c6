//! How fast it books; run by hand: `cargo test -p example-bank --test it -- --ignored --nocapture speed`.

use std::time::{Duration, Instant};

use testkit::wait_for;

use crate::support::{Bank, SPONSOR, payments};

#[tokio::test]
#[ignore = "a measurement, not a test"]
async fn speed() {
    let bank = Bank::start(|config| config.closed_account_percent = 2).await;
    bank.sponsor(SPONSOR, "20000000").await;
    let block = bank.block(SPONSOR, "20000000", "e").await;
    let rows: Vec<_> = (0..20).map(|n| payments(&format!("S{n:02}"), &block, 1000, "500.10")).collect();
    let rows: Vec<_> = rows
        .into_iter()
        .enumerate()
        .map(|(n, mut batch)| {
            for (at, row) in batch.iter_mut().enumerate() {
                row["beneficiary_account"] = format!("{n:02}{at:08}").into();
            }
            batch
        })
        .collect();
    let began = Instant::now();
    for batch in &rows {
        bank.pay(batch).await;
    }
    let sent = began.elapsed();
    wait_for("everything to be booked", Duration::from_secs(120), || async {
        let counts = bank.service.user("checker").get("/api/v1/ledger/summary").await.json();
        (counts["payments"]["accepted"] == 0).then_some(())
    })
    .await;
    eprintln!("20000 payments: admitted in {sent:?}, booked after {:?}", began.elapsed());
    let summary = bank.settled().await;
    eprintln!("settled after {:?}: {}", began.elapsed(), summary["payments"]);
}
