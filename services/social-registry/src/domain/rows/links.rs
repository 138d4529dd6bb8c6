//! Rows that hang on a household or an individual.

use platform::Masked;
use time::Date;

use super::{Row, RowError, RowRules};
use crate::domain::{dates, phone, text};

/// A person's place in a household.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MembershipInput {
    /// External id of the household.
    pub household: Masked<String>,
    /// External id of the person.
    pub individual: Masked<String>,
    /// What the person is there, in the order given.
    pub kinds: Vec<String>,
    /// The kind among them that a household has once at most.
    pub unique_kind: Option<String>,
    /// How the person stands to the Head.
    pub relationship_to_head: Option<String>,
    /// Since when.
    pub start_date: Option<Date>,
}

/// An identity document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentifierInput {
    /// External id of the person.
    pub individual: Masked<String>,
    /// Type of the document.
    pub id_type: String,
    /// What stands on it.
    pub value: Masked<String>,
    /// Until when it is valid.
    pub expiry_date: Option<Date>,
}

/// A phone number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhoneInput {
    /// External id of the person.
    pub individual: Masked<String>,
    /// The number in E.164.
    pub e164: Masked<String>,
}

/// How two registrants stand to each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelationshipInput {
    /// External id of the one.
    pub source: Masked<String>,
    /// External id of the other.
    pub destination: Masked<String>,
    /// Name of the relation, as it is configured.
    pub relation: String,
    /// `individual` or `group`: what the source must be.
    pub source_kind: String,
    /// What the destination must be.
    pub destination_kind: String,
    /// Since when.
    pub start_date: Option<Date>,
    /// Until when.
    pub end_date: Option<Date>,
}

pub(super) fn membership(row: &Row<'_>, rules: &RowRules) -> Result<MembershipInput, RowError> {
    let household = row.key("household_external_id")?;
    let individual = row.key("individual_external_id")?;
    let known = &rules.reference.membership_kinds;
    let mut kinds: Vec<String> = Vec::new();
    let mut unique_kind = None;
    for kind in row.get("kind").unwrap_or_default().split(';').map(str::trim).filter(|k| !k.is_empty()) {
        let Some(unique) = known.get(kind) else {
            return Err(RowError::new(
                "kind",
                "unknown_kind",
                "is no kind of membership that this registry knows",
            ));
        };
        if kinds.iter().any(|k| k == kind) {
            continue;
        }
        if *unique && unique_kind.replace(kind.to_owned()).is_some() {
            let why = "names two kinds of which a household has one at most; give one of them";
            return Err(RowError::new("kind", "two_unique_kinds", why));
        }
        kinds.push(kind.to_owned());
    }
    if kinds.is_empty() {
        return Err(RowError::text("kind", text::TextError::Empty));
    }
    let relationship_to_head =
        text::clean(row.get("relationship_to_head").unwrap_or_default(), text::MAX_NAME)
            .map_err(|e| RowError::text("relationship_to_head", e))?;
    let start_date = row.past("start_date", rules)?;
    Ok(MembershipInput { household, individual, kinds, unique_kind, relationship_to_head, start_date })
}

/// A date that may lie in the future; `None` when empty or not in the file.
fn any_date(row: &Row<'_>, target: &str) -> Result<Option<Date>, RowError> {
    match row.get(target) {
        None | Some("") => Ok(None),
        Some(text) => dates::parse(text).map(Some).map_err(|e| RowError::date(target, e)),
    }
}

pub(super) fn identifier(row: &Row<'_>, rules: &RowRules) -> Result<IdentifierInput, RowError> {
    let individual = row.key("individual_external_id")?;
    let id_type = row.get("id_type").unwrap_or_default();
    let Some(known) = rules.reference.id_types.get(id_type) else {
        return Err(RowError::new(
            "id_type",
            "unknown_id_type",
            "is no type of document that this registry knows",
        ));
    };
    let value = row.key("value")?;
    if known.pattern.as_ref().is_some_and(|p| !p.is_match(value.expose())) {
        return Err(RowError::new(
            "value",
            "id_malformed",
            "does not have the form of this type of document",
        ));
    }
    let expiry_date = any_date(row, "expiry_date")?;
    Ok(IdentifierInput { individual, id_type: id_type.to_owned(), value, expiry_date })
}

pub(super) fn phone(row: &Row<'_>, rules: &RowRules) -> Result<PhoneInput, RowError> {
    let individual = row.key("individual_external_id")?;
    let country = row.get("country").filter(|c| !c.is_empty()).unwrap_or(&rules.default_country);
    let e164 =
        phone::normalise(row.get("phone").unwrap_or_default(), country).map_err(|error| match error {
            phone::PhoneError::Country => RowError::new("country", "country_invalid", error),
            phone::PhoneError::NotANumber | phone::PhoneError::NotValid => {
                RowError::new("phone", "phone_invalid", error)
            }
        })?;
    Ok(PhoneInput { individual, e164: Masked::new(e164) })
}

pub(super) fn relationship(row: &Row<'_>, rules: &RowRules) -> Result<RelationshipInput, RowError> {
    let source = row.key("source_external_id")?;
    let destination = row.key("destination_external_id")?;
    let relation = row.get("relation").unwrap_or_default();
    let Some(known) = rules.reference.relations.get(relation) else {
        return Err(RowError::new("relation", "unknown_relation", "is no relation that this registry knows"));
    };
    if source == destination && known.source_kind == known.destination_kind {
        let why = "is the same as source_external_id; a relation is between two";
        return Err(RowError::new("destination_external_id", "same_registrant", why));
    }
    let start_date = row.past("start_date", rules)?;
    let end_date = any_date(row, "end_date")?;
    if let (Some(start), Some(end)) = (start_date, end_date)
        && end < start
    {
        return Err(RowError::new("end_date", "ends_before_start", "lies before start_date"));
    }
    Ok(RelationshipInput {
        source,
        destination,
        relation: relation.to_owned(),
        source_kind: known.source_kind.clone(),
        destination_kind: known.destination_kind.clone(),
        start_date,
        end_date,
    })
}
