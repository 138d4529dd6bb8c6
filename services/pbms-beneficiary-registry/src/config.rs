//! Settings of this service.

use platform::Masked;
use serde::{Deserialize, Serialize};

/// Keys of the section `[pbms_beneficiary_registry]`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Base URL of the registry to pull from.
    pub social_registry_url: String,
    /// Base URL of the bridge that pays.
    pub bridge_url: String,
    /// Secret of the identifier hashes.
    pub id_hash_secret: Masked<String>,
    /// Households asked for in one page.
    pub pull_page_size: u32,
    /// Disbursements sent in one message.
    pub disbursement_batch_size: u32,
    /// Households that one statement decides on.
    pub chunk_size: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            social_registry_url: "http://127.0.0.1:8001".to_owned(),
            bridge_url: "http://127.0.0.1:8005".to_owned(),
            id_hash_secret: Masked::default(),
            pull_page_size: 1_000,
            disbursement_batch_size: 1_000,
            chunk_size: 20_000,
        }
    }
}

/// One line for each key.
pub const DOCS: &[(&str, &str)] = &[
    ("social_registry_url", "base URL of the social registry that programmes pull from"),
    ("bridge_url", "base URL of the G2P bridge that pays"),
    (
        "id_hash_secret",
        "secret of at least 32 characters; identifiers are stored as hashes under it. Changing it makes people \
         unfindable by their documents until they are pulled again",
    ),
    ("pull_page_size", "households asked for in one page of a pull, at most 1000"),
    ("disbursement_batch_size", "disbursements sent to the bridge in one message, at most 1000"),
    ("chunk_size", "households that one statement decides on or computes for"),
];

impl Config {
    /// # Errors
    /// Names the wrong key.
    pub fn validate(&self) -> Result<(), String> {
        for (key, url) in
            [("social_registry_url", &self.social_registry_url), ("bridge_url", &self.bridge_url)]
        {
            if !(url.starts_with("http://") || url.starts_with("https://")) {
                return Err(format!("{key} must be a URL that starts with http:// or https://"));
            }
        }
        if self.id_hash_secret.expose().chars().count() < 32 {
            return Err("id_hash_secret must have at least 32 characters".to_owned());
        }
        for (key, value) in [
            ("pull_page_size", self.pull_page_size),
            ("disbursement_batch_size", self.disbursement_batch_size),
        ] {
            if !(1..=1_000).contains(&value) {
                return Err(format!("{key} must be 1 to 1000"));
            }
        }
        if !(1..=1_000_000).contains(&self.chunk_size) {
            return Err("chunk_size must be 1 to 1000000".to_owned());
        }
        Ok(())
    }
}
