//! The private cluster: created, found again, stopped, and started after a crash.

use std::fs;

use secrecy::ExposeSecret;
use storage::{
    Db, DbOptions,
    cluster::{Cluster, ClusterOptions},
    sql,
};
use testkit::{servers_dir, unique};

async fn answer(cluster: &Cluster) -> Option<i32> {
    let db = Db::connect(&DbOptions::new(cluster.admin_url("postgres"), "public")).await.unwrap();
    let answer = sql::scalar::<i32>(db.conn(), "SELECT 42", []).await.ok().flatten();
    db.close().await;
    answer
}

#[tokio::test]
async fn it_is_created_found_again_stopped_and_survives_a_crash() {
    let dir = servers_dir().join(unique("cluster"));
    let options = ClusterOptions::for_tests(dir.clone());
    assert!(Cluster::find(&dir).is_none());

    let first = Cluster::find_or_start(&options).unwrap();
    assert_eq!(answer(&first).await, Some(42));
    let again = Cluster::find_or_start(&options).unwrap();
    assert_eq!(again.port(), first.port(), "the running cluster is found");
    assert_eq!(Cluster::find(&dir).unwrap().port(), first.port());

    first.stop().unwrap();
    assert!(Cluster::find(&dir).is_none());
    first.stop().expect("stopping twice is fine");

    // A crash leaves a pid file behind; meanwhile another process may have got the number: here, ourselves.
    fs::write(dir.join("data/postmaster.pid"), format!("{}\n", std::process::id())).unwrap();
    let restarted = Cluster::find_or_start(&options).unwrap();
    assert_eq!(restarted.port(), first.port(), "a noted URL stays right");
    assert_eq!(restarted.admin_url("x").expose_secret(), first.admin_url("x").expose_secret());
    assert_eq!(answer(&restarted).await, Some(42));

    restarted.stop().unwrap();
    fs::remove_dir_all(dir).unwrap();
}

#[test]
fn many_callers_at_once_get_one_cluster() {
    let dir = servers_dir().join(unique("cluster"));
    let options = ClusterOptions::for_tests(dir.clone());
    let callers: Vec<_> = (0..4)
        .map(|_| {
            let options = options.clone();
            std::thread::spawn(move || Cluster::find_or_start(&options).unwrap().port())
        })
        .collect();
    let ports: Vec<u16> = callers.into_iter().map(|c| c.join().unwrap()).collect();
    assert!(ports.iter().all(|port| *port == ports[0]), "{ports:?}");
    Cluster::find(&dir).unwrap().stop().unwrap();
    fs::remove_dir_all(dir).unwrap();
}

#[test]
fn data_of_a_missing_version_is_an_error_that_names_it() {
    let dir = servers_dir().join(unique("cluster"));
    fs::create_dir_all(dir.join("data")).unwrap();
    fs::write(dir.join("data/PG_VERSION"), "9\n").unwrap();
    let error = Cluster::find_or_start(&ClusterOptions::for_tests(dir.clone())).unwrap_err().to_string();
    assert!(error.contains("PostgreSQL 9") && error.contains(dir.to_str().unwrap()), "{error}");
    fs::remove_dir_all(dir).unwrap();
}
