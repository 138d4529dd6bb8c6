use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::FutureExt;
use jobs::{JobState, NewJob, Next, Options, Worker};
use storage::sql;
use tokio::sync::Notify;

use crate::support::*;

fn hanging(started: Arc<Notify>) -> Worker {
    worker("k", move |_| {
        let started = started.clone();
        async move {
            started.notify_one();
            std::future::pending().await
        }
        .boxed()
    })
}

fn quick() -> Worker {
    worker("k", |_| async { Ok(Next::Done) }.boxed())
}

#[test]
fn the_job_of_a_process_that_dies_is_done_once_elsewhere() {
    let survivor = tokio::runtime::Runtime::new().unwrap();
    let (test, db) = survivor.block_on(database());
    let id = survivor.block_on(jobs::enqueue(db.conn(), NewJob::new("k", &()))).unwrap();
    // A runtime that goes at once takes handler, renewal and connections with it, like a SIGKILL.
    let victim = tokio::runtime::Runtime::new().unwrap();
    let url = test.url("it");
    victim.block_on(async {
        let options = storage::DbOptions::new(url.into(), "it");
        let db = storage::Db::connect(&options).await.unwrap();
        let started = Arc::new(Notify::new());
        let worker = hanging(started.clone()).lease(Duration::from_millis(600));
        let running = Running::start(&db, vec![worker]);
        started.notified().await;
        // Longer than the lease: it is being renewed.
        tokio::time::sleep(Duration::from_millis(900)).await;
        assert!(!running.handle.is_finished());
    });
    survivor.block_on(async {
        assert_eq!(state(&db, id).await, JobState::Running);
        victim.shutdown_background();
        let running = Running::start(&db, vec![quick()]);
        wait_for_state(&db, id, JobState::Done).await;
        assert_eq!(jobs::status(&db, id).await.unwrap().unwrap().attempts, 2);
        running.stop().await;
    });
}

#[tokio::test]
async fn a_worker_that_lost_its_job_is_stopped_and_cannot_write() {
    let (_test, db) = database().await;
    let id = jobs::enqueue(db.conn(), NewJob::new("k", &())).await.unwrap();
    let (started, go_on, refused) =
        (Arc::new(Notify::new()), Arc::new(Notify::new()), Arc::new(AtomicUsize::new(0)));
    let slow = {
        let (started, go_on, refused, db) = (started.clone(), go_on.clone(), refused.clone(), db.clone());
        worker("k", move |job| {
            let (started, go_on, refused, db) = (started.clone(), go_on.clone(), refused.clone(), db.clone());
            async move {
                if job.attempt > 1 {
                    return Ok(Next::Done);
                }
                started.notify_one();
                go_on.notified().await;
                let tx = db.begin().await?;
                mark(&tx, job, "written by who lost the job").await;
                match job.guard(&tx).await {
                    Ok(()) => tx.commit().await?,
                    Err(_) => {
                        refused.fetch_add(1, Ordering::SeqCst);
                        assert!(job.cancelled().is_cancelled());
                    }
                }
                std::future::pending().await
            }
            .boxed()
        })
        .lease(Duration::from_secs(3))
        .concurrency(1)
    };
    let running = Running::start(&db, vec![slow]);
    started.notified().await;
    // Somebody else claimed it: what a partition between this process and the database looks like afterwards.
    sql::execute(
        db.conn(),
        "UPDATE jobs SET fence = fence + 1, lease_until = now() + interval '1 second'",
        [],
    )
    .await
    .unwrap();
    go_on.notify_one();
    // The next renewal finds out, drops the handler that would hang for ever, and the slot serves again.
    wait_for_state(&db, id, JobState::Done).await;
    assert_eq!(refused.load(Ordering::SeqCst), 1);
    assert!(marks(&db).await.is_empty());
    running.stop().await;
}

#[tokio::test]
async fn nobody_takes_a_job_over_while_a_guarded_transaction_is_open() {
    let (_test, db) = database().await;
    let id = jobs::enqueue(db.conn(), NewJob::new("k", &())).await.unwrap();
    let (guarded, commit, runs) =
        (Arc::new(Notify::new()), Arc::new(Notify::new()), Arc::new(AtomicUsize::new(0)));
    let careful = {
        let (guarded, commit, runs, db) = (guarded.clone(), commit.clone(), runs.clone(), db.clone());
        worker("k", move |job| {
            let (guarded, commit, runs, db) = (guarded.clone(), commit.clone(), runs.clone(), db.clone());
            async move {
                runs.fetch_add(1, Ordering::SeqCst);
                let tx = db.begin().await?;
                job.guard(&tx).await?;
                mark(&tx, job, "once").await;
                guarded.notify_one();
                commit.notified().await;
                job.progress_in(&tx, 1, 1).await?;
                tx.commit().await?;
                Ok(Next::Done)
            }
            .boxed()
        })
    };
    let running = Running::start(&db, vec![careful.concurrency(2)]);
    guarded.notified().await;
    sql::execute(db.conn(), "UPDATE jobs SET lease_until = now() - interval '1 minute'", []).await.unwrap();
    // Many polls of a second worker that would love to have it.
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(state(&db, id).await, JobState::Running);
    // Renewals pass the guard's lock. Without this one the job could be taken between the commit and its end.
    sql::execute(db.conn(), "UPDATE jobs SET lease_until = now() + interval '1 minute'", []).await.unwrap();
    commit.notify_one();
    wait_for_state(&db, id, JobState::Done).await;
    assert_eq!((runs.load(Ordering::SeqCst), marks(&db).await), (1, vec!["once".to_owned()]));
    running.stop().await;
}

#[tokio::test]
async fn a_shutdown_gives_the_job_back_at_once_and_does_not_count_as_a_failure() {
    let (_test, db) = database().await;
    let id = jobs::enqueue(db.conn(), NewJob::new("k", &()).max_attempts(1)).await.unwrap();
    let started = Arc::new(Notify::new());
    let running = Running::start(&db, vec![hanging(started.clone()).lease(Duration::from_secs(3600))]);
    started.notified().await;
    running.stop().await;
    let status = jobs::status(&db, id).await.unwrap().unwrap();
    assert_eq!((status.state, status.attempts), (JobState::Pending, 0));
    let began = Instant::now();
    assert_eq!(jobs::run_until_idle(&db, vec![quick()]).await.unwrap(), 1);
    assert!(began.elapsed() < Duration::from_secs(5));
    assert_eq!(state(&db, id).await, JobState::Done);
}

#[tokio::test]
async fn a_handler_that_listens_to_the_shutdown_keeps_its_progress() {
    let (_test, db) = database().await;
    let id = jobs::enqueue(db.conn(), NewJob::new("k", &())).await.unwrap();
    let started = Arc::new(Notify::new());
    let polite = {
        let started = started.clone();
        worker("k", move |job| {
            let started = started.clone();
            async move {
                job.progress(7, 10).await?;
                started.notify_one();
                job.cancelled().cancelled().await;
                Ok(Next::After(Duration::ZERO))
            }
            .boxed()
        })
    };
    let patient = Options { shutdown_grace: Duration::from_secs(30), ..options() };
    let running = Running::start_with(&db, vec![polite], patient);
    started.notified().await;
    running.stop().await;
    let status = jobs::status(&db, id).await.unwrap().unwrap();
    assert_eq!((status.state, status.done, status.total), (JobState::Pending, 7, Some(10)));
}

#[tokio::test]
async fn a_job_that_kills_its_process_each_time_dies_in_the_end() {
    let (_test, db) = database().await;
    let id = jobs::enqueue(db.conn(), NewJob::new("k", &()).max_attempts(2)).await.unwrap();
    // The rows that two dead processes leave behind.
    sql::execute(
        db.conn(),
        "UPDATE jobs SET state = 'running', attempts = 2, fence = 2, worker = 'pid-1', lease_until = now() - interval '1 second'",
        [],
    )
    .await
    .unwrap();
    let running = Running::start(&db, vec![quick()]);
    wait_for_state(&db, id, JobState::Dead).await;
    let error = jobs::status(&db, id).await.unwrap().unwrap().last_error.unwrap();
    assert!(error.contains("pid-1") && error.contains("lease expired"), "{error}");
    running.stop().await;
}
