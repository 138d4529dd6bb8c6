//! The transport for installations without a broker: queues as tables in a schema that all services may write.
//!
//! Publishing inserts one row for each subscribed consumer. An event that nobody subscribed to is done with when it is
//! published. Consumers claim rows for a short time (`visible_at`), in an order that keeps events of one tenant and
//! key one after the other, also between processes.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use sea_orm::FromQueryResult;
use storage::{Db, SchemaState, SqlMigration, StoreResult, schema_state, sql};
use tokio::sync::Notify;
use tokio_util::sync::{CancellationToken, DropGuard};
use uuid::Uuid;

use crate::{
    ConsumerSpec, Incoming, Outgoing, PublishOutcome, Settlement, Subscription, Transport, listen,
    transport::Tag,
};

/// The tables of this transport, for a schema of their own: `openg2p_events`. Each service's role needs SELECT, INSERT,
/// UPDATE and DELETE on them, and USAGE on the schema.
pub const MIGRATIONS: &[SqlMigration] = &[SqlMigration {
    name: "events_postgres_m0001_transport",
    sql: include_str!("../migrations/postgres_m0001_transport.sql"),
}];

/// How long a claimed message stays with a process that does not answer.
const LEASE: Duration = Duration::from_secs(10);

/// Events through Postgres.
pub struct PostgresTransport {
    db: Db,
    poll: Duration,
    wakes: Arc<Mutex<HashMap<String, Arc<Notify>>>>,
    listener: Mutex<Option<DropGuard>>,
}

impl PostgresTransport {
    /// `db` is bound to the transport's schema.
    #[must_use]
    pub fn new(db: Db) -> Self {
        Self { db, poll: Duration::from_secs(1), wakes: Arc::default(), listener: Mutex::new(None) }
    }

    /// How often to look when no notification comes; 1 s unless told.
    #[must_use]
    pub fn poll(mut self, poll: Duration) -> Self {
        self.poll = poll;
        self
    }

    /// One listening connection for all consumers of this process.
    fn wake_of(&self, consumer: &str) -> Arc<Notify> {
        let mut listener = self.listener.lock().unwrap_or_else(PoisonError::into_inner);
        if listener.is_none() {
            let stop = CancellationToken::new();
            let wakes = Arc::clone(&self.wakes);
            let wake = move |consumer: Option<&str>| {
                let wakes = wakes.lock().unwrap_or_else(PoisonError::into_inner);
                match consumer {
                    Some(name) => {
                        if let Some(wake) = wakes.get(name) {
                            wake.notify_one();
                        }
                    }
                    None => wakes.values().for_each(|wake| wake.notify_one()),
                }
            };
            tokio::spawn(listen::listen(self.db.clone(), "openg2p_delivery", wake, stop.clone()));
            *listener = Some(stop.drop_guard());
        }
        let mut wakes = self.wakes.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(wakes.entry(consumer.to_owned()).or_default())
    }

    async fn insert(&self, messages: &[Outgoing]) -> StoreResult<()> {
        sql::execute(
            self.db.conn(),
            include_str!("sql/postgres_publish.sql"),
            [
                messages.iter().map(|m| m.tenant.clone()).collect::<Vec<_>>().into(),
                messages.iter().map(|m| m.id).collect::<Vec<_>>().into(),
                messages.iter().map(|m| m.topic.clone()).collect::<Vec<_>>().into(),
                messages.iter().map(|m| m.key.clone()).collect::<Vec<_>>().into(),
                messages.iter().map(|m| m.body.clone()).collect::<Vec<_>>().into(),
            ],
        )
        .await
        .map(|_| ())
    }
}

/// Removes what waits for a consumer that does not exist any more, and its subscriptions.
///
/// # Errors
/// When the database cannot be asked.
pub async fn forget_consumer(db: &Db, consumer: &str) -> StoreResult<()> {
    let tx = db.begin().await?;
    sql::execute(&tx, "DELETE FROM subscription WHERE consumer = $1", [consumer.into()]).await?;
    sql::execute(&tx, "DELETE FROM delivery WHERE consumer = $1", [consumer.into()]).await?;
    Ok(tx.commit().await?)
}

#[async_trait::async_trait]
impl Transport for PostgresTransport {
    fn name(&self) -> &'static str {
        "postgres"
    }

    async fn publish(&self, messages: &[Outgoing]) -> Vec<PublishOutcome> {
        let outcome = match self.insert(messages).await {
            Ok(()) => PublishOutcome::Published,
            Err(error) => PublishOutcome::Unavailable(error.to_string()),
        };
        vec![outcome; messages.len()]
    }

    /// Topics are only added: a process of the version before may still want the others.
    async fn declare(&self, consumer: &ConsumerSpec) -> anyhow::Result<()> {
        sql::execute(
            self.db.conn(),
            "INSERT INTO subscription (topic, consumer) SELECT t, $1 FROM UNNEST($2::text[]) AS t
             ON CONFLICT DO NOTHING",
            [consumer.name.clone().into(), consumer.topics.clone().into()],
        )
        .await?;
        Ok(())
    }

    async fn subscribe(&self, consumer: &ConsumerSpec) -> anyhow::Result<Box<dyn Subscription>> {
        self.declare(consumer).await?;
        Ok(Box::new(PostgresSubscription {
            db: self.db.clone(),
            consumer: consumer.name.clone(),
            wake: self.wake_of(&consumer.name),
            poll: self.poll,
            unanswered: Vec::new(),
        }))
    }

    async fn backlog(&self, consumer: &str) -> anyhow::Result<u64> {
        let count: Option<i64> = sql::scalar(
            self.db.conn(),
            "SELECT count(*) AS n FROM delivery WHERE consumer = $1",
            [consumer.into()],
        )
        .await?;
        Ok(u64::try_from(count.unwrap_or(0)).unwrap_or(0))
    }

    async fn schema_state(&self) -> StoreResult<SchemaState> {
        schema_state(&self.db, MIGRATIONS).await
    }
}

struct PostgresSubscription {
    db: Db,
    consumer: String,
    wake: Arc<Notify>,
    poll: Duration,
    /// Tenants and ids of the messages of the last batch that have no answer yet.
    unanswered: Vec<(String, Uuid)>,
}

#[derive(FromQueryResult)]
struct ClaimedRow {
    tenant_id: String,
    message_id: Uuid,
    body: Vec<u8>,
    claims: i32,
    seq: i64,
}

impl PostgresSubscription {
    /// The lock makes claims of one consumer take turns: otherwise a second process could see an event as free while
    /// the first one takes the earlier event of the same key.
    async fn claim(&self, max: usize) -> StoreResult<Vec<Incoming>> {
        let tx = self.db.begin().await?;
        sql::execute(
            &tx,
            "SELECT pg_advisory_xact_lock(hashtextextended('openg2p_delivery/' || current_schema() || '/' || $1, 0))",
            [self.consumer.clone().into()],
        )
        .await?;
        let mut rows: Vec<ClaimedRow> = sql::fetch_all(
            &tx,
            include_str!("sql/postgres_claim.sql"),
            [
                self.consumer.clone().into(),
                i64::try_from(max).unwrap_or(i64::MAX).into(),
                i64::try_from(LEASE.as_millis()).unwrap_or(i64::MAX).into(),
            ],
        )
        .await?;
        tx.commit().await?;
        rows.sort_by_key(|row| row.seq);
        Ok(rows
            .into_iter()
            .map(|row| Incoming {
                body: row.body,
                redeliveries: u32::try_from(row.claims - 1).unwrap_or(0),
                tag: Tag::Postgres { tenant: row.tenant_id, message: row.message_id },
            })
            .collect())
    }

    async fn any_waiting(&self) -> StoreResult<bool> {
        let found: Option<bool> = sql::scalar(
            self.db.conn(),
            "SELECT EXISTS (SELECT 1 FROM delivery WHERE consumer = $1) AS found",
            [self.consumer.clone().into()],
        )
        .await?;
        Ok(found == Some(true))
    }
}

#[async_trait::async_trait]
impl Subscription for PostgresSubscription {
    async fn next_batch(&mut self, max: usize, stop: &CancellationToken) -> anyhow::Result<Vec<Incoming>> {
        while !stop.is_cancelled() {
            // Not dropped half-way when `stop` fires: claimed rows would wait for the end of their lease.
            if self.any_waiting().await? {
                let batch = self.claim(max).await?;
                if !batch.is_empty() {
                    self.unanswered = batch.iter().filter_map(tag).collect();
                    return Ok(batch);
                }
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = self.wake.notified() => {}
                () = tokio::time::sleep(self.poll) => {}
            }
        }
        Ok(Vec::new())
    }

    async fn settle(&mut self, answers: Vec<(Incoming, Settlement)>) -> anyhow::Result<()> {
        let (mut done, mut again) = ((Vec::new(), Vec::new()), (Vec::new(), Vec::new()));
        for (incoming, settlement) in answers {
            if let Some((tenant, message)) = tag(&incoming) {
                self.unanswered.retain(|(_, unanswered)| *unanswered != message);
                let list = if settlement == Settlement::Requeue { &mut again } else { &mut done };
                list.0.push(tenant);
                list.1.push(message);
            }
        }
        for (statement, (tenants, messages)) in [
            (
                "DELETE FROM delivery AS d USING UNNEST($2::text[], $3::uuid[]) AS s(tenant_id, message_id)
                  WHERE d.tenant_id = s.tenant_id AND d.consumer = $1 AND d.message_id = s.message_id",
                done,
            ),
            (
                "UPDATE delivery AS d SET visible_at = now(), claims = d.claims - 1
                   FROM UNNEST($2::text[], $3::uuid[]) AS s(tenant_id, message_id)
                  WHERE d.tenant_id = s.tenant_id AND d.consumer = $1 AND d.message_id = s.message_id
                    AND d.claims > 0",
                again,
            ),
        ] {
            if !messages.is_empty() {
                let values = [self.consumer.clone().into(), tenants.into(), messages.into()];
                sql::execute(self.db.conn(), statement, values).await?;
            }
        }
        Ok(())
    }

    async fn close(&mut self) {
        let (tenants, messages): (Vec<_>, Vec<_>) = self.unanswered.drain(..).unzip();
        if messages.is_empty() {
            return;
        }
        // Best effort: their lease runs out anyway.
        let _ = sql::execute(
            self.db.conn(),
            "UPDATE delivery AS d SET visible_at = now()
               FROM UNNEST($2::text[], $3::uuid[]) AS s(tenant_id, message_id)
              WHERE d.tenant_id = s.tenant_id AND d.consumer = $1 AND d.message_id = s.message_id",
            [self.consumer.clone().into(), tenants.into(), messages.into()],
        )
        .await;
    }
}

fn tag(incoming: &Incoming) -> Option<(String, Uuid)> {
    match &incoming.tag {
        Tag::Postgres { tenant, message } => Some((tenant.clone(), *message)),
        Tag::Rabbit(_) => None,
    }
}
