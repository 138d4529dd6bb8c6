//! A worker that dies in the middle of an import: another one goes on where it was, and nothing is done twice.

use social_registry::State;
use tokio_util::sync::CancellationToken;

use crate::*;

const ROWS: i64 = 400;

fn workers(state: &State) -> Vec<jobs::Worker> {
    <Service as platform::Service>::jobs(state)
}

#[tokio::test]
async fn a_killed_worker_is_replaced_and_no_row_is_done_twice() {
    // The service only takes the file; the worker that works on it is made here, to be killed.
    let registry = TestService::<Service>::start(|loaded| {
        loaded.service = Config { import_chunk_rows: 5, ..config() };
        loaded.common.roles = vec!["http".to_owned()];
    })
    .await;
    let maker = registry.user("maker");
    let rows: String = (0..ROWS).map(|n| format!("K{n},Given{},Family,male\n", letters(n))).collect();
    let file = format!("external_id,given_name,family_name,gender\n{rows}");
    let accepted = post_file(&maker, &[("kind", "individuals")], file).await.expect_status(202).json();
    let db = registry.db();

    let url = registry.test_db().url("social_registry");
    let doomed = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    doomed.spawn(async move {
        let db = Db::connect(&storage::DbOptions::new(url.into(), "social_registry")).await.unwrap();
        let state = State::new(db.clone(), platform::Clock::default(), config());
        jobs::run(db, workers(&state), jobs::Options::default(), CancellationToken::new()).await.unwrap();
    });
    let next = "SELECT next_chunk::bigint FROM imports";
    wait_for("some chunks", Duration::from_secs(20), || async { (count(db, next).await >= 3).then_some(()) })
        .await;
    // As a kill does: nothing is released, nothing is finished.
    doomed.shutdown_background();
    // A transaction of the killed worker may still be ending.
    let before = wait_for("the killed worker to be silent", Duration::from_secs(20), || async {
        let idle = "SELECT count(*) FROM pg_stat_activity
                     WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'";
        (count(db, idle).await == 0).then_some(())
    });
    before.await;
    let killed_at = count(db, next).await;
    assert!(killed_at < ROWS / 5, "the import must not be over when its worker is killed");

    // The lease would run out after 30 s.
    sql::execute(
        db.conn(),
        "UPDATE jobs SET lease_until = now() - interval '1 second' WHERE state = 'running'",
        [],
    )
    .await
    .unwrap();
    let state = State::new(db.clone(), platform::Clock::default(), config());
    let stop = CancellationToken::new();
    let options = jobs::Options { poll: Duration::from_millis(20), ..jobs::Options::default() };
    let second = jobs::run(db.clone(), workers(&state), options, stop.clone());
    let view = ended(&maker, &accepted["import_id"]).await;
    stop.cancel();
    second.await.unwrap();

    assert_eq!(view["state"], "done");
    assert_eq!(counts(&view), [ROWS, 0, 0, 0]);
    for (what, sql) in [
        ("people", "SELECT count(*) FROM registrants"),
        ("rows of history", "SELECT count(*) FROM history"),
        ("outcomes", "SELECT count(*) FROM import_rows"),
        (
            "social IDs in use",
            "SELECT count(*) FROM social_ids JOIN registrants USING (tenant_id, social_id)",
        ),
        ("social IDs", "SELECT count(*) FROM social_ids"),
        (
            "people announced",
            "SELECT count(*) FROM outbox, jsonb_array_elements(payload::jsonb -> 'registrant_ids')",
        ),
    ] {
        assert_eq!(count(db, sql).await, ROWS, "{what}");
    }
    assert_eq!(count(db, "SELECT count(*) FROM import_chunks").await, 0);
}

/// A number as letters: names have no digits only.
fn letters(mut n: i64) -> String {
    let mut text = String::new();
    loop {
        text.push(char::from(b'a' + u8::try_from(n % 26).unwrap()));
        n /= 26;
        if n == 0 {
            return text;
        }
    }
}
