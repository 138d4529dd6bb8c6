//! What was changed of the account, as its owner sees it.

use serde_json::json;

use crate::{AMINA, AMINA_FA, BOB, World};

#[tokio::test]
async fn changes_are_told_in_plain_words_the_newest_first_and_masked() {
    let world = World::start().await;
    let wallet = "mobile_number:+254712345678.wallet_provider_name:Example Pay.wallet_provider_code:EXPAY.fa_type:MOBILE_WALLET";
    let entry = |no: i64,
                 change: &str,
                 channel: &str,
                 actor: &str,
                 before: Option<&str>,
                 after: Option<&str>| {
        let held = |fa: Option<&str>| {
            fa.map(|fa| json!({"fa": fa, "name": "Amina B", "phone": null, "active": true}))
        };
        json!({
            "no": no, "change": change, "at": format!("2026-03-0{no}T09:30:00Z"), "channel": channel, "actor": actor,
            "approved_by": null, "message_id": "m", "reason": "a secret reason", "before": held(before),
            "after": held(after),
        })
    };
    world.peers.remember(
        AMINA,
        json!([
            entry(1, "linked", "script", "script:seed", None, Some(wallet)),
            entry(2, "updated", "partner", "partner:SPAR_SELF_SERVICE", Some(wallet), Some(AMINA_FA)),
            entry(3, "frozen", "own_api", "user:officer-17", Some(AMINA_FA), Some(AMINA_FA)),
            entry(4, "unfrozen", "own_api", "user:officer-17", Some(AMINA_FA), Some(AMINA_FA)),
            entry(5, "unlinked", "partner", "partner:OTHER", Some("account:123456789@b.k.acc"), None),
        ]),
    );
    let mut browser = world.signed_in(AMINA).await;
    browser.get("/account").await.expect_status(200).has("href=\"/account/history\"");
    let seen = browser.get("/account/history").await.expect_status(200);
    let rows: Vec<&str> = seen.html.split("<li>\n<p><strong>").skip(1).collect();
    let expected = [
        ["Account removed", "5 March 2026, 09:30 (UTC)", "By the programme"],
        ["Changes allowed again", "4 March 2026", "By staff of the programme"],
        ["Changes stopped, to protect you", "3 March 2026", "By staff of the programme"],
        ["Account changed", "Example Bank, ending 042", "By you, on these pages"],
        ["Account added", "Example Pay, ending 678", "By the programme"],
    ];
    assert_eq!(rows.len(), expected.len(), "{}", seen.html);
    for (row, words) in rows.iter().zip(expected) {
        assert!(words.iter().all(|word| row.contains(word)), "{words:?} {row}");
    }
    for hidden in ["987042", "2345678", "123456789", "officer-17", "OTHER", "secret reason", "Amina B", AMINA]
    {
        seen.lacks(hidden);
    }
    let mut bob = world.signed_in(BOB).await;
    bob.get(&format!("/account/history?id={AMINA}"))
        .await
        .expect_status(200)
        .has("Nothing has been changed yet.");
    world.browser().get("/account/history").await.expect_status(401);
}

#[tokio::test]
async fn of_a_long_history_the_newest_are_shown() {
    let world = World::start().await;
    let entries: Vec<_> = (0..53)
        .map(|no| {
            json!({"no": no, "change": "frozen", "at": format!("{}-01-01T00:00:00Z", 2000 + no), "channel": "own_api", "actor": "user:a"})
        })
        .collect();
    // The answers of this mapper have two entries each: more than are read for one page.
    world.peers.remember(AMINA, json!(entries[..40]));
    let mut browser = world.signed_in(AMINA).await;
    let seen = browser.get("/account/history").await.expect_status(200);
    seen.has("1 January 2039");
    seen.has("1 January 2000");
    seen.lacks("There are older changes");
    world.peers.remember(AMINA, json!(entries));
    browser.get("/account/history").await.expect_status(503);
    world.peers.fail(Some(403));
    browser.get("/account/history").await.expect_status(503).has("Please try again");
}
