//! Being paid nowhere any longer.

use crate::{AMINA, AMINA_FA, BOB, World};

#[tokio::test]
async fn an_account_is_taken_away_after_a_last_look() {
    let world = World::start().await;
    let mut browser = world.signed_in(AMINA).await;
    browser.get("/account").await.expect_status(200).has("href=\"/account/stop\"");
    let seen = browser.get("/account/stop").await.expect_status(200);
    seen.has("no payment can reach you until you tell us another account");
    seen.has("ending 042");
    seen.lacks("987042");
    assert_eq!(world.peers.linked(AMINA).as_deref(), Some(AMINA_FA), "not before it is confirmed");
    let seen = browser.submit("/account/stop", &[]).await.expect_status(303);
    assert_eq!(world.peers.linked(AMINA), None);
    let receipt = browser.get(seen.header("location")).await.expect_status(200);
    receipt.has("You are no longer paid to this account");
    receipt.has("Example Bank");
    receipt.has("ending 042");
    let audit = world.dump("audit_log").await;
    assert!(audit.contains("account.stop") && audit.contains("\"operation\": \"unlink\""), "{audit}");
    assert!(!audit.contains("987042") && !world.dump("sessions").await.contains("987042"));
    // A second click, and a page that was left open.
    browser.submit("/account/stop", &[]).await.expect_status(303).expect_location("/account");
    let seen = browser.get("/account").await.expect_status(200);
    seen.has("We do not know where to pay you");
    seen.lacks("/account/stop");
    browser.get("/account/stop").await.expect_status(303).expect_location("/account");
}

#[tokio::test]
async fn only_the_account_that_was_seen_is_taken_away() {
    let world = World::start().await;
    let mut browser = world.signed_in(AMINA).await;
    browser.get("/account/stop").await.expect_status(200);
    let newer = AMINA_FA.replace("0000987042", "1111111999");
    world.peers.link(AMINA, &newer);
    browser.submit("/account/stop", &[]).await.expect_status(303).expect_location("/account");
    assert_eq!(world.peers.linked(AMINA), Some(newer));
}

#[tokio::test]
async fn an_account_that_cannot_be_shown_can_be_taken_away() {
    let world = World::start().await;
    world.peers.link(BOB, "account:123456789@branch.bank.bank_acc");
    let mut browser = world.signed_in(BOB).await;
    browser.get("/account/stop").await.expect_status(200).lacks("123456789");
    let seen = browser.submit("/account/stop", &[]).await.expect_status(303);
    browser.get(seen.header("location")).await.expect_status(200).lacks("123456789");
    assert_eq!(world.peers.linked(BOB), None);
}

#[tokio::test]
async fn nobody_stops_the_account_of_another_and_no_other_site_does() {
    let world = World::start().await;
    world.peers.link(BOB, AMINA_FA);
    let mut amina = world.signed_in(AMINA).await;
    amina.get("/account/stop").await.expect_status(200);
    let mut bob = world.signed_in(BOB).await;
    bob.get("/account").await;
    bob.reference = amina.reference.clone();
    bob.submit("/account/stop", &[("id", AMINA), ("subject", AMINA)]).await.expect_location("/account");
    let reference = amina.reference.clone();
    amina.post("/account/stop", &[("reference", &reference)]).await.expect_status(403);
    world.browser().get("/account/stop").await.expect_status(401);
    assert!(world.peers.linked(AMINA).is_some() && world.peers.linked(BOB).is_some());
}

#[tokio::test]
async fn when_the_mapper_is_away_the_person_is_told_that_it_is_not_known() {
    let world = World::start().await;
    let mut browser = world.signed_in(AMINA).await;
    browser.get("/account/stop").await.expect_status(200);
    world.peers.fail(Some(500));
    browser.submit("/account/stop", &[]).await.expect_status(503).has("We do not know yet");
    world.peers.fail(None);
    browser.get("/account/stop").await.expect_status(200);
    browser.submit("/account/stop", &[]).await.expect_status(303);
    assert_eq!(world.peers.linked(AMINA), None);
    assert_eq!(world.dump("account_changes").await.lines().count(), 1, "one change, sent twice");
}
