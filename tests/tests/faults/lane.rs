//! Where seeds run one after the other: a Postgres with a template of either database. Processes of a seed.

use std::{
    fs::File,
    net::TcpListener,
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use events::{ConsumerSpec, Transport, rabbit::RabbitTransport};
use g2p_crypto::SigningKey;
use platform::{Mode, Policy, partners};
use storage::{Db, DbOptions, sql};
use testkit::{PrivatePostgres, Rabbit, program, wait_for};
use tokio::net::TcpStream;

/// Tried for so long whatever needs a server that is just starting.
pub const PATIENCE: Duration = Duration::from_secs(120);

pub struct Lane {
    pub server: Arc<PrivatePostgres>,
    pub amqp: String,
    /// Of the queues. All seeds of the lane have the same ones, made by [`Lane::make_queues`].
    pub amqp_prefix: String,
    /// The bridge's key, by which the bank knows it.
    pub key: String,
}

impl Lane {
    pub async fn new(amqp: String) -> Self {
        let server = tokio::task::spawn_blocking(PrivatePostgres::start).await.unwrap();
        let key = SigningKey::generate_ed25519().unwrap();
        let amqp_prefix = testkit::unique("faults");
        let lane = Self { server: Arc::new(server), amqp, amqp_prefix, key: key.to_pkcs8_pem().to_string() };
        for (name, service) in [("bridge_template", "g2p-bridge"), ("bank_template", "example-bank")] {
            lane.run(&format!("CREATE DATABASE {name}")).await;
            let url = lane.server.admin_url(name);
            let migrated = Command::new(program("openg2p"))
                .args([service, "migrate"])
                .env("OPENG2P__DATABASE_URL", url)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status();
            assert!(migrated.unwrap().success(), "the migrations of {service}");
        }
        let bridge = lane.db("bridge_template", "g2p_bridge").await;
        run(&bridge, include_str!("bridge.sql")).await;
        bridge.close().await;
        let bank = lane.db("bank_template", "example_bank").await;
        run(&bank, include_str!("bank.sql")).await;
        let permissions = ["bank:call", "bank:pay"].map(str::to_owned).into();
        let policy = Policy { permissions, ..Policy::default() };
        let keys = serde_json::to_value(key.public_jwks()).unwrap();
        partners::put(&bank, "G2P_BRIDGE", Mode::Strict, &keys, &policy).await.unwrap();
        bank.close().await;
        lane
    }

    /// Makes the queues and waits until they are on the disk: RabbitMQ forgets one that was made within the second before
    /// it is killed, and the bridge would make them with its first event.
    pub async fn make_queues(&self, broker: &Rabbit) {
        let rabbit = RabbitTransport::new(&self.amqp.clone().into(), None, &self.amqp_prefix).unwrap();
        let nobody = ConsumerSpec { name: "faults".to_owned(), topics: Vec::new(), single_active: false };
        rabbit.declare(&nobody).await.unwrap();
        for name in ["unrouted", "faults"] {
            let queue = format!("{}.{name}", self.amqp_prefix);
            testkit::wait_until("a queue on the disk", PATIENCE, || broker.remembers(&queue)).await;
        }
    }

    pub async fn db(&self, name: &str, schema: &str) -> Db {
        let mut options = DbOptions::new(self.server.admin_url(name).into(), schema);
        options.max_connections = 4;
        options.acquire_timeout = Duration::from_secs(10);
        Db::connect(&options).await.unwrap()
    }

    /// Runs an administrator's statement, and again while the server is away.
    pub async fn run(&self, statement: &str) {
        wait_for(statement, PATIENCE, || async {
            let db = self.db("postgres", "public").await;
            let done = sql::execute(db.conn(), statement, []).await;
            db.close().await;
            done.ok()
        })
        .await;
    }
}

async fn run(db: &Db, statements: &str) {
    use sea_orm::ConnectionTrait;
    db.conn().execute_unprepared(statements).await.unwrap_or_else(|e| panic!("{e}"));
}

/// A port whose admin port is free too, below those that outgoing connections get.
pub fn free_pair() -> u16 {
    let free = |port| TcpListener::bind(("127.0.0.1", port)).is_ok();
    loop {
        let port = rand::random_range(10_000..30_000);
        if free(port) && free(port + 1_000) {
            return port;
        }
    }
}

/// A service's own program, killed and started as the plan says.
pub struct Process {
    pub port: u16,
    service: &'static str,
    env: Vec<(String, String)>,
    log: PathBuf,
    child: Option<Child>,
    /// Seconds its clock is ahead.
    pub ahead: i64,
    pub restored: bool,
}

impl Process {
    pub fn new(service: &'static str, folder: &Path, name: &str, env: Vec<(String, String)>) -> Self {
        let log = folder.join(format!("{name}.log"));
        Self { port: free_pair(), service, env, log, child: None, ahead: 0, restored: false }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub fn set(&mut self, key: &str, value: &str) {
        self.env.push((key.to_owned(), value.to_owned()));
    }

    fn spawn(&mut self) {
        let log = File::options().create(true).append(true).open(&self.log).unwrap();
        let mut command = Command::new(program("openg2p"));
        command
            .args([self.service, "serve"])
            .envs(self.env.iter().map(|(k, v)| (k, v)))
            .env("OPENG2P__PORT", self.port.to_string())
            .env("OPENG2P__CLOCK_OFFSET_SECONDS", self.ahead.to_string())
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log);
        if self.restored {
            command.arg("--restored");
        }
        self.child = Some(command.spawn().unwrap());
    }

    /// Starts it unless it runs, and waits until it listens; one that ends at once, because what it needs is away, is
    /// started again.
    pub async fn ensure(&mut self) {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let ended = match &mut self.child {
                None => true,
                Some(child) => child.try_wait().unwrap().is_some(),
            };
            if ended {
                self.spawn();
            }
            if TcpStream::connect(("127.0.0.1", self.port)).await.is_ok() {
                return;
            }
            let said = || std::fs::read_to_string(&self.log).unwrap_or_default();
            assert!(tokio::time::Instant::now() < deadline, "{} does not start: {}", self.service, said());
            tokio::time::sleep(Duration::from_millis(40)).await;
        }
    }

    /// SIGKILL. `false` when it was not running.
    pub fn kill(&mut self) -> bool {
        let Some(mut child) = self.child.take() else { return false };
        if child.try_wait().unwrap().is_some_and(|status| status.signal().is_none()) {
            return false;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        true
    }

    /// SIGSTOP, or SIGCONT.
    pub fn signal(&self, signal: &str) {
        let Some(child) = &self.child else { return };
        let _ = Command::new("kill").args([&format!("-{signal}"), &child.id().to_string()]).status();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}
