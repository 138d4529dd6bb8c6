//! Which lines of a file may be there more than once. Two lines that are alike in every field are two lines, so they are
//! counted; but to count all lines of a file of millions would mean to remember all of them. A first reading marks a place
//! for each line in a small map; only lines whose place was marked twice are counted in the second.

use std::{
    collections::{HashMap, HashSet},
    hash::{DefaultHasher, Hash, Hasher},
};

/// Places for each line that is expected.
const PLACES_A_LINE: usize = 16;
/// Shortest line with what belongs to it, in bytes.
const SHORTEST: usize = 60;

/// What the first reading found.
#[derive(Debug, Clone)]
pub struct Repeats {
    marks: Vec<u64>,
    twice: HashSet<usize>,
}

impl Repeats {
    /// For a file of so many bytes.
    #[must_use]
    pub fn for_bytes(bytes: u64) -> Self {
        let lines = usize::try_from(bytes).unwrap_or(usize::MAX) / SHORTEST;
        let places = lines.saturating_mul(PLACES_A_LINE).clamp(1 << 12, 1 << 28).next_power_of_two();
        Self { marks: vec![0; places / 64], twice: HashSet::new() }
    }

    fn place(&self, text: &str) -> usize {
        let mut hash = DefaultHasher::new();
        text.hash(&mut hash);
        usize::try_from(hash.finish() & 0xffff_ffff).unwrap_or(0) % (self.marks.len() * 64)
    }

    /// Notes a line.
    pub fn note(&mut self, text: &str) {
        let place = self.place(text);
        let Some(marks) = self.marks.get_mut(place / 64) else { return };
        let mark = 1 << (place % 64);
        if *marks & mark != 0 {
            self.twice.insert(place);
        }
        *marks |= mark;
    }

    fn may_repeat(&self, text: &str) -> bool {
        self.twice.contains(&self.place(text))
    }
}

/// Counts lines that are alike, over one statement.
#[derive(Debug)]
pub struct Ordinals<'a> {
    repeats: &'a Repeats,
    counts: HashMap<String, u32>,
}

impl<'a> Ordinals<'a> {
    /// For a statement of the file of which every line was noted.
    #[must_use]
    pub fn new(repeats: &'a Repeats) -> Self {
        Self { repeats, counts: HashMap::new() }
    }

    /// How many lines like this one came before it in the statement.
    pub fn next(&mut self, text: &str) -> u32 {
        if !self.repeats.may_repeat(text) {
            return 0;
        }
        let count = self.counts.entry(text.to_owned()).or_default();
        let before = *count;
        *count = count.saturating_add(1);
        before
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::{Ordinals, Repeats};

    proptest! {
        #[test]
        fn lines_are_counted_as_if_all_were_remembered(
            lines in proptest::collection::vec("[a-c]{0,3}", 0..200), bytes in 0_u64..10_000
        ) {
            let mut repeats = Repeats::for_bytes(bytes);
            lines.iter().for_each(|line| repeats.note(line));
            let mut ordinals = Ordinals::new(&repeats);
            let mut counts: HashMap<&str, u32> = HashMap::new();
            for line in &lines {
                let count = counts.entry(line).or_default();
                prop_assert_eq!(ordinals.next(line), *count);
                *count += 1;
            }
        }
    }

    #[test]
    fn few_of_many_different_lines_are_remembered() {
        let mut repeats = Repeats::for_bytes(10_000_000);
        (0..100_000).for_each(|n| repeats.note(&format!("line {n}")));
        assert!(repeats.twice.len() < 5_000, "{}", repeats.twice.len());
    }
}
