//! The statement of an envelope: what it says, that it is the same bytes each time, and that it is signed.

use g2p_bridge::app::envelope_statement::Manifest;
use g2p_crypto::{Jwks, sha256_hex, verify_attached};
use serde_json::{Value, json};
use storage::sql;
use testkit::Reply;

use crate::world::{World, payments, today};

async fn get(world: &World, envelope: &str, file: &str) -> Reply {
    let path = format!("/api/v1/envelopes/{envelope}/{file}");
    world.driver.session().get(&path).await.expect_status(200)
}

/// The line of the totals: payments and amount.
fn total<'t>(text: &'t str, what: &str) -> (&'t str, &'t str) {
    let line = text
        .lines()
        .find(|line| line.starts_with(&format!("{what},")))
        .unwrap_or_else(|| panic!("{what}: {text}"));
    let mut cells = line.split(',').skip(1);
    (cells.next().unwrap(), cells.next().unwrap())
}

/// Ten payments: one refused by the mapper, one by the bank, six paid of which one came back, two that no statement shows.
async fn lived() -> (World, String) {
    let world = World::start().await;
    world.bank.books().refused_accounts.push("5555".to_owned());
    let closed = "account_number:5555.bank_code:EXBK.fa_type:BANK_ACCOUNT";
    world.mapper.directory().addresses.insert("payee-5".to_owned(), closed.to_owned());
    let id = world.envelope(10, "1001.00", &today()).await;
    let mut rows = payments(&id, "A", 10, "100.10");
    rows[9]["beneficiary_id"] = json!("none-9");
    world.create(&rows).await;
    world.wait_sent(8).await;
    let line = |n: usize| ("D".to_owned(), format!("A{n:07}"), "100.10".to_owned());
    let mut lines: Vec<_> = [0, 1, 2, 3, 4, 6].into_iter().map(line).collect();
    lines.push(("RD".to_owned(), "A0000003".to_owned(), "100.10".to_owned()));
    let lines: Vec<(&str, &str, &str)> =
        lines.iter().map(|(m, p, a)| (m.as_str(), p.as_str(), a.as_str())).collect();
    world.statement(&lines).await;
    world
        .wait_view(&id, "five paid and one back", |view| {
            let sums = view["payments"].as_array().unwrap();
            let count = |state: &str| {
                sums.iter().find(|s| s["state"] == state).map_or(&Value::Null, |s| &s["count"]).clone()
            };
            count("PAID") == 5 && count("REVERSED") == 1
        })
        .await;
    (world, id)
}

#[tokio::test]
async fn a_statement_says_what_became_of_every_payment_and_equals_the_bank() {
    let (world, id) = lived().await;
    let reply = get(&world, &id, "statement.csv").await;
    let text = reply.text.clone();
    assert_eq!(total(&text, "declared"), ("10", "1001.00"));
    assert_eq!(total(&text, "approved"), ("10", "1001.00"));
    assert_eq!(total(&text, "paid"), ("5", "500.50"));
    assert_eq!(total(&text, "reversed"), ("1", "100.10"));
    assert_eq!(total(&text, "rejected before sending"), ("1", "100.10"));
    assert_eq!(total(&text, "rejected by the bank"), ("1", "100.10"));
    assert_eq!(total(&text, "open"), ("2", "200.20"));
    assert_eq!(total(&text, "blocked"), ("", "900.90"));
    assert_eq!(total(&text, "unspent"), ("", "200.20"));
    assert_eq!(total(&text, "debits on bank statements"), ("6", "600.60"));
    assert_eq!(total(&text, "reversals on bank statements"), ("1", "100.10"));
    assert!(text.contains("\r\nfigures of the bridge add up,yes\r\n"), "{text}");
    assert!(text.contains("\r\nequals the bank statements on file,yes\r\n"), "{text}");
    assert!(!text.contains("SPONSOR-1"), "the account is masked");
    let (_, rows) = text.split_once("disbursement_id,beneficiary_id,amount,").unwrap();
    assert_eq!(rows.lines().count(), 11, "{rows}");
    let row = |n: usize| rows.lines().find(|line| line.starts_with(&format!("A{n:07},"))).unwrap();
    assert!(row(0).starts_with("A0000000,payee-0,100.10,PAID,,DA0000000,20"), "{}", row(0));
    assert!(row(3).contains("REVERSED,ACCOUNT_CLOSED,DA0000003,20") && !row(3).ends_with(','), "{}", row(3));
    assert!(row(5).contains("REJECTED,BANK_REJECTED:ACCOUNT_CLOSED,,,"), "{}", row(5));
    assert!(row(9).contains("REJECTED,NO_FINANCIAL_ADDRESS"), "{}", row(9));

    // The same bytes again, signed with the key that everybody can fetch.
    assert_eq!(get(&world, &id, "statement.csv").await.text, text);
    let keys: Jwks =
        serde_json::from_value(world.bridge.anonymous().get("/.well-known/jwks.json").await.json()).unwrap();
    let beside = get(&world, &id, "statement.csv.jws").await.text;
    for signature in [beside.as_str(), reply.headers["statement-signature"].to_str().unwrap()] {
        let signed = verify_attached(signature, &keys).unwrap();
        let manifest: Manifest = serde_json::from_slice(&signed.payload).unwrap();
        assert_eq!((manifest.sha256, manifest.bytes), (sha256_hex(text.as_bytes()), text.len() as u64));
        assert_eq!((manifest.paid.as_str(), manifest.agrees_with_bank), ("500.50", true));
    }
}

#[tokio::test]
async fn a_difference_to_the_bank_is_named() {
    let (world, id) = lived().await;
    // Sums that agree by chance are not enough: the debit is another payment's.
    let forged = "UPDATE statement_lines SET payment_ref = 'A0000007' WHERE payment_ref = 'A0000000'";
    sql::execute(world.db().conn(), forged, []).await.unwrap();
    let text = get(&world, &id, "statement.csv").await.text;
    assert!(text.contains("\r\nequals the bank statements on file,no\r\n"), "{text}");
    assert_eq!(total(&text, "difference of debits"), ("0", "0.00"));
    assert_eq!(total(&text, "payments that differ from the bank"), ("2", "200.20"));
    // And an amount that is another one.
    let forged = "UPDATE statement_lines SET amount_minor = amount_minor + 5 WHERE payment_ref = 'A0000001'";
    sql::execute(world.db().conn(), forged, []).await.unwrap();
    let text = get(&world, &id, "statement.csv").await.text;
    assert!(text.contains("\r\nequals the bank statements on file,no\r\n"), "{text}");
    assert_eq!(total(&text, "difference of debits"), ("0", "0.05"));
    assert_eq!(total(&text, "difference of reversals"), ("0", "0.00"));
    assert_eq!(total(&text, "payments that differ from the bank"), ("3", "300.30"));
}

#[tokio::test]
async fn a_statement_can_be_had_on_paper_at_every_stage() {
    let world = World::start().await;
    let id = world.envelope(2, "20.00", &today()).await;
    let client = world.driver.session();
    for path in ["statement.csv", "statement.csv.jws", "statement.pdf"] {
        let path = format!("/api/v1/envelopes/nowhere/{path}");
        client.get(&path).await.expect_status(404);
        world.bridge.anonymous().get(&path).await.expect_status(401);
    }
    let bytes = get(&world, &id, "statement.pdf").await;
    assert!(bytes.text.starts_with("%PDF-1.7"));
    assert!(get(&world, &id, "statement.csv").await.text.contains("\r\ndeclared,2,20.00\r\n"));
    // Another role sees nothing.
    world
        .bridge
        .user("helpdesk")
        .get(&format!("/api/v1/envelopes/{id}/statement.pdf"))
        .await
        .expect_status(403);
    let name = json!([{"id": id}]);
    assert_eq!(world.code("cancel_disbursement_envelope", &name).await, "SUCCESS");
    let text = get(&world, &id, "statement.csv").await.text;
    assert!(text.contains("\r\nstate,CANCELLED\r\n") && text.contains("add up,yes"), "{text}");
}
