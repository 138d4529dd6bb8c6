//! What the person at the terminal sees: bars on a terminal, plain lines elsewhere.

use std::{
    io::IsTerminal,
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressStyle};
use serde::{Deserialize, Serialize};

/// A finished step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepResult {
    /// Name.
    pub name: String,
    /// Seconds it took.
    pub seconds: f64,
    /// Rows it worked on.
    pub rows: u64,
}

/// A step that runs.
#[derive(Debug)]
pub struct Step {
    name: String,
    started: Instant,
    bar: Option<ProgressBar>,
    told: Instant,
}

impl Step {
    /// Begins a step.
    #[must_use]
    #[allow(clippy::print_stdout)]
    pub fn begin(name: &str) -> Self {
        let bar = std::io::stdout().is_terminal().then(|| {
            let bar = ProgressBar::new(0).with_message(name.to_owned());
            if let Ok(style) = ProgressStyle::with_template("{msg:<16} {bar:30} {pos}/{len} {elapsed}") {
                bar.set_style(style);
            }
            bar
        });
        if bar.is_none() {
            println!("{name} …");
        }
        Self { name: name.to_owned(), started: Instant::now(), bar, told: Instant::now() }
    }

    /// Shows how far it is; plain output gets a line every ten seconds at most.
    #[allow(clippy::print_stdout)]
    pub fn at(&mut self, done: u64, total: u64) {
        if let Some(bar) = &self.bar {
            bar.set_length(total);
            bar.set_position(done);
        } else if self.told.elapsed() > Duration::from_secs(10) {
            println!("{}: {done} of {total}", self.name);
            self.told = Instant::now();
        }
    }

    /// Ends the step.
    #[must_use]
    #[allow(clippy::print_stdout)]
    pub fn end(self, rows: u64, said: &str) -> StepResult {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        let seconds = self.started.elapsed().as_secs_f64();
        println!("{}: {said} ({seconds:.1} s)", self.name);
        StepResult { name: self.name, seconds, rows }
    }
}

/// How long the driver waits while nothing moves.
const STALL: Duration = Duration::from_secs(180);
/// Pause between looks.
const POLL: Duration = Duration::from_millis(200);

/// Waits for others, and gives up when nothing has changed for three minutes.
#[derive(Debug)]
pub struct Patience {
    what: &'static str,
    limit: Duration,
    seen: String,
    since: Instant,
}

impl Patience {
    /// Waits for `what`.
    #[must_use]
    pub fn new(what: &'static str) -> Self {
        Self { what, limit: STALL, seen: String::new(), since: Instant::now() }
    }

    /// Waits longer, by so much for each of `rows`: for work that does not tell how far it is.
    #[must_use]
    pub fn and_for_each(mut self, rows: u64, more: Duration) -> Self {
        self.limit += more.saturating_mul(u32::try_from(rows).unwrap_or(u32::MAX));
        self
    }

    /// A short pause; `now` is what can be seen of the progress.
    ///
    /// # Errors
    /// When it has been the same for too long.
    pub async fn pause(&mut self, now: impl std::fmt::Display + Send) -> anyhow::Result<()> {
        let now = now.to_string();
        if now != self.seen {
            self.seen = now;
            self.since = Instant::now();
        }
        anyhow::ensure!(
            self.since.elapsed() < self.limit,
            "waited {} s for {} and nothing moved ({}); the log may tell why",
            self.limit.as_secs(),
            self.what,
            self.seen
        );
        tokio::time::sleep(POLL).await;
        Ok(())
    }
}
