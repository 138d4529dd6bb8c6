//! Protected connections that do come about, and those that must not.

use std::{path::Path, sync::Arc, time::Duration};

use platform::{CallError, Clock, HttpClient};
use storage::{Db, DbOptions, StoreError, Tls};
use tempfile::NamedTempFile;
use testkit::{HttpsServer, PrivatePostgres, TestCa};

fn file_of(ca: &TestCa) -> NamedTempFile {
    let file = NamedTempFile::new().unwrap();
    ca.write_to(file.path());
    file
}

fn client(ca_file: Option<&Path>) -> HttpClient {
    let key = Arc::new(g2p_crypto::SigningKey::generate_ed25519().unwrap());
    HttpClient::new(key, "TOY".to_owned(), Clock::default(), Duration::from_secs(5), ca_file).unwrap()
}

#[tokio::test]
async fn a_peer_is_spoken_to_when_an_authority_vouches_for_its_name() {
    let (ca, other) = (TestCa::new(), TestCa::new());
    let (ours, theirs) = (file_of(&ca), file_of(&other));
    let server = HttpsServer::start(&ca.certify("127.0.0.1"));
    let get = async |host: &str, ca_file: Option<&Path>| {
        client(ca_file).get(&format!("https://{host}:{}/there", server.port())).await
    };
    get("127.0.0.1", Some(ours.path())).await.unwrap();
    for (what, answer) in [
        ("no authority", get("127.0.0.1", None).await),
        ("another authority", get("127.0.0.1", Some(theirs.path())).await),
        ("another name", get("localhost", Some(ours.path())).await),
    ] {
        assert!(matches!(answer, Err(CallError::Refused { .. })), "{what}: {answer:?}");
    }
    assert_eq!(server.seen(), ["GET /there HTTP/1.1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_is_spoken_to_when_an_authority_vouches_for_its_name() {
    let (ca, other) = (TestCa::new(), TestCa::new());
    let (ours, theirs) = (file_of(&ca), file_of(&other));
    let server = PrivatePostgres::start();
    server.use_tls(&ca.certify("127.0.0.1"));
    let url = server.admin_url("postgres");
    assert!(url.contains("127.0.0.1"), "the test is about this name");
    let elsewhere = url.replace("127.0.0.1", "localhost");
    let ask = async |url: &str, mode: &str, ca_file: Option<&Path>| {
        let mut options = DbOptions::new(url.to_owned().into(), "public");
        options.tls = Tls { mode: Some(mode.to_owned()), ca_file: ca_file.map(Path::to_owned) };
        let db = Db::connect(&options).await?;
        let sql = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
        let protected = storage::sql::scalar::<bool>(db.conn(), sql, []).await;
        db.close().await;
        protected
    };
    for (url, mode) in [(&url, "verify-full"), (&url, "verify-ca"), (&elsewhere, "verify-ca")] {
        assert_eq!(ask(url, mode, Some(ours.path())).await.unwrap(), Some(true), "{mode}");
    }
    for (what, answer) in [
        ("no authority", ask(&url, "verify-full", None).await),
        ("another authority", ask(&url, "verify-full", Some(theirs.path())).await),
        ("another authority", ask(&url, "verify-ca", Some(theirs.path())).await),
        ("another name", ask(&elsewhere, "verify-full", Some(ours.path())).await),
    ] {
        assert!(matches!(answer, Err(StoreError::Unavailable(_))), "{what}: {answer:?}");
    }
}
