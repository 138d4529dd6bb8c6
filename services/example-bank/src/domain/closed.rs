//! Which payees' accounts are closed: decided by a seed, so that every run of a test meets the same ones.

use g2p_crypto::KeyedHash;

/// Picks so many of 100 account numbers.
#[derive(Clone)]
pub struct ClosedAccounts {
    hash: KeyedHash,
    percent: u64,
}

impl std::fmt::Debug for ClosedAccounts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClosedAccounts").field("percent", &self.percent).finish_non_exhaustive()
    }
}

impl ClosedAccounts {
    /// `percent` of all numbers; another seed gives others.
    #[must_use]
    pub fn new(seed: u64, percent: u8) -> Self {
        let hash = KeyedHash::new(&seed.to_be_bytes(), "example-bank/closed-accounts");
        Self { hash, percent: u64::from(percent) }
    }

    /// Whether the account with this number is closed.
    #[must_use]
    pub fn contains(&self, account_number: &str) -> bool {
        if self.percent == 0 {
            return false;
        }
        let hash = self.hash.hash_bytes(account_number.as_bytes());
        let number = hash.first_chunk::<8>().map_or(0, |bytes| u64::from_be_bytes(*bytes));
        number % 100 < self.percent
    }
}

#[cfg(test)]
mod tests {
    use super::ClosedAccounts;

    fn count(seed: u64, percent: u8) -> usize {
        let closed = ClosedAccounts::new(seed, percent);
        (0..10_000).filter(|n| closed.contains(&format!("{n:010}"))).count()
    }

    #[test]
    fn about_the_wanted_part_is_closed_and_the_seed_decides_which() {
        assert!((150..=250).contains(&count(7, 2)), "{}", count(7, 2));
        assert_eq!((count(7, 0), count(7, 100)), (0, 10_000));
        let (a, b) = (ClosedAccounts::new(1, 2), ClosedAccounts::new(2, 2));
        let numbers: Vec<String> = (0..1_000).map(|n| format!("{n:010}")).collect();
        assert!(numbers.iter().any(|n| a.contains(n) != b.contains(n)));
    }
}
