//! A RabbitMQ of the tests' own: shared by most, private to those that stop it.

use std::{
    env, fs,
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::OnceLock,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use storage::cluster::Account;

use crate::{ServerCert, free_port, servers_dir, unique};

/// A cold Erlang VM on two busy cores takes its time.
const START_TIMEOUT: Duration = Duration::from_secs(120);
const STOP_TIMEOUT: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(50);

/// URL of the broker to test on: `TEST_AMQP_URL`, else a private broker that all test processes share and leave
/// running. Use names of your own ([`unique`]) for exchanges and queues. Blocks while it starts (ten seconds the first
/// time).
///
/// # Panics
/// When there is neither.
pub fn amqp_url() -> &'static str {
    static URL: OnceLock<String> = OnceLock::new();
    URL.get_or_init(|| match env::var("TEST_AMQP_URL") {
        Ok(url) if !url.is_empty() => url,
        _ => shared_broker(),
    })
}

fn shared_broker() -> String {
    let dir = servers_dir().join("rabbitmq");
    let account = Account::for_dir_as(&dir, &["rabbitmq", "nobody"]).expect("an account for RabbitMQ");
    account.make_private_dir(&dir).expect("a directory for RabbitMQ");
    account.write_private(&dir.join("lock"), "").expect("the lock file");
    let lock = fs::File::open(dir.join("lock")).expect("the lock file");
    lock.lock().expect("the lock");
    let old_ports = fs::read_to_string(dir.join("ports")).ok().and_then(|text| Ports::parse(&text));
    if let Some(ports) = old_ports.filter(|_| is_running(&dir)) {
        wait_until_ready(&dir, ports, None);
        return ports.url();
    }
    let mut broker = Rabbit::in_dir(dir, account);
    broker.start();
    let url = broker.url();
    // It stays: the next process finds it by its pid file.
    std::mem::forget(broker);
    url
}

/// The three ports a broker listens on.
#[derive(Clone, Copy)]
struct Ports {
    amqp: u16,
    distribution: u16,
    epmd: u16,
}

impl Ports {
    fn free() -> Self {
        // Held together, so that the three differ.
        let held = [(); 3].map(|()| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port"));
        let [amqp, distribution, epmd] = held.map(|l| l.local_addr().expect("its address").port());
        Self { amqp, distribution, epmd }
    }

    fn parse(text: &str) -> Option<Self> {
        let mut numbers = text.split_whitespace().map(str::parse);
        let mut next = || numbers.next()?.ok();
        Some(Self { amqp: next()?, distribution: next()?, epmd: next()? })
    }

    fn url(self) -> String {
        format!("amqp://guest:guest@127.0.0.1:{}/%2f", self.amqp)
    }
}

/// A broker of one test, which may stop and start it. It ends, and its data goes, with the value.
pub struct Rabbit {
    dir: PathBuf,
    account: Account,
    ports: Ports,
    /// Lines of `rabbitmq.conf` beside the plain port.
    tls: String,
    child: Option<Child>,
}

impl Rabbit {
    /// Starts a broker that nobody else uses. Blocks about ten seconds.
    ///
    /// # Panics
    /// When RabbitMQ is not installed or does not start.
    #[must_use]
    pub fn start_private() -> Self {
        let mut broker = Self::private();
        broker.start();
        broker
    }

    fn private() -> Self {
        let dir = servers_dir().join(unique("rabbitmq"));
        let account = Account::for_dir_as(&dir, &["rabbitmq", "nobody"]).expect("an account for RabbitMQ");
        account.make_private_dir(&dir).expect("a directory for RabbitMQ");
        Self::in_dir(dir, account)
    }

    /// As [`Rabbit::start_private`], with a second port for TLS, which is returned too.
    ///
    /// # Panics
    /// As [`Rabbit::start_private`].
    #[must_use]
    pub fn start_private_with_tls(certificate: &ServerCert) -> (Self, u16) {
        let mut broker = Self::private();
        let port = free_port().expect("a free port");
        let file = |name: &str, text: &str| {
            let path = broker.dir.join(name);
            broker.account.write_private(&path, text).expect("a file of the broker");
            path.display().to_string()
        };
        let (cert, key) = (file("cert.pem", &certificate.cert), file("key.pem", &certificate.key));
        broker.tls = format!(
            "listeners.ssl.1 = 127.0.0.1:{port}\nssl_options.certfile = {cert}\nssl_options.keyfile = {key}\n"
        );
        broker.start();
        (broker, port)
    }

    fn in_dir(dir: PathBuf, account: Account) -> Self {
        Self { dir, account, ports: Ports::free(), tls: String::new(), child: None }
    }

    /// URL of the broker; the same after [`Rabbit::stop`] and [`Rabbit::start`].
    #[must_use]
    pub fn url(&self) -> String {
        self.ports.url()
    }

    /// Port of the broker on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.ports.amqp
    }

    /// Starts it (again), with the queues it had. Blocks until it answers. Does nothing when it runs.
    ///
    /// # Panics
    /// When it does not answer within two minutes.
    pub fn start(&mut self) {
        if self.child.is_some() {
            return;
        }
        let mut command = self.command();
        let out = fs::File::create(self.dir.join("out")).expect("the output file of RabbitMQ");
        command.stdout(out.try_clone().expect("the output file")).stderr(out).process_group(0);
        let mut child = command.spawn().expect("RabbitMQ starts");
        self.account.write_private(&self.dir.join("pid"), &child.id().to_string()).expect("the pid file");
        let Ports { amqp, distribution, epmd } = self.ports;
        let ports = format!("{amqp} {distribution} {epmd}");
        self.account.write_private(&self.dir.join("ports"), &ports).expect("the ports file");
        wait_until_ready(&self.dir, self.ports, Some(&mut child));
        self.child = Some(child);
    }

    /// Stops it in order: connections are closed, durable queues are kept. Blocks until it is gone.
    ///
    /// # Panics
    /// When it cannot be ended.
    pub fn stop(&mut self) {
        self.end(Signal::SIGTERM);
    }

    /// Ends it at once, as a power cut would.
    ///
    /// # Panics
    /// When it cannot be ended.
    pub fn kill(&mut self) {
        self.end(Signal::SIGKILL);
    }

    /// Whether the directory of quorum queues on the disk names the queue and is complete. It is a DETS table that is
    /// saved when nothing was changed for half a second. A queue that is not in it when the broker is killed comes back
    /// empty and never finds a leader (seen with 3.10).
    #[must_use]
    pub fn remembers(&self, queue: &str) -> bool {
        let nodes = fs::read_dir(self.dir.join("mnesia")).into_iter().flatten().filter_map(Result::ok);
        let systems = nodes.flat_map(|node| fs::read_dir(node.path().join("quorum")).into_iter().flatten());
        let tables = systems.filter_map(|system| fs::read(system.ok()?.path().join("names.dets")).ok());
        // Where it begins: pointer to the free lists, cookie, whether it is complete; four bytes each.
        let is_complete = |table: &[u8]| table.get(8..12).is_some_and(|flag| flag != [0; 4]);
        let name = queue.as_bytes();
        tables.into_iter().any(|t| is_complete(&t) && t.windows(name.len()).any(|part| part == name))
    }

    fn end(&mut self, signal: Signal) {
        let Some(mut child) = self.child.take() else { return };
        let pid = Pid::from_raw(i32::try_from(child.id()).expect("a process id"));
        let _ = kill(pid, signal);
        let deadline = Instant::now() + STOP_TIMEOUT;
        while child.try_wait().expect("the state of RabbitMQ").is_none() {
            if Instant::now() > deadline {
                let _ = kill(pid, Signal::SIGKILL);
            }
            std::thread::sleep(POLL);
        }
        // The name server that the Erlang VM started beside itself.
        let mut epmd = self.account.command(Path::new("epmd"));
        epmd.env("ERL_EPMD_PORT", self.ports.epmd.to_string()).arg("-kill");
        let _ = epmd.stdout(Stdio::null()).stderr(Stdio::null()).status();
    }

    /// The real script: the wrapper in PATH changes to the system's user and directories.
    fn command(&self) -> Command {
        let write = |name: &str, text: &str| {
            let path = self.dir.join(name);
            self.account.write_private(&path, text).expect("the configuration of RabbitMQ");
            path
        };
        let config =
            write("rabbitmq.conf", &format!("listeners.tcp.1 = 127.0.0.1:{}\n{}", self.ports.amqp, self.tls));
        let plugins = write("enabled_plugins", "[].\n");
        let mut command = self.account.command(&server_script());
        command
            .env("RABBITMQ_NODENAME", format!("g2p-{}@localhost", self.ports.amqp))
            .env("RABBITMQ_CONF_ENV_FILE", "/dev/null")
            .env("RABBITMQ_CONFIG_FILE", config)
            .env("RABBITMQ_ADVANCED_CONFIG_FILE", self.dir.join("none.config"))
            .env("RABBITMQ_ENABLED_PLUGINS_FILE", plugins)
            .env("RABBITMQ_MNESIA_BASE", self.dir.join("mnesia"))
            .env("RABBITMQ_LOG_BASE", self.dir.join("log"))
            .env("RABBITMQ_DIST_PORT", self.ports.distribution.to_string())
            .env("ERL_EPMD_PORT", self.ports.epmd.to_string())
            .env("ERL_EPMD_ADDRESS", "127.0.0.1")
            // Makes the script become the server, so that its process id is the server's.
            .env("RUNNING_UNDER_SYSTEMD", "true")
            // Loopback only, and no busy waiting on a small machine.
            .env(
                "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS",
                "-kernel inet_dist_use_interface {127,0,0,1} +sbwt none +sbwtdcpu none +sbwtdio none",
            );
        command
    }
}

impl Drop for Rabbit {
    fn drop(&mut self) {
        self.kill();
        let _ = fs::remove_dir_all(&self.dir);
    }
}

fn server_script() -> PathBuf {
    let libs = fs::read_dir("/usr/lib/rabbitmq/lib").into_iter().flatten().filter_map(Result::ok);
    let mut scripts: Vec<PathBuf> = libs.map(|e| e.path().join("sbin/rabbitmq-server")).collect();
    scripts.retain(|script| script.is_file());
    scripts.sort();
    scripts.pop().unwrap_or_else(|| {
        panic!("no RabbitMQ on this machine: `apt install rabbitmq-server`, `make setup-test`, or set TEST_AMQP_URL")
    })
}

fn is_running(dir: &Path) -> bool {
    let pid = fs::read_to_string(dir.join("pid")).unwrap_or_default();
    let command_line = fs::read(format!("/proc/{}/cmdline", pid.trim())).unwrap_or_default();
    // `-home <directory>` is on the command line of the Erlang VM.
    String::from_utf8_lossy(&command_line).split('\0').any(|argument| Path::new(argument) == dir)
}

/// Waits for the first frame of the AMQP handshake: the port opens a little before the broker can use it.
fn wait_until_ready(dir: &Path, ports: Ports, mut child: Option<&mut Child>) {
    let deadline = Instant::now() + START_TIMEOUT;
    while !answers(ports.amqp) {
        let ended = child.as_mut().is_some_and(|c| !matches!(c.try_wait(), Ok(None)));
        if ended || Instant::now() > deadline {
            let out = fs::read_to_string(dir.join("out")).unwrap_or_default();
            panic!("RabbitMQ did not start: {}", &out[out.len().saturating_sub(2000)..]);
        }
        std::thread::sleep(POLL);
    }
}

fn answers(port: u16) -> bool {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let Ok(mut stream) = TcpStream::connect_timeout(&address, Duration::from_secs(1)) else { return false };
    let _ = stream.set_read_timeout(Some(Duration::from_secs(2)));
    let mut first = [0_u8; 7];
    stream.write_all(b"AMQP\0\0\x09\x01").is_ok() && stream.read_exact(&mut first).is_ok()
}
