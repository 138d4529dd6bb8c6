//! The operator's command line.

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};
use platform::{
    CommonConfig,
    cli::{self, ServiceArgs},
    telemetry::LogOutput,
};
use secrecy::SecretString;

use crate::{
    admin::{self, DlqCommand, OutboxCommand, PartnerCommand},
    demo::DemoArgs,
    generate::{self, GenerateArgs},
    up::{Up, UpOptions},
};

/// OpenG2P in one binary.
#[derive(Debug, Parser)]
#[command(name = "openg2p", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// How to reach a database for an operator's command.
#[derive(Debug, Clone, clap::Args)]
pub struct DatabaseArgs {
    /// Administrator's Postgres URL; the private cluster of this directory when absent.
    #[arg(long = "database-url", env = "OPENG2P__DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,
    /// Directory of keys and secrets.
    #[arg(long)]
    pub data_dir: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run every service in one process, one port each.
    Up(UpArgs),
    /// Run the whole chain once, from a register of people to money in their accounts.
    Demo(Box<DemoArgs>),
    /// Create roles and schemas and run all migrations.
    Migrate(MigrateArgs),
    /// Write a made-up register of people as CSV files.
    GeneratePopulation(GenerateArgs),
    /// Systems that may call a service.
    #[command(subcommand)]
    Partner(PartnerCommand),
    /// Events that wait to be published.
    #[command(subcommand)]
    Outbox(OutboxCommand),
    /// Events and jobs that were given up.
    #[command(subcommand)]
    Dlq(DlqCommand),
    /// The social registry's own commands.
    SocialRegistry(ServiceArgs),
    /// PBMS's own commands.
    PbmsBeneficiaryRegistry(ServiceArgs),
    /// The mapper's own commands.
    SparMapper(ServiceArgs),
    /// The self-service pages' own commands.
    SparSelfService(ServiceArgs),
    /// The bridge's own commands.
    G2pBridge(ServiceArgs),
    /// The deduplicator's own commands.
    Dedup(ServiceArgs),
    /// The example bank's own commands.
    ExampleBank(ServiceArgs),
}

#[derive(Debug, clap::Args)]
struct UpArgs {
    #[command(flatten)]
    database: DatabaseArgs,
    /// RabbitMQ URL; events travel through Postgres when absent.
    #[arg(long, env = "OPENG2P__AMQP_URL", hide_env_values = true)]
    amqp_url: Option<String>,
}

#[derive(Debug, clap::Args)]
struct MigrateArgs {
    /// URL of a role that may create roles and schemas; the private cluster when absent.
    #[arg(long)]
    admin_url: Option<String>,
    /// Directory that keeps the roles' passwords.
    #[arg(long)]
    data_dir: Option<PathBuf>,
}

/// `main` of the binary.
#[must_use]
pub fn main() -> ExitCode {
    let command = Cli::parse().command;
    platform::init_crypto();
    platform::telemetry::hide_panic_messages();
    cli::report("openg2p", cli::block_on(run(command)))
}

async fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Up(args) => up(args).await,
        Command::Demo(args) => crate::demo::run(*args).await,
        Command::Migrate(args) => migrate(args).await,
        Command::GeneratePopulation(args) => generate::run(&args),
        Command::Partner(command) => admin::partner(command).await,
        Command::Outbox(command) => admin::outbox(command).await,
        Command::Dlq(command) => admin::dlq(command).await,
        Command::SocialRegistry(args) => cli::run::<social_registry::Service>(args).await,
        Command::PbmsBeneficiaryRegistry(args) => cli::run::<pbms_beneficiary_registry::Service>(args).await,
        Command::SparMapper(args) => cli::run::<spar_mapper::Service>(args).await,
        Command::SparSelfService(args) => cli::run::<spar_self_service::Service>(args).await,
        Command::G2pBridge(args) => cli::run::<g2p_bridge::Service>(args).await,
        Command::Dedup(args) => cli::run::<dedup::Service>(args).await,
        Command::ExampleBank(args) => cli::run::<example_bank::Service>(args).await,
    }
}

#[allow(clippy::print_stdout)]
async fn up(args: UpArgs) -> anyhow::Result<()> {
    let options = UpOptions {
        database_url: args.database.database_url.map(SecretString::from),
        data_dir: args.database.data_dir,
        amqp_url: args.amqp_url.map(SecretString::from),
        ..UpOptions::default()
    };
    let telemetry = platform::telemetry::init("openg2p", &process_config(), &LogOutput::Stderr)?;
    let up = Up::start(&options).await?;
    println!("All services are up. Keys, secrets and users' passwords: {}", up.data.root().display());
    for (name, url) in &up.urls {
        println!("  {name:<26} {url}  documents: {url}/docs/");
    }
    println!("  token issuer               {}", up.issuer.url());
    cli::wait_for_signal().await?;
    up.stop().await;
    telemetry.shutdown();
    Ok(())
}

/// Logging of a process that holds several services: the environment's, with the defaults of one service.
#[must_use]
pub fn process_config() -> CommonConfig {
    let env = |key: &str| std::env::var(format!("OPENG2P__{key}")).ok();
    let defaults = CommonConfig::default();
    CommonConfig {
        log_level: env("LOG_LEVEL").unwrap_or(defaults.log_level.clone()),
        log_format: env("LOG_FORMAT").unwrap_or(defaults.log_format.clone()),
        otlp_endpoint: env("OTLP_ENDPOINT"),
        ..defaults
    }
}

#[allow(clippy::print_stdout)]
async fn migrate(args: MigrateArgs) -> anyhow::Result<()> {
    let options = UpOptions {
        database_url: args.admin_url.map(SecretString::from),
        data_dir: args.data_dir,
        ..UpOptions::default()
    };
    let (data, admin) = crate::up::database(&options).await?;
    crate::migrate::prepare(&admin, |service| data.secret(&format!("role:{service}"))).await?;
    println!("Every schema is current; the roles' passwords are in {}", data.path("secrets.json").display());
    Ok(())
}
