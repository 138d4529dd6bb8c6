//! Rules of the mapper, without I/O: which items of a batch are looked up at all, and the texts clients match on.

use std::collections::HashSet;

/// Longest id, address or name that is taken, in bytes.
pub const MAX_VALUE: usize = 1_024;

/// Texts that deployed clients compare with.
pub mod text {
    /// Empty id.
    pub const ID_IS_NULL: &str = "ID is null";
    /// Empty address.
    pub const FA_IS_NULL: &str = "FA is null";
    /// Link of an id that has an address.
    pub const ALREADY_MAPPED: &str = "ID and FA are already mapped";
    /// Update, unlink or resolve of an unknown id.
    pub const NOT_LINKED: &str = "ID doesnt exist please link first";
    /// Resolve with neither id nor address.
    pub const ID_OR_FA_REQUIRED: &str = "Either ID or FA are required";
}

/// Why an item is refused before the database is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The id is empty.
    IdMissing,
    /// The address is empty.
    FaMissing,
    /// Longer than [`MAX_VALUE`], or with control characters.
    IdMalformed,
    /// As above, for the address.
    FaMalformed,
    /// An earlier item of the batch has the same id.
    RepeatedInBatch,
}

fn malformed(value: &str) -> bool {
    value.len() > MAX_VALUE || value.chars().any(char::is_control)
}

/// Decides for each (id, address) whether it goes to the database. An address of `None` is not looked at. Of several
/// items with one id the first wins and the others are refused, so that one message has one meaning.
#[must_use]
pub fn admit(items: &[(&str, Option<&str>)]) -> Vec<Option<Refusal>> {
    let mut seen = HashSet::with_capacity(items.len());
    items
        .iter()
        .map(|(id, fa)| {
            if id.is_empty() {
                Some(Refusal::IdMissing)
            } else if malformed(id) {
                Some(Refusal::IdMalformed)
            } else if fa.is_some_and(str::is_empty) {
                Some(Refusal::FaMissing)
            } else if fa.is_some_and(malformed) {
                Some(Refusal::FaMalformed)
            } else if !seen.insert(*id) {
                Some(Refusal::RepeatedInBatch)
            } else {
                None
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Refusal, admit};

    #[test]
    fn a_bad_item_never_harms_its_neighbours() {
        let verdicts = admit(&[
            ("a", Some("x")),
            ("", Some("x")),
            ("b", Some("")),
            ("a", Some("y")),
            ("c", None),
            ("d\n", Some("x")),
        ]);
        assert_eq!(
            verdicts,
            [
                None,
                Some(Refusal::IdMissing),
                Some(Refusal::FaMissing),
                Some(Refusal::RepeatedInBatch),
                None,
                Some(Refusal::IdMalformed),
            ]
        );
    }
}
