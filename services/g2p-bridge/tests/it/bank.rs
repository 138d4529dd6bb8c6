//! A bank that remembers what it was told and misbehaves on demand.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use serde_json::{Value, json};
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate, matchers::path};

/// How `/initiate_payment` goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pay {
    /// As it should.
    Good,
    /// The bank acts and answers after this time: too late.
    Late(Duration),
    /// The bank acts and answers 500.
    ErrorAfter,
    /// The bank answers 500 and has not acted.
    ErrorBefore,
    /// The bank acts on every second payment and mentions only those.
    Half,
}

/// How `/block_funds` and `/release_block` go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Funds {
    /// As they should.
    Good,
    /// The bank acts and answers 500.
    ErrorAfter,
    /// The bank answers 500; the block requests wait in [`Books::queued`] for somebody to let them through.
    Queued,
}

#[derive(Debug)]
pub struct Books {
    pub pay: Pay,
    pub funds_calls: Funds,
    /// Requests to block that the bank has not come to yet: key and amount.
    pub queued: Vec<(String, String)>,
    /// What a release gives back.
    pub released: &'static str,
    /// Keys given up by the bridge.
    pub closed_keys: Vec<String>,
    /// How often a check of funds was asked for.
    pub checks: usize,
    pub inquiry_works: bool,
    pub funds: bool,
    /// Payment by key: amount as the bridge wrote it.
    pub payments: BTreeMap<String, String>,
    /// How often each key arrived.
    pub arrivals: BTreeMap<String, u32>,
    /// Block by the bridge's key: reference and amount.
    pub blocks: BTreeMap<String, (String, String)>,
    /// References released, with the bridge's key.
    pub releases: Vec<(String, String)>,
    /// Payee accounts that the bank refuses.
    pub refused_accounts: Vec<String>,
    pub inquiries: usize,
}

/// The bank.
pub struct FakeBank {
    pub server: MockServer,
    books: Arc<Mutex<Books>>,
}

impl FakeBank {
    pub async fn start() -> Self {
        let books = Arc::new(Mutex::new(Books {
            pay: Pay::Good,
            funds_calls: Funds::Good,
            queued: Vec::new(),
            released: "1.50",
            closed_keys: Vec::new(),
            checks: 0,
            inquiry_works: true,
            funds: true,
            payments: BTreeMap::new(),
            arrivals: BTreeMap::new(),
            blocks: BTreeMap::new(),
            releases: Vec::new(),
            refused_accounts: Vec::new(),
            inquiries: 0,
        }));
        let server = MockServer::start().await;
        for operation in ["check_funds", "block_funds", "initiate_payment", "payment_status", "release_block"]
        {
            let responder = Responder { operation, books: Arc::clone(&books) };
            Mock::given(path(format!("/{operation}"))).respond_with(responder).mount(&server).await;
        }
        Self { server, books }
    }

    pub fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap()
    }
}

impl Books {
    /// The bank comes to the requests that waited, and has money for them now.
    pub fn act_on_queued(&mut self) {
        for (key, amount) in std::mem::take(&mut self.queued) {
            self.make_block(&key, &amount);
        }
    }

    fn make_block(&mut self, key: &str, amount: &str) -> Option<String> {
        if self.closed_keys.iter().any(|closed| closed == key) {
            return None;
        }
        let fresh = format!("block-{}", self.blocks.len() + 1);
        Some(self.blocks.entry(key.to_owned()).or_insert((fresh, amount.to_owned())).0.clone())
    }
}

struct Responder {
    operation: &'static str,
    books: Arc<Mutex<Books>>,
}

fn ok(body: &Value) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(body)
}

impl Respond for Responder {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        let mut books = self.books.lock().unwrap();
        match self.operation {
            "check_funds" => {
                books.checks += 1;
                ok(&json!({"status": "success", "has_sufficient_funds": books.funds, "error_message": ""}))
            }
            "block_funds" => block(&mut books, &body, &String::from_utf8_lossy(&request.body)),
            "initiate_payment" => pay(&mut books, &request.body),
            "payment_status" => status(&mut books, &body),
            _ => release(&mut books, &body),
        }
    }
}

fn release(books: &mut Books, body: &Value) -> ResponseTemplate {
    let text = |key: &str| body[key].as_str().map(str::to_owned);
    let asked_under = text("blocked_under");
    if let Some(key) = asked_under.clone().filter(|key| !books.blocks.contains_key(key)) {
        books.closed_keys.push(key);
        return ok(&json!({"status": "success", "released_amount": 0, "error_message": ""}));
    }
    let block = asked_under.map(|key| books.blocks[&key].0.clone()).or_else(|| text("block_reference_no"));
    books.releases.push((block.unwrap(), text("reference").unwrap()));
    if books.funds_calls != Funds::Good {
        return ResponseTemplate::new(500);
    }
    ok(&json!({"status": "success", "released_amount": books.released, "error_message": ""}))
}

fn block(books: &mut Books, body: &Value, text: &str) -> ResponseTemplate {
    let refused =
        |why: &str| ok(&json!({"status": "failed", "block_reference_no": "", "error_message": why}));
    let key = body["reference"].as_str().unwrap().to_owned();
    // The literal, not what a float makes of it.
    let amount = text.split("\"amount\":").nth(1).unwrap().split([',', '}']).next().unwrap().to_owned();
    if books.funds_calls == Funds::Queued {
        books.queued.push((key, amount));
        return ResponseTemplate::new(500);
    }
    if !books.funds && !books.blocks.contains_key(&key) {
        return refused("Insufficient funds");
    }
    let Some(reference) = books.make_block(&key, &amount) else { return refused("The reference is closed") };
    if books.funds_calls == Funds::ErrorAfter {
        return ResponseTemplate::new(500);
    }
    ok(&json!({"status": "success", "block_reference_no": reference, "error_message": ""}))
}

fn pay(books: &mut Books, bytes: &[u8]) -> ResponseTemplate {
    let raw: Vec<BTreeMap<String, Box<serde_json::value::RawValue>>> = serde_json::from_slice(bytes).unwrap();
    let mode = books.pay;
    let mut answers = Vec::new();
    for (n, payment) in raw.iter().enumerate() {
        let text = |key: &str| payment[key].get().trim_matches('"').to_owned();
        let key = text("payment_reference_number");
        *books.arrivals.entry(key.clone()).or_default() += 1;
        if mode == Pay::ErrorBefore || (mode == Pay::Half && n % 2 == 1) {
            continue;
        }
        if books.refused_accounts.contains(&text("beneficiary_account")) {
            answers.push(
                json!({"payment_reference_number": key, "status": "rejected", "reason": "Account closed"}),
            );
            continue;
        }
        let known = books.payments.insert(key.clone(), text("payment_amount")).is_some();
        let status = if known { "duplicate" } else { "accepted" };
        answers.push(json!({"payment_reference_number": key, "status": status, "reason": ""}));
    }
    let answer = ok(&json!({"status": "success", "error_message": "", "payments": answers}));
    match mode {
        Pay::Good | Pay::Half => answer,
        Pay::Late(pause) => answer.set_delay(pause),
        Pay::ErrorAfter | Pay::ErrorBefore => ResponseTemplate::new(500),
    }
}

fn status(books: &mut Books, body: &Value) -> ResponseTemplate {
    books.inquiries += 1;
    if !books.inquiry_works {
        return ResponseTemplate::new(503);
    }
    let keys = body["payment_reference_numbers"].as_array().unwrap();
    let one = |key: &Value| {
        let known = books.payments.contains_key(key.as_str().unwrap());
        json!({"payment_reference_number": key, "status": if known { "accepted" } else { "not_found" }, "reason": ""})
    };
    ok(&json!({"payments": keys.iter().map(one).collect::<Vec<_>>()}))
}
