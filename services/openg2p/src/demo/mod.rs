//! The whole chain, once: a register of people at one end, money in their accounts at the other. Every step goes
//! through public HTTP APIs and events; the driver never looks behind a service's back.

mod accounts;
mod checks;
mod client;
mod directory;
mod own_data;
mod payment;
mod privacy;
mod programme;
mod progress;
mod register;
mod report;
mod state;
mod truth;

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, ValueEnum};
use platform::telemetry::{self, LogOutput};
use time::{Date, OffsetDateTime, Time, macros::date};
use uuid::Uuid;

pub use client::Client;
pub use report::Report;
pub use state::DemoState;

use crate::{
    database::{Database, DatabaseArgs},
    generate::parse_date,
    up::{Up, UpOptions},
};
use progress::StepResult;

/// How events travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TransportKind {
    /// Through Postgres.
    Postgres,
    /// Through RabbitMQ, whose URL is `OPENG2P__AMQP_URL` or in the file `OPENG2P__AMQP_URL_FILE`.
    Rabbitmq,
}

/// Arguments of `openg2p demo`.
#[derive(Debug, Clone, Args)]
pub struct DemoArgs {
    /// Distinct people; files of your own are counted instead.
    #[arg(long, default_value_t = 10_000)]
    pub persons: u64,
    /// The same seed gives the same people.
    #[arg(long, default_value_t = 7)]
    pub seed: u64,
    /// Day on which the demo plays; when absent 2026-01-01, and today with files of your own.
    #[arg(long, value_parser = parse_date)]
    pub as_of: Option<Date>,
    /// Your own CSV files, with the generator's headers, instead of a made-up population.
    #[arg(long)]
    pub data: Option<PathBuf>,
    /// Write the result as JSON.
    #[arg(long)]
    pub json: Option<PathBuf>,
    /// How events travel; RabbitMQ when the configuration has its URL, else Postgres.
    #[arg(long)]
    pub transport: Option<TransportKind>,
    /// Leave all services up at the end.
    #[arg(long)]
    pub keep_running: bool,
    /// Go on where the last demo in this directory stopped.
    #[arg(long)]
    pub resume: bool,
    /// Which database.
    #[command(flatten)]
    pub database: DatabaseArgs,
    /// Delete what `openg2p up` keeps in the private cluster of this directory. Never deletes in a database of yours.
    #[arg(long, conflicts_with = "resume")]
    pub replace_data: bool,
    /// Stop after this step or this point of one (for tests), as if killed there.
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
    stop_after: Option<String>,
}

impl Demo {
    pub(crate) fn save(&self) -> anyhow::Result<()> {
        self.state.save(&self.data_root)
    }

    /// Ends the run here when it was to stop at this point.
    pub(crate) fn reached(&self, point: &'static str) -> anyhow::Result<()> {
        if self.stop_after.as_deref() == Some(point) {
            return Err(Stopped(point).into());
        }
        Ok(())
    }

    fn done(&mut self, result: StepResult) -> anyhow::Result<()> {
        self.state.steps.push(result);
        self.save()
    }
}

/// The run was to stop here.
#[derive(Debug, thiserror::Error)]
#[error("stopped after {0}, as asked")]
struct Stopped(&'static str);

/// The log in the data directory.
pub(crate) const LOG_FILE: &str = "openg2p.log";
/// How much it tells unless the environment says otherwise: the demo shows that even then it tells nothing of anybody.
pub(crate) const LOG_LEVEL: &str = "debug";

/// Runs the demo; fails when a check fails.
///
/// # Errors
/// What went wrong, or which checks failed.
#[allow(clippy::print_stdout)]
pub async fn run(args: DemoArgs) -> anyhow::Result<()> {
    let (options, kept) = prepare(&args).await?;
    let log = kept.root.join(LOG_FILE);
    let mut logging = options.sources.common()?;
    if !options.sources.names("LOG_LEVEL") {
        LOG_LEVEL.clone_into(&mut logging.log_level);
    }
    let telemetry = telemetry::init("openg2p", &logging, &LogOutput::File(log.clone()))?;
    println!("Logs: {}", log.display());
    let up = Up::start(&options).await?;
    let as_of = parse_date(&kept.state.as_of).map_err(anyhow::Error::msg)?;
    let client = Client::new(&up)?;
    let stop_after = args.stop_after.clone();
    let mut demo = Demo { client, state: kept.state, data_root: kept.root, as_of, stop_after };
    demo.save()?;
    let report = match steps(&mut demo).await {
        Ok(report) => report,
        Err(error) => {
            up.stop().await;
            telemetry.shutdown();
            return if error.is::<Stopped>() { Ok(()) } else { Err(error) };
        }
    };
    println!("\n{}", report.table());
    if let Some(path) = &args.json {
        let text = serde_json::to_string_pretty(&report)?;
        std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    if args.keep_running {
        let payee = accounts::somebody_paid(&demo).await?;
        let mut stop = platform::cli::StopSignal::listen()?;
        payment::print_urls(&up, &demo, payee.as_ref())?;
        stop.received().await;
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
    let mut sources = args.database.sources();
    match args.transport {
        Some(TransportKind::Postgres) => sources.unset("AMQP_URL")?,
        Some(TransportKind::Rabbitmq) => anyhow::ensure!(
            sources.names("AMQP_URL"),
            "--transport rabbitmq needs the broker's URL in OPENG2P__AMQP_URL or OPENG2P__AMQP_URL_FILE"
        ),
        None => {}
    }
    let database = Database::find(&mut sources, args.database.data_dir.as_deref()).await?;
    let root = database.data.root().to_owned();
    let state = if args.resume {
        DemoState::load(&root)?
    } else {
        let state = new_state(args, &root)?;
        crate::migrate::drop_demo_schemas(&database, args.replace_data).await?;
        state
    };
    std::fs::create_dir_all(&root).with_context(|| format!("cannot make {}", root.display()))?;
    sources.set("CLOCK_OFFSET_SECONDS", state.clock_offset_seconds.to_string());
    // What the demo shows to anybody: sign in by a pseudonym, ask without a key.
    sources.set("SPAR_SELF_SERVICE__DEMO_LOGIN", "true");
    sources.set("ANONYMOUS_PARTNER", "true");
    let options = UpOptions {
        sources,
        data_dir: Some(root.clone()),
        free_ports: args.free_ports,
        demo: true,
        ..UpOptions::default()
    };
    Ok((options, Kept { root, state }))
}

/// What a new demo begins with. Files of the user's own are looked at before anything of the last demo goes.
#[allow(clippy::print_stdout)]
fn new_state(args: &DemoArgs, root: &Path) -> anyhow::Result<DemoState> {
    let usual = if args.data.is_some() { OffsetDateTime::now_utc().date() } else { date!(2026 - 01 - 01) };
    let as_of = args.as_of.unwrap_or(usual);
    let mut state = DemoState {
        run: Uuid::now_v7(),
        persons: args.persons,
        seed: args.seed,
        as_of: as_of.to_string(),
        clock_offset_seconds: offset_to(as_of),
        log_start: std::fs::metadata(root.join(LOG_FILE)).map_or(0, |log| log.len()),
        ..DemoState::default()
    };
    if let Some(dir) = &args.data {
        let own = own_data::check(dir, as_of)?;
        if own.later > 0 {
            println!("{} rows are dated after {as_of}; the registry will refuse them.", own.later);
        }
        state.population =
            own.dir.to_str().with_context(|| format!("{} is not UTF-8", own.dir.display()))?.to_owned();
        state.persons = own.individuals;
        state.own_data = true;
    }
    Ok(state)
}

/// Seconds from now to six in the morning (UTC) of a day.
fn offset_to(day: Date) -> i64 {
    let six = Time::from_hms(6, 0, 0).unwrap_or(Time::MIDNIGHT);
    (day.with_time(six).assume_utc() - OffsetDateTime::now_utc()).whole_seconds()
}

/// Runs the steps that are not done.
async fn steps(demo: &mut Demo) -> anyhow::Result<Report> {
    for step in ["population", "registration", "deduplication", "accounts", "programme", "payment"] {
        if !demo.state.done(step) {
            let result = match step {
                "population" => register::population(demo)?,
                "registration" => register::registration(demo).await?,
                "deduplication" => register::deduplication(demo).await?,
                "accounts" => accounts::accounts(demo).await?,
                "programme" => programme::programme(demo).await?,
                _ => payment::payment(demo).await?,
            };
            demo.done(result)?;
        }
        demo.reached(step)?;
    }
    checks::report(demo).await
}
