//! Which column of a file is which field of a record.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::kind::ImportKind;

/// Longest name of a column or attribute, in characters.
pub const MAX_NAME: usize = 63;

/// Where a field of the record is found in a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Source {
    /// Field of the record, or name of the attribute.
    pub target: String,
    /// Column of the file.
    pub source: String,
    /// 0-based place of the column.
    pub index: usize,
    /// Whether it is an attribute and not a field of its own.
    pub attribute: bool,
}

/// The columns of one file, resolved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ColumnMap {
    /// What is read.
    pub columns: Vec<Source>,
    /// Columns of the file that nothing reads.
    pub ignored: Vec<String>,
    /// Columns a row must have.
    pub width: usize,
}

/// Why header and mapping do not fit a kind of file. Column names are no personal data: they are shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MappingError {
    /// A column stands twice in the header.
    #[error("the column {0} stands twice in the header")]
    Twice(String),
    /// A required field has no column.
    #[error("no column gives {0}; add it to the file, or name its column in `mapping`")]
    Missing(&'static str),
    /// The mapping names a column that the file does not have.
    #[error("the mapping takes {target} from the column {column}, which the file does not have")]
    NoSuchColumn {
        /// The field.
        target: String,
        /// The column it should come from.
        column: String,
    },
    /// The mapping names a field that this kind of file does not have.
    #[error("the mapping names {0}, which is no field of this kind of file")]
    NoSuchTarget(String),
}

/// `a-z`, digits and `_`, starting with a letter.
#[must_use]
pub fn is_attribute_name(name: &str) -> bool {
    name.len() <= MAX_NAME
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// Resolves a header. `mapping` gives columns by field; a field it does not name comes from the column of its own name.
/// Columns that are no field become attributes where the kind has some: all of them without a mapping, else those that
/// the mapping names.
///
/// # Errors
/// [`MappingError`].
pub fn resolve(
    kind: ImportKind,
    header: &[String],
    mapping: Option<&BTreeMap<String, String>>,
) -> Result<ColumnMap, MappingError> {
    let mut places = BTreeMap::new();
    // A column without a name is what spreadsheets leave behind: nothing reads it.
    for (index, name) in header.iter().enumerate().filter(|(_, name)| !name.is_empty()) {
        if places.insert(name.as_str(), index).is_some() {
            return Err(MappingError::Twice(name.clone()));
        }
    }
    let mut columns = Vec::new();
    let mut used = BTreeSet::new();
    for (target, column) in mapping.into_iter().flatten() {
        let own = kind.columns().iter().any(|c| c.name == target);
        let attribute = kind.takes_attributes() && is_attribute_name(target);
        if !own && !attribute {
            return Err(MappingError::NoSuchTarget(target.clone()));
        }
        let index = *places
            .get(column.as_str())
            .ok_or_else(|| MappingError::NoSuchColumn { target: target.clone(), column: column.clone() })?;
        used.insert(index);
        columns.push(Source { target: target.clone(), source: column.clone(), index, attribute: !own });
    }
    for column in kind.columns() {
        if columns.iter().any(|c| c.target == column.name) {
            continue;
        }
        match places.get(column.name) {
            Some(index) if used.insert(*index) => columns.push(Source {
                target: column.name.to_owned(),
                source: column.name.to_owned(),
                index: *index,
                attribute: false,
            }),
            _ if column.required => return Err(MappingError::Missing(column.name)),
            _ => {}
        }
    }
    let mut ignored = Vec::new();
    for (index, name) in header.iter().enumerate().filter(|(index, _)| !used.contains(index)) {
        if mapping.is_none() && kind.takes_attributes() && is_attribute_name(name) {
            columns.push(Source { target: name.clone(), source: name.clone(), index, attribute: true });
        } else if !name.is_empty() {
            ignored.push(name.clone());
        }
    }
    Ok(ColumnMap { columns, ignored, width: header.len() })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn header(names: &[&str]) -> Vec<String> {
        names.iter().map(|n| (*n).to_owned()).collect()
    }

    fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
    }

    #[test]
    fn without_a_mapping_names_are_fields_and_the_rest_are_attributes() {
        let header = header(&["external_id", "name", "roof", "Größe"]);
        let columns = resolve(ImportKind::Households, &header, None).unwrap();
        let roof = columns.columns.iter().find(|c| c.target == "roof").unwrap();
        assert!(roof.attribute && roof.index == 2);
        assert_eq!(columns.ignored, ["Größe"]);
        assert_eq!(columns.width, 4);
    }

    #[test]
    fn a_mapping_renames_and_leaves_other_columns_out() {
        let header = header(&["ID", "Nom", "toit", "secret", "district"]);
        let mapping = map(&[("external_id", "ID"), ("name", "Nom"), ("roof", "toit")]);
        let columns = resolve(ImportKind::Households, &header, Some(&mapping)).unwrap();
        assert_eq!(columns.ignored, ["secret"]);
        assert!(columns.columns.iter().any(|c| c.target == "district" && !c.attribute));
        assert!(columns.columns.iter().any(|c| c.target == "roof" && c.attribute));
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let kind = ImportKind::Phones;
        let two = header(&["individual_external_id", "phone"]);
        let twice = header(&["phone", "phone"]);
        assert_eq!(resolve(kind, &twice, None), Err(MappingError::Twice("phone".into())));
        assert_eq!(
            resolve(kind, &header(&["phone"]), None),
            Err(MappingError::Missing("individual_external_id"))
        );
        let wrong = map(&[("fax", "phone")]);
        assert_eq!(resolve(kind, &two, Some(&wrong)), Err(MappingError::NoSuchTarget("fax".into())));
        let wrong = map(&[("phone", "tel")]);
        let error = resolve(kind, &two, Some(&wrong)).unwrap_err();
        assert_eq!(error, MappingError::NoSuchColumn { target: "phone".into(), column: "tel".into() });
    }
}
