//! Figures for a generated population: records, comparisons, seconds, precision and recall of pairs, peak memory.
//!
//! `cargo run --release -p linkage --example figures -- DIR [--misses N] [--model FILE]`
//!
//! DIR holds `individuals.csv`, `memberships.csv`, `households.csv`, `ids.csv`, `phones.csv` and `truth.csv`, as
//! `openg2p generate-population` writes them. `--misses` also shows the first N pairs that went wrong, with the weights
//! of their fields.
#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
#![allow(clippy::cast_possible_truncation)]

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;
use std::time::Instant;

use linkage::{Index, Model, Options, Pair, PartialDate, Record, Sex, link};

type Row = HashMap<String, String>;
/// Two record ids with the kinds of errors between them.
type Truth = HashMap<(u64, u64), String>;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let dir = args.first().expect("give the directory with the CSV files");
    let option = |name: &str| args.iter().position(|a| a == name).and_then(|at| args.get(at + 1));
    let misses: usize = option("--misses").and_then(|n| n.parse().ok()).unwrap_or(0);
    let model = option("--model").map_or_else(Model::default_person, |file| {
        Model::from_toml(&std::fs::read_to_string(file).unwrap()).unwrap()
    });

    let (records, truth) = read(Path::new(dir));
    let before = memory("VmRSS:");
    let started = Instant::now();
    let options = Options { min_probability: 0.1, cluster_at: Some(0.99), ..Options::default() };
    let found = link(&records, &model, &options, &|_, _| {});
    let seconds = started.elapsed().as_secs_f64();

    println!("records      {}", records.len());
    println!("comparisons  {}", found.comparisons_made);
    println!("seconds      {seconds:.2}");
    println!("memory       {before} with the records read, {} at the peak", memory("VmHWM:"));
    println!("true pairs   {}", truth.len());
    for threshold in [0.2, 0.5, 0.8, 0.9, 0.95, 0.99, 0.999] {
        let (precision, recall) = quality(&found.pairs, &truth, threshold);
        println!("p >= {threshold:<6} precision {precision:.4}  recall {recall:.4}");
    }
    println!(
        "clusters     {} (links refused: {})",
        found.clusters.clusters.len(),
        found.clusters.refused.len()
    );
    for rule in &found.rules {
        let name = format!("{:?}", rule.name);
        println!(
            "rule {name:<32} comparisons {:>9}  pairs {:>6}  largest block {:>6}  divided {}",
            rule.comparisons, rule.pairs, rule.largest, rule.oversized
        );
    }
    by_kind(&found.pairs, &truth);
    if misses > 0 {
        show_misses(&records, &found.pairs, &truth, &model, misses);
    }
}

fn quality(pairs: &[Pair], truth: &Truth, threshold: f64) -> (f64, f64) {
    let sure: Vec<_> = pairs.iter().filter(|p| p.probability >= threshold).collect();
    let right = sure.iter().filter(|p| truth.contains_key(&(p.left, p.right))).count() as f64;
    (right / sure.len().max(1) as f64, right / truth.len().max(1) as f64)
}

/// Recall at 0.99 per kind of error.
fn by_kind(pairs: &[Pair], truth: &Truth) {
    let sure: HashSet<(u64, u64)> =
        pairs.iter().filter(|p| p.probability >= 0.99).map(|p| (p.left, p.right)).collect();
    let mut kinds: BTreeMap<&str, (u32, u32)> = BTreeMap::new();
    for (pair, errors) in truth {
        for kind in errors.split(';') {
            let count = kinds.entry(kind).or_default();
            count.0 += u32::from(sure.contains(pair));
            count.1 += 1;
        }
    }
    for (kind, (right, all)) in kinds {
        println!("error {kind:<24} found {right:>5} of {all:>5}  {:.3}", f64::from(right) / f64::from(all));
    }
}

/// Only for generated people: prints names.
fn show_misses(records: &[Record], pairs: &[Pair], truth: &Truth, model: &Model, misses: usize) {
    let mut index = Index::new(model, Options::default());
    records.iter().for_each(|r| index.insert(r));
    let by_id: HashMap<u64, &Record> = records.iter().map(|r| (r.id, r)).collect();
    let known: HashMap<(u64, u64), f64> = pairs.iter().map(|p| ((p.left, p.right), p.probability)).collect();
    let probability = |pair: &(u64, u64)| known.get(pair).copied();
    let mut wrong: Vec<(u64, u64)> =
        truth.keys().filter(|p| probability(p).is_none_or(|p| p < 0.99)).copied().collect();
    wrong.sort_unstable();
    wrong.truncate(misses);
    let false_pairs =
        pairs.iter().filter(|p| p.probability >= 0.9 && !truth.contains_key(&(p.left, p.right)));
    wrong.extend(false_pairs.map(|p| (p.left, p.right)));
    for pair in wrong {
        let kind = truth.get(&pair).map_or("FALSE", String::as_str);
        println!("\n{kind}  p = {:?}", probability(&pair));
        for id in [pair.0, pair.1] {
            println!("   {}", shown(by_id[&id]));
        }
        let weights = index.explain(pair.0, pair.1).unwrap_or_default();
        let weights: Vec<String> =
            weights.iter().map(|w| format!("{}:{} {:+.1}", w.field, w.level, w.weight)).collect();
        println!("   {}", weights.join("  "));
    }
}

fn shown(r: &Record) -> String {
    let text = |t: &Option<String>| t.clone().unwrap_or_default();
    format!(
        "{} | {} | {} | {} | {:?} | {} | {:?} | {:?} | {} | {}",
        text(&r.given_name),
        text(&r.other_names),
        text(&r.family_name),
        r.birth_date.map(|d| d.to_string()).unwrap_or_default(),
        r.sex,
        text(&r.household),
        r.phones,
        r.ids,
        text(&r.address),
        text(&r.district)
    )
}

/// Calls `each` with every row that can be read, one at a time.
fn rows(dir: &Path, file: &str, mut each: impl FnMut(Row)) {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_path(dir.join(file)).unwrap();
    let header = reader.headers().unwrap().clone();
    for line in reader.records().filter_map(Result::ok) {
        each(header.iter().zip(&line).map(|(h, v)| (h.into(), v.into())).collect());
    }
}

/// A register refuses rows without a name or a known sex, or with a date far in the future.
fn acceptable(row: &Row) -> bool {
    let text = |name: &str| row.get(name).map_or("", String::as_str);
    let named = ["given_name", "family_name", "additional_name"].iter().any(|n| !text(n).is_empty());
    let plausible = |date: &str| date.is_empty() || (date.len() == 10 && date < "2030");
    named
        && Sex::parse(text("gender")).is_some()
        && plausible(text("birth_date"))
        && plausible(text("registration_date"))
}

/// Records numbered by the order of the individuals file; rows without or with a known external id are left out.
fn read(dir: &Path) -> (Vec<Record>, Truth) {
    let filled = |row: &Row, name: &str| row.get(name).filter(|v| !v.trim().is_empty()).cloned();
    let mut numbers: HashMap<String, u64> = HashMap::new();
    let mut records: Vec<Record> = Vec::new();
    rows(dir, "individuals.csv", |row| {
        let id = records.len() as u64;
        let known = filled(&row, "external_id").filter(|e| acceptable(&row) && !numbers.contains_key(e));
        let Some(external) = known else { return };
        numbers.insert(external, id);
        records.push(Record {
            id,
            given_name: filled(&row, "given_name"),
            family_name: filled(&row, "family_name"),
            other_names: filled(&row, "additional_name"),
            sex: filled(&row, "gender").and_then(|s| Sex::parse(&s)),
            birth_date: filled(&row, "birth_date").and_then(|d| PartialDate::parse(&d)),
            birth_place: filled(&row, "birth_place"),
            ..Record::default()
        });
    });
    let mut homes: HashMap<String, [Option<String>; 3]> = HashMap::new();
    rows(dir, "households.csv", |row| {
        let places = ["address", "village", "district"].map(|column| filled(&row, column));
        homes.insert(row["external_id"].clone(), places);
    });
    let place =
        |row: &Row| row.get("individual_external_id").and_then(|e| numbers.get(e)).map(|n| *n as usize);
    rows(dir, "memberships.csv", |row| {
        let Some(record) = place(&row).and_then(|at| records.get_mut(at)) else { return };
        record.household = filled(&row, "household_external_id");
        if let Some([address, village, district]) =
            record.household.as_ref().and_then(|h| homes.get(h)).cloned()
        {
            (record.address, record.village, record.district) = (address, village, district);
        }
    });
    rows(dir, "ids.csv", |row| {
        if let (Some(at), Some(value)) = (place(&row), filled(&row, "value")) {
            records[at].ids.push(format!("{}:{value}", row["id_type"]));
        }
    });
    rows(dir, "phones.csv", |row| {
        if let (Some(at), Some(phone)) = (place(&row), filled(&row, "phone")) {
            records[at].phones.push(phone);
        }
    });
    let mut truth = Truth::new();
    rows(dir, "truth.csv", |row| {
        if let (Some(a), Some(b)) = (numbers.get(&row["external_id_a"]), numbers.get(&row["external_id_b"])) {
            truth.insert((*a.min(b), *a.max(b)), row["error_kinds"].clone());
        }
    });
    (records, truth)
}

/// Memory of this process, where the system tells (`VmRSS:` now, `VmHWM:` at the peak).
fn memory(what: &str) -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix(what));
    line.map_or_else(|| "unknown".to_owned(), |l| l.trim().to_owned())
}
