//! The whole chain, once: a register of people at one end, money in their accounts at the other. Every step goes
//! through public HTTP APIs and events; the driver never looks behind a service's back.

mod accounts;
mod checks;
mod client;
mod payment;
mod programme;
mod progress;
mod register;
mod report;
mod state;
mod truth;

use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, ValueEnum};
use platform::telemetry::{self, LogOutput};
use secrecy::SecretString;
use time::{Date, OffsetDateTime, Time};

pub use client::Client;
pub use report::Report;
pub use state::DemoState;

use crate::{
    generate::parse_date,
    up::{Up, UpOptions},
};
use progress::StepResult;

/// How events travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TransportKind {
    /// Through Postgres.
    Postgres,
    /// Through RabbitMQ, whose URL is `OPENG2P__AMQP_URL`.
    Rabbitmq,
}

/// Arguments of `openg2p demo`.
#[derive(Debug, Clone, Args)]
pub struct DemoArgs {
    /// Distinct people.
    #[arg(long, default_value_t = 10_000)]
    pub persons: u64,
    /// The same seed gives the same people.
    #[arg(long, default_value_t = 7)]
    pub seed: u64,
    /// Day on which the demo plays.
    #[arg(long, default_value = "2026-01-01", value_parser = parse_date)]
    pub as_of: Date,
    /// Your own CSV files, with the generator's headers, instead of a made-up population.
    #[arg(long)]
    pub data: Option<PathBuf>,
    /// Write the result as JSON.
    #[arg(long)]
    pub json: Option<PathBuf>,
    /// How events travel; RabbitMQ when its URL is set, else Postgres.
    #[arg(long)]
    pub transport: Option<TransportKind>,
    /// Leave all services up at the end.
    #[arg(long)]
    pub keep_running: bool,
    /// Go on where the last demo in this directory stopped.
    #[arg(long)]
    pub resume: bool,
    /// Administrator's URL of a database of yours; a private cluster is started when absent.
    #[arg(long, env = "OPENG2P__DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,
    /// Where keys, secrets and progress are kept; beside the private cluster when absent.
    #[arg(long)]
    pub data_dir: Option<PathBuf>,
    /// Stop after this step (for tests): population, registration, deduplication, accounts, programme or payment.
    #[arg(long, hide = true)]
    pub stop_after: Option<String>,
    /// Use any free ports instead of 8000 to 8007.
    #[arg(long, hide = true)]
    pub free_ports: bool,
}

/// What the steps work with.
#[derive(Debug)]
pub struct Demo {
    pub(crate) client: Client,
    pub(crate) state: DemoState,
    pub(crate) data_root: PathBuf,
    pub(crate) as_of: Date,
}

impl Demo {
    pub(crate) fn save(&self) -> anyhow::Result<()> {
        self.state.save(&self.data_root)
    }

    fn done(&mut self, result: StepResult) -> anyhow::Result<()> {
        self.state.steps.push(result);
        self.save()
    }
}

/// Runs the demo; fails when a check fails.
///
/// # Errors
/// What went wrong, or which checks failed.
#[allow(clippy::print_stdout)]
pub async fn run(args: DemoArgs) -> anyhow::Result<()> {
    let (mut options, kept) = prepare(&args).await?;
    let log = kept.root.join("openg2p.log");
    let telemetry = telemetry::init("openg2p", &crate::cli::process_config(), &LogOutput::File(log.clone()))?;
    options.data_dir = Some(kept.root.clone());
    println!("Logs: {}", log.display());
    let up = Up::start(&options).await?;
    let as_of = parse_date(&kept.state.as_of).map_err(anyhow::Error::msg)?;
    let mut demo = Demo { client: Client::new(&up)?, state: kept.state, data_root: kept.root, as_of };
    demo.save()?;
    let outcome = steps(&mut demo, &args).await;
    let report = match outcome {
        Ok(Some(report)) => report,
        Ok(None) => {
            up.stop().await;
            telemetry.shutdown();
            return Ok(());
        }
        Err(error) => {
            up.stop().await;
            telemetry.shutdown();
            return Err(error);
        }
    };
    println!("\n{}", report.table());
    if let Some(path) = &args.json {
        let text = serde_json::to_string_pretty(&report)?;
        std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    if args.keep_running {
        let payee = accounts::some_payee(&demo).await?;
        let id = accounts::some_identity(&demo);
        let id = id.as_ref().map(|(kind, value)| (kind.as_str(), value.as_str()));
        payment::print_urls(&up, &demo, payee.as_deref(), id)?;
        platform::cli::wait_for_signal().await?;
    }
    up.stop().await;
    telemetry.shutdown();
    let failed: Vec<&str> = report.checks.iter().filter(|c| !c.ok).map(|c| c.name.as_str()).collect();
    anyhow::ensure!(failed.is_empty(), "these checks failed: {}", failed.join("; "));
    println!("Every check holds.");
    Ok(())
}

struct Kept {
    root: PathBuf,
    state: DemoState,
}

/// Finds the database and the state to go on from; a new demo starts with empty schemas.
async fn prepare(args: &DemoArgs) -> anyhow::Result<(UpOptions, Kept)> {
    let amqp = std::env::var("OPENG2P__AMQP_URL").ok().filter(|url| !url.is_empty());
    let amqp_url = match args.transport {
        Some(TransportKind::Postgres) => None,
        Some(TransportKind::Rabbitmq) => {
            Some(amqp.context("--transport rabbitmq needs the broker's URL in OPENG2P__AMQP_URL")?)
        }
        None => amqp,
    };
    let mut options = UpOptions {
        database_url: args.database_url.clone().map(SecretString::from),
        data_dir: args.data_dir.clone(),
        amqp_url: amqp_url.map(SecretString::from),
        free_ports: args.free_ports,
        otlp_endpoint: std::env::var("OPENG2P__OTLP_ENDPOINT").ok(),
        ..UpOptions::default()
    };
    let (data, admin) = crate::up::database(&options).await?;
    let root = data.root().to_owned();
    let state = if args.resume {
        DemoState::load(&root)?
    } else {
        crate::migrate::drop_schemas(&admin).await?;
        DemoState {
            persons: args.persons,
            seed: args.seed,
            as_of: args.as_of.to_string(),
            clock_offset_seconds: offset_to(args.as_of),
            ..DemoState::default()
        }
    };
    options.database_url = Some(admin);
    options.clock_offset_seconds = state.clock_offset_seconds;
    Ok((options, Kept { root, state }))
}

/// Seconds from now to six in the morning (UTC) of a day.
fn offset_to(day: Date) -> i64 {
    let six = Time::from_hms(6, 0, 0).unwrap_or(Time::MIDNIGHT);
    (day.with_time(six).assume_utc() - OffsetDateTime::now_utc()).whole_seconds()
}

/// Runs the steps that are not done. `None` when the run was to stop early.
async fn steps(demo: &mut Demo, args: &DemoArgs) -> anyhow::Result<Option<Report>> {
    for step in ["population", "registration", "deduplication", "accounts", "programme", "payment"] {
        if !demo.state.done(step) {
            let result = match step {
                "population" => register::population(demo, args.data.as_deref())?,
                "registration" => register::registration(demo).await?,
                "deduplication" => register::deduplication(demo).await?,
                "accounts" => accounts::accounts(demo).await?,
                "programme" => programme::programme(demo).await?,
                _ => payment::payment(demo).await?,
            };
            demo.done(result)?;
        }
        if args.stop_after.as_deref() == Some(step) {
            return Ok(None);
        }
    }
    checks::report(demo).await.map(Some)
}
