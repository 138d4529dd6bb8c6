use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use futures_util::FutureExt;
use jobs::{JobError, JobState, NewJob, Next};
use storage::StoreError;

use crate::support::*;

#[tokio::test]
async fn failures_are_retried_until_the_attempts_are_used_up_and_redrive_gives_new_ones() {
    let (_test, db) = database().await;
    let id = jobs::enqueue(db.conn(), NewJob::new("bank", &()).max_attempts(3)).await.unwrap();
    let (attempts, repaired) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let (counter, fixed) = (attempts.clone(), repaired.clone());
    let running = Running::start(
        &db,
        vec![worker("bank", move |_| {
            counter.fetch_add(1, Ordering::SeqCst);
            let fixed = fixed.load(Ordering::SeqCst);
            async move { if fixed { Ok(Next::Done) } else { Err(JobError::retry("the bank said 503")) } }
                .boxed()
        })],
    );
    wait_for_state(&db, id, JobState::Dead).await;
    assert_eq!(attempts.load(Ordering::SeqCst), 3);
    let status = jobs::status(&db, id).await.unwrap().unwrap();
    assert_eq!((status.attempts, status.last_error.as_deref()), (3, Some("the bank said 503")));
    assert_eq!(jobs::dead_jobs(&db, None, 10).await.unwrap().len(), 1);

    repaired.store(true, Ordering::SeqCst);
    assert_eq!(jobs::redrive(&db, Some("other"), None).await.unwrap(), 0);
    assert_eq!(jobs::redrive(&db, Some("bank"), None).await.unwrap(), 1);
    wait_for_state(&db, id, JobState::Done).await;
    assert_eq!(attempts.load(Ordering::SeqCst), 4);
    running.stop().await;
}

#[tokio::test]
async fn redrive_does_not_make_a_second_live_job_of_a_key() {
    let (_test, db) = database().await;
    let fail = || worker("k", |_| async { Err(JobError::Fatal("no".to_owned())) }.boxed());
    for _ in 0..2 {
        jobs::enqueue(db.conn(), NewJob::new("k", &()).key("same")).await.unwrap();
        jobs::run_until_idle(&db, vec![fail()]).await.unwrap();
    }
    assert_eq!(jobs::redrive(&db, None, None).await.unwrap(), 1, "one of the two dead jobs");
    assert_eq!(jobs::redrive(&db, None, None).await.unwrap(), 0, "its key is live now");
}

#[tokio::test]
async fn a_fatal_error_and_a_payload_that_cannot_be_read_end_the_job_at_once() {
    let (_test, db) = database().await;
    let fatal = jobs::enqueue(db.conn(), NewJob::new("k", &1)).await.unwrap();
    let wrong = jobs::enqueue(db.conn(), NewJob::new("k", "not a number")).await.unwrap();
    let worker = worker("k", |job| {
        async {
            let _number: u32 = job.payload()?;
            Err(JobError::Fatal("no such programme".to_owned()))
        }
        .boxed()
    });
    assert_eq!(jobs::run_until_idle(&db, vec![worker]).await.unwrap(), 2);
    let error = |id| {
        let db = &db;
        async move { jobs::status(db, id).await.unwrap().unwrap().last_error.unwrap() }
    };
    assert_eq!(error(fatal).await, "no such programme");
    assert!(error(wrong).await.contains("payload"));
    assert_eq!((state(&db, fatal).await, state(&db, wrong).await), (JobState::Dead, JobState::Dead));
}

#[tokio::test]
async fn a_panic_is_a_failure_of_its_job_only() {
    let (_test, db) = database().await;
    let bad = jobs::enqueue(db.conn(), NewJob::new("k", &true).max_attempts(1)).await.unwrap();
    let good = jobs::enqueue(db.conn(), NewJob::new("k", &false)).await.unwrap();
    let worker = worker("k", |job| {
        async {
            if job.payload()? {
                panic!("no person is called Amina");
            }
            Ok(Next::Done)
        }
        .boxed()
    });
    jobs::run_until_idle(&db, vec![worker]).await.unwrap();
    let status = jobs::status(&db, bad).await.unwrap().unwrap();
    assert_eq!(status.state, JobState::Dead);
    // What the panic said may quote a value.
    assert_eq!(status.last_error.as_deref(), Some("the handler panicked"));
    assert_eq!(state(&db, good).await, JobState::Done);
}

#[tokio::test]
async fn attempts_that_fail_for_want_of_a_database_do_not_count() {
    let (_test, db) = database().await;
    let run = async |error: fn(String) -> StoreError| {
        let id = jobs::enqueue(db.conn(), NewJob::new("k", &()).max_attempts(2)).await.unwrap();
        let attempts = Arc::new(AtomicUsize::new(0));
        let counter = attempts.clone();
        let worker = worker("k", move |_| {
            let before = counter.fetch_add(1, Ordering::SeqCst);
            async move {
                let outcome = if before < 5 { Err(error("not now".to_owned())) } else { Ok(Next::Done) };
                Ok(outcome?)
            }
            .boxed()
        });
        let running = Running::start(&db, vec![worker]);
        let ended = testkit::wait_for("the end of the job", std::time::Duration::from_secs(20), || async {
            Some(state(&db, id).await).filter(|s| matches!(s, JobState::Done | JobState::Dead))
        })
        .await;
        running.stop().await;
        (ended, attempts.load(Ordering::SeqCst))
    };
    assert_eq!(run(StoreError::Unavailable).await, (JobState::Done, 6));
    assert_eq!(run(StoreError::Timeout).await, (JobState::Dead, 2), "it may be the work that takes too long");
}
