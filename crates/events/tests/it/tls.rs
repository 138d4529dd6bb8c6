//! RabbitMQ over TLS.

use std::path::Path;

use events::{ConsumerSpec, TransportConfig};
use testkit::{Rabbit, TestCa};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_is_spoken_to_when_an_authority_vouches_for_its_name() {
    let (ca, other) = (TestCa::new(), TestCa::new());
    let dir = tempfile::tempdir().unwrap();
    let (ours, theirs) = (dir.path().join("ours.pem"), dir.path().join("theirs.pem"));
    ca.write_to(&ours);
    other.write_to(&theirs);
    let certificate = ca.certify("127.0.0.1");
    let started = tokio::task::spawn_blocking(move || Rabbit::start_private_with_tls(&certificate));
    let (_broker, port) = started.await.unwrap();
    let spec = ConsumerSpec { name: "all".to_owned(), topics: vec![], single_active: false };
    let declare = async |host: &str, ca_file: Option<&Path>| {
        let config = TransportConfig::Rabbit {
            url: format!("amqps://guest:guest@{host}:{port}/%2f").into(),
            ca_file: ca_file.map(Path::to_owned),
            prefix: "it".to_owned(),
        };
        config.connect().unwrap().declare(&spec).await
    };
    declare("127.0.0.1", Some(&ours)).await.unwrap();
    for (what, outcome) in [
        ("no authority", declare("127.0.0.1", None).await),
        ("another authority", declare("127.0.0.1", Some(&theirs)).await),
        ("another name", declare("localhost", Some(&ours)).await),
    ] {
        let error = format!("{:#}", outcome.unwrap_err());
        assert!(error.contains("certificate"), "{what}: {error}");
    }
}
