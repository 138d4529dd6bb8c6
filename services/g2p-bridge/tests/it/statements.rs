//! Statements: each line once, in any order, and a bad line costs that line only.

use serde_json::{Value, json};

use crate::world::{ACCOUNT, World, payments, statement, today};

async fn paying(world: &World, prefix: &str, count: usize) -> String {
    let total = format!("{}.00", count * 10);
    let id = world.envelope(count, &total, &today()).await;
    world.create(&payments(&id, prefix, count, "10.00")).await;
    world.wait_state(&id, "PAYING").await;
    world.bridge_sent(count).await;
    id
}

impl World {
    async fn bridge_sent(&self, count: usize) {
        self.wait_sent(i64::try_from(count).unwrap()).await;
    }

    async fn problems(&self) -> Vec<(String, String)> {
        let page = self.driver.session().get("/api/v1/statement-problems").await.expect_status(200).json();
        let text = |item: &Value, key: &str| item[key].as_str().unwrap_or_default().to_owned();
        let mut problems: Vec<(String, String)> = page["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| (text(item, "disbursement_id"), text(item, "problem")))
            .collect();
        problems.sort();
        problems
    }
}

#[tokio::test]
async fn the_same_file_again_is_the_same_file_and_the_same_line_in_another_file_counts_once() {
    let world = World::start().await;
    let id = paying(&world, "A", 3).await;
    let text = statement("FIRST", &[("D", "A0000000", "10.00"), ("D", "A0000001", "10.00")]);
    let first = world.upload(&text).await;
    assert_eq!(first["header"]["status"], "succ");
    let again = world.upload(&text).await;
    assert_eq!(first["message"], again["message"]);
    let overlapping = statement(
        "SECOND",
        &[("D", "A0000001", "10.00"), ("D", "A0000002", "10.00"), ("RD", "A0000001", "10.00")],
    );
    world.upload(&overlapping).await;
    world.wait_state(&id, "FINISHED").await;
    world.bridge.settled().await;
    let states: Vec<String> = world.states(&id).await.into_iter().map(|s| s.1).collect();
    assert_eq!(states, ["PAID", "REVERSED", "PAID"]);
    assert!(world.problems().await.is_empty());
    let status = world.call("get_disbursement_status", &json!(["A0000001", "nobody"])).await.json();
    let items = &status["response_body"]["response_payload"];
    assert_eq!(items[0]["disbursement_status"], "REVERSED");
    let record = &items[0]["disbursement_recon_records"]["disbursement_recon_payloads"][0];
    assert_eq!(
        (record["reversal_found"].as_bool(), record["reversal_reason"].as_str()),
        (Some(true), Some("ACCOUNT_CLOSED"))
    );
    assert_eq!(items[1]["disbursement_recon_records"]["disbursement_recon_payloads"], json!([]));
    world.check().await;
}

#[tokio::test]
async fn a_reversal_that_comes_before_its_debit_waits_for_it() {
    let world = World::start().await;
    let id = paying(&world, "A", 2).await;
    world.statement(&[("RD", "A0000000", "10.00")]).await;
    world.bridge_statements_done().await;
    assert_eq!(world.problems().await, [("A0000000".to_owned(), "INVALID_REVERSAL".to_owned())]);
    assert_eq!(world.states(&id).await[0].1, "ACCEPTED");
    world.statement(&[("D", "A0000001", "10.00"), ("D", "A0000000", "10.00")]).await;
    world.wait_state(&id, "FINISHED").await;
    assert_eq!(
        world.states(&id).await[0],
        ("A0000000".into(), "REVERSED".into(), Some("ACCOUNT_CLOSED".into()))
    );
    assert!(world.problems().await.is_empty());
    world.check().await;
}

impl World {
    async fn bridge_statements_done(&self) {
        testkit::wait_for("the statements are worked off", crate::world::LIMIT, || async {
            let query = "SELECT count(*) FROM statement_files WHERE state = 'RECEIVED'";
            let open: Option<i64> = storage::sql::scalar(self.db().conn(), query, []).await.unwrap();
            (open == Some(0)).then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn lines_that_contradict_us_are_problems_and_the_others_count() {
    let world = World::start().await;
    let id = paying(&world, "A", 4).await;
    let text = statement(
        "MIXED",
        &[
            ("D", "A0000000", "10.00"),
            ("D", "A0000001", "10.01"),
            ("D", "UNKNOWN", "10.00"),
            ("C", "NONREF", "500.00"),
            ("D", "A0000002", "10.00"),
            ("D", "A0000003", "10.00"),
        ],
    );
    // A line that nobody can read, in the middle.
    let broken = text.replacen("\r\n:61:", "\r\n:61:99XX31D10,00NTRFA0000009//X\r\n:86:hello\r\n:61:", 3);
    let broken = broken.replacen("\r\n:61:99XX31D10,00NTRFA0000009//X\r\n:86:hello", "", 2);
    world.upload(&broken).await;
    world.bridge_statements_done().await;
    let states: Vec<String> = world.states(&id).await.into_iter().map(|s| s.1).collect();
    assert_eq!(states, ["PAID", "ACCEPTED", "PAID", "PAID"]);
    assert_eq!(
        world.problems().await,
        [
            (String::new(), "STATEMENT_UPLOAD_ERROR".to_owned()),
            ("A0000001".to_owned(), "INVALID_DISBURSEMENT_AMOUNT".to_owned()),
            ("UNKNOWN".to_owned(), "INVALID_DISBURSEMENT_ID".to_owned()),
        ]
    );
    // A second debit of another bank reference is the bank's fault and not a second payment of ours.
    let twice = statement("TWICE", &[("D", "A0000000", "10.00")]).replace("//DA0000000", "//ANOTHER");
    world.upload(&twice).await;
    world.bridge_statements_done().await;
    assert!(world.problems().await.contains(&("A0000000".to_owned(), "DUPLICATE_DISBURSEMENT".to_owned())));
    let status = world.call("get_disbursement_status", &json!(["A0000001"])).await.json();
    let errors = &status["response_body"]["response_payload"][0]["disbursement_recon_records"]["disbursement_error_recon_payloads"];
    assert_eq!(errors[0]["error_reason"], "INVALID_DISBURSEMENT_AMOUNT");
    world.check().await;
}

#[tokio::test]
async fn what_is_no_statement_or_not_ours_is_refused_and_what_is_not_signed_is_not_read() {
    let world = World::start().await;
    let refused = world.upload("not a real mt940 statement\n").await;
    assert_eq!(refused["header"]["status"], "rjct");
    assert_eq!(refused["response_error_code"], "STATEMENT_UPLOAD_ERROR");
    let foreign = statement("FOREIGN", &[]).replace(ACCOUNT, "SOMEBODY-ELSE");
    let refused = world.upload(&foreign).await;
    assert_eq!(refused["header"]["status_reason_message"], "INVALID_ACCOUNT_NUMBER");
    let unsigned = world
        .bridge
        .anonymous()
        .post_bytes("/upload_mt940", "multipart/form-data; boundary=b", "--b--")
        .await;
    assert_eq!(unsigned.status, 401);
    // A programme system does not bring statements unless it is allowed everything.
    let driver = world.driver.http_client();
    let url = format!("{}/upload_mt940", world.bridge.url());
    let denied =
        driver.post_signed_bytes(&url, b"--b--\r\n".to_vec(), "multipart/form-data; boundary=b").await;
    assert!(denied.is_err(), "{denied:?}");
    let no_part = world.bank_partner.http_client();
    let answer =
        no_part.post_signed_bytes(&url, b"--b--\r\n".to_vec(), "multipart/form-data; boundary=b").await;
    assert!(matches!(answer, Err(platform::CallError::Rejected { status: 400, .. })), "{answer:?}");
}

#[tokio::test]
async fn two_statements_in_one_file_are_two() {
    let world = World::start().await;
    let id = paying(&world, "A", 2).await;
    let one = statement("ONE", &[("D", "A0000000", "10.00")]);
    let foreign = statement("TWO", &[("D", "A0000001", "10.00")]).replace(ACCOUNT, "SOMEBODY-ELSE");
    let three = statement("THREE", &[("D", "A0000001", "10.00")]);
    world.upload(&format!("{one}{foreign}{three}")).await;
    world.wait_state(&id, "FINISHED").await;
    let accounts: Vec<String> = storage::sql::scalars(
        world.db().conn(),
        "SELECT account_number || ' ' || state || ' ' || lines FROM statements ORDER BY position",
        [],
    )
    .await
    .unwrap();
    assert_eq!(accounts, ["SPONSOR-1 PROCESSED 1", "SOMEBODY-ELSE ERROR 1", "SPONSOR-1 PROCESSED 1"]);
}
