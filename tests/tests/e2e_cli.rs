//! The operator's commands and the programs themselves, as a person at a terminal or a supervisor uses them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::Duration,
};

use openg2p::{data_dir::DataDir, up::service_db};
use secrecy::SecretString;
use storage::{Db, DbOptions, sql};
use testkit::{PrivatePostgres, program, wait_until};

/// A server and a working directory of its own.
struct Site {
    server: PrivatePostgres,
    folder: tempfile::TempDir,
}

impl Site {
    fn new() -> Self {
        Self { server: PrivatePostgres::start(), folder: tempfile::tempdir().unwrap() }
    }

    fn url(&self) -> String {
        self.server.admin_url("postgres")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        std::fs::write(self.path(name), text).unwrap();
        self.path(name)
    }

    /// A command without the settings of whoever runs this test.
    fn command(&self, name: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(program(name));
        for (key, _) in std::env::vars().filter(|(key, _)| key.starts_with("OPENG2P__")) {
            command.env_remove(key);
        }
        command.args(arguments).current_dir(self.folder.path()).stdin(Stdio::null());
        command
    }

    /// `openg2p …` with the database's URL as a mounted secret.
    fn openg2p(&self, arguments: &[&str]) -> Command {
        let mut command = self.command("openg2p", arguments);
        command.env("OPENG2P__DATABASE_URL_FILE", self.write("database-url", &self.url()));
        command
    }

    fn works(&self, arguments: &[&str]) -> String {
        worked(self.openg2p(arguments))
    }

    async fn db(&self, service: &str) -> Db {
        let data = DataDir::new(&self.path("data"));
        service_db(&data, &SecretString::from(self.url()), service).await.unwrap()
    }
}

fn said(output: &Output) -> String {
    format!("{}\n{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn worked(mut command: Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", said(&output));
    said(&output)
}

fn refused(mut command: Command, because: &str) -> String {
    let output = command.output().unwrap();
    let said = said(&output);
    assert!(!output.status.success(), "{command:?} was accepted: {said}");
    assert!(said.contains(because), "{command:?}: {said}");
    said
}

/// A server process that is killed with the value.
struct Process(Child);

impl Process {
    /// Asks it to end, as a supervisor does, and expects that it does so well.
    fn terminate(mut self) {
        let asked = Command::new("kill").args(["-TERM", &self.0.id().to_string()]).status().unwrap();
        assert!(asked.success());
        let status = self.0.wait().unwrap();
        assert!(status.success(), "it ended with {status}");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(mut command: Command) -> Process {
    Process(command.stdout(Stdio::piped()).spawn().unwrap())
}

/// Starts `openg2p up` and waits for the last line of what it prints.
fn start_up(command: Command) -> (Process, String) {
    let mut process = start(command);
    let mut lines = BufReader::new(process.0.stdout.take().unwrap()).lines();
    let mut text = String::new();
    while !text.contains("token issuer") {
        let line = lines.next().unwrap_or_else(|| panic!("up ended early: {text}")).unwrap();
        text.push_str(&line);
        text.push('\n');
    }
    (process, text)
}

/// The port in the line of a service.
fn port_of(text: &str, name: &str) -> u16 {
    let line = text.lines().find(|line| line.contains(name)).unwrap();
    let url = line.split_whitespace().find(|word| word.starts_with("http://")).unwrap();
    url.rsplit(':').next().unwrap().parse().unwrap()
}

/// A port that is free, and the one 1000 higher too.
fn free_port() -> u16 {
    let free = |port: u16| TcpListener::bind(("127.0.0.1", port)).is_ok();
    let offset = u16::try_from(std::process::id() % 5_000).unwrap();
    (20_000 + offset..30_000).find(|port| free(*port) && free(port + 1_000)).unwrap()
}

fn get(address: &str, port: u16, path: &str) -> String {
    let mut stream = TcpStream::connect((address, port)).unwrap();
    write!(stream, "GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

/// What the mapper answers to a message without a signature, with the placeholders of generated clients.
fn resolve_unsigned(port: u16) -> String {
    let body = r#"{"signature": "string", "header": {"message_id": "string", "message_ts": "string", "action": "resolve",
        "sender_id": "string", "total_count": 0}, "message": {"transaction_id": "string", "resolve_request":
        [{"reference_id": "string", "timestamp": "string", "id": "token:nobody@nationalId"}]}}"#;
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let length = body.len();
    write!(
        stream,
        "POST /sync/resolve HTTP/1.0\r\nHost: mapper\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

fn new_keys(site: &Site, name: &str) -> PathBuf {
    let private = site.path(&format!("{name}.pem"));
    let output =
        site.command("openg2p", &["partner", "new-key", private.to_str().unwrap()]).output().unwrap();
    assert!(output.status.success() && private.is_file(), "{}", said(&output));
    site.write(&format!("{name}.json"), &String::from_utf8(output.stdout).unwrap())
}

#[tokio::test]
async fn partners_events_and_jobs_are_looked_after() {
    let site = Site::new();
    let with_data = |arguments: &[&str]| site.works(&[arguments, &["--data-dir", "data"]].concat());
    let mut untrusted = site.openg2p(&["migrate", "--data-dir", "data"]);
    untrusted.env("OPENG2P__DATABASE_TLS_MODE", "require");
    refused(untrusted, "TLS");
    with_data(&["migrate"]);

    let (first, second) = (new_keys(&site, "first"), new_keys(&site, "second"));
    let (first, second) = (first.to_str().unwrap(), second.to_str().unwrap());
    let add = ["partner", "add", "spar-mapper", "bank-1"];
    refused(site.openg2p(&[&add[..], &["--data-dir", "data"]].concat()), "--jwks");
    with_data(&[&add[..], &["--jwks", first, "--allow", "mapper:call", "--attribute", "district"]].concat());
    with_data(&[&add[..], &["--max-batch", "9", "--callback-url", "https://bank.example/cb"]].concat());
    let listed = with_data(&["partner", "list", "spar-mapper"]);
    for kept in [
        "BANK_1",
        "strict",
        "1 keys",
        "mapper:call",
        "district",
        "\"max_batch\":9",
        "https://bank.example/cb",
    ] {
        assert!(listed.contains(kept), "no {kept} in {listed}");
    }
    with_data(&["partner", "rotate", "spar-mapper", "bank-1", "--jwks", second]);
    assert!(with_data(&["partner", "list", "spar-mapper"]).contains("2 keys"));
    with_data(&["partner", "rotate", "spar-mapper", "bank-1", "--jwks", second, "--retire"]);
    assert!(with_data(&["partner", "list", "spar-mapper"]).contains("1 keys"));
    refused(site.openg2p(&["partner", "list", "no-such-service"]), "there is no service");

    let db = site.db("g2p-bridge").await;
    for statement in [
        "INSERT INTO outbox (id, topic, key, payload) VALUES (gen_random_uuid(), 'a.b.v1', 'k', '{}')",
        "INSERT INTO dead_letter (id, consumer, message_id, topic, key, envelope, error, attempts, state)
         VALUES (gen_random_uuid(), 'bridge', gen_random_uuid(), 'a.b.v1', 'k', '{}', 'it broke', 5, 'open')",
    ] {
        sql::execute(db.conn(), statement, []).await.unwrap();
    }
    let status = with_data(&["outbox", "status"]);
    let waiting = status.lines().find(|line| line.starts_with("g2p-bridge")).unwrap();
    assert!(waiting.contains("1 waiting") && waiting.contains("oldest"), "{status}");
    let dead = with_data(&["dlq", "list"]);
    assert!(dead.contains("a.b.v1 for bridge") && dead.contains("it broke"), "{dead}");
    assert!(with_data(&["dlq", "redrive", "g2p-bridge"]).contains("1 events and 0 jobs"));
    assert!(!with_data(&["dlq", "list"]).contains("it broke"));
}

#[tokio::test]
async fn another_data_directory_looks_but_does_not_take_over() {
    let site = Site::new();
    site.works(&["migrate", "--data-dir", "data"]);
    let listed = site.works(&["partner", "list", "spar-mapper", "--data-dir", "other"]);
    assert!(!site.path("other").exists(), "looking made a data directory: {listed}");
    refused(site.openg2p(&["migrate", "--data-dir", "other"]), "--reset-passwords");
    let db = site.db("spar-mapper").await;
    db.ping().await.expect("the first installation's password still holds");
    site.works(&["partner", "list", "spar-mapper", "--data-dir", "other"]);
    site.works(&["migrate", "--data-dir", "other", "--reset-passwords"]);
    site.works(&["outbox", "status", "--data-dir", "other"]);
}

#[tokio::test]
async fn a_server_that_lets_nobody_in_is_not_taken_for_another_installation() {
    let site = Site::new();
    site.works(&["migrate", "--data-dir", "data"]);
    let admin = Db::connect(&DbOptions::new(site.url().into(), "public")).await.unwrap();
    let limit = async |most: i32| {
        let statement = format!("ALTER ROLE dedup CONNECTION LIMIT {most}");
        sql::execute(admin.conn(), &statement, []).await.unwrap();
    };
    limit(0).await;
    let said = refused(site.openg2p(&["migrate", "--data-dir", "data"]), "the role dedup could not log in");
    assert!(!said.contains("--reset-passwords"), "{said}");
    limit(-1).await;
    site.works(&["migrate", "--data-dir", "data"]);
}

#[tokio::test]
async fn a_service_is_a_program_of_its_own() {
    let site = Site::new();
    let port = free_port();
    let config = site.write("mapper.toml", &format!("[spar_mapper]\nport = {port}\n"));
    let mapper = |arguments: &[&str]| {
        let mut command =
            site.command("spar-mapper", &[&["--config", config.to_str().unwrap()], arguments].concat());
        command.env("OPENG2P__SPAR_MAPPER__DATABASE_URL", site.url());
        command.env("OPENG2P__SPAR_MAPPER__ENCRYPTION_SECRET", "a secret of this test that seals addresses");
        command.env("OPENG2P__SPAR_MAPPER__INDEX_SECRET", "a secret of this test that finds addresses");
        command
    };
    let openapi: serde_json::Value =
        serde_json::from_slice(&mapper(&["openapi"]).output().unwrap().stdout).unwrap();
    assert!(openapi["paths"].as_object().unwrap().len() > 5);
    worked(mapper(&["config", "check"]));
    let mut wrong = mapper(&["config", "check"]);
    wrong.env("OPENG2P__SPAR_MAPPER__MAX_BACH", "1");
    refused(wrong, "spar_mapper.max_bach");
    let mut open = mapper(&["config", "check"]);
    open.env_remove("OPENG2P__SPAR_MAPPER__ENCRYPTION_SECRET");
    refused(open, "spar_mapper.encryption_secret is missing");
    worked(mapper(&["migrate"]));
    assert!(!mapper(&["healthcheck"]).output().unwrap().status.success(), "nothing runs yet");

    let process = start(mapper(&["serve"]));
    wait_until("the service to be ready", Duration::from_secs(30), || {
        mapper(&["healthcheck"]).output().unwrap().status.success()
    })
    .await;
    assert!(get("127.0.0.1", port, "/openapi.json").contains("/mapper/sync/resolve"));
    process.terminate();
    assert!(!mapper(&["healthcheck"]).output().unwrap().status.success(), "it has ended");
}

#[tokio::test]
async fn up_does_as_the_operator_says_and_its_data_is_safe_from_a_demo() {
    let site = Site::new();
    let demo = || {
        let more = ["--persons", "20", "--stop-after", "population", "--free-ports", "--data-dir", "data"];
        site.openg2p(&[&["demo"][..], &more].concat())
    };
    worked(demo());
    worked(demo());

    let port = free_port();
    let config = site.write("all.toml", &format!("host = \"0.0.0.0\"\n[dedup]\nport = {port}\n"));
    let up = || {
        let command = site.openg2p(&["up", "--data-dir", "data", "--config", config.to_str().unwrap()]);
        start_up(command)
    };
    let (process, printed) = up();
    assert_eq!(port_of(&printed, "dedup"), port);
    let issuer = port_of(&printed, "token issuer");
    // An address that only answers when the configured host is listened on.
    assert!(get("127.0.0.2", issuer, "/.well-known/openid-configuration").contains("token_endpoint"));
    let page = get("127.0.0.1", port_of(&printed, "spar-self-service"), "/sign-in");
    assert!(page.starts_with("HTTP/1.") && !page.contains("name=\"code\""), "sign-in without proof: {page}");
    let mapper = port_of(&printed, "spar-mapper");
    assert!(resolve_unsigned(mapper).contains("resolve_response"), "what deployed clients send");
    process.terminate();

    let mut closed = site.openg2p(&["up", "--data-dir", "data", "--config", config.to_str().unwrap()]);
    closed.env("OPENG2P__ANONYMOUS_PARTNER", "false");
    let (process, printed) = start_up(closed);
    assert!(
        resolve_unsigned(port_of(&printed, "spar-mapper")).contains("rjct.jwt.invalid"),
        "as the operator says"
    );
    process.terminate();

    let limit = ["partner", "add", "spar-mapper", "G2P_BRIDGE", "--max-batch", "7", "--data-dir", "data"];
    site.works(&limit);
    up().0.terminate();
    let listed = site.works(&["partner", "list", "spar-mapper", "--data-dir", "data"]);
    assert!(listed.contains("\"max_batch\":7"), "the next start undid it: {listed}");

    refused(demo(), "spar_mapper");
    let mut replacing = demo();
    replacing.arg("--replace-data");
    refused(replacing, "drop these schemas yourself");
    assert!(site.works(&["partner", "list", "spar-mapper", "--data-dir", "data"]).contains("G2P_BRIDGE"));
}

#[tokio::test]
async fn who_is_told_to_end_while_it_starts_ends_well() {
    let site = Site::new();
    site.works(&["migrate", "--data-dir", "data"]);
    let log = site.path("log");
    let mut command = site.openg2p(&["up", "--data-dir", "data"]);
    command.stderr(std::fs::File::create(&log).unwrap());
    let process = start(command);
    // The first service is up, the others are not yet.
    wait_until("it to be starting", Duration::from_secs(30), || {
        std::fs::read_to_string(&log).unwrap().contains("Tokio runtime found")
    })
    .await;
    process.terminate();
}

#[tokio::test]
async fn a_demo_leaves_schemas_alone_that_it_did_not_make() {
    let site = Site::new();
    let admin = Db::connect(&DbOptions::new(site.url().into(), "public")).await.unwrap();
    for statement in ["CREATE SCHEMA dedup", "CREATE TABLE dedup.mine AS SELECT 1 AS a"] {
        sql::execute(admin.conn(), statement, []).await.unwrap();
    }
    let mut demo =
        site.command("openg2p", &["demo", "--persons", "20", "--free-ports", "--data-dir", "data"]);
    demo.args(["--database-url", &site.url()]);
    refused(demo, "dedup");
    let rows: Option<i64> = sql::scalar(admin.conn(), "SELECT count(*) FROM dedup.mine", []).await.unwrap();
    assert_eq!(rows, Some(1));
    assert!(!Path::new(&site.path("data")).join("demo.json").exists());
}
