//! A mapper that knows everybody, and for some time answers as it should not.

use std::{
    net::TcpListener,
    sync::{Arc, Mutex},
    time::Duration,
};

use actix_web::{App, HttpResponse, HttpServer, dev::ServerHandle, web};
use rand::{Rng, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

/// How it answers.
pub struct Mood {
    pub dice: ChaCha8Rng,
    /// Answers that are still to go wrong.
    pub bad: u32,
}

pub struct FakeMapper {
    pub url: String,
    mood: Arc<Mutex<Mood>>,
    handle: ServerHandle,
}

impl Drop for FakeMapper {
    fn drop(&mut self) {
        let stop = self.handle.stop(false);
        tokio::spawn(stop);
    }
}

impl FakeMapper {
    pub fn start(mood: Mood) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let mood = Arc::new(Mutex::new(mood));
        let shared = Arc::clone(&mood);
        let server = HttpServer::new(move || {
            App::new()
                .app_data(web::Data::new(Arc::clone(&shared)))
                .app_data(web::PayloadConfig::new(8 << 20))
                .route("/mapper/sync/resolve", web::post().to(resolve))
        });
        let server = server.workers(1).disable_signals().listen(listener).unwrap().run();
        let handle = server.handle();
        tokio::spawn(server);
        Self { url, mood, handle }
    }

    pub fn heal(&self) {
        self.mood.lock().unwrap().bad = 0;
    }
}

/// One in fifty has no account, and one in a hundred an address that names none.
fn answer(item: &Value) -> Value {
    let id = item["id"].as_str().unwrap_or_default();
    let n: u64 = id.rsplit('-').next().and_then(|n| n.parse().ok()).unwrap_or(0);
    let base = json!({"reference_id": item["reference_id"], "timestamp": "2026-01-01T00:00:00Z", "id": id, "status": "succ"});
    let with = |more: Value| {
        let mut whole = base.clone();
        whole.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        whole
    };
    match n {
        n if n % 50 == 7 => with(json!({"fa": null, "status_reason_code": "succ.fa.not_linked_to_id"})),
        n if n % 100 == 9 => with(json!({"fa": "???", "status_reason_code": "succ.id.active"})),
        n => {
            let fa = format!("account_number:{}.bank_code:EXBK.fa_type:BANK_ACCOUNT", 1_000_000 + n);
            with(json!({"fa": fa, "status_reason_code": "succ.id.active"}))
        }
    }
}

async fn resolve(mood: web::Data<Arc<Mutex<Mood>>>, body: web::Bytes) -> HttpResponse {
    let Ok(body) = serde_json::from_slice::<Value>(&body) else { return HttpResponse::BadRequest().finish() };
    let items = body["message"]["resolve_request"].as_array().cloned().unwrap_or_default();
    let mut answers: Vec<Value> = items.iter().map(answer).collect();
    let (what, cut, shuffled) = {
        let mut mood = mood.lock().unwrap();
        let bad = mood.bad > 0;
        mood.bad = mood.bad.saturating_sub(1);
        let what = if bad { mood.dice.random_range(0..8) } else { 99 };
        let mut order: Vec<usize> = (0..answers.len()).collect();
        order.shuffle(&mut mood.dice);
        (what, mood.dice.random_range(0..=answers.len()), order)
    };
    match what {
        // Only some of them.
        0 => answers.truncate(cut),
        // In another order.
        1 => answers = shuffled.iter().map(|at| answers[*at].clone()).collect(),
        // Each about somebody else.
        2 => {
            let ids: Vec<Value> = answers.iter().map(|a| a["id"].clone()).collect();
            for (n, one) in answers.iter_mut().enumerate() {
                one["id"] = ids[(n + 1) % ids.len()].clone();
            }
        }
        // Each twice, and some nobody asked for.
        3 => {
            answers.extend(answers.clone());
            answers.push(json!({"reference_id": "nobody", "timestamp": "t", "id": "nobody", "status": "succ", "fa": "???"}));
        }
        4 => return HttpResponse::InternalServerError().finish(),
        5 => tokio::time::sleep(Duration::from_millis(1500)).await,
        6 => return HttpResponse::Ok().content_type("application/json").body("{\"header\":"),
        7 => {
            for one in answers.iter_mut().step_by(2) {
                one["status"] = json!("rjct");
                one["status_reason_code"] = json!("rjct.internal");
            }
        }
        _ => {}
    }
    HttpResponse::Ok().json(json!({
        "header": {"version": "1.0.0", "message_id": body["header"]["message_id"], "message_ts": "2026-01-01T00:00:00Z",
                   "action": "resolve", "status": "succ", "status_reason_code": null},
        "message": {"transaction_id": body["message"]["transaction_id"], "resolve_response": answers},
    }))
}
