//! Carries statements from the bank to the bridge: as they come, or in disorder, twice, cut off, several in one file.

use std::{
    collections::HashSet,
    net::TcpListener,
    sync::{Arc, Mutex},
    time::Duration,
};

use actix_web::{App, HttpResponse, HttpServer, dev::ServerHandle, web};
use rand::{Rng, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

#[derive(Default)]
struct Bag {
    /// Taken over from the bank and not yet with the bridge.
    waiting: Vec<Vec<u8>>,
    /// Everything the bank ever gave, in its order.
    all: Vec<Vec<u8>>,
}

pub struct Courier {
    pub url: String,
    bag: Arc<Mutex<Bag>>,
    handle: ServerHandle,
    carrier: JoinHandle<()>,
}

impl Drop for Courier {
    fn drop(&mut self) {
        self.carrier.abort();
        tokio::spawn(self.handle.stop(false));
    }
}

/// The part between the first empty line and the last boundary.
fn content(body: &[u8]) -> Option<Vec<u8>> {
    let find = |what: &[u8], from: usize| {
        body.get(from..)?.windows(what.len()).position(|w| w == what).map(|at| at + from)
    };
    let boundary_end = find(b"\r\n", 0)?;
    let boundary = [b"\r\n".as_slice(), body.get(..boundary_end)?].concat();
    let start = find(b"\r\n\r\n", 0)? + 4;
    let end = find(&boundary, start)?;
    body.get(start..end).map(<[u8]>::to_vec)
}

pub async fn upload(client: &reqwest::Client, bridge: &str, content: &[u8]) -> bool {
    let head =
        "--courier-7f3a\r\nContent-Disposition: form-data; name=\"statement_file\"; filename=\"s\"\r\n\r\n";
    let body = [head.as_bytes(), content, b"\r\n--courier-7f3a--\r\n"].concat();
    let request = client
        .post(format!("{bridge}/upload_mt940"))
        .header("Content-Type", "multipart/form-data; boundary=courier-7f3a")
        .body(body);
    let Ok(answer) = request.send().await else { return false };
    let Ok(answer) = answer.json::<Value>().await else { return false };
    answer["header"]["status"] == "succ"
}

impl Courier {
    /// `bad` carries them as they should not be carried.
    pub fn start(client: reqwest::Client, bridge: String, bad: Option<ChaCha8Rng>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let bag = Arc::new(Mutex::new(Bag::default()));
        let shared = Arc::clone(&bag);
        let server = HttpServer::new(move || {
            App::new()
                .app_data(web::Data::new(Arc::clone(&shared)))
                .app_data(web::PayloadConfig::new(32 << 20))
                .route("/upload_mt940", web::post().to(take))
        });
        let server = server.workers(1).disable_signals().listen(listener).unwrap().run();
        let handle = server.handle();
        tokio::spawn(server);
        let carrier = tokio::spawn(carry(client, bridge, Arc::clone(&bag), bad));
        Self { url, bag, handle, carrier }
    }

    /// Whether nothing is on its way.
    pub fn is_empty(&self) -> bool {
        self.bag.lock().unwrap().waiting.is_empty()
    }

    /// Every statement once more, in any order, and all in one file besides.
    pub fn carry_all_again(&self, dice: &mut ChaCha8Rng) {
        let mut bag = self.bag.lock().unwrap();
        let mut again = bag.all.clone();
        again.shuffle(dice);
        // camt files cannot be joined.
        let whole = again.join(b"\r\n".as_slice());
        if again.len() > 1 && !whole.starts_with(b"<") {
            again.push(whole);
        }
        bag.waiting.extend(again);
    }
}

async fn take(bag: web::Data<Arc<Mutex<Bag>>>, body: web::Bytes) -> HttpResponse {
    let Some(content) = content(&body) else { return HttpResponse::BadRequest().finish() };
    let mut bag = bag.lock().unwrap();
    if !bag.all.contains(&content) {
        bag.all.push(content.clone());
        bag.waiting.push(content);
    }
    HttpResponse::Ok().json(json!({"header": {"status": "succ"}, "message": "taken"}))
}

async fn carry(client: reqwest::Client, bridge: String, bag: Arc<Mutex<Bag>>, mut bad: Option<ChaCha8Rng>) {
    // Each is spoilt once: what is slow to be taken must not be buried in copies.
    let mut spoilt = HashSet::new();
    loop {
        let pause = bad.as_mut().map_or(50, |dice| dice.random_range(50..600));
        tokio::time::sleep(Duration::from_millis(pause)).await;
        let mut files = bag.lock().unwrap().waiting.clone();
        if let Some(dice) = &mut bad {
            files.shuffle(dice);
            for file in files.clone() {
                if !spoilt.insert(file.clone()) {
                    continue;
                }
                if dice.random_bool(0.4) {
                    let cut = file[..dice.random_range(0..file.len())].to_vec();
                    upload(&client, &bridge, &cut).await;
                }
                if dice.random_bool(0.3) {
                    upload(&client, &bridge, &file).await;
                }
            }
        }
        for file in files {
            if upload(&client, &bridge, &file).await {
                let mut bag = bag.lock().unwrap();
                if let Some(at) = bag.waiting.iter().position(|f| *f == file) {
                    bag.waiting.remove(at);
                }
            }
        }
    }
}
