//! A bank with a sponsor, a bridge that remembers its statements, and payments to send.

use std::{sync::Arc, time::Duration};

use bank_formats::mt940::{Statement, parse};
use example_bank::{Config, Service};
use serde_json::{Value, json};
use testkit::{Session, TestDb, TestPartner, TestService, wait_for};
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::path};

pub const SPONSOR: &str = "SP-1";

/// The bank with a partner that may ask and pay.
pub struct Bank {
    pub service: TestService<Service>,
    pub partner: TestPartner,
}

impl Bank {
    /// A bank that keeps its statements, makes them soon, and closes no account unless `change` says otherwise.
    pub async fn start(change: impl FnOnce(&mut Config)) -> Self {
        let service = TestService::<Service>::start(|loaded| {
            loaded.service = test_config();
            change(&mut loaded.service);
        });
        Self::with(service.await).await
    }

    /// The same on a database that a bank has worked on before.
    pub async fn start_on(db: Arc<TestDb>, change: impl FnOnce(&mut Config)) -> Self {
        let service = TestService::<Service>::start_on(db, |loaded| {
            loaded.service = test_config();
            change(&mut loaded.service);
        });
        Self::with(service.await).await
    }

    async fn with(service: TestService<Service>) -> Self {
        let partner = service.partner("G2P_BRIDGE", &["bank:call", "bank:pay"]).await;
        Self { service, partner }
    }

    /// Calls as the bridge.
    pub fn bridge(&self) -> &Session {
        self.partner.session()
    }

    /// Opens a sponsor's account in KES with a deposit.
    pub async fn sponsor(&self, number: &str, deposit: &str) {
        let account =
            json!({"account_number": number, "currency": "KES", "kind": "sponsor", "deposit": deposit});
        let reply =
            self.service.user("admin").post("/api/v1/accounts", &json!({"accounts": [account]})).await;
        assert_eq!(reply.expect_status(200).json()["accounts"][0]["deposited"], true);
    }

    /// Blocks money of the sponsor and returns the block's reference.
    pub async fn block(&self, number: &str, amount: &str, key: &str) -> String {
        let answer = self.try_block(number, amount, key).await;
        assert_eq!(answer["status"], "success", "{answer}");
        answer["block_reference_no"].as_str().unwrap().to_owned()
    }

    pub async fn try_block(&self, number: &str, amount: &str, key: &str) -> Value {
        let ask = json!({"account_number": number, "currency": "KES", "amount": amount, "reference": key});
        self.bridge().post("/block_funds", &ask).await.expect_status(200).json()
    }

    /// Sends payments and returns the whole answer.
    pub async fn pay(&self, payments: &[Value]) -> Value {
        self.bridge().post("/initiate_payment", &json!(payments)).await.expect_status(200).json()
    }

    /// State and reason of payments.
    pub async fn states(&self, keys: &[&str]) -> Vec<(String, String)> {
        let ask = json!({"payment_reference_numbers": keys});
        let answer = self.bridge().post("/payment_status", &ask).await.expect_status(200).json();
        let answers = answer["payments"].as_array().unwrap();
        assert!(answers.iter().zip(keys).all(|(a, key)| a["payment_reference_number"] == **key));
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        answers.iter().map(|a| (text(&a["status"]), text(&a["reason"]))).collect()
    }

    pub async fn account(&self, number: &str) -> Value {
        let ask = json!({"account_number": number});
        self.service.user("admin").post("/api/v1/accounts/lookup", &ask).await.json()
    }

    /// The ledger's figures, with the proof from the legs; fails when the books do not balance.
    pub async fn summary(&self) -> Value {
        let summary = self.service.user("checker").get("/api/v1/ledger/summary?verify=true").await;
        let summary = summary.expect_status(200).json();
        assert_eq!(summary["balanced"], true, "{summary}");
        for found in ["unbalanced_entries", "wrong_balances", "wrong_blocked"] {
            assert_eq!(summary["verification"][found], 0, "{summary}");
        }
        summary
    }

    /// Waits until every payment is booked, returned and told.
    pub async fn settled(&self) -> Value {
        wait_for("the bank to settle", Duration::from_secs(60), || async {
            let summary = self.service.user("checker").get("/api/v1/ledger/summary").await.json();
            let told = summary["unreported_entries"] == 0 && summary["payments"]["accepted"] == 0;
            (told && summary["pending_returns"] == 0).then_some(())
        })
        .await;
        self.service.settled().await;
        self.summary().await
    }

    /// The statements made so far, read back from what the bank would post.
    pub async fn statements(&self) -> Vec<Statement> {
        let admin = self.service.user("admin");
        let list = admin.get("/api/v1/statements?limit=1000").await.expect_status(200).json();
        let mut statements = Vec::new();
        for item in list["items"].as_array().unwrap() {
            let text =
                admin.get(&format!("/api/v1/statements/{}", item["statement_id"])).await.expect_status(200);
            statements.append(&mut parse(text.text.as_bytes()));
        }
        statements
    }
}

pub fn test_config() -> Config {
    Config {
        bridge_url: String::new(),
        statement_interval_ms: 50,
        closed_account_percent: 0,
        ..Config::default()
    }
}

/// A payment to an account of this bank.
pub fn payment(key: &str, block: &str, account: &str, amount: &str) -> Value {
    json!({
        "payment_reference_number": key, "remitting_account": SPONSOR, "remitting_account_currency": "KES",
        "payment_amount": amount, "funds_blocked_reference_number": block, "beneficiary_name": null,
        "beneficiary_account": account, "beneficiary_account_currency": "KES",
        "beneficiary_account_type": "SAVINGS", "beneficiary_bank_code": "EXBK",
        "beneficiary_branch_code": "EXBK0001", "narrative_1": "Food", "narrative_2": "PROGRAM",
        "narrative_3": "July", "narrative_4": "", "narrative_5": key, "narrative_6": "",
        "payment_date": "2026-01-01",
    })
}

/// Keys, accounts and one amount for `n` payments.
pub fn payments(prefix: &str, block: &str, n: usize, amount: &str) -> Vec<Value> {
    (0..n).map(|i| payment(&format!("{prefix}{i:06}"), block, &format!("77{i:08}"), amount)).collect()
}

pub fn statuses(answer: &Value) -> Vec<&str> {
    answer["payments"].as_array().unwrap().iter().map(|p| p["status"].as_str().unwrap()).collect()
}

/// Checks that statements continue each other: numbers, balances.
pub fn assert_chain(statements: &[Statement]) {
    let mut balance = None;
    for (statement, number) in statements.iter().zip(1..) {
        assert!(statement.problems.is_empty(), "{:?}", statement.problems);
        statement.verify_balances().unwrap();
        assert_eq!((statement.statement_number, statement.sequence_number), (number, Some(1)));
        let opening = statement.opening.unwrap().signed().unwrap();
        if let Some(before) = balance {
            assert_eq!(opening, before, "statement {number}");
        } else {
            assert!(opening.is_zero());
        }
        balance = Some(statement.closing.unwrap().signed().unwrap());
    }
}

/// A bridge that answers each upload with the next of `answers`, the last one from then on.
pub async fn bridge_that_answers(answers: Vec<ResponseTemplate>) -> MockServer {
    let server = MockServer::start().await;
    let last = answers.len() - 1;
    for (at, answer) in answers.into_iter().enumerate() {
        let mock = Mock::given(path("/upload_mt940")).respond_with(answer);
        if at == last {
            mock.mount(&server).await;
        } else {
            mock.up_to_n_times(1).mount(&server).await;
        }
    }
    server
}
