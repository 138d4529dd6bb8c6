use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use events::{
    Consumer, Delivered, EventData, Handler, HandlerError, Incoming, Options, Outgoing, PublishOutcome,
    Settlement, Subscription, Transport, TransportConfig, postgres::PostgresTransport,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use storage::{DatabaseTransaction, Db, SqlMigration, sql};
use testkit::TestDb;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

pub const LIMIT: Duration = Duration::from_secs(30);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Counted {
    pub n: i64,
}

impl EventData for Counted {
    const TOPIC: &'static str = "it.counter.counted.v1";
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Unheard {
    pub n: i64,
}

impl EventData for Unheard {
    const TOPIC: &'static str = "it.counter.unheard.v1";
}

const EFFECTS: SqlMigration = SqlMigration {
    name: "m0001_effects",
    sql: "CREATE TABLE effect (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, consumer text NOT NULL,
                               event uuid NOT NULL, key text NOT NULL, n bigint NOT NULL, process text NOT NULL)",
};

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    Postgres,
    Rabbit,
}

/// Two services and a transport of their own.
pub struct World {
    pub kind: Kind,
    pub producer: Db,
    pub consumer: Db,
    pub prefix: String,
    pub transport: Arc<dyn Transport>,
    pub test: TestDb,
}

impl World {
    pub async fn new(kind: Kind) -> Self {
        let url = if kind == Kind::Rabbit { amqp_url().await } else { String::new() };
        Self::with_broker(kind, &url).await
    }

    pub async fn with_broker(kind: Kind, amqp_url: &str) -> Self {
        let steps = || events::MIGRATIONS.iter().copied().chain([EFFECTS]).collect::<Vec<_>>();
        let schemas = [
            ("producer", steps()),
            ("consumer", steps()),
            ("openg2p_events", events::postgres::MIGRATIONS.to_vec()),
        ];
        let test = TestDb::new(&schemas).await;
        let prefix = testkit::unique("it");
        let transport = match kind {
            Kind::Postgres => postgres(&test).await,
            Kind::Rabbit => rabbit(amqp_url, &prefix),
        };
        Self {
            kind,
            producer: test.db("producer").await,
            consumer: test.db("consumer").await,
            prefix,
            transport,
            test,
        }
    }

    pub fn run(&self, db: &Db, consumers: Vec<Consumer>) -> Running {
        Running::start(db, Arc::clone(&self.transport), consumers)
    }

    /// What `migrate` does: from now on the events are kept for the consumer.
    pub async fn declare(&self, recorder: &Arc<Recorder>) {
        events::declare(self.transport.as_ref(), &[recorder.consumer().spec()]).await.unwrap();
    }

    pub async fn publish(&self, key: &str, n: i64) {
        events::publish(self.producer.conn(), "default", key, &Counted { n }).await.unwrap();
    }

    pub async fn outbox_is_empty(&self) {
        testkit::wait_for("an empty outbox", LIMIT, || async {
            (events::status(&self.producer).await.unwrap().outbox_pending == 0).then_some(())
        })
        .await;
    }

    /// The numbers a consumer has applied, in order.
    pub async fn effects(&self, consumer: &str) -> Vec<i64> {
        let sql = "SELECT n AS v FROM effect WHERE consumer = $1 ORDER BY id";
        sql::scalars(self.consumer.conn(), sql, [consumer.into()]).await.unwrap()
    }

    pub async fn wait_for_effects(&self, consumer: &str, count: usize) -> Vec<i64> {
        let what = format!("{count} effects of {consumer}");
        testkit::wait_for(&what, LIMIT, || async {
            let effects = self.effects(consumer).await;
            (effects.len() >= count).then_some(effects)
        })
        .await
    }

    pub async fn nothing_waits_for(&self, consumer: &str) {
        testkit::wait_for("an empty queue", LIMIT, || async {
            (self.transport.backlog(consumer).await.ok()? == 0).then_some(())
        })
        .await;
    }
}

async fn amqp_url() -> String {
    tokio::task::spawn_blocking(|| testkit::amqp_url().to_owned()).await.unwrap()
}

pub async fn postgres(test: &TestDb) -> Arc<dyn Transport> {
    let db = test.db("openg2p_events").await;
    Arc::new(PostgresTransport::new(db).poll(Duration::from_millis(50)))
}

pub fn rabbit(url: &str, prefix: &str) -> Arc<dyn Transport> {
    let config =
        TransportConfig::Rabbit { url: url.to_owned().into(), ca_file: None, prefix: prefix.to_owned() };
    config.connect().unwrap()
}

/// A message as the relay makes it, with an id of its own for each number.
pub fn message(n: i64) -> Outgoing {
    let id = Uuid::from_u128(u128::try_from(n).unwrap());
    let body = serde_json::json!({
        "specversion": "1.0", "id": id, "type": "it.counter.counted.v1", "source": "producer", "subject": format!("k{n}"),
        "time": "2026-01-01T00:00:00Z", "tenant": "default", "data": {"n": n},
    });
    Outgoing {
        id,
        tenant: "default".to_owned(),
        topic: "it.counter.counted.v1".to_owned(),
        key: format!("k{n}"),
        body: body.to_string().into_bytes(),
    }
}

pub struct Running {
    stop: CancellationToken,
    handle: JoinHandle<()>,
}

impl Running {
    pub fn start(db: &Db, transport: Arc<dyn Transport>, consumers: Vec<Consumer>) -> Self {
        let stop = CancellationToken::new();
        Self { handle: events::run(db.clone(), transport, consumers, options(), stop.clone()), stop }
    }

    pub async fn stop(self) {
        self.stop.cancel();
        tokio::time::timeout(LIMIT, self.handle).await.expect("the tasks end").unwrap();
    }
}

pub fn options() -> Options {
    Options { poll: Duration::from_millis(50), ..Options::default() }
}

/// Records what it applies, and can be told to fail.
pub struct Recorder {
    pub name: String,
    pub process: String,
    pub failing: Mutex<Vec<i64>>,
    pub rejecting: AtomicBool,
    pub attempts: AtomicUsize,
    /// How long it takes for one event.
    pub slow_ms: AtomicU64,
}

impl Recorder {
    pub fn new(name: &str) -> Arc<Self> {
        Self::in_process(name, "one")
    }

    pub fn in_process(name: &str, process: &str) -> Arc<Self> {
        Arc::new(Self {
            name: name.to_owned(),
            process: process.to_owned(),
            failing: Mutex::default(),
            rejecting: AtomicBool::new(false),
            attempts: AtomicUsize::new(0),
            slow_ms: AtomicU64::new(0),
        })
    }

    pub fn consumer(self: &Arc<Self>) -> Consumer {
        Consumer::typed::<Counted, _>(self.name.clone(), Arc::clone(self)).retries(
            4,
            Duration::from_millis(10),
            Duration::from_millis(100),
        )
    }

    pub fn fail_on(&self, numbers: &[i64]) {
        *self.failing.lock().unwrap() = numbers.to_vec();
    }
}

#[async_trait::async_trait]
impl Handler<Counted> for Recorder {
    async fn handle(&self, tx: &DatabaseTransaction, event: Delivered<Counted>) -> Result<(), HandlerError> {
        let n = event.data.n;
        tokio::time::sleep(Duration::from_millis(self.slow_ms.load(Ordering::SeqCst))).await;
        sql::execute(
            tx,
            "INSERT INTO effect (consumer, event, key, n, process) VALUES ($1, $2, $3, $4, $5)",
            [
                self.name.clone().into(),
                event.id.into(),
                event.key.into(),
                n.into(),
                self.process.clone().into(),
            ],
        )
        .await?;
        if self.failing.lock().unwrap().contains(&n) {
            self.attempts.fetch_add(1, Ordering::SeqCst);
            if self.rejecting.load(Ordering::SeqCst) {
                return Err(HandlerError::Reject("this can never work".to_owned()));
            }
            return Err(HandlerError::retry("not now"));
        }
        Ok(())
    }
}

/// A transport that forgets answers or hands everything out several times, over a real one.
pub struct Faulty {
    pub inner: Arc<dyn Transport>,
    /// Acknowledgements that get lost, as when a process dies between commit and ack.
    pub lose_acks: Arc<AtomicUsize>,
    /// Confirmations that get lost, as when a relay dies between publish and update.
    pub lose_confirms: AtomicUsize,
}

impl Faulty {
    pub fn new(inner: Arc<dyn Transport>) -> Arc<Self> {
        Arc::new(Self { inner, lose_acks: Arc::default(), lose_confirms: AtomicUsize::new(0) })
    }
}

fn take_one(counter: &AtomicUsize) -> bool {
    counter.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1)).is_ok()
}

struct FaultySubscription {
    inner: Box<dyn Subscription>,
    lose_acks: Arc<AtomicUsize>,
}

#[async_trait::async_trait]
impl Transport for Faulty {
    fn name(&self) -> &'static str {
        self.inner.name()
    }

    async fn publish(&self, messages: &[Outgoing]) -> Vec<PublishOutcome> {
        let outcomes = self.inner.publish(messages).await;
        if take_one(&self.lose_confirms) {
            return vec![PublishOutcome::Unavailable("the confirmation got lost".to_owned()); outcomes.len()];
        }
        outcomes
    }

    async fn declare(&self, consumer: &events::ConsumerSpec) -> anyhow::Result<()> {
        self.inner.declare(consumer).await
    }

    async fn subscribe(&self, consumer: &events::ConsumerSpec) -> anyhow::Result<Box<dyn Subscription>> {
        let inner = self.inner.subscribe(consumer).await?;
        Ok(Box::new(FaultySubscription { inner, lose_acks: Arc::clone(&self.lose_acks) }))
    }

    async fn backlog(&self, consumer: &str) -> anyhow::Result<u64> {
        self.inner.backlog(consumer).await
    }

    async fn schema_state(&self) -> storage::StoreResult<storage::SchemaState> {
        self.inner.schema_state().await
    }
}

#[async_trait::async_trait]
impl Subscription for FaultySubscription {
    async fn next_batch(&mut self, max: usize, stop: &CancellationToken) -> anyhow::Result<Vec<Incoming>> {
        self.inner.next_batch(max, stop).await
    }

    async fn settle(&mut self, answers: Vec<(Incoming, Settlement)>) -> anyhow::Result<()> {
        if take_one(&self.lose_acks) {
            // What the transport sees of a process that is gone: no answers, and the connection ends.
            let requeued = answers.into_iter().map(|(incoming, _)| (incoming, Settlement::Requeue)).collect();
            self.inner.settle(requeued).await?;
            anyhow::bail!("the connection was lost before the acknowledgement");
        }
        self.inner.settle(answers).await
    }

    async fn close(&mut self) {
        self.inner.close().await;
    }
}
