//! What a check found, as text and as JSON.

use std::fmt;

use serde::Serialize;

use super::Look;

/// Violations that are listed; all are counted.
pub const LISTED: usize = 20;

/// One thing that contradicts an invariant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// The payment, envelope, statement or account. Never a person.
    pub id: String,
    /// What is wrong with it.
    pub what: String,
}

/// What came of one invariant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// `INV1` to `INV14`.
    pub invariant: &'static str,
    /// What it says.
    pub says: &'static str,
    /// What was looked at, and how many.
    pub looked_at: Vec<(&'static str, i64)>,
    /// How many violations there are.
    pub violations: i64,
    /// The first of them.
    pub first: Vec<Violation>,
    /// What could not be checked, and why.
    pub not_checked: Vec<&'static str>,
}

impl Finding {
    pub(super) const fn new(invariant: &'static str, says: &'static str) -> Self {
        Self {
            invariant,
            says,
            looked_at: Vec::new(),
            violations: 0,
            first: Vec::new(),
            not_checked: Vec::new(),
        }
    }
}

/// What came of all.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Whether an end of everything was asked for.
    pub is_final: bool,
    /// Whether a bank's books were looked at.
    pub with_bank: bool,
    /// Violations of all invariants.
    pub violations: i64,
    /// One for each invariant.
    pub findings: Vec<Finding>,
}

impl Report {
    pub(super) fn new(look: Look, with_bank: bool, findings: Vec<Finding>) -> Self {
        let violations = findings.iter().map(|f| f.violations).sum();
        Self { is_final: look.is_final, with_bank, violations, findings }
    }

    /// Whether nothing contradicts an invariant.
    #[must_use]
    pub const fn holds(&self) -> bool {
        self.violations == 0
    }

    /// The invariants that are violated.
    #[must_use]
    pub fn violated(&self) -> Vec<&'static str> {
        self.findings.iter().filter(|f| f.violations > 0).map(|f| f.invariant).collect()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for finding in &self.findings {
            let word = if finding.violations > 0 { "VIOLATED" } else { "holds" };
            writeln!(f, "{:<6} {word:<9} {}", finding.invariant, finding.says)?;
            let looked: Vec<String> =
                finding.looked_at.iter().map(|(what, count)| format!("{count} {what}")).collect();
            writeln!(f, "       looked at {}", looked.join(", "))?;
            for reason in &finding.not_checked {
                writeln!(f, "       not checked: {reason}")?;
            }
            if finding.violations > 0 {
                writeln!(f, "       {} violations:", finding.violations)?;
            }
            for violation in &finding.first {
                writeln!(f, "         {}: {}", violation.id, violation.what)?;
            }
            let more = finding.violations.saturating_sub(i64::try_from(finding.first.len()).unwrap_or(0));
            if more > 0 {
                writeln!(f, "         and {more} more")?;
            }
        }
        let asked = if self.is_final { ", everything at its end" } else { "" };
        match self.violations {
            0 => writeln!(f, "No violation{asked}."),
            n => writeln!(f, "{n} violations{asked}. docs/check-payments.md says what to do about each."),
        }
    }
}
