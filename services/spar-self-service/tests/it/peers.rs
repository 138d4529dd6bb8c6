//! A mapper and a beneficiary registry.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use serde_json::{Value, json};
use wiremock::{
    Mock, MockServer, Request, Respond, ResponseTemplate,
    matchers::{method, path},
};

type Links = Arc<Mutex<BTreeMap<String, String>>>;

pub(crate) struct Peers {
    pub(crate) mapper: MockServer,
    pub(crate) pbms: MockServer,
    links: Links,
    payments: Arc<Mutex<Value>>,
    /// HTTP status both answer with, when it is not 200.
    fault: Arc<Mutex<Option<u16>>>,
    /// The mapper refuses addresses with this code and text.
    refusal: Arc<Mutex<Option<(&'static str, &'static str)>>>,
    /// Entries of the history of each id.
    entries: Arc<Mutex<Value>>,
    /// What the helpdesk did: frozen ids and changes that wait.
    pub(crate) desk: Arc<Mutex<Desk>>,
    /// The mapper forgets to say at resolve that an id is linked, as if it were linked in between.
    blind: Arc<Mutex<bool>>,
}

/// The mapper's own API as far as a helpdesk uses it.
#[derive(Default)]
pub(crate) struct Desk {
    pub(crate) frozen: Vec<String>,
    pub(crate) waiting: Vec<Value>,
    /// Who did what, as the calls said it.
    pub(crate) done: Vec<(String, String)>,
}

#[derive(Clone)]
struct Mapper {
    links: Links,
    fault: Arc<Mutex<Option<u16>>>,
    refusal: Arc<Mutex<Option<(&'static str, &'static str)>>>,
    entries: Arc<Mutex<Value>>,
    desk: Arc<Mutex<Desk>>,
    blind: Arc<Mutex<bool>>,
}

impl Respond for Mapper {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        if let Some(status) = *self.fault.lock().unwrap() {
            return ResponseTemplate::new(status);
        }
        if request.url.path() == "/api/v1/changes" && request.method == "GET" {
            assert_eq!(request.url.query(), Some("state=proposed&limit=25"));
            return ResponseTemplate::new(200)
                .set_body_json(json!({"items": self.desk.lock().unwrap().waiting, "next": null}));
        }
        let message: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        if let Some(path) = request.url.path().strip_prefix("/api/v1/").filter(|p| *p != "mappings/history") {
            return self.desk(request, path, &message);
        }
        if request.url.path() == "/api/v1/mappings/history" {
            return self.history(request, &message);
        }
        let operation = request.url.path().rsplit('/').next().unwrap().to_owned();
        assert_eq!(message["header"]["action"], operation.as_str());
        assert_eq!(message["header"]["sender_id"], "SPAR_SELF_SERVICE");
        assert_eq!(message["header"]["total_count"], 1);
        assert!(request.headers.contains_key("signature"), "signed");
        let item = &message["message"][format!("{operation}_request")][0];
        let mut links = self.links.lock().unwrap();
        let id = item["id"].as_str().unwrap().to_owned();
        let known = links.get(&id).cloned();
        let refusal = *self.refusal.lock().unwrap();
        let text = refusal.map(|(_, text)| text);
        let (status, code, fa) = match (operation.as_str(), &known) {
            ("resolve", Some(fa)) if !*self.blind.lock().unwrap() => {
                ("succ", "succ.id.active", Some(fa.clone()))
            }
            ("resolve", _) => ("succ", "succ.fa.not_linked_to_id", None),
            ("link" | "update" | "unlink", _) if refusal.is_some() => ("rjct", refusal.unwrap().0, None),
            ("unlink", Some(fa)) if item["fa"] == fa.as_str() => {
                links.remove(&id);
                ("succ", "", None)
            }
            ("unlink", _) => ("rjct", "rjct.id.invalid", None),
            ("link", Some(_)) | ("update", None) => ("rjct", "rjct.reference_id.duplicate", None),
            _ => {
                let fa = item["fa"].as_str().unwrap().to_owned();
                links.insert(id.clone(), fa.clone());
                ("succ", "", Some(fa))
            }
        };
        let answer = json!({
            "reference_id": item["reference_id"], "timestamp": item["timestamp"], "id": id, "fa": fa,
            "status": status, "status_reason_code": code, "status_reason_message": text,
        });
        ResponseTemplate::new(200).set_body_json(json!({
            "header": {
                "version": "1.0.0", "message_id": message["header"]["message_id"], "message_ts": "2026-01-01T00:00:00Z",
                "action": operation, "status": "succ", "total_count": 1, "completed_count": 1,
            },
            "message": {"transaction_id": "t", "correlation_id": null, format!("{operation}_response"): [answer]},
        }))
    }
}

impl Mapper {
    fn desk(&self, request: &Request, path: &str, body: &Value) -> ResponseTemplate {
        assert!(request.headers["authorization"].to_str().unwrap().starts_with("Bearer "));
        let problem = |status: u16, code: &str, detail: &str| {
            ResponseTemplate::new(status)
                .set_body_json(json!({"status": status, "code": code, "detail": detail}))
        };
        let (mut desk, links) = (self.desk.lock().unwrap(), self.links.lock().unwrap());
        let id = body["id"].as_str().unwrap_or_default().to_owned();
        if path == "mappings/lookup" {
            let fa = links.get(&id);
            let mapping = fa.map(|fa| json!({"fa": fa, "name": null, "phone": null, "active": true}));
            return ResponseTemplate::new(200).set_body_json(json!({
                "linked": fa.is_some(), "mapping": mapping, "since": null, "frozen": desk.frozen.contains(&id),
            }));
        }
        let who = request.headers["on-behalf-of"].to_str().unwrap().to_owned();
        desk.done.push((who.clone(), path.to_owned()));
        match path.split('/').collect::<Vec<_>>().as_slice() {
            ["mappings", what] => {
                let frozen = desk.frozen.contains(&id);
                if frozen == (*what == "freeze") {
                    return problem(409, "nothing_to_do", "this id is so already");
                }
                desk.frozen.retain(|other| *other != id);
                if *what == "freeze" {
                    desk.frozen.push(id);
                }
                ResponseTemplate::new(204)
            }
            ["changes"] if desk.frozen.contains(&id) => problem(409, "frozen", "this id is frozen"),
            ["changes"] if desk.waiting.iter().any(|w| w["id"] == id.as_str()) => {
                problem(409, "change_waits", "another change of this id waits")
            }
            ["changes"] => {
                assert_eq!(body["needs_approval"], true);
                let change = json!({
                    "change_id": uuid::Uuid::now_v7(), "id": id, "operation": body["operation"], "fa": body["fa"],
                    "reason": body["reason"], "requested_by": format!("user:{who}"),
                    "requested_at": "2026-03-01T09:30:00Z",
                });
                desk.waiting.push(change.clone());
                ResponseTemplate::new(202).set_body_json(change)
            }
            ["changes", change, decision] => {
                let Some(at) = desk.waiting.iter().position(|w| w["change_id"] == *change) else {
                    return problem(409, "wrong_state", "the change is cancelled by now");
                };
                if *decision == "approve" && desk.waiting[at]["requested_by"] == format!("user:{who}") {
                    return problem(403, "forbidden", "somebody else has to approve what you asked for");
                }
                ResponseTemplate::new(200).set_body_json(desk.waiting.remove(at))
            }
            other => panic!("{other:?}"),
        }
    }

    /// Two entries a page, whatever is asked for.
    fn history(&self, request: &Request, body: &Value) -> ResponseTemplate {
        assert!(request.headers["authorization"].to_str().unwrap().starts_with("Bearer "));
        let entries = self.entries.lock().unwrap()[body["id"].as_str().unwrap()].clone();
        let entries = entries.as_array().cloned().unwrap_or_default();
        let from: usize = body["after"].as_str().map_or(0, |after| after.parse().unwrap());
        let items: Vec<Value> = entries.iter().skip(from).take(2).cloned().collect();
        let next = (from + 2 < entries.len()).then(|| (from + 2).to_string());
        ResponseTemplate::new(200).set_body_json(json!({"items": items, "next": next}))
    }
}

struct Pbms {
    payments: Arc<Mutex<Value>>,
    fault: Arc<Mutex<Option<u16>>>,
}

impl Respond for Pbms {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        if let Some(status) = *self.fault.lock().unwrap() {
            return ResponseTemplate::new(status);
        }
        assert_eq!(request.url.path(), "/api/v1/payees/payments");
        assert!(request.headers["authorization"].to_str().unwrap().starts_with("Bearer "));
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        let items = self.payments.lock().unwrap()[body["payee"].as_str().unwrap()].clone();
        let items = if items.is_null() { json!([]) } else { items };
        ResponseTemplate::new(200).set_body_json(json!({"items": items}))
    }
}

impl Peers {
    pub(crate) async fn start() -> Self {
        let (mapper, pbms) = (MockServer::start().await, MockServer::start().await);
        let (links, payments, fault) = (Links::default(), Arc::new(Mutex::new(json!({}))), Arc::default());
        let (refusal, blind, entries) = (Arc::default(), Arc::default(), Arc::new(Mutex::new(json!({}))));
        let desk = Arc::<Mutex<Desk>>::default();
        let responder = Mapper {
            links: Arc::clone(&links),
            fault: Arc::clone(&fault),
            refusal: Arc::clone(&refusal),
            entries: Arc::clone(&entries),
            desk: Arc::clone(&desk),
            blind: Arc::clone(&blind),
        };
        Mock::given(method("GET"))
            .and(path("/api/v1/changes"))
            .respond_with(responder.clone())
            .mount(&mapper)
            .await;
        Mock::given(method("POST")).respond_with(responder).mount(&mapper).await;
        let responder = Pbms { payments: Arc::clone(&payments), fault: Arc::clone(&fault) };
        Mock::given(method("POST")).respond_with(responder).mount(&pbms).await;
        Self { mapper, pbms, links, payments, fault, refusal, entries, desk, blind }
    }

    pub(crate) fn link(&self, id: &str, fa: &str) {
        self.links.lock().unwrap().insert(id.to_owned(), fa.to_owned());
    }

    pub(crate) fn linked(&self, id: &str) -> Option<String> {
        self.links.lock().unwrap().get(id).cloned()
    }

    pub(crate) fn pay(&self, id: &str, items: Value) {
        self.payments.lock().unwrap()[id] = items;
    }

    /// Both answer with this status; `None`: as usual.
    pub(crate) fn fail(&self, status: Option<u16>) {
        *self.fault.lock().unwrap() = status;
    }

    pub(crate) fn refuse(&self, refusal: Option<(&'static str, &'static str)>) {
        *self.refusal.lock().unwrap() = refusal;
    }

    /// What was changed of an id, the oldest first.
    pub(crate) fn remember(&self, id: &str, entries: Value) {
        self.entries.lock().unwrap()[id] = entries;
    }

    pub(crate) fn blind(&self, blind: bool) {
        *self.blind.lock().unwrap() = blind;
    }

    /// Paths and bodies of all messages to the mapper.
    pub(crate) async fn mapper_calls(&self) -> Vec<(String, Value)> {
        let calls = self.mapper.received_requests().await.unwrap();
        // The directory is asked for as a service, with GET.
        let messages = calls.iter().filter(|call| call.method == "POST");
        messages.map(|r| (r.url.path().to_owned(), serde_json::from_slice(&r.body).unwrap())).collect()
    }
}
