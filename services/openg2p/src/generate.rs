//! `openg2p generate-population`.

use std::path::PathBuf;

use clap::Args;

use crate::population;

/// Arguments of `generate-population`.
#[derive(Debug, Clone, Args)]
pub struct GenerateArgs {
    /// Distinct people; the duplicate entries come on top.
    #[arg(long, default_value_t = 10_000)]
    pub persons: u32,
    /// The same seed gives the same bytes.
    #[arg(long, default_value_t = 7)]
    pub seed: u64,
    /// Day on which ages are counted.
    #[arg(long, default_value = "2026-01-01", value_parser = parse_date)]
    pub as_of: time::Date,
    /// Directory for the CSV files.
    #[arg(long, default_value = "population")]
    pub out: PathBuf,
}

/// Reads `YYYY-MM-DD`.
///
/// # Errors
/// Says what was expected.
pub fn parse_date(text: &str) -> Result<time::Date, String> {
    let format = time::macros::format_description!("[year]-[month]-[day]");
    time::Date::parse(text, format).map_err(|_| format!("'{text}' is not a day as YYYY-MM-DD"))
}

/// Writes the files.
///
/// # Errors
/// When the directory cannot be written.
#[allow(clippy::print_stdout)]
pub fn run(args: &GenerateArgs) -> anyhow::Result<()> {
    let summary = population::generate(&args.out, args.persons, args.seed, args.as_of, &mut |_, _| {})?;
    println!("{}: {}", args.out.display(), serde_json::to_string(&summary)?);
    Ok(())
}
