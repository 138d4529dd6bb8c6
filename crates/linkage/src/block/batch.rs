//! Blocks of a whole register at once, by sorting.

use rayon::prelude::*;

use super::{Keys, divided, keys};
use crate::encode::{Row, Words};
use crate::hash::{KeyMap, extend, small};
use crate::model::{Blocking, BlockingRule, KeyPart};

/// Rows that are compared with each other.
#[derive(Clone, Copy)]
pub(crate) struct Block {
    start: u32,
    len: u32,
    /// Only neighbours are compared.
    windowed: bool,
}

/// All blocks of one rule.
#[derive(Default)]
pub(crate) struct RuleBlocks {
    rows: Vec<u32>,
    pub(crate) blocks: Vec<Block>,
    /// Place of a row within a windowed block, by (block, row).
    places: KeyMap<u32>,
    /// Records in the largest block before it was divided.
    pub(crate) largest: u32,
    /// Blocks that were too large.
    pub(crate) oversized: u32,
}

impl RuleBlocks {
    pub(crate) fn rows(&self, block: Block) -> &[u32] {
        let start = block.start as usize;
        self.rows.get(start..start + block.len as usize).unwrap_or_default()
    }

    /// Comparisons a block asks for.
    pub(crate) fn cost(block: Block, window: usize) -> u64 {
        let n = u64::from(block.len);
        let all = n * n.saturating_sub(1) / 2;
        if block.windowed { all.min(n * window as u64) } else { all }
    }

    /// Partners of the row at `at`: all after it, or the window after it.
    pub(crate) fn partners(rows: &[u32], at: usize, block: Block, window: usize) -> &[u32] {
        let end = if block.windowed { (at + 1 + window).min(rows.len()) } else { rows.len() };
        rows.get(at + 1..end).unwrap_or_default()
    }
}

/// The blocks of every rule, and for each row which blocks it lies in.
pub(crate) struct Blocks {
    pub(crate) rules: Vec<RuleBlocks>,
    /// Per row and rule one place (more for rules that give several keys): number of the block plus one, 0 for none.
    membership: Vec<u32>,
    /// First place and number of places of each rule.
    slots: Vec<(usize, usize)>,
    width: usize,
    window: u32,
}

impl Blocks {
    pub(crate) fn build(rows: &[Row], words: Words<'_>, blocking: &Blocking) -> Self {
        let rules: Vec<RuleBlocks> =
            blocking.rules.par_iter().map(|rule| divide(rows, words, rule, blocking)).collect();
        let mut slots = Vec::with_capacity(rules.len());
        let mut width = 0;
        for rule in &blocking.rules {
            let count =
                if rule.key.iter().any(|p| matches!(p, KeyPart::Phone | KeyPart::Identity)) { 3 } else { 1 };
            slots.push((width, count));
            width += count;
        }
        let mut membership = vec![0_u32; rows.len() * width];
        for (rule, (first, count)) in rules.iter().zip(&slots) {
            for (index, block) in rule.blocks.iter().enumerate() {
                for row in rule.rows(*block) {
                    let from = *row as usize * width + first;
                    let slots = membership.get_mut(from..from + count).unwrap_or_default();
                    if let Some(free) = slots.iter_mut().find(|s| **s == 0) {
                        *free = small(index + 1);
                    }
                }
            }
        }
        Self { rules, membership, slots, width, window: small(blocking.window) }
    }

    /// Whether rule number `rule` brings the two rows together.
    pub(crate) fn joins(&self, rule: usize, a: u32, b: u32) -> bool {
        let Some((first, count)) = self.slots.get(rule).copied() else { return false };
        let slots = |row: u32| {
            let from = row as usize * self.width + first;
            self.membership.get(from..from + count).unwrap_or_default()
        };
        let (x, y) = (slots(a), slots(b));
        x.iter().filter(|s| **s != 0 && y.contains(s)).any(|s| self.meet(rule, s - 1, a, b))
    }

    fn meet(&self, rule: usize, index: u32, a: u32, b: u32) -> bool {
        let Some(blocks) = self.rules.get(rule) else { return false };
        match blocks.blocks.get(index as usize) {
            Some(block) if block.windowed => {
                let place = |row: u32| blocks.places.get(&extend(u64::from(index), u64::from(row)));
                matches!((place(a), place(b)), (Some(x), Some(y)) if x.abs_diff(*y) <= self.window)
            }
            found => found.is_some(),
        }
    }
}

fn divide(rows: &[Row], words: Words<'_>, rule: &BlockingRule, blocking: &Blocking) -> RuleBlocks {
    let mut entries: Vec<(u64, u32)> = Vec::with_capacity(rows.len());
    for (number, row) in rows.iter().enumerate() {
        let found: Keys = keys(row, rule, words);
        entries.extend(found.into_iter().filter(|k| *k != 0).map(|k| (k, small(number))));
    }
    entries.sort_unstable();
    let mut out = RuleBlocks::default();
    let divider = Divider { rows, words, rule, blocking };
    for group in entries.chunk_by_mut(|x, y| x.0 == y.0) {
        out.largest = out.largest.max(small(group.len()));
        out.oversized += u32::from(group.len() > blocking.largest_block);
        divider.place(group, 0, &mut out);
    }
    out.rows.shrink_to_fit();
    out
}

struct Divider<'a> {
    rows: &'a [Row],
    words: Words<'a>,
    rule: &'a BlockingRule,
    blocking: &'a Blocking,
}

impl Divider<'_> {
    /// Puts a group down as a block, dividing it first while it is too large.
    fn place(&self, group: &mut [(u64, u32)], depth: usize, out: &mut RuleBlocks) {
        if group.len() < 2 {
            return;
        }
        if group.len() <= self.blocking.largest_block {
            out.push(group.iter().map(|(_, row)| *row), false);
            return;
        }
        let Some(part) = self.rule.divide_by.get(depth) else {
            let order = |row: u32| self.rows.get(row as usize).map(|r| (r.order, r.id));
            group.sort_unstable_by_key(|(_, row)| order(*row));
            out.push(group.iter().map(|(_, row)| *row), true);
            return;
        };
        for (key, row) in group.iter_mut() {
            if let Some(found) = self.rows.get(*row as usize) {
                *key = divided(found, *key, *part, self.words);
            }
        }
        group.sort_unstable();
        for smaller in group.chunk_by_mut(|x, y| x.0 == y.0) {
            self.place(smaller, depth + 1, out);
        }
    }
}

impl RuleBlocks {
    fn push(&mut self, rows: impl Iterator<Item = u32>, windowed: bool) {
        let start = small(self.rows.len());
        self.rows.extend(rows);
        let len = small(self.rows.len()) - start;
        if windowed {
            let index = self.blocks.len() as u64;
            for (place, row) in self.rows.iter().skip(start as usize).enumerate() {
                self.places.insert(extend(index, u64::from(*row)), small(place));
            }
        }
        self.blocks.push(Block { start, len, windowed });
    }
}
