use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures_util::FutureExt;
use jobs::{JobState, NewJob, Next};

use crate::support::*;

#[tokio::test]
async fn a_job_exists_exactly_when_its_transaction_is_committed() {
    let (_test, db) = database().await;
    let tx = db.begin().await.unwrap();
    let gone = jobs::enqueue(&tx, NewJob::new("note", "rolled back")).await.unwrap();
    tx.rollback().await.unwrap();
    let tx = db.begin().await.unwrap();
    let kept = jobs::enqueue(&tx, NewJob::new("note", "committed").tenant("north")).await.unwrap();
    tx.commit().await.unwrap();

    let inner = db.clone();
    let worker = worker("note", move |job| {
        let db = inner.clone();
        async move {
            assert_eq!(job.tenant, "north");
            let note: String = job.payload()?;
            mark(db.conn(), job, &note).await;
            Ok(Next::Done)
        }
        .boxed()
    });
    assert_eq!(jobs::run_until_idle(&db, vec![worker]).await.unwrap(), 1);
    assert_eq!(marks(&db).await, ["committed"]);
    assert!(jobs::status(&db, gone).await.unwrap().is_none());
    assert_eq!(state(&db, kept).await, JobState::Done);
}

#[tokio::test]
async fn a_live_key_is_not_enqueued_twice_and_a_finished_one_may_be() {
    let (_test, db) = database().await;
    let first = jobs::enqueue(db.conn(), NewJob::new("k", &1).key("a")).await.unwrap();
    let batch = vec![
        NewJob::new("k", &2).key("a"),
        NewJob::new("k", &3).key("b"),
        NewJob::new("k", &4).key("b"),
        NewJob::new("k", &5),
        NewJob::new("other kind", &6).key("a"),
        NewJob::new("k", &7).key("a").tenant("elsewhere"),
    ];
    let ids = jobs::enqueue_many(db.conn(), batch).await.unwrap();
    assert_eq!(ids[0], first, "the live job stands for the new one");
    assert_eq!(ids[1], ids[2], "one job for a key, also within a batch");
    let distinct: std::collections::HashSet<_> = ids.iter().collect();
    assert_eq!(distinct.len(), 5);
    assert_eq!(jobs::pending_counts(&db).await.unwrap().pending, 5);

    let done = || worker("k", |_| async { Ok(Next::Done) }.boxed());
    assert_eq!(jobs::run_until_idle(&db, vec![done()]).await.unwrap(), 4);
    let again = jobs::enqueue(db.conn(), NewJob::new("k", &8).key("a")).await.unwrap();
    assert_ne!(again, first);
    assert_eq!(jobs::run_until_idle(&db, vec![done()]).await.unwrap(), 1);
}

#[tokio::test]
async fn a_key_enqueued_while_its_job_runs_makes_the_job_run_once_more() {
    let (_test, db) = database().await;
    let id = jobs::enqueue(db.conn(), NewJob::new("sweep", &()).key("all")).await.unwrap();
    let runs = Arc::new(AtomicUsize::new(0));
    let (counter, inner) = (runs.clone(), db.clone());
    let worker = worker("sweep", move |job| {
        let (counter, db, me) = (counter.clone(), inner.clone(), job.id);
        async move {
            if counter.fetch_add(1, Ordering::SeqCst) == 0 {
                // Something changed after this run has read its input.
                let same = jobs::enqueue(db.conn(), NewJob::new("sweep", &()).key("all")).await?;
                assert_eq!(same, me);
            }
            Ok(Next::Done)
        }
        .boxed()
    });
    jobs::run_until_idle(&db, vec![worker]).await.unwrap();
    assert_eq!(runs.load(Ordering::SeqCst), 2);
    assert_eq!(state(&db, id).await, JobState::Done);
}

#[tokio::test]
async fn a_job_for_later_waits_and_one_that_is_not_finished_goes_on_where_it_was() {
    let (_test, db) = database().await;
    let in_an_hour = time::OffsetDateTime::now_utc() + Duration::from_secs(3600);
    let later = jobs::enqueue(db.conn(), NewJob::new("k", &()).run_at(in_an_hour)).await.unwrap();
    let steps = jobs::enqueue(db.conn(), NewJob::new("k", &())).await.unwrap();
    let inner = db.clone();
    let worker = worker("k", move |job| {
        let db = inner.clone();
        async move {
            let done = jobs::status(&db, job.id).await?.unwrap().done + 1;
            job.progress(done, 3).await?;
            assert_eq!(job.attempt, 1, "going on is not a failure");
            Ok(if done < 3 { Next::After(Duration::from_millis(1)) } else { Next::Done })
        }
        .boxed()
    });
    let running = Running::start(&db, vec![worker]);
    wait_for_state(&db, steps, JobState::Done).await;
    let status = jobs::status(&db, steps).await.unwrap().unwrap();
    assert_eq!((status.done, status.total), (3, Some(3)));
    let later = jobs::status(&db, later).await.unwrap().unwrap();
    assert_eq!(later.state, JobState::Pending);
    assert!((later.run_at - in_an_hour).abs() < time::Duration::milliseconds(1));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_share_the_jobs_and_keep_to_their_concurrency() {
    let (test, db) = database().await;
    let (busy, most, runs) =
        (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let make = |runs: Arc<AtomicUsize>| {
        let (busy, most) = (busy.clone(), most.clone());
        worker("k", move |_| {
            let (busy, most, runs) = (busy.clone(), most.clone(), runs.clone());
            async move {
                most.fetch_max(busy.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                tokio::time::sleep(Duration::from_millis(2)).await;
                busy.fetch_sub(1, Ordering::SeqCst);
                runs.fetch_add(1, Ordering::SeqCst);
                Ok(Next::Done)
            }
            .boxed()
        })
        .concurrency(3)
    };
    let other = test.db("it").await;
    let theirs = Arc::new(AtomicUsize::new(0));
    let processes =
        [Running::start(&db, vec![make(runs.clone())]), Running::start(&other, vec![make(theirs.clone())])];
    jobs::enqueue_many(db.conn(), (0..200).map(|n| NewJob::new("k", &n)).collect()).await.unwrap();
    testkit::wait_for("all jobs", Duration::from_secs(30), || async {
        jobs::pending_counts(&db).await.unwrap().is_idle().then_some(())
    })
    .await;
    for process in processes {
        process.stop().await;
    }
    let (ours, theirs) = (runs.load(Ordering::SeqCst), theirs.load(Ordering::SeqCst));
    assert_eq!(ours + theirs, 200, "each job ran once");
    assert!(ours > 0 && theirs > 0, "both took part: {ours} and {theirs}");
    assert!(most.load(Ordering::SeqCst) <= 6);
}

#[tokio::test]
async fn a_notification_wakes_the_runner_before_its_poll() {
    let (_test, db) = database().await;
    let slow = jobs::Options { poll: Duration::from_secs(3600), ..options() };
    let running = Running::start_with(&db, vec![worker("k", |_| async { Ok(Next::Done) }.boxed())], slow);
    // The listener connects some time after the start and makes the runner look once more: both orders are fine.
    let id = jobs::enqueue(db.conn(), NewJob::new("k", &())).await.unwrap();
    wait_for_state(&db, id, JobState::Done).await;
    let id = jobs::enqueue(db.conn(), NewJob::new("k", &())).await.unwrap();
    wait_for_state(&db, id, JobState::Done).await;
    running.stop().await;
}

#[tokio::test]
async fn finished_jobs_are_removed_after_their_retention_and_dead_ones_are_kept() {
    let (_test, db) = database().await;
    let done = jobs::enqueue(db.conn(), NewJob::new("k", &true)).await.unwrap();
    let dead = jobs::enqueue(db.conn(), NewJob::new("k", &false)).await.unwrap();
    let worker = worker("k", |job| {
        async { if job.payload()? { Ok(Next::Done) } else { Err(jobs::JobError::Fatal("no".to_owned())) } }
            .boxed()
    });
    jobs::run_until_idle(&db, vec![worker]).await.unwrap();
    assert_eq!(jobs::remove_finished(&db, Duration::from_secs(60)).await.unwrap(), 0);
    assert_eq!(jobs::remove_finished(&db, Duration::ZERO).await.unwrap(), 1);
    assert!(jobs::status(&db, done).await.unwrap().is_none());
    assert_eq!(state(&db, dead).await, JobState::Dead);
}
