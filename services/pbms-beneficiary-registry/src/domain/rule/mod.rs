//! Rules: CEL text → typed rule → parameterised SQL over the pulled tables.

pub mod ast;
pub mod catalogue;
mod parse;
mod sql;
#[cfg(test)]
mod tests;

pub use parse::{Condition, MAX_LENGTH, RuleError, household_rule, member_rule};
pub use sql::{Compiler, Param};
