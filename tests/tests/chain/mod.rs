//! An installation of its own for a test: a database server, a data directory, the real binary.
#![allow(dead_code, reason = "each test binary uses its part")]

pub mod checks;
mod figures;
mod payees;

use std::{
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::Arc,
};

use openg2p::{data_dir::DataDir, up::service_db};
use secrecy::SecretString;
use serde_json::Value;
use storage::{Db, DbOptions};
use testkit::{PrivatePostgres, program};

/// How events travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    Postgres,
    RabbitMq,
}

/// One installation.
pub struct Installation {
    pub server: Arc<PrivatePostgres>,
    pub folder: tempfile::TempDir,
    pub database: String,
    amqp: Option<(String, String)>,
}

impl Installation {
    pub fn new(transport: Transport) -> Self {
        let amqp = (transport == Transport::RabbitMq)
            .then(|| (testkit::amqp_url().to_owned(), testkit::unique("e2e")));
        Self {
            server: Arc::new(PrivatePostgres::start()),
            folder: tempfile::tempdir().unwrap(),
            database: "postgres".to_owned(),
            amqp,
        }
    }

    /// Another broker than the shared one, for tests that stop it.
    pub fn with_broker(url: String) -> Self {
        Self { amqp: Some((url, testkit::unique("e2e"))), ..Self::new(Transport::Postgres) }
    }

    /// Another installation on the same server, with a database of its own.
    pub fn beside(&self, database: &str) -> Self {
        Self {
            server: Arc::clone(&self.server),
            folder: tempfile::tempdir().unwrap(),
            database: database.to_owned(),
            amqp: None,
        }
    }

    pub fn data_dir(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub fn admin_url(&self) -> String {
        self.server.admin_url(&self.database)
    }

    /// The command `openg2p demo` on this installation, ready to run; log level debug, so that the log can be searched.
    pub fn demo_command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(program("openg2p"));
        command
            .arg("demo")
            .args(arguments)
            .arg("--free-ports")
            .args(["--database-url", &self.admin_url()])
            .arg("--data-dir")
            .arg(self.data_dir())
            .arg("--json")
            .arg(self.report_path())
            .env("OPENG2P__LOG_LEVEL", "debug")
            .env("OPENG2P__EXAMPLE_BANK__STATEMENT_INTERVAL_MS", "300")
            .env("OPENG2P__POLL_INTERVAL_MS", "200")
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        match &self.amqp {
            Some((url, prefix)) => command
                .args(["--transport", "rabbitmq"])
                .env("OPENG2P__AMQP_URL", url)
                .env("OPENG2P__AMQP_PREFIX", prefix),
            None => command.args(["--transport", "postgres"]).env_remove("OPENG2P__AMQP_URL"),
        };
        command
    }

    pub fn demo(&self, arguments: &[&str]) -> Output {
        self.demo_command(arguments).output().unwrap()
    }

    pub fn report_path(&self) -> PathBuf {
        self.folder.path().join("report.json")
    }

    pub fn report(&self) -> Value {
        serde_json::from_str(&std::fs::read_to_string(self.report_path()).unwrap()).unwrap()
    }

    pub fn log_path(&self) -> PathBuf {
        self.data_dir().join("openg2p.log")
    }

    /// Where the demo keeps how far it is.
    pub fn state(&self) -> Value {
        serde_json::from_str(&std::fs::read_to_string(self.data_dir().join("demo.json")).unwrap()).unwrap()
    }

    /// The CSV files it works on.
    pub fn population(&self) -> PathBuf {
        PathBuf::from(self.state()["population"].as_str().unwrap())
    }

    pub fn has_broker(&self) -> bool {
        self.amqp.is_some()
    }

    /// A pool on the whole database, as its administrator.
    pub async fn admin(&self) -> Db {
        Db::connect(&DbOptions::new(self.admin_url().into(), "public")).await.unwrap()
    }

    /// A pool on a service's schema, as the service's own role.
    pub async fn db(&self, service: &str) -> Db {
        let data = DataDir::new(&self.data_dir());
        service_db(&data, &SecretString::from(self.admin_url()), service).await.unwrap()
    }
}

/// Small batches at a bank that takes its time: the payments last some seconds, and an attempt is open in most of them.
pub fn slow_bank(command: &mut Command) {
    command
        .env("OPENG2P__EXAMPLE_BANK__LATE_ANSWER_MS", "300")
        .env("OPENG2P__G2P_BRIDGE__PAYMENT_BATCH", "4")
        .env("OPENG2P__G2P_BRIDGE__PAYMENT_PARALLEL", "2")
        .env("OPENG2P__G2P_BRIDGE__LEASE_SECONDS", "2")
        .env("OPENG2P__JOB_LEASE_SECONDS", "2")
        .env("OPENG2P__G2P_BRIDGE__STEP_INTERVAL_MS", "100")
        .env("OPENG2P__G2P_BRIDGE__RESEND_AFTER_MS", "500");
}

/// What a process printed.
pub fn said(output: &Output) -> String {
    format!("{}\n{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Copies a directory with its files.
pub fn copy_dir(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_dir(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
