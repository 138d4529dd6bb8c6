//! A social registry of a few lines: pages of a stored list, and only the attributes that were asked for.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex},
};

use serde_json::{Map, Value, json};
use wiremock::{
    Mock, MockServer, Request, Respond, ResponseTemplate,
    matchers::{header_exists, method, path},
};

/// The registry's server, and what it holds.
pub struct FakeRegistry {
    server: MockServer,
    pub data: Arc<Mutex<Data>>,
}

/// What the registry holds and saw.
#[derive(Default)]
pub struct Data {
    pub households: Vec<Value>,
    snapshots: HashMap<String, Vec<Value>>,
    /// Numbers of the pages that were asked for.
    pub pages: Vec<u64>,
    /// Attributes that were asked for.
    pub attributes: BTreeSet<String>,
    /// Answer this page number with HTTP 500, once.
    pub fail_at: Option<u64>,
    /// Forget all lists before this page number, once.
    pub forget_at: Option<u64>,
    /// What is held after that.
    pub then: Option<Vec<Value>>,
    /// Refuse every search with this code.
    pub refuse: Option<&'static str>,
}

impl FakeRegistry {
    pub async fn start() -> Self {
        let server = MockServer::start().await;
        let data = Arc::new(Mutex::new(Data::default()));
        Mock::given(method("POST"))
            .and(path("/registry/sync/search"))
            .and(header_exists("Signature"))
            .respond_with(Search(Arc::clone(&data)))
            .mount(&server)
            .await;
        Self { server, data }
    }

    pub fn url(&self) -> String {
        self.server.uri()
    }

    /// Sets the households.
    pub fn hold(&self, households: Vec<Value>) {
        self.data.lock().unwrap().households = households;
    }
}

struct Search(Arc<Mutex<Data>>);

impl Respond for Search {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let mut data = self.0.lock().unwrap();
        let body: Value = request.body_json().unwrap();
        let item = &body["message"]["search_request"][0];
        let criteria = &item["search_criteria"];
        let number = criteria["pagination"]["page_number"].as_u64().unwrap();
        let size = usize::try_from(criteria["pagination"]["page_size"].as_u64().unwrap()).unwrap();
        let asked: BTreeSet<String> = serde_json::from_value(criteria["attributes"].clone()).unwrap();
        data.pages.push(number);
        data.attributes = asked.clone();
        assert_eq!(body["header"]["sender_id"], "PBMS");
        if data.fail_at == Some(number) {
            data.fail_at = None;
            return ResponseTemplate::new(500);
        }
        if data.forget_at == Some(number) {
            data.forget_at = None;
            data.snapshots.clear();
            if let Some(then) = data.then.take() {
                data.households = then;
            }
        }
        if let Some(code) = data.refuse {
            return answer(&body, json!({"status": "rjct", "status_reason_code": code}));
        }
        let snapshot = match criteria["pagination"]["snapshot_id"].as_str() {
            Some(id) => id.to_owned(),
            None => {
                let id = format!("snapshot-{}", data.pages.len());
                let now = data.households.clone();
                data.snapshots.insert(id.clone(), now);
                id
            }
        };
        let Some(list) = data.snapshots.get(&snapshot) else {
            return answer(&body, json!({"status": "rjct", "status_reason_code": "rjct.pagination.invalid"}));
        };
        let start = (usize::try_from(number).unwrap() - 1) * size;
        let records: Vec<Value> = list.iter().skip(start).take(size).map(|h| visible(h, &asked)).collect();
        answer(
            &body,
            json!({"status": "succ", "data": {"reg_records": records},
                "pagination": {"page_size": size, "page_number": number, "total_count": list.len(),
                               "snapshot_id": snapshot}}),
        )
    }
}

fn answer(request: &Value, item: Value) -> ResponseTemplate {
    let mut item = item;
    item["reference_id"] = request["message"]["search_request"][0]["reference_id"].clone();
    item["timestamp"] = "2026-01-01T00:00:00Z".into();
    ResponseTemplate::new(200).set_body_json(json!({
        "header": {"version": "1.0.0", "message_id": request["header"]["message_id"], "message_ts": "2026-01-01T00:00:00Z",
                   "action": "on-search", "status": "succ"},
        "message": {"transaction_id": request["message"]["transaction_id"], "correlation_id": "c",
                    "search_response": [item]},
    }))
}

/// The record with what was asked for.
fn visible(household: &Value, asked: &BTreeSet<String>) -> Value {
    let keep = |record: &Value, prefix: &str| -> Map<String, Value> {
        let fields = record.as_object().unwrap().iter();
        fields
            .filter(|(name, _)| *name == "id" || asked.contains(&format!("{prefix}{name}")))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    };
    let mut record = keep(household, "");
    let members = household["members"].as_array().into_iter().flatten();
    let members: Vec<Value> = members.map(|m| keep(m, "members.").into()).collect();
    record.insert("members".to_owned(), members.into());
    record.into()
}

/// A household whose members were born on these days; the first one is the Head unless told otherwise.
pub fn household(n: usize, score: impl Into<Value>, births: &[&str]) -> Value {
    let members: Vec<Value> = births
        .iter()
        .enumerate()
        .map(|(i, birth)| {
            json!({"id": person(n, i), "kind": [if i == 0 { "Head" } else { "Child" }], "birth_date": birth,
                "gender": "female", "given_name": "Never asked for",
                "identifiers": [{"identifier_type": "NATIONAL_ID", "identifier_value": format!("{n:06}{i:03}")}]})
        })
        .collect();
    json!({"id": format!("token:h{n:06}@household"), "poverty_score": score.into(), "district": "Moru",
        "group_size": births.len(), "registration_date": "2024-05-01", "members": members})
}

/// Pseudonym of a member.
pub fn person(household: usize, member: usize) -> String {
    format!("token:p{household:06}-{member}@nationalId")
}

/// Four households that differ in what matters: one child under 5; five; none; too rich; no Head.
pub fn five() -> Vec<Value> {
    let mut headless = household(5, 10.0, &["1980-01-01", "2020-01-01"]);
    headless["members"][0]["kind"] = json!(["Spouse"]);
    vec![
        household(1, 31.5, &["1990-02-03", "2023-06-01", "2012-01-01"]),
        household(
            2,
            12,
            &["1985-02-03", "2021-02-01", "2022-02-01", "2023-02-01", "2024-02-01", "2025-02-01"],
        ),
        household(3, 49.5, &["1970-01-01", "2010-01-01"]),
        household(4, 77.0, &["1970-01-01", "2010-01-01"]),
        headless,
    ]
}
