//! The G2P-Connect disburse API on the same core, as a payer's system uses it.

use platform::{Mode, Policy};
use serde_json::{Value, json};
use storage::sql;
use testkit::{TestPartner, unique, wait_for};

use crate::world::{ACCOUNT, LIMIT, World, day, now};

pub fn message(sender: &str, action: &str, count: usize, message: &Value) -> Value {
    json!({"header": {"version": "1.0.0", "message_id": unique("m"), "message_ts": now(), "action": action,
               "sender_id": sender, "receiver_id": "pymts.example.org", "total_count": count},
           "message": message})
}

pub fn item(reference: &str, amount: &str) -> Value {
    json!({"reference_id": reference, "payer_fa": "program:PROG@example-bank",
        "payee_fa": format!("token:{reference}@national-id"), "amount": amount})
}

pub fn disburse(sender: &str, transaction: &str, items: &[Value]) -> Value {
    let body = json!({"transaction_id": transaction, "disbursements": items});
    message(sender, "disburse", items.len(), &body)
}

pub async fn send(partner: &TestPartner, body: &Value) -> Value {
    partner.post_signed("/disburse/sync/disburse", body).await.expect_status(200).json()
}

/// Reference, status and code of each result.
pub fn results(reply: &Value) -> Vec<(String, String, String)> {
    let list = reply["message"]["disbursements_status"].as_array();
    let text = |v: &Value| v.as_str().unwrap_or("-").to_owned();
    list.unwrap_or_else(|| panic!("no results in {reply}"))
        .iter()
        .map(|r| (text(&r["reference_id"]), text(&r["status"]), text(&r["status_reason_code"])))
        .collect()
}

pub fn expect(wanted: &[(&str, &str, &str)]) -> Vec<(String, String, String)> {
    wanted.iter().map(|(r, s, c)| ((*r).to_owned(), (*s).to_owned(), (*c).to_owned())).collect()
}

pub async fn status(partner: &TestPartner, kind: &str, value: &Value) -> Value {
    let body = json!({"transaction_id": unique("q"), "txnstatus_request": {"reference_id": "q", "txn_type": "disburse",
        "attribute_type": kind, "attribute_value": value}});
    let body = message(partner.id(), "search", 1, &body);
    let reply = partner.post_signed("/disburse/sync/txn/status", &body).await.expect_status(200).json();
    assert_eq!(reply["message"]["txnstatus_response"]["txn_type"], "on-disburse", "{reply}");
    json!({"message": reply["message"]["txnstatus_response"]["txn_status"]})
}

async fn search(partner: &TestPartner, criteria: &[Value]) -> Value {
    let body = json!({"transaction_id": unique("s"), "search_criteria": criteria});
    let body = message(partner.id(), "search", criteria.len(), &body);
    let reply = partner.post_signed("/disburse/sync/search", &body).await.expect_status(200).json();
    assert_eq!(reply["header"]["action"], "on-search");
    reply
}

async fn counted(world: &World, table: &str) -> i64 {
    let query = format!("SELECT count(*) FROM {table}");
    sql::scalar(world.db().conn(), &query, []).await.unwrap().unwrap()
}

/// The ids under which the payments of this sender go to the bank.
async fn ids(world: &World) -> Vec<(String, String)> {
    #[derive(sea_orm::FromQueryResult)]
    struct Row {
        reference_id: String,
        disbursement_id: String,
    }
    let query = "SELECT reference_id, disbursement_id FROM disburse_orders WHERE disbursement_id IS NOT NULL
                  ORDER BY reference_id";
    let rows: Vec<Row> = sql::fetch_all(world.db().conn(), query, []).await.unwrap();
    rows.into_iter().map(|r| (r.reference_id, r.disbursement_id)).collect()
}

#[tokio::test]
async fn what_a_message_asks_for_is_paid_once_and_told_by_transaction_reference_and_address() {
    let world = World::start().await;
    let spp = world.bridge.partner("SPP", &["bridge:call"]).await;
    let items = [item("R1", "1000.00"), item("R2", "0.5"), item("R3", "7.25")];
    let mut sent = disburse("SPP", "T1", &items);
    sent["message"]["disbursements"][2]["payer_fa"] = json!(format!("account:{ACCOUNT}@Example_Bank"));
    let reply = send(&spp, &sent).await;
    assert_eq!(reply["header"]["action"], "on-disburse");
    assert_eq!(
        (&reply["header"]["total_count"], &reply["header"]["completed_count"]),
        (&json!(3), &json!(0))
    );
    assert_eq!(results(&reply), expect(&[("R1", "rcvd", "-"), ("R2", "rcvd", "-"), ("R3", "rcvd", "-")]));
    assert_eq!(reply["message"]["disbursements_status"][1]["amount"], "0.50");
    world.wait_sent(3).await;
    let paid: Vec<String> = world.bank.books().payments.values().cloned().collect();
    for amount in ["1000.00", "0.50", "7.25"] {
        assert!(paid.iter().any(|p| p == amount), "{amount} in {paid:?}");
    }
    assert_eq!(
        results(&status(&spp, "transaction_id", &json!("T1")).await),
        expect(&[("R1", "pdng", "-"), ("R2", "pdng", "-"), ("R3", "pdng", "-")])
    );
    let ids = ids(&world).await;
    world
        .statement(&[("D", &ids[0].1, "1000.00"), ("D", &ids[1].1, "0.50"), ("RD", &ids[1].1, "0.50")])
        .await;
    let told = wait_for("the statement", LIMIT, || async {
        let told = status(&spp, "reference_id_list", &json!(["R2", "R1", "R9"])).await;
        (told["message"]["disbursements_status"][0]["status"] == "rjct").then_some(told)
    })
    .await;
    assert_eq!(
        results(&told),
        expect(&[
            ("R2", "rjct", "rjct.payee_fa.invalid"),
            ("R1", "succ", "-"),
            ("R9", "rjct", "rjct.reference_id.invalid")
        ])
    );
    assert_eq!(told["message"]["disbursements_status"][0]["status_reason_message"], "ACCOUNT_CLOSED");

    let by = |kind: &str, value: &str, reference: &str| {
        json!({"reference_id": reference, "timestamp": now(), "request_type": "disburse", "attribute_type": kind,
            "attribute_value": value})
    };
    let found = search(
        &spp,
        &[
            by("payee_fa", "TOKEN:R1@national-id", "s1"),
            by("payee_fa", "token:R7@national-id", "s2"),
            by("payer_fa", "program:PROG@example-bank", "s3"),
            by("mobile", "1", "s4"),
            by("payee_fa", "", "s5"),
            by("payee_fa", "token:R1@national-id", "s1"),
        ],
    )
    .await;
    assert_eq!(
        results(&found),
        expect(&[
            ("R1", "succ", "-"),
            ("s2", "rjct", "rjct_srch_reference_id.not_found"),
            ("R1", "succ", "-"),
            ("R2", "rjct", "rjct.payee_fa.invalid"),
            ("s4", "rjct", "rjct.attribute_type.invalid"),
            ("s5", "rjct", "rjct.srch_payee_fa.invalid"),
            ("s1", "rjct", "rjct.reference_id.duplicate"),
        ])
    );
    world.check().await;
}

#[tokio::test]
async fn a_wrong_item_is_refused_with_its_code_and_the_others_are_paid() {
    let world = World::start().await;
    let spp = world.bridge.partner("SPP", &["bridge:call"]).await;
    world
        .program(
            "DIRECT",
            &json!({"id_mapper_resolution_required": false, "sponsor_bank_account_number": "S-2"}),
        )
        .await;
    let with = |reference: &str, name: &str, value: Value| {
        let mut item = item(reference, "10.00");
        item[name] = value;
        item
    };
    let items = [
        item("ok", "10.00"),
        with("a1", "amount", json!("10")),
        with("a2", "amount", json!(10.5)),
        with("a3", "amount", json!("10.005")),
        with("a4", "amount", json!("NaN")),
        with("a5", "amount", json!("0.00")),
        with("p1", "payer_fa", json!("program:NOBODY@example-bank")),
        with("p2", "payer_fa", json!("program:PROG@other-bank")),
        with("e1", "payee_fa", json!("nowhere")),
        with("e2", "payer_fa", json!("program:DIRECT@example-bank")),
        with("c1", "currency_code", json!("USD")),
        with("s1", "scheduled_timestamp", json!("2020-01-01T00:00:00Z")),
        with("s2", "scheduled_timestamp", json!("soon")),
        with("", "note", json!("x")),
        item("twice", "1.00"),
        item("twice", "2.00"),
        json!("no item at all"),
    ];
    let reply = send(&spp, &disburse("SPP", "T1", &items)).await;
    assert_eq!(
        results(&reply),
        expect(&[
            ("ok", "rcvd", "-"),
            ("a1", "rjct", "rjct.amount.invalid"),
            ("a2", "rjct", "rjct.amount.invalid"),
            ("a3", "rjct", "rjct.amount.invalid"),
            ("a4", "rjct", "rjct.amount.invalid"),
            ("a5", "rjct", "rjct.amount.invalid"),
            ("p1", "rjct", "rjct.payer_fa.invalid"),
            ("p2", "rjct", "rjct.payer_fa.invalid"),
            ("e1", "rjct", "rjct.payee_fa.invalid"),
            ("e2", "rjct", "rjct.payee_fa.invalid"),
            ("c1", "rjct", "rjct.currency_code.invalid"),
            ("s1", "rjct", "rjct.schedule_ts.invalid"),
            ("s2", "rjct", "rjct.schedule_ts.invalid"),
            ("", "rjct", "rjct.reference_id.invalid"),
            ("twice", "rjct", "rjct.reference_id.duplicate"),
            ("twice", "rjct", "rjct.reference_id.duplicate"),
            ("", "rjct", "rjct.reference_id.invalid"),
        ])
    );
    assert_eq!(reply["header"]["completed_count"], 16);
    world.wait_sent(1).await;
    assert_eq!(counted(&world, "disbursements").await, 1);
    // What was refused is told afterwards, too, and may come again put right.
    let told = status(&spp, "reference_id_list", &json!(["a2", "twice"])).await;
    assert_eq!(
        results(&told),
        expect(&[("a2", "rjct", "rjct.amount.invalid"), ("twice", "rjct", "rjct.reference_id.duplicate")])
    );
    let again = send(&spp, &disburse("SPP", "T1", &[item("ok", "10.00"), item("a2", "10.50")])).await;
    assert_eq!(results(&again)[1].1, "rcvd");
    world.wait_sent(2).await;
    assert_eq!(results(&status(&spp, "reference_id_list", &json!(["a2"])).await)[0].1, "pdng");
    world.check().await;
}

#[tokio::test]
async fn a_message_that_comes_again_pays_nothing_twice_and_a_used_reference_nothing_at_all() {
    let world = World::start().await;
    let spp = world.bridge.partner("SPP", &["bridge:call"]).await;
    let other = world.bridge.partner("OTHER", &["bridge:call"]).await;
    let tomorrow = json!(format!("{}T09:00:00+03:00", day(1)));
    let mut items = vec![item("R1", "10.00"), item("R2", "20.00")];
    for item in &mut items {
        item["scheduled_timestamp"] = tomorrow.clone();
    }
    let sent = disburse("SPP", "T1", &items);
    let first = send(&spp, &sent).await;
    assert_eq!(send(&spp, &sent).await, first, "the same message has the same answer");
    let again = send(&spp, &disburse("SPP", "T1", &items)).await;
    assert_eq!(results(&again), results(&first), "and so has the same transaction in another message");
    // Twenty at once, none of whom was answered.
    let clients = (0..20).map(|_| {
        let body = disburse("SPP", "T2", &[item("R3", "5.00"), item("R4", "5.00")]);
        let spp = &spp;
        async move { results(&send(spp, &body).await) }
    });
    for answer in futures_util::future::join_all(clients).await {
        assert!(answer.iter().all(|r| r.1 == "rcvd" || r.1 == "pdng"), "{answer:?}");
    }
    assert_eq!((counted(&world, "disbursements").await, counted(&world, "envelopes").await), (4, 2));
    // The day of the payments of the first transaction is the one that was asked for.
    let dates: Vec<String> =
        sql::scalars(world.db().conn(), "SELECT DISTINCT schedule_date::text FROM envelopes ORDER BY 1", [])
            .await
            .unwrap();
    assert_eq!(dates, [day(0), day(1)]);

    let mut changed = items.clone();
    changed[0]["amount"] = json!("11.00");
    let reply = send(&spp, &disburse("SPP", "T1", &changed)).await;
    assert_eq!(
        results(&reply),
        expect(&[("R1", "rjct", "rjct.reference_id.duplicate"), ("R2", "rcvd", "-")])
    );
    let elsewhere = send(&spp, &disburse("SPP", "T9", &items)).await;
    assert!(results(&elsewhere).iter().all(|r| r.2 == "rjct.reference_id.duplicate"));
    assert_eq!(results(&status(&spp, "transaction_id", &json!("T1")).await).len(), 2);
    assert_eq!(results(&status(&spp, "reference_id_list", &json!(["R1"])).await)[0].1, "rcvd");
    // References are each sender's own, and so is what is told of them.
    assert_eq!(results(&status(&other, "transaction_id", &json!("T1")).await), expect(&[]));
    assert_eq!(results(&send(&other, &disburse("OTHER", "T1", &items)).await)[0].1, "rcvd");
    assert_eq!(counted(&world, "disbursements").await, 6);
    world.check().await;
}

#[tokio::test]
async fn strict_partners_are_held_to_the_specification_and_others_served_as_they_write() {
    let world = World::start().await;
    let spp = world.bridge.partner("SPP", &["bridge:call"]).await;
    let refused = async |change: &dyn Fn(&mut Value)| {
        let mut sent = disburse("SPP", "T1", &[item("R1", "10.00")]);
        change(&mut sent);
        let reply = send(&spp, &sent).await;
        assert_eq!(reply["header"]["status"], "rjct", "{reply}");
        reply["header"]["status_reason_code"].as_str().unwrap().to_owned()
    };
    assert_eq!(refused(&|m| m["header"]["action"] = json!("link")).await, "rjct.action.not_supported");
    assert_eq!(refused(&|m| m["header"]["total_count"] = json!(2)).await, "rjct.total_count.invalid");
    assert_eq!(refused(&|m| m["header"]["version"] = json!("2.0.0")).await, "rjct.version.invalid");
    let mut unsigned = disburse("SPP", "T1", &[item("R1", "10.00")]);
    let reply = world.bridge.anonymous().post("/disburse/sync/disburse", &unsigned).await.expect_status(200);
    assert_eq!(reply.json()["header"]["status"], "rjct");
    unsigned["message"]["transaction_id"] = json!("t".repeat(100));
    spp.post_signed("/disburse/sync/disburse", &unsigned).await.expect_status(400);
    let reader = world.bridge.partner("READER", &["bridge:read"]).await;
    let unread = disburse("READER", "T", &[item("R1", "1.00")]);
    reader.post_signed("/disburse/sync/disburse", &unread).await.expect_status(403);
    assert_eq!(counted(&world, "disburse_orders").await, 0);

    let policy = Policy { permissions: ["bridge:call".to_owned()].into(), ..Policy::default() };
    world.bridge.partner_with("OLD", Mode::Compat, policy).await;
    // As the published document has it: its own list of required members, and another operation's action.
    let mut sent = disburse("OLD", "T1", &[item("R1", "10"), item("R2", "2.5")]);
    sent["header"]["action"] = json!("search");
    sent["header"]["message_id"] = json!("string");
    sent["header"]["message_ts"] = json!("string");
    sent["header"]["total_count"] = json!(0);
    sent["message"]["disburemsents"] = sent["message"]["disbursements"].clone();
    let post = async |body: &Value| {
        world
            .bridge
            .anonymous()
            .post("/api/g2p-bridge/disburse/sync/disburse", body)
            .await
            .expect_status(200)
            .json()
    };
    let reply = post(&sent).await;
    assert_eq!(reply["header"]["action"], "on-search");
    assert_eq!(results(&reply), expect(&[("R1", "rcvd", "-"), ("R2", "rcvd", "-")]));
    sent["message"].as_object_mut().unwrap().remove("disbursements");
    assert_eq!(results(&post(&sent).await).len(), 2, "the misspelt name alone");
    assert_eq!(counted(&world, "disbursements").await, 2);
    world.check().await;
}

#[tokio::test]
async fn an_account_that_pays_for_two_programmes_names_neither() {
    let world = World::start().await;
    let spp = world.bridge.partner("SPP", &["bridge:call"]).await;
    world.program("SECOND", &json!({"sponsor_bank_account_currency": "JPY"})).await;
    let mut by_account = item("R1", "10.00");
    by_account["payer_fa"] = json!(format!("account:{ACCOUNT}@example-bank"));
    let (mut yen, mut sen) = (item("R2", "100.00"), item("R3", "100.50"));
    for item in [&mut yen, &mut sen] {
        item["payer_fa"] = json!("program:second@EXAMPLE_BANK");
    }
    let reply = send(&spp, &disburse("SPP", "T1", &[by_account, yen, sen])).await;
    assert_eq!(
        results(&reply),
        expect(&[
            ("R1", "rjct", "rjct.payer_fa.invalid"),
            ("R2", "rcvd", "-"),
            ("R3", "rjct", "rjct.amount.invalid")
        ])
    );
    assert_eq!(reply["message"]["disbursements_status"][1]["amount"], "100.00");
    let minor: Option<i64> =
        sql::scalar(world.db().conn(), "SELECT amount_minor FROM disbursements", []).await.unwrap();
    assert_eq!(minor, Some(100), "yen have no fraction, and zeros are none");
    let hidden = reply["message"]["disbursements_status"][0]["status_reason_message"].as_str().unwrap();
    assert!(hidden.contains("program:MNEMONIC@BANK"), "{hidden}");
}
