//! Payments: once per key, each on its own merits, within the block.

use std::collections::BTreeSet;

use proptest::{prelude::*, test_runner::TestRunner};
use serde_json::{Value, json};

use crate::support::{Bank, SPONSOR, payment, payments, statuses};

#[tokio::test]
async fn a_payment_is_paid_once_per_key() {
    let bank = Bank::start(|_| {}).await;
    bank.sponsor(SPONSOR, "1000").await;
    let block = bank.block(SPONSOR, "1000", "e").await;
    let first = payment("P1", &block, "0000000001", "100.10");
    assert_eq!(statuses(&bank.pay(std::slice::from_ref(&first)).await), ["accepted"]);
    bank.settled().await;
    assert_eq!(bank.account("0000000001").await["book_balance"], "100.10");

    // The same again, also as another spelling of the amount and twice in one call.
    let spelt = payment("P1", &block, "0000000001", "100.1");
    assert_eq!(statuses(&bank.pay(&[spelt.clone(), spelt]).await), ["duplicate", "duplicate"]);
    for (field, value) in [
        ("payment_amount", json!("100.11")),
        ("beneficiary_account", json!("0000000002")),
        ("beneficiary_bank_code", json!("EXFM")),
    ] {
        let mut other = first.clone();
        other[field] = value;
        let answer = bank.pay(&[other]).await;
        assert_eq!(
            (&answer["status"], &answer["payments"][0]["reason"]),
            (&json!("failed"), &json!("MISMATCH"))
        );
    }
    let twice = payment("P2", &block, "0000000003", "1");
    let changed = payment("P2", &block, "0000000003", "2");
    assert_eq!(
        statuses(&bank.pay(&[twice.clone(), twice, changed]).await),
        ["accepted", "duplicate", "rejected"]
    );
    let summary = bank.settled().await;
    assert_eq!(summary["payments"], json!({"accepted": 0, "booked": 2, "reversed": 0, "rejected": 0}));
    assert_eq!(bank.account(SPONSOR).await["book_balance"], "898.90");
    assert_eq!(
        bank.states(&["P1", "P9"]).await,
        [("booked".into(), String::new()), ("not_found".into(), String::new())]
    );
}

#[tokio::test]
async fn bad_rows_harm_only_themselves_and_stay_rejected() {
    let bank = Bank::start(|_| {}).await;
    bank.sponsor(SPONSOR, "1000").await;
    bank.sponsor("SP-2", "1000").await;
    let block = bank.block(SPONSOR, "100", "e").await;
    let foreign = bank.block("SP-2", "100", "f").await;
    let mut no_payee = payment("A6", &block, "1", "1");
    no_payee["beneficiary_account"] = Value::Null;
    let rows = [
        payment("A1", &block, "0000000001", "60"),
        payment("A2", &block, "0000000002", "60"),
        payment("A3", &block, "0000000003", "40"),
        payment("A4", "nothing", "0000000004", "1"),
        payment("A5", &foreign, "0000000005", "1"),
        no_payee,
        payment("A7", &block, "0000000007", "0.001"),
        payment("A 8", &block, "0000000008", "1"),
    ];
    let answer = bank.pay(&rows).await;
    let reasons: Vec<&str> =
        answer["payments"].as_array().unwrap().iter().map(|p| p["reason"].as_str().unwrap()).collect();
    let expected = [
        "",
        "INSUFFICIENT_BLOCK",
        "",
        "UNKNOWN_BLOCK",
        "BLOCK_MISMATCH",
        "INVALID_PAYEE",
        "INVALID_AMOUNT",
        "INVALID_REFERENCE",
    ];
    assert_eq!(reasons, expected);
    assert_eq!(answer["error_message"], "6 of 8 payments were rejected; payments says why");
    // The answer stays the same when the call is repeated, although the block would hold A2's smaller neighbour now.
    let again = bank.pay(&rows).await;
    assert_eq!(statuses(&again)[..3], ["duplicate", "rejected", "duplicate"]);
    assert_eq!(again["payments"][1]["reason"], "INSUFFICIENT_BLOCK");
    assert_eq!(bank.states(&["A2"]).await, [("rejected".into(), "INSUFFICIENT_BLOCK".into())]);
    let summary = bank.settled().await;
    assert_eq!(summary["payments"], json!({"accepted": 0, "booked": 2, "reversed": 0, "rejected": 3}));
    assert_eq!(summary["open_block_amount"], "100.00");
    assert_eq!(bank.pay(&[]).await["status"], "success");
}

#[tokio::test]
async fn wallets_and_other_banks_are_paid_through_accounts_of_the_bank() {
    let bank = Bank::start(|_| {}).await;
    bank.sponsor(SPONSOR, "1000").await;
    let block = bank.block(SPONSOR, "1000", "e").await;
    let mut wallet = payment("W1", &block, "x", "10");
    for (field, value) in [
        ("beneficiary_account", Value::Null),
        ("beneficiary_account_currency", Value::Null),
        ("beneficiary_account_type", Value::Null),
        ("beneficiary_bank_code", Value::Null),
        ("beneficiary_branch_code", Value::Null),
        ("beneficiary_phone_no", json!("+254700000001")),
        ("beneficiary_mobile_wallet_provider", json!("EXPAY")),
    ] {
        wallet[field] = value;
    }
    let mut other_bank = payment("C1", &block, "0000000001", "20");
    other_bank["beneficiary_bank_code"] = json!("EXFM");
    // A payee's account that is in truth the sponsor's own cannot be paid.
    let own = payment("S1", &block, SPONSOR, "30");
    assert_eq!(statuses(&bank.pay(&[wallet, other_bank, own]).await), ["accepted"; 3]);
    bank.settled().await;
    assert_eq!(bank.account("wallet:EXPAY:KES").await["book_balance"], "10.00");
    assert_eq!(bank.account("clearing:EXFM:KES").await["book_balance"], "20.00");
    assert_eq!(bank.states(&["S1"]).await, [("reversed".into(), "ACCOUNT_NOT_FOUND".into())]);
    assert_eq!(bank.account(SPONSOR).await["book_balance"], "970.00");
}

#[tokio::test]
async fn the_same_call_many_times_at_once_pays_once() {
    let bank = Bank::start(|_| {}).await;
    bank.sponsor(SPONSOR, "100000").await;
    let block = bank.block(SPONSOR, "50000", "e").await;
    let other = bank.block(SPONSOR, "50000", "f").await;
    // Two calls with the same keys from different blocks, each several times: one of the blocks pays for a key.
    let calls: Vec<Vec<Value>> = (0..8)
        .map(|n| {
            let mut rows = payments("X", if n % 2 == 0 { &block } else { &other }, 100, "10.01");
            if n % 3 == 0 {
                rows.reverse();
            }
            rows
        })
        .collect();
    let tasks: Vec<_> = calls
        .into_iter()
        .map(|rows| {
            let session = bank.bridge().clone();
            tokio::spawn(
                async move { session.post("/initiate_payment", &rows).await.expect_status(200).json() },
            )
        })
        .collect();
    let mut accepted = 0;
    for task in tasks {
        let answer = task.await.unwrap();
        let words: BTreeSet<&str> = statuses(&answer).into_iter().collect();
        assert!(words.is_subset(&BTreeSet::from(["accepted", "duplicate"])), "{words:?}");
        accepted += statuses(&answer).iter().filter(|s| **s == "accepted").count();
    }
    assert_eq!(accepted, 100);
    let summary = bank.settled().await;
    assert_eq!(summary["payments"]["booked"], 100);
    assert_eq!(bank.account(SPONSOR).await["book_balance"], "98999.00");
}

#[tokio::test]
async fn payments_are_listed_page_by_page_without_their_payees() {
    let bank = Bank::start(|_| {}).await;
    bank.sponsor(SPONSOR, "1000").await;
    let block = bank.block(SPONSOR, "1000", "e").await;
    bank.pay(&payments("P", &block, 25, "1.50")).await;
    bank.settled().await;
    let auditor = bank.service.user("checker");
    let (mut after, mut seen) = (String::new(), Vec::new());
    loop {
        let page = auditor.get(&format!("/api/v1/payments?limit=10{after}")).await.expect_status(200);
        assert!(!page.text.contains("770000"), "no account number of a payee");
        let page = page.json();
        seen.extend(page["items"].as_array().unwrap().clone());
        let Some(next) = page["next"].as_str() else { break };
        after = format!("&after={next}");
    }
    let keys: BTreeSet<&str> = seen.iter().map(|p| p["payment_reference_number"].as_str().unwrap()).collect();
    assert_eq!((seen.len(), keys.len()), (25, 25));
    assert!(
        seen.iter().all(|p| p["state"] == "booked" && p["amount"] == "1.50" && p["booked_at"].is_string())
    );
}

#[tokio::test]
async fn what_is_no_list_of_payments_is_refused_with_the_field() {
    let bank = Bank::start(|config| config.max_payments = 3).await;
    let send = async |body: &str| {
        bank.bridge()
            .post_bytes("/initiate_payment", "application/json", body.as_bytes())
            .await
            .expect_status(400)
            .json()
    };
    assert_eq!(send("[{\"payment_reference").await["code"], "invalid_json");
    assert_eq!(send("{}").await["code"], "invalid_json");
    let missing = send("[{\"payment_reference_number\": \"a\"}]").await;
    assert!(missing["errors"][0].to_string().contains("remitting_account"), "{missing}");
    for amount in ["NaN", "\"ten\"", "true", "null", "\"1,5\""] {
        let mut row = payment("P", "b", "1", "1").to_string();
        row = row.replace("\"payment_amount\":\"1\"", &format!("\"payment_amount\":{amount}"));
        assert_eq!(send(&format!("[{row}]")).await["code"], "invalid_json", "{amount}");
    }
    let many = payments("P", "b", 4, "1");
    let refused = bank.bridge().post("/initiate_payment", &many).await.expect_status(422).json();
    assert_eq!(refused["code"], "too_many_payments");
    let keys: Vec<String> = (0..1001).map(|n| n.to_string()).collect();
    let ask = json!({"payment_reference_numbers": keys});
    bank.bridge().post("/payment_status", &ask).await.expect_status(422);
}

#[tokio::test]
async fn amounts_are_exact_whatever_a_float_would_make_of_them() {
    let bank = Bank::start(|_| {}).await;
    bank.sponsor(SPONSOR, "999999999999.99").await;
    let block = bank.block(SPONSOR, "999999999999.99", "e").await;
    let mut row = payment("BIG", &block, "0000000001", "1").to_string();
    row = row.replace("\"payment_amount\":\"1\"", "\"payment_amount\":900719925474.99");
    let small: Vec<String> = (0..10)
        .map(|n| {
            payment(&format!("S{n}"), &block, "0000000002", "1")
                .to_string()
                .replace("\"payment_amount\":\"1\"", "\"payment_amount\":0.10")
        })
        .collect();
    let body = format!("[{row},{}]", small.join(","));
    let answer = bank
        .bridge()
        .post_bytes("/initiate_payment", "application/json", body)
        .await
        .expect_status(200)
        .json();
    assert_eq!(answer["status"], "success", "{answer}");
    bank.settled().await;
    assert_eq!(bank.account("0000000001").await["book_balance"], "900719925474.99");
    assert_eq!(bank.account("0000000002").await["book_balance"], "1.00");
    assert_eq!(bank.account(SPONSOR).await["book_balance"], "99280074524.00");
}

/// Any sequence of blocks, payments, repeats and releases leaves books that balance and money that adds up.
#[test]
fn whatever_callers_do_the_books_add_up() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let bank = runtime.block_on(async {
        let bank = Bank::start(|config| config.closed_account_percent = 30).await;
        bank.sponsor(SPONSOR, "3000").await;
        bank
    });
    #[derive(Debug, Clone)]
    enum Step {
        Block(u32),
        Pay { block: usize, first: u32, count: u32, cents: u32 },
        Release(usize),
    }
    let step =
        prop_oneof![
            (1_u32..60_000).prop_map(Step::Block),
            (0_usize..4, 0_u32..60, 1_u32..12, 1_u32..9_000)
                .prop_map(|(block, first, count, cents)| Step::Pay { block, first, count, cents }),
            (0_usize..4).prop_map(Step::Release),
        ];
    let blocks = std::cell::RefCell::new(Vec::<String>::new());
    let mut runner = TestRunner::new(ProptestConfig { cases: 8, max_shrink_iters: 0, ..Default::default() });
    let text = |cents: u32| format!("{}.{:02}", cents / 100, cents % 100);
    runner
        .run(&proptest::collection::vec(step, 1..10), |steps| {
            runtime.block_on(async {
                for step in steps {
                    let known = blocks.borrow().clone();
                    let pick = |at: usize| known.iter().rev().nth(at).cloned().unwrap_or_default();
                    match step {
                        Step::Block(cents) => {
                            let key = format!("k{}", known.len());
                            let answer = bank.try_block(SPONSOR, &text(cents), &key).await;
                            if answer["status"] == "success" {
                                let block = answer["block_reference_no"].as_str().unwrap().to_owned();
                                blocks.borrow_mut().push(block);
                            }
                        }
                        Step::Pay { block, first, count, cents } => {
                            let block = pick(block);
                            let rows: Vec<Value> = (first..first + count)
                                .map(|n| payment(&format!("N{n}"), &block, &format!("{n:010}"), &text(cents)))
                                .collect();
                            bank.pay(&rows).await;
                        }
                        Step::Release(at) => {
                            let ask = json!({"block_reference_no": pick(at), "reference": pick(at)});
                            bank.bridge().post("/release_block", &ask).await.expect_status(200);
                        }
                    }
                    bank.summary().await;
                }
                let summary = bank.settled().await;
                let cents = |v: &Value| v.as_str().unwrap().replace('.', "").parse::<i64>().unwrap();
                let books = &summary["currencies"][0];
                let sponsor = bank.account(SPONSOR).await;
                prop_assert_eq!(cents(&sponsor["book_balance"]) + cents(&books["booked_amount"]), 300_000);
                prop_assert_eq!(&sponsor["blocked"], &summary["open_block_amount"]);
                Ok(())
            })
        })
        .unwrap();
}

#[tokio::test]
async fn currencies_without_and_with_three_decimals_are_exact_all_the_way() {
    let bank = Bank::start(|_| {}).await;
    for (currency, deposit, amount, left, too_fine) in
        [("JPY", "1000", "501", "499", "1.5"), ("KWD", "1.000", "0.501", "0.499", "0.0001")]
    {
        let number = format!("SP-{currency}");
        let account =
            json!({"account_number": number, "currency": currency, "kind": "sponsor", "deposit": deposit});
        bank.service
            .user("admin")
            .post("/api/v1/accounts", &json!({"accounts": [account]}))
            .await
            .expect_status(200);
        let ask =
            json!({"account_number": number, "currency": currency, "amount": deposit, "reference": currency});
        let block = bank.bridge().post("/block_funds", &ask).await.json();
        let block = block["block_reference_no"].as_str().unwrap();
        let order = |key: &str, amount: &str| {
            let mut order = payment(&format!("{currency}{key}"), block, &format!("0{currency}"), amount);
            order["remitting_account"] = json!(number);
            order["remitting_account_currency"] = json!(currency);
            order["beneficiary_account_currency"] = json!(currency);
            order
        };
        let answer = bank.pay(&[order("1", amount), order("2", too_fine)]).await;
        assert_eq!(statuses(&answer), ["accepted", "rejected"], "{currency}");
        bank.settled().await;
        assert_eq!(bank.account(&number).await["book_balance"], left);
        assert_eq!(bank.account(&format!("0{currency}")).await["book_balance"], amount);
        let statements = bank.statements().await;
        let mine: Vec<_> = statements.iter().filter(|s| s.account == number).collect();
        assert!(!mine.is_empty() && mine.iter().all(|s| s.verify_balances().is_ok()), "{mine:?}");
        let debits: Vec<String> = mine
            .iter()
            .flat_map(|s| &s.entries)
            .filter(|e| !e.mark.adds())
            .map(|e| e.amount.to_decimal_text().into_string())
            .collect();
        assert_eq!(debits, [amount]);
    }
}

#[tokio::test]
async fn ids_with_an_underscore_travel_to_the_statement() {
    let bank = Bank::start(|_| {}).await;
    bank.sponsor(SPONSOR, "1000").await;
    let block = bank.block(SPONSOR, "1000", "e").await;
    // Ids as PBMS 3.x makes them.
    let nanoid = payment("V1StGXR8_Z5jdHi-", &block, "0000000001", "1");
    assert_eq!(statuses(&bank.pay(&[nanoid]).await), ["accepted"]);
    bank.settled().await;
    assert_eq!(bank.states(&["V1StGXR8_Z5jdHi-"]).await, [("booked".to_owned(), String::new())]);
    let lines: Vec<String> =
        bank.statements().await.into_iter().flat_map(|s| s.entries).map(|e| e.customer_reference).collect();
    assert!(lines.contains(&"V1StGXR8_Z5jdHi-".to_owned()), "{lines:?}");
}
