//! A private Postgres with payees in the mapper and accounts at the bank, and the three services on it, each a process.

use std::{
    net::TcpListener,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use g2p_crypto::SigningKey;
use platform::{Clock, HttpClient, Mode, Policy, partners};
use serde_json::{Value, json};
use storage::{
    Db, DbOptions,
    cluster::{Cluster, ClusterOptions},
    sql,
};
use testkit::{program, wait_for};

/// The sponsor's account.
pub const SPONSOR: &str = "SPONSOR-1";
pub const PROGRAM: &str = "BENCH";

/// A service and the port it listens on.
struct Running {
    child: Child,
    port: u16,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub struct World {
    bridge: Running,
    _mapper: Running,
    bank: Running,
    pbms: HttpClient,
    demo: HttpClient,
    cluster: Cluster,
}

/// Processor and memory, for the reader of the figures.
pub fn machine() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model =
        info.lines().find_map(|l| l.strip_prefix("model name")?.split_once(": ")).map_or("?", |(_, m)| m);
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    format!("{cores} cores, {model}, {} MB of memory", memory_mb())
}

fn memory_mb() -> u64 {
    let info = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let total = info
        .lines()
        .find_map(|l| l.strip_prefix("MemTotal:")?.split_whitespace().next()?.parse::<u64>().ok());
    total.unwrap_or_default() / 1_024
}

fn free_port() -> u16 {
    // The admin port is 1,000 higher and must be free too.
    (0..100)
        .find_map(|_| {
            let port = TcpListener::bind("127.0.0.1:0").ok()?.local_addr().ok()?.port();
            let fits = port < 60_000 && TcpListener::bind(("127.0.0.1", port + 1_000)).is_ok();
            fits.then_some(port)
        })
        .expect("two free ports")
}

fn key() -> Arc<SigningKey> {
    Arc::new(SigningKey::generate_ed25519().expect("a key"))
}

fn client(key: &Arc<SigningKey>, id: &str) -> HttpClient {
    HttpClient::new(Arc::clone(key), id.to_owned(), Clock::default(), Duration::from_secs(300), None)
        .expect("an HTTP client")
}

impl World {
    pub async fn start(rows: u64) -> Self {
        platform::init_crypto();
        let cluster = tokio::task::spawn_blocking(|| {
            let mut options =
                ClusterOptions::for_tests(testkit::servers_dir().join(testkit::unique("bench")));
            // As in production: what is acknowledged is on the disk.
            options.durable = true;
            options.max_connections = 100;
            options.shared_buffers = format!("{}MB", memory_mb() / 4).leak();
            options.max_wal_size = "16GB";
            Cluster::find_or_start(&options).expect("a Postgres")
        })
        .await
        .unwrap();
        let (bridge_key, bank_key, mapper_key, pbms_key, demo_key) = (key(), key(), key(), key(), key());
        let (bridge, bank, mapper) = (free_port(), free_port(), free_port());
        let at = |port: u16| format!("http://127.0.0.1:{port}");
        let url = url(&cluster);
        let service = |name: &str, port: u16, key: &SigningKey, own: &[(&str, String)]| {
            let section = name.to_uppercase().replace('-', "_");
            let mut command = Command::new(program(name));
            command
                .env("OPENG2P__DATABASE_URL", &url)
                .env("OPENG2P__DATABASE_MAX_CONNECTIONS", "12")
                .env("OPENG2P__LOG_LEVEL", "error")
                .env("OPENG2P__HTTP_WORKERS", "2")
                .env(format!("OPENG2P__{section}__PORT"), port.to_string())
                .env(format!("OPENG2P__{section}__SIGNING_KEY"), key.to_pkcs8_pem().as_str())
                .stdout(Stdio::null());
            for (key, value) in own {
                command.env(format!("OPENG2P__{section}__{key}"), value);
            }
            let mut migrate = Command::new(program(name));
            migrate.envs(command.get_envs().filter_map(|(k, v)| Some((k.to_owned(), v?.to_owned()))));
            assert!(migrate.arg("migrate").stdout(Stdio::null()).status().expect("migrate runs").success());
            command.arg("serve");
            (command, port)
        };
        let secrets = [("ENCRYPTION", "false".to_owned())];
        let urls = [("MAPPER_URL", at(mapper)), ("BANK_URL", at(bank))];
        let told = [("BRIDGE_URL", at(bridge)), ("CLOSED_ACCOUNT_PERCENT", "0".to_owned())];
        let commands = [
            service("g2p-bridge", bridge, &bridge_key, &urls),
            service("example-bank", bank, &bank_key, &told),
            service("spar-mapper", mapper, &mapper_key, &secrets),
        ];
        let partner = async |schema: &str, id: &str, key: &SigningKey, permissions: &[&str]| {
            let permissions = permissions.iter().map(|p| (*p).to_owned()).collect();
            let policy = Policy { permissions, ..Policy::default() };
            let db = db(&url, schema).await;
            partners::put(&db, id, Mode::Strict, &json!(key.public_jwks()), &policy).await.unwrap();
        };
        partner("spar_mapper", "G2P_BRIDGE", &bridge_key, &["mapper:call"]).await;
        partner("g2p_bridge", "PBMS", &pbms_key, &["bridge:pay"]).await;
        partner("g2p_bridge", "EXAMPLE_BANK", &bank_key, &["bridge:import"]).await;
        partner("g2p_bridge", "DEMO", &demo_key, &["bridge:read", "bridge:write"]).await;
        partner("example_bank", "G2P_BRIDGE", &bridge_key, &["bank:call", "bank:pay"]).await;
        partner("example_bank", "DEMO", &demo_key, &["bank:read", "bank:write", "bank:call"]).await;
        fill(&url, rows).await;
        let mut running = Vec::new();
        for (mut command, port) in commands {
            let child = command.spawn().expect("the service starts");
            running.push(Running { child, port });
        }
        let mut running = running.into_iter();
        let mut next = || running.next().expect("a service");
        let world = Self {
            bridge: next(),
            bank: next(),
            _mapper: next(),
            pbms: client(&pbms_key, "PBMS"),
            demo: client(&demo_key, "DEMO"),
            cluster,
        };
        for port in [bridge, bank, mapper] {
            wait_for("a service", Duration::from_secs(60), || async {
                tokio::net::TcpStream::connect(("127.0.0.1", port)).await.ok()
            })
            .await;
        }
        world
    }

    /// Opens the sponsor's account with enough money, and configures the programme.
    pub async fn prepare(&self, amount: &str) {
        let account = json!({"account_number": SPONSOR, "currency": "KES", "kind": "sponsor", "deposit": amount,
                             "deposit_reference": testkit::unique("deposit")});
        let url = format!("http://127.0.0.1:{}/api/v1/accounts", self.bank.port);
        let answer = self.demo.service_post(&url, "example-bank", &json!({"accounts": [account]})).await;
        answer.expect("the sponsor's account");
        let program = json!({"benefit_program_mnemonic": PROGRAM, "sponsor_bank_code": "EXAMPLE_BANK",
            "sponsor_bank_account_number": SPONSOR, "sponsor_bank_account_currency": "KES",
            "id_mapper_resolution_required": true, "time_zone": "Africa/Nairobi"});
        let message = newer("DEMO", &program);
        self.demo
            .post_signed(&self.operation("create_benefit_program_configuration"), &message)
            .await
            .expect("the programme");
    }

    fn operation(&self, name: &str) -> String {
        format!("http://127.0.0.1:{}/{name}", self.bridge.port)
    }

    /// An operation of the programme system; its answer's payload.
    pub async fn call(&self, operation: &str, payload: &Value) -> Value {
        let answer = self.pbms.post_signed(&self.operation(operation), &newer("PBMS", payload)).await;
        let answer: Value = answer.expect("an answer").json().expect("JSON");
        assert_eq!(answer["response_header"]["response_status"], "SUCCESS", "{}", answer["response_header"]);
        answer["response_body"]["response_payload"].clone()
    }

    pub async fn db(&self, schema: &str) -> Db {
        db(&url(&self.cluster), schema).await
    }

    /// `VmRSS` or `VmHWM` of the bridge.
    pub fn memory_mb(&self, key: &str) -> f64 {
        let status =
            std::fs::read_to_string(format!("/proc/{}/status", self.bridge.child.id())).unwrap_or_default();
        let line = status.lines().find_map(|l| l.strip_prefix(key)?.strip_prefix(':'));
        line.and_then(|l| l.split_whitespace().next()?.parse::<f64>().ok()).unwrap_or_default() / 1_024.0
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = self.cluster.stop();
        let _ = std::fs::remove_dir_all(self.cluster.dir());
    }
}

pub fn newer(sender: &str, payload: &Value) -> Value {
    json!({
        "request_header": {"sender_app_mnemonic": sender, "sender_app_url": "", "request_id": testkit::unique("r"),
                           "request_timestamp": platform::clock::rfc3339(Clock::default().now()), "instance_id": ""},
        "request_body": {"pagination_request": null, "request_payload": payload},
    })
}

fn url(cluster: &Cluster) -> String {
    use secrecy::ExposeSecret;
    cluster.admin_url("postgres").expose_secret().to_owned()
}

async fn db(url: &str, schema: &str) -> Db {
    let mut options = DbOptions::new(url.to_owned().into(), schema);
    options.statement_timeout = None;
    Db::connect(&options).await.expect("the database")
}

/// Payees with accounts at the bank, as seeding scripts would load them: how they came there is not what is measured.
async fn fill(url: &str, rows: u64) {
    let mapper = db(url, "spar_mapper").await;
    let run = async |db: &Db, statement: String| {
        sql::execute(db.conn(), &statement, []).await.unwrap_or_else(|e| panic!("{statement}: {e}"));
    };
    run(&mapper, "ALTER TABLE id_fa_mappings DISABLE TRIGGER USER".to_owned()).await;
    run(
        &mapper,
        format!(
            "INSERT INTO id_fa_mappings (id_value, fa_value, name)
             SELECT 'payee-' || n, 'account_number:' || lpad(n::text, 10, '0')
                    || '.branch_name:Main.branch_code:B001.bank_name:Example.bank_code:EXBK.fa_type:BANK_ACCOUNT', 'Somebody'
               FROM generate_series(1, {rows}) AS n"
        ),
    )
    .await;
    run(&mapper, "ALTER TABLE id_fa_mappings ENABLE TRIGGER USER".to_owned()).await;
    run(&mapper, "VACUUM (ANALYZE) id_fa_mappings".to_owned()).await;
    let bank = db(url, "example_bank").await;
    run(
        &bank,
        format!(
            "INSERT INTO accounts (account_number, currency, kind)
             SELECT lpad(n::text, 10, '0'), 'KES', 'beneficiary' FROM generate_series(1, {rows}) AS n"
        ),
    )
    .await;
    run(&bank, "VACUUM (ANALYZE) accounts".to_owned()).await;
}
