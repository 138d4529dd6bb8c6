//! What people see.

use serde_json::json;

use crate::{AMINA, BOB, World};

#[tokio::test]
async fn the_account_is_shown_by_its_end_only() {
    let world = World::start().await;
    let mut browser = world.signed_in(AMINA).await;
    let seen = browser.get("/account").await.expect_status(200);
    seen.has("Example Bank");
    seen.has("ending 042");
    seen.lacks("0000987042");
    seen.lacks("987");
    seen.lacks(AMINA);
}

#[tokio::test]
async fn an_address_of_another_kind_is_not_shown() {
    let world = World::start().await;
    world.peers.link(BOB, "account:123456789@branch.bank.bank_acc");
    let seen = world.signed_in(BOB).await.get("/account").await.expect_status(200);
    seen.has("of a kind that we cannot show here");
    seen.lacks("123456789");
}

#[tokio::test]
async fn payments_are_told_in_plain_words_the_newest_first() {
    let world = World::start().await;
    let payment = |cycle: &str, day: &str, state: &str, reason: Option<&str>| {
        json!({
            "disbursement_id": "A1b2C3d4E5f6G7h8", "program_name": "Child support", "program_mnemonic": "CS",
            "cycle_name": cycle, "benefit_code": "BASE", "schedule_date": day, "amount": "1050.00", "currency": "KES",
            "state": state, "reason": reason, "created_at": "2026-01-01T00:00:00Z", "state_at": "2026-01-02T00:00:00Z",
        })
    };
    world.peers.pay(
        AMINA,
        json!([
            payment("January", "2026-01-31", "PAID", None),
            payment("March", "2026-03-31", "SENT", None),
            payment("February", "2026-02-28", "REVERSED", Some("BANK_REJECTED:ACCOUNT_CLOSED")),
            payment("April", "2026-04-30", "REJECTED", Some("NO_FINANCIAL_ADDRESS")),
            payment("May", "2026-05-31", "REJECTED", Some("SOMETHING_NEW")),
        ]),
    );
    let seen = world.signed_in(AMINA).await.get("/payments").await.expect_status(200);
    seen.has("5 payments, the newest first.");
    seen.has("KES\u{a0}1,050.00");
    seen.has("For 31 January 2026");
    for words in [
        "Paid",
        "On its way to your account",
        "Sent back by your bank",
        "The account is closed or cannot take money.",
        "We did not know where to pay you.",
        "Ask for help. We can tell you the reason.",
    ] {
        seen.has(words);
    }
    let places: Vec<usize> =
        ["May", "April", "March", "February", "January"].map(|m| seen.html.find(m).unwrap()).to_vec();
    assert!(places.is_sorted(), "{places:?}");
    for jargon in ["ACCOUNT_CLOSED", "SOMETHING_NEW", "REJECTED", "NO_FINANCIAL_ADDRESS"] {
        seen.lacks(jargon);
    }
    world
        .signed_in(BOB)
        .await
        .get("/payments")
        .await
        .expect_status(200)
        .has("There are no payments for you yet.");
}

#[tokio::test]
async fn when_a_part_is_away_the_page_says_try_again_later() {
    let world = World::start().await;
    let mut browser = world.signed_in(AMINA).await;
    for status in [500, 503, 404, 200] {
        // 200 with a body that is none of theirs.
        world.peers.fail(Some(status));
        for path in ["/account", "/payments"] {
            let seen = browser.get(path).await.expect_status(503);
            seen.has("Please try again in a few minutes.");
            assert_eq!(seen.header("retry-after"), "60");
        }
    }
    world.peers.fail(None);
    browser.get("/account").await.expect_status(200);
}

#[tokio::test]
async fn every_page_is_small_kept_by_nobody_and_runs_nothing_inline() {
    let world = World::start().await;
    let mut browser = world.signed_in(AMINA).await;
    let css = pages::assets::css();
    for path in ["/account", "/payments", "/account/change", "/account/change/bank", "/account/change/wallet"]
    {
        let seen = browser.get(path).await.expect_status(200);
        assert_eq!(seen.header("cache-control"), "no-store", "{path}");
        assert!(seen.header("content-security-policy").starts_with("default-src 'self';"), "{path}");
        assert!(seen.header("content-type").starts_with("text/html"), "{path}");
        assert!(seen.html.len() + css.bytes.len() < 50_000, "{path}: {} bytes", seen.html.len());
        for inline in ["<script", "<style", "style=\""] {
            seen.lacks(inline);
        }
        seen.lacks("[");
    }
    let style = browser.get(&format!("/assets/{}", css.file)).await.expect_status(200);
    assert_eq!(style.header("content-type"), "text/css; charset=utf-8");
    assert!(style.header("cache-control").contains("immutable"));
    browser.get("/assets/other.css").await.expect_status(404);
}

#[tokio::test]
async fn under_a_path_of_its_own_every_link_stays_there() {
    let world = World::start_with(|loaded| loaded.common.base_path = "/spar".to_owned()).await;
    let mut browser = world.browser();
    browser.get("/spar/").await.expect_status(200).has("action=\"/spar/sign-in\"");
    browser
        .submit("/spar/sign-in", &[("code", AMINA)])
        .await
        .expect_status(303)
        .expect_location("/spar/account");
    let seen = browser.get("/spar/account").await.expect_status(200);
    for part in seen.html.split("href=\"").skip(1) {
        assert!(part.starts_with("/spar/") || part.starts_with("#"), "{part}");
    }
    browser.get(&format!("/spar/assets/{}", pages::assets::css().file)).await.expect_status(200);
}

#[tokio::test]
async fn strange_bodies_are_refused_not_failed_at() {
    let world = World::start().await;
    let mut browser = world.signed_in(AMINA).await;
    browser.get("/account/change").await;
    let long = "x".repeat(20_000);
    browser.submit("/account/change/bank", &[("bank", &long)]).await.expect_status(400);
    browser.submit("/account/change/bank", &[("bank", &long[..3_000])]).await.expect_status(400);
    let form = [("wallet", "EXMAIL"), ("email", "\u{0}\u{202e}evil@mail.example")];
    let seen = browser.submit("/account/change/email", &form).await;
    assert_eq!(
        seen.expect_status(422).error_of("email"),
        Some("Check the email address: it has a letter or sign that cannot be in one")
    );
    browser.get("/account/change/branch?q=%ff%00&q=2").await.expect_status(400);
}
