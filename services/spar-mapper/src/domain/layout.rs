//! How the table of mappings is laid out: whole, or in partitions by the hash of the id.

use std::fmt;

/// Largest number of partitions. Each costs every look-up a little: 64 more than double the cost of finding an id (measured).
pub const MAX_PARTITIONS: u16 = 64;

/// A number of partitions: 2 to [`MAX_PARTITIONS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Partitions(u16);

impl Partitions {
    /// The number.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }
}

/// The layout that somebody asks for or that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// One table.
    Flat,
    /// Partitions by the hash of the id.
    Hashed(Partitions),
}

impl Layout {
    /// What `--partitions N` asks for: 0 is one table.
    ///
    /// # Errors
    /// A sentence that says which numbers there are.
    pub fn wanted(partitions: u16) -> Result<Self, String> {
        match partitions {
            0 => Ok(Self::Flat),
            1 => Err("--partitions 1 would have the costs of partitions and nothing of their use: give 0 for one table, \
                      or 2 and more"
                .to_owned()),
            2..=MAX_PARTITIONS => Ok(Self::Hashed(Partitions(partitions))),
            more => Err(format!("--partitions is {more}; it must be 2 to {MAX_PARTITIONS}, or 0 for one table")),
        }
    }

    /// The number of partitions, 0 for one table.
    #[must_use]
    pub const fn partitions(self) -> u16 {
        match self {
            Self::Flat => 0,
            Self::Hashed(partitions) => partitions.get(),
        }
    }
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flat => f.write_str("one table"),
            Self::Hashed(partitions) => write!(f, "{} partitions", partitions.get()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Layout, MAX_PARTITIONS};

    #[test]
    fn numbers_are_taken_that_make_sense_and_the_others_are_explained() {
        assert_eq!(Layout::wanted(0), Ok(Layout::Flat));
        for n in [2, 16, MAX_PARTITIONS] {
            assert_eq!(Layout::wanted(n).map(Layout::partitions), Ok(n));
        }
        for n in [1, MAX_PARTITIONS + 1, u16::MAX] {
            let why = Layout::wanted(n).err().unwrap_or_default();
            assert!(why.contains(&format!("--partitions {n}")) || why.contains(&format!("is {n};")), "{why}");
            assert!(why.contains('0'), "what else can be given: {why}");
        }
    }
}
