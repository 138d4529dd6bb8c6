//! A rule after it was read and type-checked: what remains can be turned into SQL without any further doubt.

use time::Date;

use super::catalogue::Attribute;

/// A condition.
#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    /// `true`, `false`.
    Constant(bool),
    /// Both.
    And(Box<Expr>, Box<Expr>),
    /// At least one.
    Or(Box<Expr>, Box<Expr>),
    /// The opposite.
    Not(Box<Expr>),
    /// Two values of the same type.
    Compare(Comparison, Operand, Operand),
    /// `district in ['A', 'B']`; the constants have one type and there is at least one.
    OneOf(AttributeRef, Vec<Constant>),
    /// `'Head' in m.kind`.
    Contains(AttributeRef, String),
    /// `has(m.birth_date)`: the registry gave a value.
    Has(AttributeRef),
    /// `members.exists(m, …)`, `members.all(m, …)`.
    Members(Quantifier, MemberVar, Box<Expr>),
}

/// How many members must fulfil a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantifier {
    /// At least one.
    Exists,
    /// Every one; true when there is none.
    All,
}

/// How two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

impl Comparison {
    /// The operator in SQL.
    #[must_use]
    pub const fn sql(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "<>",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }

    /// Whether it needs an order.
    #[must_use]
    pub const fn needs_order(self) -> bool {
        !matches!(self, Self::Equal | Self::NotEqual)
    }
}

/// One side of a comparison.
#[derive(Debug, Clone, PartialEq)]
pub enum Operand {
    /// An attribute.
    Attribute(AttributeRef),
    /// A constant of the rule.
    Constant(Constant),
    /// How many members there are, or fulfil a condition.
    Count(Option<(MemberVar, Box<Expr>)>),
}

/// Numbers the variables that stand for a member: unique within a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemberVar(pub u32);

/// An attribute of the household, or of the member that a variable stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttributeRef {
    /// Which.
    pub attribute: &'static Attribute,
    /// Whose; the household's when absent.
    pub member: Option<MemberVar>,
}

/// A constant of a rule. It becomes a parameter of the statement, never part of its text.
#[derive(Debug, Clone, PartialEq)]
pub enum Constant {
    /// Whole number.
    Int(i64),
    /// Decimal number; finite.
    Double(f64),
    /// Text.
    Text(String),
    /// Day.
    Date(Date),
}
