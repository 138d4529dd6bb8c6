//! How identifiers are compared.

/// What a document's number is looked up and compared by: without spaces, dashes, dots and slashes, in capitals. Every
/// service that hashes or compares identifiers uses this, so that a person is found however the number is written.
#[must_use]
pub fn plain_identifier(value: &str) -> String {
    let kept = value.chars().filter(|c| !c.is_whitespace() && !matches!(c, '-' | '.' | '/'));
    kept.flat_map(char::to_uppercase).collect()
}

#[cfg(test)]
mod tests {
    use super::plain_identifier;

    #[test]
    fn spelling_does_not_matter() {
        for text in ["12345678", "12.345.678", "12 345-678", " 12/345/678\t"] {
            assert_eq!(plain_identifier(text), "12345678", "{text}");
        }
        assert_eq!(plain_identifier("ab_12"), "AB_12");
    }
}
