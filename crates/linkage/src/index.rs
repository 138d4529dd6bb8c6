//! One record against a register that is kept in memory and changes record by record.

use std::collections::HashMap;

use crate::block::live::{Ground, LiveBlocks};
use crate::compare::Context;
use crate::encode::{Lexicon, Overlay, Row, Words, encode};
use crate::frequency::Frequencies;
use crate::hash::small;
use crate::judge::{Pair, judge, pair};
use crate::link::Options;
use crate::model::{Compiled, Model};
use crate::record::Record;
use crate::roster::Rosters;
use crate::score::{FieldWeight, explain};

/// A register in memory that answers "who may this be?".
///
/// For a register that holds the same records, the pairs of all its records are exactly those that
/// [`link`](crate::link()) finds, with the same weights.
pub struct Index {
    model: Compiled,
    options: Options,
    lexicon: Lexicon,
    frequencies: Frequencies,
    rows: Vec<Option<Row>>,
    free: Vec<u32>,
    numbers: HashMap<u64, u32>,
    blocks: LiveBlocks,
    rosters: Rosters,
}

impl Index {
    /// An empty index. `options.cluster_at` is not used.
    #[must_use]
    pub fn new(model: &Model, options: Options) -> Self {
        Self {
            model: Compiled::new(model),
            options,
            lexicon: Lexicon::default(),
            frequencies: Frequencies::default(),
            rows: Vec::new(),
            free: Vec::new(),
            numbers: HashMap::new(),
            blocks: LiveBlocks::default(),
            rosters: Rosters::default(),
        }
    }

    /// Number of records held.
    #[must_use]
    pub fn len(&self) -> usize {
        self.numbers.len()
    }

    /// No records are held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.numbers.is_empty()
    }

    /// A record with this id is held.
    #[must_use]
    pub fn contains(&self, id: u64) -> bool {
        self.numbers.contains_key(&id)
    }

    /// Adds a record, in place of the one with the same id if there is one.
    pub fn insert(&mut self, record: &Record) {
        self.remove(record.id);
        let row = encode(record, &self.model, &mut self.lexicon);
        self.frequencies.count(&row, Words::of(&self.lexicon), true);
        let number = self.free.pop().unwrap_or_else(|| {
            self.rows.push(None);
            small(self.rows.len() - 1)
        });
        if let Some(place) = self.rows.get_mut(number as usize) {
            *place = Some(row);
        }
        self.numbers.insert(row.id, number);
        self.rosters.insert(number, &row);
        let ground = ground(&self.rows, &self.lexicon, &self.model);
        self.blocks.insert(number, ground);
    }

    /// Takes a record out; `false` when there was none of this id.
    pub fn remove(&mut self, id: u64) -> bool {
        let Some(number) = self.numbers.remove(&id) else { return false };
        let ground = ground(&self.rows, &self.lexicon, &self.model);
        self.blocks.remove(number, ground);
        if let Some(row) = self.rows.get_mut(number as usize).and_then(Option::take) {
            self.rosters.remove(number, &row);
            self.frequencies.count(&row, Words::of(&self.lexicon), false);
        }
        self.free.push(number);
        true
    }

    /// The records that may be the same person as `record`, most likely first. `record` itself need not be held;
    /// a held record of the same id is left out.
    #[must_use]
    pub fn candidates(&self, record: &Record) -> Vec<Pair> {
        let mut overlay = Overlay::new(&self.lexicon);
        let row = encode(record, &self.model, &mut overlay);
        let words = overlay.words();
        let counted = 1 + u32::from(self.contains(record.id));
        let context = Context { words, frequencies: &self.frequencies, model: &self.model, counted };
        let ground = ground(&self.rows, &self.lexicon, &self.model);
        let numbers = self.blocks.candidates(&row, ground, words);
        let mut out: Vec<Pair> = numbers
            .into_iter()
            .filter_map(|number| self.row(number))
            .filter(|other| other.id != row.id)
            .filter_map(|other| self.compare(&row, other, context))
            .collect();
        out.sort_by(|x, y| y.weight.total_cmp(&x.weight).then((x.left, x.right).cmp(&(y.left, y.right))));
        out
    }

    /// The weights per field of two held records; `None` when one is not held.
    #[must_use]
    pub fn explain(&self, a: u64, b: u64) -> Option<Vec<FieldWeight>> {
        let (evidence, _) = self.judge_always(a, b)?;
        Some(explain(&evidence, self.frequencies.records(), &self.model))
    }

    /// The two held records contradict each other so strongly that no third record may join them.
    #[must_use]
    pub fn conflict(&self, a: u64, b: u64) -> bool {
        self.judge_always(a, b).is_some_and(|(_, score)| score.weight() <= self.model.guard.conflict_bits)
    }

    fn row(&self, number: u32) -> Option<&Row> {
        self.rows.get(number as usize)?.as_ref()
    }

    fn held(&self, id: u64) -> Option<&Row> {
        self.row(*self.numbers.get(&id)?)
    }

    fn judge_always(&self, a: u64, b: u64) -> Option<(crate::compare::Evidence, crate::score::Score)> {
        let words = Words::of(&self.lexicon);
        let context = Context { words, frequencies: &self.frequencies, model: &self.model, counted: 2 };
        let (a, b) = (self.held(a)?, self.held(b)?);
        Some(crate::judge::judge_always(a, b, &self.rosters, |n| self.row(n), context))
    }

    fn compare(&self, row: &Row, other: &Row, context: Context<'_>) -> Option<Pair> {
        let (evidence, score) = judge(row, other, &self.rosters, |n| self.row(n), context)?;
        if score.probability() < self.options.min_probability {
            return None;
        }
        let records = self.frequencies.records();
        let explanation = self.options.explain.then(|| explain(&evidence, records, &self.model));
        Some(pair(row, other, &score, explanation))
    }
}

/// Borrows only what the block trees need, so that they can change meanwhile.
fn ground<'a>(rows: &'a [Option<Row>], lexicon: &'a Lexicon, model: &'a Compiled) -> Ground<'a> {
    Ground { rows, words: Words::of(lexicon), blocking: &model.blocking }
}
