//! The definition of a programme: rule, benefits, and what may be pulled. It is checked whole before it is stored.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{
    benefit::{Benefit, Per},
    rule::{Condition, RuleError, catalogue, household_rule, member_rule},
};

/// Largest single amount: keeps every sum of a country's cycle far from overflow.
pub const MAX_MINOR: i64 = 100_000_000_000_000;
/// Most additions of one benefit.
const MAX_ADDITIONS: usize = 20;
/// The attribute that tells who the Head, and so the payee, is.
const PAYEE_NEEDS: &str = "members.kind";

/// What is stored of a version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Definition {
    /// CEL text.
    pub eligibility_rule: String,
    /// At least one.
    pub benefits: Vec<Benefit>,
    /// Attributes that the programme pulls, and no others.
    pub field_policy: Vec<String>,
}

/// A definition whose rules were read.
#[derive(Debug, Clone, PartialEq)]
pub struct Compiled {
    /// Who is eligible.
    pub eligibility: Condition,
    /// What they get.
    pub benefits: Vec<CompiledBenefit>,
    /// What is pulled.
    pub field_policy: BTreeSet<String>,
}

/// A benefit whose rules were read.
#[derive(Debug, Clone, PartialEq)]
pub struct CompiledBenefit {
    /// The amounts.
    pub benefit: Benefit,
    /// The rule of each addition, in order.
    pub rules: Vec<(Per, Condition)>,
}

/// A wrong part of a definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Path of the field, for example `benefit.additions[0].rule`.
    pub field: String,
    /// What is wrong and what to do.
    pub message: String,
}

impl Definition {
    /// Reads every rule and checks everything against everything.
    ///
    /// # Errors
    /// All faults, not only the first.
    pub fn compile(&self) -> Result<Compiled, Vec<Fault>> {
        let mut checker = Checker { policy: self.field_policy.iter().cloned().collect(), faults: Vec::new() };
        checker.check_policy(&self.field_policy);
        let eligibility = checker.rule("eligibility_rule", household_rule(&self.eligibility_rule));
        let benefits: Vec<CompiledBenefit> = self.benefits.iter().map(|b| checker.benefit(b)).collect();
        let codes: BTreeSet<&str> = self.benefits.iter().map(|b| b.code.as_str()).collect();
        if self.benefits.is_empty() || codes.len() < self.benefits.len() {
            checker.fault("benefit", "a programme has at least one benefit, each with a code of its own");
        }
        match eligibility {
            Some(eligibility) if checker.faults.is_empty() => {
                Ok(Compiled { eligibility, benefits, field_policy: checker.policy })
            }
            _ => Err(checker.faults),
        }
    }
}

struct Checker {
    policy: BTreeSet<String>,
    faults: Vec<Fault>,
}

impl Checker {
    fn fault(&mut self, field: impl Into<String>, message: impl Into<String>) {
        self.faults.push(Fault { field: field.into(), message: message.into() });
    }

    fn check_policy(&mut self, policy: &[String]) {
        for (n, name) in policy.iter().enumerate() {
            if !catalogue::PULLABLE.contains(&name.as_str()) {
                let known = catalogue::PULLABLE.join(", ");
                self.fault(
                    format!("field_policy[{n}]"),
                    format!("this attribute is not known; known are: {known}"),
                );
            }
        }
        if self.policy.len() < policy.len() {
            self.fault("field_policy", "an attribute is named twice");
        }
        if !self.policy.contains(PAYEE_NEEDS) {
            self.fault(
                "field_policy",
                format!("{PAYEE_NEEDS} is missing: it tells who the Head, and so the payee, is"),
            );
        }
    }

    fn rule(&mut self, field: &str, rule: Result<Condition, RuleError>) -> Option<Condition> {
        match rule {
            Ok(condition) => {
                for need in condition.needs.clone() {
                    if !self.policy.contains(need) {
                        self.fault(
                            field,
                            format!("the rule reads {need}, which field_policy does not contain"),
                        );
                    }
                }
                Some(condition)
            }
            Err(error) => {
                self.fault(field, error.to_string());
                None
            }
        }
    }

    fn benefit(&mut self, benefit: &Benefit) -> CompiledBenefit {
        let code = &benefit.code;
        let well_formed = !code.is_empty()
            && code.len() <= 32
            && code.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
        if !well_formed {
            self.fault("benefit.code", "1 to 32 characters of A-Z, 0-9 and _ are expected");
        }
        if !(0..=MAX_MINOR).contains(&benefit.base_minor) {
            self.fault("benefit.base", "the base must not be negative or larger than any budget");
        }
        if benefit.cap_minor.is_some_and(|cap| !(1..=MAX_MINOR).contains(&cap)) {
            self.fault("benefit.cap", "the cap must be above zero; leave it out for none");
        }
        if benefit.base_minor == 0 && benefit.additions.is_empty() {
            self.fault("benefit", "the benefit gives nothing: set a base or an addition");
        }
        if benefit.additions.len() > MAX_ADDITIONS {
            self.fault("benefit.additions", format!("at most {MAX_ADDITIONS} additions are allowed"));
        }
        let mut rules = Vec::new();
        for (n, addition) in benefit.additions.iter().enumerate() {
            if !(1..=MAX_MINOR).contains(&addition.unit_minor) {
                self.fault(format!("benefit.additions[{n}].amount"), "the amount must be above zero");
            }
            let read = match addition.per {
                Per::Member => member_rule(&addition.rule),
                Per::Household => household_rule(&addition.rule),
            };
            let condition = self.rule(&format!("benefit.additions[{n}].rule"), read);
            rules.extend(condition.map(|condition| (addition.per, condition)));
        }
        CompiledBenefit { benefit: benefit.clone(), rules }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
    use super::{Definition, Fault};
    use crate::domain::benefit::{Addition, Benefit, Per};

    pub(crate) fn demo() -> Definition {
        Definition {
            eligibility_rule: "poverty_score < 50.0 && members.exists(m, m.age < 18)".to_owned(),
            benefits: vec![Benefit {
                code: "CASH".to_owned(),
                base_minor: 50_000,
                additions: vec![Addition {
                    per: Per::Member,
                    rule: "m.age < 5".to_owned(),
                    unit_minor: 15_000,
                }],
                cap_minor: Some(110_000),
            }],
            field_policy: ["poverty_score", "members.kind", "members.birth_date"].map(str::to_owned).to_vec(),
        }
    }

    fn faults(change: impl FnOnce(&mut Definition)) -> Vec<Fault> {
        let mut definition = demo();
        change(&mut definition);
        definition.compile().unwrap_err()
    }

    #[test]
    fn the_demo_programme_is_accepted() {
        let compiled = demo().compile().unwrap();
        assert_eq!(compiled.benefits[0].rules.len(), 1);
    }

    #[test]
    fn every_fault_names_its_field() {
        let found = faults(|d| d.eligibility_rule = "income < 5".to_owned());
        assert_eq!(found[0].field, "eligibility_rule");
        let found = faults(|d| d.benefits[0].additions[0].rule = "poverty < 5".to_owned());
        assert_eq!(found[0].field, "benefit.additions[0].rule");
        let found = faults(|d| d.field_policy.push("members.name".to_owned()));
        assert_eq!(found[0].field, "field_policy[3]");
        let found = faults(|d| d.benefits[0].cap_minor = Some(0));
        assert_eq!(found[0].field, "benefit.cap");
        let found = faults(|d| d.benefits[0].base_minor = -1);
        assert_eq!(found[0].field, "benefit.base");
        let found = faults(|d| d.benefits[0].additions[0].unit_minor = 0);
        assert_eq!(found[0].field, "benefit.additions[0].amount");
    }

    #[test]
    fn a_rule_cannot_read_what_is_not_pulled() {
        let found = faults(|d| d.field_policy.retain(|name| name != "members.birth_date"));
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].message.contains("members.birth_date"), "{found:?}");
        assert!(faults(|d| d.field_policy.retain(|n| n != "members.kind"))[0].message.contains("Head"));
    }
}
