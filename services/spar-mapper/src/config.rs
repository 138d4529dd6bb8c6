//! Settings of the mapper.

use serde::{Deserialize, Serialize};

/// Keys of the section `[spar_mapper]`, besides the common ones.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Largest number of items of one message.
    pub max_batch: usize,
    /// Days that asynchronous messages and their answers are kept.
    pub transaction_days: u16,
    /// Whether callbacks may go to this machine. For tests.
    pub callback_loopback: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self { max_batch: 10_000, transaction_days: 7, callback_loopback: false }
    }
}

/// What each key does.
pub const DOCS: &[(&str, &str)] = &[
    ("max_batch", "largest number of items of one message"),
    ("transaction_days", "days that asynchronous messages and their answers are kept"),
    ("callback_loopback", "whether callbacks may go to this machine; for tests"),
];

impl Config {
    pub(crate) fn validate(&self) -> Result<(), String> {
        if self.max_batch == 0 || self.max_batch > 100_000 {
            return Err(format!("spar_mapper.max_batch is {}; it must be 1 to 100000", self.max_batch));
        }
        Ok(())
    }
}
