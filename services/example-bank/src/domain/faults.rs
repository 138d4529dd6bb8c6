//! Faults that tests ask for: the bank acts, and the caller does not learn it.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use crate::Config;

/// What happens to an answer after the bank acted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It arrives.
    None,
    /// The connection breaks off in the middle of it.
    AnswerLost,
    /// The caller gets HTTP 500.
    ErrorAfterAccept,
}

/// Deals out the faults of a configuration.
#[derive(Debug)]
pub struct Faults {
    late: Duration,
    lose: u64,
    error: u64,
    refuse: u64,
    repeat: u64,
    seed: u64,
    calls: AtomicU64,
}

impl Faults {
    /// The faults of this configuration; none by default.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        Self {
            late: Duration::from_millis(config.late_answer_ms),
            lose: u64::from(config.lose_answer_percent),
            error: u64::from(config.error_after_accept_percent),
            refuse: u64::from(config.refuse_percent),
            repeat: u64::from(config.repeat_statement_percent),
            seed: config.fault_seed,
            calls: AtomicU64::new(0),
        }
    }

    /// How late the answer is.
    #[must_use]
    pub fn delay(&self) -> Duration {
        self.late
    }

    /// Whether the payment of this key is refused: the same answer for a key, however often it is asked.
    #[must_use]
    pub fn refuses(&self, key: &str) -> bool {
        self.refuse > 0 && self.roll(key.bytes().fold(1, |n, b| mix(n ^ u64::from(b)))) < self.refuse
    }

    /// Whether the statement of this number is posted twice.
    #[must_use]
    pub fn repeats(&self, statement_id: i64) -> bool {
        self.repeat > 0 && self.roll(statement_id.unsigned_abs().wrapping_mul(3)) < self.repeat
    }

    fn roll(&self, n: u64) -> u64 {
        mix(self.seed.wrapping_add(n)) % 100
    }

    /// What happens to the next answer.
    pub fn next(&self) -> Fault {
        if self.lose + self.error == 0 {
            return Fault::None;
        }
        let roll = self.roll(self.calls.fetch_add(1, Ordering::Relaxed));
        if roll < self.lose {
            Fault::AnswerLost
        } else if roll < self.lose + self.error {
            Fault::ErrorAfterAccept
        } else {
            Fault::None
        }
    }
}

/// One step of splitmix64: neighbouring numbers give unrelated ones.
fn mix(n: u64) -> u64 {
    let n = n.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let n = (n ^ (n >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    n ^ (n >> 31)
}

#[cfg(test)]
mod tests {
    use super::{Fault, Faults};
    use crate::Config;

    #[test]
    fn faults_come_as_often_as_asked_and_not_at_all_by_default() {
        let none = Faults::new(&Config::default());
        assert!((0..1000).all(|_| none.next() == Fault::None));
        assert!((0..1000).all(|n| !none.refuses(&n.to_string()) && !none.repeats(n)));
        let some = Faults::new(&Config {
            lose_answer_percent: 30,
            error_after_accept_percent: 20,
            refuse_percent: 10,
            repeat_statement_percent: 50,
            ..Config::default()
        });
        let dealt: Vec<Fault> = (0..1000).map(|_| some.next()).collect();
        let count = |fault| dealt.iter().filter(|f| **f == fault).count();
        assert!((250..350).contains(&count(Fault::AnswerLost)));
        assert!((150..250).contains(&count(Fault::ErrorAfterAccept)));
        assert!((60..140).contains(&(0..1000).filter(|n| some.refuses(&format!("P{n}"))).count()));
        assert!((400..600).contains(&(0..1000).filter(|n| some.repeats(*n)).count()));
    }
}
