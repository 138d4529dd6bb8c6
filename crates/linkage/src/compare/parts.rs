//! The name fields of a row, taken apart for comparison.

use std::ops::Deref;

use super::names::{Likeness, likeness};
use crate::encode::{Row, WordId, Words};

/// A few words without empty places, on the stack.
#[derive(Clone, Copy, Default)]
pub(super) struct List {
    items: [WordId; 4],
    len: usize,
}

impl List {
    fn of(tokens: &[WordId]) -> Self {
        let mut list = Self::default();
        tokens.iter().filter(|t| **t != 0).for_each(|t| list.push(*t));
        list
    }

    fn push(&mut self, token: WordId) {
        if let Some(place) = self.items.get_mut(self.len) {
            *place = token;
            self.len += 1;
        }
    }
}

impl Deref for List {
    type Target = [WordId];
    fn deref(&self) -> &[WordId] {
        self.items.get(..self.len).unwrap_or_default()
    }
}

/// The name fields of one row.
#[derive(Clone, Copy)]
pub(super) struct Parts {
    pub(super) given: List,
    pub(super) family: List,
    pub(super) other: List,
}

impl Parts {
    pub(super) fn of(row: &Row) -> Self {
        let (family, other) = (List::of(&row.family), List::of(&row.other));
        // Registers without family names keep the father's name among the further names.
        let (family, other) = if family.is_empty() { (other, family) } else { (family, other) };
        Self { given: List::of(&row.given), family, other }
    }

    /// All in one field on this side only: what lies on the other's family name is the family name.
    pub(super) fn split_by(&self, other: &Self, words: Words<'_>) -> Self {
        let mut parts = *self;
        if !self.family.is_empty() || other.family.is_empty() || self.given.len() < 2 {
            return parts;
        }
        let (mut given, mut family) = (List::default(), List::default());
        for token in self.given.iter() {
            let is_family = other.family.iter().any(|f| likeness(*token, *f, words) <= Likeness::Variant);
            if is_family { family.push(*token) } else { given.push(*token) }
        }
        if !given.is_empty() {
            (parts.given, parts.family) = (given, family);
        }
        parts
    }
}
