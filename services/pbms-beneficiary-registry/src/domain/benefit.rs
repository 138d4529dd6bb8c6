//! What a household gets: a base, additions, a cap. Minor units throughout.

use serde::{Deserialize, Serialize};

/// One benefit of a programme.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Benefit {
    /// Short name, unique within the programme.
    pub code: String,
    /// What every enrolled household gets.
    pub base_minor: i64,
    /// What comes on top.
    pub additions: Vec<Addition>,
    /// No household gets more.
    pub cap_minor: Option<i64>,
}

/// An amount for each member, or for a household, that fulfils a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Addition {
    /// Counted how.
    pub per: Per,
    /// CEL text.
    pub rule: String,
    /// Amount for each.
    pub unit_minor: i64,
}

/// What an addition is paid for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Per {
    /// Each member `m` that surely fulfils the rule.
    Member,
    /// Once, when the household surely fulfils the rule.
    Household,
}

/// Kind of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LineKind {
    /// The base.
    Base,
    /// An addition.
    Addition,
    /// What the cap takes away; negative.
    Cap,
}

impl LineKind {
    /// As in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Base => "base",
            Self::Addition => "addition",
            Self::Cap => "cap",
        }
    }
}

/// Number of the line that a cap makes.
pub const CAP_LINE: i32 = 1_000;

/// One line of an entitlement; its amount is `quantity` times `unit_minor`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    /// 0 the base, then the additions in order, [`CAP_LINE`] the cap.
    pub line: i32,
    /// Kind.
    pub kind: LineKind,
    /// How many.
    pub quantity: i64,
    /// Amount of one.
    pub unit_minor: i64,
}

impl Benefit {
    /// The entitlement of a household for which each addition counts so often. The SQL of the batch path does the same
    /// (a property test compares them); `None` on overflow. Lines of nothing are left out, and a household that would
    /// get nothing has no lines.
    #[must_use]
    pub fn entitlement(&self, counts: &[i64]) -> Option<(i64, Vec<Line>)> {
        let base = Line { line: 0, kind: LineKind::Base, quantity: 1, unit_minor: self.base_minor };
        let additions = self.additions.iter().zip(counts).zip(1..).map(|((addition, count), line)| Line {
            line,
            kind: LineKind::Addition,
            quantity: *count,
            unit_minor: addition.unit_minor,
        });
        let mut lines: Vec<Line> = std::iter::once(base)
            .chain(additions)
            .filter(|line| line.quantity > 0 && line.unit_minor != 0)
            .collect();
        let gross = lines
            .iter()
            .try_fold(0_i64, |sum, line| sum.checked_add(line.quantity.checked_mul(line.unit_minor)?))?;
        let net = self.cap_minor.map_or(gross, |cap| gross.min(cap));
        if net < gross {
            lines.push(Line { line: CAP_LINE, kind: LineKind::Cap, quantity: 1, unit_minor: net - gross });
        }
        Some(if net > 0 { (net, lines) } else { (0, Vec::new()) })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
    use proptest::prelude::*;

    use super::{Addition, Benefit, LineKind, Per};

    fn benefit(base: i64, units: &[i64], cap: Option<i64>) -> Benefit {
        let additions = units
            .iter()
            .map(|unit| Addition { per: Per::Member, rule: "m.age < 5".to_owned(), unit_minor: *unit })
            .collect();
        Benefit { code: "CASH".to_owned(), base_minor: base, additions, cap_minor: cap }
    }

    #[test]
    fn the_benefit_of_the_demo() {
        let demo = benefit(50_000, &[15_000], Some(110_000));
        for (children, expected) in [(0, 50_000), (1, 65_000), (4, 110_000), (5, 110_000), (9, 110_000)] {
            assert_eq!(demo.entitlement(&[children]).unwrap().0, expected, "{children} children");
        }
        let (_, lines) = demo.entitlement(&[5]).unwrap();
        assert_eq!((lines.len(), lines[2].kind, lines[2].unit_minor), (3, LineKind::Cap, -15_000));
    }

    proptest! {
        #[test]
        fn lines_sum_to_the_entitlement_and_the_cap_holds(
            base in 0_i64..1_000_000, units in proptest::collection::vec(0_i64..1_000_000, 0..4),
            counts in proptest::collection::vec(0_i64..30, 4), cap in proptest::option::of(1_i64..2_000_000)
        ) {
            let (amount, lines) = benefit(base, &units, cap).entitlement(&counts).unwrap();
            let gross = base + units.iter().zip(&counts).map(|(u, c)| u * c).sum::<i64>();
            prop_assert_eq!(lines.iter().map(|l| l.quantity * l.unit_minor).sum::<i64>(), amount);
            prop_assert_eq!(amount, cap.map_or(gross, |cap| cap.min(gross)));
            prop_assert!(lines.iter().all(|l| (l.kind == LineKind::Cap) == (l.unit_minor < 0)));
        }

        #[test]
        fn what_does_not_fit_is_no_amount(count in 2_i64..i64::MAX) {
            prop_assert_eq!(benefit(1, &[i64::MAX], None).entitlement(&[count]), None);
        }
    }
}
