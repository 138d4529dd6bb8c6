//! Start, readiness, trouble with the database, and an end that drops nothing.

use std::time::{Duration, Instant};

use serde_json::json;
use storage::sql;
use testkit::{Chaos, ChaosProxy, TestService, schema_of, wait_for};
use url::Url;

use crate::{
    support::{PATIENCE, close_gate, effects, ready, standing, start},
    toy::Toy,
};

#[tokio::test]
async fn a_service_that_ends_answers_what_it_has_taken() {
    let toy = TestService::<Toy>::start(|l| l.common.drain_delay_ms = 3_000).await;
    let gate = close_gate(&toy).await;
    let user = toy.user("admin");
    let (url, admin) = (toy.url(), toy.admin_url());
    let wish = json!({"what": "in flight", "wait": true});
    let in_flight = tokio::spawn(async move { user.post("/api/v1/effects", &wish).await });
    standing(&toy, 1).await;

    let db = toy.db().clone();
    let ending = tokio::spawn(toy.stop());
    wait_for("readiness to turn 503", PATIENCE, || async {
        let response = reqwest::get(format!("{admin}/health/ready")).await.ok()?;
        (response.status() == 503).then_some(())
    })
    .await;
    // Load balancers have not noticed yet: what they still send is served, and the client told to go elsewhere.
    let late = reqwest::get(format!("{url}/open/echo/late")).await.unwrap();
    assert_eq!((late.status().as_u16(), late.headers()["connection"].to_str().unwrap()), (200, "close"));
    wait_for("the port to close", PATIENCE, || async {
        reqwest::get(format!("{url}/open/echo/x")).await.is_err().then_some(())
    })
    .await;
    assert!(!ending.is_finished(), "a request is still in flight");
    let response = reqwest::get(format!("{admin}/health/ready")).await.unwrap();
    assert_eq!(response.status(), 503, "health answers to the end");
    drop(gate);
    let answer = in_flight.await.unwrap().expect_status(200).json();
    assert_eq!(answer["what"], "in flight");
    ending.await.unwrap();
    let kept: Option<i64> = sql::scalar(db.conn(), "SELECT count(*) FROM effects", []).await.unwrap();
    assert_eq!(kept, Some(1));
}

#[tokio::test]
async fn clients_that_heed_readiness_lose_no_request() {
    let toy = TestService::<Toy>::start(|l| l.common.drain_delay_ms = 2_000).await;
    let (url, health) = (toy.url(), format!("{}/health/ready", toy.admin_url()));
    // As a load balancer: it asks for readiness now and then, and sends no more once that fails.
    let (ready, watched) = tokio::sync::watch::channel(true);
    let balancer = tokio::spawn(async move {
        wait_for("readiness to fail", PATIENCE, || async {
            reqwest::get(&health).await.is_ok_and(|r| r.status() == 503).then_some(())
        })
        .await;
        ready.send(false).unwrap();
    });
    let clients: Vec<_> = (0..4)
        .map(|_| {
            let (url, ready) = (format!("{url}/open/database"), watched.clone());
            tokio::spawn(async move {
                let client = reqwest::Client::builder().no_proxy().build().unwrap();
                let mut answered = 0_u32;
                while *ready.borrow() {
                    let response = client.get(&url).send().await.expect("an answer");
                    assert_eq!(response.status(), 200);
                    response.bytes().await.expect("the whole answer");
                    answered += 1;
                }
                answered
            })
        })
        .collect();
    wait_for("some traffic", PATIENCE, || async {
        let (_, text) = crate::support::admin(&toy, "/metrics").await;
        text.lines()
            .filter(|l| l.starts_with("http_requests_total") && l.contains("/open/database"))
            .find_map(|l| l.rsplit(' ').next()?.parse::<u64>().ok().filter(|n| *n > 40))
    })
    .await;
    toy.stop().await;
    balancer.await.unwrap();
    for client in clients {
        assert!(client.await.unwrap() > 0);
    }
}

#[tokio::test]
async fn readiness_follows_the_schema_and_newer_steps_do_not_disturb() {
    let toy = start().await;
    assert_eq!(ready(&toy).await.0, 200);
    let run = async |statement: &str| sql::execute(toy.db().conn(), statement, []).await.unwrap();
    run("DELETE FROM seaql_migrations WHERE version = 'toy_shop_m0001_effects'").await;
    let (status, why) = ready(&toy).await;
    assert_eq!(status, 503);
    assert!(why.contains("toy_shop_m0001_effects") && why.contains("migrate"), "{why}");

    // Version N+1 has migrated: N goes on, starts, and its own migrate finds nothing to do.
    run("INSERT INTO seaql_migrations(version, applied_at) VALUES ('toy_shop_m0001_effects', 0), ('toy_shop_m0002_newer', 0)")
        .await;
    assert_eq!(ready(&toy).await.0, 200);
    let (_, steps) = schema_of::<Toy>();
    storage::migrate(toy.db(), &steps).await.unwrap();
    let db = toy.stop().await;
    let again = TestService::<Toy>::start_on(db, |_| {}).await;
    assert_eq!(ready(&again).await.0, 200);
    // And a step that N+1's branch did not have is still run by N.
    sql::execute(again.db().conn(), "DROP TABLE effects", []).await.unwrap();
    sql::execute(
        again.db().conn(),
        "DELETE FROM seaql_migrations WHERE version = 'toy_shop_m0001_effects'",
        [],
    )
    .await
    .unwrap();
    storage::migrate(again.db(), &steps).await.unwrap();
    assert_eq!((ready(&again).await.0, effects(&again).await), (200, 0));
}

#[tokio::test]
async fn a_database_that_goes_away_is_503_and_comes_back_by_itself() {
    let db = std::sync::Arc::new(testkit::TestDb::for_services(&[schema_of::<Toy>()]).await);
    let mut url = Url::parse(&db.url("toy_shop")).unwrap();
    let upstream = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap_or(5432));
    let proxy = ChaosProxy::start(upstream).await;
    url.set_host(Some("127.0.0.1")).unwrap();
    url.set_port(Some(proxy.address().port())).unwrap();
    let toy =
        TestService::<Toy>::start_on(db, |l| l.common.database_url = Some(url.to_string().into())).await;
    let partner = toy.partner("PAYER", &["toy:call"]).await;
    let all = toy.anonymous();
    all.get("/open/database").await.expect_status(200);

    proxy.set(Chaos::Reset);
    let reply = all.get("/open/database").await.expect_status(503);
    assert_eq!(reply.json()["code"], "unavailable");
    assert!(reply.headers.contains_key("retry-after"));
    let message = crate::support::message("PAYER", "m-1", &json!({"what": "a"}));
    let reply = partner.post_signed("/sync/change", &message).await.expect_status(503);
    assert!(reply.headers.contains_key("retry-after"));
    assert_eq!(reply.json()["errors"][0]["code"], "G2P-REQ-503");
    let asked = Instant::now();
    assert_eq!(ready(&toy).await.0, 503);
    assert!(asked.elapsed() < Duration::from_secs(5), "readiness does not hang");
    assert_eq!(crate::support::admin(&toy, "/health/live").await.0, 200, "a restart would not help");
    assert_eq!(all.get("/open/echo/x").await.status, 200, "what needs no database goes on");

    proxy.set(Chaos::Pass);
    wait_for("the service to be well again", PATIENCE, || async {
        (all.get("/open/database").await.status == 200 && ready(&toy).await.0 == 200).then_some(())
    })
    .await;
    partner.post_signed("/sync/change", &message).await.expect_status(200);
    assert_eq!(effects(&toy).await, 1);
    toy.settled().await;
}
