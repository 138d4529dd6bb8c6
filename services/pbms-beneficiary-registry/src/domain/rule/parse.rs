//! From CEL text to a typed rule. The grammar is that of the `cel` crate; what a rule may say is decided here, and
//! everything that is not known is refused with its place, so that no rule is ever half understood.

use std::collections::BTreeSet;

use cel::{
    IdedExpr,
    common::ast::{CallExpr, Expr as CelExpr, LiteralValue, SelectExpr, SourceInfo, operators},
};
use time::Date;

use super::{
    ast::{AttributeRef, Comparison, Constant, Expr, MemberVar, Operand, Quantifier},
    catalogue::{self, Entity, Type},
    syntax::{MAX_DEPTH, MAX_LENGTH, RuleError, comparison, nesting, parse, parse_date, shown, too_deep},
};

/// Comparisons and connectives in all.
const MAX_NODES: usize = 200;
/// Constants of one `in [...]`.
const MAX_LIST: usize = 500;

/// A condition that was read, and what it needs to have pulled.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// The condition.
    pub expr: Expr,
    /// Names of the field policy that it reads.
    pub needs: BTreeSet<&'static str>,
    /// The variable that stands for the member in question, in a rule about one member.
    pub member: Option<MemberVar>,
}

/// Reads a rule about a household.
///
/// # Errors
/// [`RuleError`], for whoever writes the rule.
pub fn household_rule(text: &str) -> Result<Condition, RuleError> {
    read(text, None)
}

/// Reads a rule about one member, which it calls `m`.
///
/// # Errors
/// [`RuleError`], for whoever writes the rule.
pub fn member_rule(text: &str) -> Result<Condition, RuleError> {
    read(text, Some("m"))
}

fn read(text: &str, member: Option<&str>) -> Result<Condition, RuleError> {
    if text.trim().is_empty() {
        return Err(RuleError::new("the rule is empty; write \"true\" for everybody"));
    }
    if text.len() > MAX_LENGTH {
        return Err(RuleError::new(format!("the rule is longer than {MAX_LENGTH} bytes")));
    }
    nesting(text)?;
    let (tree, source) = parse(text)?;
    let mut reader =
        Reader { source: &source, text, scope: Vec::new(), next_var: 0, nodes: 0, needs: BTreeSet::new() };
    let member = member.map(|name| reader.declare(name));
    let expr = reader.condition(&tree, 0)?;
    Ok(Condition { expr, needs: reader.needs, member })
}

struct Reader<'a> {
    source: &'a SourceInfo,
    text: &'a str,
    /// Variables in scope, innermost last.
    scope: Vec<(String, MemberVar)>,
    next_var: u32,
    nodes: usize,
    needs: BTreeSet<&'static str>,
}

impl Reader<'_> {
    fn declare(&mut self, name: &str) -> MemberVar {
        let var = MemberVar(self.next_var);
        self.next_var += 1;
        self.scope.push((name.to_owned(), var));
        var
    }

    fn wrong<T>(&self, at: &IdedExpr, message: impl Into<String>) -> Result<T, RuleError> {
        let at = self.source.offset_for(at.id).and_then(|(start, _)| usize::try_from(start).ok());
        let at = at.filter(|at| *at <= self.text.len()).map(|at| at + 1);
        Err(RuleError { message: message.into(), at })
    }

    fn condition(&mut self, node: &IdedExpr, depth: usize) -> Result<Expr, RuleError> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            return self.wrong(node, format!("the rule has more than {MAX_NODES} parts"));
        }
        if depth > MAX_DEPTH {
            return Err(too_deep());
        }
        match &node.expr {
            CelExpr::Literal(LiteralValue::Boolean(value)) => Ok(Expr::Constant(*value.inner())),
            CelExpr::Call(call) => self.call(node, call, depth),
            CelExpr::Ident(_) | CelExpr::Select(_) => {
                let attribute = self.attribute(node)?;
                let (name, kind) = (attribute.attribute.name, attribute.attribute.kind.name());
                self.wrong(node, format!("{name} is {kind}; compare it with something"))
            }
            _ => self
                .wrong(node, "a condition is expected here: a comparison, &&, ||, !, or members.exists(…)"),
        }
    }

    fn call(&mut self, node: &IdedExpr, call: &CallExpr, depth: usize) -> Result<Expr, RuleError> {
        let name = call.func_name.as_str();
        if let Some(comparison) = comparison(name) {
            return self.compare(node, comparison, &call.args, depth);
        }
        match (name, call.target.as_deref(), call.args.as_slice()) {
            // Long chains of one connective come as a balanced tree, so they do not count as nesting.
            (operators::LOGICAL_AND, None, [left, right]) => {
                Ok(Expr::And(self.boxed(left, depth + 1)?, self.boxed(right, depth + 1)?))
            }
            (operators::LOGICAL_OR, None, [left, right]) => {
                Ok(Expr::Or(self.boxed(left, depth + 1)?, self.boxed(right, depth + 1)?))
            }
            (operators::LOGICAL_NOT, None, [inner]) => Ok(Expr::Not(self.boxed(inner, depth + 1)?)),
            (operators::IN, None, [item, list]) => self.is_in(node, item, list),
            (operators::HAS, None, [what]) if matches!(&what.expr, CelExpr::Select(_)) => {
                Ok(Expr::Has(self.attribute(what)?))
            }
            (operators::EXISTS, Some(target), [var, body]) => {
                let (var, body) = self.quantified(target, var, body, depth)?;
                Ok(Expr::Members(Quantifier::Exists, var, body))
            }
            (operators::ALL, Some(target), [var, body]) => {
                let (var, body) = self.quantified(target, var, body, depth)?;
                Ok(Expr::Members(Quantifier::All, var, body))
            }
            _ => {
                let shown = shown(name);
                self.wrong(
                    node,
                    format!(
                        "{shown} is not a condition that rules know; they know ==, !=, <, <=, >, >=, &&, ||, !, in, \
                         has(m.…), members.exists(m, …), members.all(m, …), members.filter(m, …).size()"
                    ),
                )
            }
        }
    }

    fn boxed(&mut self, node: &IdedExpr, depth: usize) -> Result<Box<Expr>, RuleError> {
        self.condition(node, depth).map(Box::new)
    }

    /// `members.<something>(var, body)`: opens a scope for the body.
    fn quantified(
        &mut self,
        target: &IdedExpr,
        var: &IdedExpr,
        body: &IdedExpr,
        depth: usize,
    ) -> Result<(MemberVar, Box<Expr>), RuleError> {
        if !is_members(target) {
            return self.wrong(target, "only \"members\" can be asked like this");
        }
        let CelExpr::Ident(name) = &var.expr else {
            return self.wrong(var, "a name for the member is expected here, for example m");
        };
        let taken = name == "members"
            || catalogue::find(Entity::Household, name).is_some()
            || self.scope.iter().any(|(known, _)| known == name);
        if taken {
            return self
                .wrong(var, format!("the name {name} already stands for something else; use another"));
        }
        let var = self.declare(name);
        let body = self.boxed(body, depth + 1);
        self.scope.pop();
        Ok((var, body?))
    }

    fn compare(
        &mut self,
        node: &IdedExpr,
        comparison: Comparison,
        args: &[IdedExpr],
        depth: usize,
    ) -> Result<Expr, RuleError> {
        let [left_node, right_node] = args else {
            return self.wrong(node, "a comparison has two sides");
        };
        let left = self.operand(left_node, depth + 1)?;
        let right = self.operand(right_node, depth + 1)?;
        let (left, right) = match (as_date(&left, &right), as_date(&right, &left)) {
            (Some(Err(why)), _) => return self.wrong(left_node, why),
            (_, Some(Err(why))) => return self.wrong(right_node, why),
            (Some(Ok(date)), _) => (Operand::Constant(Constant::Date(date)), right),
            (_, Some(Ok(date))) => (left, Operand::Constant(Constant::Date(date))),
            (None, None) => (left, right),
        };
        let (left_type, right_type) = (type_of(&left), type_of(&right));
        if left_type != right_type {
            let (left, right) = (left_type.name(), right_type.name());
            return self.wrong(node, format!("{left} cannot be compared with {right}"));
        }
        if left_type == Type::TextList {
            return self.wrong(node, "a list is asked with 'Head' in m.kind");
        }
        if comparison.needs_order() && !left_type.is_ordered() {
            return self.wrong(node, "texts can be compared with == and != only");
        }
        if matches!((&left, &right), (Operand::Constant(_), Operand::Constant(_))) {
            return self.wrong(node, "two constants are compared; one side must be an attribute");
        }
        Ok(Expr::Compare(comparison, left, right))
    }

    fn operand(&mut self, node: &IdedExpr, depth: usize) -> Result<Operand, RuleError> {
        if depth > MAX_DEPTH {
            return Err(too_deep());
        }
        match &node.expr {
            CelExpr::Literal(_) => self.constant(node).map(Operand::Constant),
            CelExpr::Ident(_) | CelExpr::Select(_) => self.attribute(node).map(Operand::Attribute),
            CelExpr::Call(call) => {
                match (call.func_name.as_str(), call.target.as_deref(), call.args.as_slice()) {
                    ("size", Some(counted), []) | ("size", None, [counted]) => self.count(counted, depth),
                    (operators::NEGATE, None, [_]) => self.constant(node).map(Operand::Constant),
                    (name, _, _) => {
                        let shown = shown(name);
                        self.wrong(node, format!("{shown} does not give a value that rules can compare"))
                    }
                }
            }
            _ => self.wrong(node, "an attribute, a constant or a count is expected here"),
        }
    }

    fn count(&mut self, counted: &IdedExpr, depth: usize) -> Result<Operand, RuleError> {
        if is_members(counted) {
            return Ok(Operand::Count(None));
        }
        if let CelExpr::Call(call) = &counted.expr
            && let (operators::FILTER, Some(target), [var, body]) =
                (call.func_name.as_str(), call.target.as_deref(), call.args.as_slice())
        {
            self.nodes += 1;
            let (var, body) = self.quantified(target, var, body, depth)?;
            return Ok(Operand::Count(Some((var, body))));
        }
        self.wrong(counted, "size() counts members or members.filter(m, …)")
    }

    fn is_in(&mut self, node: &IdedExpr, item: &IdedExpr, list: &IdedExpr) -> Result<Expr, RuleError> {
        if let CelExpr::List(list) = &list.expr {
            return self.one_of(node, item, &list.elements);
        }
        let attribute = self.attribute(list)?;
        if attribute.attribute.kind != Type::TextList {
            return self.wrong(list, format!("{} is not a list", attribute.attribute.name));
        }
        match self.constant(item)? {
            Constant::Text(text) => Ok(Expr::Contains(attribute, text)),
            _ => self.wrong(item, "a text is expected before \"in\""),
        }
    }

    fn one_of(&mut self, node: &IdedExpr, item: &IdedExpr, elements: &[IdedExpr]) -> Result<Expr, RuleError> {
        if elements.is_empty() || elements.len() > MAX_LIST {
            return self.wrong(node, format!("the list must have 1 to {MAX_LIST} constants"));
        }
        let attribute = self.attribute(item)?;
        let kind = attribute.attribute.kind;
        let mut constants = Vec::with_capacity(elements.len());
        for element in elements {
            let constant = self.constant(element)?;
            let constant = match (kind, constant) {
                (Type::Date, Constant::Text(text)) => match parse_date(&text) {
                    Ok(date) => Constant::Date(date),
                    Err(why) => return self.wrong(element, why),
                },
                (_, constant) => constant,
            };
            if constant_type(&constant) != kind {
                let name = attribute.attribute.name;
                return self.wrong(element, format!("{name} is {}, this is not", kind.name()));
            }
            constants.push(constant);
        }
        Ok(Expr::OneOf(attribute, constants))
    }

    fn attribute(&mut self, node: &IdedExpr) -> Result<AttributeRef, RuleError> {
        let found = match &node.expr {
            CelExpr::Ident(name) => match catalogue::find(Entity::Household, name) {
                Some(attribute) => AttributeRef { attribute, member: None },
                None => {
                    let known = catalogue::names(Entity::Household);
                    return self.wrong(
                        node,
                        format!(
                            "the attribute {} is not known; a household has: {known}, members",
                            shown(name)
                        ),
                    );
                }
            },
            CelExpr::Select(select) if !select.test => self.member_attribute(node, select)?,
            _ => return self.wrong(node, "an attribute is expected here"),
        };
        self.needs.insert(found.attribute.pulled_as);
        Ok(found)
    }

    fn member_attribute(&self, node: &IdedExpr, select: &SelectExpr) -> Result<AttributeRef, RuleError> {
        let CelExpr::Ident(name) = &select.operand.expr else {
            return self.wrong(node, "an attribute of a member is written as m.age");
        };
        let Some((_, var)) = self.scope.iter().rev().find(|(known, _)| known == name) else {
            return self.wrong(
                node,
                format!("{} does not stand for a member; write members.exists(m, m.… )", shown(name)),
            );
        };
        match catalogue::find(Entity::Member, &select.field) {
            Some(attribute) => Ok(AttributeRef { attribute, member: Some(*var) }),
            None => {
                let known = catalogue::names(Entity::Member);
                let field = shown(&select.field);
                self.wrong(node, format!("the attribute {field} is not known; a member has: {known}"))
            }
        }
    }

    fn constant(&self, node: &IdedExpr) -> Result<Constant, RuleError> {
        match &node.expr {
            CelExpr::Literal(LiteralValue::Int(n)) => Ok(Constant::Int(*n.inner())),
            CelExpr::Literal(LiteralValue::Double(n)) if n.inner().is_finite() => {
                Ok(Constant::Double(*n.inner()))
            }
            CelExpr::Literal(LiteralValue::String(text)) if !text.inner().contains('\0') => {
                Ok(Constant::Text(text.inner().to_owned()))
            }
            CelExpr::Call(call) if call.func_name == operators::NEGATE => match call.args.as_slice() {
                [inner] => match self.constant(inner)? {
                    Constant::Int(n) => match n.checked_neg() {
                        Some(n) => Ok(Constant::Int(n)),
                        None => self.wrong(node, "the number is too large"),
                    },
                    Constant::Double(n) => Ok(Constant::Double(-n)),
                    Constant::Text(_) | Constant::Date(_) => self.wrong(node, "only a number has a sign"),
                },
                _ => self.wrong(node, "a number is expected after the sign"),
            },
            _ => self.wrong(node, "a constant is expected here: a number or a text in quotes"),
        }
    }
}

fn is_members(node: &IdedExpr) -> bool {
    matches!(&node.expr, CelExpr::Ident(name) if name == "members")
}

fn constant_type(constant: &Constant) -> Type {
    match constant {
        Constant::Int(_) | Constant::Double(_) => Type::Number,
        Constant::Text(_) => Type::Text,
        Constant::Date(_) => Type::Date,
    }
}

fn type_of(operand: &Operand) -> Type {
    match operand {
        Operand::Attribute(attribute) => attribute.attribute.kind,
        Operand::Constant(constant) => constant_type(constant),
        Operand::Count(_) => Type::Number,
    }
}

/// The day that a text constant names when the other side is a date.
fn as_date(this: &Operand, other: &Operand) -> Option<Result<Date, String>> {
    match this {
        Operand::Constant(Constant::Text(text)) if type_of(other) == Type::Date => Some(parse_date(text)),
        _ => None,
    }
}
