//! How far a demo got, kept beside the keys, so that `--resume` goes on where a killed process stopped.

use std::path::Path;

use anyhow::Context;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::demo::{
    progress::StepResult,
    report::{Duplicates, Households},
};

/// File name in the data directory.
pub const FILE: &str = "demo.json";

/// What is known so far. Each step that is done left its results here.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct DemoState {
    /// Names this demo in idempotency keys.
    pub run: Uuid,
    /// Distinct people: as asked for, or as counted in files of the user's own.
    pub persons: u64,
    /// Seed of the population.
    pub seed: u64,
    /// Day on which it plays, `YYYY-MM-DD`.
    pub as_of: String,
    /// Seconds all clocks run ahead.
    pub clock_offset_seconds: i64,
    /// Directory of the CSV files, absolute.
    pub population: String,
    /// Whether the user brought the files.
    pub own_data: bool,
    /// Bytes of the log that are older than this demo.
    pub log_start: u64,
    /// Finished steps, in order.
    pub steps: Vec<StepResult>,
    /// Rows the registry refused.
    pub rejected_rows: u64,
    /// Pairs of duplicates.
    pub duplicates: Duplicates,
    /// Households of the programme.
    pub households: Households,
    /// Imports, by kind.
    pub imports: std::collections::BTreeMap<String, Uuid>,
    /// Run of the deduplicator.
    pub run_id: Option<Uuid>,
    /// Programme.
    pub program_id: Option<String>,
    /// Pull of registrants.
    pub pull_id: Option<String>,
    /// Cycle.
    pub cycle_id: Option<String>,
}

impl DemoState {
    /// Reads the state of the last demo in this directory.
    ///
    /// # Errors
    /// When there is none.
    pub fn load(dir: &Path) -> anyhow::Result<Self> {
        let path = dir.join(FILE);
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("there is no demo to resume: {} is missing", path.display()))?;
        serde_json::from_str(&text).with_context(|| format!("{} is damaged", path.display()))
    }

    /// Writes the state; a kill leaves the old one or the new one.
    ///
    /// # Errors
    /// When the directory cannot be written.
    pub fn save(&self, dir: &Path) -> anyhow::Result<()> {
        crate::data_dir::write_private(&dir.join(FILE), &serde_json::to_string_pretty(self)?)
    }

    /// Idempotency key of something this demo asks for once, whatever happens to it meanwhile.
    #[must_use]
    pub fn key(&self, what: &str) -> String {
        format!("demo-{}-{what}", self.run)
    }

    /// Whether a step is done.
    #[must_use]
    pub fn done(&self, step: &str) -> bool {
        self.steps.iter().any(|s| s.name == step)
    }
}
