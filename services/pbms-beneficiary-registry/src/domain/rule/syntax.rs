//! The text of a rule: limits, the CEL parser, and how its parts are called in messages.

use std::panic::{AssertUnwindSafe, catch_unwind};

use cel::{
    Env, IdedExpr,
    common::ast::{SourceInfo, operators},
};
use time::{Date, macros::format_description};

use super::ast::Comparison;

/// Longest rule in bytes.
pub const MAX_LENGTH: usize = 2_000;
/// Levels of brackets and calls.
pub(super) const MAX_DEPTH: usize = 16;

/// Why a rule was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}{}", place(*.at))]
pub struct RuleError {
    /// What is wrong and what to do.
    pub message: String,
    /// 1-based character of the rule, when it is known.
    pub at: Option<usize>,
}

fn place(at: Option<usize>) -> String {
    at.map_or_else(String::new, |at| format!(" (at character {at})"))
}

impl RuleError {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), at: None }
    }
}

/// Refuses deep nesting before the parser, which is recursive, sees it.
pub(super) fn nesting(text: &str) -> Result<(), RuleError> {
    let (mut open, mut signs) = (0_usize, 0_usize);
    for c in text.chars() {
        match c {
            '(' | '[' | '{' => open += 1,
            ')' | ']' | '}' => open = open.saturating_sub(1),
            _ => {}
        }
        signs = if matches!(c, '!' | '-') { signs + 1 } else { 0 };
        if open > 2 * MAX_DEPTH || signs > MAX_DEPTH {
            return Err(too_deep());
        }
    }
    Ok(())
}

pub(super) fn too_deep() -> RuleError {
    RuleError::new(format!("the rule is nested deeper than {MAX_DEPTH} levels; split it up"))
}

pub(super) fn parse(text: &str) -> Result<(IdedExpr, SourceInfo), RuleError> {
    // An environment without macros leaves `members.exists(m, …)` as the call it is written as.
    let parser = || Env::default().with_optional_support(false).parser().max_recursion_depth(64);
    // The grammar's generated code is not ours: a panic in it must be an error of this rule only.
    let outcome = catch_unwind(AssertUnwindSafe(|| parser().parse_with_source_info(text)));
    let outcome = outcome.map_err(|_| RuleError::new("the rule cannot be read"))?;
    outcome.map_err(|errors| match errors.errors.first() {
        Some(first) => RuleError {
            message: format!("this is not CEL: {}", first.msg),
            at: usize::try_from(first.pos.1).ok().filter(|at| *at > 0 && first.pos.0 == 1),
        },
        None => RuleError::new("this is not CEL"),
    })
}

pub(super) fn comparison(name: &str) -> Option<Comparison> {
    Some(match name {
        operators::EQUALS => Comparison::Equal,
        operators::NOT_EQUALS => Comparison::NotEqual,
        operators::LESS => Comparison::Less,
        operators::LESS_EQUALS => Comparison::LessOrEqual,
        operators::GREATER => Comparison::Greater,
        operators::GREATER_EQUALS => Comparison::GreaterOrEqual,
        _ => return None,
    })
}

pub(super) fn parse_date(text: &str) -> Result<Date, String> {
    Date::parse(text, format_description!("[year]-[month]-[day]"))
        .map_err(|_| "a day is written as '2026-01-31'".to_owned())
}

/// A name of the rule in a message: short, without control characters, operators as people write them.
pub(super) fn shown(name: &str) -> String {
    let plain = name.trim_matches(|c| c == '_' || c == '@').trim();
    let text: String = plain.chars().filter(|c| !c.is_control()).take(40).collect();
    format!("\"{text}\"")
}
