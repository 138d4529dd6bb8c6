//! Settings of the deduplicator.

use serde::{Deserialize, Serialize};

/// Keys of the section `[dedup]`, besides the common ones.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where the social registry answers.
    pub social_registry_url: String,
    /// Largest register that one process compares in memory.
    pub max_records: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self { social_registry_url: "http://127.0.0.1:8001".to_owned(), max_records: 20_000_000 }
    }
}

/// What each key does.
pub const DOCS: &[(&str, &str)] = &[
    ("social_registry_url", "address of the social registry"),
    ("max_records", "largest register that one process compares in memory"),
];

impl Config {
    pub(crate) fn validate(&self) -> Result<(), String> {
        if !self.social_registry_url.starts_with("http") {
            return Err("dedup.social_registry_url must start with http:// or https://".to_owned());
        }
        Ok(())
    }
}
