//! The operator's command line.

use std::process::ExitCode;

use anyhow::Context;
use clap::{Parser, Subcommand};
use platform::{
    Service,
    cli::{self, ServiceArgs},
    telemetry::LogOutput,
};

use crate::{
    admin::{self, DlqCommand, OutboxCommand, PartnerCommand},
    check_payments::{self, CheckArgs},
    check_statement::{self, CheckStatementArgs},
    database::{Database, DatabaseArgs},
    demo::DemoArgs,
    generate::{self, GenerateArgs},
    migrate::PrepareOptions,
    up::{Up, UpOptions},
};

/// OpenG2P in one binary.
#[derive(Debug, Parser)]
#[command(name = "openg2p", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run every service in one process, one port each.
    ///
    /// The configuration is the services' own. Only what it leaves open is filled in: ports, addresses, keys, secrets,
    /// roles of the database, and a token issuer.
    Up(UpArgs),
    /// Run the whole chain once, from a register of people to money in their accounts.
    ///
    /// A demo that starts anew deletes what the last one left in the database. When it finds schemas there that no demo
    /// made, or that `up` or `migrate` worked on since, it refuses and deletes nothing.
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
    /// Whether the statement of an envelope is the one that the bridge signed.
    CheckStatement(CheckStatementArgs),
    /// Events and jobs that were given up.
    #[command(subcommand)]
    Dlq(DlqCommand),
    /// Look whether every payment happened once and all its records agree: INV1 to INV14.
    ///
    /// Reads only, and may run at any time. Exit code 1 when something contradicts an invariant.
    CheckPayments(CheckArgs),
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
    /// RabbitMQ URL; that of the configuration when absent (OPENG2P__AMQP_URL), and when there is none events travel
    /// through Postgres.
    #[arg(long)]
    amqp_url: Option<String>,
    /// How users reach the built-in token issuer; its address on this machine when absent. It starts when the
    /// configuration names no oidc_issuer.
    #[arg(long)]
    issuer_url: Option<String>,
    /// The databases were restored from an older backup. Then the bridge sends no payment that it has not asked its bank
    /// for first, until two people end that.
    #[arg(long)]
    restored: bool,
}

#[derive(Debug, clap::Args)]
struct MigrateArgs {
    #[command(flatten)]
    database: DatabaseArgs,
    /// Give roles that exist, and whose passwords are not in the data directory, new ones: what uses the present
    /// passwords is locked out.
    #[arg(long)]
    reset_passwords: bool,
    /// Then lay the mapper's register out in so many hash partitions, for registers that outgrow one machine; 0 for one
    /// table. Look-ups go on meanwhile, changes wait. Without it the layout stays as it is.
    #[arg(long, value_name = "N")]
    partitions: Option<u16>,
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
        Command::CheckPayments(args) => check_payments::run(args).await,
        Command::Up(args) => up(args).await,
        Command::Demo(args) => crate::demo::run(*args).await,
        Command::Migrate(args) => migrate(args).await,
        Command::GeneratePopulation(args) => generate::run(&args),
        Command::CheckStatement(args) => check_statement::run(&args),
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
    let mut sources = args.database.sources();
    if let Some(url) = args.amqp_url {
        sources.set("AMQP_URL", url);
    }
    let telemetry = platform::telemetry::init("openg2p", &sources.common()?, &LogOutput::Stderr)?;
    let options = UpOptions {
        sources,
        data_dir: args.database.data_dir,
        issuer_url: args.issuer_url,
        restored: args.restored,
        ..UpOptions::default()
    };
    let mut stop = cli::StopSignal::listen()?;
    let up = tokio::select! {
        up = Up::start(&options) => up?,
        () = stop.received() => return Ok(()),
    };
    println!("All services are up. Keys, secrets and users' passwords: {}", up.data.root().display());
    for (name, url) in &up.urls {
        println!("  {name:<26} {url}  documents: {url}/docs/");
    }
    for pages in &up.staff_pages {
        println!("  {:<26} {}  sign in as {}", pages.name, pages.url, pages.users);
    }
    if let Some(issuer) = &up.issuer {
        println!("  token issuer               {}", issuer.url());
    }
    stop.received().await;
    up.stop().await;
    telemetry.shutdown();
    Ok(())
}

#[allow(clippy::print_stdout)]
async fn migrate(args: MigrateArgs) -> anyhow::Result<()> {
    let mut sources = args.database.sources();
    let database = Database::find(&mut sources, args.database.data_dir.as_deref()).await?;
    let options = PrepareOptions { demo: false, reset_passwords: args.reset_passwords };
    crate::migrate::prepare(&mut sources, &database, options).await?;
    let kept = database.data.path("secrets.json");
    println!("Every schema is current; the roles' passwords are in {}", kept.display());
    if let Some(partitions) = args.partitions {
        let mapper = sources.load::<spar_mapper::Service>()?.common.database_url;
        let mapper = mapper.context("the mapper has no database URL")?;
        let db = database.connect(&mapper, "spar_mapper").await?;
        let say = &mut |step: &str| println!("spar-mapper: {step}");
        spar_mapper::Service::partition(&db, partitions, say).await?;
        db.close().await;
    }
    Ok(())
}
