//! Rows of households and individuals.

use platform::Masked;
use serde_json::{Map, Value};

use super::{Row, RowError, RowRules};
use crate::domain::{dates::iso, text};

/// A household or an individual as a row gives it.
#[derive(Debug, Clone, PartialEq)]
pub struct RegistrantInput {
    /// The source's own key.
    pub external_id: Masked<String>,
    /// Columns of `registrants` that the file has: a value, or null to clear it. Columns that the file does not have
    /// are not in it and stay as they are.
    pub fields: Masked<Map<String, Value>>,
    /// As `fields`, for the attributes.
    pub attributes: Masked<Map<String, Value>>,
}

/// Cleans a text of a field and puts it into the fields when the file has its column.
fn put_text(
    row: &Row<'_>,
    fields: &mut Map<String, Value>,
    target: &str,
    clean: impl Fn(&str) -> Result<Option<String>, text::TextError>,
) -> Result<(), RowError> {
    if let Some(value) = row.get(target) {
        let value = clean(value).map_err(|e| RowError::text(target, e))?;
        fields.insert(target.to_owned(), value.map_or(Value::Null, Value::String));
    }
    Ok(())
}

fn put_registration(
    row: &Row<'_>,
    rules: &RowRules,
    fields: &mut Map<String, Value>,
) -> Result<(), RowError> {
    // An empty one is set when the record is made, and left alone later.
    if let Some(date) = row.past("registration_date", rules)? {
        fields.insert("registration_date".to_owned(), iso(date).into());
    }
    Ok(())
}

pub(super) fn household(row: &Row<'_>, rules: &RowRules) -> Result<RegistrantInput, RowError> {
    let external_id = row.key("external_id")?;
    let mut fields = Map::new();
    let name = text::name(row.get("name").unwrap_or_default()).map_err(|e| RowError::text("name", e))?;
    let name = name.ok_or_else(|| RowError::text("name", text::TextError::Empty))?;
    fields.insert("name".to_owned(), name.into());
    let kind = row.get("kind").filter(|k| !k.is_empty());
    if let Some(kind) = kind {
        if !rules.reference.group_kinds.contains(kind) {
            return Err(RowError::new(
                "kind",
                "unknown_kind",
                "is no kind of group that this registry knows",
            ));
        }
        fields.insert("group_kind".to_owned(), kind.into());
    }
    for target in ["address", "village", "district", "region"] {
        put_text(row, &mut fields, target, |t| text::clean(t, text::MAX_TEXT))?;
    }
    put_country(row, &mut fields)?;
    put_degrees(row, &mut fields, "latitude", 90.0)?;
    put_degrees(row, &mut fields, "longitude", 180.0)?;
    put_registration(row, rules, &mut fields)?;
    let attributes = Masked::new(row.attributes()?);
    Ok(RegistrantInput { external_id, fields: Masked::new(fields), attributes })
}

fn put_country(row: &Row<'_>, fields: &mut Map<String, Value>) -> Result<(), RowError> {
    let Some(text) = row.get("country") else { return Ok(()) };
    let code = text.len() == 2 && text.bytes().all(|b| b.is_ascii_alphabetic());
    if !text.is_empty() && !code {
        return Err(RowError::new("country", "country_invalid", "is not the two-letter code of a country"));
    }
    let value = if text.is_empty() { Value::Null } else { text.to_ascii_uppercase().into() };
    fields.insert("country".to_owned(), value);
    Ok(())
}

fn put_degrees(
    row: &Row<'_>,
    fields: &mut Map<String, Value>,
    target: &str,
    limit: f64,
) -> Result<(), RowError> {
    let value = match row.get(target) {
        None => return Ok(()),
        Some("") => Value::Null,
        Some(text) => {
            let plain =
                text.len() <= 12 && text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'-' | b'.'));
            let degrees: Option<f64> = text.parse().ok().filter(|d: &f64| plain && d.abs() <= limit);
            // The column keeps six decimals; a second import must find the same number.
            let degrees = degrees.map(|d| (d * 1e6).round() / 1e6);
            degrees.and_then(serde_json::Number::from_f64).map(Value::Number).ok_or_else(|| {
                RowError::new(target, "not_degrees", format!("is not a number of degrees up to {limit}"))
            })?
        }
    };
    fields.insert(target.to_owned(), value);
    Ok(())
}

pub(super) fn individual(row: &Row<'_>, rules: &RowRules) -> Result<RegistrantInput, RowError> {
    let external_id = row.key("external_id")?;
    let mut fields = Map::new();
    for target in ["given_name", "family_name", "additional_name"] {
        put_text(row, &mut fields, target, text::name)?;
    }
    put_display_name(row, &mut fields)?;
    match row.get("gender") {
        None => {}
        Some("") => {
            fields.insert("gender".to_owned(), Value::Null);
        }
        Some(text) => {
            let gender = text::gender(text)
                .ok_or_else(|| RowError::new("gender", "gender_invalid", "must be female, male or other"))?;
            fields.insert("gender".to_owned(), gender.into());
        }
    }
    let birth = row.past("birth_date", rules)?;
    if row.get("birth_date").is_some() {
        fields.insert("birth_date".to_owned(), birth.map_or(Value::Null, |d| iso(d).into()));
    }
    put_text(row, &mut fields, "birth_place", |t| text::clean(t, text::MAX_TEXT))?;
    put_text(row, &mut fields, "address", |t| text::clean(t, text::MAX_TEXT))?;
    put_text(row, &mut fields, "email", text::email)?;
    put_registration(row, rules, &mut fields)?;
    let registered = row.past("registration_date", rules)?;
    if let (Some(birth), Some(registered)) = (birth, registered)
        && registered < birth
    {
        return Err(RowError::new("registration_date", "before_birth", "lies before birth_date"));
    }
    let attributes = Masked::new(row.attributes()?);
    Ok(RegistrantInput { external_id, fields: Masked::new(fields), attributes })
}

/// The name people see: `full_name`, else the parts in the order given, additional, family. A file without any column
/// of a name leaves names alone.
fn put_display_name(row: &Row<'_>, fields: &mut Map<String, Value>) -> Result<(), RowError> {
    let columns = ["full_name", "given_name", "additional_name", "family_name"];
    if columns.iter().all(|c| row.get(c).is_none()) {
        return Ok(());
    }
    let full =
        text::name(row.get("full_name").unwrap_or_default()).map_err(|e| RowError::text("full_name", e))?;
    let parts = || {
        let parts: Vec<&str> = ["given_name", "additional_name", "family_name"]
            .iter()
            .filter_map(|part| fields.get(*part).and_then(Value::as_str))
            .collect();
        (!parts.is_empty()).then(|| parts.join(" "))
    };
    let name = full.or_else(parts).ok_or_else(|| {
        RowError::new("given_name", "missing", "is empty, and so are all other columns of the name")
    })?;
    fields.insert("name".to_owned(), name.into());
    Ok(())
}
