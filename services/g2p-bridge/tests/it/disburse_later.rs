//! Asynchronous disburse messages: acknowledged, worked on, told to a registered address with a signature that holds.

use g2p_crypto::{Jwks, canonical_json, verify_detached, verify_message};
use platform::{Mode, Policy};
use serde_json::{Value, json};
use storage::sql;
use testkit::{TestPartner, unique, wait_for};
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::method};

use crate::{
    disburse::{disburse, expect, item, message, results, status},
    world::{LIMIT, World, now},
};

/// A receiver of callbacks that answers the first `failures` with 503.
async fn receiver(failures: u64) -> MockServer {
    let server = MockServer::start().await;
    if failures > 0 {
        let busy = Mock::given(method("POST")).respond_with(ResponseTemplate::new(503));
        busy.up_to_n_times(failures).mount(&server).await;
    }
    let ack = json!({"message": {"ack_status": "ACK", "timestamp": "2026-01-01T00:00:00Z"}});
    let taken = ResponseTemplate::new(200).set_body_json(ack);
    Mock::given(method("POST")).respond_with(taken).mount(&server).await;
    server
}

async fn world() -> World {
    World::start_with(|loaded| loaded.service.callback_loopback = true).await
}

async fn partner(world: &World, mode: Mode, callbacks: &[&str]) -> TestPartner {
    let policy = Policy {
        permissions: ["bridge:call".to_owned()].into(),
        callback_urls: callbacks.iter().map(|url| (*url).to_owned()).collect(),
        ..Policy::default()
    };
    world.bridge.partner_with("SPP", mode, policy).await
}

async fn callbacks(server: &MockServer, wanted: usize) -> Vec<wiremock::Request> {
    wait_for("the callbacks", LIMIT, async || {
        let got = server.received_requests().await.unwrap_or_default();
        (got.len() >= wanted).then_some(got)
    })
    .await
}

async fn post(partner: &TestPartner, path: &str, body: &Value) -> Value {
    partner.post_signed(path, body).await.expect_status(200).json()
}

fn body(got: &wiremock::Request) -> Value {
    serde_json::from_slice(&got.body).unwrap()
}

fn assert_signed(world: &World, got: &wiremock::Request) {
    let keys: Jwks = world.bridge.public_keys();
    let header = got.headers.get("Signature").unwrap().to_str().unwrap();
    verify_detached(header, &got.body, &keys).expect("the HTTP header's signature");
    let body = body(got);
    let part = |name: &str| canonical_json(&body[name]);
    let at = time::OffsetDateTime::now_utc().unix_timestamp();
    verify_message(body["signature"].as_str().unwrap(), &part("header"), &part("message"), &keys, at, 300)
        .expect("the member's signature");
}

#[tokio::test]
async fn each_operation_is_acknowledged_and_called_back_signed() {
    let (world, spp_host) = (world().await, receiver(0).await);
    let spp = partner(&world, Mode::Strict, &[&spp_host.uri()]).await;
    let items = [item("R1", "10.00"), item("R2", "ten")];
    let sent = disburse("SPP", "T1", &items);
    let ack = post(&spp, "/disburse", &sent).await;
    assert_eq!(ack["message"]["ack_status"], "ACK", "{ack}");
    assert_eq!(post(&spp, "/disburse", &sent).await, ack, "the same message is kept once");
    let got = callbacks(&spp_host, 1).await.remove(0);
    assert_eq!(got.url.path(), "/on-disburse");
    assert_signed(&world, &got);
    let told = body(&got);
    let header = &told["header"];
    assert_eq!((&header["action"], &header["status"]), (&json!("on-disburse"), &json!("succ")));
    assert_eq!((&header["total_count"], &header["completed_count"]), (&json!(2), &json!(1)));
    assert_eq!(results(&told), expect(&[("R1", "rcvd", "-"), ("R2", "rjct", "rjct.amount.invalid")]));
    let correlation_id = &ack["message"]["correlation_id"];
    assert_eq!(&told["message"]["correlation_id"], correlation_id);
    world.wait_sent(1).await;
    for (kind, value) in [("correlation_id", correlation_id.clone()), ("transaction_id", json!("T1"))] {
        let found = results(&status(&spp, kind, &value).await);
        assert_eq!(found, expect(&[("R1", "pdng", "-"), ("R2", "rjct", "rjct.amount.invalid")]), "{kind}");
    }
    let criterion = json!({"reference_id": "s1", "timestamp": now(), "request_type": "disburse",
        "attribute_type": "payee_fa", "attribute_value": "token:R1@national-id"});
    let search = json!({"transaction_id": "S1", "search_criteria": [criterion]});
    let ack = post(&spp, "/disburse/search", &message("SPP", "search", 1, &search)).await;
    assert_eq!(ack["message"]["ack_status"], "ACK", "{ack}");
    let got = callbacks(&spp_host, 2).await.remove(1);
    assert_eq!(got.url.path(), "/disburse/on-search");
    assert_signed(&world, &got);
    assert_eq!(results(&body(&got)), expect(&[("R1", "pdng", "-")]));

    let question = json!({"transaction_id": "Q1", "txnstatus_request": {"reference_id": "q", "txn_type": "search",
        "attribute_type": "transaction_id", "attribute_value": "S1"}});
    let ack = post(&spp, "/disburse/txn/status", &message("SPP", "on-search", 1, &question)).await;
    assert_eq!(ack["message"]["ack_status"], "ACK", "{ack}");
    let got = callbacks(&spp_host, 3).await.remove(2);
    assert_eq!(got.url.path(), "/disburse/txn/on-status");
    assert_signed(&world, &got);
    let told = body(&got);
    assert_eq!(told["header"]["action"], "on-search");
    let answer = &told["message"]["txnstatus_response"];
    assert_eq!(answer["txn_type"], "on-search");
    assert_eq!(answer["txn_status"]["disbursements_status"][0]["reference_id"], "R1");
    let envelopes: Option<i64> =
        sql::scalar(world.db().conn(), "SELECT count(*) FROM envelopes", []).await.unwrap();
    assert_eq!(envelopes, Some(1));
    world.check().await;
}

#[tokio::test]
async fn a_busy_receiver_is_called_again_under_the_same_id_and_one_that_refuses_is_given_up() {
    let (world, spp_host) = (world().await, receiver(2).await);
    let spp = partner(&world, Mode::Strict, &[&spp_host.uri()]).await;
    post(&spp, "/disburse", &disburse("SPP", "T1", &[item("R1", "x")])).await;
    let got = callbacks(&spp_host, 3).await;
    let ids: Vec<Value> = got.iter().map(|r| body(r)["header"]["message_id"].clone()).collect();
    assert!(ids.iter().all(|id| id == &ids[0] && id.is_string()), "{ids:?}");
    let state = async |wanted: &'static str| {
        wait_for("the state of the message", LIMIT, || async {
            let query = "SELECT state FROM disburse_messages ORDER BY created_at DESC LIMIT 1";
            let state: Option<String> = sql::scalar(world.db().conn(), query, []).await.unwrap();
            (state.as_deref() == Some(wanted)).then_some(())
        })
        .await;
    };
    state("delivered").await;
    spp_host.reset().await;
    Mock::given(method("POST")).respond_with(ResponseTemplate::new(410)).mount(&spp_host).await;
    post(&spp, "/disburse", &disburse("SPP", "T2", &[item("R2", "x")])).await;
    state("undeliverable").await;
    wait_for("a dead letter that an operator sees", LIMIT, || async {
        let query = "SELECT count(*) FROM jobs WHERE kind = 'bridge.callback' AND state = 'dead'";
        let dead: Option<i64> = sql::scalar(world.db().conn(), query, []).await.unwrap();
        (dead == Some(1)).then_some(())
    })
    .await;
    assert_eq!(results(&status(&spp, "reference_id_list", &json!(["R2"])).await)[0].2, "rjct.amount.invalid");
}

#[tokio::test]
async fn refusals_are_acknowledgements_and_keep_nothing() {
    let (world, spp_host) = (world().await, receiver(0).await);
    let spp = partner(&world, Mode::Strict, &[&format!("{}/cb", spp_host.uri())]).await;
    let refused = async |change: &dyn Fn(&mut Value)| {
        let mut sent = disburse("SPP", &unique("T"), &[item("R1", "1.00")]);
        change(&mut sent);
        let reply = post(&spp, "/disburse", &sent).await;
        assert_eq!(reply["message"]["ack_status"], "ERR", "{reply}");
        reply["message"]["error"]["code"].as_str().unwrap().to_owned()
    };
    let elsewhere = format!("{}/other", spp_host.uri());
    assert_eq!(refused(&|m| m["header"]["sender_uri"] = json!(elsewhere)).await, "err.sender_uri.invalid");
    assert_eq!(refused(&|m| m["header"]["is_msg_encrypted"] = json!(true)).await, "err.encryption.invalid");
    assert_eq!(refused(&|m| m["header"]["action"] = json!("link")).await, "err.request.bad");
    let unsigned = disburse("SPP", "T", &[item("R1", "1.00")]);
    let reply = world.bridge.anonymous().post("/disburse", &unsigned).await.expect_status(200).json();
    assert_eq!(reply["message"]["error"]["code"], "err.signature.invalid");
    let reader = world.bridge.partner("READER", &["bridge:read"]).await;
    let reply = post(&reader, "/disburse", &disburse("READER", "T", &[item("R1", "1.00")])).await;
    assert_eq!(reply["message"]["error"]["code"], "err.request.forbidden");
    let kept: Option<i64> =
        sql::scalar(world.db().conn(), "SELECT count(*) FROM disburse_messages", []).await.unwrap();
    assert_eq!(kept, Some(0));
    assert!(spp_host.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn what_one_process_acknowledged_another_pays_once() {
    let spp_host = receiver(0).await;
    let world = World::start_with(|loaded| {
        loaded.service.callback_loopback = true;
        loaded.common.roles = vec!["http".to_owned()];
    })
    .await;
    let spp = partner(&world, Mode::Strict, &[&spp_host.uri()]).await;
    let ack = post(&spp, "/disburse", &disburse("SPP", "T1", &[item("R1", "10.00")])).await;
    let correlation_id = ack["message"]["correlation_id"].clone();
    for (kind, value) in [
        ("correlation_id", &correlation_id),
        ("transaction_id", &json!("T1")),
        ("reference_id_list", &json!(["R1"])),
    ] {
        assert_eq!(results(&status(&spp, kind, value).await), expect(&[("R1", "rcvd", "-")]), "{kind}");
    }
    // A worker took the job and died in it: the job is leased to nobody who lives.
    let world = world
        .restart(
            |db| async move {
                let query = "UPDATE jobs SET state = 'running', lease_until = now() + interval '1 second', attempts = 1
                              WHERE kind = 'bridge.message'";
                sql::execute(db.conn(), query, []).await.unwrap();
            },
            |loaded| loaded.service.callback_loopback = true,
        )
        .await;
    let got = callbacks(&spp_host, 1).await.remove(0);
    assert_eq!(body(&got)["message"]["correlation_id"], correlation_id);
    assert_eq!(results(&body(&got))[0].1, "rcvd");
    world.wait_sent(1).await;
    assert!(world.bank.books().arrivals.values().all(|n| *n == 1));
    assert_eq!(spp_host.received_requests().await.unwrap().len(), 1);
    world.check().await;
}

#[tokio::test]
async fn a_second_callback_tells_the_end_once_there_is_one() {
    let (world, spp_host) = (world().await, receiver(0).await);
    let spp = partner(&world, Mode::Strict, &[&spp_host.uri()]).await;
    let items = [item("R1", "10.00"), item("R2", "20.00"), item("R3", "x")];
    post(&spp, "/disburse", &disburse("SPP", "T1", &items)).await;
    let first = callbacks(&spp_host, 1).await.remove(0);
    assert_eq!(body(&first)["header"]["completed_count"], 1);
    world.wait_sent(2).await;
    let ids: Vec<String> = sql::scalars(
        world.db().conn(),
        "SELECT disbursement_id FROM disburse_orders WHERE disbursement_id IS NOT NULL ORDER BY reference_id",
        [],
    )
    .await
    .unwrap();
    world.statement(&[("D", &ids[0], "10.00")]).await;
    wait_for("the first is paid", LIMIT, async || {
        let found = results(&status(&spp, "reference_id_list", &json!(["R1"])).await);
        (found[0].1 == "succ").then_some(())
    })
    .await;
    world.statement(&[("D", &ids[1], "20.00")]).await;
    let second = callbacks(&spp_host, 2).await.remove(1);
    assert_eq!(second.url.path(), "/on-disburse");
    assert_signed(&world, &second);
    let told = body(&second);
    assert_ne!(told["header"]["message_id"], body(&first)["header"]["message_id"]);
    assert_eq!((&told["header"]["total_count"], &told["header"]["completed_count"]), (&json!(3), &json!(3)));
    assert_eq!(
        results(&told),
        expect(&[("R1", "succ", "-"), ("R2", "succ", "-"), ("R3", "rjct", "rjct.amount.invalid")])
    );
    world.bridge.settled().await;
    assert_eq!(spp_host.received_requests().await.unwrap().len(), 2, "it is told once");
}
