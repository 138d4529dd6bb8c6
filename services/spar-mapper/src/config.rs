//! Settings of the mapper.

use serde::{Deserialize, Serialize};

/// Keys of the section `[spar_mapper]`, besides the common ones.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Largest number of items of one message.
    pub max_batch: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self { max_batch: 10_000 }
    }
}

/// What each key does.
pub const DOCS: &[(&str, &str)] = &[("max_batch", "largest number of items of one message")];

impl Config {
    pub(crate) fn validate(&self) -> Result<(), String> {
        if self.max_batch == 0 || self.max_batch > 100_000 {
            return Err(format!("spar_mapper.max_batch is {}; it must be 1 to 100000", self.max_batch));
        }
        Ok(())
    }
}
