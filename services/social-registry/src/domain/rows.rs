//! Rows of imported files, read and checked. No database here: what a row refers to is looked up later.

use platform::Masked;
use serde_json::{Map, Value};
use time::Date;
use uuid::Uuid;

use super::{
    dates::{self, DateError},
    kind::ImportKind,
    mapping::ColumnMap,
    reference::Reference,
    text::{self, TextError},
};

mod links;
mod registrants;

pub use links::{IdentifierInput, MembershipInput, PhoneInput, RelationshipInput};
pub use registrants::RegistrantInput;

/// Why a row was refused. Never repeats what stood in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowError {
    /// The field that is wrong.
    pub column: String,
    /// Stable code, for programs.
    pub code: &'static str,
    /// What is wrong, for people: a sentence that starts with the field.
    pub reason: String,
}

impl RowError {
    /// An error of one field; `why` continues the sentence that starts with the field.
    #[must_use]
    pub fn new(column: &str, code: &'static str, why: impl std::fmt::Display) -> Self {
        Self { column: column.to_owned(), code, reason: format!("{column} {why}") }
    }

    fn text(column: &str, error: TextError) -> Self {
        let code = match error {
            TextError::Empty => "missing",
            TextError::TooLong(_) => "too_long",
            TextError::Control => "control_character",
            TextError::NoLetter => "not_a_name",
            TextError::Email => "email_invalid",
        };
        Self::new(column, code, error)
    }

    fn date(column: &str, error: DateError) -> Self {
        let code = if error == DateError::Future { "date_in_future" } else { "date_invalid" };
        Self::new(column, code, error)
    }
}

/// What rows are checked against.
#[derive(Debug, Clone)]
pub struct RowRules {
    /// The last day that is not in the future.
    pub latest: Date,
    /// Country of phone numbers in national form, when the row names none.
    pub default_country: String,
    /// Names that may be used.
    pub reference: Reference,
}

/// A checked row.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// A household or an individual.
    Registrant(RegistrantInput),
    /// A membership.
    Membership(MembershipInput),
    /// An identity document.
    Identifier(IdentifierInput),
    /// A phone number.
    Phone(PhoneInput),
    /// A relationship.
    Relationship(RelationshipInput),
}

impl Input {
    /// What two rows of one file may not have in common, as 128 bits of a hash.
    #[must_use]
    pub fn key_hash(&self) -> Uuid {
        let parts: Vec<&str> = match self {
            Self::Registrant(r) => vec![r.external_id.expose()],
            Self::Membership(m) => vec![m.household.expose(), m.individual.expose()],
            Self::Identifier(i) => vec![i.individual.expose(), &i.id_type],
            Self::Phone(p) => vec![p.individual.expose(), p.e164.expose()],
            Self::Relationship(r) => vec![r.source.expose(), r.destination.expose(), &r.relation],
        };
        let digest = g2p_crypto::sha256(parts.join("\0").as_bytes());
        let mut half = [0; 16];
        half.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
        Uuid::from_bytes(half)
    }
}

/// A row of a file with the meaning of its columns.
pub(super) struct Row<'a> {
    fields: &'a [String],
    columns: &'a ColumnMap,
}

impl<'a> Row<'a> {
    /// The trimmed text of a field; `None` when the file does not have its column.
    fn get(&self, target: &str) -> Option<&'a str> {
        let source = self.columns.columns.iter().find(|c| !c.attribute && c.target == target)?;
        self.fields.get(source.index).map(|f| f.trim())
    }

    /// A key that must be there.
    fn key(&self, target: &str) -> Result<Masked<String>, RowError> {
        text::key(self.get(target).unwrap_or_default())
            .map(Masked::new)
            .map_err(|e| RowError::text(target, e))
    }

    /// A date that is not in the future; `None` when empty or not in the file.
    fn past(&self, target: &str, rules: &RowRules) -> Result<Option<Date>, RowError> {
        match self.get(target) {
            None | Some("") => Ok(None),
            Some(text) => {
                dates::parse_past(text, rules.latest).map(Some).map_err(|e| RowError::date(target, e))
            }
        }
    }

    /// Attributes of the row: `null` clears one.
    fn attributes(&self) -> Result<Map<String, Value>, RowError> {
        let mut attributes = Map::new();
        for column in self.columns.columns.iter().filter(|c| c.attribute) {
            let field = self.fields.get(column.index).map_or("", String::as_str);
            let value = text::clean(field, text::MAX_TEXT).map_err(|e| RowError::text(&column.target, e))?;
            attributes.insert(column.target.clone(), value.map_or(Value::Null, typed));
        }
        Ok(attributes)
    }
}

/// The value that a text spells: a truth value, a number, or the text. Of a number only the value is kept (`1.10` is 1.1);
/// what looks like the number of a thing (`007`, `1e3`, twenty digits) stays text.
fn typed(text: String) -> Value {
    match text.as_str() {
        "true" => return true.into(),
        "false" => return false.into(),
        _ => {}
    }
    let unsigned = text.strip_prefix('-').unwrap_or(&text);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let plain = digits(whole)
        && digits(fraction)
        && unsigned.len() <= 15
        && (whole == "0" || !whole.starts_with('0'));
    if plain {
        if let Ok(number) = text.parse::<i64>() {
            return number.into();
        }
        if let Some(number) = text.parse().ok().and_then(serde_json::Number::from_f64) {
            return Value::Number(number);
        }
    }
    Value::String(text)
}

/// Reads one row.
///
/// # Errors
/// The first field that is wrong.
pub fn read(
    kind: ImportKind,
    fields: &[String],
    columns: &ColumnMap,
    rules: &RowRules,
) -> Result<Input, RowError> {
    if fields.len() != columns.width {
        let code = "field_count";
        let why = format!("has {} fields, the header has {}", fields.len(), columns.width);
        return Err(RowError { column: String::new(), code, reason: format!("the row {why}") });
    }
    let row = Row { fields, columns };
    match kind {
        ImportKind::Households => registrants::household(&row, rules).map(Input::Registrant),
        ImportKind::Individuals => registrants::individual(&row, rules).map(Input::Registrant),
        ImportKind::Memberships => links::membership(&row, rules).map(Input::Membership),
        ImportKind::Ids => links::identifier(&row, rules).map(Input::Identifier),
        ImportKind::Phones => links::phone(&row, rules).map(Input::Phone),
        ImportKind::Relationships => links::relationship(&row, rules).map(Input::Relationship),
    }
}

#[cfg(test)]
mod tests;
