//! `openg2p check-payments`: the invariants INV1 to INV14 of the payments, looked up in the bridge's tables, the bank's
//! books and the statements. It changes nothing, sees one moment, and may run at any time; `docs/check-payments.md` says what
//! each invariant means and what to do about a violation.

mod invariants;
mod report;
mod sight;

use anyhow::Context;
use time::OffsetDateTime;

pub use report::{Finding, Report, Violation};
pub use sight::{Look, Sight};

use crate::{admin::Schemas, database::DatabaseArgs};

/// `check-payments`
#[derive(Debug, clap::Args)]
pub struct CheckArgs {
    /// Check as well what holds only when nothing is under way any more: every payment at its end, no money blocked.
    #[arg(long = "final")]
    is_final: bool,
    /// Do not look for the example bank's books in this installation: the payments go to other banks.
    #[arg(long)]
    without_bank: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// Runs the command.
///
/// # Errors
/// When an invariant is violated, or the tables cannot be read.
#[allow(clippy::print_stdout)]
pub async fn run(args: CheckArgs) -> anyhow::Result<()> {
    let schemas = Schemas::find(&args.database).await?;
    let bridge = schemas.open("g2p-bridge").await?;
    let bank = if args.without_bank { None } else { schemas.open_if_there("example-bank").await? };
    let ahead = schemas.of_service("g2p-bridge").map_or(0, |common| common.clock_offset_seconds);
    let now = OffsetDateTime::now_utc() + time::Duration::seconds(ahead);
    let look = Look { now, is_final: args.is_final };
    let report = check(&bridge, bank.as_ref(), look).await.context("the payments could not be checked")?;
    if args.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        print!("{report}");
    }
    anyhow::ensure!(report.holds(), "{} are violated", report.violated().join(", "));
    Ok(())
}

/// Checks every invariant on one view of the tables.
///
/// # Errors
/// When they cannot be read.
pub async fn check(bridge: &storage::Db, bank: Option<&storage::Db>, look: Look) -> anyhow::Result<Report> {
    for db in [Some(bridge), bank].into_iter().flatten() {
        sight::analyze(db).await?;
    }
    let sight = Sight::open(bridge, bank, look).await?;
    let findings = invariants::all(&sight).await?;
    sight.close().await?;
    Ok(Report::new(look, bank.is_some(), findings))
}
