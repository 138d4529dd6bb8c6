//! A partner's filter as a condition in SQL. Attributes come from a list, values are always parameters; what is not
//! understood is refused, because half a filter would find the wrong people.

use g2p_connect::reason::SearchReason;
use g2p_connect::registry::{Comparison, Expression, Scalar, SortOrder};
use sea_orm::Value;
use time::Date;

use crate::domain::{
    dates,
    mapping::is_attribute_name,
    visible::{Collection, Visible},
};

/// Longest number of a filter.
const MAX_DIGITS: usize = 30;

const REFUSED: SearchReason = SearchReason::FilterInvalid;

/// What a condition is made for.
pub(crate) struct Scope<'a> {
    /// Rows of `registrants AS r` are households or people.
    pub collection: Collection,
    /// What the partner may see: only that can be filtered on.
    pub policy: &'a Visible,
    /// Names of scores that exist.
    pub scores: &'a [String],
    /// Today, for ages.
    pub today: Date,
}

/// A condition with its parameters, which go on after those of the statement.
#[derive(Debug)]
pub(crate) struct Condition {
    pub sql: String,
    pub values: Vec<Value>,
    next: usize,
}

/// How an attribute is written in SQL.
struct Operand {
    kind: Kind,
    /// What is compared.
    sql: String,
    /// Begin and end of the sub-query about members, when it is one.
    members: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Number,
    Text,
    Date,
    /// The text of an attribute that is configuration: numbers and truth values compare by their text.
    Loose,
    /// A list of texts: equality asks whether it contains the value.
    List,
    /// Village, district or region.
    Place,
}

impl Condition {
    /// Compiles a filter. `first` is the number of the first free parameter.
    ///
    /// # Errors
    /// `rjct.filter.invalid` for an attribute that does not exist or that the partner may not see, and for a value or
    /// comparison that does not fit it.
    pub(crate) fn compile(
        filter: &Expression,
        scope: &Scope<'_>,
        first: usize,
    ) -> Result<Self, SearchReason> {
        let mut condition = Self { sql: String::new(), values: Vec::new(), next: first };
        let sql = condition.expression(filter, scope)?;
        condition.sql = sql;
        Ok(condition)
    }

    fn parameter(&mut self, value: impl Into<Value>) -> String {
        self.values.push(value.into());
        self.next += 1;
        format!("${}", self.next - 1)
    }

    fn expression(&mut self, filter: &Expression, scope: &Scope<'_>) -> Result<String, SearchReason> {
        match filter {
            Expression::And(parts) => self.join(parts, " AND ", "true", scope),
            Expression::Or(parts) => self.join(parts, " OR ", "false", scope),
            Expression::Not(part) => Ok(format!("NOT {}", self.expression(part, scope)?)),
            Expression::Compare { attribute, comparison, value } => {
                let operand = self.operand(attribute, scope)?;
                let sql = self.compare(&operand, *comparison, value)?;
                Ok(within(&operand, &sql))
            }
            Expression::In { attribute, values } => {
                let operand = self.operand(attribute, scope)?;
                let sql = self.one_of(&operand, values)?;
                Ok(within(&operand, &sql))
            }
        }
    }

    fn join(
        &mut self,
        parts: &[Expression],
        with: &str,
        empty: &str,
        scope: &Scope<'_>,
    ) -> Result<String, SearchReason> {
        if parts.is_empty() {
            return Ok(empty.to_owned());
        }
        let parts = parts.iter().map(|p| self.expression(p, scope)).collect::<Result<Vec<_>, _>>()?;
        Ok(format!("({})", parts.join(with)))
    }

    fn operand(&mut self, attribute: &str, scope: &Scope<'_>) -> Result<Operand, SearchReason> {
        let (name, members) = match (scope.collection, attribute.strip_prefix("members.")) {
            (Collection::Group, Some(name)) => (name, true),
            // "age" of a household can only mean that of its members.
            (Collection::Group, None) if attribute == "age" => (attribute, true),
            _ => (attribute, false),
        };
        let allowed = |name: &str| {
            let full = if members || (scope.collection == Collection::Member && !scope.policy.shows(name)) {
                format!("members.{name}")
            } else {
                name.to_owned()
            };
            scope.policy.shows(&full)
        };
        let person = members || scope.collection == Collection::Member;
        let row = if members { "p" } else { "r" };
        let (kind, sql) = match name {
            "id" => (Kind::Text, format!("{row}.pseudonym")),
            "age" if person && allowed("birth_date") => {
                let today = self.parameter(scope.today);
                (Kind::Number, format!("date_part('year', age({today}::date, {row}.birth_date))::numeric"))
            }
            "birth_date" if person && allowed(name) => (Kind::Date, format!("{row}.birth_date")),
            "gender" | "sex" if person && allowed("gender") => (Kind::Text, format!("{row}.gender")),
            "kind" if members && allowed(name) => (Kind::List, "m.kinds".to_owned()),
            "registration_date" if allowed(name) => (Kind::Date, format!("{row}.registration_date")),
            "district" | "region" | "village" | "country" if !members && allowed(name) => {
                (Kind::Text, format!("r.{name}"))
            }
            "location" if !person && ["district", "region", "village"].iter().any(|n| allowed(n)) => {
                let shown: Vec<String> = ["district", "region", "village"]
                    .into_iter()
                    .filter(|n| allowed(n))
                    .map(|n| format!("r.{n}"))
                    .collect();
                (Kind::Place, shown.join(", "))
            }
            "group_kind" | "group_type" if !person && allowed("group_kind") => {
                (Kind::Text, "r.group_kind".to_owned())
            }
            "group_size" if !person && allowed(name) => (Kind::Number, GROUP_SIZE.to_owned()),
            score if scope.scores.iter().any(|s| s == score) && allowed(score) && !members => {
                let name = self.parameter(score);
                (Kind::Number, score_of(scope.collection, &name))
            }
            other => self.extra(other, row, &allowed)?,
        };
        Ok(Operand { kind, sql, members })
    }

    fn extra(
        &mut self,
        name: &str,
        row: &str,
        allowed: &impl Fn(&str) -> bool,
    ) -> Result<(Kind, String), SearchReason> {
        let bare = name.strip_prefix("attributes.").filter(|bare| is_attribute_name(bare)).ok_or(REFUSED)?;
        if !allowed(name) {
            return Err(REFUSED);
        }
        let key = self.parameter(bare);
        Ok((Kind::Loose, format!("({row}.attributes ->> {key})")))
    }

    /// Equality with one of the values, which are one parameter: a statement can have 65,535.
    fn one_of(&mut self, operand: &Operand, values: &[Scalar]) -> Result<String, SearchReason> {
        let given: Vec<&Scalar> = values.iter().filter(|value| **value != Scalar::Null).collect();
        let mut parts = Vec::new();
        if given.len() < values.len() {
            parts.push(self.compare(operand, Comparison::Eq, &Scalar::Null)?);
        }
        if !given.is_empty() {
            parts.push(self.any(operand, &given)?);
        }
        Ok(format!("({})", parts.join(" OR ")))
    }

    fn any(&mut self, operand: &Operand, values: &[&Scalar]) -> Result<String, SearchReason> {
        fn all<T>(
            values: &[&Scalar],
            read: impl Fn(&Scalar) -> Result<T, SearchReason>,
        ) -> Result<Vec<T>, SearchReason> {
            values.iter().map(|value| read(value)).collect()
        }
        let sql = &operand.sql;
        Ok(match operand.kind {
            Kind::Number => {
                format!("{sql} = ANY(CAST({}::text[] AS numeric[]))", self.parameter(all(values, number)?))
            }
            Kind::Date => format!("{sql} = ANY({}::date[])", self.parameter(all(values, day)?)),
            Kind::Text | Kind::Loose => {
                format!("{sql} = ANY({}::text[])", self.parameter(all(values, text)?))
            }
            Kind::List => format!("{sql} && {}::text[]", self.parameter(all(values, text)?)),
            Kind::Place => {
                let list = self.parameter(all(values, text)?);
                let columns = sql.split(", ").map(|column| format!("{column} = ANY({list}::text[])"));
                columns.collect::<Vec<_>>().join(" OR ")
            }
        })
    }

    fn compare(
        &mut self,
        operand: &Operand,
        comparison: Comparison,
        value: &Scalar,
    ) -> Result<String, SearchReason> {
        let sql = &operand.sql;
        if *value == Scalar::Null {
            return match operand.kind {
                Kind::Place => Err(REFUSED),
                _ => Ok(format!("{sql} IS NULL")),
            };
        }
        let sign = match comparison {
            Comparison::Eq => "=",
            Comparison::Lt => "<",
            Comparison::Lte => "<=",
            Comparison::Gt => ">",
            Comparison::Gte => ">=",
        };
        match operand.kind {
            Kind::Number => {
                let number = self.parameter(number(value)?);
                Ok(format!("{sql} {sign} CAST({number}::text AS numeric)"))
            }
            Kind::Date => Ok(format!("{sql} {sign} {}::date", self.parameter(day(value)?))),
            // An order of texts depends on the language: nobody can mean it in a filter.
            _ if comparison != Comparison::Eq => Err(REFUSED),
            Kind::Text | Kind::Loose => Ok(format!("{sql} = {}::text", self.parameter(text(value)?))),
            Kind::List => Ok(format!("{}::text = ANY({sql})", self.parameter(text(value)?))),
            Kind::Place => Ok(format!("{}::text IN ({sql})", self.parameter(text(value)?))),
        }
    }
}

/// A day.
fn day(value: &Scalar) -> Result<Date, SearchReason> {
    match value {
        Scalar::Text(text) => dates::parse(text).map_err(|_| REFUSED),
        _ => Err(REFUSED),
    }
}

/// People in a household that count.
const GROUP_SIZE: &str = "(SELECT count(*) FROM memberships AS m
        JOIN registrants AS p ON p.tenant_id = m.tenant_id AND p.registrant_id = m.individual_id
       WHERE m.tenant_id = r.tenant_id AND m.group_id = r.registrant_id AND m.ended_at IS NULL
         AND p.status = 'active')";

fn score_of(collection: Collection, name: &str) -> String {
    match collection {
        Collection::Group => format!(
            "(SELECT s.score FROM scores AS s
               WHERE s.tenant_id = r.tenant_id AND s.registrant_id = r.registrant_id AND s.name = {name})"
        ),
        // A person has the score of the household; of several the lowest.
        Collection::Member => format!(
            "(SELECT min(s.score) FROM memberships AS m
                JOIN scores AS s ON s.tenant_id = m.tenant_id AND s.registrant_id = m.group_id
               WHERE m.tenant_id = r.tenant_id AND m.individual_id = r.registrant_id AND m.ended_at IS NULL
                 AND s.name = {name})"
        ),
    }
}

/// A comparison about members holds when it holds for one of them.
fn within(operand: &Operand, sql: &str) -> String {
    if !operand.members {
        return format!("({sql})");
    }
    format!(
        "EXISTS (SELECT FROM memberships AS m
           JOIN registrants AS p ON p.tenant_id = m.tenant_id AND p.registrant_id = m.individual_id
          WHERE m.tenant_id = r.tenant_id AND m.group_id = r.registrant_id AND m.ended_at IS NULL
            AND p.status = 'active' AND ({sql}))"
    )
}

fn number(value: &Scalar) -> Result<String, SearchReason> {
    let plain =
        |n: &str| n.len() <= MAX_DIGITS && n.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'-' | b'.'));
    match value {
        Scalar::Number(number) if plain(number.as_str()) => Ok(number.as_str().to_owned()),
        _ => Err(REFUSED),
    }
}

fn text(value: &Scalar) -> Result<String, SearchReason> {
    match value {
        // Postgres cannot hold the character NUL.
        Scalar::Text(text) if !text.contains('\0') => Ok(text.clone()),
        Scalar::Number(number) => Ok(number.as_str().to_owned()),
        Scalar::Bool(flag) => Ok(flag.to_string()),
        Scalar::Text(_) | Scalar::Null => Err(REFUSED),
    }
}

/// The order of a search: by the attributes, then by id. Sub-queries are not sorted by, except for scores.
pub(crate) fn order(
    sorts: &[(&str, SortOrder)],
    scope: &Scope<'_>,
    condition: &mut Condition,
) -> Result<String, SearchReason> {
    let mut parts = Vec::new();
    for (attribute, order) in sorts {
        let operand = condition.operand(attribute, scope).map_err(|_| SearchReason::SortInvalid)?;
        let sortable = matches!(operand.kind, Kind::Number | Kind::Text | Kind::Date) && !operand.members;
        if !sortable {
            return Err(SearchReason::SortInvalid);
        }
        let direction = if *order == SortOrder::Desc { "DESC" } else { "ASC" };
        parts.push(format!("{} {direction} NULLS LAST", operand.sql));
    }
    parts.push("r.registrant_id".to_owned());
    Ok(parts.join(", "))
}

#[cfg(test)]
mod tests;
