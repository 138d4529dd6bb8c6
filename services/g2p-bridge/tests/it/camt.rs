//! Statements as ISO 20022 writes them: the same rules as for MT940.

use serde_json::json;

use crate::{
    statements::paying,
    world::{ACCOUNT, World, camt053, statement},
};

/// The statement as a notification: no balances.
fn camt054(text: &str) -> String {
    let (head, rest) = text.split_once("<Bal>").unwrap();
    let (_, entries) = rest.rsplit_once("</Bal>").unwrap();
    format!("{head}{entries}")
        .replace("BkToCstmrStmt", "BkToCstmrDbtCdtNtfctn")
        .replace("<Stmt>", "<Ntfctn>")
        .replace("</Stmt>", "</Ntfctn>")
        .replace("camt.053", "camt.054")
}

#[tokio::test]
async fn a_line_counts_once_in_whichever_format_it_comes_and_a_reversal_says_why() {
    let world = World::start().await;
    let id = paying(&world, "A", 4).await;
    let text = camt053("FIRST", &[("D", "A0000000", "10.00"), ("D", "A0000001", "10.00")]);
    let first = world.upload(&text).await;
    assert_eq!(first["header"]["status"], "succ");
    assert_eq!(world.upload(&text).await["message"], first["message"]);
    // A bank that notified a movement before, and one that changes from one format to the other.
    world
        .upload(&camt054(&camt053("SECOND", &[("D", "A0000001", "10.00"), ("D", "A0000002", "10.00")])))
        .await;
    world.upload(&statement("THIRD", &[("D", "A0000002", "10.00"), ("D", "A0000003", "10.00")])).await;
    world.upload(&camt053("FOURTH", &[("D", "A0000003", "10.00"), ("RD", "A0000001", "10.00")])).await;
    world.wait_state(&id, "FINISHED").await;
    world.bridge_statements_done().await;
    let states = world.states(&id).await;
    assert_eq!(states.iter().map(|s| s.1.as_str()).collect::<Vec<_>>(), ["PAID", "REVERSED", "PAID", "PAID"]);
    assert_eq!(states[1].2.as_deref(), Some("AC04"));
    assert!(world.problems().await.is_empty(), "{:?}", world.problems().await);
    let status = world.call("get_disbursement_status", &json!(["A0000001"])).await.json();
    let records = &status["response_body"]["response_payload"][0]["disbursement_recon_records"];
    assert_eq!(records["disbursement_recon_payloads"][0]["reversal_reason"], "AC04");
    world.check().await;
}

#[tokio::test]
async fn entries_that_contradict_us_or_cannot_be_read_are_problems_and_the_others_count() {
    let world = World::start().await;
    let id = paying(&world, "A", 5).await;
    // A reversal may come before its debit.
    world.upload(&camt053("EARLY", &[("RD", "A0000004", "10.00")])).await;
    world.bridge_statements_done().await;
    assert_eq!(world.problems().await, [("A0000004".to_owned(), "INVALID_REVERSAL".to_owned())]);
    let mixed = [
        ("D", "A0000000", "10.00"),
        ("D", "A0000001", "10.01"),
        ("D", "UNKNOWN", "10.00"),
        ("C", "NONREF", "500.00"),
        ("D", "A0000002", "10.00"),
        ("D", "A0000003", "10.00"),
        ("D", "A0000004", "10.00"),
    ];
    let text = camt053("MIXED", &mixed);
    let text = text.replace("<EndToEndId>A0000002", "<EndToEndId>A00&evil;2");
    let text = text.replace("<EndToEndId>A0000003", &format!("<EndToEndId>{}", "9".repeat(3900)));
    world.upload(&text).await;
    world.bridge_statements_done().await;
    let states: Vec<String> = world.states(&id).await.into_iter().map(|s| s.1).collect();
    assert_eq!(states, ["PAID", "ACCEPTED", "ACCEPTED", "ACCEPTED", "REVERSED"]);
    let problems: Vec<(String, String)> = world.problems().await;
    let unreadable = (String::new(), "STATEMENT_UPLOAD_ERROR".to_owned());
    assert_eq!(
        problems,
        [
            unreadable.clone(),
            unreadable,
            ("A0000001".to_owned(), "INVALID_DISBURSEMENT_AMOUNT".to_owned()),
            ("UNKNOWN".to_owned(), "INVALID_DISBURSEMENT_ID".to_owned()),
        ]
    );
    let twice = camt053("TWICE", &[("D", "A0000000", "10.00")]).replace("DA0000000", "ANOTHER");
    world.upload(&twice).await;
    world.bridge_statements_done().await;
    assert!(world.problems().await.contains(&("A0000000".to_owned(), "DUPLICATE_DISBURSEMENT".to_owned())));
    world.check().await;
}

#[tokio::test]
async fn balances_and_numbers_are_checked() {
    let world = World::start().await;
    let id = paying(&world, "A", 4).await;
    let send = async |text: String| {
        world.upload(&text).await;
        world.bridge_statements_done().await;
        world.problems().await.into_iter().map(|p| p.1).collect::<Vec<_>>()
    };
    let numbered = |number: u32, reference: &str, payment: &str| {
        // Each begins with what the one before it ended with.
        let opening = 1_000_000 + 70 - 10 * number;
        camt053(reference, &[("D", payment, "10.00")])
            .replace(">999990.00<", &format!(">{}.00<", opening - 10))
            .replace(">1000000.00<", &format!(">{opening}.00<"))
            .replace("<ElctrncSeqNb>1<", &format!("<ElctrncSeqNb>{number}<"))
    };
    let wrong = numbered(7, "SEVEN", "A0000000").replace(">1000000.00<", ">1000001.00<");
    assert_eq!(send(wrong).await, ["STATEMENT_BALANCES_DIFFER"]);
    assert!(world.states(&id).await.iter().all(|s| s.1 == "ACCEPTED"), "it books nothing");
    assert_eq!(send(numbered(7, "SEVEN", "A0000000")).await, ["STATEMENT_BALANCES_DIFFER"]);
    let with_gap = ["STATEMENT_BALANCES_DIFFER", "STATEMENT_GAP"];
    assert_eq!(send(numbered(9, "NINE", "A0000001")).await, with_gap);
    // A notification has numbers of its own: it fills no gap and makes none.
    assert_eq!(send(camt054(&numbered(20, "N20", "A0000002"))).await, with_gap);
    assert_eq!(send(numbered(8, "EIGHT", "A0000002")).await, ["STATEMENT_BALANCES_DIFFER"]);
    let reused = ["STATEMENT_BALANCES_DIFFER", "STATEMENT_NUMBER_REUSED"];
    assert_eq!(send(numbered(9, "NINE", "A0000003")).await, reused);
    world.wait_state(&id, "FINISHED").await;
    world.check().await;
}

#[tokio::test]
async fn xml_that_is_no_statement_or_would_define_things_is_refused() {
    let world = World::start().await;
    let good = camt053("S", &[]);
    for bad in [
        "<html><body>502 Bad Gateway</body></html>".to_owned(),
        good.replace("?>", "?><!DOCTYPE Document [<!ENTITY a \"aaaa\">]>"),
        good.replace(ACCOUNT, &"S".repeat(3900)),
    ] {
        assert_eq!(world.upload(&bad).await["response_error_code"], "STATEMENT_UPLOAD_ERROR");
    }
    let foreign = world.upload(&good.replace(ACCOUNT, "SOMEBODY-ELSE")).await;
    assert_eq!(foreign["response_error_code"], "INVALID_ACCOUNT_NUMBER");
    // What was read before the file broke off counts, and what is missing is shown.
    let id = paying(&world, "A", 2).await;
    let text = camt053("CUT", &[("D", "A0000000", "10.00"), ("D", "A0000001", "10.00")]);
    let cut = text.rfind("<EndToEndId>").unwrap();
    world.upload(&text[..cut]).await;
    world.bridge_statements_done().await;
    assert_eq!(world.problems().await, [(String::new(), "STATEMENT_UPLOAD_ERROR".to_owned())]);
    world.upload(&text).await;
    world.wait_state(&id, "FINISHED").await;
    world.check().await;
}
