//! Record linkage for registers of people: find the records that are one person entered twice.
//!
//! The steps, each a module: normalise texts ([`normalise`]), encode records as rows of numbers, bring candidate
//! pairs together in blocks, compare them field by field, score each pair against the rival explanations twin,
//! relative and stranger (`score`), and group the sure pairs into people ([`cluster`]). What the engine believes lies
//! in one readable file, the [`Model`]; the shipped one needs no training.
//!
//! [`link()`] takes a whole register, [`Index`] one record against a register in memory; both use the same scorer and
//! give the same answer. Pure computation: no files, no network, no database.
//!
//! ```
//! use linkage::{Model, Options, PartialDate, Record, link};
//!
//! let person = |id, given: &str, family: &str, birth: &str| Record {
//!     id,
//!     given_name: Some(given.into()),
//!     family_name: Some(family.into()),
//!     birth_date: PartialDate::parse(birth),
//!     phones: vec!["+254 712 345 678".into()],
//!     ..Record::default()
//! };
//! let register = [
//!     person(1, "Mohammed", "Abdi", "1984-05-06"),
//!     person(2, "محمد", "Abdi", "1984-06-05"),
//!     person(3, "Halima", "Abdi", "1990-02-01"),
//! ];
//! let found = link(&register, &Model::default_person(), &Options::default(), &|_, _| {});
//! assert_eq!(found.pairs.len(), 1);
//! assert_eq!((found.pairs[0].left, found.pairs[0].right), (1, 2));
//! ```

mod block;
mod cluster;
mod compare;
mod encode;
mod frequency;
mod hash;
mod index;
mod judge;
mod link;
pub mod model;
pub mod normalise;
mod record;
mod roster;
mod score;
mod similarity;

pub use cluster::{Clusters, cluster, cluster_guarded};
pub use index::Index;
pub use judge::Pair;
pub use link::{LinkOutcome, Options, RuleStats, Skipped, link};
pub use model::{Model, ModelError};
pub use normalise::date::PartialDate;
pub use record::{Record, Sex};
pub use score::FieldWeight;

/// The weights per field of two records on their own, as a waterfall: prior first, then every comparison that both
/// records can answer. They add up to the pair's weight. Without a register every value counts as common as the model
/// starts from; [`Index::explain`] knows the register's own counts.
#[must_use]
pub fn explain(a: &Record, b: &Record, model: &Model) -> Vec<FieldWeight> {
    let model = model::Compiled::new(model);
    let mut lexicon = encode::Lexicon::default();
    let (x, y) = (encode::encode(a, &model, &mut lexicon), encode::encode(b, &model, &mut lexicon));
    let words = encode::Words::of(&lexicon);
    let frequencies = frequency::Frequencies::default();
    let context = compare::Context { words, frequencies: &frequencies, model: &model, counted: 0 };
    let (evidence, _) = judge::judge_always(&x, &y, &roster::Rosters::default(), |_| None, context);
    score::explain(&evidence, 0, &model)
}
