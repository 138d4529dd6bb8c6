//! Rules: CEL text → typed rule → parameterised SQL over the pulled tables.

pub mod ast;
pub mod catalogue;
mod parse;
mod sql;
mod syntax;
#[cfg(test)]
mod tests;

pub use parse::{Condition, household_rule, member_rule};
pub use sql::{Compiler, Param};
pub use syntax::{MAX_LENGTH, RuleError};
