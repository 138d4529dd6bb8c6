//! A programme system that does not give up: what it sends it sends until it is answered, and remembers.

use std::{collections::BTreeSet, sync::Mutex, time::Duration};

use rand::{Rng, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

use super::lane::PATIENCE;

/// One call and what was answered to it first.
#[derive(Clone)]
pub struct Call {
    operation: &'static str,
    payload: Value,
    answer: Answer,
}

/// What a caller goes by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    code: String,
    ids: Vec<String>,
}

/// What was promised.
#[derive(Default)]
struct Promises {
    calls: Vec<Call>,
    taken: BTreeSet<String>,
    cancelled: BTreeSet<String>,
}

pub struct Clients {
    client: reqwest::Client,
    /// The bridges; any of them will do.
    urls: Vec<String>,
    promises: Mutex<Promises>,
}

fn message(operation: &str, payload: &Value) -> Value {
    let control =
        (operation == "create_disbursements").then(|| payload[0]["disbursement_batch_control"].clone());
    json!({
        "request_header": {"sender_app_mnemonic": "PBMS", "sender_app_url": "", "request_id": "string",
                           "request_timestamp": "2026-01-01T00:00:00Z", "instance_id": ""},
        "request_body": {"pagination_request": null, "request_payload": payload,
                         "disbursement_batch_control_id": control},
    })
}

pub fn envelope(id: &str, count: usize, date: &str) -> Value {
    json!([{"id": id, "benefit_program_id": 1, "benefit_program_mnemonic": "PROG", "benefit_code_mnemonic": "FOOD",
        "benefit_type": "CASH_DIGITAL", "disbursement_cycle_id": 1, "disbursement_frequency": "Monthly",
        "cycle_code_mnemonic": id, "number_of_beneficiaries": count, "number_of_disbursements": count,
        "total_disbursement_quantity": format!("{count}00.10"), "measurement_unit": "KES",
        "disbursement_schedule_date": date}])
}

/// 100.00 each, and 100.10 for the first.
pub fn rows(envelope: &str, range: impl IntoIterator<Item = usize>) -> Vec<Value> {
    let one = |n: usize| {
        let amount = if n == 0 { "100.10" } else { "100.00" };
        json!({"disbursement_id": format!("{envelope}-{n:05}"), "disbursement_envelope_id": envelope,
               "beneficiary_id": format!("payee-{n}"), "beneficiary_name": null, "disbursement_quantity": amount,
               "disbursement_cycle_id": 1, "narrative": "Food"})
    };
    range.into_iter().map(one).collect()
}

fn ids(payload: &Value) -> Vec<String> {
    let items = payload.as_array().cloned().unwrap_or_default();
    let id =
        |item: &Value| item["disbursement_id"].as_str().or_else(|| item["id"].as_str()).map(str::to_owned);
    items.iter().filter_map(id).collect()
}

impl Clients {
    pub fn new(client: reqwest::Client, urls: Vec<String>) -> Self {
        Self { client, urls, promises: Mutex::default() }
    }

    /// Sends until a bridge answers: with success, or with a refusal.
    pub async fn call(&self, operation: &'static str, payload: &Value) -> Answer {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        let body = message(operation, payload);
        for turn in 0.. {
            let url = format!("{}/{operation}", self.urls[turn % self.urls.len()]);
            let sent = self.client.post(url).json(&body).send().await;
            let said = sent.as_ref().map_or_else(ToString::to_string, |answer| answer.status().to_string());
            if let Ok(answer) = sent
                && answer.status() == 200
                && let Ok(answer) = answer.json::<Value>().await
            {
                let code = answer["response_header"]["response_error_code"].as_str().unwrap_or("SUCCESS");
                let ids = ids(&answer["response_body"]["response_payload"]);
                return Answer { code: code.to_owned(), ids };
            }
            assert!(tokio::time::Instant::now() < deadline, "no bridge answers to {operation}: {said}");
            // A crowd that comes back all at once is never served.
            let pause = rand::random_range(100..400) * u64::try_from(turn.min(5) + 1).unwrap();
            tokio::time::sleep(Duration::from_millis(pause)).await;
        }
        unreachable!()
    }

    /// Sends, and remembers what was answered.
    pub async fn order(&self, operation: &'static str, payload: Value) -> Answer {
        let answer = self.call(operation, &payload).await;
        let mut promises = self.promises.lock().unwrap();
        if answer.code == "SUCCESS" {
            match operation {
                "create_disbursements" => promises.taken.extend(ids(&payload)),
                "cancel_disbursements" => promises.cancelled.extend(ids(&payload)),
                _ => {}
            }
        }
        promises.calls.push(Call { operation, payload, answer: answer.clone() });
        answer
    }

    /// Every order of an envelope and its payments once more. Returns those that were answered otherwise than before.
    pub async fn again(&self, of: &str) -> Vec<String> {
        let calls = self.promises.lock().unwrap().calls.clone();
        let mut differ = Vec::new();
        for call in calls
            .iter()
            .filter(|call| call.operation.starts_with("create") && call.payload.to_string().contains(of))
        {
            let answer = self.call(call.operation, &call.payload).await;
            if answer != call.answer {
                differ
                    .push(format!("{} was answered {:?}, and then {answer:?}", call.operation, call.answer));
            }
        }
        differ
    }

    /// Ids of payments that a bridge said it had taken, and those it said were cancelled.
    pub fn promised(&self) -> (Vec<String>, Vec<String>) {
        let promises = self.promises.lock().unwrap();
        (promises.taken.iter().cloned().collect(), promises.cancelled.iter().cloned().collect())
    }
}

/// Fills an envelope, `count` rows in calls of 250; with dice in any order, most of them twice and at a time.
pub async fn fill(clients: &Clients, envelope: &str, count: usize, dice: Option<ChaCha8Rng>) {
    let mut calls: Vec<Value> = (0..count.div_ceil(250))
        .map(|n| {
            let mut rows = rows(envelope, n * 250..((n + 1) * 250).min(count));
            rows[0]["disbursement_batch_control"] = json!(format!("{envelope}-call-{n}"));
            json!(rows)
        })
        .collect();
    let Some(mut dice) = dice else {
        for call in calls {
            clients.order("create_disbursements", call).await;
        }
        return;
    };
    let twice: Vec<Value> = calls.iter().filter(|_| dice.random_bool(0.7)).cloned().collect();
    calls.extend(twice);
    calls.shuffle(&mut dice);
    let calls = calls.into_iter().map(|call| clients.order("create_disbursements", call));
    futures_util::future::join_all(calls).await;
}

/// 64 clients at one envelope of 150 declared payments, with 200 to put into it.
pub async fn many(clients: &Clients, envelope: &str, date: &str, seed: u64) {
    use rand::SeedableRng;
    let one = |client: u64| async move {
        let mut dice = ChaCha8Rng::seed_from_u64(seed.wrapping_mul(64).wrapping_add(client));
        let some: Vec<usize> =
            (0..5).map(|_| dice.random_range(0..200)).collect::<BTreeSet<_>>().into_iter().collect();
        match dice.random_range(0..10) {
            0..=5 => clients.order("create_disbursements", json!(rows(envelope, some))).await,
            6..=7 => {
                clients.order("cancel_disbursements", json!(rows(envelope, some.into_iter().take(2)))).await
            }
            8 => {
                let mut to = self::envelope(envelope, dice.random_range(100..200), date);
                to[0]["id"] = json!(envelope);
                clients.order("amend_disbursement_envelope", to).await
            }
            _ if client == 63 => {
                clients.order("cancel_disbursement_envelope", json!([{"id": envelope}])).await
            }
            _ => clients.order("create_disbursement_envelopes", self::envelope(envelope, 150, date)).await,
        };
    };
    futures_util::future::join_all((0..64).map(one)).await;
}
