//! Accounts, checks, blocks, releases.

use serde_json::{Value, json};

use crate::support::{Bank, SPONSOR, payment, payments, statuses};

#[tokio::test]
async fn accounts_are_opened_once_and_deposits_booked_once() {
    let bank = Bank::start(|_| {}).await;
    let admin = bank.service.user("admin");
    let open = async |accounts: Value| {
        admin.post("/api/v1/accounts", &json!({"accounts": accounts})).await.expect_status(200).json()["accounts"]
            .clone()
    };
    let first = json!([
        {"account_number": "SP-1", "currency": "KES", "deposit": "1000.10"},
        {"account_number": "SP-1", "currency": "KES", "deposit": 1000.10},
        {"account_number": "B-1", "currency": "KES", "kind": "beneficiary"},
        {"account_number": "a/b", "currency": "KES"},
        {"account_number": "SP-2", "currency": "XXX"},
        {"account_number": "SP-3", "currency": "KES", "deposit": "0.001"},
    ]);
    let words = |answer: &Value| -> Vec<(String, String, bool)> {
        let text = |v: &Value| v.as_str().unwrap().to_owned();
        let one = |a: &Value| (text(&a["status"]), text(&a["reason"]), a["deposited"].as_bool().unwrap());
        answer.as_array().unwrap().iter().map(one).collect()
    };
    let word = |status: &str, reason: &str, deposited| (status.to_owned(), reason.to_owned(), deposited);
    assert_eq!(
        words(&open(first.clone()).await),
        [
            word("opened", "", true),
            word("exists", "", false),
            word("opened", "", false),
            word("rejected", "INVALID_ACCOUNT_NUMBER", false),
            word("rejected", "INVALID_CURRENCY", false),
            word("rejected", "INVALID_AMOUNT", false),
        ]
    );
    assert!(words(&open(first).await).iter().all(|w| w.0 != "opened" && !w.2));
    let more =
        json!([{"account_number": "SP-1", "currency": "KES", "deposit": "50", "deposit_reference": "d1"}]);
    assert_eq!(words(&open(more.clone()).await), [word("exists", "", true)]);
    assert_eq!(words(&open(more).await), [word("exists", "", false)]);
    let other = json!([{"account_number": "B-1", "currency": "KES", "deposit": "5"}]);
    assert_eq!(words(&open(other).await), [word("rejected", "MISMATCH", false)]);

    assert_eq!(bank.account("SP-1").await["book_balance"], "1050.10");
    assert_eq!(bank.summary().await["sum"], "0.00");
    let too_large = json!({"accounts": [{"account_number": "SP-1", "currency": "KES", "deposit": "999999999999.99",
                                         "deposit_reference": "d2"}]});
    let refused = admin.post("/api/v1/accounts", &too_large).await.expect_status(422).json();
    assert_eq!(refused["code"], "balance_too_large");
    admin.post("/api/v1/accounts/lookup", &json!({"account_number": "none"})).await.expect_status(404);
}

#[tokio::test]
async fn funds_are_checked_and_blocked_once_per_key() {
    let bank = Bank::start(|_| {}).await;
    bank.sponsor(SPONSOR, "1000").await;
    let check = async |number: &str, currency: &str, amount: Value| {
        let ask =
            json!({"account_number": number, "account_currency": currency, "total_funds_needed": amount});
        bank.bridge().post("/check_funds", &ask).await.expect_status(200).json()
    };
    assert_eq!(check(SPONSOR, "KES", json!(1000)).await["has_sufficient_funds"], true);
    assert_eq!(check(SPONSOR, "KES", json!("1000.01")).await["has_sufficient_funds"], false);
    assert_eq!(check("none", "KES", json!(1)).await["error_message"], "Account not found");
    assert_eq!(check(SPONSOR, "USD", json!(1)).await["status"], "failed");

    let block = bank.block(SPONSOR, "600.50", "envelope-1").await;
    assert_eq!(bank.block(SPONSOR, "600.5", "envelope-1").await, block);
    let other = bank.try_block(SPONSOR, "600.51", "envelope-1").await;
    assert_eq!((&other["status"], &other["block_reference_no"]), (&json!("failed"), &json!("")));
    assert_eq!(bank.try_block(SPONSOR, "399.51", "envelope-2").await["error_message"], "Insufficient funds");
    assert_eq!(bank.try_block(SPONSOR, "0", "envelope-3").await["error_message"], "Invalid amount");
    assert_eq!(check(SPONSOR, "KES", json!("399.50")).await["has_sufficient_funds"], true);
    assert_eq!(check(SPONSOR, "KES", json!("399.51")).await["has_sufficient_funds"], false);
    let account = bank.account(SPONSOR).await;
    assert_eq!((&account["blocked"], &account["available"]), (&json!("600.50"), &json!("399.50")));

    // The reference dialect has no key: each call is a block.
    let ask = json!({"account_number": SPONSOR, "currency": "KES", "amount": 100});
    let first = bank.bridge().post("/block_funds", &ask).await.json();
    let second = bank.bridge().post("/block_funds", &ask).await.json();
    assert_ne!(first["block_reference_no"], second["block_reference_no"]);
    assert_eq!(bank.summary().await["open_blocks"], 3);
}

#[tokio::test]
async fn many_who_block_at_once_never_get_more_than_there_is() {
    let bank = Bank::start(|_| {}).await;
    bank.sponsor(SPONSOR, "1000").await;
    let keys: Vec<String> = (0..24).map(|n| format!("k{}", n % 20)).collect();
    let tries: Vec<_> = keys
        .iter()
        .map(|key| {
            let ask =
                json!({"account_number": SPONSOR, "currency": "KES", "amount": "100", "reference": key});
            let session = bank.bridge().clone();
            tokio::spawn(async move { session.post("/block_funds", &ask).await.expect_status(200).json() })
        })
        .collect();
    let mut blocks = std::collections::BTreeSet::new();
    for task in tries {
        let answer = task.await.unwrap();
        if answer["status"] == "success" {
            blocks.insert(answer["block_reference_no"].as_str().unwrap().to_owned());
        }
    }
    assert_eq!(blocks.len(), 10);
    let summary = bank.summary().await;
    assert_eq!((&summary["open_blocks"], &summary["open_block_amount"]), (&json!(10), &json!("1000.00")));
    assert_eq!(bank.account(SPONSOR).await["available"], "0.00");
}

#[tokio::test]
async fn the_rest_of_a_block_goes_back_once() {
    let bank = Bank::start(|_| {}).await;
    bank.sponsor(SPONSOR, "1000").await;
    let block = bank.block(SPONSOR, "500", "e").await;
    let answer = bank.pay(&[payment("P1", &block, "0000000001", "120.25")]).await;
    assert_eq!(statuses(&answer), ["accepted"]);
    let release = async |block: &str, key: &str| {
        let ask = json!({"block_reference_no": block, "reference": key});
        bank.bridge().post("/release_block", &ask).await.expect_status(200).json()
    };
    // What an accepted payment has taken stays, booked or not.
    let released = release(&block, "r1").await;
    assert_eq!(
        (&released["status"], released["released_amount"].to_string()),
        (&json!("success"), "379.75".to_owned())
    );
    assert_eq!(release(&block, "r1").await, released);
    assert_eq!(release(&block, "r2").await["released_amount"].to_string(), "0.0");
    assert_eq!(release("none", "r3").await["error_message"], "Block not found");
    let other = bank.block(SPONSOR, "1", "f").await;
    assert_eq!(release(&other, "r1").await["status"], "failed");
    assert_eq!(release(&other, "r4").await["status"], "success");
    let late = bank.pay(&payments("L", &block, 1, "1")).await;
    assert_eq!(late["payments"][0]["reason"], "INSUFFICIENT_BLOCK");
    let summary = bank.settled().await;
    assert_eq!((&summary["open_blocks"], &summary["open_block_amount"]), (&json!(0), &json!("0.00")));
    assert_eq!(bank.account(SPONSOR).await["available"], "879.75");
}

#[tokio::test]
async fn a_key_that_was_given_up_blocks_nothing_afterwards() {
    let bank = Bank::start(|_| {}).await;
    bank.sponsor(SPONSOR, "1000").await;
    let give_up = async |asked_under: &str, key: &str| {
        let ask = json!({"blocked_under": asked_under, "reference": key});
        bank.bridge().post("/release_block", &ask).await.expect_status(200).json()
    };
    // Refused for want of money, and given up: a request that comes late finds the money and gets nothing.
    assert_eq!(bank.try_block(SPONSOR, "2000", "e1").await["error_message"], "Insufficient funds");
    let nothing = give_up("e1", "e1/release").await;
    assert_eq!(
        (&nothing["status"], nothing["released_amount"].to_string()),
        (&json!("success"), "0".to_owned())
    );
    assert_eq!(give_up("e1", "e1/release").await, nothing);
    assert_eq!(bank.try_block(SPONSOR, "200", "e1").await["error_message"], "The reference is closed");
    // The answer was lost, the block is there: it goes back, and the same key is still that block.
    let block = bank.block(SPONSOR, "200", "e2").await;
    assert_eq!(give_up("e2", "e2/release").await["released_amount"].to_string(), "200.0");
    assert_eq!(bank.block(SPONSOR, "200", "e2").await, block);
    assert_eq!(bank.account(SPONSOR).await["available"], "1000.00");
    bank.summary().await;
}
