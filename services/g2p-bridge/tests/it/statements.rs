//! Statements: each line once, in any order, and a bad line costs that line only.

use serde_json::{Value, json};

use crate::world::{ACCOUNT, World, payments, statement, today};

pub async fn paying(world: &World, prefix: &str, count: usize) -> String {
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

    pub async fn problems(&self) -> Vec<(String, String)> {
        let items = self.list("/api/v1/statement-problems").await;
        let text = |item: &Value, key: &str| item[key].as_str().unwrap_or_default().to_owned();
        let mut problems: Vec<(String, String)> =
            items.iter().map(|item| (text(item, "disbursement_id"), text(item, "problem"))).collect();
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
    pub async fn bridge_statements_done(&self) {
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
    world.bridge_statements_done().await;
    let accounts: Vec<String> = storage::sql::scalars(
        world.db().conn(),
        "SELECT account_number || ' ' || state || ' ' || lines FROM statements ORDER BY position",
        [],
    )
    .await
    .unwrap();
    assert_eq!(accounts, ["SPONSOR-1 PROCESSED 1", "SOMEBODY-ELSE ERROR 1", "SPONSOR-1 PROCESSED 1"]);
}

#[tokio::test]
async fn hostile_lines_cost_themselves_only() {
    let world = World::start().await;
    let id = paying(&world, "A", 3).await;
    let text = statement(
        "HOSTILE",
        &[("D", "A0000000", "10.00"), ("D", "A0000001", "10.00"), ("D", "A0000002", "10.00")],
    );
    // One that no database stores, one that no index holds, and text with a character that is none.
    let text = text.replacen("NTRFA0000000//", "NTRFA00\x0000//", 1);
    let text = text.replacen("NTRFA0000001", &format!("NTRF{}", "9".repeat(3900)), 1);
    let text = text.replacen("\r\nFood", "\r\nFo\0od", 9).replacen(":86:Food", ":86:Fo\0od", 9);
    world.upload(&text).await;
    world.bridge_statements_done().await;
    let states: Vec<String> = world.states(&id).await.into_iter().map(|s| s.1).collect();
    assert_eq!(states, ["ACCEPTED", "ACCEPTED", "PAID"]);
    assert!(world.problems().await.len() >= 2);
    // Heads that cannot be stored are answered, not a fault of ours.
    let head = statement("HEAD", &[]).replace(ACCOUNT, "SPONSOR\0-1");
    assert_eq!(world.upload(&head).await["response_error_code"], "STATEMENT_UPLOAD_ERROR");
    let long = statement("LONG", &[]).replace(ACCOUNT, &"S".repeat(3900));
    assert_eq!(world.upload(&long).await["response_error_code"], "STATEMENT_UPLOAD_ERROR");
    let reference = statement("REF", &[("D", "A0000000", "10.00")]).replacen(":20:", ":20:\0", 1);
    world.upload(&reference).await;
    world.bridge_statements_done().await;
    assert_eq!(world.states(&id).await[0].1, "PAID", "a statement without a reference counts");
    world.check().await;
}

#[tokio::test]
async fn a_statement_that_contradicts_itself_books_nothing_until_a_right_one_comes() {
    let world = World::start().await;
    let id = paying(&world, "A", 2).await;
    let right = statement("SUM", &[("D", "A0000000", "10.00"), ("D", "A0000001", "10.00")]);
    // A line was left out.
    let at = right.find(":61:").unwrap();
    let next = right[at + 4..].find(":61:").unwrap() + at + 4;
    world.upload(&format!("{}{}", &right[..at], &right[next..])).await;
    world.bridge_statements_done().await;
    assert_eq!(world.problems().await, [(String::new(), "STATEMENT_BALANCES_DIFFER".to_owned())]);
    assert!(world.states(&id).await.iter().all(|s| s.1 == "ACCEPTED"));
    world.upload(&right).await;
    world.wait_state(&id, "FINISHED").await;
    let states: Vec<String> = storage::sql::scalars(
        world.db().conn(),
        "SELECT state || ' ' || COALESCE(problem, '') FROM statements ORDER BY created_at",
        [],
    )
    .await
    .unwrap();
    assert_eq!(states, ["PROBLEM STATEMENT_BALANCES_DIFFER", "PROCESSED "]);
    world.check().await;
}

#[tokio::test]
async fn a_bank_whose_balances_mean_nothing_can_be_believed_all_the_same() {
    let world = World::start_with(|loaded| loaded.service.statement_must_add_up = false).await;
    let id = paying(&world, "A", 1).await;
    let text = statement("SUM", &[("D", "A0000000", "10.00")]).replace("1000000,00", "7,00");
    world.upload(&text).await;
    world.wait_state(&id, "FINISHED").await;
}

#[tokio::test]
async fn missing_and_reused_numbers_are_shown_and_hold_up_nothing() {
    let world = World::start().await;
    let id = paying(&world, "A", 4).await;
    let numbered = |number: u32, reference: &str, payment: &str| {
        // Each begins with what the one before it ended with.
        let before = 1_000_000 - 10 * (number - 7);
        statement(reference, &[("D", payment, "10.00")])
            .replace(":28C:1/1", &format!(":28C:{number}/1"))
            .replace(":28C:00001/001", &format!(":28C:{number}/1"))
            .replace("KES999990,", &format!("KES{},", before - 10))
            .replace("KES1000000,", &format!("KES{before},"))
    };
    let send = async |text: String| {
        world.upload(&text).await;
        world.bridge_statements_done().await;
        world.problems().await.into_iter().map(|p| p.1).collect::<Vec<_>>()
    };
    assert_eq!(send(numbered(7, "SEVEN", "A0000000")).await, [""; 0]);
    assert_eq!(send(numbered(9, "NINE", "A0000001")).await, ["STATEMENT_GAP"]);
    assert_eq!(send(numbered(8, "EIGHT", "A0000002")).await, [""; 0], "the gap is closed");
    assert_eq!(send(numbered(9, "NINE", "A0000003")).await, ["STATEMENT_NUMBER_REUSED"]);
    // Its line is news all the same; a payment is never booked twice.
    world.wait_state(&id, "FINISHED").await;
    world.check().await;
}

#[tokio::test]
async fn a_missing_number_shows_whatever_order_they_come_in_and_so_does_a_balance_that_does_not_follow() {
    let world = World::start().await;
    paying(&world, "A", 4).await;
    let numbered = |number: u32, before: i64, payment: &str| {
        statement(payment, &[("D", payment, "10.00")])
            .replace(":28C:1/1", &format!(":28C:{number}/1"))
            .replace(":28C:00001/001", &format!(":28C:{number}/1"))
            .replace("KES999990,", &format!("KES{},", before - 10))
            .replace("KES1000000,", &format!("KES{before},"))
    };
    let send = async |text: String| {
        world.upload(&text).await;
        world.bridge_statements_done().await;
        world.problems().await.into_iter().map(|p| p.1).collect::<Vec<_>>()
    };
    assert_eq!(send(numbered(9, 480, "A0000000")).await, [""; 0]);
    assert_eq!(send(numbered(7, 500, "A0000001")).await, ["STATEMENT_GAP"], "eight is missing");
    assert_eq!(send(numbered(8, 490, "A0000002")).await, [""; 0]);
    assert_eq!(send(numbered(10, 471, "A0000003")).await, ["STATEMENT_CHAIN_BROKEN"], "nine ended with 470");
    let all = world.list("/api/v1/statements").await;
    let told: Vec<_> = all
        .iter()
        .map(|s| {
            ["statement_number", "opening_balance", "closing_balance"].map(|key| s[key].as_str().unwrap())
        })
        .collect();
    let wanted = [
        ["9", "480.00", "470.00"],
        ["7", "500.00", "490.00"],
        ["8", "490.00", "480.00"],
        ["10", "471.00", "461.00"],
    ];
    assert_eq!(told, wanted);
    let of_one = format!("/api/v1/statements?file_id={}", all[2]["file_id"].as_str().unwrap());
    assert_eq!(world.list(&of_one).await, all[2..3]);
}

#[tokio::test]
async fn a_file_above_the_limit_is_refused() {
    let world = World::start_with(|loaded| loaded.service.statement_max_bytes = 2000).await;
    let url = format!("{}/upload_mt940", world.bridge.url());
    for size in [3000, 100_000] {
        let body = format!(
            "--b\r\nContent-Disposition: form-data; name=\"statement_file\"; filename=\"s\"\r\n\r\n{}\r\n--b--\r\n",
            "x".repeat(size)
        );
        let client = world.bank_partner.http_client();
        let answer =
            client.post_signed_bytes(&url, body.into_bytes(), "multipart/form-data; boundary=b").await;
        assert!(
            matches!(answer, Err(platform::CallError::Rejected { status: 413, .. })),
            "{size}: {answer:?}"
        );
    }
    // Too much is too much before anybody asks who sent it.
    let anonymous = world.bridge.anonymous();
    let large = "x".repeat(100_000);
    let reply = anonymous.post_bytes("/upload_mt940", "multipart/form-data; boundary=b", large).await;
    assert_eq!(reply.status, 413);
}

#[tokio::test]
async fn a_statement_may_come_while_the_bank_has_not_answered_yet() {
    let world = World::start().await;
    world.bank.books().pay = crate::bank::Pay::Late(std::time::Duration::from_millis(900));
    let id = world.envelope(1, "10.00", &today()).await;
    world.create(&payments(&id, "A", 1, "10.00")).await;
    testkit::wait_until("the bank has it", crate::world::LIMIT, || world.bank.books().payments.len() == 1)
        .await;
    assert_eq!(world.states(&id).await[0].1, "SENDING");
    world.statement(&[("D", "A0000000", "10.00")]).await;
    world.wait_state(&id, "FINISHED").await;
    assert_eq!(world.states(&id).await[0].1, "PAID");
    assert_eq!(world.bank.books().arrivals["A0000000"], 1);
    world.check().await;
}

#[tokio::test]
async fn a_second_reversal_under_another_reference_of_the_bank_is_a_problem() {
    let world = World::start().await;
    let id = paying(&world, "A", 1).await;
    world.statement(&[("D", "A0000000", "10.00"), ("RD", "A0000000", "10.00")]).await;
    world.wait_state(&id, "FINISHED").await;
    let again = statement("AGAIN", &[("RD", "A0000000", "10.00")]).replace("//RDA0000000", "//ANOTHER");
    world.upload(&again).await;
    world.bridge_statements_done().await;
    assert_eq!(world.problems().await, [("A0000000".to_owned(), "INVALID_REVERSAL".to_owned())]);
    assert_eq!(world.states(&id).await[0].1, "REVERSED");
    world.check().await;
}

#[tokio::test]
async fn a_payment_that_is_asked_for_twice_has_each_line_once() {
    let world = World::start().await;
    paying(&world, "A", 1).await;
    world.upload(&statement("BACK", &[("RD", "A0000000", "10.00")])).await;
    world.bridge_statements_done().await;
    let status = world.call("get_disbursement_status", &json!(["A0000000", "A0000000"])).await.json();
    let items = status["response_body"]["response_payload"].as_array().unwrap();
    let lines = |item: &Value| {
        let records = &item["disbursement_recon_records"]["disbursement_error_recon_payloads"];
        records.as_array().unwrap().len()
    };
    assert_eq!(items.iter().map(lines).collect::<Vec<_>>(), [1, 1]);
}
