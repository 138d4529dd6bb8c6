//! A mapper's own program with all that it needs: a Postgres, a receiver of callbacks.

use std::{
    collections::BTreeMap,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    time::Duration,
};

use platform::{Mode, Policy, partners};
use serde_json::{Value, json};
use storage::{Db, DbOptions};
use testkit::{PrivatePostgres, free_port, program, wait_for};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// A Postgres, a receiver of callbacks, and as many mappers as a test starts.
pub(crate) struct Site {
    // Fields are dropped in this order: the mappers before their database.
    pub(crate) mappers: Vec<Mapper>,
    pub(crate) receiver: Receiver,
    pub(crate) server: PrivatePostgres,
}

pub(crate) struct Mapper {
    child: Child,
    pub(crate) port: u16,
}

impl Drop for Mapper {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Site {
    pub(crate) async fn new() -> Self {
        let server = tokio::task::spawn_blocking(PrivatePostgres::start).await.unwrap();
        let receiver = Receiver::start().await;
        let site = Self { mappers: Vec::new(), receiver, server };
        let migrated = site.command(0).arg("migrate").status().unwrap();
        assert!(migrated.success());
        let policy = Policy {
            permissions: ["mapper:call".to_owned()].into(),
            callback_urls: [site.receiver.url.clone()].into(),
            ..Policy::default()
        };
        let db = site.db().await;
        partners::put(&db, "BANK", Mode::Compat, &json!({"keys": []}), &policy).await.unwrap();
        db.close().await;
        site
    }

    fn command(&self, port: u16) -> Command {
        let mut command = Command::new(program("spar-mapper"));
        command
            .env("OPENG2P__DATABASE_URL", self.server.admin_url("postgres"))
            .env("OPENG2P__DATABASE_MAX_CONNECTIONS", "10")
            .env("OPENG2P__SPAR_MAPPER__PORT", port.to_string())
            .env("OPENG2P__SPAR_MAPPER__CALLBACK_LOOPBACK", "true")
            .env("OPENG2P__SPAR_MAPPER__BULK_PART_ROWS", "500")
            // The tests look into the table itself.
            .env("OPENG2P__SPAR_MAPPER__ENCRYPTION", "false")
            .env("OPENG2P__LOG_LEVEL", "error")
            .env("OPENG2P__POLL_INTERVAL_MS", "200")
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        command
    }

    pub(crate) async fn start(&mut self) {
        let port = free_port().unwrap();
        let child = self.command(port).arg("serve").spawn().unwrap();
        let mapper = Mapper { child, port };
        wait_for("the mapper to listen", Duration::from_secs(60), || async {
            TcpStream::connect(("127.0.0.1", port)).await.ok()
        })
        .await;
        self.mappers.push(mapper);
    }

    /// SIGKILL.
    pub(crate) fn kill(&mut self) {
        drop(self.mappers.pop());
    }

    pub(crate) fn port(&self) -> u16 {
        self.mappers.last().expect("a mapper runs").port
    }

    pub(crate) async fn db(&self) -> Db {
        let mut options = DbOptions::new(self.server.admin_url("postgres").into(), "spar_mapper");
        options.max_connections = 3;
        Db::connect(&options).await.unwrap()
    }
}

/// Takes callbacks and remembers how many each correlation id had, and under how many message ids.
pub(crate) struct Receiver {
    pub(crate) url: String,
    got: Arc<Mutex<BTreeMap<String, Vec<Value>>>>,
    task: JoinHandle<()>,
}

impl Receiver {
    async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let got: Arc<Mutex<BTreeMap<String, Vec<Value>>>> = Arc::default();
        let seen = Arc::clone(&got);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(take_callbacks(stream, Arc::clone(&seen)));
            }
        });
        Self { url, got, task }
    }

    pub(crate) fn of(&self, correlation_id: &str) -> Vec<Value> {
        self.got.lock().unwrap().get(correlation_id).cloned().unwrap_or_default()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn take_callbacks(mut stream: TcpStream, seen: Arc<Mutex<BTreeMap<String, Vec<Value>>>>) {
    let mut bytes = Vec::new();
    while let Some((_, body)) = read_message(&mut stream, &mut bytes).await {
        let body: Value = serde_json::from_slice(&body).unwrap();
        let id = body["message"]["correlation_id"].as_str().unwrap().to_owned();
        seen.lock().unwrap().entry(id).or_default().push(body);
        let answer = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";
        if stream.write_all(answer).await.is_err() {
            return;
        }
    }
}

/// Head and body of the next HTTP message on a connection.
async fn read_message(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> Option<(String, Vec<u8>)> {
    loop {
        if let Some(end) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().unwrap())
            });
            let whole = end + 4 + length.unwrap_or(0);
            if bytes.len() >= whole {
                let body = bytes[end + 4..whole].to_vec();
                bytes.drain(..whole);
                return Some((head, body));
            }
        }
        if stream.read_buf(bytes).await.ok()? == 0 {
            return None;
        }
    }
}

/// Status, head and body; `None` when the connection broke.
pub(crate) async fn post(port: u16, path: &str, kind: &str, body: &str) -> Option<(u16, String, Value)> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.ok()?;
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: mapper\r\nContent-Type: {kind}\r\nX-Sender-Id: BANK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.ok()?;
    stream.write_all(body.as_bytes()).await.ok()?;
    let (head, body) = read_message(&mut stream, &mut Vec::new()).await?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some((status, head, serde_json::from_slice(&body).ok()?))
}
