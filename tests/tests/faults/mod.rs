//! The fault run: seeds, their results in a file, and what a run must have shown.

mod clients;
mod courier;
mod lane;
mod mapper;
mod plan;
mod seed;

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Write,
    path::PathBuf,
    sync::Arc,
};

use futures_util::{StreamExt, stream};
use testkit::Rabbit;
use tokio::sync::Mutex;

use lane::Lane;
pub use plan::{Kind, Plan};
pub use seed::Outcome;

/// What to run.
pub struct Options {
    pub seeds: Vec<u64>,
    /// Results are appended here, and seeds that are in it are not run again.
    pub results: Option<PathBuf>,
    /// Logs of seeds that went wrong.
    pub folder: PathBuf,
    /// Seeds side by side.
    pub lanes: usize,
}

/// Runs the seeds that have no result yet and returns the results of all.
pub async fn run(options: Options) -> Vec<Outcome> {
    let mut outcomes: BTreeMap<u64, Outcome> = BTreeMap::new();
    for line in options
        .results
        .iter()
        .filter_map(|file| std::fs::read_to_string(file).ok())
        .flat_map(|t| t.lines().map(str::to_owned).collect::<Vec<_>>())
    {
        let outcome: Outcome = serde_json::from_str(&line).expect("a line of the results");
        outcomes.insert(outcome.seed, outcome);
    }
    let open: Vec<u64> = options.seeds.iter().copied().filter(|seed| !outcomes.contains_key(seed)).collect();
    if !open.is_empty() {
        for outcome in fresh(&options, open).await {
            outcomes.insert(outcome.seed, outcome);
        }
    }
    let wanted: BTreeSet<u64> = options.seeds.into_iter().collect();
    outcomes.into_values().filter(|outcome| wanted.contains(&outcome.seed)).collect()
}

async fn fresh(options: &Options, open: Vec<u64>) -> Vec<Outcome> {
    platform::init_crypto();
    std::fs::create_dir_all(&options.folder).unwrap();
    let broker = tokio::task::spawn_blocking(Rabbit::start_private).await.unwrap();
    let url = broker.url();
    let mut lanes = Vec::new();
    for _ in 0..options.lanes.min(open.len()) {
        let lane = Lane::new(url.clone()).await;
        lane.make_queues(&broker).await;
        lanes.push(Arc::new(lane));
    }
    let broker = Arc::new(Mutex::new(broker));
    let free = Arc::new(Mutex::new(lanes));
    let one = |seed: u64| {
        let (free, broker) = (Arc::clone(&free), Arc::clone(&broker));
        async move {
            let lane = free.lock().await.pop().expect("a lane for each seed that runs");
            let plan = Plan::draw(seed);
            let (kinds, folder, on) = (plan.kinds.clone(), options.folder.clone(), Arc::clone(&lane));
            let whole = async move { seed::World::start(plan, on, broker, &folder).await.run().await };
            let outcome = tokio::spawn(whole).await.unwrap_or_else(|why| Outcome {
                seed,
                kinds,
                kills: 0,
                kills_in_flight: 0,
                violations: vec![format!("the seed did not come to its end: {why}")],
                seconds: 0.0,
            });
            free.lock().await.push(lane);
            tell(options, &outcome);
            outcome
        }
    };
    let outcomes = stream::iter(open).map(one).buffer_unordered(options.lanes).collect().await;
    let broker = Arc::try_unwrap(broker).ok().map(Mutex::into_inner);
    tokio::task::spawn_blocking(move || drop(broker)).await.unwrap();
    outcomes
}

fn tell(options: &Options, outcome: &Outcome) {
    let kinds: Vec<String> = outcome.kinds.iter().map(|k| k.name()).collect();
    println!(
        "seed {}: {} violations, {} of {} kills found an attempt in flight, {:.1} s, {}",
        outcome.seed,
        outcome.violations.len(),
        outcome.kills_in_flight,
        outcome.kills,
        outcome.seconds,
        kinds.join(" ")
    );
    for violation in &outcome.violations {
        println!("  {violation}");
    }
    if let Some(file) = &options.results {
        let mut file = std::fs::File::options().create(true).append(true).open(file).unwrap();
        writeln!(file, "{}", serde_json::to_string(outcome).unwrap()).unwrap();
    }
}

/// Prints what a run came to, and fails when it proves too little or too much.
pub fn judge(outcomes: &[Outcome], whole: bool) {
    let mut counts: BTreeMap<Kind, usize> = BTreeMap::new();
    for kind in outcomes.iter().flat_map(|o| &o.kinds) {
        *counts.entry(*kind).or_default() += 1;
    }
    let kills: u32 = outcomes.iter().map(|o| o.kills).sum();
    let found: u32 = outcomes.iter().map(|o| o.kills_in_flight).sum();
    let wrong: Vec<&Outcome> = outcomes.iter().filter(|o| !o.violations.is_empty()).collect();
    println!("{} seeds, {} with violations", outcomes.len(), wrong.len());
    for kind in Kind::ALL {
        println!("  {:<24} {}", kind.name(), counts.get(&kind).unwrap_or(&0));
    }
    println!("{found} of {kills} kills found an attempt in flight");
    for outcome in &wrong {
        println!("seed {}: {}", outcome.seed, outcome.violations.join("\n  "));
    }
    assert!(
        wrong.is_empty(),
        "{} seeds violate an invariant; SEED=<number> make faults runs one again",
        wrong.len()
    );
    if whole {
        let missing: Vec<String> =
            Kind::ALL.into_iter().filter(|k| !counts.contains_key(k)).map(Kind::name).collect();
        assert!(missing.is_empty(), "these faults never occurred: {}", missing.join(", "));
        assert!(found * 4 >= kills * 3, "only {found} of {kills} kills found an attempt in flight");
    }
}
