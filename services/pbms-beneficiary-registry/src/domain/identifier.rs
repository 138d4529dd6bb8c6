//! Identifiers are known here only as keyed hashes.

use g2p_connect::registry::plain_identifier;
use g2p_crypto::KeyedHash;

/// Hashes identifiers of persons.
#[derive(Debug, Clone)]
pub struct IdHasher(KeyedHash);

impl IdHasher {
    /// `secret` is the configuration's `id_hash_secret`.
    #[must_use]
    pub fn new(secret: &str) -> Self {
        Self(KeyedHash::new(secret.as_bytes(), "pbms/identifier"))
    }

    /// The hash under which an identifier is stored. Spelling does not matter (see [`plain_identifier`]); the type does.
    #[must_use]
    pub fn hash(&self, id_type: &str, value: &str) -> String {
        self.0.hash(&format!("{}\0{}", normal_type(id_type), plain_identifier(value)))
    }
}

/// `national id`, `National-ID` and `NATIONAL_ID` are one type.
#[must_use]
pub fn normal_type(id_type: &str) -> String {
    let text = id_type.trim().chars().take(100);
    text.map(|c| if c == ' ' || c == '-' { '_' } else { c }).flat_map(char::to_uppercase).collect()
}

#[cfg(test)]
mod tests {
    use super::IdHasher;

    #[test]
    fn spelling_does_not_matter_but_type_value_and_secret_do() {
        let hasher = IdHasher::new("0123456789abcdef0123456789abcdef");
        let hash = hasher.hash("NATIONAL_ID", "AB 12-34");
        assert_eq!(hash, hasher.hash("national-id", "ab1234"));
        assert_eq!(hash, hasher.hash("national id", "ab.12/34"));
        assert_ne!(hash, hasher.hash("PASSPORT", "AB1234"));
        assert_ne!(hash, hasher.hash("NATIONAL_ID", "AB1235"));
        assert_ne!(hash, IdHasher::new("another secret of 32 characters!").hash("NATIONAL_ID", "AB1234"));
        assert!(!hash.contains("1234"));
    }
}
