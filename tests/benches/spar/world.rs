//! A private Postgres full of mappings, and the mapper on it.

use std::{
    net::TcpListener,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use g2p_crypto::SigningKey;
use platform::{Mode, Policy, partners};
use serde_json::json;
use storage::{
    Db, DbOptions,
    cluster::{Cluster, ClusterOptions},
    sql,
};
use testkit::{program, wait_for};

use crate::load::{self, Load, Measured};

/// Rows that one statement loads.
const LOAD_BATCH: u64 = 1_000_000;

/// The id of the n-th person. (pgbench would take what follows a colon for a variable.)
pub fn id(n: u64) -> String {
    format!("id-{n}@nationalId")
}

/// An address as the strategy for bank accounts writes it.
pub fn address(n: u64) -> String {
    format!(
        "account_number:{:010}.branch_name:Main.branch_code:B{:03}.bank_name:First Bank.bank_code:FB{}.fa_type:BANK",
        n,
        n % 500,
        n % 20
    )
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

/// Huge pages of 2 MB for the buffers of Postgres, which takes them by itself where there are some. Only an administrator
/// can set them aside; they are given back when this is dropped.
struct HugePages {
    before: Option<String>,
}

const HUGE_PAGES: &str = "/proc/sys/vm/nr_hugepages";

impl HugePages {
    /// `HUGE_PAGES=0` does without.
    fn reserve() -> Self {
        let wanted = (memory_mb() / 4 + 256) / 2 + huge_pages_taken();
        let before = std::fs::read_to_string(HUGE_PAGES).ok();
        let reserved = std::env::var("HUGE_PAGES").as_deref() != Ok("0")
            && std::fs::write(HUGE_PAGES, wanted.to_string()).is_ok();
        Self { before: before.filter(|_| reserved) }
    }
}

impl Drop for HugePages {
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            let _ = std::fs::write(HUGE_PAGES, before);
        }
    }
}

/// Huge pages that are used or promised to anybody on this machine.
fn huge_pages_taken() -> u64 {
    let info = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let pages = |key: &str| {
        info.lines()
            .find_map(|l| l.strip_prefix(key)?.strip_prefix(':')?.trim().parse::<u64>().ok())
            .unwrap_or_default()
    };
    (pages("HugePages_Total") + pages("HugePages_Rsvd")).saturating_sub(pages("HugePages_Free"))
}

/// Who sends the messages. Registered with a key where they are signed; else nobody, served as the partner `*`.
pub const SENDER: &str = "SIGNER";

pub struct World {
    /// What signs messages, where they are signed.
    pub key: Option<Arc<SigningKey>>,
    cluster: Cluster,
    mapper: Child,
    /// Starts the mapper.
    serve: Command,
    port: u16,
    pub loading: Duration,
    /// Whether Postgres has huge pages.
    pub huge_pages: bool,
    /// Dropped last: given back when the server is gone.
    _reserved: HugePages,
}

impl World {
    pub async fn start(rows: u64, sealed: bool, signed: bool) -> Self {
        platform::init_crypto();
        let reserved = HugePages::reserve();
        let taken = huge_pages_taken();
        let cluster = tokio::task::spawn_blocking(|| {
            let dir = kept().unwrap_or_else(|| testkit::servers_dir().join(testkit::unique("bench")));
            let mut options = ClusterOptions::for_tests(dir);
            // As in production: what is acknowledged is on the disk.
            options.durable = true;
            options.max_connections = 100;
            // A quarter of the memory, as for a server of its own, and room for the log of a large file.
            options.shared_buffers = format!("{}MB", memory_mb() / 4).leak();
            options.max_wal_size = "16GB";
            Cluster::find_or_start(&options).expect("a Postgres")
        })
        .await
        .unwrap();
        let port = free_port();
        let mut mapper = Command::new(program("spar-mapper"));
        mapper
            .env("OPENG2P__DATABASE_URL", url(&cluster))
            .env("OPENG2P__DATABASE_MAX_CONNECTIONS", "8")
            .env("OPENG2P__SPAR_MAPPER__PORT", port.to_string())
            .env("OPENG2P__ANONYMOUS_PARTNER", "true")
            .env("OPENG2P__LOG_LEVEL", "error")
            .env("OPENG2P__HTTP_WORKERS", "2")
            .env("OPENG2P__SPAR_MAPPER__ENCRYPTION", sealed.to_string())
            .env("OPENG2P__SPAR_MAPPER__ENCRYPTION_SECRET", "a secret of this benchmark that seals")
            .env("OPENG2P__SPAR_MAPPER__INDEX_SECRET", "a secret of this benchmark that finds")
            .stdout(Stdio::null());
        assert!(mapper.arg("migrate").status().expect("migrate runs").success());
        let began = Instant::now();
        fill(&cluster, rows).await;
        let loading = began.elapsed();
        let mut serve = Command::new(program("spar-mapper"));
        serve.envs(mapper.get_envs().filter_map(|(k, v)| Some((k, v?))));
        let mapper = serve.arg("serve").stdout(Stdio::null()).spawn().expect("the mapper starts");
        answers(port).await;
        let key = signed.then(|| Arc::new(SigningKey::generate_ed25519().expect("a key")));
        let huge_pages = (huge_pages_taken().saturating_sub(taken)) * 2 >= memory_mb() / 4;
        let world = Self { key, cluster, mapper, serve, port, loading, huge_pages, _reserved: reserved };
        world.prepare(rows, sealed).await;
        world
    }

    /// Lays the register out in so many partitions as an operator does, and starts the mapper anew on it. Returns how long
    /// the move took.
    pub async fn partition(&mut self, partitions: u64) -> Duration {
        let mut migrate = Command::new(program("spar-mapper"));
        migrate.envs(self.serve.get_envs().filter_map(|(k, v)| Some((k, v?))));
        let began = Instant::now();
        let done = migrate.args(["migrate", "--partitions", &partitions.to_string()]).status();
        assert!(done.expect("migrate runs").success());
        let took = began.elapsed();
        let _ = self.mapper.kill();
        let _ = self.mapper.wait();
        self.mapper = self.serve.spawn().expect("the mapper starts");
        answers(self.port).await;
        took
    }

    /// Registers the sender, and waits until all is sealed.
    async fn prepare(&self, rows: u64, sealed: bool) {
        let db = self.db().await;
        if let Some(key) = &self.key {
            let policy = Policy { permissions: ["mapper:call".to_owned()].into(), ..Policy::default() };
            partners::put(&db, SENDER, Mode::Compat, &json!(key.public_jwks()), &policy).await.unwrap();
        }
        if sealed {
            let patience = Duration::from_secs(60 + rows / 1_000);
            wait_for("the mappings to be sealed", patience, || async {
                let plain = "SELECT count(*) FROM (SELECT FROM id_fa_mappings
                    WHERE left(fa_value, 4) <> 'enc:' OR left(name, 4) <> 'enc:' OR left(phone, 4) <> 'enc:' LIMIT 1) p";
                let plain: Option<i64> = sql::scalar(db.conn(), plain, []).await.expect("a count");
                (plain == Some(0)).then_some(())
            })
            .await;
            sql::execute(db.conn(), "VACUUM (ANALYZE) id_fa_mappings", []).await.expect("a vacuum");
        }
    }

    pub fn admin_url(&self) -> String {
        url(&self.cluster)
    }

    /// pgbench of the same installation as the server, or of the PATH.
    pub fn pgbench(&self) -> PathBuf {
        let beside = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
        let known = beside.map(|entry| entry.path().join("bin/pgbench")).find(|file| file.is_file());
        known.unwrap_or_else(|| PathBuf::from("pgbench"))
    }

    /// Sends the load and reads what the mapper's process used meanwhile.
    pub async fn measure(&self, load: &Load, expected: &str) -> Measured {
        let before = self.cpu_ms();
        let (latencies, elapsed) = load::run(&format!("127.0.0.1:{}", self.port), load, expected).await;
        Measured { latencies, elapsed, cpu_ms: self.cpu_ms() - before }
    }

    /// `host:port` of the mapper.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// A pool on the mapper's schema.
    pub async fn db(&self) -> Db {
        let mut options = DbOptions::new(url(&self.cluster).into(), "spar_mapper");
        options.statement_timeout = None;
        Db::connect(&options).await.expect("the database")
    }

    /// User and system time of the mapper so far; the kernel counts in hundredths of a second.
    pub fn cpu_ms(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.mapper.id())).unwrap_or_default();
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks = |n: usize| fields.get(n).and_then(|f| f.parse::<f64>().ok()).unwrap_or_default();
        (ticks(11) + ticks(12)) * 10.0
    }

    /// `VmRSS` or `VmHWM` of the mapper.
    pub fn memory_mb(&self, key: &str) -> f64 {
        let status =
            std::fs::read_to_string(format!("/proc/{}/status", self.mapper.id())).unwrap_or_default();
        let line = status.lines().find_map(|l| l.strip_prefix(key)?.strip_prefix(':'));
        line.and_then(|l| l.split_whitespace().next()?.parse::<f64>().ok()).unwrap_or_default() / 1_024.0
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = self.mapper.kill();
        let _ = self.mapper.wait();
        let _ = self.cluster.stop();
        if kept().is_none() {
            let _ = std::fs::remove_dir_all(self.cluster.dir());
        }
    }
}

/// `DATA` names a directory that keeps the filled Postgres for the next run.
fn kept() -> Option<PathBuf> {
    std::env::var_os("DATA").map(PathBuf::from)
}

fn url(cluster: &Cluster) -> String {
    use secrecy::ExposeSecret;
    cluster.admin_url("postgres").expose_secret().to_owned()
}

async fn answers(port: u16) {
    wait_for("the mapper", Duration::from_secs(30), || async {
        tokio::net::TcpStream::connect(("127.0.0.1", port)).await.ok()
    })
    .await;
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port").port()
}

/// Loads the mappings as a seeding script would, unless a kept Postgres has them.
async fn fill(cluster: &Cluster, rows: u64) {
    let mut options = DbOptions::new(url(cluster).into(), "spar_mapper");
    options.statement_timeout = None;
    let db = Db::connect(&options).await.expect("the database");
    let run = async |statement: String| {
        sql::execute(db.conn(), &statement, []).await.unwrap_or_else(|e| panic!("{statement}: {e}"));
    };
    let there: Option<i64> =
        sql::scalar(db.conn(), "SELECT count(*) FROM id_fa_mappings", []).await.expect("a count");
    if there.unwrap_or_default() > 0 {
        return;
    }
    // What is measured is not how the history of ten million people is written.
    run("ALTER TABLE id_fa_mappings DISABLE TRIGGER USER".to_owned()).await;
    let mut first = 1;
    while first <= rows {
        let last = rows.min(first + LOAD_BATCH - 1);
        run(format!(
            "INSERT INTO id_fa_mappings (id_value, fa_value, name)
             SELECT 'id-' || n || '@nationalId',
                    'account_number:' || lpad(n::text, 10, '0') || '.branch_name:Main.branch_code:B' || lpad((n % 500)::text, 3, '0')
                    || '.bank_name:First Bank.bank_code:FB' || n % 20 || '.fa_type:BANK', 'Somebody'
               FROM generate_series({first}, {last}) AS n"
        ))
        .await;
        first = last + 1;
    }
    run("ALTER TABLE id_fa_mappings ENABLE TRIGGER USER".to_owned()).await;
    run("VACUUM (ANALYZE) id_fa_mappings".to_owned()).await;
    run("CHECKPOINT".to_owned()).await;
}
