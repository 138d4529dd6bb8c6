use std::{sync::Arc, time::Duration};

use jobs::{JobError, JobHandler, JobState, Next, Options, RunningJob, Worker};
use storage::{ConnectionTrait, Db, SqlMigration, sql};
use testkit::TestDb;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const MARKS: SqlMigration = SqlMigration {
    name: "m0001_marks",
    sql: "CREATE TABLE mark (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, job uuid NOT NULL, note text NOT NULL)",
};

pub async fn database() -> (TestDb, Db) {
    let steps = jobs::MIGRATIONS.iter().copied().chain([MARKS]).collect();
    let test = TestDb::new(&[("it", steps)]).await;
    let db = test.db("it").await;
    (test, db)
}

/// A handler made of a closure.
pub struct With<F>(pub F);

#[async_trait::async_trait]
impl<F> JobHandler for With<F>
where
    F: for<'a> Fn(&'a RunningJob) -> futures_util::future::BoxFuture<'a, Result<Next, JobError>>
        + Send
        + Sync,
{
    async fn run(&self, job: &RunningJob) -> Result<Next, JobError> {
        (self.0)(job).await
    }
}

pub fn worker<F>(kind: &'static str, handler: F) -> Worker
where
    F: for<'a> Fn(&'a RunningJob) -> futures_util::future::BoxFuture<'a, Result<Next, JobError>>
        + Send
        + Sync
        + 'static,
{
    Worker::new(kind, Arc::new(With(handler))).backoff(Duration::from_millis(5), Duration::from_millis(20))
}

pub struct Running {
    pub stop: CancellationToken,
    pub handle: JoinHandle<()>,
}

impl Running {
    pub fn start(db: &Db, workers: Vec<Worker>) -> Self {
        Self::start_with(db, workers, options())
    }

    pub fn start_with(db: &Db, workers: Vec<Worker>, options: Options) -> Self {
        let stop = CancellationToken::new();
        Self { handle: jobs::run(db.clone(), workers, options, stop.clone()), stop }
    }

    pub async fn stop(self) {
        self.stop.cancel();
        self.handle.await.unwrap();
    }
}

pub fn options() -> Options {
    Options {
        poll: Duration::from_millis(20),
        shutdown_grace: Duration::from_millis(50),
        ..Options::default()
    }
}

pub async fn mark<C: ConnectionTrait>(conn: &C, job: &RunningJob, note: &str) {
    sql::execute(conn, "INSERT INTO mark (job, note) VALUES ($1, $2)", [job.id.into(), note.into()])
        .await
        .unwrap();
}

pub async fn marks(db: &Db) -> Vec<String> {
    sql::scalars(db.conn(), "SELECT note AS v FROM mark ORDER BY id", []).await.unwrap()
}

pub async fn state(db: &Db, id: Uuid) -> JobState {
    jobs::status(db, id).await.unwrap().expect("the job").state
}

pub async fn wait_for_state(db: &Db, id: Uuid, wanted: JobState) {
    let what = format!("job to become {wanted:?}");
    testkit::wait_for(&what, Duration::from_secs(20), || async {
        (state(db, id).await == wanted).then_some(())
    })
    .await;
}
