//! Each service has its own schema and role, and the database keeps them apart.

use openg2p::{data_dir::DataDir, migrate, services::SERVICES, up::service_db};
use platform::service::schema_name;
use storage::{Db, DbOptions, sql};

#[tokio::test]
async fn no_role_can_read_or_write_another_services_schema() {
    let dir = tempfile::tempdir().unwrap();
    let data = DataDir::open(dir.path()).unwrap();
    let admin_url: secrecy::SecretString = testkit::postgres_url().to_owned().into();
    let name = testkit::unique("isolation");
    let admin = Db::connect(&DbOptions::new(admin_url.clone(), "public")).await.unwrap();
    sql::execute(admin.conn(), &format!("CREATE DATABASE {name}"), []).await.unwrap();
    let mut url = url::Url::parse(testkit::postgres_url()).unwrap();
    url.set_path(&name);
    let admin_url: secrecy::SecretString = url.to_string().into();
    // Roles belong to the whole cluster: one test at a time sets their passwords.
    let _alone = testkit::exclusive("roles");
    let password = |service: &str| data.secret(&format!("role:{service}"));
    migrate::prepare(&admin_url, password).await.unwrap();
    migrate::prepare(&admin_url, password).await.expect("a second time changes nothing");

    for (service, _) in SERVICES {
        let db = service_db(&data, &admin_url, service).await.unwrap();
        let own: Option<i64> = sql::scalar(db.conn(), "SELECT count(*) FROM partners", []).await.unwrap();
        assert_eq!(own, Some(0), "{service} reads its own tables");
        for (other, _) in SERVICES.iter().filter(|(other, _)| other != service) {
            let schema = schema_name(other);
            for statement in [
                format!("SELECT count(*) FROM {schema}.partners"),
                format!("DELETE FROM {schema}.jobs"),
                format!("CREATE TABLE {schema}.mine (x int)"),
            ] {
                let error = sql::execute(db.conn(), &statement, []).await.expect_err(&statement);
                assert!(error.to_string().contains("permission denied"), "{service}: {statement}: {error}");
            }
        }
        db.close().await;
    }
    sql::execute(admin.conn(), &format!("DROP DATABASE {name} WITH (FORCE)"), []).await.unwrap();
}
