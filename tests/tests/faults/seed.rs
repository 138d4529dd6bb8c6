//! One seed: a bridge or two, a bank, a mapper, 2,000 payments, and what the plan does to them.

mod ends;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};
use storage::{Db, sql};
use testkit::{Chaos, ChaosProxy, Rabbit};
use time::OffsetDateTime;
use tokio::{sync::Mutex, task::JoinHandle};

use super::{
    clients::{self, Clients},
    courier::Courier,
    lane::{Lane, PATIENCE, Process},
    mapper::{FakeMapper, Mood},
    plan::{Kind, Plan, Step, Who},
};

const PAYMENTS: usize = 2_000;
const DAY: i64 = 86_400;

/// What came of a seed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Outcome {
    pub seed: u64,
    pub kinds: Vec<Kind>,
    pub kills: u32,
    /// Kills that found an attempt in flight.
    pub kills_in_flight: u32,
    pub violations: Vec<String>,
    pub seconds: f64,
}

pub struct World {
    plan: Plan,
    lane: Arc<Lane>,
    broker: Arc<Mutex<Rabbit>>,
    folder: PathBuf,
    bridges: Vec<Process>,
    bank: Process,
    proxy: ChaosProxy,
    mapper: FakeMapper,
    courier: Courier,
    clients: Arc<Clients>,
    outcome: Outcome,
    has_backup: bool,
    /// The bridge's database, to look at. Its connections end now and then.
    db: Db,
    /// The day of the envelope: tomorrow, some seconds away, where the clock is to pass midnight.
    day: time::Date,
}

fn common(lane: &Lane, database: &str) -> Vec<(String, String)> {
    let pairs = [
        ("DATABASE_URL", lane.server.admin_url(database)),
        ("DATABASE_MAX_CONNECTIONS", "10".to_owned()),
        ("AMQP_URL", lane.amqp.clone()),
        ("AMQP_PREFIX", lane.amqp_prefix.clone()),
        ("ANONYMOUS_PARTNER", "true".to_owned()),
        ("CALL_TIMEOUT_SECONDS", "1".to_owned()),
        ("POLL_INTERVAL_MS", "200".to_owned()),
        ("JOB_LEASE_SECONDS", "2".to_owned()),
        ("HTTP_WORKERS", "1".to_owned()),
        ("LOG_LEVEL", "warn".to_owned()),
        ("LOG_FORMAT", "text".to_owned()),
    ];
    pairs.into_iter().map(|(key, value)| (format!("OPENG2P__{key}"), value)).collect()
}

fn own(section: &str, pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(key, value)| (format!("OPENG2P__{section}__{key}"), (*value).to_owned())).collect()
}

impl World {
    pub async fn start(plan: Plan, lane: Arc<Lane>, broker: Arc<Mutex<Rabbit>>, folder: &Path) -> Self {
        let seed = plan.seed;
        let folder = folder.join(format!("seed-{seed}"));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        for (name, template) in [("bridge", "bridge_template"), ("bank", "bank_template")] {
            lane.run(&format!("DROP DATABASE IF EXISTS {name}_{seed} WITH (FORCE)")).await;
            lane.run(&format!("CREATE DATABASE {name}_{seed} TEMPLATE {template}")).await;
        }
        lane.run(&format!("DROP DATABASE IF EXISTS backup_{seed} WITH (FORCE)")).await;
        let client = reqwest::Client::builder().timeout(Duration::from_secs(15)).no_proxy().build().unwrap();
        let bad = if plan.has(Kind::BadMapper) { 10 } else { 0 };
        let mapper = FakeMapper::start(Mood { dice: plan.dice(1), bad });
        let mut bank_env = common(&lane, &format!("bank_{seed}"));
        bank_env.extend(own(
            "EXAMPLE_BANK",
            &[
                ("STATEMENT_INTERVAL_MS", "300"),
                ("LATE_ANSWER_MS", "250"),
                ("CLOSED_ACCOUNT_PERCENT", "2"),
                ("STATEMENT_MAX_ENTRIES", "400"),
            ],
        ));
        let mut bank = Process::new("example-bank", &folder, "bank", bank_env);
        let proxy = ChaosProxy::start(format!("127.0.0.1:{}", bank.port)).await;
        let mut bridge_env = common(&lane, &format!("bridge_{seed}"));
        bridge_env.push(("OPENG2P__SIGNING_KEY".to_owned(), lane.key.clone()));
        bridge_env.extend(own(
            "G2P_BRIDGE",
            &[
                ("MAPPER_URL", &mapper.url),
                ("BANK_URL", &proxy.http_url()),
                ("RESOLVE_BATCH", "250"),
                ("PAYMENT_BATCH", "50"),
                ("PAYMENT_PARALLEL", "2"),
                ("STEP_INTERVAL_MS", "100"),
                ("RETRY_FIRST_MS", "100"),
                ("RETRY_LONGEST_MS", "1000"),
                ("RESEND_AFTER_MS", "1500"),
                ("STATEMENT_OVERDUE_SECONDS", "2"),
                ("STATEMENT_CHUNK", "150"),
                ("LEASE_SECONDS", "2"),
            ],
        ));
        let names: &[&str] = if plan.has(Kind::TwoSchedulers) { &["bridge", "bridge2"] } else { &["bridge"] };
        let mut bridges: Vec<Process> =
            names.iter().map(|name| Process::new("g2p-bridge", &folder, name, bridge_env.clone())).collect();
        let bad = plan.has(Kind::BadStatements).then(|| plan.dice(2));
        let courier = Courier::start(client.clone(), bridges[0].url(), bad);
        bank.set("OPENG2P__EXAMPLE_BANK__BRIDGE_URL", &courier.url);
        let ahead = if plan.has(Kind::ClockJump) { to_midnight() } else { 0 };
        let day = (OffsetDateTime::now_utc() + time::Duration::seconds(ahead)).date()
            + time::Duration::days(i64::from(plan.has(Kind::ClockJump)));
        bank.ahead = ahead;
        for bridge in &mut bridges {
            bridge.ahead = ahead;
            bridge.ensure().await;
        }
        bank.ensure().await;
        let clients = Arc::new(Clients::new(client, bridges.iter().map(Process::url).collect()));
        let db = lane.db(&format!("bridge_{seed}"), "g2p_bridge").await;
        let outcome = Outcome {
            seed,
            kinds: plan.kinds.clone(),
            kills: 0,
            kills_in_flight: 0,
            violations: Vec::new(),
            seconds: 0.0,
        };
        Self {
            plan,
            lane,
            broker,
            folder,
            bridges,
            bank,
            proxy,
            mapper,
            courier,
            clients,
            outcome,
            has_backup: false,
            db,
            day,
        }
    }

    /// A count, or nothing while the database is away.
    async fn count(&self, query: &str) -> Option<i64> {
        sql::scalar(self.db.conn(), query, []).await.ok().flatten()
    }

    /// Runs the seed.
    pub async fn run(mut self) -> Outcome {
        let began = Instant::now();
        let day = self.day;
        let next = (day + time::Duration::days(1)).to_string();
        let id = format!("E{}", self.plan.seed);
        let race = format!("R{}", self.plan.seed);
        self.clients
            .order("create_disbursement_envelopes", clients::envelope(&id, PAYMENTS, &day.to_string()))
            .await;
        let twice = self.plan.has(Kind::DuplicatesAndDisorder).then(|| self.plan.dice(3));
        let many = self.plan.has(Kind::ManyClients).then(|| {
            let (clients, race, seed) = (Arc::clone(&self.clients), race.clone(), self.plan.seed);
            tokio::spawn(async move {
                clients.order("create_disbursement_envelopes", clients::envelope(&race, 150, &next)).await;
                clients::many(&clients, &race, &next, seed).await;
            })
        });
        clients::fill(&self.clients, &id, PAYMENTS, twice).await;
        let broker = self.plan.has(Kind::BrokerRestart).then(|| self.restart_broker());
        self.faults().await;
        if let Some(many) = many {
            many.await.unwrap();
        }
        self.heal(broker).await;
        if self.plan.has(Kind::ManyClients) {
            self.clients.order("cancel_disbursement_envelope", serde_json::json!([{"id": race}])).await;
        }
        self.reach_the_end().await;
        self.once_more(&id).await;
        self.promises(&race).await;
        self.outcome.seconds = began.elapsed().as_secs_f64();
        self.finish().await
    }

    fn restart_broker(&self) -> JoinHandle<()> {
        let broker = Arc::clone(&self.broker);
        tokio::task::spawn_blocking(move || {
            let mut broker = broker.blocking_lock();
            broker.kill();
            std::thread::sleep(Duration::from_secs(1));
            broker.start();
        })
    }

    /// The plan's steps, from the first payment on.
    async fn faults(&mut self) {
        self.wait_for_attempts().await;
        if self.plan.has(Kind::OlderBackup) {
            tokio::time::sleep(self.plan.backup_after).await;
            self.back_up().await;
        }
        for (pause, step) in self.plan.steps.clone() {
            tokio::time::sleep(pause).await;
            self.step(step).await;
            self.look("while faults went on").await;
        }
    }

    async fn wait_for_attempts(&self) {
        let deadline = Instant::now() + PATIENCE;
        while self.count("SELECT count(*) FROM payment_attempts").await.unwrap_or(0) == 0 {
            assert!(Instant::now() < deadline, "seed {}: nothing was ever sent", self.plan.seed);
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }

    async fn step(&mut self, step: Step) {
        match step {
            Step::Kill { who, in_flight, later, down } => self.kill(who, in_flight, later, down).await,
            Step::Bank { how, for_ } => {
                self.proxy.set(how);
                tokio::time::sleep(for_).await;
                self.proxy.set(Chaos::Pass);
            }
            Step::Freeze { for_ } => {
                self.wait_in_flight().await;
                self.bridges[0].signal("STOP");
                tokio::time::sleep(for_).await;
                self.bridges[0].signal("CONT");
            }
            Step::Database => {
                let server = Arc::clone(&self.lane.server);
                let restarted = tokio::task::spawn_blocking(move || {
                    server.stop();
                    std::thread::sleep(Duration::from_millis(500));
                    server.restart();
                });
                restarted.await.unwrap();
            }
            Step::DuplicateJobs => self.duplicate_jobs().await,
            Step::Jump => {
                // They sign with the time: the other bridge is not believed until its clock is right again.
                for process in [&mut self.bridges[0], &mut self.bank] {
                    process.kill();
                    process.ahead += DAY;
                    process.ensure().await;
                }
            }
            Step::Restore => self.restore().await,
        }
    }

    async fn wait_in_flight(&self) {
        let open = "SELECT count(*) FROM payment_attempts WHERE state = 'SENDING'";
        let deadline = Instant::now() + Duration::from_secs(3);
        while Instant::now() < deadline && self.count(open).await.unwrap_or(0) == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    async fn kill(&mut self, who: Who, in_flight: bool, later: Duration, down: Duration) {
        tokio::time::sleep(later).await;
        if in_flight {
            self.wait_in_flight().await;
        }
        let open = "SELECT count(*) FROM payment_attempts WHERE state IN ('SENDING', 'UNKNOWN')";
        let process = match who {
            Who::FirstBridge => &mut self.bridges[0],
            Who::SecondBridge => self.bridges.last_mut().unwrap(),
            Who::Bank => &mut self.bank,
        };
        if !process.kill() {
            return;
        }
        let found = self.count(open).await.unwrap_or(0) > 0;
        self.outcome.kills += 1;
        self.outcome.kills_in_flight += u32::from(found);
        tokio::time::sleep(down).await;
        match who {
            Who::FirstBridge => self.bridges[0].ensure().await,
            Who::SecondBridge => self.bridges.last_mut().unwrap().ensure().await,
            Who::Bank => self.bank.ensure().await,
        }
    }

    /// The queue gives everything out a second time, in another order and at once.
    async fn duplicate_jobs(&self) {
        let db = self.db.clone();
        let copies = sql::execute(
            db.conn(),
            "INSERT INTO jobs (tenant_id, id, kind, dedup_key, payload, run_at, max_attempts)
             SELECT tenant_id, gen_random_uuid(), kind, dedup_key || '/copy/' || gen_random_uuid(), payload, now(), max_attempts
               FROM jobs
              WHERE state IN ('pending', 'running') AND kind LIKE 'bridge.%' AND dedup_key NOT LIKE '%/copy/%'
              ORDER BY random() LIMIT 20",
            [],
        )
        .await;
        let _ = copies;
    }

    async fn back_up(&mut self) {
        for bridge in &mut self.bridges {
            bridge.kill();
        }
        let seed = self.plan.seed;
        self.cut_connections().await;
        self.lane.run(&format!("CREATE DATABASE backup_{seed} TEMPLATE bridge_{seed}")).await;
        self.has_backup = true;
        for bridge in &mut self.bridges {
            bridge.ensure().await;
        }
    }

    async fn cut_connections(&self) {
        let cut = format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'bridge_{}'",
            self.plan.seed
        );
        self.lane.run(&cut).await;
    }

    async fn restore(&mut self) {
        assert!(self.has_backup);
        for bridge in &mut self.bridges {
            bridge.kill();
        }
        let seed = self.plan.seed;
        self.lane.run(&format!("DROP DATABASE IF EXISTS bridge_{seed} WITH (FORCE)")).await;
        self.lane.run(&format!("ALTER DATABASE backup_{seed} RENAME TO bridge_{seed}")).await;
        for bridge in &mut self.bridges {
            bridge.restored = true;
            bridge.ensure().await;
            bridge.restored = false;
        }
        // Those of the time since are gone with what was restored.
        self.courier.carry_all_again(&mut self.plan.dice(4));
    }

    /// Everything runs, nothing misbehaves any more.
    async fn heal(&mut self, broker: Option<JoinHandle<()>>) {
        self.proxy.set(Chaos::Pass);
        self.mapper.heal();
        if let Some(broker) = broker {
            broker.await.unwrap();
        }
        let ahead = self.bridges.iter().map(|b| b.ahead).max().unwrap_or(0);
        for process in self.bridges.iter_mut().chain([&mut self.bank]) {
            if process.ahead != ahead {
                process.kill();
                process.ahead = ahead;
            }
            process.ensure().await;
        }
        if self.plan.has(Kind::OlderBackup) {
            // What came after the backup is not there any more: its senders send it again.
            let id = format!("E{}", self.plan.seed);
            let differ = self.clients.again(&id).await;
            self.violate("INV5", differ);
        }
    }
}

/// Seconds from now to three seconds before the next midnight.
fn to_midnight() -> i64 {
    let now = OffsetDateTime::now_utc();
    let next = now.date().saturating_add(time::Duration::days(1)).midnight().assume_utc();
    (next - now).whole_seconds() - 4
}
