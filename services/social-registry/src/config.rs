//! Settings of the social registry.

use platform::Masked;
use serde::{Deserialize, Serialize};

use crate::domain::social_id::{MAX_LENGTH, SocialIdRules};

/// The service's own keys.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Secret of all pseudonyms and hashes of identifiers.
    pub pseudonym_secret: Masked<String>,
    /// Digits of a social ID, the check digit included.
    pub social_id_length: usize,
    /// Numbers no social ID may contain.
    pub social_id_restricted: Vec<String>,
    /// Country of phone numbers in national form when a row names none.
    pub default_country: String,
    /// Largest file of an import.
    pub import_max_bytes: u64,
    /// Most columns of a file.
    pub import_max_columns: usize,
    /// Largest row of a file.
    pub import_max_row_bytes: usize,
    /// Rows that are worked on in one transaction.
    pub import_chunk_rows: usize,
    /// Largest page of a search.
    pub search_max_page: u32,
    /// Most searches in one message.
    pub search_max_items: usize,
    /// How long the pages of a search can be read.
    pub snapshot_minutes: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            pseudonym_secret: Masked::new(String::new()),
            social_id_length: SocialIdRules::default().length,
            social_id_restricted: Vec::new(),
            default_country: "KE".to_owned(),
            import_max_bytes: 2 * 1024 * 1024 * 1024,
            import_max_columns: 500,
            import_max_row_bytes: 256 * 1024,
            import_chunk_rows: 2_000,
            search_max_page: 1_000,
            search_max_items: 10,
            snapshot_minutes: 60,
        }
    }
}

/// One line for each key.
pub const DOCS: &[(&str, &str)] = &[
    (
        "pseudonym_secret",
        "at least 32 random characters (required); every pseudonym depends on it, so it must never change or get lost",
    ),
    ("social_id_length", "digits of a social ID, the check digit included (8 to 32)"),
    ("social_id_restricted", "numbers that no social ID may contain"),
    ("default_country", "two-letter country of phone numbers in national form"),
    ("import_max_bytes", "largest file of an import"),
    ("import_max_columns", "most columns of an imported file"),
    ("import_max_row_bytes", "largest row of an imported file"),
    ("import_chunk_rows", "rows of an import that are worked on in one transaction (1 to 10,000)"),
    ("search_max_page", "largest page of a partner's search"),
    ("search_max_items", "most searches in one message"),
    ("snapshot_minutes", "how long the pages of a search can be read"),
];

impl Config {
    /// Checks what types cannot.
    ///
    /// # Errors
    /// A sentence that names the wrong key.
    pub fn validate(&self) -> Result<(), String> {
        let within = |key: &str, ok: bool, range: &str| {
            if ok { Ok(()) } else { Err(format!("social_registry.{key} must be {range}")) }
        };
        within(
            "pseudonym_secret",
            self.pseudonym_secret.expose().len() >= 32,
            "set to at least 32 random characters (for example from `openssl rand -hex 32`), and stay the same for ever",
        )?;
        within("social_id_length", (8..=MAX_LENGTH).contains(&self.social_id_length), "from 8 to 32")?;
        let country =
            self.default_country.len() == 2 && self.default_country.bytes().all(|b| b.is_ascii_uppercase());
        within("default_country", country, "a country code of two capital letters")?;
        within("import_max_bytes", self.import_max_bytes > 0, "at least 1")?;
        within("import_max_columns", (1..=1_600).contains(&self.import_max_columns), "from 1 to 1,600")?;
        let row_bytes = (1_024..=16 * 1024 * 1024).contains(&self.import_max_row_bytes);
        within("import_max_row_bytes", row_bytes, "from 1,024 to 16,777,216")?;
        within("import_chunk_rows", (1..=10_000).contains(&self.import_chunk_rows), "from 1 to 10,000")?;
        within("search_max_page", (1..=10_000).contains(&self.search_max_page), "from 1 to 10,000")?;
        within("search_max_items", (1..=1_000).contains(&self.search_max_items), "from 1 to 1,000")?;
        within("snapshot_minutes", (1..=1_440).contains(&self.snapshot_minutes), "from 1 to 1,440")
    }

    /// The rules of social IDs.
    #[must_use]
    pub fn social_id_rules(&self) -> SocialIdRules {
        SocialIdRules {
            length: self.social_id_length,
            restricted_numbers: self.social_id_restricted.clone(),
            ..SocialIdRules::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_secret_must_be_given_and_never_shows() {
        let missing = Config::default().validate();
        assert!(missing.is_err_and(|why| why.contains("pseudonym_secret")));
        let secret = "0123456789abcdef0123456789abcdef";
        let config = Config { pseudonym_secret: Masked::new(secret.to_owned()), ..Config::default() };
        assert_eq!(config.validate(), Ok(()));
        assert!(!format!("{config:?}").contains(secret));
    }

    #[test]
    fn every_key_is_documented() {
        let value = serde_json::to_value(Config::default()).unwrap_or_default();
        let keys: Vec<&String> = value.as_object().map(|o| o.keys().collect()).unwrap_or_default();
        let mut documented: Vec<&str> = DOCS.iter().map(|(key, _)| *key).collect();
        documented.sort_unstable();
        assert_eq!(keys, documented);
    }
}
