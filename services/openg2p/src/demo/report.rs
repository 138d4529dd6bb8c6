//! The result: what `--json` writes and what the table shows.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::demo::progress::StepResult;

/// Everything the demo found out.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Distinct people registered.
    pub persons: u64,
    /// Rows the registry refused.
    pub rejected_rows: u64,
    /// Duplicates, as pairs.
    pub duplicates: Duplicates,
    /// Households.
    pub households: Households,
    /// Disbursements by end state.
    pub disbursements: Disbursements,
    /// Money by end state, as decimal text.
    pub money: MoneyReport,
    /// Seconds and rows of each step.
    pub steps: Vec<StepResult>,
    /// Most memory that the process of the driver and the services had, where the system tells.
    pub peak_memory_bytes: Option<u64>,
    /// What was verified.
    pub checks: Vec<Check>,
}

/// Pairs of duplicates.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Duplicates {
    /// Pairs that there are, by `truth.csv`; none without that file, as the shares.
    #[serde(rename = "true")]
    pub there: Option<u64>,
    /// Pairs that were accepted.
    pub found: u64,
    /// Share of accepted pairs that are true; none when none was accepted.
    pub precision: Option<f64>,
    /// Share of true pairs that were accepted; none when there are none.
    pub recall: Option<f64>,
}

impl Duplicates {
    /// Precision and recall for people.
    #[must_use]
    pub fn quality(&self) -> String {
        if self.there.is_none() {
            return "precision and recall not known".to_owned();
        }
        let share = |share: Option<f64>| share.map_or_else(|| "none".to_owned(), |s| format!("{s:.3}"));
        format!("precision {}, recall {}", share(self.precision), share(self.recall))
    }
}

/// Households of the programme.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Households {
    /// The rule holds.
    pub eligible: u64,
    /// Enrolled: eligible and with a Head.
    pub enrolled: u64,
}

/// Counts of disbursements.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Disbursements {
    /// Approved in PBMS.
    pub approved: u64,
    /// On the payee's account.
    pub paid: u64,
    /// Paid and returned.
    pub reversed: u64,
    /// Not paid, by reason.
    pub rejected: BTreeMap<String, u64>,
}

/// Money by end state.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct MoneyReport {
    /// ISO 4217.
    pub currency: String,
    /// Approved.
    pub approved: String,
    /// Paid.
    pub paid: String,
    /// Returned.
    pub reversed: String,
    /// Not paid.
    pub rejected: String,
}

/// One thing that was verified.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// What must hold.
    pub name: String,
    /// Whether it does.
    pub ok: bool,
    /// The figures.
    pub detail: String,
}

impl Check {
    /// A check with its figures.
    #[must_use]
    pub fn new(name: &str, ok: bool, detail: impl Into<String>) -> Self {
        Self { name: name.to_owned(), ok, detail: detail.into() }
    }
}

impl Report {
    /// Whether every check holds.
    #[must_use]
    pub fn ok(&self) -> bool {
        self.checks.iter().all(|c| c.ok)
    }

    /// The table, as text.
    #[must_use]
    pub fn table(&self) -> String {
        let mut out = String::new();
        let mut line = |name: &str, value: String| out.push_str(&format!("{name:<34} {value}\n"));
        let money = &self.money;
        line("People", self.persons.to_string());
        line("Rows rejected at registration", self.rejected_rows.to_string());
        let d = &self.duplicates;
        line(
            "Duplicate pairs",
            format!(
                "{}{} accepted, {}",
                d.there.map(|there| format!("{there} true, ")).unwrap_or_default(),
                d.found,
                d.quality()
            ),
        );
        line(
            "Households eligible / enrolled",
            format!("{} / {}", self.households.eligible, self.households.enrolled),
        );
        let amount = |text: &str| format!("{} {text}", money.currency);
        line("Approved", format!("{:>8}   {}", self.disbursements.approved, amount(&money.approved)));
        line("Paid", format!("{:>8}   {}", self.disbursements.paid, amount(&money.paid)));
        line("Reversed", format!("{:>8}   {}", self.disbursements.reversed, amount(&money.reversed)));
        let rejected: u64 = self.disbursements.rejected.values().sum();
        line("Rejected", format!("{rejected:>8}   {}", amount(&money.rejected)));
        for (reason, count) in &self.disbursements.rejected {
            line(&format!("  {reason}"), format!("{count:>8}"));
        }
        out.push('\n');
        let per_person =
            |seconds: f64| if self.persons == 0 { 0.0 } else { seconds * 1e3 / to_f64(self.persons) };
        for step in &self.steps {
            let rate = if step.seconds > 0.0 { rate(step.rows, step.seconds) } else { 0.0 };
            out.push_str(&format!(
                "{:<34} {:>8.1} s {:>10} rows {rate:>10.0} rows/s {:>8.2} ms per person\n",
                step.name,
                step.seconds,
                step.rows,
                per_person(step.seconds)
            ));
        }
        let seconds: f64 = self.steps.iter().map(|s| s.seconds).sum();
        let blank = "";
        out.push_str(&format!(
            "{:<34} {seconds:>8.1} s {blank:>33} {:>8.2} ms per person\n",
            "all steps",
            per_person(seconds)
        ));
        if let Some(bytes) = self.peak_memory_bytes {
            let name = "peak memory of driver and services";
            out.push_str(&format!("{name:<34} {:>8} MiB\n", bytes / 1024 / 1024));
        }
        out.push('\n');
        for check in &self.checks {
            let mark = if check.ok { "ok  " } else { "FAIL" };
            out.push_str(&format!("{mark} {}: {}\n", check.name, check.detail));
        }
        out
    }
}

#[allow(clippy::cast_precision_loss)]
fn to_f64(n: u64) -> f64 {
    n as f64
}

fn rate(rows: u64, seconds: f64) -> f64 {
    to_f64(rows) / seconds
}

/// The most memory this process had so far, as Linux counts it.
#[must_use]
pub fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}
