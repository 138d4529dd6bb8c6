//! The Postgres server of the tests.

use std::{
    env,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use secrecy::ExposeSecret;
use storage::cluster::{Cluster, ClusterOptions, private_dir};

/// Directory of the private servers of this workspace's tests. They are left running and found again by the next
/// test process; `make stop` ends them.
///
/// # Panics
/// When no directory can be used.
#[must_use]
pub fn servers_dir() -> PathBuf {
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
