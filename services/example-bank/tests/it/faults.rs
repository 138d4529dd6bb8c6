//! The faults that callers' tests ask for: the bank acts, the caller does not learn it.

use std::time::{Duration, Instant};

use crate::support::{Bank, SPONSOR, payments, statuses};

#[tokio::test]
async fn a_lost_answer_leaves_payments_that_inquiry_finds_and_a_repeat_does_not_double() {
    let bank = Bank::start(|config| config.lose_answer_percent = 100).await;
    bank.sponsor(SPONSOR, "1000").await;
    let block = bank.block(SPONSOR, "1000", "e").await;
    let http = bank.partner.http_client();
    let url = format!("{}/initiate_payment", bank.service.url());
    let rows = payments("P", &block, 3, "10");
    for _ in 0..2 {
        let lost = http.service_post(&url, "example-bank", &rows).await;
        assert!(matches!(lost, Err(platform::CallError::Unknown { .. })), "{lost:?}");
    }
    let summary = bank.settled().await;
    assert_eq!(summary["payments"]["booked"], 3);
    assert_eq!(bank.states(&["P000000"]).await[0].0, "booked");
    assert_eq!(bank.account(SPONSOR).await["book_balance"], "970.00");
}

#[tokio::test]
async fn an_error_can_come_after_the_bank_acted_and_an_answer_late() {
    let bank = Bank::start(|config| config.error_after_accept_percent = 100).await;
    bank.sponsor(SPONSOR, "1000").await;
    let block = bank.block(SPONSOR, "1000", "e").await;
    let rows = payments("P", &block, 3, "10");
    bank.bridge().post("/initiate_payment", &rows).await.expect_status(500);
    assert_eq!(bank.settled().await["payments"]["booked"], 3);

    let bank = Bank::start(|config| config.late_answer_ms = 300).await;
    bank.sponsor(SPONSOR, "1000").await;
    let block = bank.block(SPONSOR, "1000", "e").await;
    let began = Instant::now();
    assert_eq!(statuses(&bank.pay(&payments("P", &block, 1, "10")).await), ["accepted"]);
    assert!(began.elapsed() >= Duration::from_millis(300));
}

#[tokio::test]
async fn some_payments_of_a_call_can_be_refused_and_stay_so() {
    let bank = Bank::start(|config| config.refuse_percent = 40).await;
    bank.sponsor(SPONSOR, "1000").await;
    let block = bank.block(SPONSOR, "1000", "e").await;
    let rows = payments("P", &block, 20, "10");
    let answer = bank.pay(&rows).await;
    let first = statuses(&answer);
    let refused = first.iter().filter(|status| **status == "rejected").count();
    assert!((1..20).contains(&refused), "{first:?}");
    let answer = bank.pay(&rows).await;
    let again = statuses(&answer);
    let refused_again = again.iter().filter(|status| **status == "rejected").count();
    assert_eq!(refused_again, refused, "{again:?}");
    assert_eq!(bank.settled().await["payments"]["booked"], 20 - refused);
}

#[tokio::test]
async fn a_payment_can_be_on_its_way_for_a_while() {
    let bank = Bank::start(|config| config.float_ms = 1_500).await;
    bank.sponsor(SPONSOR, "1000").await;
    let block = bank.block(SPONSOR, "1000", "e").await;
    let began = Instant::now();
    bank.pay(&payments("P", &block, 1, "10")).await;
    assert_eq!(bank.states(&["P000000"]).await[0].0, "accepted");
    assert_eq!(bank.settled().await["payments"]["booked"], 1);
    assert!(began.elapsed() >= Duration::from_millis(1_500));
}
