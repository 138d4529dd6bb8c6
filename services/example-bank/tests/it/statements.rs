//! Statements: every movement once, in order, with true balances, delivered until they are taken.

use std::{collections::HashMap, time::Duration};

use bank_formats::mt940::{Mark, parse};
use g2p_crypto::{SigningKey, verify_detached};
use serde_json::json;
use testkit::wait_for;
use wiremock::{MockServer, Request, ResponseTemplate};

use crate::support::{Bank, SPONSOR, assert_chain, bridge_that_answers, payments};

/// The statement in an upload.
fn file_of(request: &Request) -> Vec<u8> {
    let text = String::from_utf8(request.body.clone()).unwrap();
    let (head, rest) = text.split_once("\r\n\r\n").unwrap();
    assert!(head.contains("name=\"statement_file\"; filename=\"statement.mt940\""));
    assert!(head.contains("Content-Type: text/plain"));
    rest.rsplit_once("\r\n--").unwrap().0.as_bytes().to_vec()
}

async fn uploads(bridge: &MockServer) -> Vec<Request> {
    bridge.received_requests().await.unwrap()
}

#[tokio::test]
async fn a_closed_account_books_first_and_comes_back_on_a_later_statement() {
    let bank = Bank::start(|config| config.closed_account_percent = 20).await;
    bank.sponsor(SPONSOR, "10000").await;
    let block = bank.block(SPONSOR, "1000", "e").await;
    let mut rows = payments("P", &block, 100, "10");
    // Accounts at other banks can be closed too.
    for row in &mut rows[50..] {
        row["beneficiary_bank_code"] = json!("EXFM");
    }
    bank.pay(&rows).await;
    let summary = bank.settled().await;
    let reversed = summary["payments"]["reversed"].as_i64().unwrap();
    assert!((5..40).contains(&reversed), "{reversed}");
    assert_eq!(summary["payments"]["booked"], 100 - reversed);

    let statements = bank.statements().await;
    assert_chain(&statements);
    let mut debited_on = HashMap::new();
    let mut came_back = 0;
    for statement in &statements {
        for entry in &statement.entries {
            match entry.mark {
                Mark::Debit => {
                    let before = debited_on.insert(&entry.customer_reference, statement.statement_number);
                    assert_eq!(before, None, "one debit a payment");
                    assert_eq!(entry.narratives[..3], ["Food", "PROGRAM", "July"]);
                }
                Mark::ReversalOfDebit => {
                    came_back += 1;
                    assert!(debited_on[&entry.customer_reference] < statement.statement_number);
                    assert_eq!(entry.narratives.last().unwrap(), "ACCOUNT CLOSED");
                }
                Mark::Credit => assert_eq!(entry.amount.to_decimal_string(), "10000.00"),
                Mark::ReversalOfCredit => panic!("no such line"),
            }
        }
    }
    assert_eq!((debited_on.len(), came_back), (100, reversed));
    let references: std::collections::BTreeSet<_> =
        statements.iter().flat_map(|s| &s.entries).map(|e| e.bank_reference.clone().unwrap()).collect();
    assert_eq!(references.len(), statements.iter().map(|s| s.entries.len()).sum::<usize>());
    // The money is back, the account for returns is empty, and the closed accounts never held anything.
    let expected = format!("{}.00", 10_000 - 10 * (100 - reversed));
    let account = bank.account(SPONSOR).await;
    assert_eq!((&account["book_balance"], &account["blocked"]), (&json!(expected), &json!("0.00")));
    assert_eq!(statements.last().unwrap().closing.unwrap().amount.to_decimal_string(), expected);
    assert_eq!(bank.account("returns:KES").await["book_balance"], "0.00");
}

#[tokio::test]
async fn statements_have_a_largest_size_and_continue_each_other() {
    let bank = Bank::start(|config| config.statement_max_entries = 7).await;
    bank.sponsor(SPONSOR, "1000").await;
    let block = bank.block(SPONSOR, "1000", "e").await;
    bank.pay(&payments("P", &block, 40, "1.25")).await;
    bank.settled().await;
    let statements = bank.statements().await;
    assert_chain(&statements);
    assert_eq!(statements.iter().map(|s| s.entries.len()).collect::<Vec<_>>(), [7, 7, 7, 7, 7, 6]);
    let last = statements.last().unwrap().closing.unwrap();
    assert_eq!(last.amount.to_decimal_string(), "950.00");
}

#[tokio::test]
async fn a_statement_can_be_asked_for() {
    let bank = Bank::start(|config| config.statement_interval_ms = 3_600_000).await;
    bank.sponsor(SPONSOR, "1000").await;
    let ask = async |number: &str| {
        let ask = json!({"program_account_number": number});
        bank.bridge().post("/generate_account_statement", &ask).await.expect_status(200).json()
    };
    let first = ask(SPONSOR).await;
    assert_eq!(first["status"], "success");
    assert_eq!(ask(SPONSOR).await, first, "nothing new, so no new statement");
    assert_eq!(ask("none").await["error_message"], "Account not found");
    bank.service.user("admin").get("/api/v1/statements/999999").await.expect_status(404);

    let empty = json!({"accounts": [{"account_number": "SP-2", "currency": "KES"}]});
    bank.service.user("admin").post("/api/v1/accounts", &empty).await.expect_status(200);
    assert_eq!(ask("SP-2").await["status"], "success");
    let statements = bank.statements().await;
    assert_eq!(statements.iter().map(|s| s.entries.len()).collect::<Vec<_>>(), [1, 0]);
}

#[tokio::test]
async fn statements_are_posted_signed_in_order_and_again_until_they_are_taken() {
    let key = SigningKey::generate_ed25519().unwrap();
    let rejection = json!({"header": {"status": "rjct", "status_reason_message": "INVALID_ACCOUNT_NUMBER"}});
    let bridge = bridge_that_answers(vec![
        ResponseTemplate::new(503),
        ResponseTemplate::new(401),
        ResponseTemplate::new(200).set_body_json(rejection),
        ResponseTemplate::new(200),
        ResponseTemplate::new(200).set_body_string("<html>come back later</html>"),
        ResponseTemplate::new(200).set_body_json(json!({"header": {"status": "succ"}})),
    ])
    .await;
    let url = bridge.uri();
    let pem = key.to_pkcs8_pem().as_str().to_owned();
    let service = testkit::TestService::<example_bank::Service>::start(|loaded| {
        loaded.service = example_bank::Config {
            bridge_url: url,
            statement_max_entries: 5,
            ..crate::support::test_config()
        };
        loaded.common.signing_key = Some(pem.into());
    })
    .await;
    let partner = service.partner("G2P_BRIDGE", &["bank:*"]).await;
    let bank = Bank { service, partner };
    bank.sponsor(SPONSOR, "1000").await;
    let block = bank.block(SPONSOR, "1000", "e").await;
    bank.pay(&payments("P", &block, 12, "1")).await;
    wait_for("all statements to be taken", Duration::from_secs(30), || async {
        let summary = bank.summary().await;
        (summary["settled"] == true && summary["statements"] == 3).then_some(())
    })
    .await;
    bank.service.settled().await;

    let uploads = uploads(&bridge).await;
    assert_eq!(uploads.len(), 8);
    for upload in &uploads {
        assert_eq!(upload.headers["X-Sender-Id"], "EXAMPLE_BANK");
        let signature = upload.headers["Signature"].to_str().unwrap();
        verify_detached(signature, &upload.body, &key.public_jwks()).unwrap();
    }
    let files: Vec<Vec<u8>> = uploads.iter().map(file_of).collect();
    assert!(files[..6].iter().all(|file| *file == files[0]), "the same bytes until they are taken");
    let taken: Vec<_> = files[5..].iter().flat_map(|file| parse(file)).collect();
    assert_chain(&taken);
    assert_eq!(taken.iter().map(|s| s.entries.len()).sum::<usize>(), 13);
    let stored = bank.service.user("admin").get("/api/v1/statements").await.json();
    assert!(stored["items"].as_array().unwrap().iter().all(|s| s["delivered_at"].is_string()));
}

#[tokio::test]
async fn a_bank_that_stops_at_any_time_neither_loses_nor_doubles_a_line() {
    let taken = ResponseTemplate::new(200).set_body_json(json!({"header": {"status": "succ"}}));
    let bridge = bridge_that_answers(vec![taken]).await;
    let url = bridge.uri();
    let settings = move |config: &mut example_bank::Config| {
        config.bridge_url.clone_from(&url);
        config.statement_interval_ms = 1;
        config.statement_max_entries = 40;
        config.closed_account_percent = 10;
    };
    let mut bank = Bank::start(settings.clone()).await;
    bank.sponsor(SPONSOR, "100000").await;
    let block = bank.block(SPONSOR, "100000", "e").await;
    for round in 0..6 {
        bank.pay(&payments(&format!("R{round}"), &block, 150, "2")).await;
        // Stops while jobs run: what they have not committed is done again by the next process.
        let db = bank.service.stop().await;
        bank = Bank::start_on(db, settings.clone()).await;
    }
    let summary = bank.settled().await;
    assert_eq!(summary["settled"], true, "{summary}");
    let statements = bank.statements().await;
    assert_chain(&statements);
    let (mut debits, mut returns) = (HashMap::new(), HashMap::new());
    for entry in statements.iter().flat_map(|s| &s.entries) {
        match entry.mark {
            Mark::Debit => *debits.entry(&entry.customer_reference).or_insert(0) += 1,
            Mark::ReversalOfDebit => *returns.entry(&entry.customer_reference).or_insert(0) += 1,
            _ => {}
        }
    }
    assert_eq!(debits.len(), 900);
    assert!(debits.values().chain(returns.values()).all(|n| *n == 1));
    assert_eq!(returns.len() as i64, summary["payments"]["reversed"].as_i64().unwrap());
    // The bridge saw every statement, in order; a repetition has the same bytes.
    let mut seen: Vec<Vec<u8>> = uploads(&bridge).await.iter().map(file_of).collect();
    seen.dedup();
    let seen: Vec<_> = seen.iter().flat_map(|file| parse(file)).collect();
    assert_eq!(seen, statements);
}

#[tokio::test]
async fn an_account_that_is_set_so_gets_camt_053() {
    let taken = ResponseTemplate::new(200).set_body_json(json!({"header": {"status": "succ"}}));
    let bridge = bridge_that_answers(vec![taken]).await;
    let url = bridge.uri();
    let bank = Bank::start(|config| {
        config.camt053_accounts = vec![SPONSOR.to_owned()];
        config.closed_account_percent = 50;
        config.bridge_url = url;
    })
    .await;
    bank.sponsor(SPONSOR, "10000").await;
    bank.sponsor("SP-OTHER", "10").await;
    let block = bank.block(SPONSOR, "1000", "e").await;
    bank.pay(&payments("P", &block, 20, "10")).await;
    let summary = bank.settled().await;
    let reversed = usize::try_from(summary["payments"]["reversed"].as_i64().unwrap()).unwrap();
    assert!((1..20).contains(&reversed), "{reversed}");
    let posted = wait_for("all lines are posted", Duration::from_secs(30), || async {
        let files = uploads(&bridge).await;
        let text = |r: &Request| String::from_utf8(r.body.clone()).unwrap();
        let all: Vec<String> = files.iter().map(text).filter(|t| t.contains(SPONSOR)).collect();
        let lines: usize = all.iter().map(|t| t.matches("<Ntry>").count()).sum();
        (lines == 21 + reversed).then_some(all)
    })
    .await;
    let mut codes = 0;
    for text in &posted {
        assert!(text.contains("filename=\"statement.xml\"") && text.contains("application/xml"), "{text}");
        let file = text.split_once("\r\n\r\n").unwrap().1.rsplit_once("\r\n--").unwrap().0;
        for statement in bank_formats::statements(file.as_bytes()) {
            assert_eq!((statement.problems.len(), statement.verify_balances()), (0, Ok(())));
            let reasons = statement.entries.iter().filter_map(|e| e.return_reason.as_ref());
            codes += reasons.filter(|r| r.code.as_deref() == Some("AC04")).count();
        }
    }
    assert_eq!(codes, reversed);
    let of = json!({"program_account_number": "SP-OTHER"});
    bank.bridge().post("/generate_account_statement", &of).await.expect_status(200);
    wait_for("the other account's statement, which is MT940", Duration::from_secs(30), || async {
        let others = uploads(&bridge).await;
        others.iter().any(|r| String::from_utf8_lossy(&r.body).contains(":25:SP-OTHER")).then_some(())
    })
    .await;
}
