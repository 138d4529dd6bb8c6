//! What operators see and set: metrics, roles of the database, protected connections.

use platform::{
    CommonConfig, HttpClient, cli,
    config::Loaded,
    server::{self, Running},
};
use reqwest::Method;
use serde_json::Value;
use storage::{Db, DbOptions, sql};
use testkit::{PrivatePostgres, TestService, wait_for};
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::{
    support::{PATIENCE, admin, start},
    toy::Toy,
};

#[tokio::test]
async fn metrics_count_by_pattern_and_never_by_id() {
    let toy = start().await;
    toy.user("checker").get("/api/v1/things/4711").await.expect_status(200);
    toy.anonymous().get("/api/v1/things/4712?limit=1").await.expect_status(401);
    toy.anonymous().get("/open/echo/4713").await.expect_status(200);
    toy.anonymous().get("/4714").await.expect_status(404);
    toy.anonymous().send("/open/big", Method::from_bytes(b"M4715").unwrap(), |r| r).await.expect_status(405);
    toy.anonymous().get("/open/panic/x").await.expect_status(500);
    jobs::enqueue(toy.db().conn(), jobs::NewJob::new("toy.noop", &Value::Null)).await.unwrap();
    toy.settled().await;
    let text = wait_for("the numbers of jobs and events", PATIENCE, || async {
        let (_, text) = admin(&toy, "/metrics").await;
        (text.contains("jobs_pending{") && text.contains("outbox_pending{")).then_some(text)
    })
    .await;
    let counted = |labels: &[&str]| {
        let line =
            |l: &&str| l.starts_with("http_requests_total{") && labels.iter().all(|label| l.contains(label));
        text.lines().any(|l| line(&l) && l.contains("service=\"toy_shop\""))
    };
    assert!(counted(&["route=\"/api/v1/things/{id}\"", "method=\"GET\"", "status=\"200\""]), "{text}");
    assert!(counted(&["route=\"/api/v1/things/{id}\"", "status=\"401\""]), "{text}");
    assert!(counted(&["route=\"/open/echo/{text}\"", "status=\"200\""]), "{text}");
    assert!(counted(&["route=\"\"", "status=\"404\""]), "{text}");
    assert!(counted(&["method=\"OTHER\"", "status=\"405\""]), "{text}");
    assert!(counted(&["route=\"/open/panic/{text}\"", "status=\"500\""]), "{text}");
    for id in ["4711", "4712", "4713", "4714", "M4715"] {
        assert!(!text.contains(id), "{id} stands in the metrics");
    }
    let version = format!("version=\"{}\"", env!("CARGO_PKG_VERSION"));
    let built = |l: &str| {
        l.starts_with("build_info{") && l.contains("toy_shop") && l.contains(&version) && l.ends_with(" 1")
    };
    assert!(text.lines().any(built), "{text}");
    assert!(
        text.contains("http_request_duration_seconds_bucket{"),
        "histograms can be added up over replicas"
    );
    let finished = |l: &str| l.starts_with("jobs_finished_total{") && l.contains("kind=\"toy.noop\"");
    assert!(text.lines().any(finished), "{text}");
    assert!(text.contains("# HELP http_requests_total "), "{text}");
}

#[tokio::test]
async fn version_and_work_are_told_on_the_admin_port() {
    let toy = start().await;
    let json = async |path: &str| serde_json::from_str::<Value>(&admin(&toy, path).await.1).unwrap();
    assert_eq!(json("/version").await["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(json("/version").await["service"], "toy-shop");
    toy.settled().await;
    assert_eq!(json("/work").await["jobs"], 0);
    assert_eq!(admin(&toy, "/health/live").await.0, 200);
    toy.anonymous().get("/metrics").await.expect_status(404);
    toy.anonymous().get("/health/ready").await.expect_status(404);
}

#[tokio::test]
async fn the_configuration_says_how_long_a_job_stays_with_a_silent_worker() {
    let toy = TestService::<Toy>::start(|l| l.common.job_lease_seconds = 7_777).await;
    jobs::enqueue(toy.db().conn(), jobs::NewJob::new("toy.noop", &"hold on")).await.unwrap();
    let lease = wait_for("the job to be taken", PATIENCE, || async {
        let sql = "SELECT extract(epoch FROM lease_until - now())::bigint FROM jobs WHERE state = 'running'";
        sql::scalar::<i64>(toy.db().conn(), sql, []).await.unwrap()
    })
    .await;
    assert!((7_700..=7_777).contains(&lease), "{lease} s");
}

#[tokio::test]
async fn events_on_their_way_to_the_service_are_work() {
    let toy = TestService::<Toy>::start(|l| l.common.roles = vec!["http".to_owned()]).await;
    let admin_db = toy.test_db().admin(server::EVENTS_SCHEMA).await;
    let backlog =
        async || serde_json::from_str::<Value>(&admin(&toy, "/work").await.1).unwrap()["backlog"].clone();
    assert_eq!(backlog().await, 0);
    sql::execute(
        admin_db.conn(),
        "INSERT INTO delivery(consumer, message_id, key, body)
         SELECT c, gen_random_uuid(), 'k', ''::bytea FROM UNNEST(ARRAY['toy.sold', 'other.sold']) AS c",
        [],
    )
    .await
    .unwrap();
    assert_eq!(backlog().await, 1, "that of our own consumers");

    sql::execute(admin_db.conn(), "DELETE FROM seaql_migrations", []).await.unwrap();
    let (status, why) = admin(&toy, "/health/ready").await;
    assert!(status == 503 && why.contains("events_postgres_m0001_transport"), "{status}: {why}");
    admin_db.close().await;
}

async fn command(file: &tempfile::NamedTempFile, command: cli::Command) -> anyhow::Result<()> {
    let args = cli::ServiceArgs { config: Some(file.path().to_owned()), command: Some(command) };
    cli::run::<Toy>(args).await
}

fn config_file(text: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    file
}

/// Events that others publish between `migrate` and the first start wait for us.
#[tokio::test]
async fn migrate_declares_what_the_service_listens_to() {
    let db = testkit::TestDb::for_services(&[testkit::schema_of::<Toy>()]).await;
    let file = config_file(&format!("database_url = \"{}\"\n", db.url("toy_shop")));
    let admin = db.admin(server::EVENTS_SCHEMA).await;
    let declared = async || -> Vec<String> {
        sql::scalars(admin.conn(), "SELECT consumer FROM subscription", []).await.unwrap()
    };
    assert_eq!(declared().await, Vec::<String>::new());
    for _ in 0..2 {
        command(&file, cli::Command::Migrate(cli::MigrateArgs::default())).await.unwrap();
        assert_eq!(declared().await, ["toy.sold"]);
    }
    admin.close().await;
}

#[tokio::test]
async fn config_check_names_what_is_wrong() {
    let check =
        async |text: &str| command(&config_file(text), cli::Command::Config(cli::ConfigCommand::Check)).await;
    check("database_url = \"postgres://localhost/x\"\n").await.unwrap();
    for (text, expected) in [
        ("database_url = \"postgres://localhost/x\"\nbase_pth = \"/x\"\n", "base_pth"),
        ("database_url = \"postgres://u:hunter2@localhost/x\nport = 1\n", "line 1"),
        ("log_level = \"info\"\n", "database_url"),
    ] {
        let error = format!("{:#}", check(text).await.unwrap_err());
        assert!(error.contains(expected) && !error.contains("hunter2"), "{error}");
    }
}

async fn run_toy(common: CommonConfig) -> anyhow::Result<Running> {
    server::start::<Toy>(Loaded { common, service: Value::Null }, CancellationToken::new()).await
}

async fn ready_of(running: &Running) -> (u16, String) {
    let response = reqwest::get(format!("http://{}/health/ready", running.admin_addr)).await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

async fn pool(url: &str) -> Db {
    Db::connect(&DbOptions::new(url.to_owned().into(), "toy_shop")).await.unwrap()
}

#[tokio::test]
async fn one_role_migrates_and_another_serves() {
    let server = PrivatePostgres::start();
    let admin_url = server.admin_url("postgres");
    let mut serving = Url::parse(&admin_url).unwrap();
    serving.set_username("serving%40home").unwrap();
    serving.set_password(Some("pw")).unwrap();
    let common = CommonConfig {
        database_url: Some(serving.to_string().into()),
        migrate_database_url: Some(admin_url.clone().into()),
        database_max_connections: 4,
        http_workers: 1,
        ..CommonConfig::default()
    };
    let missing = cli::migrate_schema::<Toy>(&common).await.unwrap_err().to_string();
    assert!(missing.contains("serving@home"), "{missing}");
    let owner = pool(&admin_url).await;
    sql::execute(owner.conn(), "CREATE ROLE \"serving@home\" LOGIN PASSWORD 'pw'", []).await.unwrap();

    let running = run_toy(common.clone()).await.unwrap();
    let (status, why) = ready_of(&running).await;
    assert_eq!(status, 503, "the new role may not even look: {why}");
    cli::migrate_schema::<Toy>(&common).await.unwrap();
    cli::migrate_schema::<Toy>(&common).await.unwrap();
    let ready = wait_for("the service to be ready", PATIENCE, || async {
        let ready = ready_of(&running).await;
        (ready.0 == 200).then_some(ready)
    });
    ready.await;
    let role = pool(serving.as_str()).await;
    sql::execute(role.conn(), "INSERT INTO effects(what) VALUES ('a')", []).await.unwrap();
    sql::execute(role.conn(), "UPDATE effects SET what = 'b'", []).await.unwrap();
    for forbidden in
        ["DROP TABLE effects", "CREATE TABLE toy_shop.own(id int)", "ALTER TABLE effects ADD x int"]
    {
        let error = sql::execute(role.conn(), forbidden, []).await.unwrap_err().to_string();
        assert!(
            error.contains("must be owner") || error.contains("permission denied"),
            "{forbidden}: {error}"
        );
    }
    running.stop().await;
    role.close().await;
    owner.close().await;
}

#[tokio::test]
async fn migrate_works_with_one_connection_and_says_who_must_bring_up_the_shared_schema() {
    let db = testkit::TestDb::new(&[("toy_shop", vec![])]).await;
    let common = CommonConfig {
        database_url: Some(db.url("toy_shop").into()),
        database_max_connections: 1,
        ..CommonConfig::default()
    };
    let admin = db.admin(server::EVENTS_SCHEMA).await;
    sql::execute(admin.conn(), "CREATE SCHEMA openg2p_events", []).await.unwrap();
    let error = format!("{:#}", cli::migrate_schema::<Toy>(&common).await.unwrap_err());
    assert!(error.contains("openg2p migrate --admin-url"), "{error}");
    storage::migrate(&admin, events::postgres::MIGRATIONS).await.unwrap();
    for grant in ["USAGE ON SCHEMA openg2p_events", "ALL ON ALL TABLES IN SCHEMA openg2p_events"] {
        sql::execute(admin.conn(), &format!("GRANT {grant} TO PUBLIC"), []).await.unwrap();
    }
    cli::migrate_schema::<Toy>(&common).await.unwrap();
    admin.close().await;
}

#[tokio::test]
async fn a_connection_that_must_be_protected_is_never_open() {
    let db = testkit::TestDb::for_services(&[testkit::schema_of::<Toy>()]).await;
    let common = |mode: &str| CommonConfig {
        database_url: Some(db.url("toy_shop").into()),
        database_tls_mode: Some(mode.to_owned()),
        http_workers: 1,
        roles: vec!["http".to_owned()],
        ..CommonConfig::default()
    };
    let open = run_toy(common("prefer")).await.unwrap();
    assert_eq!(ready_of(&open).await.0, 200, "the server of the tests speaks no TLS");
    open.stop().await;
    for mode in ["require", "verify-ca", "verify-full"] {
        let running = run_toy(common(mode)).await.unwrap();
        let (status, why) = ready_of(&running).await;
        assert_eq!(status, 503, "{mode}: {why}");
        running.stop().await;
    }
    let file = CommonConfig { database_ca_file: Some("/no/such/ca.pem".into()), ..common("verify-full") };
    let error = run_toy(file).await.unwrap_err().to_string();
    assert!(error.contains("database_ca_file /no/such/ca.pem"), "{error}");
}

#[tokio::test]
async fn a_file_of_authorities_must_hold_some() {
    let client = |path: &std::path::Path| {
        let key = std::sync::Arc::new(g2p_crypto::SigningKey::generate_ed25519().unwrap());
        let clock = platform::Clock::default();
        HttpClient::new(key, "TOY".to_owned(), clock, PATIENCE, Some(path)).unwrap_err().to_string()
    };
    let missing = client(std::path::Path::new("/no/such/ca.pem"));
    assert!(missing.contains("/no/such/ca.pem"), "{missing}");
    let file = tempfile::NamedTempFile::new().unwrap();
    assert!(client(file.path()).contains("holds no certificate"));
    std::fs::write(file.path(), "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
    assert!(client(file.path()).contains("no authority"));
}

#[tokio::test]
async fn a_worker_without_http_takes_no_port_and_works() {
    let toy = TestService::<Toy>::start(|l| l.common.roles = vec!["worker".to_owned()]).await;
    assert_eq!(admin(&toy, "/health/ready").await.0, 200);
    jobs::enqueue(toy.db().conn(), jobs::NewJob::new("toy.noop", &Value::Null)).await.unwrap();
    toy.settled().await;
    assert!(toy.url().ends_with(":0"), "{}", toy.url());
}
