//! Settings of the runtime.

use std::time::Duration;

/// How events are relayed, consumed and cleaned up.
#[derive(Debug, Clone)]
pub struct Options {
    /// How often to look when no notification comes.
    pub poll: Duration,
    /// Messages the relay publishes at a time.
    pub relay_batch: u32,
    /// Messages a consumer takes at a time.
    pub consumer_batch: usize,
    /// How long published outbox rows are kept.
    pub outbox_retention: Duration,
    /// How long the inbox remembers an event: longer than any transport may hold one.
    pub inbox_retention: Duration,
    /// How long dead letters are kept after they were redriven or dropped.
    pub dead_letter_retention: Duration,
    /// How often to clean up.
    pub cleanup_every: Duration,
}

impl Default for Options {
    fn default() -> Self {
        const DAY: u64 = 24 * 3600;
        Self {
            poll: Duration::from_secs(1),
            relay_batch: 500,
            consumer_batch: 32,
            outbox_retention: Duration::from_secs(DAY),
            inbox_retention: Duration::from_secs(30 * DAY),
            dead_letter_retention: Duration::from_secs(90 * DAY),
            cleanup_every: Duration::from_secs(60),
        }
    }
}
