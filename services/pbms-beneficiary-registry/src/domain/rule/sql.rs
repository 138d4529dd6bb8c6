//! From a typed rule to one SQL expression. Its text is made of fixed pieces, column names of the catalogue and numbers
//! of parameters; every constant of the rule is a parameter.
//!
//! What is not known is `NULL`, and the three-valued logic of SQL is that of CEL's errors: `unknown || true` is true,
//! `unknown && false` is false, anything else with an unknown part is unknown. Whoever uses the expression takes only
//! `IS TRUE` as a yes, so that missing data never makes anybody eligible.

use std::fmt::Write;

use time::Date;

use super::{
    ast::{AttributeRef, Constant, Expr, MemberVar, Operand, Quantifier},
    catalogue::Source,
};

/// A value of a parameter.
#[derive(Debug, Clone, PartialEq)]
pub enum Param {
    /// bigint
    Int(i64),
    /// double precision
    Double(f64),
    /// text
    Text(String),
    /// date
    Date(Date),
    /// double precision[]
    Doubles(Vec<f64>),
    /// text[]
    Texts(Vec<String>),
    /// date[]
    Dates(Vec<Date>),
}

/// SQL of a rule. It speaks of the household as `h` and uses the parameters from the number on that
/// [`Compiler::new`] was given.
#[derive(Debug)]
pub struct Compiler {
    first: usize,
    date: String,
    params: Vec<Param>,
}

impl Compiler {
    /// `first`: number of the first free parameter. `date`: SQL of the day on which ages are counted, for example `$3`.
    #[must_use]
    pub fn new(first: usize, date: &str) -> Self {
        Self { first, date: date.to_owned(), params: Vec::new() }
    }

    /// The parameters so far, in the order of their numbers.
    #[must_use]
    pub fn into_params(self) -> Vec<Param> {
        self.params
    }

    /// A boolean expression about the household `h`.
    #[must_use]
    pub fn condition(&mut self, expr: &Expr) -> String {
        let mut sql = String::new();
        self.write(&mut sql, expr);
        sql
    }

    /// A number: how many active members of `h` surely fulfil the condition about `member`.
    #[must_use]
    pub fn count_of(&mut self, member: MemberVar, expr: &Expr) -> String {
        let mut sql = format!("(SELECT count(*) FROM {} AND (", members(member));
        self.write(&mut sql, expr);
        sql.push_str(") IS TRUE)");
        sql
    }

    fn param(&mut self, value: Param) -> String {
        let kind = match &value {
            Param::Int(_) => "bigint",
            Param::Double(_) => "double precision",
            Param::Text(_) => "text",
            Param::Date(_) => "date",
            Param::Doubles(_) => "double precision[]",
            Param::Texts(_) => "text[]",
            Param::Dates(_) => "date[]",
        };
        let number = self.first + self.params.len();
        self.params.push(value);
        format!("${number}::{kind}")
    }

    fn write(&mut self, sql: &mut String, expr: &Expr) {
        match expr {
            Expr::Constant(value) => sql.push_str(if *value { "true" } else { "false" }),
            Expr::And(left, right) => self.infix(sql, left, " AND ", right),
            Expr::Or(left, right) => self.infix(sql, left, " OR ", right),
            Expr::Not(inner) => {
                sql.push_str("(NOT ");
                self.write(sql, inner);
                sql.push(')');
            }
            Expr::Compare(comparison, left, right) => {
                let (left, right) = (self.operand(left), self.operand(right));
                // Writing to a String cannot fail.
                let _ = write!(sql, "({left} {} {right})", comparison.sql());
            }
            Expr::OneOf(attribute, constants) => {
                let value = self.attribute(*attribute);
                let list = self.list(constants);
                let _ = write!(sql, "({value} = ANY({list}))");
            }
            Expr::Contains(attribute, text) => {
                let list = self.attribute(*attribute);
                let text = self.param(Param::Text(text.clone()));
                let _ = write!(sql, "({text} = ANY({list}))");
            }
            Expr::Has(attribute) => {
                let value = self.attribute(*attribute);
                let _ = write!(sql, "({value} IS NOT NULL)");
            }
            Expr::Members(quantifier, var, body) => self.quantified(sql, *quantifier, *var, body),
        }
    }

    fn infix(&mut self, sql: &mut String, left: &Expr, operator: &str, right: &Expr) {
        sql.push('(');
        self.write(sql, left);
        sql.push_str(operator);
        self.write(sql, right);
        sql.push(')');
    }

    fn quantified(&mut self, sql: &mut String, quantifier: Quantifier, var: MemberVar, body: &Expr) {
        let verdict = match quantifier {
            Quantifier::Exists => {
                "CASE WHEN bool_or(q.v) THEN true WHEN bool_or(q.v IS NULL) THEN NULL ELSE false END"
            }
            Quantifier::All => {
                "CASE WHEN bool_or(NOT q.v) THEN false WHEN bool_or(q.v IS NULL) THEN NULL ELSE true END"
            }
        };
        self.over_members(sql, verdict, var, body);
    }

    fn over_members(&mut self, sql: &mut String, verdict: &str, var: MemberVar, body: &Expr) {
        let _ = write!(sql, "(SELECT {verdict} FROM (SELECT ");
        self.write(sql, body);
        let _ = write!(sql, " AS v FROM {}) q)", members(var));
    }

    fn operand(&mut self, operand: &Operand) -> String {
        match operand {
            Operand::Attribute(attribute) => self.attribute(*attribute),
            Operand::Constant(Constant::Int(n)) => self.param(Param::Int(*n)),
            Operand::Constant(Constant::Double(n)) => self.param(Param::Double(*n)),
            Operand::Constant(Constant::Text(text)) => self.param(Param::Text(text.clone())),
            Operand::Constant(Constant::Date(date)) => self.param(Param::Date(*date)),
            // The variable's number does not matter: nothing refers to it.
            Operand::Count(None) => {
                format!("(SELECT count(*) FROM {})", members(MemberVar(u32::MAX)))
            }
            Operand::Count(Some((var, body))) => {
                let mut sql = String::new();
                let verdict = "CASE WHEN bool_or(q.v IS NULL) THEN NULL ELSE count(*) FILTER (WHERE q.v) END";
                self.over_members(&mut sql, verdict, *var, body);
                sql
            }
        }
    }

    fn list(&mut self, constants: &[Constant]) -> String {
        let texts =
            constants.iter().filter_map(|c| if let Constant::Text(t) = c { Some(t.clone()) } else { None });
        let dates = constants.iter().filter_map(|c| if let Constant::Date(d) = c { Some(*d) } else { None });
        let numbers = constants.iter().filter_map(|c| match c {
            #[allow(clippy::cast_precision_loss, reason = "ages, sizes and scores are far below 2^53")]
            Constant::Int(n) => Some(*n as f64),
            Constant::Double(n) => Some(*n),
            Constant::Text(_) | Constant::Date(_) => None,
        });
        // The constants have one type: it was checked when the rule was read.
        match constants.first() {
            Some(Constant::Text(_)) => self.param(Param::Texts(texts.collect())),
            Some(Constant::Date(_)) => self.param(Param::Dates(dates.collect())),
            _ => self.param(Param::Doubles(numbers.collect())),
        }
    }

    fn attribute(&mut self, reference: AttributeRef) -> String {
        let alias = reference.member.map_or_else(|| "h".to_owned(), alias);
        match reference.attribute.source {
            Source::Column(column) => format!("{alias}.{column}"),
            Source::AgeFromBirthDate => format!(
                "(CASE WHEN {alias}.birth_date <= {date} THEN \
                 extract(year FROM age({date}::timestamp, {alias}.birth_date::timestamp))::bigint END)",
                date = self.date
            ),
        }
    }
}

fn alias(var: MemberVar) -> String {
    format!("m{}", var.0)
}

/// `FROM` and `WHERE` over the active members of the household `h`.
fn members(var: MemberVar) -> String {
    let m = alias(var);
    format!(
        "members {m} WHERE {m}.tenant_id = h.tenant_id AND {m}.program_id = h.program_id \
         AND {m}.household_id = h.household_id AND {m}.active"
    )
}
