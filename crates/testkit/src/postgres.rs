//! The Postgres server of the tests.

use std::{
    env,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use secrecy::ExposeSecret;
use storage::cluster::{Account, Cluster, ClusterOptions, private_dir};

use crate::{ServerCert, unique};

/// Directory of the private servers of this workspace's tests: `OPENG2P_TEST_SERVERS`, else `target/testkit`. They are left
/// running and found again by the next test process; `make stop` ends those in `target/testkit`.
///
/// # Panics
/// When no directory can be used.
#[must_use]
pub fn servers_dir() -> PathBuf {
    if let Some(dir) = env::var_os("OPENG2P_TEST_SERVERS").filter(|dir| !dir.is_empty()) {
        return private_dir(Path::new(&dir))
            .expect("OPENG2P_TEST_SERVERS is a directory for the servers of the tests");
    }
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let workspace = workspace.canonicalize().expect("the workspace is where it was compiled");
    private_dir(&workspace.join("target/testkit")).expect("a directory for the servers of the tests")
}

/// URL of the server to test on, for an account that may create databases and roles: `TEST_DATABASE_URL`, else a
/// private cluster that all test processes share. Blocks while the cluster starts (two seconds the first time).
///
/// # Panics
/// When there is neither.
pub fn postgres_url() -> &'static str {
    static URL: OnceLock<String> = OnceLock::new();
    URL.get_or_init(|| match env::var("TEST_DATABASE_URL") {
        Ok(url) if !url.is_empty() => url,
        _ => {
            let options = ClusterOptions::for_tests(servers_dir().join("postgres"));
            let cluster = Cluster::find_or_start(&options)
                .unwrap_or_else(|e| panic!("no Postgres for the tests: {e}. Or set TEST_DATABASE_URL."));
            cluster.admin_url("postgres").expose_secret().to_owned()
        }
    })
}

/// A Postgres server of one test: for what belongs to the whole server (roles), and for stopping it. Ends, and its data
/// goes, with the value. Starting it takes two seconds.
pub struct PrivatePostgres {
    cluster: Cluster,
    options: ClusterOptions,
}

impl PrivatePostgres {
    /// Creates and starts it. Blocks.
    ///
    /// # Panics
    /// When it cannot.
    #[must_use]
    pub fn start() -> Self {
        let mut options = ClusterOptions::for_tests(servers_dir().join(unique("postgres")));
        options.max_connections = 150;
        options.shared_buffers = "64MB";
        let cluster =
            Cluster::find_or_start(&options).unwrap_or_else(|e| panic!("no Postgres for the test: {e}"));
        Self { cluster, options }
    }

    /// Starts it anew with TLS, which clients may use. Blocks.
    ///
    /// # Panics
    /// When it cannot.
    pub fn use_tls(&self, certificate: &ServerCert) {
        self.stop();
        let data = self.cluster.dir().join("data");
        let account = Account::for_dir(self.cluster.dir()).expect("the server's account");
        for (name, text) in [
            ("server.crt", certificate.cert.as_str()),
            ("server.key", &certificate.key),
            ("postgresql.auto.conf", "ssl = on\n"),
        ] {
            account.write_private(&data.join(name), text).expect("the server's files");
        }
        self.restart();
    }

    /// URL of a database for the administrator.
    #[must_use]
    pub fn admin_url(&self, database: &str) -> String {
        self.cluster.admin_url(database).expose_secret().to_owned()
    }

    /// Stops the server: sessions end. Blocks.
    ///
    /// # Panics
    /// When it does not stop.
    pub fn stop(&self) {
        self.cluster.stop().expect("the server stops");
    }

    /// Starts it again on the same port, with what was committed. Blocks.
    ///
    /// # Panics
    /// When it does not start, or another process took its port meanwhile.
    pub fn restart(&self) {
        let again = Cluster::find_or_start(&self.options).expect("the server starts again");
        assert_eq!(again.port(), self.cluster.port(), "another process took the port");
    }
}

impl Drop for PrivatePostgres {
    fn drop(&mut self) {
        let _ = self.cluster.stop();
        let _ = std::fs::remove_dir_all(self.cluster.dir());
    }
}
