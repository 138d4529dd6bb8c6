//! A switch that takes bulk transfers and misbehaves on demand.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use g2p_bridge::Config;
use serde_json::{Value, json};
use testkit::{wait_for, wait_until};
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate, matchers::method};

use crate::{
    connectors::Sponsor,
    world::{LIMIT, World, payments, statement, today},
};

const SECRET: &str = "a secret of thirty-two characters";

/// How posts go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Post {
    #[default]
    Good,
    /// It acts and answers too late.
    Late,
    /// It acts and answers 500.
    Lost,
    /// It answers 500 and has not acted.
    Deaf,
}

#[derive(Debug, Default)]
pub struct Books {
    pub post: Post,
    /// Whether what it took in is decided when it is asked.
    pub decided: bool,
    pub refused: BTreeSet<String>,
    /// Bulk transactions by id.
    pub bulks: BTreeMap<String, Value>,
    /// Transfers made, by payment.
    pub made: BTreeMap<String, u32>,
    pub posts: usize,
}

pub struct HubBank {
    pub server: MockServer,
    books: Arc<Mutex<Books>>,
}

impl HubBank {
    pub async fn start() -> Self {
        let books = Arc::new(Mutex::new(Books { decided: true, ..Books::default() }));
        let server = MockServer::start().await;
        for (verb, responder) in [("POST", true), ("GET", false)] {
            let responder = Responder { post: responder, books: Arc::clone(&books) };
            Mock::given(method(verb)).respond_with(responder).mount(&server).await;
        }
        Self { server, books }
    }

    pub fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap()
    }
}

impl Books {
    fn take(&mut self, bulk: &Value) {
        let id = bulk["bulkTransactionId"].as_str().unwrap().to_owned();
        assert_eq!(bulk["bulkHomeTransactionID"], json!(id));
        if self.bulks.insert(id, bulk.clone()).is_some() {
            return;
        }
        for transfer in bulk["individualTransfers"].as_array().unwrap() {
            if !self.refused.contains(transfer["to"]["idValue"].as_str().unwrap()) {
                *self.made.entry(transfer["homeTransactionId"].as_str().unwrap().to_owned()).or_default() +=
                    1;
            }
        }
    }

    /// What it says of a bulk transaction.
    pub fn state(&self, id: &str) -> Option<Value> {
        let bulk = self.bulks.get(id)?;
        let one = |transfer: &Value| {
            let no = self.refused.contains(transfer["to"]["idValue"].as_str().unwrap());
            let id = &transfer["homeTransactionId"];
            if no {
                json!({"homeTransactionId": id, "currentState": "ERROR_OCCURRED", "lastError": {"code": "5105"}})
            } else {
                json!({"homeTransactionId": id, "transferId": transfer["transferId"], "currentState": "COMPLETED"})
            }
        };
        let all: Vec<Value> = bulk["individualTransfers"].as_array().unwrap().iter().map(one).collect();
        let (state, results) = if self.decided { ("COMPLETED", all) } else { ("PROCESSING", Vec::new()) };
        Some(json!({"bulkTransactionId": id, "currentState": state, "individualTransferResults": results}))
    }
}

struct Responder {
    post: bool,
    books: Arc<Mutex<Books>>,
}

impl Respond for Responder {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let mut books = self.books.lock().unwrap();
        assert_eq!(request.headers.get("authorization").unwrap(), "Bearer token");
        if !self.post {
            let id = request.url.path().rsplit('/').next().unwrap();
            return match books.state(id) {
                Some(state) => ResponseTemplate::new(200).set_body_json(state),
                None => ResponseTemplate::new(404),
            };
        }
        books.posts += 1;
        if books.post != Post::Deaf {
            books.take(&serde_json::from_slice(&request.body).unwrap());
        }
        match books.post {
            Post::Good => ResponseTemplate::new(202),
            Post::Late => ResponseTemplate::new(202).set_delay(Duration::from_secs(3)),
            Post::Lost | Post::Deaf => ResponseTemplate::new(500),
        }
    }
}

impl Sponsor for HubBank {
    fn code(&self) -> &'static str {
        "SPONSOR"
    }

    fn configure(&self, config: &mut Config) {
        let bank = json!({"connector": "mojaloop", "url": self.server.uri(), "token": "token",
                          "callback_url": "http://bridge.example", "callback_secret": SECRET});
        config.banks.insert(self.code().to_owned(), serde_json::from_value(bank).unwrap());
    }

    fn lose_answers(&self) {
        self.books().post = Post::Lost;
    }

    fn answer_late(&self) {
        self.books().post = Post::Late;
    }

    fn refuse(&self, account: &str) {
        self.books().refused.insert(account.to_owned());
    }

    fn paid(&self) -> BTreeMap<String, u32> {
        self.books().made.clone()
    }

    fn report(&self) {}
}

/// HMAC-SHA-256, as whoever runs a switch would compute it.
fn signature(body: &[u8]) -> String {
    let pad = |pad: u8| -> Vec<u8> {
        let mut key = SECRET.as_bytes().to_vec();
        key.resize(64, 0);
        key.iter().map(|byte| byte ^ pad).collect()
    };
    let inner = g2p_crypto::sha256(&[pad(0x36), body.to_vec()].concat());
    g2p_crypto::sha256_hex(&[pad(0x5c), inner.to_vec()].concat())
}

async fn call_back(world: &World, bank: &str, id: &str, said: &Value, signed: bool) -> u16 {
    let body = serde_json::to_vec(said).unwrap();
    let signature = if signed { signature(&body) } else { "0".repeat(64) };
    let path = format!("/bank-callbacks/{bank}/bulkTransactions/{id}");
    let put = |r: reqwest::RequestBuilder| {
        r.header("X-Callback-Signature", &signature)
            .header("content-type", "application/json")
            .body(body.clone())
    };
    world.bridge.anonymous().send(&path, reqwest::Method::PUT, put).await.status
}

#[tokio::test]
async fn callbacks_count_once_whenever_they_come_and_only_from_the_switch() {
    let hub = HubBank::start().await;
    hub.books().decided = false;
    let world = World::start_with(|loaded| {
        hub.configure(&mut loaded.service);
        loaded.common.call_timeout_seconds = 10;
    })
    .await;
    world.program("HUB", &json!({"sponsor_bank_code": "sponsor"})).await;
    for (n, address) in [
        (0, "mobile_number:+254700000001.wallet_provider_code:MPESA.fa_type:MOBILE_WALLET"),
        (1, "email_address:a@example.org.wallet_provider_code:WAL.fa_type:EMAIL_WALLET"),
        (2, "account_number:77.bank_code:EXBK.fa_type:BANK_ACCOUNT"),
    ] {
        world.mapper.directory().addresses.insert(format!("payee-{n}"), address.to_owned());
    }
    // The callback comes before the post is answered.
    hub.books().post = Post::Late;
    let id = world.envelope_of("HUB", 3, "30.00", &today()).await;
    world.create(&payments(&id, "H", 3, "10.00")).await;
    wait_until("the switch has them", LIMIT, || hub.books().bulks.len() == 1).await;
    let (call, bulk) = hub.books().bulks.first_key_value().map(|(k, v)| (k.clone(), v.clone())).unwrap();
    let to: Vec<(&str, &str)> = bulk["individualTransfers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|t| (t["to"]["idType"].as_str().unwrap(), t["to"]["idValue"].as_str().unwrap()))
        .collect();
    assert_eq!(to, [("MSISDN", "+254700000001"), ("EMAIL", "a@example.org"), ("ACCOUNT_ID", "77")]);
    assert_eq!(bulk["individualTransfers"][0]["amount"], "10.00");
    assert_eq!(
        bulk["callbackUrl"],
        format!("http://bridge.example/bank-callbacks/SPONSOR/bulkTransactions/{call}")
    );
    let said = json!({"currentState": "COMPLETED", "individualTransferResults": [
        {"homeTransactionId": "H0000000", "currentState": "COMPLETED"},
        {"homeTransactionId": "H0000001", "currentState": "ERROR_OCCURRED", "lastError": {"code": "5105"}},
        {"homeTransactionId": "STRANGER", "currentState": "COMPLETED"}]});
    assert_eq!(call_back(&world, "SPONSOR", &call, &said, false).await, 401);
    assert_eq!(call_back(&world, "EXAMPLE", &call, &said, true).await, 401);
    assert_eq!(call_back(&world, "SPONSOR", &call, &json!({"x": 1}), true).await, 400);
    for _ in 0..2 {
        assert_eq!(call_back(&world, "SPONSOR", &call, &said, true).await, 200);
    }
    let other = "11111111-1111-4111-8111-111111111111";
    assert_eq!(call_back(&world, "sponsor", other, &said, true).await, 200, "nothing of it is true");
    wait_for("the post is answered", LIMIT, || async {
        let states = world.states(&id).await;
        (states[2].1 == "UNKNOWN").then_some(())
    })
    .await;
    let states = world.states(&id).await;
    let seen: Vec<&str> = states.iter().map(|s| s.1.as_str()).collect();
    assert_eq!(seen, ["ACCEPTED", "REJECTED", "UNKNOWN"]);
    assert_eq!(states[1].2.as_deref(), Some("BANK_REJECTED:5105"));
    assert_eq!(states[2].2.as_deref(), Some("HANDED_OVER"));
    // No callback comes for the last one: it is asked for.
    hub.books().decided = true;
    world.wait_sent(2).await;
    assert_eq!(hub.books().posts, 1);
    world.upload(&statement("H", &[("D", "H0000000", "10.00"), ("D", "H0000002", "10.00")])).await;
    world.wait_state(&id, "FINISHED").await;
    world.check().await;
}

#[tokio::test]
async fn what_a_switch_does_not_know_is_sent_again_as_the_same_transfers() {
    let hub = HubBank::start().await;
    hub.books().post = Post::Deaf;
    let world = World::start_with(|loaded| hub.configure(&mut loaded.service)).await;
    world.program("HUB", &json!({"sponsor_bank_code": "SPONSOR"})).await;
    let id = world.envelope_of("HUB", 2, "20.00", &today()).await;
    world.create(&payments(&id, "N", 2, "10.00")).await;
    wait_until("it was tried twice", LIMIT, || hub.books().posts >= 2).await;
    hub.books().post = Post::Good;
    world.wait_sent(2).await;
    assert_eq!(hub.books().made.values().copied().collect::<Vec<_>>(), [1, 1]);
    world.check().await;
}

#[tokio::test]
async fn a_switch_may_refuse_all_of_a_batch() {
    let hub = HubBank::start().await;
    hub.books().decided = false;
    let world = World::start_with(|loaded| hub.configure(&mut loaded.service)).await;
    world.program("HUB", &json!({"sponsor_bank_code": "SPONSOR"})).await;
    let id = world.envelope_of("HUB", 2, "20.00", &today()).await;
    world.create(&payments(&id, "Y", 2, "10.00")).await;
    wait_until("the switch has them", LIMIT, || hub.books().bulks.len() == 1).await;
    let call = hub.books().bulks.keys().next().unwrap().clone();
    let said = json!({"currentState": "REJECTED", "lastError": {"code": "4001"}});
    assert_eq!(call_back(&world, "SPONSOR", &call, &said, true).await, 200);
    world.wait_state(&id, "FINISHED").await;
    assert!(world.states(&id).await.iter().all(|s| s.2.as_deref() == Some("BANK_REJECTED:4001")));
    world.check().await;
}
