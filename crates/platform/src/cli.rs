//! The command line that every service has.

use std::{collections::BTreeMap, path::PathBuf, process::ExitCode};

use anyhow::Context;
use clap::{Args, Parser, Subcommand};
use secrecy::{ExposeSecret, SecretString};
use storage::{Db, SqlMigration, sql};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::{
    Clock, CommonConfig,
    config::{self, Loaded},
    server::{self, EVENTS_SCHEMA, db_options},
    service::{Service, all_migrations, schema_name},
    telemetry::{self, LogOutput},
};

/// Command line of one service.
#[derive(Debug, Parser)]
#[command(version, disable_help_subcommand = true)]
struct Cli {
    #[command(flatten)]
    args: ServiceArgs,
}

/// The arguments, also used behind `openg2p <service>`.
#[derive(Debug, Args)]
pub struct ServiceArgs {
    /// Configuration file (TOML).
    #[arg(long, global = true)]
    pub config: Option<PathBuf>,
    /// What to do; `serve` when absent.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What a service can be told.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Serve until told to stop (the default).
    Serve(ServeArgs),
    /// Create the schema and run the missing migrations.
    Migrate(MigrateArgs),
    /// Print the OpenAPI document.
    Openapi,
    /// Ask the running service whether it is ready; exit code 0 or 1.
    Healthcheck,
    /// Look at the configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
}

/// How to serve.
#[derive(Debug, Clone, Copy, Default, Args)]
pub struct ServeArgs {
    /// The database was restored from an older backup. Then the bridge sends no payment that it has not asked its bank for
    /// first, until two people end that.
    #[arg(long)]
    pub restored: bool,
}

/// How to migrate.
#[derive(Debug, Clone, Copy, Default, Args)]
pub struct MigrateArgs {
    /// Then lay the mapper's register out in so many hash partitions, for registers that outgrow one machine; 0 for one
    /// table. Look-ups go on meanwhile, changes wait. Without it the layout stays as it is.
    #[arg(long, value_name = "N")]
    pub partitions: Option<u16>,
}

/// What can be done with the configuration.
#[derive(Debug, Clone, Copy, Subcommand)]
pub enum ConfigCommand {
    /// Name the first wrong key, or say that all is well.
    Check,
}

/// `main` of a service's binary.
#[must_use]
pub fn main<S: Service>() -> ExitCode {
    let cli = Cli::parse();
    report(S::NAME, block_on(run::<S>(cli.args)))
}

/// Prints an error of a command in one line and turns it into an exit code.
#[must_use]
pub fn report(name: &str, outcome: anyhow::Result<()>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{name}: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Runs a future on the process's runtime.
///
/// # Errors
/// When the runtime cannot start, or what the future returns.
pub fn block_on<F: Future<Output = anyhow::Result<()>>>(future: F) -> anyhow::Result<()> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(future)
}

/// Runs one command of a service.
///
/// # Errors
/// What went wrong, for the person at the terminal.
#[allow(clippy::print_stdout)]
pub async fn run<S: Service>(args: ServiceArgs) -> anyhow::Result<()> {
    let command = args.command.unwrap_or(Command::Serve(ServeArgs::default()));
    if let Command::Openapi = command {
        println!("{}", crate::http_app::openapi::<S>().to_pretty_json()?);
        return Ok(());
    }
    let env: BTreeMap<String, String> = std::env::vars().collect();
    let loaded: Loaded<S::Config> =
        config::load(&schema_name(S::NAME), S::DEFAULT_PORT, args.config.as_deref(), &env)?;
    S::validate(&loaded.service).map_err(|why| anyhow::anyhow!("configuration: {why}"))?;
    match command {
        Command::Serve(how) => serve::<S>(loaded, how).await,
        Command::Migrate(how) => {
            migrate_schema::<S>(&loaded.common).await?;
            println!("{}: schema {} is current", S::NAME, schema_name(S::NAME));
            if let Some(partitions) = how.partitions {
                let db = migrating(&loaded.common, &schema_name(S::NAME)).await?;
                S::partition(&db, partitions, &mut |step| println!("{}: {step}", S::NAME)).await?;
                db.close().await;
            }
            if let Err(why) = server::declare_consumers::<S>(loaded).await {
                eprintln!("{}: its consumers will be declared by its first start ({why:#})", S::NAME);
            }
            Ok(())
        }
        Command::Healthcheck => healthcheck(&loaded.common).await,
        Command::Config(ConfigCommand::Check) => {
            println!("{}: configuration is well", S::NAME);
            Ok(())
        }
        Command::Openapi => Ok(()),
    }
}

async fn serve<S: Service>(loaded: Loaded<S::Config>, how: ServeArgs) -> anyhow::Result<()> {
    let telemetry = telemetry::init(S::NAME, &loaded.common, &LogOutput::Stderr)?;
    telemetry::hide_panic_messages();
    let mut stop = StopSignal::listen()?;
    if how.restored {
        note_restored::<S>(&loaded.common).await?;
    }
    let running = tokio::select! {
        running = server::start::<S>(loaded, CancellationToken::new()) => running?,
        () = stop.received() => return Ok(()),
    };
    stop.received().await;
    tracing::info!(service = S::NAME, "stopping");
    running.stop().await;
    telemetry.shutdown();
    Ok(())
}

/// Notes that the database of a service was restored from an older backup.
///
/// # Errors
/// When the service has no use for it, or the database cannot be reached.
pub async fn note_restored<S: Service>(config: &CommonConfig) -> anyhow::Result<()> {
    let db = Db::connect(&db_options(config, config.database_url.as_ref(), &schema_name(S::NAME))?).await?;
    S::restored(&db, Clock::with_offset(config.clock_offset_seconds).now()).await?;
    db.close().await;
    Ok(())
}

/// SIGTERM and Ctrl-C. They are listened to from [`StopSignal::listen`] on: make it before the start, because a
/// supervisor may change its mind at any moment, and who does not listen is killed.
#[derive(Debug)]
pub struct StopSignal {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignal {
    /// Listens from now on.
    ///
    /// # Errors
    /// When signals cannot be listened to.
    pub fn listen() -> std::io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Waits until one of them comes.
    pub async fn received(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

async fn healthcheck(config: &CommonConfig) -> anyhow::Result<()> {
    crate::init_crypto();
    let host = match config.host.as_str() {
        "0.0.0.0" => "127.0.0.1".to_owned(),
        "::" => "[::1]".to_owned(),
        address if address.contains(':') => format!("[{address}]"),
        name => name.to_owned(),
    };
    let url = format!("http://{host}:{}/health/ready", config.port.saturating_add(1000));
    let client = reqwest::Client::builder().no_proxy().timeout(std::time::Duration::from_secs(5)).build()?;
    let response = client.get(&url).send().await?;
    anyhow::ensure!(response.status().is_success(), "not ready: {}", response.text().await?);
    Ok(())
}

/// Creates the schema of a service when it is missing, and runs what its tables lack. Without a broker the schema of
/// the Postgres transport is brought up too. When `migrate_database_url` names another role than `database_url`, that
/// second role, which serves, gets the rights to read and write rows, and none to change tables.
///
/// # Errors
/// When the role may not, or a statement fails.
pub async fn migrate_schema<S: Service>(config: &CommonConfig) -> anyhow::Result<()> {
    migrate_one(config, &schema_name(S::NAME), &all_migrations::<S>()).await?;
    if config.amqp_url.is_none() {
        let shared = migrate_one(config, EVENTS_SCHEMA, events::postgres::MIGRATIONS).await;
        shared.with_context(|| {
            format!(
                "the schema {EVENTS_SCHEMA}, which all services share, could not be brought up by this role; if it \
                 belongs to another one, run `openg2p migrate --admin-url` with the URL of an administrator"
            )
        })?;
    }
    Ok(())
}

/// A pool of the role that migrates, for statements that take their time.
async fn migrating(config: &CommonConfig, schema: &str) -> anyhow::Result<Db> {
    let url = config.migrate_database_url.as_ref().or(config.database_url.as_ref());
    let mut options = db_options(config, url, schema)?;
    options.statement_timeout = None;
    // One holds the lock while another works.
    options.max_connections = options.max_connections.max(2);
    Ok(Db::connect(&options).await?)
}

async fn migrate_one(config: &CommonConfig, schema: &str, steps: &[SqlMigration]) -> anyhow::Result<()> {
    let db = migrating(config, schema).await?;
    let exists: Option<bool> = sql::scalar(
        db.conn(),
        "SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)",
        [schema.into()],
    )
    .await?;
    if exists != Some(true) {
        // `schema` is a constant of ours, never input.
        sql::execute(db.conn(), &format!("CREATE SCHEMA IF NOT EXISTS {schema}"), []).await?;
    }
    storage::migrate(&db, steps).await?;
    if let Some(role) = serving_role(config) {
        grant(&db, schema, &role).await?;
    }
    db.close().await;
    Ok(())
}

/// The role that serves, when another one migrates.
fn serving_role(config: &CommonConfig) -> Option<String> {
    let role = |url: &SecretString| {
        let url = url::Url::parse(url.expose_secret()).ok()?;
        let name = percent_decode(url.username());
        (!name.is_empty()).then_some(name)
    };
    let serving = role(config.database_url.as_ref()?)?;
    let migrating = role(config.migrate_database_url.as_ref()?)?;
    (serving != migrating).then_some(serving)
}

/// `%40` in the user name of a URL is an `@` in the name of the role.
fn percent_decode(text: &str) -> String {
    url::form_urlencoded::parse(format!("v={}", text.replace('+', "%2B").replace('&', "%26")).as_bytes())
        .next()
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}

async fn grant(db: &Db, schema: &str, role: &str) -> anyhow::Result<()> {
    let quoted = format!("\"{}\"", role.replace('"', "\"\""));
    for statement in [
        format!("GRANT USAGE ON SCHEMA {schema} TO {quoted}"),
        format!("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {quoted}"),
        format!("GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {schema} TO {quoted}"),
    ] {
        sql::execute(db.conn(), &statement, []).await.map_err(|error| {
            anyhow::anyhow!("the role {role} of database_url could not be given its rights: {error}")
        })?;
    }
    Ok(())
}
