//! A bridge of a few lines: keeps envelopes by their natural key and disbursements by their id.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use serde_json::{Value, json};
use wiremock::{
    Mock, MockServer, Request, Respond, ResponseTemplate,
    matchers::{header_exists, method, path},
};

/// The bridge's server, and what it took.
pub struct FakeBridge {
    server: MockServer,
    pub data: Arc<Mutex<Taken>>,
}

/// What the bridge took and saw.
#[derive(Default)]
pub struct Taken {
    pub envelopes: Vec<Value>,
    pub disbursements: BTreeMap<String, Value>,
    /// Ids that came more than once.
    pub repeated: Vec<String>,
    /// `traceparent` headers of the calls.
    pub traces: Vec<String>,
    /// Sizes of the batches that came.
    pub batches: Vec<usize>,
    /// Take this batch (from 0), but answer HTTP 500.
    pub lose_answer_of: Option<usize>,
    /// Refuse this batch (from 0) whole.
    pub refuse: Option<usize>,
    /// Complain of the first row of an accepted batch.
    pub complain: bool,
    /// Refuse this batch (from 0) and all later ones: the envelope was cancelled.
    pub cancelled_at: Option<usize>,
    /// Refuse envelopes.
    pub refuse_envelope: bool,
}

impl FakeBridge {
    pub async fn start() -> Self {
        let server = MockServer::start().await;
        let data = Arc::new(Mutex::new(Taken::default()));
        for operation in ["create_disbursement_envelopes", "create_disbursements"] {
            Mock::given(method("POST"))
                .and(path(format!("/{operation}")))
                .and(header_exists("Signature"))
                .respond_with(Take(Arc::clone(&data), operation))
                .mount(&server)
                .await;
        }
        Self { server, data }
    }

    pub fn url(&self) -> String {
        self.server.uri()
    }
}

struct Take(Arc<Mutex<Taken>>, &'static str);

impl Respond for Take {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let mut data = self.0.lock().unwrap();
        let body: Value = request.body_json().unwrap();
        assert_eq!(body["request_header"]["sender_app_mnemonic"], "PBMS");
        let trace = request.headers.get("traceparent").map(|h| h.to_str().unwrap().to_owned());
        data.traces.extend(trace);
        if self.1 == "create_disbursements" {
            disbursements(&mut data, &body)
        } else {
            envelopes(&mut data, &body)
        }
    }
}

fn envelopes(data: &mut Taken, body: &Value) -> ResponseTemplate {
    let mut envelope = body["request_body"]["request_payload"][0].clone();
    if data.refuse_envelope {
        return reply("ERROR", Some("rjct.program.unknown"), &json!([envelope]));
    }
    let key = |e: &Value| {
        [&e["benefit_program_mnemonic"], &e["benefit_code_mnemonic"], &e["cycle_code_mnemonic"]]
            .map(Value::clone)
    };
    match data.envelopes.iter().find(|e| key(e) == key(&envelope)) {
        Some(there) => envelope = there.clone(),
        None => {
            envelope["id"] = format!("bridge-{}", data.envelopes.len() + 1).into();
            data.envelopes.push(envelope.clone());
        }
    }
    reply("SUCCESS", None, &json!([envelope]))
}

fn disbursements(data: &mut Taken, body: &Value) -> ResponseTemplate {
    let mut rows = body["request_body"]["request_payload"].as_array().unwrap().clone();
    let batch = data.batches.len();
    data.batches.push(rows.len());
    if data.refuse == Some(batch) {
        data.refuse = None;
        rows[0]["response_error_codes"] = json!(["rjct.disbursement.invalid"]);
        return reply("ERROR", Some("rjct.batch.invalid"), &json!(rows));
    }
    if data.cancelled_at.is_some_and(|first| batch >= first) {
        return reply("ERROR", Some("DISBURSEMENT_ENVELOPE_ALREADY_CANCELED"), &json!(null));
    }
    for (n, row) in rows.iter_mut().enumerate() {
        let id = row["disbursement_id"].as_str().unwrap().to_owned();
        if data.complain && n == 0 {
            row["response_error_codes"] = json!(["rjct.beneficiary.invalid"]);
            continue;
        }
        if let Some(before) = data.disbursements.insert(id.clone(), row.clone()) {
            assert_eq!(&before, row, "the same id stands for the same payment");
            data.repeated.push(id);
        }
    }
    if data.lose_answer_of == Some(batch) {
        data.lose_answer_of = None;
        return ResponseTemplate::new(500);
    }
    reply("SUCCESS", None, &json!(rows))
}

fn reply(status: &str, code: Option<&str>, payload: &Value) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(json!({
        "response_header": {"request_id": "r", "response_status": status, "response_error_code": code,
                            "response_error_message": code.map(|_| "no"), "response_timestamp": "2026-01-01T00:00:00Z"},
        "response_body": {"response_payload": payload},
    }))
}
