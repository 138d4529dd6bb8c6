//! Each payment once, whatever the bank and our own processes do.

use std::time::Duration;

use serde_json::{Value, json};
use storage::sql;
use testkit::wait_until;

use crate::{
    bank::Pay,
    world::{LIMIT, World, payments, today},
};

#[tokio::test]
async fn an_envelope_goes_its_whole_way() {
    let world = World::start().await;
    let id = world.envelope(10, "1001.00", &today()).await;
    let rows = payments(&id, "A", 10, "100.10");
    world.create(&rows[..6]).await;
    assert_eq!(world.view(&id).await["state"], "RECEIVING");
    world.create(&rows[6..]).await;
    world.wait_state(&id, "PAYING").await;
    world.wait_sent(10).await;
    {
        let books = world.bank.books();
        assert_eq!(
            books.blocks.values().next().unwrap().1,
            "1001.00",
            "exactly what is to be paid is blocked"
        );
        assert!(books.payments.values().all(|amount| amount == "100.10"), "{:?}", books.payments);
        assert!(books.arrivals.values().all(|n| *n == 1));
    }
    let lines: Vec<(String, String)> = (0..10).map(|n| (format!("A{n:07}"), "100.10".to_owned())).collect();
    let debits: Vec<(&str, &str, &str)> =
        lines.iter().map(|(id, a)| ("D", id.as_str(), a.as_str())).collect();
    world.statement(&debits).await;
    let view = world.wait_state(&id, "FINISHED").await;
    assert_eq!(view["payments"], json!([{"state": "PAID", "count": 10, "amount": "1001.00"}]));
    assert_eq!(view["released_amount"], "1.50");
    assert_eq!(world.bank.books().releases.len(), 1);
    // A reversal may come after the end; the block is looked at once more.
    world.statement(&[("RD", "A0000003", "100.10")]).await;
    world.wait_view(&id, "a reversal", |view| view["payments"][1]["state"] == "REVERSED").await;
    assert_eq!(world.states(&id).await[3].2.as_deref(), Some("ACCOUNT_CLOSED"));
    wait_until("a second release", LIMIT, || world.bank.books().releases.len() == 2).await;
    world.bridge.settled().await;
    world.check().await;

    let history = world.driver.session().get("/api/v1/disbursements/A0000003/history").await.json();
    let states: Vec<&str> =
        history["items"].as_array().unwrap().iter().map(|e| e["after"].as_str().unwrap()).collect();
    assert_eq!(states, ["RECEIVED", "RESOLVED", "SENDING", "ACCEPTED", "PAID", "REVERSED"]);
    assert_eq!(history["items"][0]["actor"], "partner:PBMS");
    let events: Vec<Value> = sql::scalars(
        world.db().conn(),
        "SELECT payload FROM outbox WHERE topic = 'g2p-bridge.disbursements.changed.v1' ORDER BY seq",
        [],
    )
    .await
    .unwrap();
    let told: Vec<&str> = events
        .iter()
        .flat_map(|e| e["items"].as_array().unwrap())
        .filter(|item| item["disbursement_id"] == "A0000003")
        .map(|item| item["state"].as_str().unwrap())
        .collect();
    assert_eq!(told, ["ACCEPTED", "PAID", "REVERSED"]);
}

#[tokio::test]
async fn an_answer_that_comes_too_late_leads_to_an_inquiry_and_never_to_a_second_sending() {
    let world = World::start().await;
    world.bank.books().pay = Pay::Late(Duration::from_secs(3));
    let id = world.envelope(6, "60.00", &today()).await;
    world.create(&payments(&id, "B", 6, "10.00")).await;
    world.wait_sent(6).await;
    let (inquiries, arrivals) = {
        let books = world.bank.books();
        (books.inquiries, books.arrivals.clone())
    };
    assert!(inquiries > 0);
    assert!(arrivals.values().all(|n| *n == 1), "{arrivals:?}");
    world.check().await;
}

#[tokio::test]
async fn an_error_after_the_bank_acted_is_not_a_failure() {
    let world = World::start().await;
    world.bank.books().pay = Pay::ErrorAfter;
    let id = world.envelope(5, "50.00", &today()).await;
    world.create(&payments(&id, "B", 5, "10.00")).await;
    world.wait_sent(5).await;
    assert!(world.bank.books().arrivals.values().all(|n| *n == 1));
    world.check().await;
}

#[tokio::test]
async fn what_the_bank_does_not_know_is_sent_again_under_the_same_key() {
    let world = World::start().await;
    world.bank.books().pay = Pay::ErrorBefore;
    let id = world.envelope(3, "30.00", &today()).await;
    world.create(&payments(&id, "B", 3, "10.00")).await;
    wait_until("it was tried twice", LIMIT, || world.bank.books().arrivals.values().any(|n| *n >= 2)).await;
    assert_eq!(world.view(&id).await["problem"], "BANK_GAVE_NO_ANSWER");
    world.bank.books().pay = Pay::Good;
    world.wait_sent(3).await;
    assert_eq!(world.bank.books().payments.len(), 3);
    world.check().await;
}

#[tokio::test]
async fn while_the_bank_cannot_be_asked_nothing_is_sent_again() {
    let world = World::start().await;
    world.bank.books().pay = Pay::Half;
    world.bank.books().inquiry_works = false;
    let id = world.envelope(4, "40.00", &today()).await;
    world.create(&payments(&id, "B", 4, "10.00")).await;
    wait_until("the bank was asked in vain", LIMIT, || world.bank.books().inquiries >= 3).await;
    assert!(world.bank.books().arrivals.values().all(|n| *n == 1));
    let mut states: Vec<String> = world.states(&id).await.into_iter().map(|s| s.1).collect();
    states.sort();
    assert_eq!(states, ["ACCEPTED", "ACCEPTED", "UNKNOWN", "UNKNOWN"]);
    // A statement is evidence enough, whatever the bank says or does not say.
    world.statement(&[("D", "B0000001", "10.00")]).await;
    world.wait_view(&id, "paid", |view| view.to_string().contains("PAID")).await;
    world.bank.books().pay = Pay::Good;
    world.bank.books().inquiry_works = true;
    world.wait_sent(4).await;
    let arrivals = world.bank.books().arrivals.clone();
    assert_eq!(arrivals["B0000003"], 2, "asked for, not known, sent again");
    assert_eq!(arrivals["B0000001"], 1, "paid by the statement, never sent again");
    world.check().await;
}

#[tokio::test]
async fn a_process_that_dies_while_sending_leaves_questions_and_no_second_payment() {
    let world = World::start().await;
    world.bank.books().pay = Pay::ErrorBefore;
    world.bank.books().inquiry_works = false;
    let id = world.envelope(8, "80.00", &today()).await;
    world.create(&payments(&id, "K", 8, "10.00")).await;
    wait_until("all were sent once", LIMIT, || world.bank.books().arrivals.len() == 8).await;
    // What a SIGKILL between the intent and the answer leaves behind; the bank had acted on the first three.
    let world = world
        .restart(
            |db| async move {
                for statement in [
                    "UPDATE payment_attempts SET state = 'SENDING', answered_at = NULL, reason = NULL",
                    "INSERT INTO envelope_tally (envelope_id, state, count, amount_minor)
                     SELECT envelope_id, 'UNKNOWN', -count(*), -sum(amount_minor) FROM disbursements GROUP BY 1
                     UNION ALL SELECT envelope_id, 'SENDING', count(*), sum(amount_minor) FROM disbursements GROUP BY 1",
                    "UPDATE disbursements SET state = 'SENDING', reason = NULL",
                ] {
                    sql::execute(db.conn(), statement, []).await.unwrap();
                }
            },
            |_| {},
        )
        .await;
    {
        let mut books = world.bank.books();
        books.pay = Pay::Good;
        books.inquiry_works = true;
        for n in 0..3 {
            books.payments.insert(format!("K{n:07}"), "10.00".to_owned());
        }
        books.arrivals.clear();
    }
    world.wait_sent(8).await;
    let arrivals = world.bank.books().arrivals.clone();
    let sent: Vec<&str> = arrivals.keys().map(String::as_str).collect();
    assert_eq!(sent, ["K0000003", "K0000004", "K0000005", "K0000006", "K0000007"]);
    assert!(arrivals.values().all(|n| *n == 1));
    world.check().await;
}

#[tokio::test]
async fn a_payment_the_bank_refuses_ends_rejected_with_the_banks_reason() {
    let world = World::start().await;
    world
        .mapper
        .directory()
        .addresses
        .insert("payee-1".to_owned(), "account_number:66.bank_code:EXBK.fa_type:BANK_ACCOUNT".to_owned());
    world.bank.books().refused_accounts.push("66".to_owned());
    let id = world.envelope(2, "20.00", &today()).await;
    world.create(&payments(&id, "J", 2, "10.00")).await;
    world.wait_sent(1).await;
    let states = world.states(&id).await;
    assert_eq!(states[1].1, "REJECTED");
    assert_eq!(states[1].2.as_deref(), Some("BANK_REJECTED:ACCOUNT_CLOSED"));
    world.statement(&[("D", "J0000000", "10.00")]).await;
    world.wait_state(&id, "FINISHED").await;
    world.check().await;
}

#[tokio::test]
async fn without_funds_an_envelope_waits_says_so_and_goes_on_when_they_come() {
    let world = World::start().await;
    world.bank.books().funds = false;
    let id = world.envelope(1, "10.00", &today()).await;
    world.create(&payments(&id, "F", 1, "10.00")).await;
    world.wait_problem(&id, "FUNDS_NOT_AVAILABLE").await;
    let status = world.call("get_disbursement_envelope_status", &json!(id)).await.json();
    let status = &status["response_body"]["response_payload"];
    assert_eq!(status["funds_available_with_bank"], "FUNDS_NOT_AVAILABLE");
    assert_eq!(status["disbursement_envelope_status"], "FUNDING");
    world.bank.books().funds = true;
    let view = world.wait_state(&id, "PAYING").await;
    assert_eq!(view["problem"], Value::Null);
    assert_eq!(world.bank.books().blocks.len(), 1);
}

#[tokio::test]
async fn a_payment_that_shows_on_no_statement_is_asked_for_and_named() {
    let world = World::start_with(|loaded| loaded.service.statement_overdue_seconds = 1).await;
    let id = world.envelope(2, "20.00", &today()).await;
    world.create(&payments(&id, "O", 2, "10.00")).await;
    world.wait_sent(2).await;
    world.wait_problem(&id, "STATEMENT_OVERDUE").await;
    world.statement(&[("D", "O0000000", "10.00"), ("D", "O0000001", "10.00")]).await;
    world.wait_state(&id, "FINISHED").await;
}

#[tokio::test]
async fn an_envelope_nobody_could_fund_is_given_up_after_its_time_with_its_reason() {
    let world = World::start().await;
    world.bank.books().funds = false;
    let id = world.envelope(2, "20.00", &today()).await;
    world.create(&payments(&id, "Z", 2, "10.00")).await;
    world.wait_problem(&id, "FUNDS_NOT_AVAILABLE").await;
    let world = world.restart(|_| async {}, |loaded| loaded.common.clock_offset_seconds = 32 * 86_400).await;
    testkit::wait_for("the payments are given up", LIMIT, || async {
        let query = "SELECT count(*) FROM disbursements WHERE state = 'REJECTED' AND reason = 'EXPIRED:FUNDS_NOT_AVAILABLE'";
        let given_up: Option<i64> = sql::scalar(world.db().conn(), query, []).await.unwrap();
        (given_up == Some(2)).then_some(())
    })
    .await;
    assert!(world.bank.books().arrivals.is_empty());
    world.check().await;
}

#[tokio::test]
async fn currencies_without_and_with_three_decimals_are_exact_all_the_way() {
    let world = World::start().await;
    world.bank.books().released = "1";
    for (currency, amount, total, line, closing) in
        [("JPY", "1001", "2002", "1001,", "997998,"), ("KWD", "1.001", "2.002", "1,001", "999997,998")]
    {
        let account = format!("SPONSOR-{currency}");
        let program =
            json!({"sponsor_bank_account_number": account, "sponsor_bank_account_currency": currency});
        world.program(currency, &program).await;
        let mut envelope = crate::world::envelope(currency, 2, total, &today());
        envelope["measurement_unit"] = json!(currency);
        let made = world.call("create_disbursement_envelopes", &json!([envelope])).await.json();
        let id = made["response_body"]["response_payload"][0]["id"].as_str().unwrap().to_owned();
        let too_fine =
            payments(&id, currency, 2, &format!("{amount}{}1", if currency == "JPY" { "." } else { "" }));
        let code = world.code("create_disbursements", &json!(too_fine)).await;
        assert_eq!(code, "INVALID_DISBURSEMENT_PAYLOAD", "{currency}");
        world.create(&payments(&id, currency, 2, amount)).await;
        world.wait_state(&id, "PAYING").await;
        let keys = [format!("{currency}0000000"), format!("{currency}0000001")];
        wait_until("both are sent", LIMIT, || {
            keys.iter().all(|key| world.bank.books().payments.contains_key(key))
        })
        .await;
        {
            let books = world.bank.books();
            assert_eq!(books.blocks[&format!("{id}/block")].1, total);
            assert!(keys.iter().all(|key| books.payments[key] == amount), "{:?}", books.payments);
        }
        let opening = if currency == "JPY" { "1000000," } else { "1000000,000" };
        let lines: String =
            keys.iter().map(|key| format!(":61:2601020102D{line}NTRF{key}//B{key}\r\n:86:x\r\n")).collect();
        world
            .upload(&format!(
                ":20:S\r\n:25:{account}\r\n:28C:1/1\r\n:60F:C260101{currency}{opening}\r\n{lines}:62F:C260102{currency}{closing}\r\n"
            ))
            .await;
        let view = world.wait_state(&id, "FINISHED").await;
        assert_eq!(view["payments"], json!([{"state": "PAID", "count": 2, "amount": total}]));
    }
    world.check().await;
}
