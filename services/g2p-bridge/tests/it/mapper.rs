//! A mapper that knows some accounts and misbehaves on demand; and what the bridge makes of it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard},
};

use serde_json::{Value, json};
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate, matchers::path};

use crate::world::{World, payments, today};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    Good,
    Down,
    /// Answers for every second payee only, in reverse.
    Partial,
    /// Refuses the whole message.
    Refusing,
}

#[derive(Debug)]
pub struct Directory {
    pub mood: Mood,
    /// Address by id; ids that begin with `none` have no account whatever stands here.
    pub addresses: HashMap<String, String>,
    pub calls: usize,
}

pub struct FakeMapper {
    pub server: MockServer,
    directory: Arc<Mutex<Directory>>,
}

impl FakeMapper {
    pub async fn start() -> Self {
        let directory =
            Arc::new(Mutex::new(Directory { mood: Mood::Good, addresses: HashMap::new(), calls: 0 }));
        let server = MockServer::start().await;
        let responder = Responder(Arc::clone(&directory));
        Mock::given(path("/mapper/sync/resolve")).respond_with(responder).mount(&server).await;
        Self { server, directory }
    }

    pub fn directory(&self) -> MutexGuard<'_, Directory> {
        self.directory.lock().unwrap()
    }
}

struct Responder(Arc<Mutex<Directory>>);

impl Respond for Responder {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        assert!(request.headers.contains_key("Signature"), "the bridge signs what it asks");
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        let mut directory = self.0.lock().unwrap();
        directory.calls += 1;
        let header = |status: &str, code: Value| {
            json!({"version": "1.0.0", "message_id": body["header"]["message_id"], "message_ts": "2026-01-01T00:00:00Z",
                   "action": "resolve", "status": status, "status_reason_code": code})
        };
        let items = body["message"]["resolve_request"].as_array().unwrap();
        let one = |item: &Value| {
            let id = item["id"].as_str().unwrap();
            let plain = format!("account_number:{}.bank_code:EXBK.fa_type:BANK_ACCOUNT", id.len() * 1000 + 7);
            let fa = directory.addresses.get(id).cloned().unwrap_or(plain);
            let found = !id.starts_with("none");
            if id.starts_with("never") {
                return json!({"reference_id": item["reference_id"], "timestamp": "2026-01-01T00:00:00Z", "id": id,
                              "status": "rjct", "status_reason_code": "rjct.internal"});
            }
            json!({"reference_id": item["reference_id"], "timestamp": "2026-01-01T00:00:00Z", "id": id,
                   "fa": found.then_some(fa), "status": "succ",
                   "status_reason_code": if found { "succ.id.active" } else { "succ.fa.not_linked_to_id" }})
        };
        let mut answers: Vec<Value> = items.iter().map(one).collect();
        match directory.mood {
            Mood::Down => return ResponseTemplate::new(503),
            Mood::Refusing => {
                let answer = json!({"header": header("rjct", json!("rjct.jwt.invalid")), "message": {}});
                return ResponseTemplate::new(200).set_body_json(answer);
            }
            Mood::Partial => {
                answers = answers.into_iter().step_by(2).collect();
                answers.reverse();
            }
            Mood::Good => {}
        }
        let message =
            json!({"transaction_id": body["message"]["transaction_id"], "resolve_response": answers});
        ResponseTemplate::new(200)
            .set_body_json(json!({"header": header("succ", Value::Null), "message": message}))
    }
}

#[tokio::test]
async fn payees_without_an_account_end_rejected_and_only_the_others_are_funded() {
    let world = World::start().await;
    let envelope = world.envelope(5, "500.50", &today()).await;
    let mut rows = payments(&envelope, "P", 5, "100.10");
    rows[1]["beneficiary_id"] = json!("none-1");
    rows[3]["beneficiary_id"] = json!("none-2");
    world.mapper.directory().addresses.insert("payee-4".to_owned(), "???".to_owned());
    world.create(&rows).await;
    world.wait_state(&envelope, "PAYING").await;
    world.wait_sent(2).await;
    world.statement(&[("D", "P0000000", "100.10"), ("D", "P0000002", "100.10")]).await;
    let view = world.wait_state(&envelope, "FINISHED").await;
    assert_eq!(view["blocked_amount"], "200.20");
    assert_eq!(
        world.states(&envelope).await,
        [
            ("P0000000".to_owned(), "PAID".to_owned(), None),
            ("P0000001".to_owned(), "REJECTED".to_owned(), Some("NO_FINANCIAL_ADDRESS".to_owned())),
            ("P0000002".to_owned(), "PAID".to_owned(), None),
            ("P0000003".to_owned(), "REJECTED".to_owned(), Some("NO_FINANCIAL_ADDRESS".to_owned())),
            ("P0000004".to_owned(), "REJECTED".to_owned(), Some("UNREADABLE_FINANCIAL_ADDRESS".to_owned())),
        ]
    );
    let sent: Vec<String> = world.bank.books().arrivals.keys().cloned().collect();
    assert_eq!(sent, ["P0000000", "P0000002"]);
    world.check().await;
}

#[tokio::test]
async fn an_envelope_without_a_single_account_finishes_without_touching_the_bank() {
    let world = World::start().await;
    let envelope = world.envelope(1, "10.00", &today()).await;
    let mut rows = payments(&envelope, "P", 1, "10.00");
    rows[0]["beneficiary_id"] = json!("none");
    world.create(&rows).await;
    world.wait_state(&envelope, "FINISHED").await;
    assert!(world.bank.books().blocks.is_empty() && world.bank.books().arrivals.is_empty());
    world.check().await;
}

#[tokio::test]
async fn a_mapper_that_is_down_refuses_or_answers_for_some_is_asked_again_until_all_are_known() {
    let world = World::start().await;
    world.mapper.directory().mood = Mood::Down;
    let envelope = world.envelope(9, "90.00", &today()).await;
    world.create(&payments(&envelope, "P", 9, "10.00")).await;
    world.wait_problem(&envelope, "MAPPER_NOT_REACHED").await;
    world.mapper.directory().mood = Mood::Refusing;
    let calls = world.mapper.directory().calls;
    testkit::wait_until("another call", crate::world::LIMIT, || world.mapper.directory().calls > calls + 1)
        .await;
    assert!(world.bank.books().arrivals.is_empty(), "nothing is paid before all accounts are known");
    world.mapper.directory().mood = Mood::Partial;
    // Of nine, half are answered each time, so the last needs some rounds.
    world.wait_problem(&envelope, "MAPPER_ANSWER_INCOMPLETE").await;
    world.mapper.directory().mood = Mood::Good;
    world.wait_state(&envelope, "PAYING").await;
    world.wait_sent(9).await;
    assert!(world.bank.books().arrivals.values().all(|n| *n == 1));
    world.check().await;
}

#[tokio::test]
async fn a_programme_without_a_mapper_gives_the_address_itself() {
    let world = World::start().await;
    let program = json!({"id_mapper_resolution_required": false});
    world.program("DIRECT", &program).await;
    let envelope = world.envelope_of("DIRECT", 2, "20.00", &today()).await;
    let mut rows = payments(&envelope, "P", 2, "10.00");
    rows[0]["beneficiary_id"] = json!("account_number:42.bank_code:EXBK.fa_type:BANK_ACCOUNT");
    world.create(&rows).await;
    world.wait_state(&envelope, "PAYING").await;
    world.wait_sent(1).await;
    assert_eq!(world.states(&envelope).await[1].2.as_deref(), Some("UNREADABLE_FINANCIAL_ADDRESS"));
    assert_eq!(world.mapper.directory().calls, 0);
}

#[tokio::test]
async fn a_payee_whom_the_mapper_never_answers_for_holds_up_nobody_for_ever() {
    let world = World::start_with(|loaded| loaded.service.resolve_give_up_seconds = 1).await;
    // A mapper that is away is no reason to reject anybody.
    world.mapper.directory().mood = Mood::Down;
    let envelope = world.envelope(3, "30.00", &today()).await;
    let mut rows = payments(&envelope, "P", 3, "10.00");
    rows[1]["beneficiary_id"] = json!("never");
    world.create(&rows).await;
    let calls = world.mapper.directory().calls;
    tokio::time::sleep(std::time::Duration::from_millis(1200)).await;
    testkit::wait_until("more calls", crate::world::LIMIT, || world.mapper.directory().calls > calls + 1)
        .await;
    assert!(world.states(&envelope).await.iter().all(|s| s.1 == "RECEIVED"));
    world.mapper.directory().mood = Mood::Good;
    world.wait_state(&envelope, "PAYING").await;
    world.wait_sent(2).await;
    let states = world.states(&envelope).await;
    let rejected = ("P0000001".to_owned(), "REJECTED".to_owned(), Some("MAPPER_GAVE_NO_ANSWER".to_owned()));
    assert_eq!(states[1], rejected);
    assert_eq!(world.view(&envelope).await["blocked_amount"], "20.00");
    world.check().await;
}
