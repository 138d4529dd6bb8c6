//! The private Postgres cluster of a development machine: `openg2p up`, `openg2p demo` and the tests run on it
//! when nobody names a database.
//!
//! It lives in one directory, listens on 127.0.0.1 only, and touches no other cluster. Everything here blocks
//! (processes, files); call it before the async part starts or inside `spawn_blocking`.

mod account;
mod binaries;

use std::{
    fs::{self, File},
    io,
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use secrecy::SecretString;
use uuid::Uuid;

pub use account::{Account, private_dir};
use binaries::Binaries;

/// Name of the cluster's superuser.
const SUPERUSER: &str = "postgres";
/// How long a start may take, crash recovery included.
const START_TIMEOUT: Duration = Duration::from_secs(90);

/// Why there is no cluster.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// No server binaries on this machine.
    #[error(
        "no PostgreSQL server was found on this machine (looked for initdb, pg_ctl and postgres in PATH, \
         `pg_config --bindir` and /usr/lib/postgresql/*/bin). Install it, for example `apt install postgresql` \
         (Debian, Ubuntu) or `dnf install postgresql-server` (Fedora), or name a running server in \
         OPENG2P__DATABASE_URL"
    )]
    NoBinaries,
    /// The data was made by another major version than the binaries.
    #[error(
        "the data in {dir} was made by PostgreSQL {data}, but this machine has {found}. Install postgresql-{data}, \
         or delete {dir} to start again without that data"
    )]
    OtherVersion {
        /// The cluster's directory.
        dir: PathBuf,
        /// Major version in `PG_VERSION`.
        data: String,
        /// Versions of the binaries found, separated by commas.
        found: String,
    },
    /// We are root, and there is no account that the server could run as.
    #[error("PostgreSQL does not run as root, and this machine has neither a user 'postgres' nor 'nobody'")]
    NoAccount,
    /// The directory exists and is somebody else's.
    #[error("{dir} belongs to another user (uid {owner}); delete it or run as that user")]
    NotOurs {
        /// The directory.
        dir: PathBuf,
        /// Its owner.
        owner: u32,
    },
    /// A command of PostgreSQL failed.
    #[error("`{command}` failed: {output}")]
    Command {
        /// Program name.
        command: String,
        /// What it printed last.
        output: String,
    },
    /// A file or a process could not be handled.
    #[error("{what}: {source}")]
    Io {
        /// What was tried, with the path.
        what: String,
        /// The operating system's answer.
        #[source]
        source: io::Error,
    },
}

pub(crate) fn io_error(what: impl Into<String>) -> impl FnOnce(io::Error) -> ClusterError {
    move |source| ClusterError::Io { what: what.into(), source }
}

/// Where the cluster is and how it is tuned. Settings take effect when the server starts, not when it is found running.
#[derive(Debug, Clone)]
pub struct ClusterOptions {
    /// Directory that holds it: `data`, `log`, `password` and `port` are made inside.
    pub dir: PathBuf,
    /// `false` gives up durability, and passwords that cost something to try, for speed: tests only.
    pub durable: bool,
    /// Largest number of connections.
    pub max_connections: u32,
    /// `shared_buffers`, with unit.
    pub shared_buffers: &'static str,
    /// `max_wal_size`, with unit: after so much log a checkpoint is made, and each page that changes next is logged whole.
    pub max_wal_size: &'static str,
}

impl ClusterOptions {
    /// The cluster of `openg2p up` and `openg2p demo` for a working directory: durable, in `./.openg2p/postgres` when
    /// the account that runs the server can use that, else in `/var/tmp/openg2p-<hash of the directory>/postgres`.
    ///
    /// # Errors
    /// When neither directory can be made or used.
    pub fn development(work_dir: &Path) -> Result<Self, ClusterError> {
        let base = private_dir(&work_dir.join(".openg2p"))?;
        Ok(Self { durable: true, max_connections: 200, ..Self::for_tests(base.join("postgres")) })
    }

    /// A cluster for tests: fast, not durable, many connections.
    #[must_use]
    pub fn for_tests(dir: PathBuf) -> Self {
        Self { dir, durable: false, max_connections: 300, shared_buffers: "256MB", max_wal_size: "2GB" }
    }

    fn server_settings(&self, port: u16) -> Vec<String> {
        let mut settings = vec![
            format!("port={port}"),
            "listen_addresses=127.0.0.1".to_owned(),
            // No socket file: its path may be too long, and TCP on loopback does.
            "unix_socket_directories=".to_owned(),
            format!("max_connections={}", self.max_connections),
            format!("shared_buffers={}", self.shared_buffers),
            format!("max_wal_size={}", self.max_wal_size),
            "wal_level=minimal".to_owned(),
            "max_wal_senders=0".to_owned(),
            "log_min_messages=warning".to_owned(),
            // Statements can hold personal data: an error is logged without them.
            "log_min_error_statement=panic".to_owned(),
        ];
        if !self.durable {
            settings
                .extend(["fsync=off", "synchronous_commit=off", "full_page_writes=off"].map(str::to_owned));
        }
        settings
    }
}

/// A running private cluster. It outlives this value: only [`Cluster::stop`] ends it.
#[derive(Debug, Clone)]
pub struct Cluster {
    dir: PathBuf,
    port: u16,
    password: SecretString,
    binaries: Binaries,
    account: Account,
}

impl Cluster {
    /// Finds the cluster of `options.dir` running, or starts it, or creates and starts it. Processes that call it at
    /// the same time wait for each other and get the same cluster.
    ///
    /// # Errors
    /// As [`ClusterError`] says; nothing half-made is left that a second call would trip over.
    pub fn find_or_start(options: &ClusterOptions) -> Result<Self, ClusterError> {
        let account = Account::for_dir(&options.dir)?;
        account.make_private_dir(&options.dir)?;
        let _lock = lock(&options.dir, &account)?;
        let data = options.dir.join("data");
        let binaries = Binaries::find(&options.dir)?;
        if !data.join("PG_VERSION").is_file() {
            create(options, &binaries, &account)?;
        }
        let password = read(&options.dir.join("password"))?;
        let port = match running(&data) {
            Some(_) => wait_until_ready(&options.dir)?,
            None => start(options, &binaries, &account)?,
        };
        Ok(Self { dir: options.dir.clone(), port, password: password.into(), binaries, account })
    }

    /// The cluster of a directory if it is running now; nothing is started or created.
    #[must_use]
    pub fn find(dir: &Path) -> Option<Self> {
        let data = dir.join("data");
        running(&data)?;
        let account = Account::for_dir(dir).ok()?;
        let binaries = Binaries::find(dir).ok()?;
        let password = read(&dir.join("password")).ok()?;
        let port = postmaster_line(&data, 3)?.parse().ok()?;
        Some(Self { dir: dir.to_owned(), port, password: password.into(), binaries, account })
    }

    /// URL of a database of this cluster for its superuser. Holds the password: never log it.
    #[must_use]
    pub fn admin_url(&self, database: &str) -> SecretString {
        use secrecy::ExposeSecret;
        let password = self.password.expose_secret();
        format!("postgres://{SUPERUSER}:{password}@127.0.0.1:{}/{database}", self.port).into()
    }

    /// Port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The directory that holds it.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Stops the server: sessions are ended, committed work is kept. A cluster that is not running is fine.
    ///
    /// # Errors
    /// When the server did not stop within a minute.
    pub fn stop(&self) -> Result<(), ClusterError> {
        let _lock = lock(&self.dir, &self.account)?;
        let data = self.dir.join("data");
        if running(&data).is_none() {
            return Ok(());
        }
        let mut command = self.account.command(&self.binaries.pg_ctl());
        command.arg("-D").arg(&data).args(["-m", "fast", "-w", "-t", "60", "stop"]);
        run(command)
    }
}

/// A port of 127.0.0.1 that nobody listened on a moment ago.
///
/// # Errors
/// When the machine has none left.
pub fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

fn lock(dir: &Path, account: &Account) -> Result<File, ClusterError> {
    let path = dir.join("lock");
    let file = account.open_private(&path)?;
    file.lock().map_err(io_error(format!("cannot lock {}", path.display())))?;
    Ok(file)
}

/// Makes the data directory under another name and renames it, so that a killed `initdb` leaves nothing in the way.
fn create(options: &ClusterOptions, binaries: &Binaries, account: &Account) -> Result<(), ClusterError> {
    let dir = &options.dir;
    let half_made = dir.join("data.new");
    if half_made.exists() {
        fs::remove_dir_all(&half_made).map_err(io_error(format!("cannot remove {}", half_made.display())))?;
    }
    let password_file = dir.join("password");
    // Version 4 ids come from the operating system's random numbers: 122 bits.
    account.write_private(&password_file, &Uuid::new_v4().simple().to_string())?;
    let mut command = account.command(&binaries.initdb());
    command.arg("-D").arg(&half_made).arg("--pwfile").arg(&password_file);
    // Thousands of hashes for each connection, which in a program that is not optimised are a quarter of all a test run does.
    let log_in = if options.durable { "scram-sha-256" } else { "md5" };
    command.args(["-U", SUPERUSER, "-A", log_in, "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]);
    run(command)?;
    let data = dir.join("data");
    fs::rename(&half_made, &data).map_err(io_error(format!("cannot make {}", data.display())))
}

fn start(options: &ClusterOptions, binaries: &Binaries, account: &Account) -> Result<u16, ClusterError> {
    let data = options.dir.join("data");
    // The process it names is gone (see `running`); left there, a reused process id could stop the server from starting.
    match fs::remove_file(data.join("postmaster.pid")) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => {
            return Err(io_error(format!("cannot remove the stale postmaster.pid in {}", data.display()))(e));
        }
        _ => {}
    }
    let mut attempt = 0;
    loop {
        let port = choose_port(&options.dir)?;
        let settings: String = options.server_settings(port).iter().map(|s| format!(" -c '{s}'")).collect();
        let log = options.dir.join("log");
        account.write_private(&log, "")?;
        let mut command = account.command(&binaries.pg_ctl());
        command.arg("-D").arg(&data).arg("-l").arg(&log).arg("-o").arg(settings);
        command.args(["-w", "-t", &START_TIMEOUT.as_secs().to_string(), "start"]);
        attempt += 1;
        match run(command) {
            Ok(()) => {
                account.write_private(&options.dir.join("port"), &port.to_string())?;
                return Ok(port);
            }
            // Somebody may have taken the port between our look and the server's.
            Err(_) if attempt < 3 => {
                let _ = fs::remove_file(options.dir.join("port"));
            }
            Err(ClusterError::Command { command, output }) => {
                let log = tail(&fs::read_to_string(&log).unwrap_or_default());
                return Err(ClusterError::Command { command, output: format!("{output}\n{log}") });
            }
            Err(other) => return Err(other),
        }
    }
}

/// The port of the last start when it is free, so that a URL a person noted stays right.
fn choose_port(dir: &Path) -> Result<u16, ClusterError> {
    let last = fs::read_to_string(dir.join("port")).ok().and_then(|text| text.trim().parse::<u16>().ok());
    match last {
        Some(port) if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() => Ok(port),
        _ => free_port().map_err(io_error("no free port on 127.0.0.1")),
    }
}

fn wait_until_ready(dir: &Path) -> Result<u16, ClusterError> {
    let data = dir.join("data");
    let deadline = Instant::now() + START_TIMEOUT;
    loop {
        let ready = postmaster_line(&data, 7).is_some_and(|status| status.starts_with("ready"));
        if ready && let Some(port) = postmaster_line(&data, 3).and_then(|p| p.parse().ok()) {
            return Ok(port);
        }
        if Instant::now() > deadline {
            let log = fs::read_to_string(dir.join("log")).unwrap_or_default();
            return Err(ClusterError::Command { command: "postgres".to_owned(), output: tail(&log) });
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// One line of `postmaster.pid`: 0 process id, 3 port, 7 status.
fn postmaster_line(data: &Path, line: usize) -> Option<String> {
    let text = fs::read_to_string(data.join("postmaster.pid")).ok()?;
    text.lines().nth(line).map(|l| l.trim().to_owned())
}

/// The server's process id if it lives. A process id can be reused after a crash, so where the system shows command
/// lines, the process must also be a server of this very directory.
fn running(data: &Path) -> Option<i32> {
    let pid: i32 = postmaster_line(data, 0)?.parse().ok()?;
    if let Ok(command_line) = fs::read(format!("/proc/{pid}/cmdline")) {
        let wanted = data.as_os_str().as_encoded_bytes();
        return command_line.split(|b| *b == 0).any(|argument| argument == wanted).then_some(pid);
    }
    if Path::new("/proc/self/cmdline").exists() {
        return None;
    }
    // EPERM means alive and another account's.
    match nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), None) {
        Ok(()) | Err(nix::errno::Errno::EPERM) => Some(pid),
        Err(_) => None,
    }
}

fn read(path: &Path) -> Result<String, ClusterError> {
    let text = fs::read_to_string(path).map_err(io_error(format!("cannot read {}", path.display())))?;
    Ok(text.trim().to_owned())
}

fn run(mut command: Command) -> Result<(), ClusterError> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(io_error(format!("cannot run {program}")))?;
    if output.status.success() {
        return Ok(());
    }
    let printed =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    Err(ClusterError::Command { command: program, output: tail(&printed) })
}

fn tail(text: &str) -> String {
    let lines: Vec<&str> = text.trim().lines().collect();
    lines.get(lines.len().saturating_sub(12)..).unwrap_or_default().join("\n")
}
