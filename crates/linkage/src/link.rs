//! All against all: every pair of a register that may be one person.

use std::collections::HashMap;

use rayon::prelude::*;
use serde::Serialize;

use crate::block::batch::{Block, Blocks, RuleBlocks};
use crate::cluster::{Clusters, cluster_guarded};
use crate::compare::Context;
use crate::encode::{Lexicon, Row, Words, encode};
use crate::frequency::Frequencies;
use crate::hash::small;
use crate::judge::{Pair, judge, judge_always, pair};
use crate::model::{Compiled, Model};
use crate::record::Record;
use crate::roster::Rosters;
use crate::score::explain;

/// What to report.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Options {
    /// Pairs below this probability are not reported.
    pub min_probability: f64,
    /// Adds the weights per field to each pair.
    pub explain: bool,
    /// Also groups the pairs at or above this probability into clusters.
    pub cluster_at: Option<f64>,
}

impl Default for Options {
    /// Pairs worth a reviewer's look (0.2 and above), no explanations, no clusters.
    fn default() -> Self {
        Self { min_probability: 0.2, explain: false, cluster_at: None }
    }
}

/// How one blocking rule did.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RuleStats {
    /// Name of the rule.
    pub name: String,
    /// Blocks of two or more records.
    pub blocks: usize,
    /// Records in the largest block, before it was divided.
    pub largest: u32,
    /// Blocks that were too large and were divided.
    pub oversized: u32,
    /// Comparisons made because of this rule (a pair counts for the first rule that joins it).
    pub comparisons: u64,
    /// Reported pairs that this rule joins, whichever rule was first: against all, the rule's recall.
    pub pairs: u64,
}

/// A record that was left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Skipped {
    /// Place in the input, from 0.
    pub position: usize,
    /// Its id.
    pub id: u64,
    /// Why.
    pub reason: &'static str,
}

/// The result of [`link`].
#[derive(Clone, Debug, Default, Serialize)]
pub struct LinkOutcome {
    /// Pairs at or above the wanted probability, by (left, right).
    pub pairs: Vec<Pair>,
    /// Comparisons made in all.
    pub comparisons_made: u64,
    /// Per blocking rule, in the order of the model.
    pub rules: Vec<RuleStats>,
    /// Groups of records that are one person, when asked for.
    pub clusters: Clusters,
    /// Records left out (an id that came twice).
    pub skipped: Vec<Skipped>,
}

/// Comparisons handed to a thread at a time, and between two calls of `progress`.
const TASK: u64 = 20_000;
const REPORT_EVERY: usize = 64;

/// Finds the pairs of `records` that may be one person.
///
/// The result does not depend on the order of `records`. `progress` is told (done, total) comparisons, total being an
/// upper bound, from the calling thread. Runs on rayon's current thread pool; memory is a few hundred bytes per record.
#[must_use]
pub fn link(
    records: &[Record],
    model: &Model,
    options: &Options,
    progress: &dyn Fn(u64, u64),
) -> LinkOutcome {
    let model = Compiled::new(model);
    let mut skipped = Vec::new();
    let register = Register::read(records, &model, &mut skipped);
    let words = Words::of(&register.lexicon);
    let blocks = Blocks::build(&register.rows, words, &model.blocking);
    let run = Run { register: &register, blocks: &blocks, model: &model, options };

    let (mut pairs, comparisons) = run.compare_all(progress);
    pairs.par_sort_unstable_by_key(|found| (found.pair.left, found.pair.right));
    // Two records can meet in two parts of one divided block.
    pairs.dedup_by_key(|found| (found.pair.left, found.pair.right));
    let rules = run.stats(&pairs, &comparisons);
    let pairs: Vec<Pair> = pairs.into_iter().map(|found| found.pair).collect();
    let clusters = options.cluster_at.map(|at| run.clusters(&pairs, at)).unwrap_or_default();
    LinkOutcome { pairs, comparisons_made: comparisons.iter().sum(), rules, clusters, skipped }
}

/// A register in memory.
struct Register {
    lexicon: Lexicon,
    frequencies: Frequencies,
    rows: Vec<Row>,
    rosters: Rosters,
}

impl Register {
    fn read(records: &[Record], model: &Compiled, skipped: &mut Vec<Skipped>) -> Self {
        let mut register = Self {
            lexicon: Lexicon::default(),
            frequencies: Frequencies::default(),
            rows: Vec::with_capacity(records.len()),
            rosters: Rosters::default(),
        };
        let mut seen: HashMap<u64, ()> = HashMap::with_capacity(records.len());
        for (position, record) in records.iter().enumerate() {
            if seen.insert(record.id, ()).is_some() {
                skipped.push(Skipped {
                    position,
                    id: record.id,
                    reason: "this id came before: ids must be unique",
                });
                continue;
            }
            let row = encode(record, model, &mut register.lexicon);
            register.frequencies.count(&row, Words::of(&register.lexicon), true);
            register.rosters.insert(small(register.rows.len()), &row);
            register.rows.push(row);
        }
        register
    }
}

/// A pair with the row numbers it came from.
struct Found {
    pair: Pair,
    rows: (u32, u32),
}

/// Pairs of a batch of tasks, and comparisons by rule number.
type BatchResult = (Vec<Found>, Vec<(usize, u64)>);

struct Run<'a> {
    register: &'a Register,
    blocks: &'a Blocks,
    model: &'a Compiled,
    options: &'a Options,
}

/// A stretch of one block: the rows from `from` to `to` with their partners.
struct Task {
    rule: usize,
    block: Block,
    from: usize,
    to: usize,
}

impl Run<'_> {
    fn context(&self) -> Context<'_> {
        Context {
            words: Words::of(&self.register.lexicon),
            frequencies: &self.register.frequencies,
            model: self.model,
            counted: 2,
        }
    }

    fn row(&self, number: u32) -> Option<&Row> {
        self.register.rows.get(number as usize)
    }

    /// Compares every pair that a rule joins, each once; returns them with the comparisons per rule.
    fn compare_all(&self, progress: &dyn Fn(u64, u64)) -> (Vec<Found>, Vec<u64>) {
        let (batches, total) = self.tasks();
        let mut counts = vec![0; self.blocks.rules.len()];
        let mut found = Vec::new();
        let mut done = 0;
        progress(0, total);
        for part in batches.chunks(REPORT_EVERY) {
            let results: Vec<BatchResult> = part.par_iter().map(|batch| self.compare_batch(batch)).collect();
            for (pairs, made) in results {
                found.extend(pairs);
                for (rule, made) in made {
                    if let Some(count) = counts.get_mut(rule) {
                        *count += made;
                    }
                }
            }
            done += part.iter().flatten().map(|task| self.cost(task)).sum::<u64>();
            progress(done.min(total), total);
        }
        (found, counts)
    }

    /// All blocks of all rules, in batches of about [`TASK`] comparisons.
    fn tasks(&self) -> (Vec<Vec<Task>>, u64) {
        let window = self.model.blocking.window;
        let (mut batches, mut batch, mut size, mut total) = (Vec::new(), Vec::new(), 0, 0);
        for (number, rule) in self.blocks.rules.iter().enumerate() {
            for block in &rule.blocks {
                let rows = rule.rows(*block).len();
                let cost = RuleBlocks::cost(*block, window);
                total += cost;
                // A block that is much larger than a task (a window over a whole register) is cut into stretches.
                let stretches = usize::try_from(cost / TASK + 1).unwrap_or(1);
                let step = rows.div_ceil(stretches).max(1);
                for from in (0..rows).step_by(step) {
                    batch.push(Task { rule: number, block: *block, from, to: (from + step).min(rows) });
                    size += cost / stretches as u64 + 1;
                    if size >= TASK {
                        batches.push(std::mem::take(&mut batch));
                        size = 0;
                    }
                }
            }
        }
        batches.push(batch);
        (batches, total)
    }

    fn cost(&self, task: &Task) -> u64 {
        let all = RuleBlocks::cost(task.block, self.model.blocking.window);
        let rows = self.blocks.rules.get(task.rule).map_or(1, |r| r.rows(task.block).len()).max(1) as u64;
        all * (task.to - task.from) as u64 / rows
    }

    fn compare_batch(&self, batch: &[Task]) -> BatchResult {
        let window = self.model.blocking.window;
        let mut found = Vec::new();
        let mut made = Vec::with_capacity(batch.len());
        for task in batch {
            let Some(rule) = self.blocks.rules.get(task.rule) else { continue };
            let rows = rule.rows(task.block);
            let mut count = 0;
            for at in task.from..task.to {
                let Some(a) = rows.get(at).copied() else { break };
                for b in RuleBlocks::partners(rows, at, task.block, window).iter().copied() {
                    if (0..task.rule).any(|earlier| self.blocks.joins(earlier, a, b)) {
                        continue;
                    }
                    count += 1;
                    found.extend(self.compare(a, b));
                }
            }
            made.push((task.rule, count));
        }
        (found, made)
    }

    fn compare(&self, a: u32, b: u32) -> Option<Found> {
        let (x, y) = (self.row(a)?, self.row(b)?);
        let (evidence, score) = judge(x, y, &self.register.rosters, |n| self.row(n), self.context())?;
        if score.probability() < self.options.min_probability {
            return None;
        }
        let records = self.register.frequencies.records();
        let explanation = self.options.explain.then(|| explain(&evidence, records, self.model));
        Some(Found { pair: pair(x, y, &score, explanation), rows: (a, b) })
    }

    fn stats(&self, pairs: &[Found], comparisons: &[u64]) -> Vec<RuleStats> {
        let rules = self.model.blocking.rules.iter().zip(&self.blocks.rules).zip(comparisons).enumerate();
        rules
            .map(|(number, ((rule, blocks), made))| RuleStats {
                name: rule.name.clone(),
                blocks: blocks.blocks.len(),
                largest: blocks.largest,
                oversized: blocks.oversized,
                comparisons: *made,
                pairs: pairs.iter().filter(|f| self.blocks.joins(number, f.rows.0, f.rows.1)).count() as u64,
            })
            .collect()
    }

    fn clusters(&self, pairs: &[Pair], threshold: f64) -> Clusters {
        let wanted = pairs.iter().filter(|p| p.probability >= threshold).flat_map(|p| [p.left, p.right]);
        let mut numbers: HashMap<u64, u32> = wanted.map(|id| (id, 0)).collect();
        for (number, row) in self.register.rows.iter().enumerate() {
            if let Some(place) = numbers.get_mut(&row.id) {
                *place = small(number);
            }
        }
        let guard = self.model.guard;
        let row = |id: u64| numbers.get(&id).and_then(|n| self.row(*n));
        let conflict = |a: u64, b: u64| match (row(a), row(b)) {
            (Some(x), Some(y)) => {
                let (_, score) = judge_always(x, y, &self.register.rosters, |n| self.row(n), self.context());
                score.weight() <= guard.conflict_bits
            }
            _ => false,
        };
        cluster_guarded(pairs, threshold, guard.largest_cluster, &conflict)
    }
}
