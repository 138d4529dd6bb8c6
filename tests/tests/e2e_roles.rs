//! `openg2p migrate` on an empty server: run twice it changes nothing, and then every service's role works in its own
//! schema and is refused in every other.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::process::Command;

use openg2p::{data_dir::DataDir, services::SERVICES, up::service_db};
use platform::service::schema_name;
use secrecy::SecretString;
use storage::sql;
use testkit::{PrivatePostgres, program};

#[tokio::test]
async fn each_role_is_refused_on_every_other_schema() {
    let server = PrivatePostgres::start();
    let folder = tempfile::tempdir().unwrap();
    let admin_url = server.admin_url("postgres");
    for _ in 0..2 {
        let mut migrate = Command::new(program("openg2p"));
        migrate.args(["migrate", "--admin-url", &admin_url, "--data-dir"]).arg(folder.path());
        let output = migrate.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    let data = DataDir::new(folder.path());
    let admin = SecretString::from(admin_url);
    for (service, _) in SERVICES {
        let db = service_db(&data, &admin, service).await.unwrap();
        let own: Option<i64> = sql::scalar(db.conn(), "SELECT count(*) FROM partners", []).await.unwrap();
        assert!(own.is_some(), "{service} reads its own schema");
        for (other, _) in SERVICES.iter().filter(|(other, _)| other != service) {
            let other = schema_name(other);
            for statement in [
                format!("SELECT count(*) FROM {other}.partners"),
                format!("INSERT INTO {other}.audit_log(actor, action, subject) VALUES ('x', 'x', 'x')"),
                format!("CREATE TABLE {other}.intruder(id int)"),
            ] {
                let refused = sql::execute(db.conn(), &statement, []).await.unwrap_err().to_string();
                assert!(
                    refused.contains("permission denied for schema"),
                    "{service}: {statement}: {refused}"
                );
            }
        }
        db.close().await;
    }
}
