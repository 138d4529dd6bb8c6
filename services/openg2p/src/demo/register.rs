//! Steps 1 to 3: a population, its registration, and the search for people who are in it twice.

use std::{path::Path, time::Duration};

use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use crate::{
    demo::{
        Demo, checks,
        progress::{Patience, Step, StepResult},
        truth::Truth,
    },
    population,
};

/// Files in the order they are imported: each refers to those before it.
const FILES: &[(&str, &str)] = &[
    ("households", "households.csv"),
    ("individuals", "individuals.csv"),
    ("memberships", "memberships.csv"),
    ("ids", "ids.csv"),
    ("phones", "phones.csv"),
];
/// A pair this probable is accepted without a person looking at it.
const SURE: f64 = 0.99;
/// A comparison loads all records before it tells how far it is: the driver waits so much longer for each.
const COMPARISON_OF_ONE: Duration = Duration::from_millis(20);

#[derive(Deserialize)]
struct Accepted {
    import_id: Uuid,
}

#[derive(Deserialize)]
struct Import {
    state: String,
    #[serde(default)]
    done: u64,
    #[serde(default)]
    total: Option<u64>,
    #[serde(default)]
    rejected: u64,
    #[serde(default)]
    error: Option<String>,
}

#[derive(Deserialize)]
struct RunId {
    run_id: Uuid,
}

#[derive(Deserialize)]
struct Run {
    state: String,
    #[serde(default)]
    comparisons: u64,
    #[serde(default)]
    planned: u64,
    #[serde(default)]
    pairs: u64,
    #[serde(default)]
    error: Option<String>,
}

#[derive(Deserialize)]
struct DedupStats {
    records: u64,
    pending: u64,
}

#[derive(Deserialize)]
struct RegistryStats {
    individuals: u64,
}

#[derive(Deserialize)]
struct PairPage {
    items: Vec<PairItem>,
    next: Option<String>,
}

#[derive(Deserialize)]
struct PairItem {
    pair_id: Uuid,
    left: Side,
    right: Side,
}

#[derive(Deserialize)]
struct Side {
    external_id: Option<String>,
}

/// Writes the population, unless the user brought one.
///
/// # Errors
/// When it cannot be written.
pub fn population(demo: &mut Demo) -> anyhow::Result<StepResult> {
    let mut step = Step::begin("population");
    if demo.state.own_data {
        let said = format!("the files in {} are used", demo.state.population);
        return Ok(step.end(demo.state.persons, &said));
    }
    let dir = std::path::absolute(demo.data_root.join("population"))?;
    let persons = u32::try_from(demo.state.persons)?;
    let summary = population::generate(&dir, persons, demo.state.seed, demo.as_of, &mut |done, total| {
        step.at(done, total);
    })?;
    demo.state.population = dir.display().to_string();
    let rows = summary.rows;
    let all = rows.households + rows.individuals + rows.memberships + rows.ids + rows.phones + rows.accounts;
    Ok(step.end(
        all,
        &format!(
            "{} people, {} entered twice, {} wrong rows",
            summary.persons, summary.duplicates, summary.wrong_rows
        ),
    ))
}

/// Imports every file and waits for the last row.
///
/// # Errors
/// When an import fails as a whole.
pub async fn registration(demo: &mut Demo) -> anyhow::Result<StepResult> {
    let mut step = Step::begin("registration");
    let (mut rows, mut rejected) = (0, 0);
    for (kind, name) in FILES {
        let import_id = match demo.state.imports.get(*kind) {
            Some(id) => *id,
            None => {
                let file = Path::new(&demo.state.population).join(name);
                let accepted: Accepted = demo
                    .client
                    .upload_as("maker", "social-registry", "/api/v1/imports", &file, &[("kind", kind)])
                    .await?;
                demo.state.imports.insert((*kind).to_owned(), accepted.import_id);
                demo.save()?;
                accepted.import_id
            }
        };
        let import = wait_for_import(demo, &mut step, import_id, rows).await?;
        rows += import.done;
        rejected += import.rejected;
    }
    demo.state.rejected_rows = rejected;
    score(demo).await?;
    let stats: RegistryStats = demo.client.get_as("maker", "social-registry", "/api/v1/stats").await?;
    if demo.state.own_data {
        demo.state.persons = stats.individuals;
    }
    Ok(step.end(rows, &format!("{} people registered, {rejected} rows rejected", stats.individuals)))
}

/// Has every household's poverty score computed from its assets.
async fn score(demo: &Demo) -> anyhow::Result<()> {
    #[derive(Deserialize)]
    struct Saved {
        job_id: Uuid,
    }
    #[derive(Deserialize)]
    struct Computation {
        state: String,
        done: u64,
        last_error: Option<String>,
    }
    let definition = population::score_definition();
    let path = "/api/v1/score-definitions";
    let saved: Saved =
        demo.client.post_as("maker", "social-registry", path, &demo.state.key("score"), &definition).await?;
    let mut patience = Patience::new("the poverty scores");
    loop {
        let path = format!("/api/v1/score-definitions/computations/{}", saved.job_id);
        let now: Computation = demo.client.get_as("maker", "social-registry", &path).await?;
        match now.state.as_str() {
            "done" => return Ok(()),
            "dead" => anyhow::bail!("the scores were not computed: {}", now.last_error.unwrap_or_default()),
            _ => patience.pause(now.done).await?,
        }
    }
}

async fn wait_for_import(demo: &Demo, step: &mut Step, id: Uuid, before: u64) -> anyhow::Result<Import> {
    let mut patience = Patience::new("an import");
    loop {
        let import: Import =
            demo.client.get_as("maker", "social-registry", &format!("/api/v1/imports/{id}")).await?;
        step.at(before + import.done, before + import.total.unwrap_or(import.done));
        match import.state.as_str() {
            "done" => return Ok(import),
            "failed" => anyhow::bail!("the import failed: {}", import.error.unwrap_or_default()),
            state => patience.pause(format!("{state}, {} rows", import.done)).await?,
        }
    }
}

/// Waits until the deduplicator has everybody, lets it compare, and accepts the sure pairs.
///
/// # Errors
/// When the comparison fails.
pub async fn deduplication(demo: &mut Demo) -> anyhow::Result<StepResult> {
    let mut step = Step::begin("deduplication");
    let people: RegistryStats = demo.client.get_as("maker", "social-registry", "/api/v1/stats").await?;
    let mut patience = Patience::new("the deduplicator to know everybody");
    loop {
        // In the order in which an event travels, so that none is overlooked.
        let announced = checks::waiting(demo, "social-registry", &["outbox"]).await?
            + checks::waiting(demo, "dedup", &["backlog", "parked"]).await?;
        let stats: DedupStats = demo.client.get("dedup", "/api/v1/stats").await?;
        step.at(stats.records, people.individuals);
        if announced == 0 && stats.records >= people.individuals && stats.pending == 0 {
            break;
        }
        patience
            .pause(format!(
                "{} of {} records, {announced} events, {} jobs",
                stats.records, people.individuals, stats.pending
            ))
            .await?;
    }
    let run_id = match demo.state.run_id {
        Some(id) => id,
        None => {
            let run: RunId =
                demo.client.post("dedup", "/api/v1/runs", &json!({"min_probability": 0.5})).await?;
            demo.state.run_id = Some(run.run_id);
            demo.save()?;
            run.run_id
        }
    };
    let mut patience = Patience::new("the comparison").and_for_each(people.individuals, COMPARISON_OF_ONE);
    let run = loop {
        let run: Run = demo.client.get("dedup", &format!("/api/v1/runs/{run_id}")).await?;
        match run.state.as_str() {
            "done" => break run,
            "failed" => anyhow::bail!("the comparison failed: {}", run.error.unwrap_or_default()),
            state => {
                if run.planned > 0 {
                    step.at(run.comparisons, run.planned);
                }
                patience
                    .pause(format!("{state}, {} of {} comparisons", run.comparisons, run.planned))
                    .await?;
            }
        }
    };
    wait_for_queue(demo, run.pairs).await?;
    let accepted = accept_sure_pairs(demo).await?;
    let figures = Truth::read(Path::new(&demo.state.population))?.compare(&accepted);
    if demo.state.own_data {
        let stats: RegistryStats = demo.client.get_as("maker", "social-registry", "/api/v1/stats").await?;
        demo.state.persons = stats.individuals;
    }
    let said = format!("{} candidate pairs, {} accepted, {}", run.pairs, accepted.len(), figures.quality());
    demo.state.duplicates = figures;
    Ok(step.end(people.individuals, &said))
}

/// Waits until the registry's review queue holds every pair of the run.
async fn wait_for_queue(demo: &Demo, pairs: u64) -> anyhow::Result<()> {
    #[derive(Deserialize)]
    struct Stats {
        open_pairs: u64,
        duplicates: u64,
    }
    let mut patience = Patience::new("the review queue to fill");
    loop {
        let announced = checks::waiting(demo, "dedup", &["outbox"]).await?
            + checks::waiting(demo, "social-registry", &["backlog", "parked"]).await?;
        let stats: Stats = demo.client.get_as("maker", "social-registry", "/api/v1/stats").await?;
        // After a resume some are decided already.
        if announced == 0 && (stats.open_pairs >= pairs || stats.duplicates > 0) {
            return Ok(());
        }
        patience.pause(format!("{} of {pairs} pairs, {announced} events", stats.open_pairs)).await?;
    }
}

async fn accept_sure_pairs(demo: &Demo) -> anyhow::Result<Vec<(String, String)>> {
    // The first page again and again: what is decided leaves the queue.
    loop {
        let path = format!("/api/v1/duplicates?state=open&min_probability={SURE}&limit=1000");
        let page: PairPage = demo.client.get_as("maker", "social-registry", &path).await?;
        if page.items.is_empty() {
            break;
        }
        let decisions: Vec<_> = page
            .items
            .iter()
            .map(|p| json!({"pair_id": p.pair_id, "decision": "same", "reason": "accepted by threshold in the demo"}))
            .collect();
        let _: serde_json::Value = demo
            .client
            .post_as(
                "maker",
                "social-registry",
                "/api/v1/duplicates/decisions",
                &Uuid::now_v7().to_string(),
                &json!({"decisions": decisions}),
            )
            .await?;
        if page.next.is_none() {
            break;
        }
    }
    // What an earlier attempt of this step accepted counts too.
    let (mut accepted, mut after) = (Vec::new(), None::<String>);
    loop {
        let cursor = after.as_ref().map(|a| format!("&after={a}")).unwrap_or_default();
        let path = format!("/api/v1/duplicates?state=same&limit=1000{cursor}");
        let page: PairPage = demo.client.get_as("maker", "social-registry", &path).await?;
        accepted.extend(
            page.items
                .into_iter()
                .map(|p| (p.left.external_id.unwrap_or_default(), p.right.external_id.unwrap_or_default())),
        );
        after = page.next;
        if after.is_none() {
            return Ok(accepted);
        }
    }
}
