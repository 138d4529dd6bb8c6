//! The same blocks, kept up to date one record at a time: each rule is a tree of blocks that divides where a block
//! grows too large and closes again when it shrinks, so that it always looks as if built at once.

use std::collections::BTreeSet;

use super::{divided, keys};
use crate::encode::{Row, Words};
use crate::hash::KeyMap;
use crate::model::{Blocking, BlockingRule};

/// Place of a row in a windowed block.
type Place = (u64, u64, u32);

enum Node {
    /// All are compared with all.
    Block(Vec<u32>),
    /// Too large: divided by the next part of the rule.
    Divided(usize, KeyMap<Self>),
    /// Too large and nothing left to divide by: neighbours only.
    Window(BTreeSet<Place>),
}

/// Block trees of all rules.
#[derive(Default)]
pub(crate) struct LiveBlocks {
    rules: Vec<KeyMap<Node>>,
}

/// What a tree needs to know to divide a block.
#[derive(Clone, Copy)]
pub(crate) struct Ground<'a> {
    pub(crate) rows: &'a [Option<Row>],
    pub(crate) words: Words<'a>,
    pub(crate) blocking: &'a Blocking,
}

impl Ground<'_> {
    fn row(&self, number: u32) -> Option<&Row> {
        self.rows.get(number as usize)?.as_ref()
    }
}

impl LiveBlocks {
    /// Adds the row with this number, which must lie in `ground.rows`.
    pub(crate) fn insert(&mut self, number: u32, ground: Ground<'_>) {
        let Some(row) = ground.row(number) else { return };
        self.rules.resize_with(ground.blocking.rules.len(), KeyMap::default);
        for (tree, rule) in self.rules.iter_mut().zip(&ground.blocking.rules) {
            for key in keys(row, rule, ground.words).into_iter().filter(|k| *k != 0) {
                let node = tree.entry(key).or_insert_with(|| Node::Block(Vec::new()));
                node.insert((key, 0), number, row, rule, ground);
            }
        }
    }

    /// Takes the row out again; it must still lie in `ground.rows` as it was inserted.
    pub(crate) fn remove(&mut self, number: u32, ground: Ground<'_>) {
        let Some(row) = ground.row(number) else { return };
        for (tree, rule) in self.rules.iter_mut().zip(&ground.blocking.rules) {
            for key in keys(row, rule, ground.words).into_iter().filter(|k| *k != 0) {
                if let Some(node) = tree.get_mut(&key) {
                    node.remove((key, 0), number, row, rule, ground);
                    if node.len() == 0 {
                        tree.remove(&key);
                    }
                }
            }
        }
    }

    /// Numbers of the rows that share a block with `row`, sorted, each once. `row` need not be in the trees.
    pub(crate) fn candidates(&self, row: &Row, ground: Ground<'_>, words: Words<'_>) -> Vec<u32> {
        let mut out = Vec::new();
        for (tree, rule) in self.rules.iter().zip(&ground.blocking.rules) {
            for key in keys(row, rule, words).into_iter().filter(|k| *k != 0) {
                let mut key = key;
                let mut node = tree.get(&key);
                let mut parts = rule.divide_by.iter();
                while let (Some(Node::Divided(_, children)), Some(part)) = (node, parts.next()) {
                    key = divided(row, key, *part, words);
                    node = children.get(&key);
                }
                match node {
                    Some(Node::Block(rows)) => out.extend(rows),
                    Some(Node::Window(places)) => {
                        let window = ground.blocking.window;
                        let (low, high) = ((row.order, row.id, 0), (row.order, row.id, u32::MAX));
                        out.extend(places.range(..low).rev().take(window).map(|p| p.2));
                        out.extend(
                            places
                                .range(low..)
                                .filter(|p| **p > high || p.1 != row.id)
                                .take(window)
                                .map(|p| p.2),
                        );
                    }
                    Some(Node::Divided(..)) | None => {}
                }
            }
        }
        out.sort_unstable();
        out.dedup();
        out
    }
}

impl Node {
    fn len(&self) -> usize {
        match self {
            Self::Block(rows) => rows.len(),
            Self::Divided(count, _) => *count,
            Self::Window(places) => places.len(),
        }
    }

    fn insert(&mut self, at: (u64, usize), number: u32, row: &Row, rule: &BlockingRule, ground: Ground<'_>) {
        let (key, depth) = at;
        match self {
            Self::Block(rows) => {
                rows.push(number);
                if rows.len() > ground.blocking.largest_block {
                    let rows = std::mem::take(rows);
                    *self = Self::large(depth, rule);
                    for number in rows {
                        if let Some(row) = ground.row(number) {
                            self.insert(at, number, row, rule, ground);
                        }
                    }
                }
            }
            Self::Divided(count, children) => {
                *count += 1;
                if let Some(part) = rule.divide_by.get(depth) {
                    let key = divided(row, key, *part, ground.words);
                    let child = children.entry(key).or_insert_with(|| Self::Block(Vec::new()));
                    child.insert((key, depth + 1), number, row, rule, ground);
                }
            }
            Self::Window(places) => {
                places.insert((row.order, row.id, number));
            }
        }
    }

    fn large(depth: usize, rule: &BlockingRule) -> Self {
        if depth < rule.divide_by.len() {
            Self::Divided(0, KeyMap::default())
        } else {
            Self::Window(BTreeSet::new())
        }
    }

    fn remove(&mut self, at: (u64, usize), number: u32, row: &Row, rule: &BlockingRule, ground: Ground<'_>) {
        let (key, depth) = at;
        match self {
            Self::Block(rows) => rows.retain(|r| *r != number),
            Self::Divided(count, children) => {
                *count = count.saturating_sub(1);
                if let Some(part) = rule.divide_by.get(depth) {
                    let key = divided(row, key, *part, ground.words);
                    if let Some(child) = children.get_mut(&key) {
                        child.remove((key, depth + 1), number, row, rule, ground);
                        if child.len() == 0 {
                            children.remove(&key);
                        }
                    }
                }
            }
            Self::Window(places) => {
                places.remove(&(row.order, row.id, number));
            }
        }
        if !matches!(self, Self::Block(_)) && self.len() <= ground.blocking.largest_block {
            let mut rows = Vec::with_capacity(self.len());
            self.gather(&mut rows);
            *self = Self::Block(rows);
        }
    }

    fn gather(&self, out: &mut Vec<u32>) {
        match self {
            Self::Block(rows) => out.extend(rows),
            Self::Divided(_, children) => children.values().for_each(|c| c.gather(out)),
            Self::Window(places) => out.extend(places.iter().map(|p| p.2)),
        }
    }
}
